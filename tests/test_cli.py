"""The command line as an outsider meets it: the installed script, its output, its exit codes."""

import csv
import io
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from support.dovecot import Dovecot
from support.outsider import SCRIPT, environment, offerwatch
from support.processes import started, stop
from watcher.clock import utc_now

FIXTURES = Path(__file__).parent.parent / "fixtures"
OFFER = FIXTURES / "offer/en/offer-countdown-hours.eml"
STRANGER = FIXTURES / "ignored/en/stranger-bank-chargeback.eml"
CLOSED = FIXTURES / "dispute_closed/en/dispute-withdrawn-by-buyer.eml"
NOW = "2025-03-07T17:18:22Z"
ORDER, DISPUTE = "8194027715526318", "6270114853916318"

MAIL_KEYS = [
    "schema", "outcome", "source", "message_id", "sent_at", "kind", "reason", "locale", "orders", "dispute",
    "authenticity", "offer", "asked", "paid", "deadline", "links", "turn", "instruction",
]  # fmt: skip
CASE_KEYS = [
    "case", "orders", "dispute", "kind", "turn", "deadline", "offer", "asked", "paid", "links",
    "authenticity", "locale", "clocks", "history", "instruction",
]  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a Maildir, a configuration that watches it, and a channel that writes to a file."""
    for room in ("cur", "new", "tmp"):
        (tmp_path / "Maildir" / room).mkdir(parents=True)
    ring = tmp_path / "ring"
    ring.write_text("#!/bin/sh\ncat >> rung.jsonl\n")
    ring.chmod(0o755)
    (tmp_path / "conf.toml").write_text(
        'state_dir = "state"\ntimezone = "Europe/Madrid"\n'
        '[[account]]\nkind = "maildir"\nname = "home"\npath = "Maildir"\npoll_every = "1s"\n'
        f'[[channel]]\nkind = "command"\nrun = ["{ring}"]\n'
    )
    return tmp_path


CONF = {"OFFERWATCH_CONFIG": "conf.toml"}


def an_offer(sent: datetime) -> bytes:
    """A fresh offer, sent then, with three days to answer."""
    return (
        "From: AliExpress <transaction@notice.aliexpress.com>\r\nTo: b@example.org\r\n"
        f"Subject: The seller made you an offer for order {ORDER}\r\nDate: {format_datetime(sent)}\r\n"
        f"Message-ID: <{sent:%H%M%S}@notice.aliexpress.com>\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
        "<h2>The seller has proposed a solution</h2><p>The seller offers you a refund of US $12.50.</p>"
        f"<table><tr><td>Order number</td><td>{ORDER}</td></tr>"
        f"<tr><td>Dispute ID</td><td>{DISPUTE}</td></tr></table>"
        "<p>You have 3 days left to accept or reject this proposal.</p>"
        '<p><a href="https://www.aliexpress.com/p/reverse-pages/solution.html?op=agree">Accept</a></p>'
    ).encode()


def deliver(home: Path, raw: bytes, name: str = "1") -> None:
    aside = home / "Maildir/tmp" / name
    aside.write_bytes(raw)
    aside.rename(home / "Maildir/new" / name)


class Watching:
    """A running `offerwatch watch`."""

    def __init__(self, home: Path, process: "subprocess.Popen[str]") -> None:
        self.home, self.process = home, process

    def until(self, code: int, what: str) -> None:
        """Wait until `status` ends with this code and `rung.jsonl` holds `what`."""
        deadline = time.monotonic() + 30
        rung = self.home / "rung.jsonl"
        while time.monotonic() < deadline:
            said = rung.read_text() if rung.exists() else ""
            if what in said and offerwatch(self.home, "status", more=CONF).code == code:
                return
            time.sleep(0.1)
        raise AssertionError(f"status never gave {code} with {what} said")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> float:
        """The seconds that it took to end well."""
        began = time.monotonic()
        stop(self.process, number=number)
        return time.monotonic() - began


@pytest.fixture
def watching(home: Path) -> Iterator[Watching]:
    with started([SCRIPT, "watch"], home, environment(home, **CONF)) as process:
        yield Watching(home, process)


# scan


def test_scan_prints_every_key_of_the_contract_in_one_line_of_json(tmp_path: Path) -> None:
    ran = offerwatch(tmp_path, "scan", OFFER, "--format", "json", "--now", NOW)
    assert ran.code == 0
    assert list(ran.row) == MAIL_KEYS
    assert ran.row["kind"] == "offer"
    assert ran.row["orders"] == [ORDER]
    assert ran.row["deadline"]["at"] == "2025-03-10T10:14:22Z"
    assert ran.row["source"] == str(OFFER)
    assert "1 mail read: 1 notice" in ran.err


def test_ignored_mails_are_printed_only_with_all_and_say_nothing(tmp_path: Path) -> None:
    assert offerwatch(tmp_path, "scan", STRANGER, "--format", "json").out == ""
    row = offerwatch(tmp_path, "scan", STRANGER, "--format", "json", "--all").row
    assert list(row) == MAIL_KEYS
    assert (row["outcome"], row["reason"]) == ("ignored", "stranger")
    assert row["orders"] == row["links"] == []
    nothing = ("kind", "turn", "deadline", "offer", "instruction", "dispute")
    assert {row[key] for key in nothing} == {None}


def test_scan_reads_one_mail_from_standard_input(tmp_path: Path) -> None:
    ran = offerwatch(tmp_path, "scan", "-", "--format", "json", stdin=OFFER.read_bytes())
    assert (ran.code, ran.row["source"], ran.row["kind"]) == (0, "-", "offer")


def test_a_source_that_is_not_there_ends_in_1_after_the_rest_was_printed(tmp_path: Path) -> None:
    ran = offerwatch(tmp_path, "scan", tmp_path / "none.eml", OFFER, "--format", "json")
    assert (ran.code, len(ran.rows)) == (1, 1)
    assert "none.eml does not exist" in ran.err
    assert "Traceback" not in ran.err


def test_scan_keeps_the_order_of_reading_and_counts_what_is_no_mail(tmp_path: Path) -> None:
    ran = offerwatch(tmp_path, "scan", FIXTURES / "offer/en", "--format", "json")
    sources = [row["source"] for row in ran.rows]
    assert sources == sorted(sources)
    assert len(sources) == len(list((FIXTURES / "offer/en").glob("*.eml")))
    assert "other files skipped" in ran.err


def test_cases_are_what_by_case_prints(tmp_path: Path) -> None:
    row = offerwatch(tmp_path, "scan", OFFER, "--by", "case", "--format", "json", "--now", NOW).row
    assert list(row) == CASE_KEYS
    assert (row["dispute"], row["turn"], len(row["history"])) == (DISPUTE, "yours", 1)
    assert list(row["history"][0]) == ["sent_at", "kind", "source"]


def test_csv_has_the_columns_of_json_and_cells_that_are_no_formula(tmp_path: Path) -> None:
    mail = OFFER.read_bytes().replace(b"Message-ID: <", b"Message-ID: =cmd()<", 1)
    (tmp_path / "=1+1.eml").write_bytes(mail)
    ran = offerwatch(tmp_path, "scan", "=1+1.eml", "--format", "csv", "--now", NOW)
    (row,) = csv.DictReader(io.StringIO(ran.out))
    assert row["deadline.at"] == "2025-03-10T10:14:22Z"
    assert row["orders"] == ORDER
    assert row["links.role"].split() == ["accept", "reject", "dispute"]
    assert row["source"] == "'=1+1.eml"
    assert {column.split(".")[0] for column in row} == set(MAIL_KEYS)


def test_nothing_but_json_prints_an_address_to_accept_or_reject(tmp_path: Path) -> None:
    for form in ("table", "csv", "ics"):
        assert "op=agree" not in offerwatch(tmp_path, "scan", OFFER, "--format", form).out
    assert "op=agree" not in offerwatch(tmp_path, "explain", OFFER).out
    assert "op=agree" in offerwatch(tmp_path, "scan", OFFER, "--format", "json").out


def test_ics_is_a_calendar_with_the_deadline(tmp_path: Path) -> None:
    out = offerwatch(tmp_path, "scan", OFFER, "--format", "ics", "--now", NOW).out
    assert out.startswith("BEGIN:VCALENDAR")
    assert "DTSTART:20250310T101422Z" in out


def test_the_table_names_the_case_its_order_and_the_time_left(tmp_path: Path) -> None:
    out = offerwatch(tmp_path, "scan", OFFER, "--now", NOW).out
    assert ORDER in out
    assert "14.20 USD" in out
    assert "2 d 16 h" in out
    assert "\x1b" not in out


def test_output_goes_to_the_file_named(tmp_path: Path) -> None:
    ran = offerwatch(tmp_path, "scan", OFFER, "--format", "json", "--output", tmp_path / "out.jsonl")
    assert ran.out == ""
    assert json.loads((tmp_path / "out.jsonl").read_text())["kind"] == "offer"


def test_scan_leaves_nothing_behind(tmp_path: Path) -> None:
    offerwatch(tmp_path, "scan", OFFER)
    assert list(tmp_path.iterdir()) == []


def test_scan_stops_quietly_when_nobody_reads_on(tmp_path: Path) -> None:
    command = f'"{SCRIPT}" scan "{FIXTURES}" --format json --all | head -1; echo "${{PIPESTATUS[0]}}"'
    done = subprocess.run(
        ["bash", "-c", command],
        capture_output=True,
        cwd=tmp_path,
        env=environment(tmp_path),
        timeout=60,
        check=True,
    )
    assert b"Traceback" not in done.stderr
    assert b"BrokenPipe" not in done.stderr
    assert done.stdout.endswith(b"}\n0\n")


@pytest.mark.parametrize(
    "wrong",
    [
        ("scan", "x", "--format", "xml"),
        ("scan", "x", "--now", "soon"),
        ("scan", "x", "--since", "5"),
        ("scan", "x", "--account", "home"),
        ("frobnicate",),
        ("answered", "x"),
    ],
)
def test_wrong_usage_ends_in_2_with_a_sentence(tmp_path: Path, wrong: tuple[str, ...]) -> None:
    ran = offerwatch(tmp_path, *wrong)
    assert ran.code == 2
    assert ran.err
    assert "Traceback" not in ran.err


# explain


def test_explain_shows_what_was_seen_and_what_follows(tmp_path: Path) -> None:
    ran = offerwatch(tmp_path, "explain", OFFER, "--now", NOW)
    assert ran.code == 0
    for piece in ("the seller has put a solution on the table", "2 days and 17 hours", ORDER, "yours"):
        assert piece in ran.out


def test_explain_of_a_stranger_says_ignored(tmp_path: Path) -> None:
    assert "Ignored: stranger" in offerwatch(tmp_path, "explain", "-", stdin=STRANGER.read_bytes()).out


def test_an_escape_in_a_subject_never_reaches_the_terminal(tmp_path: Path) -> None:
    raw = OFFER.read_bytes().replace(b"Subject: ", b"Subject: \x1b]52;c;AAAA\x07[link=file:///x]", 1)
    for command in (("explain", "-"), ("scan", "-")):
        assert "\x1b" not in offerwatch(tmp_path, *command, stdin=raw).out


# configuration


def test_without_a_configuration_the_way_to_one_is_shown(tmp_path: Path) -> None:
    for command in (("status",), ("watch",), ("alerts",), ("account", "test"), ("scan",)):
        ran = offerwatch(tmp_path, *command)
        assert ran.code == 2
        assert "[[account]]" in ran.err
    assert offerwatch(tmp_path, "doctor").code == 0


def test_every_mistake_of_a_configuration_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "conf.toml").write_text('langage = "en"\ntimezone = "Mars"\n')
    for command in (("status",), ("watch",), ("doctor",), ("scan", str(OFFER))):
        ran = offerwatch(tmp_path, *command, more=CONF)
        assert ran.code == 2
        assert 'did you mean "language"?' in ran.err
        assert "timezone" in ran.err


def test_a_mistake_made_after_a_good_look_is_told_too(home: Path) -> None:
    assert [offerwatch(home, "status", more=CONF).code for _ in range(2)] == [3, 3]
    with (home / "conf.toml").open("a") as conf:
        conf.write("[alrts]\n")
    assert offerwatch(home, "status", more=CONF).code == 2


def test_version_and_help_are_there(tmp_path: Path) -> None:
    assert offerwatch(tmp_path, "--version").out.startswith("offerwatch ")
    listed = offerwatch(tmp_path, "--help").out
    for verb in ("scan", "watch", "status", "case", "answered", "due", "snooze", "doctor", "demo"):
        assert verb in listed


# watching


def test_before_the_first_look_status_is_blind_and_ends_in_3(home: Path) -> None:
    ran = offerwatch(home, "status", "--format", "json", more=CONF)
    assert ran.code == 3
    assert list(ran.row) == ["schema", "awake", "accounts", "outbox", "cases", "clock"]
    assert ran.row["awake"] is False
    assert ran.row["accounts"] == [
        {"name": "home", "folders": [{"name": "INBOX", "last_look_at": None, "error": None}]}
    ]
    assert offerwatch(home, "doctor", more=CONF).code == 3


def test_a_mail_becomes_a_case_and_answering_it_ends_the_ringing(home: Path, watching: Watching) -> None:
    sent = utc_now().replace(microsecond=0) - timedelta(minutes=1)
    deliver(home, an_offer(sent))
    watching.until(0, ORDER)
    status = offerwatch(home, "status", "--format", "json", more=CONF).row
    (case,) = status["cases"]
    assert list(case) == CASE_KEYS
    assert (case["turn"], case["offer"]["amount"]) == ("yours", "12.50")
    for name in (case["case"], DISPUTE, ORDER):
        assert offerwatch(home, "case", name, "--format", "json", more=CONF).row["case"] == case["case"]
    screen = offerwatch(home, "status", more=CONF).out
    assert "Awake." in screen
    assert "YOUR TURN in 1 case" in screen
    assert "Open the AliExpress app yourself" in offerwatch(home, "case", ORDER, more=CONF).out

    (alert,) = offerwatch(home, "alerts", "--format", "json", more=CONF).rows
    assert (alert["case"], alert["rung"], alert["order"]) == (case["case"], "new", ORDER)
    assert alert["deliveries"][0]["state"] == "sent"

    assert offerwatch(home, "ack", ORDER, more=CONF).code == 0
    assert offerwatch(home, "snooze", ORDER, "6h", more=CONF).code == 0
    assert offerwatch(home, "due", ORDER, "2d 17h", more=CONF).code == 0
    moved = offerwatch(home, "case", ORDER, "--format", "json", more=CONF).row["deadline"]
    assert moved["basis"] == "user"
    assert offerwatch(home, "broken", ORDER, more=CONF).code == 0
    links = offerwatch(home, "case", ORDER, "--format", "json", more=CONF).row["links"]
    assert {link["reason"] for link in links if link["role"] == "accept"} == {"reported"}

    told = offerwatch(home, "answered", ORDER, "rejected", more=CONF)
    assert told.code == 0
    assert "seller's turn" in told.out
    assert offerwatch(home, "case", DISPUTE, "--format", "json", more=CONF).row["turn"] == "seller"
    assert offerwatch(home, "answered", DISPUTE, "accepted", "--undo", more=CONF).code == 2
    assert offerwatch(home, "answered", DISPUTE, "rejected", "--undo", more=CONF).code == 0
    assert offerwatch(home, "case", ORDER, "--format", "json", more=CONF).row["turn"] == "yours"


def test_watch_stops_within_five_seconds_and_a_second_one_is_refused(home: Path, watching: Watching) -> None:
    watching.until(0, "")
    second = offerwatch(home, "watch", more=CONF)
    assert second.code == 4
    assert "already watching" in second.err
    assert watching.stop() < 5


def test_watch_ends_in_0_on_interrupt(home: Path, watching: Watching) -> None:
    watching.until(0, "")
    watching.stop(signal.SIGINT)


def test_a_case_that_nobody_knows_ends_in_2_with_the_list(home: Path) -> None:
    ran = offerwatch(home, "case", "12345", more=CONF)
    assert ran.code == 2
    assert 'There is no case "12345"' in ran.err


@pytest.mark.parametrize("wrong", [("answered", "x", "maybe"), ("snooze", "x", "6"), ("snooze", "x", "0h")])
def test_a_wrong_word_is_told_before_anything_is_looked_up(home: Path, wrong: tuple[str, ...]) -> None:
    ran = offerwatch(home, *wrong, more=CONF)
    assert ran.code == 2
    assert wrong[-1] in ran.err


def test_account_test_and_alert_test_tell_what_works(home: Path) -> None:
    assert offerwatch(home, "account", "test", more=CONF).code == 0
    assert offerwatch(home, "alert", "test", more=CONF).code == 0
    assert json.loads((home / "rung.jsonl").read_text())["about"] == "test"
    (home / "ring").write_text("#!/bin/sh\necho no bell here >&2; exit 7\n")
    ran = offerwatch(home, "alert", "test", more=CONF)
    assert ran.code == 1
    assert "no bell here" in ran.out
    os.rename(home / "Maildir", home / "Gone")
    assert offerwatch(home, "account", "test", more=CONF).code == 1
    assert offerwatch(home, "account", "test", "work", more=CONF).code == 2
    assert offerwatch(home, "alert", "test", "work", more=CONF).code == 2


def test_doctor_ends_in_a_list_of_what_to_do(home: Path) -> None:
    row = offerwatch(home, "doctor", "--format", "json", more=CONF).row
    assert any("offerwatch watch" in todo for todo in row["todo"])
    assert {finding["state"] for finding in row["findings"]} <= {"ok", "note", "wrong"}
    shown = offerwatch(home, "doctor", more=CONF).out
    assert shown.index("What to do:") > shown.index("libraries")


# a real server


def test_a_mailbox_on_a_server_is_scanned_tested_and_looked_at_by_the_doctor(tmp_path: Path) -> None:
    with Dovecot() as server:
        server.deliver(an_offer(utc_now().replace(microsecond=0) - timedelta(minutes=5)))
        (tmp_path / "secret").write_text(server.password)
        (tmp_path / "secret").chmod(0o600)
        (tmp_path / "conf.toml").write_text(
            f'state_dir = "state"\n[[account]]\nname = "home"\nhost = "127.0.0.1"\nport = {server.tls_port}\n'
            f'ca_file = "{server.ca_file}"\nusername = "{server.user}"\npassword_file = "secret"\n'
            'folders = ["INBOX"]\n[[channel]]\nkind = "command"\nrun = ["cat"]\n'
        )
        for fast in ((), ("--fast",)):
            row = offerwatch(tmp_path, "scan", "--account", "home", *fast, "--format", "json", more=CONF).row
            assert (row["kind"], row["orders"]) == ("offer", [ORDER])
            assert row["source"].startswith("imap://")
        assert offerwatch(tmp_path, "account", "test", more=CONF).code == 0
        told = offerwatch(tmp_path, "doctor", more=CONF).out
        assert "has IDLE" in told
        assert "INBOX: opened read-only" in told
        (tmp_path / "secret").write_text("wrong")
        ran = offerwatch(tmp_path, "scan", "--format", "json", more=CONF)
        assert ran.code == 1
        assert "wrong" not in ran.err


@pytest.mark.parametrize(
    "command",
    [
        *(
            "scan",
            "watch",
            "status",
            "case",
            "respond",
            "answered",
            "due",
            "broken",
            "ack",
            "snooze",
            "alerts",
        ),
        *("explain", "anonymise", "dossier", "doctor", "install-service", "demo", "alert test"),
        *(f"account {name}" for name in ("add", "list", "login", "test", "remove")),
        *(f"state {name}" for name in ("export", "backup", "prune")),
    ],
)
def test_every_command_takes_the_configuration_to_use(tmp_path: Path, command: str) -> None:
    told = offerwatch(tmp_path, *command.split(), "--help", more={"COLUMNS": "120", "TERM": "dumb"})
    assert told.code == 0
    assert "--config" in told.out
