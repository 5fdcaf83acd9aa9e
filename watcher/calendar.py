"""Deadlines as calendar entries: one event a case, ringing before the deadline, cancelled once it is settled.

Law: an event's UID never changes, its SEQUENCE never falls, and nothing in it is an address taken from mail.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from icalendar import Alarm, Calendar, Event

from rules.facts import Alert, Case, Instruction, Route
from watcher.terminal import lines, one_line

ALARMS = (timedelta(days=1), timedelta(hours=6), timedelta(hours=1))  # before the deadline
DOMAIN = "offerwatch.invalid"  # RFC 2606: nobody can own it, so no UID of ours is anybody's address
_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)  # SEQUENCE counts minutes from here, to stay a small integer
_MOST = 2**31 - 1  # the largest integer of RFC 5545
_REFRESH = timedelta(minutes=15)
_LONGEST_SUMMARY = 200
_LONGEST_DESCRIPTION = 4000


@dataclass(frozen=True, slots=True)
class Entry:
    """What a calendar shows of one case: the deadline, the words, and when any of it last changed."""

    case: str
    at: datetime
    summary: str
    description: str
    changed_at: datetime
    cancelled: bool = False


def entry_of_case(
    case: Case, instruction: Instruction | None, changed_at: datetime | None = None
) -> Entry | None:
    """The entry of a case, None where it never had a deadline and is not settled.

    `instruction` brings the words; `changed_at` is by default when its newest mail was received.
    """
    known = [notice.received_at for notice in case.history] + [case.since]
    at = case.deadline.at if case.deadline else case.since
    if case.deadline is None and not case.settled:
        return None
    headline = instruction.headline if instruction else ""
    return Entry(
        case=case.id,
        at=at,
        summary=_summary(headline, case.orders),
        description=_description(case.orders, instruction.routes if instruction else ()),
        changed_at=changed_at or max(known),
        cancelled=case.settled,
    )


def entry_of_alert(alert: Alert) -> Entry | None:
    """The entry of the case that an alert is about, None where it has no case or no deadline."""
    if alert.case is None or alert.deadline is None:
        return None
    return Entry(
        case=alert.case,
        at=alert.deadline.at,
        summary=one_line(alert.headline, _LONGEST_SUMMARY),
        description=_description(alert.orders, alert.routes),
        changed_at=alert.created_at,
    )


def case_event(entry: Entry, alarms: Sequence[timedelta] = ALARMS) -> Event:
    """The entry as a VEVENT of no length, at the deadline; `alarms` are how long before it they ring."""
    event = Event()
    event.add("uid", f"{one_line(entry.case)}@{DOMAIN}")
    event.add("dtstamp", entry.changed_at.astimezone(UTC))
    event.add("last-modified", entry.changed_at.astimezone(UTC))
    event.add("sequence", _sequence(entry.changed_at))
    event.add("dtstart", entry.at.astimezone(UTC))  # no DTEND: it ends at this very instant (RFC 5545, 3.6.1)
    event.add("summary", one_line(entry.summary, _LONGEST_SUMMARY))
    event.add("description", lines(entry.description, _LONGEST_DESCRIPTION))
    event.add("status", "CANCELLED" if entry.cancelled else "CONFIRMED")
    event.add("transp", "TRANSPARENT")
    event.add("class", "PRIVATE")
    for before in () if entry.cancelled else alarms:
        event.add_component(_alarm(entry, before))
    return event


def calendar_of(
    entries: Iterable[Entry], alarms: Sequence[timedelta] = ALARMS, name: str = "offerwatch"
) -> bytes:
    """A whole calendar (RFC 5545, UTF-8, CRLF) of the entries, in the order of their deadlines."""
    calendar = Calendar()
    calendar.add("prodid", "-//offerwatch//offerwatch//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("x-wr-calname", one_line(name))
    calendar.add("refresh-interval", _REFRESH, parameters={"VALUE": "DURATION"})
    for entry in sorted(entries, key=lambda each: (each.at, each.case)):
        calendar.add_component(case_event(entry, alarms))
    return bytes(calendar.to_ical())


def _sequence(changed_at: datetime) -> int:
    return min(max(0, (changed_at - _EPOCH) // timedelta(minutes=1)), _MOST)


def _alarm(entry: Entry, before: timedelta) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", one_line(entry.summary, _LONGEST_SUMMARY))
    alarm.add("trigger", -before)
    return alarm


def _summary(headline: str, orders: Sequence[str]) -> str:
    untold = [order for order in orders if order not in headline]
    return one_line(" · ".join([part for part in (headline, ", ".join(untold)) if part]), _LONGEST_SUMMARY)


def _description(orders: Sequence[str], routes: Sequence[Route]) -> str:
    parts = [", ".join(orders)] if orders else []
    for route in routes:
        steps = [f"{number}. {step}" for number, step in enumerate(route.steps, 1)]
        parts.append("\n".join([route.title, *steps, *([route.url] if route.url else [])]))
    return lines("\n\n".join(parts), _LONGEST_DESCRIPTION)
