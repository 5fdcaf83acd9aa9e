"""Signing in by tokens: kept before they are used, renewed ahead of time, never stormed, never lost."""

import base64
import json
import os
import re
import stat
import subprocess
import threading
import time
import urllib.parse
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from support.outsider import SCRIPT, environment, offerwatch
from support.scripted_imap import ScriptedImap, Talk
from support.tokenserver import TokenServer
from watcher import tokens
from watcher.channels import ChannelError
from watcher.channels.smtp import Delivery
from watcher.channels.smtp import Server as SmtpServer
from watcher.mailboxes import MailboxError, Trouble
from watcher.mailboxes.account import NoMemory
from watcher.mailboxes.imap import ImapMailbox
from watcher.oauth import Client, OAuthError, refreshed
from watcher.providers import Authority
from watcher.tokens import AHEAD, Access, SignIn, TokenFile

NOW = datetime(2025, 3, 8, tzinfo=UTC)
CONF = {"OFFERWATCH_CONFIG": "conf/config.toml"}


@pytest.fixture
def server() -> Iterator[TokenServer]:
    with TokenServer() as running:
        yield running


class Clock:
    """Seconds that tests turn by hand."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


def authority(server: TokenServer) -> Authority:
    return Authority("microsoft", f"{server.url}/token", ("mail",), device=f"{server.url}/device")


def signed_in(folder: Path, server: TokenServer, at: str = "2025-03-08T00:00:00Z") -> TokenFile:
    file = TokenFile(folder, "home")
    file.save(SignIn("microsoft", "b@example.org", "client", server.sign_in(), at))
    return file


def access(folder: Path, server: TokenServer, clock: Clock | None = None) -> Access:
    return Access(
        TokenFile(folder, "home"), "b@example.org", authority(server), lambda: NOW, clock or Clock()
    )


def kept(file: TokenFile) -> str:
    found = file.load()
    assert found is not None
    return found.refresh_token


# keeping the sign-in


def test_a_rotated_token_is_on_the_disk_before_the_access_token_is_used(
    tmp_path: Path, server: TokenServer
) -> None:
    file = signed_in(tmp_path, server)
    assert access(tmp_path, server)() == ("b@example.org", "access-1")
    assert kept(file) == server.valid == "refresh-1"
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700
    assert "access-1" not in file.path.read_text(), "access tokens stay in memory"


def test_what_cant_be_kept_is_not_used_and_is_kept_as_soon_as_it_can(
    tmp_path: Path, server: TokenServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, give = signed_in(tmp_path, server), access(tmp_path, server)

    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    with monkeypatch.context() as patched:
        patched.setattr(tokens, "write_whole", full)
        for _ in range(2):
            with pytest.raises(MailboxError) as caught:
                give()
            assert not caught.value.permanent
        assert server.refreshes() == 1, "the spent token is not spent again"
    assert give()[1] == "access-2"
    assert kept(file) == server.valid


def test_a_token_is_renewed_ahead_of_its_end_and_not_before(tmp_path: Path, server: TokenServer) -> None:
    signed_in(tmp_path, server)
    clock = Clock()
    give = access(tmp_path, server, clock)
    assert [give()[1] for _ in range(3)] == ["access-1"] * 3
    clock.at += 3600 - AHEAD - 1
    assert give()[1] == "access-1"
    clock.at += 2
    assert give()[1] == "access-2"


def test_many_folders_at_once_fetch_one_token(tmp_path: Path, server: TokenServer) -> None:
    signed_in(tmp_path, server)
    give = access(tmp_path, server)
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(give()[1])) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert found == ["access-1"] * 8
    assert server.refreshes() == 1


def test_two_processes_never_spend_one_refresh_token(tmp_path: Path, server: TokenServer) -> None:
    file = signed_in(tmp_path, server)
    both = [access(tmp_path, server) for _ in range(4)]
    threads = [threading.Thread(target=give) for give in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert server.refreshes() == 4
    assert kept(file) == server.valid


# what goes wrong


def test_a_sign_in_that_has_ended_is_asked_for_once_and_again_only_after_a_new_one(
    tmp_path: Path, server: TokenServer
) -> None:
    file, give = signed_in(tmp_path, server), access(tmp_path, server)
    server.valid = "another"
    for _ in range(5):
        with pytest.raises(MailboxError) as caught:
            give()
        assert (caught.value.kind, caught.value.permanent) == (Trouble.LOGIN, True)
        assert "account login home" in caught.value.remedy
        assert not give.refused()
    assert server.refreshes() == 1
    signed_in(tmp_path, server, at="2025-03-09T00:00:00Z")
    assert give()[1] == "access-1"
    assert kept(file) == "refresh-1"


@pytest.mark.parametrize(
    "answer", [(503, b"busy"), (429, {}), (500, {"error": "invalid_grant"}), (200, b"<html>")]
)
def test_a_server_that_is_out_of_order_has_ended_nothing(
    tmp_path: Path, server: TokenServer, answer: Any
) -> None:
    file, give = signed_in(tmp_path, server), access(tmp_path, server)
    server.on["refresh_token"] = lambda form: answer
    with pytest.raises(MailboxError) as caught:
        give()
    assert (caught.value.kind, caught.value.permanent) == (Trouble.NETWORK, False)
    assert kept(file) == "refresh-0"
    server.on.clear()
    assert give()[1] == "access-1"


def test_a_network_that_is_gone_has_ended_nothing(tmp_path: Path) -> None:
    with TokenServer() as server:
        file, give = signed_in(tmp_path, server), access(tmp_path, server)
    with pytest.raises(MailboxError) as caught:
        give()
    assert (caught.value.kind, caught.value.permanent) == (Trouble.NETWORK, False)
    assert kept(file) == "refresh-0"


def test_a_redirect_of_the_token_server_is_not_followed(server: TokenServer) -> None:
    server.on["refresh_token"] = lambda form: (307, b"")
    with pytest.raises(OAuthError):
        refreshed(authority(server), Client("c"), "r")
    assert len(server.asked) == 1


def test_no_token_is_ever_shown(tmp_path: Path, server: TokenServer) -> None:
    file = signed_in(tmp_path, server)
    assert "refresh-0" not in repr(file.load())
    assert "secret" not in repr(Client("c", "secret"))
    assert "access-1" not in repr(refreshed(authority(server), Client("c"), "refresh-0"))


def test_a_damaged_file_is_told_with_the_way_out(tmp_path: Path, server: TokenServer) -> None:
    signed_in(tmp_path, server).path.write_bytes(b"{")
    with pytest.raises(MailboxError, match="account login home"):
        access(tmp_path, server)()


# at the mail server


def bearer(talk: Talk) -> tuple[str, str]:
    talk.send(b"+ \r\n")
    said = base64.b64decode(talk.line()).decode()
    found = re.fullmatch("user=(.+)\x01auth=Bearer (.+)\x01\x01", said)
    assert found is not None, said
    return found[1], found[2]


class Gate:
    """An IMAP server's XOAUTH2 that takes some tokens only, and refuses in two steps as the real ones do."""

    def __init__(self, *taken: str) -> None:
        self.taken = taken
        self.tried: list[str] = []

    def __call__(self, talk: Talk, tag: str, rest: str) -> None:
        assert rest == "XOAUTH2"
        _, token = bearer(talk)
        self.tried.append(token)
        if token in self.taken:
            talk.ok(tag)
            return
        talk.send(b"+ " + base64.b64encode(b'{"status":"400"}') + b"\r\n")
        assert talk.line() == b""
        talk.no(tag, "AUTHENTICATE failed.")


def mailbox(imap: ScriptedImap, give: Access) -> ImapMailbox:
    return ImapMailbox("home", imap.host, imap.port, "none", "b@example.org", None, token=give)


def test_a_token_opens_the_mailbox(tmp_path: Path, server: TokenServer) -> None:
    signed_in(tmp_path, server)
    gate = Gate("access-1")
    with ScriptedImap({1: b"Subject: x\r\n\r\n"}, on={"AUTHENTICATE": gate}) as imap:
        box = mailbox(imap, access(tmp_path, server))
        assert box.names() == ["INBOX"]
        box.close()
    assert gate.tried == ["access-1"]


def test_a_refused_token_is_replaced_once_and_then_it_stops(tmp_path: Path, server: TokenServer) -> None:
    signed_in(tmp_path, server)
    good, bad = Gate("access-2"), Gate()
    with ScriptedImap(on={"AUTHENTICATE": good}) as imap:
        assert mailbox(imap, access(tmp_path, server)).names() == ["INBOX"]
    assert good.tried == ["access-1", "access-2"]
    with ScriptedImap(on={"AUTHENTICATE": bad}) as imap:
        box = mailbox(imap, access(tmp_path, server))
        before = server.refreshes()
        with pytest.raises(MailboxError) as caught:
            box.names()
        assert (caught.value.kind, caught.value.permanent) == (Trouble.LOGIN, True)
        assert len(bad.tried) == 2
        for _ in range(3):
            with pytest.raises(MailboxError):
                box.names()
        assert server.refreshes() == before + 2, "one at the start, one for the refusal"


def test_an_ended_sign_in_never_reaches_the_mail_server(tmp_path: Path, server: TokenServer) -> None:
    signed_in(tmp_path, server)
    server.valid = "another"
    with ScriptedImap(on={"AUTHENTICATE": Gate()}) as imap:
        box = mailbox(imap, access(tmp_path, server))
        for _ in range(5):
            with pytest.raises(MailboxError):
                list(box.look(NoMemory(), NOW - timedelta(days=1)))
        assert imap.commands == []
    assert server.refreshes() == 1


def test_a_mail_server_that_is_busy_is_no_refusal_of_the_token(tmp_path: Path, server: TokenServer) -> None:
    signed_in(tmp_path, server)

    def busy(talk: Talk, tag: str, rest: str) -> None:
        bearer(talk)
        talk.no(tag, "[UNAVAILABLE] try again later")

    with ScriptedImap(on={"AUTHENTICATE": busy}) as imap, pytest.raises(MailboxError) as caught:
        mailbox(imap, access(tmp_path, server)).names()
    assert caught.value.kind is Trouble.LIMIT
    assert server.refreshes() == 1


def test_alerts_are_handed_in_with_a_token_too() -> None:
    import socket

    said: list[bytes] = []

    def serve(listener: socket.socket, answer: bytes) -> None:
        line, _ = listener.accept()
        with line, line.makefile("rb") as lines:
            line.sendall(b"220 ready\r\n")
            for raw in lines:
                said.append(raw)
                verb = raw[:4].upper()
                told = {b"EHLO": b"250-here\r\n250 AUTH XOAUTH2\r\n", b"QUIT": b"221 bye\r\n"}.get(
                    verb, answer
                )
                line.sendall(b"334 eyJzIjo0MDB9\r\n" if verb == b"AUTH" and answer[:1] == b"5" else told)
                if verb == b"QUIT":
                    return

    for answer, works in ((b"235 in\r\n", True), (b"535 5.7.8 no\r\n", False)):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            threading.Thread(target=serve, args=(listener, answer), daemon=True).start()
            port = listener.getsockname()[1]
            smtp = SmtpServer("127.0.0.1", port, "none", "b@example.org", token=lambda: "access-1")
            if works:
                Delivery("email", smtp).check()
            else:
                with pytest.raises(ChannelError, match="535"):
                    Delivery("email", smtp).check()
    first = next(line for line in said if line.startswith(b"AUTH"))
    assert base64.b64decode(first.split()[2]) == b"user=b@example.org\x01auth=Bearer access-1\x01\x01"


# as an outsider


@pytest.fixture
def home(tmp_path: Path, server: TokenServer) -> Path:
    (tmp_path / "conf").mkdir()
    google = server.table("google", device=False) + "needs_secret = true\n"
    (tmp_path / "conf/providers.toml").write_text(server.table("microsoft") + google)
    return tmp_path


def adding(imap: ScriptedImap, provider: str, *more: str) -> list[str]:
    where = ["--host", "127.0.0.1", "--port", str(imap.port), "--security", "none"]
    return ["account", "add", "b@example.org", "--provider", provider, *where, "--name", "home",
            "--auth", "oauth2", "--client-id", "mine", "--folder", "INBOX",
            "--alert", "none", *more]  # fmt: skip


def test_a_microsoft_mailbox_is_added_by_a_code_typed_elsewhere(home: Path, server: TokenServer) -> None:
    gate = Gate("access-2", "access-3", "access-4")
    with ScriptedImap(on={"AUTHENTICATE": gate}) as imap:
        ran = offerwatch(home, *adding(imap, "outlook"), more=CONF)
        assert (ran.code, ran.err) == (0, "")
        assert "enter the code ABCD-1234" in ran.out
        assert "https://login.example/device" in ran.out
        written = (home / "conf/config.toml").read_text()
        assert 'auth = "oauth2"' in written
        assert 'provider = "microsoft"' in written
        assert "refresh-" not in written + ran.out
        assert offerwatch(home, "account", "test", more=CONF).code == 0
        row = offerwatch(home, "doctor", "--format", "json", more=CONF).row
        (found,) = [each for each in row["findings"] if each["name"] == "sign-in of home"]
        assert found["state"] == "ok"

        server.valid = "another"
        refused = offerwatch(home, "account", "test", more=CONF)
        assert refused.code == 1
        assert "has ended this sign-in" in refused.out
        assert "Run: offerwatch account login home" in refused.out
        again = offerwatch(home, "account", "login", "home", more=CONF)
        assert "mine" in {form["client_id"] for form in server.asked}
        assert "signed in as b@example.org" in again.out
    assert offerwatch(home, "account", "remove", "home", more=CONF).code == 0
    assert not list(home.rglob("home.json"))


def test_a_sign_in_that_is_refused_is_a_sentence(home: Path, server: TokenServer) -> None:
    server.on["device_code"] = lambda form: (
        400,
        {"error": "access_denied", "error_description": "No.\x1b[2J"},
    )
    with ScriptedImap() as imap:
        ran = offerwatch(home, *adding(imap, "outlook"), more=CONF)
    assert ran.code == 1
    assert "was told no" in ran.err
    assert "\x1b" not in ran.err
    assert not (home / "conf/config.toml").exists()


def test_a_google_mailbox_is_added_by_pasting_where_the_browser_ended(
    home: Path, server: TokenServer
) -> None:
    (home / "secret").write_text("client-secret\n")
    more = ("--paste", "--client-secret-file", "secret")
    with (
        ScriptedImap(on={"AUTHENTICATE": Gate("access-2")}) as imap,
        running(home, adding(imap, "gmail", *more)) as ow,
    ):
        page = page_of(ow)
        assert "code_challenge_method=S256" in page
        out, err = ow.communicate(server.consent(page) + "\n", timeout=30)
    assert (ow.returncode, err) == (0, "")
    assert "client-secret" not in page + out + (home / "conf/config.toml").read_text()
    assert server.asked[-1]["client_secret"] == "client-secret"


def test_a_google_mailbox_is_added_by_a_browser_on_this_machine(home: Path, server: TokenServer) -> None:
    (home / "secret").write_text("client-secret\n")
    more = ("--no-browser", "--client-secret-file", "secret")
    with (
        ScriptedImap(on={"AUTHENTICATE": Gate("access-2")}) as imap,
        running(home, adding(imap, "gmail", *more)) as ow,
    ):
        back = urllib.parse.urlsplit(server.consent(page_of(ow)))
        assert back.hostname == "127.0.0.1"
        for query in ("/favicon.ico", f"/?{back.query}"):
            browser = HTTPConnection("127.0.0.1", back.port or 0, timeout=10)
            browser.request("GET", query)
            assert browser.getresponse().status == 200
            browser.close()
        _, err = ow.communicate(timeout=30)
    assert (ow.returncode, err) == (0, "")


def test_an_answer_to_somebody_elses_sign_in_is_refused(home: Path, server: TokenServer) -> None:
    (home / "secret").write_text("client-secret\n")
    more = ("--paste", "--client-secret-file", "secret")
    with ScriptedImap() as imap, running(home, adding(imap, "gmail", *more)) as ow:
        page_of(ow)
        _, err = ow.communicate("http://127.0.0.1:1/?state=theirs&code=theirs\n", timeout=30)
    assert ow.returncode == 1
    assert "not the answer to this sign-in" in err
    assert server.asked == []


def running(home: Path, arguments: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [str(SCRIPT), *arguments],
        cwd=home,
        env=environment(home, PYTHONUNBUFFERED="1", **CONF),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def page_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("http://127.0.0.1"):
            return line.strip()
    assert process.stderr is not None
    raise AssertionError(process.stderr.read())


def test_a_channel_may_sign_in_by_an_accounts_tokens_and_only_by_one_that_has_them(home: Path) -> None:
    path = home / "conf/config.toml"
    channel = '[[channel]]\nkind = "email"\nhost = "smtp.example.org"\nusername = "b"\nauth = "oauth2"\n'
    path.write_text(f'{channel}account = "home"\nfrom = "b@example.org"\nto = "b@example.org"\n')
    ran = offerwatch(home, "status", more=CONF)
    assert ran.code == 2
    assert "channel[1].account" in ran.err
    with path.open("a") as config:
        config.write('[[account]]\nname = "home"\nhost = "imap.example.org"\nusername = "b"\n'
                     'auth = "oauth2"\nprovider = "microsoft"\n')  # fmt: skip
    assert offerwatch(home, "status", more=CONF).code == 3


def test_the_daemon_says_once_that_a_sign_in_has_ended_and_storms_nobody(
    home: Path, server: TokenServer
) -> None:
    signed_in(home / "state/", server)
    server.valid = "another"
    (home / "ring").write_text("#!/bin/sh\ncat >> rung.jsonl\n")
    (home / "ring").chmod(0o755)
    with ScriptedImap() as imap:
        (home / "conf/config.toml").write_text(
            f'state_dir = "{home}/state"\n[[account]]\nname = "home"\nport = {imap.port}\n'
            'host = "127.0.0.1"\n'
            'security = "none"\nusername = "b@example.org"\nauth = "oauth2"\nprovider = "microsoft"\n'
            f'folders = ["INBOX", "Other"]\n[[channel]]\nkind = "command"\nrun = ["{home}/ring"]\n'
        )
        with running(home, ["watch"]) as watch:
            rung = home / "rung.jsonl"
            until = time.monotonic() + 30
            while not (rung.exists() and rung.read_text().endswith("\n")) and time.monotonic() < until:
                time.sleep(0.05)
            watch.terminate()
            _, log = watch.communicate(timeout=20)
        assert imap.commands == []
    (alert,) = [json.loads(line) for line in rung.read_text().splitlines()]
    assert alert["about"] == "health"
    assert "account login home" in alert["body"]
    assert server.refreshes() == 1
    assert "refresh-" not in log
    assert "Traceback" not in log


def test_what_lies_in_the_file_is_json_of_known_keys(tmp_path: Path, server: TokenServer) -> None:
    file = signed_in(tmp_path, server)
    access(tmp_path, server)()
    assert set(json.loads(file.path.read_text())) == {
        "provider", "username", "client_id", "client_secret", "refresh_token", "signed_in_at", "refreshed_at",
    }  # fmt: skip
