"""The calendar that the daemon keeps: one event a case, the same UID for ever, cancelled when it is over."""

import logging
import stat
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from icalendar import Calendar

from rules.facts import Act, Answer, Case, Instruction, Kind, Route, Within
from support.outsider import offerwatch
from support.watching import START, Hands, a_mail, a_notice, open_store
from watcher.calendarfile import REMEMBERED, CalendarFile
from watcher.store import Store


def instruct(case: Case) -> Instruction:
    return Instruction("Answer the offer", (Route("app_order", "In the app", ("Open it.",), None),))


def kept(tmp_path: Path) -> tuple[Store, Hands, CalendarFile, Path]:
    clock, path = Hands(), tmp_path / "calendar.ics"
    store = open_store(tmp_path / "state")
    return store, clock, CalendarFile(path, store, instruct, clock), path


def events(path: Path) -> list[Any]:
    return list(Calendar.from_ical(path.read_bytes().decode()).walk("VEVENT"))


def take(store: Store, name: str, at: datetime, days: int = 5, kind: Kind = Kind.OFFER) -> str:
    span = timedelta(days=days)
    printed = (Within(span, span, False, f"within {days} days"),) if kind is Kind.OFFER else ()
    notice = a_notice(name, kind, sent_at=at, received_at=at, printed=printed)
    return store.take_in(a_mail(notice), notice, at).cases[0]


def test_an_offer_is_an_event_at_its_deadline_with_alarms(tmp_path: Path) -> None:
    store, _, calendar, path = kept(tmp_path)
    case = take(store, "one", START)
    calendar.keep()
    (event,) = events(path)
    assert event["UID"].startswith(case)
    assert event["DTSTART"].dt == START + timedelta(days=5)
    assert len(event.walk("VALARM")) == 3
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert path.read_bytes().count(b"\r\n") == path.read_bytes().count(b"\n")


def test_a_moved_deadline_is_the_same_event_with_a_higher_sequence(tmp_path: Path) -> None:
    store, clock, calendar, path = kept(tmp_path)
    take(store, "one", START)
    calendar.keep()
    (before,) = events(path)
    clock.forward(days=1)
    take(store, "two", clock(), days=2)
    calendar.keep()
    (after,) = events(path)
    assert after["UID"] == before["UID"]
    assert after["DTSTART"].dt == clock() + timedelta(days=2)
    assert after["SEQUENCE"] > before["SEQUENCE"]


@pytest.mark.parametrize("how", ["closed", "answered"])
def test_what_needs_no_answer_any_more_is_cancelled_not_just_gone(tmp_path: Path, how: str) -> None:
    store, clock, calendar, path = kept(tmp_path)
    case = take(store, "one", START)
    calendar.keep()
    (before,) = events(path)
    clock.forward(hours=5)
    if how == "closed":
        take(store, "two", clock(), kind=Kind.DISPUTE_CLOSED)
    else:
        store.act(case, Act("answered", clock(), answer=Answer.REJECTED))
    for _ in range(2):
        calendar.keep()
        (after,) = events(path)
        assert after["STATUS"] == "CANCELLED"
        assert (after["UID"], after["DTSTART"].dt) == (before["UID"], before["DTSTART"].dt)
        assert after["SEQUENCE"] > before["SEQUENCE"]
        assert not after.walk("VALARM")
        calendar = CalendarFile(path, store, instruct, clock)  # a restart knows it still
    clock.forward(days=REMEMBERED.days + 10)
    calendar.keep()
    assert events(path) == []


def test_what_was_settled_before_anybody_saw_it_is_no_event(tmp_path: Path) -> None:
    store, clock, calendar, path = kept(tmp_path)
    take(store, "one", START)
    clock.forward(hours=1)
    take(store, "two", clock(), kind=Kind.DISPUTE_CLOSED)
    calendar.keep()
    assert events(path) == []


def test_nothing_new_writes_nothing(tmp_path: Path) -> None:
    store, _, calendar, path = kept(tmp_path)
    take(store, "one", START)
    calendar.keep()
    first = path.stat()
    calendar.keep()
    CalendarFile(path, store, instruct, Hands()).keep()
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (first.st_ino, first.st_mtime_ns)
    path.unlink()
    calendar.keep()
    assert len(events(path)) == 1


def test_a_file_that_is_no_calendar_is_replaced_and_one_that_cant_be_written_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store, _, calendar, path = kept(tmp_path)
    take(store, "one", START)
    path.write_bytes(b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:never\r\n\xff")
    calendar.keep()
    assert len(events(path)) == 1
    lost = CalendarFile(tmp_path / "nowhere/c.ics", store, instruct, Hands())
    with caplog.at_level(logging.WARNING, "offerwatch"):
        lost.keep()
        lost.keep()
    assert len(caplog.records) == 1


def test_doctor_says_where_it_is_kept(tmp_path: Path) -> None:
    (tmp_path / "Maildir/cur").mkdir(parents=True)
    for folder, state in ((tmp_path, "ok"), (tmp_path / "nowhere", "wrong")):
        (tmp_path / "conf.toml").write_text(
            f'state_dir = "state"\n[calendar]\npath = "{folder}/c.ics"\n'
            '[[account]]\nkind = "maildir"\nname = "home"\npath = "Maildir"\n'
        )
        row = offerwatch(tmp_path, "doctor", "--format", "json", "--config", "conf.toml").row
        (found,) = [each for each in row["findings"] if each["name"] == "calendar"]
        assert found["state"] == state
