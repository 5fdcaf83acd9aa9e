"""Marks the clauses that print a day to come or a past one: what is told of it will happen, or has."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta

from parsers.clauses import Clause
from rules.facts import Ahead, Day, Weekday

_FURTHEST = timedelta(days=75)  # a date further off is no day that a mail tells of


def with_ahead(found: Iterable[Clause], sent_at: datetime) -> list[Clause]:
    """Return the clauses: `ahead` where a day after that of `sent_at` stands, `behind` where only past ones.

    A weekday may be the one before, and a date that could be something else says nothing.
    """
    sent = sent_at.date()
    return [
        replace(clause, concepts=clause.concepts | told) if (told := _told_of(clause, sent)) else clause
        for clause in found
    ]


def _told_of(clause: Clause, sent: date) -> frozenset[str]:
    if not clause.dates:
        return frozenset()
    sure = [each.by.days for each in clause.dates if not each.weak]
    if any(all(_is_ahead(day, sent) for day in days) for days in sure):
        return frozenset(("ahead",))
    past = bool(sure) and not clause.spans and all(_is_behind(day, sent) for days in sure for day in days)
    return frozenset(("behind",)) if past else frozenset()


def _is_ahead(day: Day | Ahead | Weekday, sent: date) -> bool:
    if isinstance(day, Ahead):
        return day.days > 0
    return any(timedelta() < on - sent <= _FURTHEST for on in _dates(day, sent))


def _is_behind(day: Day | Ahead | Weekday, sent: date) -> bool:
    if isinstance(day, Ahead | Weekday):
        return False
    return any(timedelta() < sent - on <= _FURTHEST for on in _dates(day, sent)) and not _is_ahead(day, sent)


def _dates(day: Day | Weekday, sent: date) -> list[date]:
    """What a printed day may be; one without a year is near the day of sending."""
    if isinstance(day, Weekday) or not day.month:
        return []
    years = (sent.year - 1, sent.year, sent.year + 1) if day.year is None else (day.year,)
    return [on for year in years if (on := _date(year, day)) is not None]


def _date(year: int, day: Day) -> date | None:
    try:
        return date(year, day.month, day.day)
    except ValueError:
        return None
