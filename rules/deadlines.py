"""From what was printed, or the policy where nothing was, to the earliest and the latest instant meant.

Law: `at` <= `latest`, both are whole seconds in UTC, and nothing here raises, whatever was printed.
When unsure, `at` is the sooner reading.
"""

from calendar import monthrange
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from rules.facts import Ahead, Basis, By, Day, Deadline, Notice, Outcome, Printed, Weekday, Within
from rules.policy import Policy, Window

# AliExpress prints its times in this zone, daylight saving included (522 of 522 seen).
PACIFIC = ZoneInfo("America/Los_Angeles")
# A yearless date up to this many days before the mail is past, not next year's.
RECENT = timedelta(days=30)
# Room on both sides of the calendar, so that whoever adds a ladder or a zone can't fall off it.
FLOOR = datetime(1901, 1, 1, tzinfo=UTC)
CEILING = datetime(9900, 1, 1, tzinfo=UTC)
LAST_SECOND = time(23, 59, 59)

Reading = tuple[datetime, datetime]


def deadline(notice: Notice, policy: Policy) -> Deadline | None:
    """Until when the buyer must act on this notice, or None where its kind asks nothing of them.

    What is printed for the buyer counts; else the policy's window for the kind, from `sent_at`.
    """
    if notice.outcome is Outcome.IGNORED:
        return None
    window = policy.window(None if notice.outcome is Outcome.UNCLEAR else notice.kind)
    if window is None:
        return None
    guessed = _by_policy(window, notice.sent_at)
    if not notice.printed:
        return guessed
    read = _of_several(notice.printed, notice.sent_at)
    if notice.outcome is Outcome.UNCLEAR and not notice.sent_at < read.at < guessed.at:
        return (
            guessed  # in a mail that can't be read fully a printed time may be anybody's: only sooner counts
        )
    return read


def resolve(printed: Printed, sent_at: datetime) -> tuple[datetime, datetime, Basis]:
    """The earliest and the latest instant (UTC) that a printed time can mean, and its basis.

    `sent_at` is when the mail that prints it was sent. Total: an impossible day counts as the last
    day of its month (`at`) and the day that it runs over into (`latest`).
    """
    sent = bounded(sent_at)
    if isinstance(printed, Within):
        return *_span(printed, sent), Basis.RELATIVE
    relative = not any(isinstance(day, Day) for day in printed.days)
    readings = [_reading(day, printed, sent) for day in _possible(printed.days, sent)]
    at, latest = _choose(readings or [(sent, sent)], sent)
    return at, latest, Basis.RELATIVE if relative else Basis.STATED


def bounded(instant: datetime) -> datetime:
    """The same instant in UTC and whole seconds, kept so far inside the calendar that sums can't overflow."""
    try:
        utc = instant.astimezone(UTC).replace(microsecond=0)
    except (OverflowError, ValueError):
        return FLOOR if instant.year < FLOOR.year else CEILING
    return min(max(utc, FLOOR), CEILING)


def after(start: datetime, span: timedelta) -> datetime:
    """`start` + `span`, never earlier than `start` and never off the calendar."""
    try:
        return bounded(bounded(start) + max(span, timedelta()))
    except OverflowError:
        return CEILING


def _of_several(printed: tuple[Printed, ...], sent_at: datetime) -> Deadline:
    """One deadline of all that is printed: the earliest that is not past.

    Each part of a mail has its earliest; where the HTML and the text part differ, `at` is the earlier and
    `latest` the later of the two.
    """
    parts = [[each for each in printed if each.in_text is in_text] for in_text in (False, True)]
    ends = [_earliest(part, sent_at) for part in parts if part]
    at, _, basis, quote = min(ends)
    return Deadline(at, max(end[1] for end in ends), basis, quote)


def _earliest(printed: Sequence[Printed], sent_at: datetime) -> tuple[datetime, datetime, Basis, str]:
    resolved = [(*resolve(each, sent_at), each.quote) for each in printed]
    open_still = [each for each in resolved if each[1] >= bounded(sent_at)] or resolved
    return min(open_still, key=lambda each: (each[0], each[1], each[2], each[3]))


def _by_policy(window: Window, sent_at: datetime) -> Deadline:
    return Deadline(after(sent_at, window.short), after(sent_at, window.long), Basis.POLICY)


def _span(printed: Within, sent: datetime) -> Reading:
    short, long = sorted((printed.short, printed.long))
    at = after(sent, short)
    if not printed.business:
        return at, after(sent, long)
    return at, max(at, _working(sent, long))


def _working(start: datetime, span: timedelta) -> datetime:
    """`start` plus as many working days (Monday to Friday by the UTC date, no holidays)."""
    back = max(start.weekday() - 4, 0)  # counting from a weekend is counting from its Friday
    weeks, days = divmod(max(span, timedelta()).days, 5)
    try:
        end = start + timedelta(days=7 * weeks - back)
    except OverflowError:
        return CEILING
    for _ in range(days):
        end = _workday(after(end, timedelta(days=1)))
    if span <= timedelta() or not (weeks or days):
        end = start
    return _workday(after(end, span % timedelta(days=1)))


def _workday(instant: datetime) -> datetime:
    """The same wall time on the first working day on or after it."""
    return after(instant, timedelta(days=7 - instant.weekday())) if instant.weekday() > 4 else instant


def _choose(readings: list[Reading], sent: datetime) -> Reading:
    """Of one or two readings: `at` of the earlier that is not past, and the end of the last."""
    still_open = [reading for reading in readings if reading[1] >= sent] or readings
    return min(still_open)[0], max(reading[1] for reading in readings)


def _possible(days: tuple[Day | Ahead | Weekday, ...], sent: datetime) -> list[Day | Ahead | Weekday]:
    """The readings whose day exists, or all of them where none does."""
    real = [day for day in days if not isinstance(day, Day) or _exists(day, sent.year)]
    return real or list(days)


def _exists(day: Day, year: int) -> bool:
    if not 1 <= day.month <= 12:
        return day.month == 0
    years = (day.year,) if day.year is not None else (year - 1, year, year + 1)
    return any(1 <= each <= 9999 and 1 <= day.day <= monthrange(each, day.month)[1] for each in years)


def _reading(day: Day | Ahead | Weekday, printed: By, sent: datetime) -> Reading:
    """The earliest and the latest instant of one reading of a printed day."""
    first, last = _dates(day, sent)
    if printed.at is None:
        return _instants(first, time(), printed.zone)[0], _instants(last, LAST_SECOND, printed.zone)[1]
    at, latest = _instants(first, printed.at, printed.zone)[0], _instants(last, printed.at, printed.zone)[1]
    if isinstance(day, Weekday) and latest < sent:
        # "by Friday 10:00", sent on a Friday at noon: today's is gone, next week's may be meant.
        latest = _instants(_plus(last, 7), printed.at, printed.zone)[1]
    return at, latest


def _dates(day: Day | Ahead | Weekday, sent: datetime) -> tuple[date, date]:
    """The calendar day meant; two where the printed one does not exist."""
    today = sent.astimezone(PACIFIC).date()
    if isinstance(day, Ahead):
        found = _plus(today, day.days)
    elif isinstance(day, Weekday):
        found = _plus(today, (day.weekday - today.weekday()) % 7)
    elif day.month == 0:
        found = _next_of_a_month(day.day, today)
    elif day.year is not None:
        return _clamped(day.year, day)
    else:
        return _yearless(day, today)
    return found, found


def _next_of_a_month(number: int, today: date) -> date:
    """The first day with this number, on or after `today`."""
    for ahead in range(62):
        if (found := _plus(today, ahead)).day == number:
            return found
    return today


def _yearless(day: Day, today: date) -> tuple[date, date]:
    """The first such day on or after `today`; one that is only just past stays past."""
    candidates = [_clamped(year, day) for year in range(today.year - 1, today.year + 2)]
    for first, last in candidates:
        if last >= today - RECENT:
            return first, last
    return candidates[-1]


def _clamped(year: int, day: Day) -> tuple[date, date]:
    """The day itself, or around an impossible one: its month's last day and where it runs over to."""
    year, month = min(max(year, FLOOR.year), CEILING.year), min(max(day.month, 1), 12)
    length = monthrange(year, month)[1]
    number = min(max(day.day, 1), 31)
    if number <= length:
        return (found := date(year, month, number)), found
    end = date(year, month, length)
    return end, end + timedelta(days=number - length)


def _plus(day: date, days: int) -> date:
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return CEILING.date() if days > 0 else FLOOR.date()


def _instants(day: date, at: time, name: str | None) -> Reading:
    """Every instant a wall time can mean, first and last: two in the hour that clocks skip or repeat."""
    wall = at.replace(microsecond=0, tzinfo=None)
    found = [
        bounded(datetime.combine(day, wall.replace(fold=fold), tzinfo=zone))
        for zone in _zones(name)
        for fold in (0, 1)
    ]
    return min(found), max(found)


@lru_cache(maxsize=256)
def _zones(name: str | None) -> tuple[tzinfo, ...]:
    """The zone of this name or offset; an unknown name may be any zone on earth."""
    if name is None:
        return (PACIFIC,)
    offset = _offset(name.strip())
    if offset is not None:
        return (offset,)
    try:
        return (ZoneInfo(name.strip()),)
    except (KeyError, ValueError, OSError):  # not found, not a key, not a file of zones
        return tuple(_world())


def _world() -> Iterator[tzinfo]:
    yield timezone(timedelta(hours=14))
    yield timezone(timedelta(hours=-12))


def _offset(text: str) -> tzinfo | None:
    """The fixed zone of "+08:00", "-0330", "+8", "Z" or "UTC"; None for anything else."""
    if text.upper() in ("Z", "UTC", "GMT"):
        return UTC
    sign, digits = text[:1], text[1:].replace(":", "")
    if sign not in ("+", "-") or not (digits.isascii() and digits.isdigit()) or len(digits) > 4:
        return None
    hours, minutes = (int(digits), 0) if len(digits) <= 2 else (int(digits[:-2]), int(digits[-2:]))
    if hours > 15 or minutes > 59:
        return None
    span = timedelta(hours=hours, minutes=minutes)
    return timezone(span if sign == "+" else -span)
