"""Deadlines as calendar entries: stable, valid, and nothing from mail obeyed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar, Event

from rules.facts import Basis, Case, Deadline, Instruction
from support.alerts import AT, IN_APP, NOW, ON_THE_WEB, ORDER, SECRET_LINK, a_case, a_notice, an_alert
from watcher.calendar import Entry, calendar_of, case_event, entry_of_alert, entry_of_case

INSTRUCTION = Instruction("Accept or reject the seller's offer", (IN_APP, ON_THE_WEB))


OPEN = a_case(Deadline(AT, AT, Basis.STATED, SECRET_LINK))


def the_event(case: Case) -> Event:
    entry = entry_of_case(case, INSTRUCTION)
    assert entry is not None
    (event,) = Calendar.from_ical(calendar_of([entry])).walk("VEVENT")
    assert isinstance(event, Event)
    return event


def test_an_entry_is_at_the_deadline_and_tells_the_way() -> None:
    event = the_event(OPEN)
    assert event["DTSTART"].dt == AT
    assert "DTEND" not in event
    assert event["SUMMARY"] == f"Accept or reject the seller's offer · {ORDER}"
    assert "2. Search for 8150004417231188 and open the order." in event["DESCRIPTION"]
    assert event["STATUS"] == "CONFIRMED"


def test_an_entry_rings_a_day_six_hours_and_an_hour_before() -> None:
    alarms = the_event(OPEN).walk("VALARM")
    assert [alarm["TRIGGER"].dt for alarm in alarms] == [
        timedelta(days=-1),
        timedelta(hours=-6),
        timedelta(hours=-1),
    ]
    assert {str(alarm["ACTION"]) for alarm in alarms} == {"DISPLAY"}
    assert all(alarm["DESCRIPTION"] for alarm in alarms)


def test_a_moved_deadline_is_the_same_entry_with_a_higher_sequence() -> None:
    later = NOW + timedelta(hours=2)
    moved = replace(
        OPEN,
        deadline=Deadline(AT + timedelta(days=3), AT + timedelta(days=3), Basis.STATED),
        history=(*OPEN.history, a_notice(later)),
    )
    before, after = the_event(OPEN), the_event(moved)
    assert before["UID"] == after["UID"]
    assert after["SEQUENCE"] > before["SEQUENCE"]
    assert after["LAST-MODIFIED"].dt == later
    assert after["DTSTART"].dt == AT + timedelta(days=3)


@pytest.mark.parametrize("deadline", [None, OPEN.deadline])
def test_a_settled_case_is_cancelled_and_silent(deadline: Deadline | None) -> None:
    event = the_event(a_case(deadline, settled=True))
    assert event["UID"] == the_event(OPEN)["UID"]
    assert event["STATUS"] == "CANCELLED"
    assert event.walk("VALARM") == []


def test_a_case_that_waits_for_others_has_no_entry() -> None:
    assert entry_of_case(a_case(None), INSTRUCTION) is None


def test_a_mail_and_the_feed_speak_of_the_same_entry() -> None:
    from_alert, from_case = entry_of_alert(an_alert()), entry_of_case(OPEN, INSTRUCTION)
    assert from_alert is not None
    assert from_case is not None
    assert case_event(from_alert)["UID"] == case_event(from_case)["UID"]
    assert from_alert.at == from_case.at


@pytest.mark.parametrize("alert", [an_alert(case=None), an_alert(deadline=None)])
def test_an_alert_without_case_or_deadline_has_no_entry(alert: object) -> None:
    assert entry_of_alert(alert) is None  # type: ignore[arg-type]


def test_nobody_is_invited_and_no_address_is_added() -> None:
    data = calendar_of([entry for entry in [entry_of_case(OPEN, INSTRUCTION)] if entry]).decode()
    properties = {line.split(":")[0].split(";")[0] for line in data.splitlines() if line[:1] != " "}
    assert properties.isdisjoint({"ATTENDEE", "ORGANIZER", "URL", "ATTACH", "METHOD", "LOCATION"})
    assert "never-shown" not in data
    assert "evil@example.org" not in data


def test_the_same_cases_make_the_same_bytes_in_any_order() -> None:
    entries = [Entry(name, AT, name, "", NOW) for name in "cab"]
    assert calendar_of(entries) == calendar_of(reversed(entries))


def test_no_case_is_still_a_calendar() -> None:
    assert calendar_of([]).startswith(b"BEGIN:VCALENDAR\r\n")
    assert Calendar.from_ical(calendar_of([])).walk("VEVENT") == []


HOSTILE = ("\r\nATTENDEE:mailto:x@example.org", "a\nEND:VEVENT\n", "\\n;,:")
TEXT = st.text(max_size=200) | st.sampled_from(HOSTILE)


@settings(max_examples=150, deadline=None)
@given(TEXT, TEXT, TEXT, st.datetimes(timezones=st.just(UTC)))
def test_any_text_stays_text_and_the_file_valid(
    case: str, summary: str, more: str, changed: datetime
) -> None:
    data = calendar_of([Entry(case, AT, summary, more, changed)], name=summary)
    assert data.endswith(b"END:VCALENDAR\r\n")
    assert b"\n" not in data.replace(b"\r\n", b"")
    assert b"\r" not in data.replace(b"\r\n", b"")
    assert max(len(line) for line in data.split(b"\r\n")) <= 75
    calendar = Calendar.from_ical(data)
    assert [part.name for part in calendar.walk()] == ["VCALENDAR", "VEVENT", *["VALARM"] * 3]
    (event,) = calendar.walk("VEVENT")
    assert set(event) == {
        "UID",
        "DTSTAMP",
        "LAST-MODIFIED",
        "SEQUENCE",
        "DTSTART",
        "SUMMARY",
        "DESCRIPTION",
        "STATUS",
        "TRANSP",
        "CLASS",
    }
    assert 0 <= event["SEQUENCE"] < 2**31


def test_an_order_that_the_headline_names_is_not_named_again() -> None:
    entry = entry_of_alert(replace(an_alert(), headline=f"Answer for order {ORDER}"))
    assert entry is not None
    assert entry.summary == f"Answer for order {ORDER}"
