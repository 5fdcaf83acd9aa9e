"""Faults of our own machine: killed, asleep, full, forgetful; every offer rings once."""

import contextlib
import os
import shutil
import signal
import socket
import sqlite3
import time
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from support.faults import Chaos, an_offer
from support.faultsdaemon import Spawned
from support.outsider import SCRIPT, environment, offerwatch
from support.processes import started, stop
from support.scripted_imap import ScriptedImap
from support.smtp import DROP_AFTER, DROP_BEFORE
from support.watching import Recorder
from watcher import database, looking
from watcher.clock import utc_now
from watcher.crash import POINTS
from watcher.store import FILE_NAME, StoreError

QUICK_POINTS = ("before_send", "after_send")  # test_daemon has all of them without a server
LONG = os.environ.get("OFFERWATCH_FAULTS") == "long"
KILLS = int(os.environ.get("OFFERWATCH_KILLS", "50" if LONG else "3"))  # of each seed


@contextlib.contextmanager
def process(scene, crash_at=""):
    """The watcher of a scene as a process of its own; killed at the end if it still runs."""
    running = Spawned(scene.plan, crash_at)
    try:
        yield running
    finally:
        running.forget()


def told(scene):
    """Whether all that was put in is known and out, by the watcher's own books."""
    if not scene.all_rung():
        return False
    with contextlib.suppress(sqlite3.Error):
        return scene.nothing_waits()
    return False


def sound(scene):
    assert scene.rows("PRAGMA integrity_check") == [("ok",)]


@pytest.mark.parametrize("point", POINTS if LONG else QUICK_POINTS)
def test_f29_killed_at_a_named_point(stage, point):
    scene = stage(window=0.5)
    scene.offers_of(3)
    with process(scene, point) as first:
        assert first.wait(30) == 137
    scene.offer()
    with process(scene) as second:
        scene.wait_for(lambda: told(scene), 30, strict=False)
        time.sleep(0.3)
        second.terminate()
        assert second.wait(10) == 0
    sound(scene)
    scene.verdict()


def test_f41_killed_at_any_moment(stage, dovecot):
    scene = stage(window=0.5)
    scene.sink.delay = 0.03
    for _ in range(KILLS):
        scene.offers_of(scene.random.randrange(1, 4))
        with process(scene) as doomed:
            if scene.random.random() < 0.9:  # else it may die while it is still being put together
                doomed.ready(30)
            time.sleep(scene.random.uniform(0.0, 0.9))
        if (Path(scene.plan.state) / FILE_NAME).exists() and scene.random.random() < 0.2:
            sound(scene)
    with process(scene) as last:
        scene.wait_for(lambda: told(scene), 60, strict=False)
        time.sleep(1.0)
        last.terminate()
        assert last.wait(10) == 0
    sound(scene)
    scene.verdict()


@pytest.fixture
def brief_locks(monkeypatch):
    """The lock of another program is waited for only shortly."""
    monkeypatch.setattr(database, "PATIENCE", 0.05)


@pytest.mark.parametrize("way", ["locked", "read-only", "full"] if LONG else ["full"])
def test_f30_the_store_cannot_be_written(stage, many, way, brief_locks):
    scene = stage(window=0.4)
    with scene.watching() as built:
        scene.offers_of(2)
        scene.settle()
        with unwritable(scene, built, way):
            scene.offers_of(many)
            scene.wait_for(scene.all_rung, 15, strict=False)  # said all the same, at once
            assert scene.all_rung(), "what can't be recorded must be said nevertheless"
            scene.wait_for(lambda: any("health/store" in key for key, _ in scene.alerts()))
        scene.settle()
        scene.look_again()
        assert scene.rows("SELECT count(*) FROM notices") == [(2 + many,)]
    sound(scene)
    scene.verdict()


@pytest.mark.parametrize("way", ["locked", "read-only", "full"] if LONG else ["locked"])
def test_f50_the_clock_rings_although_the_store_cannot_be_written(stage, many, way, brief_locks):
    """What falls due meanwhile, and what waited for a channel that failed, is said all the same, once."""
    clock, scene = Shifted(), stage(window=0.4)
    with scene.watching(now=clock) as built:
        scene.offers_of(many)
        scene.settle()
        scene.sink.script = ["451 later"]
        late = scene.offer()
        scene.wait_for(lambda: not scene.sink.script)
        with unwritable(scene, built, way):
            clock.by = timedelta(days=4, hours=2)
            scene.wait_for(lambda: len(of_rung(scene, "24h")) >= many, 20 + many)
            scene.wait_for(lambda: late.order in scene.rung())
        scene.settle()
        built.daemon.tick()
        scene.look_again()
        scene.wait_for(scene.nothing_waits, 20 + many)
    sound(scene)
    scene.verdict()


def test_f51_started_again_after_the_store_could_not_be_written(stage, many, brief_locks):
    """What was said past the store is known by the mailbox, even to one who was not there."""
    scene = stage(window=0.4)
    with scene.watching() as built:
        scene.offers_of(2)
        scene.settle()
        with unwritable(scene, built, "full"):
            scene.offers_of(many)
            scene.wait_for(scene.all_rung, 20 + many)
            scene.stop()
    with scene.watching():
        scene.settle()
        scene.look_again()
    sound(scene)
    scene.verdict()


@contextlib.contextmanager
def unwritable(scene, built, way):
    """The store refuses every write for as long as the block lasts."""
    store = built.store.database
    if way == "locked":
        other = sqlite3.connect(Path(scene.plan.state) / FILE_NAME, isolation_level=None, timeout=10)
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")
        other.close()
        return
    with store.reading() as connection:
        if way == "full":
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {pages}")
        else:
            connection.execute("PRAGMA query_only = ON")
    if way == "full":
        fill(store)
    yield
    with contextlib.suppress(StoreError), store.reading() as connection:  # it may be closed by now
        connection.execute("PRAGMA query_only = OFF")
        connection.execute("PRAGMA max_page_count = 1073741823")


def fill(store):
    """Use up every page that is left."""
    for size in (2000, 100, 10):
        with contextlib.suppress(Exception):
            for n in range(2000):
                with store.writing() as connection:
                    connection.execute(
                        "INSERT OR REPLACE INTO meta VALUES (?, ?)", (f"filler {size} {n}", "x" * size)
                    )


def files_of(scene):
    return [Path(scene.plan.state) / f"{FILE_NAME}{end}" for end in ("", "-wal", "-shm")]


@pytest.mark.parametrize("way", ["an older backup", "nothing is left"])
def test_f31_the_store_is_lost_or_put_back(stage, many, tmp_path, way):
    scene = stage(window=1.0)
    with scene.watching():
        scene.offers_of(many // 2)
        scene.settle()
    backup = tmp_path / "backup"
    shutil.copy(files_of(scene)[0], backup)
    with scene.watching():
        scene.offers_of(many - many // 2)
        scene.settle()
    for path in files_of(scene):
        path.unlink(missing_ok=True)
    if way == "an older backup":
        shutil.copy(backup, files_of(scene)[0])
    scene.offers_of(2)
    with scene.watching():
        scene.settle()
        scene.look_again()
    sound(scene)
    scene.verdict()


def test_f32_two_are_started(stage, many):
    scene = stage(window=0.5)
    with process(scene) as first:
        scene.offers_of(many)
        scene.wait_for(scene.all_rung)
        with process(scene) as second:
            assert second.wait(20) == 4
            assert "already watching" in second.said()
        scene.offer()
        scene.wait_for(lambda: told(scene))
        first.terminate()
        assert first.wait(5) == 0
    scene.verdict()


SMTP_FAULTS = ("451 later", "550 no", DROP_BEFORE, DROP_AFTER, "slow", "down")


@pytest.mark.parametrize("answer", SMTP_FAULTS if LONG else (DROP_AFTER, "down"))
def test_f33_the_mail_server_of_the_alerts_fails(stage, many, answer):
    scene = stage(window=0.5, grace=0.0)
    times = scene.random.randrange(1, 4)
    port = scene.plan.smtp_port
    if answer == "slow":
        scene.sink.delay = 0.2
    elif answer == "down":
        with socket.create_server(("127.0.0.1", 0)) as free:
            scene.replan(smtp_port=free.getsockname()[1])
    else:
        scene.sink.script = [answer] * times
    more = [Recorder("push")]
    with scene.watching(more=more):
        scene.offers_of(many)
        if answer == "down":
            time.sleep(0.8)
        else:
            scene.settle()
        assert scene.wait_for(lambda: len(more[0].keys) >= many)
    if answer == "down":
        scene.replan(smtp_port=port)
        with scene.watching(more=more):
            time.sleep(0.2)
            scene.settle()
    assert len(more[0].keys) == len(set(more[0].keys)), "the other channel was handed a key twice"
    scene.verdict()


def test_f34_our_own_alerts_their_bounces_and_answers_come_in(stage, dovecot, many):
    scene = stage(window=0.5)
    with scene.watching() as built:
        scene.offers_of(many)
        scene.settle()
        for taken in list(scene.sink.taken):
            for mail in (an_answer(taken.message), a_bounce(taken.message, taken.raw)):
                dovecot.deliver(mail.as_bytes(), user=scene.plan.user)
        scene.look_again()
        built.daemon.tick()
        scene.look_again()
        assert len(built.store.cases()) == many
        assert len(scene.alerts()) == many
    scene.verdict()


def an_answer(alert):
    mail = EmailMessage()
    mail["From"], mail["To"] = "buyer@example.org", "offerwatch@example.org"
    mail["Subject"] = f"Re: {alert['Subject']}"
    mail["Message-ID"] = f"<answer-{alert['Message-ID'][1:]}"
    mail["In-Reply-To"] = mail["References"] = alert["Message-ID"]
    mail.set_content("Thanks.\n\n> " + alert.get_body(("plain",)).get_content().replace("\n", "\n> "))
    return mail


def a_bounce(alert, raw):
    mail = EmailMessage()
    mail["From"], mail["To"] = "MAILER-DAEMON@example.org", "offerwatch@example.org"
    mail["Subject"] = "Undelivered Mail Returned to Sender"
    mail["Message-ID"] = f"<bounce-{alert['Message-ID'][1:]}"
    mail.set_content("It could not be delivered.\n")
    mail.make_mixed()
    mail.attach(alert)
    mail.replace_header("Content-Type", 'multipart/report; report-type=delivery-status; boundary="edge"')
    return mail


class Shifted:
    """A clock beside the real one by as much as the test says."""

    def __init__(self):
        self.by = timedelta()

    def __call__(self):
        return utc_now() + self.by


def of_rung(scene, rung):
    return [key for key, _ in scene.alerts() if key.endswith(f"/{rung}")]


def test_f35_the_machine_slept_through_reminders(stage, many):
    clock, scene = Shifted(), stage()
    with scene.watching(now=clock):
        scene.offers_of(many)
        scene.settle()
        clock.by = timedelta(days=3, hours=12)
        scene.wait_for(lambda: len(of_rung(scene, "72h")) == many, 10 + 2 * many)
        scene.look_again()
    assert len([key for key, orders in scene.alerts() if orders]) == 2 * many
    scene.verdict()


@pytest.mark.parametrize("hours", [2, -2, 48, 720] if LONG else [720])
def test_f42_the_clock_jumps_and_comes_back(stage, many, hours):
    clock, scene = Shifted(), stage()
    with scene.watching(now=clock):
        scene.offers_of(many)
        scene.settle()
        clock.by = timedelta(hours=hours)
        time.sleep(0.8)
        clock.by = timedelta()
        time.sleep(0.8)
        clock.by = timedelta(days=4, hours=2)
        scene.wait_for(lambda: len(of_rung(scene, "24h")) == many, 10 + 2 * many)
        scene.look_again()
    scene.verdict()


def test_f43_the_process_was_frozen_while_a_reminder_was_due(stage):
    """A tick that comes late must still come at once, and not with the next one."""
    tick = 8.0
    scene = stage(tick_every=tick)
    scene.offer(span="24 hours", sent_at=utc_now() - timedelta(seconds=1))
    with process(scene) as running:
        scene.wait_for(scene.all_rung, 30)
        before = ticked_at(scene)
        scene.wait_for(lambda: ticked_at(scene) != before, 2 * tick)
        time.sleep(tick - 1.0)
        running.send_signal(signal.SIGSTOP)
        before = ticked_at(scene)
        time.sleep(3.0)
        running.send_signal(signal.SIGCONT)
        scene.wait_for(lambda: ticked_at(scene) != before, tick / 2, exact=True)
        running.terminate()
        assert running.wait(5) == 0
    scene.verdict()


def ticked_at(scene):
    return scene.rows("SELECT value FROM meta WHERE name = 'last_tick_at'")[0][0]


@pytest.mark.parametrize("way", ["slow", "fast"])
def test_f44_the_clock_is_wrong_and_it_is_said(stage, way):
    clock, scene = Shifted(), stage()
    clock.by = timedelta(minutes=-20 if way == "slow" else 20)
    with scene.watching(now=clock) as built:
        scene.offer()
        scene.settle()
        scene.offer()
        scene.settle()
        built.daemon.tick()
        scene.wait_for(lambda: any("health/clock" in key for key, _ in scene.alerts()))
    assert sum("health/clock" in key for key, _ in scene.alerts()) == 1
    scene.verdict()


STATES = ("idling", "silent server", "no server", "store locked", "sending")


@pytest.mark.parametrize("state", STATES if LONG else ("silent server", "store locked"))
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"] if LONG else ["SIGTERM"])
def test_f38_told_to_stop_in_any_state(stage, dovecot, many, state, name):
    with Chaos(dovecot.port) as proxy, contextlib.ExitStack() as undo:
        scene = stage(port=proxy.port, read=30.0 if state == "silent server" else 1.0)
        if state == "silent server":
            proxy.suffer("hole", scene.random.randrange(60, 1000))
        if state == "no server":
            proxy.aim(1)
        if state == "sending":
            scene.sink.delay = 1.0
        with process(scene) as running:
            lock = Path(scene.plan.state) / "watch.lock"
            scene.wait_for(lock.exists)
            scene.offers_of(many)
            time.sleep(0.6 + scene.random.random())
            if state == "store locked":
                other = sqlite3.connect(Path(scene.plan.state) / FILE_NAME, isolation_level=None, timeout=10)
                undo.callback(other.close)
                other.execute("BEGIN IMMEDIATE")
            if name == "SIGHUP":
                running.send_signal(signal.SIGHUP)
                time.sleep(0.3)
                assert running.poll() is None
            began = time.monotonic()
            running.send_signal(getattr(signal, name if name != "SIGHUP" else "SIGTERM"))
            assert running.wait(8) == 0
            assert time.monotonic() - began < 5
            assert "Traceback" not in running.said()
        undo.close()
        proxy.heal()
        proxy.aim(dovecot.port)
        scene.sink.delay = 0.0
        with scene.watching():
            scene.settle()
        scene.verdict()


DEAD = ("idling", "silent server", "no server", "wrong password", "goodbye", "no alerts out", "store locked")


def test_f39_no_dead_state_spins(stage, dovecot, count):
    """Under 5 % of a processor over a minute, with the pauses that users have, in every state at once."""
    seconds, most = (60.0, 0.05) if LONG else (8.0, 0.15)  # a tick weighs more in so short a time
    with contextlib.ExitStack() as undo:
        scenes = {state: dead(stage, dovecot, undo, state) for state in DEAD}
        running = {state: undo.enter_context(process(scene)) for state, scene in scenes.items()}
        assert all(each.ready(30) for each in running.values())
        # What is loaded with the first mail is loaded before the measure begins.
        scenes["store locked"].server.deliver(an_offer(2).raw, user=scenes["store locked"].plan.user)
        time.sleep(4.0)
        locked = sqlite3.connect(Path(scenes["store locked"].plan.state) / FILE_NAME, isolation_level=None)
        undo.callback(locked.close)
        locked.execute("BEGIN IMMEDIATE")
        scenes["store locked"].server.deliver(an_offer(1).raw, user=scenes["store locked"].plan.user)
        before = {state: cpu(each.pid) for state, each in running.items()}
        time.sleep(seconds)
        used = {state: (cpu(each.pid) - before[state]) / seconds for state, each in running.items()}
        assert all(each.poll() is None for each in running.values())
    assert {state: f"{share:.1%}" for state, share in used.items() if share >= most} == {}
    count(0, 0)


def dead(stage, dovecot, undo, state):
    """A scene in which nothing goes on, or nothing can."""
    if state == "goodbye":
        server = undo.enter_context(ScriptedImap(on={"IDLE": goodbye}))
        return stage(server, hasty=False, tick_every=30.0)
    proxy = undo.enter_context(Chaos(dovecot.port))
    scene = stage(port=proxy.port, hasty=False, tick_every=30.0, read=5.0)
    if state == "silent server":
        proxy.suffer("hole", scene.random.randrange(1, 1500))
    if state == "no server":
        proxy.aim(1)
    if state == "wrong password":
        scene.replan(password="no")
    if state == "no alerts out":
        scene.replan(smtp_port=1)
        for number in range(5):
            dovecot.deliver(an_offer(number).raw, user=scene.plan.user)
    return scene


def goodbye(talk, tag, rest):
    talk.send(b"+ idling\r\n* BYE too busy\r\n")
    talk.hang_up()


def cpu(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_f46_while_blind_nobody_vouches_for_us(stage, dovecot, many, monkeypatch):
    monkeypatch.setattr(looking, "BLIND", 1.0)
    monkeypatch.setattr(looking, "HANGING", 0.5)
    pings = []
    with Chaos(dovecot.port) as proxy:
        scene = stage(port=proxy.port, poll_every=0.3)
        with scene.watching(ping=lambda: pings.append(1)) as built:
            (looker,) = built.daemon._lookers
            scene.wait_for(lambda: pings)
            assert looker.alive()
            proxy.aim(1)
            proxy.cut_all()
            time.sleep(0.3)
            pings.clear()
            scene.offers_of(many)
            time.sleep(1.3)
            assert not looker.alive(), "the watchdog must starve"
            assert not looker.fresh()
            assert pings == []
            proxy.aim(dovecot.port)
            scene.settle()
            scene.wait_for(lambda: pings)
            assert looker.alive()
        scene.verdict()


def test_f47_an_alert_that_no_channel_delivers_stops_the_ping(stage, many):
    clock, pings, scene = Shifted(), [], stage(poll_every=0.3)
    scene.sink.script = ["451 later"] * 1000
    with scene.watching(now=clock, ping=lambda: pings.append(1)):
        scene.offers_of(many)
        scene.wait_for(lambda: len(scene.sink.script) < 1000)
        scene.wait_for(lambda: pings)
        clock.by = timedelta(hours=2)
        time.sleep(0.8)
        pings.clear()
        time.sleep(1.0)
        assert pings == []
        scene.sink.script.clear()
        scene.settle()
        scene.wait_for(lambda: pings)
    scene.verdict()


CONFIG = """
state_dir = "state"
[[account]]
name = "home"
host = "127.0.0.1"
port = {imap}
security = "none"
username = "buyer@example.org"
password_env = "IMAP_WORD"
[[channel]]
kind = "email"
host = "127.0.0.1"
port = {smtp}
security = "none"
from = "offerwatch@example.org"
to = "buyer@example.org"
"""


def test_f48_a_store_that_will_not_open_is_said_on_every_channel(stage, tmp_path, count):
    scene = stage()
    (tmp_path / "state").mkdir(mode=0o700)
    (tmp_path / "state" / FILE_NAME).write_bytes(b"this is no database at all" * 100)
    config = tmp_path / "config.toml"
    config.write_text(CONFIG.format(imap=scene.plan.imap_port, smtp=scene.plan.smtp_port))
    more = {"IMAP_WORD": "swordfish", "TMPDIR": str(tmp_path)}
    for _ in range(3):  # a service manager tries again and again
        ran = offerwatch(tmp_path, "watch", "--config", config, more=more)
        assert ran.code == 1
        assert "Traceback" not in ran.err
    assert len(scene.sink.taken) == 1
    assert "is not an offerwatch store" in scene.sink.taken[0].message.get_body(("plain",)).get_content()
    count(1, len(scene.sink.taken))


def test_f53_nobody_reads_what_it_writes(stage, tmp_path, many):
    """A pipe that is full, a terminal on hold: the log may be lost, an offer may not."""
    scene = stage()
    config = tmp_path / "config.toml"
    sink = scene.sink.port
    config.write_text(
        CONFIG.format(imap=scene.plan.imap_port, smtp=sink).replace(
            'buyer@example.org"\npassword_env', f'{scene.plan.user}"\npassword_env'
        )
    )
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writing, b"x" * 4096)
    os.set_blocking(writing, True)
    watch = [SCRIPT, "watch", "--config", config]
    try:
        with started(watch, tmp_path, environment(tmp_path, IMAP_WORD="swordfish"), writing) as running:
            scene.offers_of(many)
            scene.wait_for(scene.all_rung, 30 + many)
            asked = time.monotonic()
            stop(running)
            assert time.monotonic() - asked < 5
    finally:
        os.close(reading)
        os.close(writing)
    scene.verdict()
