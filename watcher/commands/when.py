"""The ways people write when: "2025-03-12 18:00", "in 2 days", or the app's countdown "2d 17h"."""

import re
from datetime import datetime, time, timedelta, tzinfo

_UNITS = {
    "d": "days", "day": "days", "days": "days",
    "h": "hours", "hr": "hours", "hrs": "hours", "hour": "hours", "hours": "hours",
    "m": "minutes", "min": "minutes", "mins": "minutes", "minute": "minutes", "minutes": "minutes",
    "s": "seconds", "sec": "seconds", "secs": "seconds", "second": "seconds", "seconds": "seconds",
    "w": "weeks", "week": "weeks", "weeks": "weeks",
}  # fmt: skip
_PIECE = re.compile(r"(\d{1,4})\s*([a-z]+)")
_BETWEEN = re.compile(r"(?:\s|,|and|left|in)*")
_NAMED = re.compile(r"(today|tomorrow)(?:\s+(?:at\s+)?(\d{1,2}):(\d{2}))?")
ALLOWED = '"2025-03-12 18:00", "2025-03-12T18:00:00Z", "tomorrow 18:00", "in 2 days" or "2d 17h"'


def read_when(text: str, now: datetime, zone: tzinfo) -> datetime:
    """Read an instant or a countdown; wall times are in `zone`, a day alone counts from its first minute.

    Raises ValueError saying what is allowed.
    """
    said = " ".join(text.strip().lower().split())
    try:
        at = _countdown(said, now) or _named(said, now, zone) or _printed(said, zone)
    except (ValueError, OverflowError):
        at = None
    if at is None:
        raise ValueError(ALLOWED)
    return at


def _countdown(said: str, now: datetime) -> datetime | None:
    pieces = _PIECE.findall(said)
    if not pieces or any(unit not in _UNITS for _, unit in pieces):
        return None
    if _BETWEEN.fullmatch(_PIECE.sub(" ", said)) is None:
        return None
    return now + sum((timedelta(**{_UNITS[unit]: int(n)}) for n, unit in pieces), timedelta())


def _named(said: str, now: datetime, zone: tzinfo) -> datetime | None:
    found = _NAMED.fullmatch(said)
    if found is None:
        return None
    day = now.astimezone(zone).date() + timedelta(days=found[1] == "tomorrow")
    return datetime.combine(day, time(int(found[2] or 0), int(found[3] or 0)), zone)


def _printed(said: str, zone: tzinfo) -> datetime:
    at = datetime.fromisoformat(said.upper())
    return at if at.tzinfo else at.replace(tzinfo=zone)
