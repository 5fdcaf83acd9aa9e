"""The demo plays one dispute through the real daemon, and fails when any part of it does not show."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from watcher.demo import PACIFIC, steps

SCRIPT = Path(sys.executable).parent / "offerwatch"


def play(tmp_path: Path, *command: str, zone: str = "Pacific/Kiritimati") -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "HOME": str(tmp_path), "TMPDIR": str(tmp_path), "TZ": zone, "NO_COLOR": "1"}
    return subprocess.run(
        command, capture_output=True, text=True, timeout=30, env=environ, check=False, cwd=tmp_path
    )


def test_the_demo_shows_an_offer_a_moved_deadline_and_a_settled_case(tmp_path: Path) -> None:
    done = play(tmp_path, str(SCRIPT), "demo", "--once")
    assert done.returncode == 0, done.stderr
    offer, reminder, closed = done.stdout.split("-->")[1:]
    assert "12.50 USD" in offer
    assert "left" in offer
    assert "Open the AliExpress app yourself" in offer
    assert "does not work" in offer
    assert "Last call" in reminder
    assert "Settled" in closed
    assert done.stderr == ""
    assert "reverse-pages" not in done.stdout


def test_the_demo_leaves_nothing_behind(tmp_path: Path) -> None:
    assert play(tmp_path, str(SCRIPT), "demo", "--once").returncode == 0
    assert list(tmp_path.iterdir()) == []


BLIND_TO = """
import sys
from dataclasses import replace
from rules.facts import Kind, Outcome, Reason
from watcher.readers import Readers
import watcher.demo

watcher.demo.PATIENCE = 8.0
real = Readers.__call__

def read(self, message):
    notice = real(self, message)
    if notice.kind == Kind({kind!r}):
        return replace(notice, outcome=Outcome.IGNORED, reason=Reason.MARKETING)
    return notice

Readers.__call__ = read
from watcher.cli import main
sys.argv = ["offerwatch", "demo", "--once"]
main()
"""


@pytest.mark.parametrize(("kind", "ok"), [("offer", 0), ("offer_reminder", 1), ("dispute_closed", 2)])
def test_the_demo_fails_when_a_mail_is_not_understood(tmp_path: Path, kind: str, ok: int) -> None:
    done = play(tmp_path, sys.executable, "-c", BLIND_TO.format(kind=kind))
    assert done.returncode == 1
    assert done.stdout.count("\nok: ") == ok
    assert "FAILED" in done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles", "Asia/Kolkata"])
def test_the_hour_that_the_reminder_prints_is_never_one_that_comes_twice(zone: str) -> None:
    for hour in range(48):
        now = datetime(2026, 10, 31, hour % 24, 30, tzinfo=ZoneInfo(zone)).astimezone(UTC)
        assert not steps(now)[1].until.astimezone(PACIFIC).fold


def test_the_demo_speaks_the_language_of_a_configuration_that_is_named(tmp_path: Path) -> None:
    (tmp_path / "es.toml").write_text('language = "es"\ntimezone = "Europe/Madrid"\n')
    done = play(tmp_path, str(SCRIPT), "demo", "--once", "--config", "es.toml")
    assert done.returncode == 0, done.stderr
    assert "Acepta o rechaza la propuesta" in done.stdout
