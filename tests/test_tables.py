"""What people are shown: harmless to a terminal, aligned in every script, coloured only where it is seen."""

import io
import unicodedata
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.commands import system_zone
from watcher.paper import Paper
from watcher.tables import by_urgency, left, moment, show_cases, span

NOW = datetime(2025, 3, 10, 12, 0, tzinfo=UTC)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def a_case(name: str, hours: int | None, turn: str = "yours", store: str = "a.eml") -> dict[str, object]:
    at = (NOW + timedelta(hours=hours or 0)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "case": name,
        "orders": ["8194027715526318"],
        "dispute": None,
        "kind": "offer",
        "turn": turn,
        "deadline": None if hours is None else {"at": at, "latest": at, "basis": "stated", "quote": None},
        "offer": {"by": "seller", "remedy": "refund", "amount": "12.50", "currency": "EUR"},
        "asked": None,
        "paid": None,
        "links": [],
        "authenticity": {"verdict": "unverified", "reasons": []},
        "locale": "en",
        "clocks": [],
        "history": [{"sent_at": "2025-03-08T12:00:00Z", "kind": "offer", "source": store}],
        "instruction": None,
    }


def test_yours_comes_first_the_nearest_before_the_rest_and_what_is_over_last() -> None:
    cases = [a_case("over", -5), a_case("late", 72), a_case("theirs", None, "seller"), a_case("soon", 3)]
    assert [case["case"] for case in by_urgency(cases, NOW)] == ["soon", "late", "over", "theirs"]


def test_colours_only_on_a_terminal_that_wants_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    terminal, pipe = Terminal(), io.StringIO()
    for stream in (terminal, pipe):
        show_cases(Paper(stream), [a_case("abc", 3)], UTC, NOW)
    assert "\x1b[1;31m" in terminal.getvalue()
    assert "\x1b" not in pipe.getvalue()
    monkeypatch.setenv("NO_COLOR", "1")
    plain = Terminal()
    show_cases(Paper(plain), [a_case("abc", 3)], UTC, NOW)
    assert "\x1b" not in plain.getvalue()


@given(text=st.text(max_size=60))
def test_no_text_of_a_stranger_steers_the_terminal(text: str) -> None:
    out = io.StringIO()
    show_cases(Paper(out), [a_case("abc", 3, store=text)], UTC, NOW)
    Paper(out).line(text)
    Paper(out).table(("a", "b"), [((text, ""), (text, ""))], flexible=1)
    assert all(letter == "\n" or letter.isprintable() for letter in out.getvalue())


@given(texts=st.lists(st.text(max_size=12), min_size=1, max_size=5))
def test_the_last_column_begins_in_one_line_whatever_the_script(texts: list[str]) -> None:
    out = io.StringIO()
    Paper(out).table(
        ("first", "last"), [((text.replace("\n", " "), ""), ("|", "")) for text in texts], flexible=1
    )
    rows = out.getvalue().splitlines()[2:]
    assert len({_wide(row[: row.rindex("|")]) for row in rows}) == 1


def _wide(text: str) -> int:
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (timedelta(days=2, hours=17, minutes=5), "2 d 17 h"),
        (timedelta(days=20, hours=3), "20 d"),
        (timedelta(hours=5, minutes=10), "5 h 10 min"),
        (timedelta(minutes=12, seconds=59), "12 min"),
        (timedelta(seconds=40), "40 s"),
        (timedelta(seconds=-5), "0 s"),
    ],
)
def test_a_length_of_time_has_its_two_largest_units(length: timedelta, said: str) -> None:
    assert span(length) == said


def test_between_the_two_ends_of_a_deadline_it_may_be_over() -> None:
    deadline = {"at": "2025-03-10T11:00:00Z", "latest": "2025-03-12T12:00:00Z"}
    assert left(deadline, NOW) == "maybe over, at most 2 d"
    assert left(deadline, NOW + timedelta(days=3)) == "over since 1 d"


def test_a_moment_is_the_users_own_wall_clock() -> None:
    at = datetime(2025, 12, 31, 23, 30, tzinfo=UTC)
    assert moment(at, ZoneInfo("Europe/Madrid"), NOW) == "Thu 1 Jan 2026 00:30"
    assert moment(at, UTC, NOW) == "Wed 31 Dec 23:30"


@pytest.mark.parametrize("name", ["Europe/Madrid", ":Asia/Tokyo", "UTC"])
def test_the_zone_is_the_one_that_tz_names(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", name)
    assert str(system_zone()) == name.lstrip(":")


def test_a_zone_that_nobody_knows_is_not_fatal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "../../etc/passwd")
    assert system_zone().utcoffset(NOW) is not None


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    return Terminal()


def test_on_a_terminal_no_word_is_cut_and_what_follows_hangs_below_its_text(narrow: Terminal) -> None:
    paper = Paper(narrow)
    paper.line("     - Press Dispute or View Dispute, and then read what is there.")
    paper.line("  because   counted from when the mail was sent")
    shown = narrow.getvalue().splitlines()
    assert shown[0] == "     - Press Dispute or View Dispute,"
    assert shown[1].startswith("       and then")
    assert shown[-1].startswith(" " * 12)
    assert all(len(line) <= 40 for line in shown)


def test_what_is_to_be_copied_and_what_a_program_reads_stays_whole(narrow: Terminal) -> None:
    address = "https://www.aliexpress.com/p/order/detail.html?orderId=8194027715526318"
    Paper(narrow).line(f"  {address}")
    Paper(narrow).line("a word " * 20, whole=True)
    piped = io.StringIO()
    Paper(piped).line("a word " * 20)
    assert narrow.getvalue() == f"  {address}\n{'a word ' * 20}\n"
    assert piped.getvalue() == f"{'a word ' * 20}\n"
