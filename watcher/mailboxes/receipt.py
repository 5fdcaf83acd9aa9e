"""When a mail was received, as told by the lines that mail servers wrote on top of it."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

HEAD = 64 * 1024  # bytes; the newest Received line stands first

_FOLD = re.compile(rb"\r?\n[ \t]+|\r[ \t]+")
_RECEIVED = re.compile(rb"^received:([^\r\n]*)", re.I | re.M)
_DELIVERED = re.compile(rb"^delivery-date:([^\r\n]*)", re.I | re.M)
_END = re.compile(rb"\r?\n\r?\n")
_FROM_LINE = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),?\s+(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\s+(\d{1,2})\s+"
    r"(\d{1,2}):(\d\d)(?::(\d\d))?\s+(?:([+-]\d{4}|[A-Z]{1,5})\s+)?(\d{4})"
)


def receipt(raw: bytes) -> datetime | None:
    """Return the aware UTC time of the topmost Received line, else of Delivery-date, else None."""
    head = raw[:HEAD]
    end = _END.search(head)
    lines = _FOLD.sub(b" ", head[: end.start()] if end else head)
    if (found := _RECEIVED.search(lines)) and b";" in found[1]:
        at = _instant(found[1].rsplit(b";", 1)[1])
        if at is not None:
            return at
    return _instant(found[1]) if (found := _DELIVERED.search(lines)) else None


def from_line(line: bytes) -> datetime | None:
    """Return the aware UTC time of an mbox's From_ line, which counts as UTC where it names no zone."""
    found = _FROM_LINE.search(line.decode("ascii", "replace"))
    if not found:
        return None
    month, day, hour, minute, second, zone, year = found.groups()
    return _instant(f"{day} {month} {year} {hour}:{minute}:{second or '00'} {zone or '+0000'}".encode())


def _instant(text: bytes) -> datetime | None:
    try:
        at = parsedate_to_datetime(text.decode("ascii", "replace").strip()[:200])
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
