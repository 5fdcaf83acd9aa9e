"""What every fault shares: seeds, scenes on one server, the table at the end, and the protocol log."""

import json
import os
from collections import Counter, defaultdict
from dataclasses import asdict

import pytest

from support import scripted_imap
from support.dovecot import Dovecot
from support.faults import ALLOWED, Plan, Postman, Scene, our_commands, short_pauses
from watcher.clock import utc_now

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
LONG = os.environ.get("OFFERWATCH_FAULTS") == "long"
SEED = os.environ.get("OFFERWATCH_SEED")
BOOK = os.environ.get("OFFERWATCH_BOOK")
SEEDS = int(os.environ.get("OFFERWATCH_SEEDS", "20" if LONG else "1"))
OFFERS = int(os.environ.get("OFFERWATCH_OFFERS", "30" if LONG else "5"))


def all_seeds():
    if not SEED:
        return list(range(1, SEEDS + 1))
    first, _, last = SEED.partition("-")  # "7", or "4-10"
    return list(range(int(first), int(last or first) + 1))


def pytest_generate_tests(metafunc):
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", all_seeds(), ids=[f"seed{seed}" for seed in all_seeds()])


def pytest_collection_modifyitems(items):
    """Seed by seed: however long a run lasts, all faults have had the same number of seeds."""
    items.sort(key=lambda item: item.callspec.params.get("seed", 0) if hasattr(item, "callspec") else 0)


@pytest.fixture(scope="session")
def seeds():
    """Every seed of this run."""
    return all_seeds()


@pytest.fixture(autouse=True)
def received_now(monkeypatch):
    """What a scripted server has was received just now."""
    now = utc_now()
    day = f"{now.day:02d}-{MONTHS[now.month - 1]}-{now.year}"
    monkeypatch.setattr(scripted_imap, "INTERNALDATE", f'"{day} {now:%H:%M:%S} +0000"')


@pytest.fixture(scope="session")
def long_run():
    """Whether this is the long pass."""
    return LONG


@pytest.fixture(scope="session")
def many():
    """How many offers one run puts in."""
    return OFFERS


def assert_only_read(server):
    """The protocol log of a server: not a command of ours in it that could change a thing."""
    for user in server.users:
        ours = our_commands(server, user)
        assert set(ours) <= ALLOWED, f"commands of ours that change things: {set(ours) - ALLOWED}"


@pytest.fixture(scope="session")
def dovecot():
    """One real server for all faults that need not stop it; its protocol log is judged at the end."""
    users = [f"buyer{n}@example.org" for n in range(60 * SEEDS)]
    with Dovecot(users=users, tls=True) as server:
        yield server
        assert_only_read(server)


@pytest.fixture
def own_dovecot():
    """Makes servers of a test's own, to be stopped and damaged; their protocol logs are judged too."""
    servers = []

    def make(**options):
        server = Dovecot(**{"users": ["buyer@example.org"], "tls": False, **options})
        server.start()
        servers.append(server)
        return server

    yield make
    try:
        for server in servers:
            assert_only_read(server)
    finally:
        for server in servers:
            server.__exit__(None, None, None)


@pytest.fixture
def stage(request, tmp_path, dovecot, seed):
    """Makes the scene of a fault; whatever was started is stopped, and what was counted is kept."""
    taken = dovecot.__dict__.setdefault("_users_taken", iter(dovecot.users))
    scenes, sinks = [], []

    def make(server=None, port=None, sink=None, options=None, **plan):
        server = dovecot if server is None else server
        user = next(taken) if server is dovecot else getattr(server, "user", "alice")
        post = sink or Postman()
        post.__enter__()
        sinks.append(post)
        if isinstance(server, Dovecot):
            server.maildir("INBOX", user)
            post.into = lambda raw: server.deliver(raw, "INBOX", user)
        whole = {"state": str(tmp_path / f"state{len(scenes)}"), "user": user, "smtp_port": post.port, **plan}
        fault = request.node.name.split("[")[0].removeprefix("test_").split("_")[0].upper()
        scene = Scene(
            fault, seed, server, Plan(imap_port=port or server.port, **whole), post, dict(options or {})
        )
        scenes.append(scene)
        return scene

    with short_pauses():
        yield make
        for scene in scenes:
            scene.stop()
        for post in sinks:
            post.__exit__(None, None, None)
    for scene in scenes:
        request.node.user_properties += [("fault", asdict(tally)) for tally in scene.tallies]
        request.node.user_properties.append(("commands", dict(commands_of(scene))))


def commands_of(scene):
    """What we told the server of a scene, by its own protocol log: nothing that changes a thing."""
    if isinstance(scene.server, Dovecot):
        ours = our_commands(scene.server, scene.plan.user)
    else:
        said = (command_name(line) for line in scene.server.commands)
        ours = Counter(name for name in said if name not in ("", "SASL"))  # SASL: its own note of a login
    assert set(ours) <= ALLOWED, f"commands of ours that change things: {set(ours) - ALLOWED}"
    return ours


def command_name(line):
    words = line.upper().split()
    return " ".join(words[:2]) if words[:1] == ["UID"] else "".join(words[:1])


@pytest.fixture
def count(request, seed):
    """Counts what a fault without a scene put in and got out."""

    def note(injected, delivered, doubled=0):
        fault = request.node.name.split("[")[0].removeprefix("test_").split("_")[0].upper()
        tally = {"fault": fault, "seed": seed, "injected": injected, "delivered": delivered}
        tally |= {"missed": injected - delivered, "doubled": doubled}
        request.node.user_properties.append(("fault", tally))

    return note


def pytest_runtest_logreport(report):
    """Write every result down at once where a book is named: a run that is broken off was not for nothing."""
    if BOOK and "faults/test_" in report.nodeid and not os.environ.get("PYTEST_XDIST_WORKER"):
        row = {"test": report.nodeid, "when": report.when, "outcome": report.outcome}
        told = report.user_properties if report.when == "teardown" else []
        with open(BOOK, "a") as book:
            book.write(json.dumps({**row, "seconds": round(report.duration, 2), "told": told}) + "\n")


def pytest_terminal_summary(terminalreporter):
    """The table, fault by fault."""
    rows = defaultdict(lambda: defaultdict(int))
    names, commands = {}, Counter()
    for outcome, reports in terminalreporter.stats.items():
        for report in reports:
            if "faults/test_" not in getattr(report, "nodeid", "") or not hasattr(report, "when"):
                continue
            name = report.nodeid.split("::")[1].split("[")[0].removeprefix("test_")
            fault, _, promise = name.partition("_")
            fault = fault.upper()
            names.setdefault(fault, promise.replace("_", " "))
            rows[fault]["runs"] += report.when == "call"
            rows[fault]["red"] += outcome in ("failed", "error")
            if report.when == "teardown":
                for kind, told in report.user_properties:
                    if kind == "commands":
                        commands.update(told)
                    for what in ("injected", "delivered", "missed", "doubled") if kind == "fault" else ():
                        rows[fault][what] += told[what]
    if not rows:
        return
    line = "{:<5}{:>5}{:>9}{:>10}{:>8}{:>9}{:>5}  {}"
    terminalreporter.write_sep("=", "faults")
    heads = ("fault", "runs", "offers", "alerts", "missed", "doubled", "red", "what")
    terminalreporter.write_line(line.format(*heads))
    total = defaultdict(int)
    for fault in sorted(rows):
        row = rows[fault]
        cells = [row[what] for what in ("runs", "injected", "delivered", "missed", "doubled", "red")]
        for what, value in row.items():
            total[what] += value
        terminalreporter.write_line(line.format(fault, *cells, names[fault]))
    cells = [total[what] for what in ("runs", "injected", "delivered", "missed", "doubled", "red")]
    terminalreporter.write_line(line.format("all", *cells, ""))
    listed = ", ".join(f"{name} {count}" for name, count in sorted(commands.items()))
    terminalreporter.write_line(f"commands of ours in every protocol log: {listed}")
