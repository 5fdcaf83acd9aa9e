"""Faults of the server and of the line to it: whatever they do, every offer rings once."""

import contextlib
import os
import signal
import socket
import ssl
import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest
import trustme

from support.faults import Chaos, an_offer, another_program, mailbox, patient
from support.scripted_imap import ScriptedImap
from watcher.clock import utc_now
from watcher.mailboxes.tls import tls_context

LONG = os.environ.get("OFFERWATCH_FAULTS") == "long"
AWAKE = 240.0  # the real length of an IDLE: nothing below may wait for its end


def test_f01_the_server_ends_while_we_idle(stage, dovecot, many):
    scene = stage(window=AWAKE)
    with scene.watching():
        for number in range(many):
            scene.offer()
            if scene.random.random() < 0.5 or number == many - 1:
                scene.wait_for(scene.looked)
                time.sleep(scene.random.uniform(0, 0.3))
                dovecot.kill_sessions()
        scene.settle()
    scene.verdict()


def test_f02_the_server_restarts_while_mail_comes(stage, own_dovecot, many):
    server = own_dovecot()
    scene = stage(server, window=AWAKE)
    with scene.watching():
        for part in (many // 2, many - many // 2):
            scene.offers_of(part)
            scene.wait_for(scene.looked)
            time.sleep(scene.random.uniform(0, 0.3))
            server.stop()
            scene.offer()
            time.sleep(scene.random.uniform(0.1, 0.5))
            server.start()
        scene.settle()
    scene.verdict()


def test_f03_the_server_is_down_at_the_start(stage, own_dovecot, many, long_run):
    server = own_dovecot()
    server.stop()
    scene = stage(server)
    with scene.watching() as built:
        scene.offers_of(many)
        began = time.process_time()
        time.sleep(4.0 if long_run else 1.0)
        assert time.process_time() - began < 0.6, "it spins while the server is down"
        (state,) = built.store.diary.folders()
        assert state.last_look_at is None
        assert state.error
        server.start()
        scene.settle()
    scene.verdict()


def test_f04_the_line_is_reset_at_any_byte(stage, dovecot, many):
    broken_anywhere(stage, dovecot, many, "reset")


def test_f05_the_line_is_closed_at_any_byte(stage, dovecot, many):
    broken_anywhere(stage, dovecot, many, "cut")


def broken_anywhere(stage, dovecot, many, kind):
    with Chaos(dovecot.port) as proxy:
        scene = stage(port=proxy.port)
        proxy.suffer(kind, scene.random.randrange(1, 400))
        with scene.watching():
            for _ in range(many):
                scene.offer()
                proxy.suffer(kind, scene.random.choice((scene.random.randrange(400, 3000), 5000)))
                if scene.random.random() < 0.5:
                    proxy.cut_all()
                time.sleep(scene.random.uniform(0, 0.2))
            proxy.heal()
            proxy.cut_all()
            scene.settle()
        scene.verdict()


def test_f06_the_peer_falls_silent(stage, dovecot, many):
    with Chaos(dovecot.port) as proxy:
        scene = stage(port=proxy.port, read=0.5, window=1.0)
        proxy.suffer("hole", scene.random.randrange(1, 3000), times=2)
        with scene.watching():
            scene.offers_of(many)
            scene.settle(12)
        scene.verdict()


def test_f07_the_server_freezes_with_the_line_open(stage, dovecot, many):
    scene = stage(read=0.5, window=1.0)
    try:
        with scene.watching():
            scene.offers_of(many // 2)
            scene.wait_for(scene.all_rung)
            dovecot.signal_sessions(signal.SIGSTOP)
            scene.offers_of(many - many // 2)
            scene.settle(15)
        scene.verdict()
    finally:
        dovecot.signal_sessions(signal.SIGCONT)


def test_f08_every_byte_comes_by_itself(stage, dovecot, many):
    with Chaos(dovecot.port, one_byte=True) as proxy:
        scene = stage(port=proxy.port)
        scene.offers_of(many // 2)
        with scene.watching():
            scene.offers_of(many - many // 2)
            scene.settle(30)
        scene.verdict()


def test_f49_every_byte_takes_its_time(stage, dovecot, many):
    """No single wait is long enough to be a time-out, and an answer would take for hours."""
    with Chaos(dovecot.port) as proxy:
        scene = stage(port=proxy.port, read=1.0, command=1.0)
        proxy.drip(0.05, times=scene.random.randrange(1, 3))
        scene.offers_of(many)
        with scene.watching():
            scene.settle(12)
        scene.verdict()


def resolve_to_loopback(monkeypatch, name):
    """Let a name stand for this machine."""
    real = socket.create_connection

    def resolving(address, *rest, **more):
        host, port = address
        return real(("127.0.0.1" if host == name else host, port), *rest, **more)

    monkeypatch.setattr(socket, "create_connection", resolving)


def an_expired_server(authority):
    """Speaks TLS with a certificate of this authority whose time is over."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    yesterday = utc_now() - timedelta(days=1)
    authority.issue_cert("127.0.0.1", not_after=yesterday).configure_cert(context)
    return ScriptedImap(context=context)


@pytest.mark.parametrize(
    "wrong", ["stalls", "authority", "name", "expired"] if LONG else ["authority", "expired"]
)
def test_f09_the_encryption_fails(stage, dovecot, tmp_path, monkeypatch, wrong):
    other, authority = tmp_path / "ca.pem", trustme.CA()
    authority.cert_pem.write_to_path(str(other))
    with Chaos(dovecot.tls_port) as proxy, an_expired_server(authority) as expired:
        scene = stage(port=proxy.port)
        name = "localhost.example" if wrong == "name" else "127.0.0.1"
        state = {"ca": str(other) if wrong in ("authority", "expired") else dovecot.ca_file, "name": name}
        if wrong == "expired":
            proxy.aim(expired.port)
        if wrong == "stalls":
            proxy.suffer("hole", 0)
        resolve_to_loopback(monkeypatch, name)

        def over_tls(plan, folder):
            made = mailbox(plan, folder)
            context = tls_context("127.0.0.1", "tls", "home", state["ca"])
            made._server = replace(made._server, security="tls", context=context, host=state["name"])
            return made

        scene.offer()
        with scene.watching(make_mailbox=over_tls) as built:
            scene.wait_for(lambda: any(s.error for s in built.store.diary.folders()), 10)
            if wrong != "stalls":  # a person must act, so it is said at once
                scene.wait_for(lambda: any("refused" in key for key, _ in scene.alerts()), 10)
            assert scene.rung() == set()
        proxy.heal()
        proxy.aim(dovecot.tls_port)
        state.update(ca=dovecot.ca_file, name="127.0.0.1")
        with scene.watching(make_mailbox=over_tls):
            scene.settle()
        scene.verdict()


def test_f10_the_name_cannot_be_resolved_and_then_moves(stage, dovecot, many, monkeypatch):
    scene = stage()
    real = socket.create_connection
    answers = {"imap.faults.example": None}

    def resolving(address, *rest, **more):
        name, port = address
        if name in answers:
            if answers[name] is None:
                raise socket.gaierror(-3, "Temporary failure in name resolution")
            return real((answers[name], port), *rest, **more)
        return real(address, *rest, **more)

    monkeypatch.setattr(socket, "create_connection", resolving)

    def by_name(plan, folder):
        made = mailbox(plan, folder)
        made._server = replace(made._server, host="imap.faults.example")
        return made

    with scene.watching(make_mailbox=by_name) as built:
        scene.offers_of(many // 2)
        scene.wait_for(lambda: any(s.error for s in built.store.diary.folders()))
        answers["imap.faults.example"] = "127.0.0.1"
        scene.settle()
        answers["imap.faults.example"] = None
        dovecot.kill_sessions()
        scene.offers_of(many - many // 2)
        time.sleep(0.4)
        answers["imap.faults.example"] = "127.0.0.1"
        scene.settle()
    scene.verdict()


# --- what Dovecot won't do ------------------------------------------------------------------------------


def scripted(scene, server, count):
    """Put offers into a scripted server's folder, without a word from it."""
    for _ in range(count):
        made = scene.expect(an_offer(scene.number()))
        server.mails[max(server.mails, default=0) + 1] = made.raw


def only_read(server):
    names = {
        " ".join(line.split()[:2]) if line.upper().startswith("UID") else line.split()[0]
        for line in server.commands
    }
    assert not names & {"SELECT", "STORE", "COPY", "MOVE", "EXPUNGE", "APPEND"}, names
    assert not {name for name in names if name.startswith("UID ")} - {"UID SEARCH", "UID FETCH"}, names


def test_f11_idle_is_accepted_and_nothing_is_ever_pushed(stage, many):
    with ScriptedImap() as server:
        scene = stage(server, window=0.4)
        with scene.watching():
            scripted(scene, server, many // 2)
            scene.wait_for(scene.looked)
            scripted(scene, server, many - many // 2)
            scene.settle(6)
        scene.verdict()
        only_read(server)


def test_f12_idle_is_not_offered(stage, own_dovecot, many):
    server = own_dovecot(capability="IMAP4rev1")
    scene = stage(server, poll_every=0.4)
    with scene.watching():
        scene.offers_of(many)
        scene.wait_for(scene.all_rung, 10)
        scene.offer()
        scene.settle()
    scene.verdict()


GLUED = {
    "before the plus": (b"* 4 EXISTS\r\n+ idling\r\n",),
    "with the plus": (b"+ idling\r\n* 4 EXISTS\r\n",),
    "in two pieces": (b"+ idling\r\n", b"* 4 EXI", b"STS\r\n"),
    "without RECENT": (b"+ idling\r\n", b"* 4 EXISTS\r\n"),
    "after nonsense": (b"+ idling\r\n", b"* \xff\xfe what?\r\n* OK hi\r\n", b"* 4 EXISTS\r\n"),
}


@pytest.mark.parametrize("way", GLUED if LONG else ("with the plus", "without RECENT"))
def test_f13_news_come_in_odd_shapes(stage, way):
    told = threading.Event()

    def idle(talk, tag, rest):
        if told.is_set():
            talk.send(b"+ idling\r\n")
        else:
            told.set()
            scripted(scene, server, 3)
            for piece in GLUED[way]:
                talk.send(piece)
                time.sleep(0.15)
        talk.until_done(tag)

    with ScriptedImap(on={"IDLE": idle}) as server:
        scene = stage(server, window=AWAKE)
        with scene.watching():
            scene.wait_for(lambda: len(scene.offers) == 3)
            scene.settle(4)
        scene.verdict()
        only_read(server)


def test_f14_the_server_says_goodbye(stage, many):
    byes = threading.Semaphore(3)

    def idle(talk, tag, rest):
        talk.send(b"+ idling\r\n")
        if byes.acquire(blocking=False):
            talk.send(b"* BYE Autologout; idle for too long\r\n")
            scripted(scene, server, many)
            talk.hang_up()
        talk.until_done(tag)

    with ScriptedImap(on={"IDLE": idle}) as server:
        scene = stage(server, window=AWAKE)
        scripted(scene, server, 1)
        with scene.watching():
            scene.wait_for(lambda: len(scene.offers) == 1 + 3 * many)
            scene.settle(8)
        scene.verdict()
        only_read(server)


def test_f23_another_program_reads_and_flags_all_the_time(stage, dovecot, many):
    scene = stage(window=AWAKE)
    scene.untouched = False
    over = threading.Event()

    dovecot.deliver(b"From: n@example.org\r\nSubject: hello\r\n\r\nhello\r\n", user=scene.plan.user)
    rounds = []

    def meddle():
        with another_program(dovecot, scene.plan.user) as imap:
            imap.select("INBOX")
            while not over.wait(0.02):
                imap.noop()
                imap.store("1:*", "+FLAGS", r"(\Seen)")
                imap.store("1:*", "-FLAGS", r"(\Flagged)")
                rounds.append(1)

    meddler = threading.Thread(target=meddle, daemon=True)
    meddler.start()
    try:
        with scene.watching():
            scene.wait_for(scene.looked)
            for _ in range(many):
                scene.offer()
                time.sleep(scene.random.uniform(0, 0.1))
            scene.settle(8)
    finally:
        over.set()
        meddler.join(5)
    assert len(rounds) > 5, "the other program did nothing"
    scene.verdict()


def test_f25_a_wrong_password_is_said_at_once_and_a_right_one_is_tried_again(stage, own_dovecot, many):
    server = own_dovecot()
    scene = stage(server, read=8.0)  # Dovecot thinks for seconds before it refuses
    server.set_password("changed")
    scene.offers_of(many)
    with scene.watching() as built:
        scene.wait_for(lambda: any("refused" in key for key, _ in scene.alerts()), 15)
        assert sum("refused" in key for key, _ in scene.alerts()) == 1
        assert not built.daemon._lookers[0].fresh()
        server.set_password("swordfish")
        scene.settle()
        scene.wait_for(lambda: any("seen" in key for key, _ in scene.alerts()), 10)
    with Chaos(server.port) as proxy:
        scene.replan(imap_port=proxy.port)
        greeting = scene.random.randrange(90, 140)
        proxy.suffer("cut", greeting, times=3)
        scene.offer()
        with scene.watching():
            scene.settle()
    assert sum("refused" in key for key, _ in scene.alerts()) == 1, "a cut is no wrong password"
    scene.verdict()


@pytest.mark.parametrize("way", ["too many sessions", "UNAVAILABLE", "INUSE"] if LONG else ["UNAVAILABLE"])
def test_f26_the_server_lets_nobody_in_for_a_while(stage, own_dovecot, many, way):
    if way == "too many sessions":
        server = own_dovecot(connections=1)
        scene = stage(server)
        with another_program(server, scene.plan.user), scene.watching() as built:
            scene.offers_of(many)
            scene.wait_for(lambda: any(s.error for s in built.store.diary.folders()))
            assert scene.rung() == set()
        with scene.watching():
            scene.settle()
        scene.verdict()
        return
    left = threading.Semaphore(2)

    def refuse(talk, tag, rest):
        talk.send(b"+ \r\n")
        talk.line()
        if left.acquire(blocking=False):
            talk.no(tag, f"[{way}] try again later")
        else:
            talk.ok(tag)

    with ScriptedImap(on={"AUTHENTICATE": refuse}) as server:
        scene = stage(server, window=0.5)
        scripted(scene, server, many)
        with scene.watching():
            scene.settle()
        scene.verdict()
        assert not any("refused" in key for key, _ in scene.alerts()), "a limit is no wrong password"


PULLED = 600.0  # seconds, with the limits and pauses that users have; a few in the quick pass


@pytest.mark.timeout(900)
def test_f40_the_network_is_gone_while_an_offer_comes(stage, dovecot, many, long_run, seed, seeds):
    """Neither mailbox nor alerts can be reached, and nobody says so; one alert is under way just then. In
    the long pass one seed has the real ten minutes, the others seconds."""
    real = long_run and seed == seeds[0]
    with contextlib.ExitStack() as undo:
        undo.enter_context(patient() if real else contextlib.nullcontext())
        mail = undo.enter_context(Chaos(dovecot.port))
        limits = {"read": 30.0, "window": AWAKE} if real else {"read": 1.0, "window": 2.0}
        scene = stage(port=mail.port, **limits)
        alerts = undo.enter_context(Chaos(scene.plan.smtp_port))
        scene.replan(smtp_port=alerts.port)
        undo.callback(mail.plug_in)
        undo.callback(alerts.plug_in)
        with scene.watching():
            scene.wait_for(scene.looked)
            alerts.pull()
            scene.offers_of(many // 2)
            scene.wait_for(lambda: scene.rows("SELECT 1 FROM outbox WHERE state = 'sending'"), 20)
            mail.pull()
            scene.offers_of(many - many // 2)
            time.sleep(PULLED if real else scene.random.uniform(2.5, 6.0))
            mail.plug_in()
            alerts.plug_in()
            back = time.monotonic()
            scene.wait_for(scene.all_rung, 60, exact=True)
            assert time.monotonic() - back < 60
            scene.settle(60)
        scene.verdict()
