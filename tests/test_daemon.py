"""What the daemon promises: killed anywhere, stopped in time, alive only if it can prove it."""

import http.server
import os
import signal
import socket
import sqlite3
import sys
import threading
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from rules.facts import Kind, Reason
from support.processes import started, stop
from support.waiting import until
from support.watching import (
    FolderMailbox,
    Hands,
    PlainSpeech,
    Recorder,
    a_mail,
    a_notice,
    an_ignored,
    deliveries,
    judge,
    mails_sent,
    open_store,
    post,
    read_facts,
)
from watcher import database, looking, systemd
from watcher.app import App
from watcher.clock import monotonic, utc_now
from watcher.crash import POINTS
from watcher.daemon import AlreadyWatchingError, Daemon, only_one
from watcher.delivery import Delivery
from watcher.emergency import Emergency
from watcher.looking import Looker, Watch, pause_after
from watcher.mailboxes import Looked, MailboxError, Place, Trouble, Unreadable
from watcher.ping import Ping
from watcher.store import FILE_NAME

ROOT = Path(__file__).parents[1]


def offer(n):
    now = utc_now()
    return a_notice(f"offer{n}", sent_at=now, received_at=now, orders=(f"{8 * 10**15 + n}",))


def post_offer(folder, n):
    post(folder / "mail", n, a_mail(offer(n)).raw)


def running(folder, crash_at="", **environment):
    """The daemon as a process; it is killed at the end if it still runs."""
    (folder / "mail").mkdir(exist_ok=True)
    there = {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", "OFFERWATCH_CRASH_AT": crash_at, **environment}
    return started(
        [sys.executable, ROOT / "tests/support/watchdaemon.py", folder], folder, {**os.environ, **there}
    )


def asked(folder, query):
    with sqlite3.connect(folder / "state" / FILE_NAME) as connection:
        return connection.execute(query).fetchall()


def all_sent(folder, alerts):
    try:
        rows = asked(folder, "SELECT state FROM outbox")
    except sqlite3.OperationalError:  # on a busy machine it may not have come so far yet
        return False
    return len(rows) == 2 * alerts and {state for (state,) in rows} == {"sent"}


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_any_point_nothing_is_lost_and_no_mail_goes_out_twice(tmp_path, point):
    for n in range(3):
        post_offer(tmp_path, n)
    with running(tmp_path, point) as process:
        assert process.wait(30) == 137
    post_offer(tmp_path, 3)
    with running(tmp_path) as process:
        until(lambda: all_sent(tmp_path, 4))
        stop(process, 10)
    mails, pushes = mails_sent(tmp_path / "mail"), deliveries(tmp_path / "push.txt")
    assert len(mails) == len({mail["id"] for mail in mails}) == 4
    assert len({each["key"] for each in pushes}) == 4
    repeated = [each for n, each in enumerate(pushes) if each["key"] in {x["key"] for x in pushes[:n]}]
    assert len(repeated) <= 1
    assert all(each["in_doubt"] for each in repeated)
    assert asked(tmp_path, "PRAGMA integrity_check") == [("ok",)]
    assert asked(tmp_path, "SELECT count(*) FROM notices") == [(4,)]


def test_killed_from_outside_again_and_again_it_still_catches_up(tmp_path):
    for n in range(12):
        post_offer(tmp_path, n)
    for kill_after in (0.45, 0.55, 0.65, 0.8, 1.0):
        with running(tmp_path) as process:
            threading.Event().wait(kill_after)
            process.kill()
    with running(tmp_path):
        until(lambda: all_sent(tmp_path, 12), 40)
    mails, pushes = mails_sent(tmp_path / "mail"), deliveries(tmp_path / "push.txt")
    assert len(mails) == len({mail["key"] for mail in mails}) == 12
    repeated = [each for n, each in enumerate(pushes) if each["key"] in {x["key"] for x in pushes[:n]}]
    assert len({each["key"] for each in pushes}) == 12
    assert all(each["in_doubt"] for each in repeated)


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_it_is_gone_in_time_and_says_nothing_wrong(tmp_path, name):
    with running(tmp_path) as process:
        post_offer(tmp_path, 1)
        until(lambda: deliveries(tmp_path / "push.txt"))
        began = monotonic()
        stop(process, 5, name)
        assert monotonic() - began < 5


def test_hung_up_it_looks_again_and_goes_on(tmp_path):
    with running(tmp_path) as process:
        post_offer(tmp_path, 1)
        until(lambda: deliveries(tmp_path / "push.txt"))
        process.send_signal(signal.SIGHUP)
        post_offer(tmp_path, 2)
        until(lambda: len(deliveries(tmp_path / "push.txt")) == 2)
        stop(process, 5)


def test_a_second_daemon_with_the_same_state_exits_with_4_and_a_sentence(tmp_path):
    with running(tmp_path):
        until(lambda: (tmp_path / "state" / "watch.lock").exists())
        post_offer(tmp_path, 1)
        until(lambda: deliveries(tmp_path / "push.txt"))
        with running(tmp_path) as second:
            assert second.wait(20) == 4
            assert "already watching" in second.stderr.read()
    with running(tmp_path) as third:
        post_offer(tmp_path, 2)
        until(lambda: len(deliveries(tmp_path / "push.txt")) == 2)
        stop(third, 5)


def test_the_lock_goes_with_its_holder(tmp_path):
    with only_one(tmp_path), pytest.raises(AlreadyWatchingError), only_one(tmp_path):
        pass
    with only_one(tmp_path):
        assert (tmp_path / "watch.lock").stat().st_mode & 0o777 == 0o600


class Listener:
    """The service manager's end of the notify socket."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.socket.settimeout(20)

    def next(self):
        return self.socket.recv(4096).decode().splitlines()


def test_systemd_hears_that_we_are_ready_alive_and_stopping(tmp_path):
    listener = Listener(tmp_path / "notify")
    with running(tmp_path, NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="900000") as process:
        assert listener.next()[0] == "READY=1"
        alive = listener.next()
        assert alive[0] == "WATCHDOG=1"
        assert "1 folders" in alive[1]
        process.terminate()
        lines = listener.next()
        while lines[0] == "WATCHDOG=1":
            lines = listener.next()
        assert lines == ["STOPPING=1"]


def test_without_systemd_nothing_is_said(monkeypatch):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    assert systemd.notify("READY=1") is False
    monkeypatch.setenv("NOTIFY_SOCKET", "/nowhere/at/all")
    assert systemd.notify("READY=1") is False
    monkeypatch.setenv("WATCHDOG_USEC", "5000000")
    monkeypatch.setenv("WATCHDOG_PID", "1")
    assert systemd.watchdog_seconds() is None
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
    assert systemd.watchdog_seconds() == 5.0


class House:
    """A daemon in a thread of the test, on a folder and a recorder."""

    def __init__(self, folder, mailbox=None, read=read_facts, clock=utc_now, **options):
        self.mail = folder / "mail"
        self.mail.mkdir(exist_ok=True)
        self.channel = Recorder()
        self.store = open_store(folder / "state")
        self.app = App(
            self.store, PlainSpeech(), read, [self.channel], watched=[("home", "INBOX")], now=clock
        )
        self.emergency = Emergency(self.app, [self.channel], judge)
        self.watch = Watch(
            "home", "INBOX", mailbox or FolderMailbox(self.mail), poll_every=timedelta(minutes=1)
        )
        delivery = Delivery(self.store.outbox, [self.channel], now=clock)
        options = {"tick_every": 60.0, **options}
        self.daemon = Daemon(self.app, [self.watch], delivery, self.emergency, folder / "state", **options)

    @contextmanager
    def running(self):
        codes = []
        thread = threading.Thread(target=lambda: codes.append(self.daemon.run()))
        thread.start()
        try:
            yield self
        finally:
            self.daemon.stop()
            thread.join(10)
        assert codes == [0]

    def post(self, n):
        post(self.mail, n, a_mail(offer(n)).raw)


def test_a_mail_rings_within_moments_of_its_arrival(tmp_path):
    with House(tmp_path).running() as house:
        house.post(1)
        until(lambda: house.channel.handed, 5)
        until(lambda: house.store.diary.folders()[0].last_look_at)


def test_a_mail_still_being_read_at_the_end_is_left_for_the_next_time(tmp_path):
    let_go = threading.Event()
    reading = threading.Event()

    def slow(message):
        reading.set()
        let_go.wait(20)
        return read_facts(message)

    house = House(tmp_path, read=slow)
    with house.running():
        house.post(1)
        assert reading.wait(10)
        began = monotonic()
        house.daemon.stop()
        until(lambda: not lock_is_held(tmp_path / "state"), 5)
        assert monotonic() - began < 5
    assert open_store(tmp_path / "state").unseen("home", "INBOX", 7, [1]) == [1]
    let_go.set()


def lock_is_held(folder):
    try:
        with only_one(folder):
            return False
    except AlreadyWatchingError:
        return True


def test_a_jump_of_the_clock_is_noticed_at_once(tmp_path):
    clock = Hands(utc_now())
    start, began = clock.now, monotonic()
    jump = [timedelta()]

    def now():
        return start + timedelta(seconds=monotonic() - began) + jump[0]

    with House(tmp_path, clock=now).running() as house:
        house.post(1)
        until(lambda: house.channel.handed, 5)
        jump[0] = timedelta(days=2, hours=1)
        until(lambda: len(house.channel.handed) == 2, 5)
        assert house.channel.handed[1][0].rung == "72h"


def test_a_proven_look_is_told_to_the_dead_man_service(tmp_path):
    hits = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            hits.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args):
            """Keep quiet."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/ping/abc?x=1"
        with House(tmp_path, ping=Ping(url)).running():
            until(lambda: hits, 5)
        server.shutdown()
    assert set(hits) == {"/ping/abc?x=1"}


class Broken:
    """A mailbox that is in trouble as long as it is told to be."""

    account = "home"

    def __init__(self, *errors):
        self.errors = list(errors)
        self.waits = 0

    def look(self, memory, since):
        if self.errors:
            raise self.errors.pop(0)
        yield Looked("home", "INBOX", 7, 1, 0)

    def wait(self, seconds, stop):
        self.waits += 1
        stop.wait(seconds)

    def close(self):
        """Nothing to let go of."""


def test_no_ping_and_no_look_while_the_mailbox_is_in_trouble_and_the_error_is_written_down(tmp_path):
    pings = []
    trouble = [MailboxError("No line.", "Check the cable.", kind=Trouble.LOGIN)]
    with House(tmp_path, Broken(*trouble), ping=lambda: pings.append(1)).running() as house:
        until(lambda: house.store.diary.folders())
        (state,) = house.store.diary.folders()
        assert (state.last_look_at, state.error) == (None, "No line. Check the cable.")
    assert pings == []


def test_after_trouble_with_the_network_it_looks_again_soon(tmp_path):
    mailbox = Broken(MailboxError("Cut.", "", kind=Trouble.NETWORK), RuntimeError("a bug"))
    mailbox.errors.pop()
    with House(tmp_path, mailbox).running() as house:
        until(lambda: mailbox.waits, 10)
        assert house.store.diary.folders()[0].error is None


@pytest.mark.parametrize(
    ("kind", "permanent", "low", "high"),
    [
        (Trouble.NETWORK, False, 1, 30),
        (Trouble.LOGIN_CUT, False, 1, 30),
        (Trouble.LOGIN, True, 300, 300),
        (Trouble.LIMIT, False, 300, 300),
        (Trouble.FOLDER, True, 300, 300),
        (Trouble.TLS, False, 300, 300),
    ],
)
def test_back_off_is_short_for_the_network_and_long_for_refusals(kind, permanent, low, high):
    for failures in (0, 1, 5, 1000):
        assert low <= pause_after(MailboxError("x", "y", permanent, kind), failures) <= high


def test_a_long_look_is_alive_as_long_as_mail_after_mail_is_read(tmp_path, monkeypatch):
    class Long(Broken):
        def look(self, memory, since):
            for n in range(3):
                at[0] += 500
                assert looker.alive()
                yield a_mail(a_notice(f"{n}"), n + 1)
            at[0] += 1000
            assert not looker.alive(), "nothing for a quarter of an hour"
            yield Looked("home", "INBOX", 7, 4, 3)

    at = [monotonic()]
    monkeypatch.setattr(looking, "monotonic", lambda: at[0])
    house = House(tmp_path, Long())
    looker = Looker(house.app, house.watch, house.emergency)
    monkeypatch.setattr(looker._thread, "is_alive", lambda: True)
    assert looker.look()


def test_after_trouble_the_alerts_that_failed_are_tried_again_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(looking, "pause_after", lambda error, failures: 0.01)
    mailbox = Broken(MailboxError("Cut.", "", kind=Trouble.NETWORK))
    house, hastened = House(tmp_path, mailbox), []
    monkeypatch.setattr(house.daemon._delivery, "hasten", lambda: hastened.append(mailbox.errors == []))
    with house.running():
        until(lambda: mailbox.waits == 1)
        house.daemon._lookers[0].look_now()
        until(lambda: mailbox.waits == 2)
    assert hastened[-1]  # after the trouble
    assert len(hastened) == 2  # and at the start


def test_a_look_that_was_cut_short_is_no_look(tmp_path):
    class Half(Broken):
        def look(self, memory, since):
            yield Unreadable(Place("home", "INBOX", 7, 1), "s", "NO", None)

    house = House(tmp_path, Half())
    looker = Looker(house.app, house.watch, house.emergency)
    looker.look()
    assert looker.looked_at is None
    assert house.store.diary.folders() == ()


def test_a_store_that_fails_is_said_at_once_and_the_mail_is_told_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(database, "PATIENCE", 0.05)
    house = House(tmp_path)
    for n in (1, 2):
        house.post(n)
    post(house.mail, 3, a_mail(an_ignored("x", Reason.STRANGER)).raw)
    looker = Looker(house.app, house.watch, house.emergency)
    other = sqlite3.connect(tmp_path / "state" / FILE_NAME, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for _ in range(3):
        assert looker.look() is False
    other.execute("ROLLBACK")
    until(lambda: len(house.channel.handed) >= 3)
    headlines = sorted(alert.headline for alert, _ in house.channel.handed)
    assert len(headlines) == 3
    assert sum("locked by another program" in headline for headline in headlines) == 1
    assert house.store.unseen("home", "INBOX", 7, [1, 2, 3]) == [1, 2, 3]
    assert looker.look() is True
    assert len(house.store.cases()) == 2


def test_a_settling_mail_silences_a_case_in_the_running_daemon(tmp_path):
    with House(tmp_path).running() as house:
        house.post(1)
        until(lambda: house.channel.handed, 5)
        now = utc_now()
        end = a_notice("end", Kind.REFUND_ISSUED, sent_at=now, received_at=now, orders=(f"{8 * 10**15 + 1}",))
        post(house.mail, 2, a_mail(end).raw)
        until(lambda: len(house.channel.handed) == 2, 5)
        assert house.channel.handed[1][0].rung == "settled"
