"""Nothing reaches another machine: the guard that holds for every test, and a day of the daemon under it."""

import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest

from support.dovecot import Dovecot
from support.outsider import environment
from support.processes import started, stop
from support.smtp import SmtpSink
from support.waiting import until
from watcher.clock import instant, utc_now
from watcher.store import Store

ROOT = Path(__file__).parents[1]

TRIES = {
    "a connection": "import socket; socket.create_connection(('192.0.2.7', 443), 1)",
    "a datagram": "import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.7', 53))",
    "a name": "import socket; socket.getaddrinfo('www.aliexpress.com', 443)",
    "a name, the old way": "import socket; socket.gethostbyname('www.aliexpress.com')",
    "an open port": "import socket; socket.socket().bind(('0.0.0.0', 0))",
    "a request": "import urllib.request as r; r.urlopen('http://www.aliexpress.com/accept', timeout=1)",
    "asyncio": "import asyncio; asyncio.run(asyncio.open_connection('2001:db8::7', 443))",
}
CHILD = (
    "import subprocess, sys; sys.exit(subprocess.run([sys.executable, '-c', sys.argv[1]], env={}).returncode)"
)


def run(record: Path, code: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={"OFFERWATCH_GUARD": str(record), "OFFERWATCH_GUARD_ALL": "1"},
        capture_output=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize("what", TRIES)
def test_whatever_reaches_for_another_machine_is_refused_and_on_record(tmp_path, what):
    record = tmp_path / "record"
    assert run(record, TRIES[what]).returncode != 0
    assert record.read_text().startswith("refused ")


def test_a_child_with_an_empty_environment_is_guarded_too(tmp_path):
    record = tmp_path / "record"
    assert run(record, CHILD, TRIES["a connection"]).returncode != 0
    assert "192.0.2.7" in record.read_text()


def test_this_machine_may_be_talked_to_and_is_on_record_where_asked(tmp_path):
    record = tmp_path / "record"
    code = (
        "import socket; s = socket.create_server(('localhost', 0)); socket.create_connection(s.getsockname())"
    )
    assert run(record, code).returncode == 0
    assert "allowed connect 127.0.0.1:" in record.read_text()
    assert "refused" not in record.read_text()


def test_a_name_that_exists_nowhere_is_answered_without_asking_anybody(tmp_path):
    record = tmp_path / "record"
    code = "import socket; socket.getaddrinfo('imap.example.invalid', 993)"
    assert b"gaierror" in run(record, code).stderr
    assert not record.exists()


def test_this_very_process_is_guarded():
    assert os.environ["OFFERWATCH_GUARD"]


# a day of the daemon

ORDER = "8194027715526318"
BAIT = """<html><head><link rel="stylesheet" href="http://tracker.example/s.css">
<meta http-equiv="refresh" content="0;url=https://www.aliexpress.com/accept?orderId={order}&op=agree">
<style>@import url(http://tracker.example/i.css); p {{ background: url(http://tracker.example/b) }}</style>
</head><body><img src="https://tracker.example/pixel.gif"><iframe src="https://tracker.example/"></iframe>
<h2>The seller has proposed a solution</h2><p>Order number {order}</p><p>Refund: US $12.50</p>
<p>You have 20 hours left to accept or reject this proposal.</p>
<a href="https://www.aliexpress.com/issue/accept.htm?orderId={order}&op=agree">Accept</a>
<a href="https://urldefense.com/v3/__https://www.aliexpress.com/issue/reject.htm?orderId={order}__;!!x$">Reject</a>
<object data="https://tracker.example/o"></object><video src="https://tracker.example/v"></video></body></html>"""
NOTHING = "The parcel with your order {order} was handed to the carrier."


def a_mail(n: int, body: str, subject: str, sender: str = "transaction@notice.aliexpress.com") -> bytes:
    sent = format_datetime(utc_now().replace(microsecond=0) - timedelta(minutes=1))
    return (
        f"From: AliExpress <{sender}>\r\nTo: b@example.org\r\nSubject: {subject}\r\nDate: {sent}\r\n"
        f"Message-ID: <{n}@{sender.split('@')[1]}>\r\nList-Unsubscribe: <https://tracker.example/u>\r\n"
        "Disposition-Notification-To: x@tracker.example\r\n"
        f"Content-Type: text/html; charset=utf-8\r\n\r\n{body}"
    ).encode()


MAILS = (
    a_mail(1, BAIT.format(order=ORDER), f"The seller made you an offer for order {ORDER}"),
    a_mail(2, BAIT.format(order="8194027715526319"), "Accept now", "offers@aliexpress.com.tracker.example"),
    a_mail(3, NOTHING.format(order="8194027715526320"), "Order 8194027715526320 shipped"),
    a_mail(4, BAIT.format(order="8194027715526321"), "Look at your dispute"),
)


class Receiver(http.server.BaseHTTPRequestHandler):
    """Takes what Apprise and the dead-man ping bring."""

    got: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()

    def do_GET(self) -> None:
        self.got.append(self.path)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *told: object) -> None:
        pass


@contextmanager
def receiver() -> Iterator[int]:
    Receiver.got = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_port
        server.shutdown()


CONFIGURATION = """
state_dir = "state"
[[account]]
name = "server"
host = "127.0.0.1"
port = {imap}
security = "none"
username = "alice"
password_env = "PASSWORD"
[[account]]
kind = "maildir"
name = "folder"
path = "Maildir"
poll_every = "1s"
[calendar]
path = "offers.ics"
[health]
ping_url = "http://127.0.0.1:{http}/ping"
[[channel]]
kind = "email"
host = "127.0.0.1"
port = {smtp}
security = "none"
from = "me@example.org"
to = ["me@example.org"]
[[channel]]
kind = "apprise"
url = "json://127.0.0.1:{http}/push"
[[channel]]
kind = "command"
run = ["tee", "-a", "rung.jsonl"]
"""


class Day:
    """A home with everything configured, its clock, and the record of its guard."""

    def __init__(self, home: Path) -> None:
        self.home, self.record = home, home / "record"
        (home / "ahead").write_text("0")
        self.command = [sys.executable, str(ROOT / "tests/support/hurried.py")]
        self.environment = environment(
            home,
            PYTHONPATH=f"{ROOT}:{ROOT / 'tests'}",
            OFFERWATCH_CONFIG="conf.toml",
            OFFERWATCH_TEST_AHEAD=str(home / "ahead"),
            OFFERWATCH_GUARD=str(self.record),
            OFFERWATCH_GUARD_ALL="1",
            PASSWORD="swordfish",
        )

    def ask(self, *arguments: str) -> str:
        done = subprocess.run(
            [*self.command, *arguments],
            cwd=self.home,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def talked_to(self) -> set[str]:
        lines = self.record.read_text().splitlines() if self.record.exists() else []
        return {line.removeprefix("allowed ") for line in lines if not line.startswith("allowed bind ")}

    def rung(self) -> list[dict[str, Any]]:
        lines = (
            (self.home / "rung.jsonl").read_text().splitlines() if (self.home / "rung.jsonl").exists() else []
        )
        return [json.loads(line) for line in lines]

    @contextmanager
    def watching(self) -> Iterator[None]:
        with started([*self.command, "watch"], self.home, self.environment) as process:
            yield
            stop(process)

    def pass_by(self, hours: int) -> None:
        """Half an hour at a time, each as soon as the daemon has looked at the clock in the one before."""
        store = Store(self.home / "state")
        for half in range(1, 2 * hours + 1):
            then = utc_now() + timedelta(hours=half / 2)
            (self.home / "ahead.new").write_text(str(half / 2))
            (self.home / "ahead.new").rename(self.home / "ahead")
            until(lambda then=then: instant(store.diary.get("last_tick_at") or "") >= then)
        until(lambda: all(then - each < timedelta(minutes=5) for each in self._looks(store)))
        store.close()

    def _looks(self, store: Store) -> list[datetime]:
        """When each folder was last looked at."""
        return [each.last_look_at or datetime.min.replace(tzinfo=UTC) for each in store.diary.folders()]


def test_a_days_daemon_talks_to_its_mail_servers_and_channels_and_to_nobody_else(tmp_path):
    day = Day(tmp_path)
    for room in ("cur", "new", "tmp"):
        (tmp_path / "Maildir" / room).mkdir(parents=True)
    with Dovecot(tls=False) as server, SmtpSink() as sink, receiver() as port:
        (tmp_path / "conf.toml").write_text(CONFIGURATION.format(imap=server.port, smtp=sink.port, http=port))
        for n, raw in enumerate(MAILS):
            server.deliver(raw)
            (tmp_path / "Maildir/new" / str(n)).write_bytes(raw)
        with day.watching():
            until(lambda: sink.taken and day.rung() and "/push" in Receiver.got)
            day.pass_by(27)
        (case,) = {each["case"] for each in day.rung() if each["order"] == ORDER}
        allowed = {f"connect 127.0.0.1:{number}" for number in (server.port, sink.port, port)}
    assert day.talked_to() == allowed
    rungs = [each["rung"] for each in day.rung() if each["order"] == ORDER]
    assert {"6h", "1h"} <= set(rungs), rungs
    assert "/ping" in Receiver.got
    day.record.unlink()
    told = [day.ask("case", case), day.ask("respond", case), day.ask("respond", case, "--answer", "reject")]
    told += [day.ask("status"), day.ask("alerts"), day.ask("dossier", case, "--output", "dossier")]
    told += [day.ask("scan", "Maildir"), day.ask("explain", "Maildir/new/0")]
    assert day.talked_to() == set()
    assert not [text for text in told if "op=agree" in text]
