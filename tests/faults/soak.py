"""Random faults without end against one watcher: nothing missed, nothing doubled, nothing leaks.

python tests/faults/soak.py [MINUTES]: an hour unless told otherwise. OFFERWATCH_SEED replays a run.
"""

import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from support.dovecot import Dovecot  # noqa: E402  # the checkout's own, found by the line above
from support.faults import Chaos, Plan, Postman, Scene, our_commands  # noqa: E402
from support.smtp import DROP_AFTER, DROP_BEFORE  # noqa: E402

MOST_GROWTH = 20 * 1024 * 1024  # bytes of memory
MOST_FILES = 3  # open files more than at the beginning
TELL_EVERY = 300.0  # seconds
QUIET = 20.0  # seconds before the first measure: what is loaded lazily is loaded by then


def main(minutes: float) -> int:
    """Run for so many minutes; returns 1 where something was missed, doubled or leaked."""
    seed = int(os.environ.get("OFFERWATCH_SEED", time.time_ns() % 10**6))
    say(f"seed {seed}, {minutes:g} min")
    with (
        tempfile.TemporaryDirectory(prefix="soak-") as folder,
        Dovecot(users=["buyer@example.org"], tls=False, connections=20) as server,
        Chaos(server.port) as proxy,
        Postman() as sink,
    ):
        sink.into = lambda raw: server.deliver(raw, "INBOX", server.user)
        # Doubt lasts as long as users have it: a mail on its way may be slower than the next look.
        patience = {"grace": 10.0, "at_most": 120.0}
        plan = Plan(f"{folder}/state", proxy.port, sink.port, server.user, read=2.0, window=5.0, **patience)
        scene = Scene("SOAK", seed, server, plan, sink)
        return 0 if soaked(scene, server, proxy, minutes) else 1


def soaked(scene: Scene, server: Dovecot, proxy: Chaos, minutes: float) -> bool:
    """Throw faults until the time is up, then let all settle, and judge."""
    from test_self import process  # beside this file

    chance = scene.random
    with process(scene) as running:
        for _ in range(5):
            scene.offer()
        scene.wait_for(scene.all_rung, 30)
        time.sleep(QUIET)
        before, began, faults = weight(running.pid), time.monotonic(), 0
        told = 0.0
        while (passed := time.monotonic() - began) < minutes * 60:
            faults += 1
            if passed - told > TELL_EVERY:
                told = passed
                memory, files = weight(running.pid)
                say(f"{passed / 60:.0f} min: {faults} faults, {memory >> 20} MiB, {files} open files")
            a_fault(chance, scene, server, proxy)
            if chance.random() < 0.7:
                scene.offer()
            time.sleep(chance.uniform(0.2, 3.0))
            proxy.heal()
            assert running.poll() is None, "the watcher has died"
        proxy.cut_all()
        scene.sink.script.clear()
        if not scene.wait_for(scene.all_rung, 90, strict=False):
            tell_why(scene)
        scene.wait_for(scene.nothing_waits, 60, strict=False)
        time.sleep(QUIET / 2)
        after, died = weight(running.pid), running.poll() is not None
        say(f"memory {before[0] >> 20} -> {after[0] >> 20} MiB, open files {before[1]} -> {after[1]}")
        tally = scene.verdict()
        asked = time.monotonic()
        running.send_signal(signal.SIGTERM)
        code = running.wait(60)
        ended = time.monotonic() - asked
    say(f"{faults} faults; {tally.injected} offers, {tally.delivered} alerts")
    say(f"missed {tally.missed}, doubled {tally.doubled}; told to stop it ended in {ended:.1f} s")
    say(f"exit {code}")
    say(f"commands of ours: {dict(our_commands(server, scene.plan.user))}")
    return (
        after[0] - before[0] < MOST_GROWTH and after[1] - before[1] <= MOST_FILES and code == 0 and not died
    )


def a_fault(chance: random.Random, scene: Scene, server: Dovecot, proxy: Chaos) -> None:
    """One fault of the line, the server or the sink."""
    kind = chance.choice(("cut", "reset", "hole", "kill", "restart", "smtp", "drop", "freeze", "renumber"))
    if kind in ("cut", "reset", "hole"):
        proxy.suffer(kind, chance.randrange(1, 4000))
        proxy.cut_all()
    elif kind == "kill":
        server.kill_sessions()
    elif kind in ("restart", "renumber"):
        server.stop()
        if kind == "renumber":
            server.renumber()
        scene.offer()
        server.start()
    elif kind == "smtp":
        scene.sink.script.extend(chance.choices(("451 later", "550 no"), k=2))
    elif kind == "drop":
        scene.sink.script.append(chance.choice((DROP_BEFORE, DROP_AFTER)))
    else:
        server.signal_sessions(signal.SIGSTOP)
        time.sleep(chance.uniform(0.1, 3.0))
        server.signal_sessions(signal.SIGCONT)


def tell_why(scene: Scene) -> None:
    """What the watcher's own books say, where something is missing."""
    say(f"folders: {scene.rows('SELECT * FROM looks')}")
    waiting = scene.rows("SELECT * FROM outbox WHERE state != 'sent'")
    say(f"waiting: {waiting}")
    missing = sorted({each.order for each in scene.offers} - scene.rung())
    say(f"missing: {missing}; noticed: {scene.rows('SELECT orders, settled, watched FROM cases')}")


def weight(pid: int) -> tuple[int, int]:
    """Resident bytes and open files of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE"), len(os.listdir(f"/proc/{pid}/fd"))


def say(line: str) -> None:
    """Print one line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 60.0))
