"""Channels that hand an alert to a program or a service, and how channels are made from a configuration."""

import http.server
import json
import logging
import os
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.facts import AlertAbout, Link, LinkVerdict, Role, Urgency
from support.alerts import NOW, ON_THE_WEB, ORDER, SECRET_LINK, an_alert
from support.smtp import SmtpSink
from watcher.alertjson import alert_from_json, alert_json
from watcher.channels import Attempt, ChannelError, Surroundings, build_channels, close_channels
from watcher.channels.command import CommandChannel
from watcher.channels.push import AppriseChannel, addressed, hidden
from watcher.terminal import lines, one_line

AROUND = Surroundings(lambda: NOW, ZoneInfo("Europe/Madrid"))
FIRST = Attempt("<a1@x.offerwatch.invalid>")
AGAIN = Attempt("<a1@x.offerwatch.invalid>", in_doubt=True, tries=1)

# The JSON


def test_an_alerts_json_has_the_contracts_keys_and_no_address_of_a_link() -> None:
    data = alert_json(an_alert())
    assert list(data) == [
        "schema",
        "key",
        "about",
        "case",
        "order",
        "orders",
        "kind",
        "rung",
        "urgency",
        "late",
        "headline",
        "body",
        "deadline",
        "turn",
        "routes",
        "links",
        "authenticity",
        "created_at",
    ]
    assert data["links"] == [{"role": "accept", "verdict": "broken", "reason": "placeholder"}]
    assert data["deadline"]["at"] == "2025-03-09T14:37:00Z"
    assert SECRET_LINK not in json.dumps(data)


def test_what_does_not_apply_is_null() -> None:
    alert = an_alert(
        about=AlertAbout.TEST, case=None, order=None, kind=None, rung=None, deadline=None, turn=None
    )
    data = alert_json(alert)
    assert [data[key] for key in ("case", "order", "kind", "rung", "deadline", "turn")] == [None] * 6


def test_an_alert_comes_back_from_its_json_without_its_links_targets() -> None:
    back = alert_from_json(json.loads(json.dumps(alert_json(an_alert()))))
    (link,) = an_alert().links
    assert back == an_alert(links=(Link(Role.ACCEPT, None, "", LinkVerdict.BROKEN, link.reason),))


def test_json_of_another_schema_is_refused() -> None:
    with pytest.raises(ValueError, match="schema 2"):
        alert_from_json(alert_json(an_alert()) | {"schema": 2})


# A program


def a_program(folder: Path, text: str) -> tuple[str, ...]:
    path = folder / "ring.py"
    path.write_text("import json, os, signal, subprocess, sys, time\n" + text)
    return (sys.executable, str(path), str(folder))


def test_a_program_gets_one_line_of_json(tmp_path: Path) -> None:
    run = a_program(tmp_path, "open(sys.argv[1] + '/got', 'wb').write(sys.stdin.buffer.read())\n")
    CommandChannel("ring", run).send(an_alert(headline="Réponds €\u2028now"), FIRST)
    got = (tmp_path / "got").read_bytes()
    assert got.count(b"\n") == 1
    assert got.endswith(b"}\n")
    assert json.loads(got) == alert_json(an_alert(headline="Réponds €\u2028now"))


def test_a_program_is_told_that_it_may_know_the_alert(tmp_path: Path) -> None:
    run = a_program(tmp_path, "open(sys.argv[1] + '/got', 'w').write(sys.stdin.read())\n")
    CommandChannel("ring", run).send(an_alert(), AGAIN)
    assert json.loads((tmp_path / "got").read_text())["repeat"] is True


def test_arguments_are_given_as_they_stand_without_a_shell(tmp_path: Path) -> None:
    run = a_program(tmp_path, "open(sys.argv[1] + '/got', 'w').write(sys.argv[2])\n")
    CommandChannel("ring", (*run, "$HOME; `id` *")).send(an_alert(), FIRST)
    assert (tmp_path / "got").read_text() == "$HOME; `id` *"


def test_a_program_that_reads_nothing_and_exits_0_has_delivered(tmp_path: Path) -> None:
    CommandChannel("ring", a_program(tmp_path, "")).send(an_alert(body="x" * 1_000_000), FIRST)


def test_a_failure_is_told_in_the_programs_last_words(tmp_path: Path) -> None:
    script = "print('first\\n\\x1b[31mno network\\x07\\n', file=sys.stderr)\nsys.exit(3)\n"
    with pytest.raises(ChannelError, match=r"exited with 3: no network\.$") as caught:
        raise_of(CommandChannel("ring", a_program(tmp_path, script)))
    assert not caught.value.in_doubt


def raise_of(channel: Any) -> None:
    """Send, and raise what it raises with the sentence alone."""
    try:
        channel.send(an_alert(), FIRST)
    except ChannelError as error:
        raise ChannelError(error.sentence, "", error.permanent, error.in_doubt) from None


def test_long_last_words_are_cut(tmp_path: Path) -> None:
    run = a_program(tmp_path, "sys.stderr.write('x' * 100_000)\nsys.exit(1)\n")
    with pytest.raises(ChannelError, match="xxx…") as caught:
        CommandChannel("ring", run).send(an_alert(), FIRST)
    assert caught.value.sentence.count("x" * 10) <= 20


def test_a_silent_failure_and_a_signal_are_told(tmp_path: Path) -> None:
    with pytest.raises(ChannelError, match="exited with 1 and said nothing"):
        CommandChannel("ring", a_program(tmp_path, "sys.exit(1)\n")).send(an_alert(), FIRST)
    with pytest.raises(ChannelError, match="was ended by SIGKILL"):
        CommandChannel("ring", a_program(tmp_path, "os.kill(os.getpid(), 9)\n")).send(an_alert(), FIRST)


@pytest.mark.parametrize("run", [("/nonexistent/ring",), ("/etc/hostname",), ("bad\0name",)])
def test_a_program_that_cannot_be_started_is_told_with_a_remedy(run: tuple[str, ...]) -> None:
    with pytest.raises(ChannelError, match="could not start") as caught:
        CommandChannel("ring", run).send(an_alert(), FIRST)
    assert caught.value.permanent
    assert "whole path" in caught.value.remedy


def test_a_program_that_overruns_is_ended_with_its_children(tmp_path: Path) -> None:
    script = (
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = subprocess.Popen(['sleep', '60'], preexec_fn=lambda: signal.signal(15, signal.SIG_IGN))\n"
        "open(sys.argv[1] + '/pids', 'w').write(f'{os.getpid()} {child.pid}')\ntime.sleep(60)\n"
    )
    started = time.monotonic()
    with pytest.raises(ChannelError, match=r"did not end within 1\.5 s") as caught:
        CommandChannel("ring", a_program(tmp_path, script), timeout=1.5).send(an_alert(), FIRST)
    assert caught.value.in_doubt
    assert time.monotonic() - started < 10
    for pid in map(int, (tmp_path / "pids").read_text().split()):
        assert gone_within(pid, 5)


def gone_within(pid: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":  # dead, and whoever inherited it has not looked yet
            return True
        time.sleep(0.05)
    return False


def test_a_child_left_behind_on_purpose_does_not_hold_up_success(tmp_path: Path) -> None:
    script = (
        "child = subprocess.Popen(['sleep', '20'])\nopen(sys.argv[1] + '/pid', 'w').write(str(child.pid))\n"
    )
    started = time.monotonic()
    CommandChannel("ring", a_program(tmp_path, script), timeout=15).send(an_alert(), FIRST)
    os.kill(int((tmp_path / "pid").read_text()), 15)
    assert time.monotonic() - started < 10


# A service


@dataclass
class Receiver:
    """An HTTP service on loopback that keeps what it is sent and answers with `status`."""

    status: int = 200
    requests: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)

    def __enter__(self) -> Self:
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.requests.append((self.path, dict(self.headers), json.loads(body)))
                self.send_response(receiver.status)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.mark.parametrize(
    ("urgency", "priority"), [("info", "low"), ("soon", None), ("urgent", "high"), ("critical", "max")]
)
def test_ntfy_gets_the_alert_as_loud_as_it_is(receiver: Receiver, urgency: str, priority: str | None) -> None:
    channel = AppriseChannel("push", f"ntfy://127.0.0.1:{receiver.port}/secret-topic", AROUND)
    channel.send(an_alert(urgency=Urgency(urgency)), FIRST)
    ((_, headers, body),) = receiver.requests
    assert body["topic"] == "secret-topic"
    assert body["title"] == an_alert().headline
    assert "4. Read the proposal" in body["message"]
    assert headers.get("X-Priority") == priority
    assert headers.get("X-Click") == ON_THE_WEB.url
    assert "X-Icon" not in headers
    assert SECRET_LINK not in repr(receiver.requests)


def test_home_assistant_gets_the_alert_as_a_notification(receiver: Receiver) -> None:
    channel = AppriseChannel("house", f"hassio://127.0.0.1:{receiver.port}/long-lived-token", AROUND)
    channel.send(an_alert(), FIRST)
    ((path, headers, body),) = receiver.requests
    assert path == "/api/services/persistent_notification/create"
    assert headers["Authorization"] == "Bearer long-lived-token"
    assert body["title"] == an_alert().headline
    assert "4. Read the proposal" in body["message"]
    assert SECRET_LINK not in repr(receiver.requests)


def test_a_priority_of_the_users_own_wins(receiver: Receiver) -> None:
    url = f"ntfy://127.0.0.1:{receiver.port}/topic?Priority=min"
    assert addressed(url, an_alert(), FIRST).count("riority") == 1


def test_a_webhook_gets_an_idempotency_key_that_stays_the_same(receiver: Receiver) -> None:
    channel = AppriseChannel("hook", lambda: f"json://127.0.0.1:{receiver.port}/hook/a?+X-Own=1", AROUND)
    channel.send(an_alert(), FIRST)
    channel.send(an_alert(), AGAIN)
    (_, first, body), (path, again, repeated) = receiver.requests
    assert path == "/hook/a"
    assert first["Idempotency-Key"] == again["Idempotency-Key"] == "a1@x.offerwatch.invalid"
    assert first["X-Own"] == "1"
    assert body["title"] == an_alert().headline
    assert "may have had this alert before" not in body["message"]
    assert "may have had this alert before" in repeated["message"]


class Log(logging.Handler):
    """What reaches our own log."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.text += record.getMessage() + "\n"


@pytest.fixture
def root_log() -> Iterator[Log]:
    root, log = logging.getLogger(), Log()
    before = root.level
    root.setLevel(logging.DEBUG)
    root.addHandler(log)
    yield log
    root.removeHandler(log)
    root.setLevel(before)


@pytest.mark.parametrize("scheme", ["ntfy", "json"])
def test_a_refusal_is_an_error_in_the_services_words_without_the_token(scheme: str, root_log: Log) -> None:
    with Receiver(status=403) as receiver:
        url = f"{scheme}://buyer:s3cret-pass@127.0.0.1:{receiver.port}/secret-topic"
        with pytest.raises(ChannelError, match="403") as caught:
            AppriseChannel("push", url, AROUND).send(an_alert(), FIRST)
    assert not caught.value.permanent
    for secret in ("s3cret-pass", "secret-topic"):
        assert secret not in str(caught.value)
        assert secret not in root_log.text


def test_a_service_that_cannot_be_reached_is_an_error() -> None:
    with Receiver() as receiver:
        port = receiver.port
    with pytest.raises(ChannelError, match="did not take the alert"):
        AppriseChannel("push", f"json://127.0.0.1:{port}/", AROUND).send(an_alert(), FIRST)


@pytest.mark.parametrize("url", ["nonsense", "nothing://s3cret", "json://"])
def test_an_address_that_is_none_is_told_without_it(url: str) -> None:
    with pytest.raises(ChannelError, match="does not understand") as caught:
        AppriseChannel("push", url, AROUND).send(an_alert(), FIRST)
    assert caught.value.permanent
    assert "s3cret" not in str(caught.value)


def test_without_apprise_the_remedy_is_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(ChannelError, match="not installed") as caught:
        AppriseChannel("push", "json://127.0.0.1/", AROUND).send(an_alert(), FIRST)
    assert "offerwatch[apprise]" in caught.value.remedy


@settings(max_examples=100)
@given(st.text("abcXYZ019", min_size=4, max_size=12), st.sampled_from(["@", "/", "?token=", "/a/"]))
def test_whatever_part_of_an_address_is_quoted_is_blotted_out(token: str, before: str) -> None:
    assert token not in hidden(f"no luck with {token}!", f"tgram://host{before}{token}")


# What is printed


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("\x1b]8;;https://evil.example\x07press\x1b]8;;\x07", "press"),
        ("\x1b]52;c;aGk=\x1b\\copied", "copied"),
        ("\x9b2J\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]0;unfinished, so it must not hide this", "]0;unfinished, so it must not hide this"),
        ("a\u202eb\r\nc", "ab c"),
    ],
)
def test_nothing_that_a_terminal_would_obey_is_printed(said: str, shown: str) -> None:
    assert one_line(said) == shown


def test_lines_stay_lines_and_long_text_is_cut() -> None:
    assert lines("\n a\x1b[2J\r\nb \n") == "a\nb"
    assert one_line("abcdef", 4) == "abc…"


# From a configuration


def test_each_entry_becomes_a_channel_with_its_name_and_floor() -> None:
    configs: list[dict[str, Any]] = [
        {"kind": "desktop"},
        {"kind": "email", "host": "mail.example.org", "from": "a@example.org", "to": "b@example.org"},
        {"kind": "email", "host": "mail.example.org", "username": "a@example.org", "to": ["b@example.org"]},
        {"kind": "apprise", "url": "json://127.0.0.1", "name": "phone", "min_urgency": "urgent"},
        {"kind": "command", "run": ["/bin/true"], "timeout": timedelta(seconds=3)},
    ]
    channels = build_channels(configs, AROUND)
    assert [channel.name for channel in channels] == ["desktop", "email", "email-2", "phone", "command"]
    assert [channel.min_urgency for channel in channels][2:4] == [Urgency.INFO, Urgency.URGENT]
    close_channels(channels)


@dataclass(frozen=True)
class Entry:
    """What a checked configuration may look like."""

    kind: str
    host: str
    port: int
    security: str
    sender: str
    to: tuple[str, ...]


def test_a_dataclass_is_as_good_as_a_mapping() -> None:
    with SmtpSink() as sink:
        entry = Entry("email", "127.0.0.1", sink.port, "none", "a@example.org", ("b@example.org",))
        (channel,) = build_channels([entry], AROUND)
        channel.send(an_alert(), FIRST)
    assert sink.messages[0]["X-Offerwatch-Key"] == an_alert().key
    assert ORDER in str(sink.messages[0])


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"kind": "pigeon"}, "desktop, email, apprise, command"),
        ({"kind": "command", "run": []}, "no program"),
        ({"kind": "apprise"}, "no address"),
        ({"kind": "email", "host": "127.0.0.1", "from": "a@example.org"}, "nobody to write to"),
    ],
)
def test_an_entry_that_cannot_work_is_told(config: dict[str, Any], told: str) -> None:
    with pytest.raises(ChannelError, match=told) as caught:
        build_channels([config], AROUND)
    assert caught.value.permanent
