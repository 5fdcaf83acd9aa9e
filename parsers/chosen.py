"""Which of a mail's times are the buyer's deadline: those that are coming, the most precise of them."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from parsers.windows import Candidate
from rules.facts import Ahead, By, Day, OtherClock, Printed, Turn, Weekday, Within

_FURTHEST = timedelta(days=75)


def buyers_times(found: Sequence[Candidate], sent_at: datetime) -> tuple[Printed, ...]:
    """Return the times that are the buyer's: those said to be, else plausible ones where nobody is named."""
    mine = [c for c in found if c.owner == "yours"]
    coming = [c.printed for c in mine if _plausible(c.printed, sent_at)]
    if not coming:
        coming = [c.printed for c in found if c.owner == "open" and _plausible(c.printed, sent_at)]
    past = [c.printed for c in mine if c.pressed]
    return tuple(dict.fromkeys(_most_precise(coming or past)))


def other_clocks(found: Sequence[Candidate]) -> tuple[OtherClock, ...]:
    """Return the times that are the seller's or AliExpress's: shown, not rung."""
    whose = {"seller": Turn.SELLER, "platform": Turn.PLATFORM}
    return tuple(OtherClock(whose[c.owner], c.printed) for c in found if c.owner in whose)


def _plausible(printed: Printed, sent_at: datetime) -> bool:
    """Whether a printed time may lie ahead, and not too far."""
    if isinstance(printed, Within):
        return timedelta(0) < printed.long <= _FURTHEST
    return any(_ahead(day, sent_at) for day in printed.days)


def _ahead(day: Day | Ahead | Weekday, sent_at: datetime) -> bool:
    if not isinstance(day, Day):
        return True
    if day.year is None:
        return not _just_past(day, sent_at)
    try:
        distance = datetime(day.year, day.month, day.day, 23, 59, tzinfo=sent_at.tzinfo) - sent_at
    except ValueError:
        return True
    return timedelta(hours=-14) <= distance <= _FURTHEST


def _just_past(day: Day, sent_at: datetime) -> bool:
    """Whether a date without a year lies at most 30 days back: past, and not next year's."""
    for year in (sent_at.year, sent_at.year - 1):
        try:
            back = sent_at - datetime(year, day.month, day.day, 23, 59, tzinfo=sent_at.tzinfo)
        except ValueError:
            continue
        if timedelta(hours=14) < back <= timedelta(days=30):
            return True
    return False


def _most_precise(found: Sequence[Printed]) -> list[Printed]:
    """The times without dates that only repeat the day of a date with a time of day."""
    exact = [printed for printed in found if isinstance(printed, By) and printed.at is not None]
    return [printed for printed in found if not any(_repeats(printed, other) for other in exact)]


def _repeats(printed: Printed, exact: By) -> bool:
    if (
        not isinstance(printed, By)
        or printed.at is not None
        or len(printed.days) != 1
        or len(exact.days) != 1
    ):
        return False
    day, other = printed.days[0], exact.days[0]
    if isinstance(day, Ahead | Weekday):
        return day == other
    if not isinstance(day, Day) or not isinstance(other, Day):
        return False
    same_year = day.year is None or other.year is None or day.year == other.year
    return same_year and (day.month, day.day) == (other.month, other.day)
