"""The one place that reads the clock, and the one spelling of an instant in the store."""

import time
from datetime import UTC, datetime

EVER = datetime.max.replace(tzinfo=UTC)


def utc_now() -> datetime:
    """Return the wall clock as an aware UTC instant."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Return seconds of a clock that nobody can set; it stands still while the machine sleeps."""
    return time.monotonic()


def stamp(instant: datetime) -> str:
    """Spell an aware instant in UTC with fixed width, so that text order is order in time."""
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def instant(text: str) -> datetime:
    """Read what `stamp` wrote. Raises ValueError for anything else."""
    return datetime.fromisoformat(text)


def maybe_stamp(at: datetime | None) -> str | None:
    """Spell an instant, or None where there is none."""
    return None if at is None else stamp(at)


def maybe_instant(text: str | None) -> datetime | None:
    """Read an instant, or None where there is none."""
    return None if text is None else instant(text)
