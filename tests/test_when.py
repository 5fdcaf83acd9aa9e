"""The ways to say when: each form people use, in their own zone, and nothing guessed."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.commands.when import read_when

MADRID = ZoneInfo("Europe/Madrid")
NOW = datetime(2025, 3, 10, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-03-12 18:00", "2025-03-12T17:00+00:00"),
        ("2025-03-12T18:00", "2025-03-12T17:00+00:00"),
        ("2025-03-12t18:00:00z", "2025-03-12T18:00+00:00"),
        ("2025-03-12 18:00+08:00", "2025-03-12T10:00+00:00"),
        ("2025-03-12", "2025-03-11T23:00+00:00"),
        ("2025-04-02 18:00", "2025-04-02T16:00+00:00"),
        ("today 23:30", "2025-03-10T22:30+00:00"),
        ("Tomorrow at 9:00", "2025-03-11T08:00+00:00"),
        ("tomorrow", "2025-03-10T23:00+00:00"),
        ("in 2 days", "2025-03-12T12:00+00:00"),
        ("2d 17h", "2025-03-13T05:00+00:00"),
        ("2d17h30m", "2025-03-13T05:30+00:00"),
        ("2 days, 17 hours and 5 minutes left", "2025-03-13T05:05+00:00"),
        ("1 week", "2025-03-17T12:00+00:00"),
        ("90 s", "2025-03-10T12:01:30+00:00"),
    ],
)
def test_what_people_write_is_read(text: str, expected: str) -> None:
    assert read_when(text, NOW, MADRID).astimezone(UTC) == datetime.fromisoformat(expected)


@pytest.mark.parametrize(
    "text",
    ["", "soon", "5", "in", "2 fortnights", "12/03/2025", "tomorrow 25:00", "2d soon", "2025-02-30", "-2d"],
)
def test_what_can_be_read_two_ways_or_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="in 2 days"):
        read_when(text, NOW, MADRID)


@given(text=st.text(max_size=30))
def test_any_text_is_an_instant_or_refused(text: str) -> None:
    try:
        at = read_when(text, NOW, MADRID)
    except ValueError:
        at = NOW
    assert at.utcoffset() is not None


@given(days=st.integers(0, 60), hours=st.integers(0, 23))
def test_a_countdown_is_hours_whatever_clocks_do(days: int, hours: int) -> None:
    assert read_when(f"{days}d {hours}h", NOW, MADRID) - NOW == timedelta(days=days, hours=hours)
