"""Faults of what lets us in and lets us speak: tokens, the keyring, the desktop's bus."""

import base64
import contextlib
import json
import signal
import subprocess
import time
from collections import Counter
from datetime import UTC

import pytest
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import Proxy, open_dbus_connection

from support.faults import access, an_offer, mailbox, signed_in
from support.faultsdaemon import Spawned
from support.notifications import NotificationServer, session_bus
from support.outsider import SCRIPT, environment, offerwatch
from support.processes import started, stop
from support.scripted_imap import ScriptedImap
from support.tokenserver import TokenServer
from watcher.channels import Surroundings
from watcher.channels.desktop import DesktopChannel
from watcher.clock import utc_now
from watcher.crash import TOKEN_POINTS

CAPABILITY = "IMAP4rev1 IDLE AUTH=XOAUTH2 SASL-IR"


def put(scene, server, count):
    for _ in range(count):
        server.mails[max(server.mails, default=0) + 1] = scene.expect(an_offer(scene.number())).raw


def times_refused(scene):
    return sum("refused" in key for key, _ in scene.alerts())


@contextlib.contextmanager
def token_house(stage, **plan):
    """A token server, a mail server that takes its newest token only, and a scene between them."""

    def authenticate(talk, tag, rest):
        if " " not in rest:
            talk.send(b"+ \r\n")
        given = base64.b64decode(rest.split(" ", 1)[1] if " " in rest else talk.line()).decode()
        if tokens.access and f"auth=Bearer {tokens.access[-1]}\1" in given:
            talk.ok(tag)
        else:
            talk.send(b"+ eyJzdGF0dXMiOiI0MDAifQ==\r\n")
            talk.line()
            talk.no(tag, "[AUTHENTICATIONFAILED] invalid credentials")

    with (
        TokenServer() as tokens,
        ScriptedImap(on={"AUTHENTICATE": authenticate}, capability=CAPABILITY) as server,
    ):
        scene = stage(server, window=0.4, tokens=f"{tokens.url}/token", **plan)
        signed_in(scene.plan, tokens.sign_in())
        yield scene, server, tokens


def test_f36_a_token_runs_out_its_server_is_out_of_order_and_then_it_is_revoked(stage, many):
    late = [0.0]
    with token_house(stage) as (scene, server, tokens):
        the_access = access(scene.plan, lambda: time.monotonic() + late[0])

        def by_token(plan, folder):
            return mailbox(plan, folder, token=the_access)

        with scene.watching(make_mailbox=by_token) as built:
            put(scene, server, many)
            scene.settle()
            late[0] += 3400  # the token ends soon, and the server ends the session
            server.hang_up()
            put(scene, server, 1)
            scene.settle()
            assert tokens.refreshes() == 2
            tokens.granted()  # it lost its validity before its time
            signed_in(scene.plan, tokens.valid)
            server.hang_up()
            put(scene, server, 1)
            scene.settle()

            late[0] += 3400
            tokens.on["refresh_token"] = lambda form: (503, b"out of order")
            server.hang_up()
            scene.wait_for(lambda: any(state.error for state in built.store.diary.folders()))
            put(scene, server, 1)
            asked = tokens.refreshes()
            scene.wait_for(lambda: tokens.refreshes() > asked + 1)
            assert times_refused(scene) == 0, "a server out of order has ended nothing"
            tokens.on.clear()
            scene.settle()

            late[0] += 3400
            tokens.valid = "revoked"
            server.hang_up()
            scene.wait_for(lambda: times_refused(scene) == 1)
            asked = tokens.refreshes()
            put(scene, server, 1)
            time.sleep(1.0)
            assert tokens.refreshes() == asked, "nobody is stormed"
            signed_in(scene.plan, tokens.sign_in())
            scene.settle()
            assert built.store.diary.folders()[0].error is None
        assert times_refused(scene) == 1
        scene.verdict()


@pytest.mark.parametrize("point", TOKEN_POINTS)
def test_f36_killed_while_a_token_is_rotated(stage, many, point):
    """Before it is saved the new token is lost with us: then a person is told at once; after it, nothing."""
    with token_house(stage) as (scene, server, tokens):
        put(scene, server, many)
        first = Spawned(scene.plan, point)
        try:
            assert first.wait(30) == 137
        finally:
            first.forget()
        second = Spawned(scene.plan)
        try:
            if point == "before_token_saved":
                scene.wait_for(lambda: times_refused(scene) == 1, 30)
                assert scene.rung() == set()
                signed_in(scene.plan, tokens.sign_in())
            scene.wait_for(scene.all_rung, 30 + many)
            put(scene, server, 1)
            scene.wait_for(lambda: scene.all_rung() and scene.nothing_waits(), 30)
            second.terminate()
            assert second.wait(10) == 0
        finally:
            second.forget()
        assert times_refused(scene) == (point == "before_token_saved")
        scene.verdict()


@pytest.mark.parametrize("way", ["no bus", "no server", "the server dies"])
def test_f37_the_desktop_shows_nothing(stage, many, tmp_path, monkeypatch, way):
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/bus.socket")
    desktop = DesktopChannel("desktop", Surroundings(utc_now, UTC), timeout=2)
    scene, shown = stage(), []
    with contextlib.ExitStack() as undo, scene.watching(more=[desktop]) as built:
        undo.callback(desktop.close)
        if way != "no bus":
            address = undo.enter_context(session_bus(tmp_path))
        if way == "the server dies":
            with NotificationServer(address) as mortal:
                scene.offers_of(many // 2)
                shown += mortal.wait_for(many // 2, 30)
        scene.offers_of(many - many // 2)
        scene.wait_for(scene.all_rung, 10 + many)
        scene.wait_for(lambda: built.store.said.stuck_since() is None)  # another channel has told it
        assert not scene.nothing_waits(), "what nobody showed was not shown"
        if way == "no bus":
            address = undo.enter_context(session_bus(tmp_path))
        with NotificationServer(address) as desk:
            shown += desk.wait_for(len(scene.offers) - len(shown), 30 + many)
            scene.settle()
            built.daemon.tick()
            time.sleep(0.3)
            assert len(desk.shown) + (many // 2 if way == "the server dies" else 0) == len(scene.offers)
    times = Counter(each.order for each in scene.offers for note in shown if each.order in note.body)
    assert set(times.values()) == {1}
    assert len(times) == len(scene.offers)
    scene.verdict()


CONFIG = """
state_dir = "state"
[[account]]
name = "home"
host = "127.0.0.1"
port = {port}
security = "none"
username = "{user}"
folders = ["INBOX"]
[[channel]]
kind = "command"
run = ["{home}/ring"]
"""


@pytest.mark.timeout(180)
@pytest.mark.parametrize("way", ["is locked", "does not answer"])
def test_f37_the_keyring_gives_no_password(stage, dovecot, count, tmp_path, monkeypatch, way):
    """GNOME's own keyring on a bus of its own, locked or replaced by one that is mute; then unlocked."""
    scene = stage()
    (tmp_path / "ring").write_text(f"#!/bin/sh\ncat >> {tmp_path}/rung.jsonl\n")
    (tmp_path / "ring").chmod(0o755)
    told = {"port": dovecot.port, "user": scene.plan.user, "home": tmp_path}
    (tmp_path / "config.toml").write_text(CONFIG.format(**told))
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    watch = [SCRIPT, "watch", "--config", tmp_path / "config.toml"]
    offer = scene.offer()
    with session_bus(tmp_path) as address:
        more = {"DBUS_SESSION_BUS_ADDRESS": address, "XDG_RUNTIME_DIR": str(runtime)}
        whole = environment(tmp_path, **more)
        with keyring_daemon(whole, unlocked=True):
            keep_in_keyring(whole, scene.plan.user, dovecot.password)
        with contextlib.ExitStack() as broken, started(watch, tmp_path, whole) as running:
            broken.enter_context(keyring_daemon(whole, False) if way == "is locked" else mute(address))
            said = wait_for_error(tmp_path, more)
            assert "keyring" in said.lower(), said
            broken.close()
            with keyring_daemon(whole, unlocked=True):
                running.send_signal(signal.SIGHUP)
                rung = tmp_path / "rung.jsonl"
                scene.wait_for(lambda: rung.exists() and rung.read_text().endswith("\n"), 60)
                stop(running, 10)
    alerts = [json.loads(line) for line in rung.read_text().splitlines()]
    assert [alert["order"] for alert in alerts] == [offer.order]
    count(1, len(alerts))


@contextlib.contextmanager
def keyring_daemon(environ, unlocked):
    """GNOME's keyring on the bus of this environment, for as long as the block lasts."""
    more = ["--unlock"] if unlocked else []
    daemon = subprocess.Popen(
        ["gnome-keyring-daemon", "--foreground", "--components=secrets", *more],
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        daemon.stdin.write(b"pass phrase" if unlocked else b"")
        daemon.stdin.close()
        wait_for_owner(environ["DBUS_SESSION_BUS_ADDRESS"])
        yield
    finally:
        daemon.terminate()
        daemon.wait(10)


SECRETS = "org.freedesktop.secrets"


def wait_for_owner(address):
    with open_dbus_connection(address) as line:
        until = time.monotonic() + 20
        while Proxy(message_bus, line, timeout=5).NameHasOwner(SECRETS) != (1,):
            assert time.monotonic() < until, "no keyring came up"
            time.sleep(0.05)


@contextlib.contextmanager
def mute(address):
    """A secret service that never answers."""
    with open_dbus_connection(address) as line:
        assert Proxy(message_bus, line, timeout=5).RequestName(SECRETS) == (1,)
        yield


def keep_in_keyring(environ, user, word):
    python = str(SCRIPT.with_name("python"))
    code = "import keyring, sys; keyring.set_password('offerwatch/home', *sys.argv[1:])"
    subprocess.run([python, "-c", code, user, word], env=environ, check=True, timeout=60)


def wait_for_error(home, more):
    """What `status` says is wrong with the folder, once it does."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        ran = offerwatch(home, "status", "--format", "json", "--config", home / "config.toml", more=more)
        folders = [folder for account in ran.row["accounts"] for folder in account["folders"]]
        if folders and folders[0]["error"]:
            return folders[0]["error"]
        time.sleep(0.3)
    raise AssertionError("status says nothing")
