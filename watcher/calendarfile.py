"""Keeps one calendar file of all deadlines, for a web server or a CalDAV sync of the user's own to share.

Law: the file is whole at every moment; an event once in it is cancelled, never just gone, for as long as a
calendar somewhere may still show it; its UID stays and its SEQUENCE never falls.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rules.facts import Case, Instruction
from watcher.calendar import DOMAIN, Entry, calendar_of, entry_of_case
from watcher.clock import utc_now
from watcher.privatefile import write_whole
from watcher.store import Store

log = logging.getLogger("offerwatch")

REMEMBERED = timedelta(days=60)
"""So long does a settled or lapsed event stay in the file: subscribers look at least that often."""

Instruct = Callable[[Case], Instruction]


class CalendarFile:
    """The file at `path`; `instruct` has the words. `keep` is called as often as one likes."""

    def __init__(
        self, path: Path, store: Store, instruct: Instruct, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._path = path
        self._store = store
        self._instruct = instruct
        self._now = now
        self._kept_at: tuple[str, str] | None = None  # revision of the store, and the day
        self._complained = False

    def keep(self) -> None:
        """Write the file anew where something has changed; what fails is logged once. Raises StoreError."""
        now = self._now()
        mark = (self._store.revision(), f"{now:%Y%m%d}")
        if mark == self._kept_at and self._path.exists():
            return
        try:
            self._write(now)
        except (OSError, ValueError) as error:
            if not self._complained:
                why = getattr(error, "strerror", None) or type(error).__name__
                log.warning("The calendar %s can't be kept (%s); it is tried again.", self._path, why)
            self._complained = True
            return
        self._kept_at, self._complained = mark, False

    def _write(self, now: datetime) -> None:
        before = _entries_in(self._path)
        entries = list(self._entries(before, now))
        data = calendar_of(entries)
        if len(_parsed(data)) != len(entries):
            raise ValueError("the calendar does not read back")
        if not self._path.exists() or self._path.read_bytes() != data:
            write_whole(self._path, data, 0o644)  # others are to share it; its folder decides with whom

    def _entries(self, before: dict[str, Entry], now: datetime) -> Iterator[Entry]:
        since = now - REMEMBERED
        known = dict(self._store.changes())
        for case in self._store.cases():
            changed_at = known.get(case.id)
            entry = entry_of_case(case, self._instruct(case), changed_at)
            old = before.pop(case.id, None)
            if entry is None or (entry.cancelled and old is None) or max(entry.at, entry.changed_at) < since:
                if old is not None:
                    before[case.id] = old
                continue
            if old is not None:
                at = old.at if entry.cancelled else entry.at
                entry = replace(entry, at=at, changed_at=max(entry.changed_at, old.changed_at))
            yield entry
        for gone in before.values():
            if gone.changed_at >= since:
                yield gone if gone.cancelled else replace(gone, cancelled=True, changed_at=now)


def _parsed(data: bytes) -> list[Any]:
    from icalendar import Calendar

    return list(Calendar.from_ical(data.decode("utf-8")).walk("VEVENT"))


def _entries_in(path: Path) -> dict[str, Entry]:
    """What the file has now, by case; nothing where it can't be read or is somebody else's."""
    try:
        events = _parsed(path.read_bytes())
    except (OSError, ValueError, UnicodeDecodeError):
        return {}
    found = {}
    for event in events:
        name, at, domain = str(event.get("UID", "")).rpartition("@")
        if at and domain == DOMAIN and "DTSTART" in event and "DTSTAMP" in event:
            found[name] = Entry(
                case=name,
                at=event["DTSTART"].dt.astimezone(UTC),
                summary=str(event.get("SUMMARY", "")),
                description=str(event.get("DESCRIPTION", "")),
                changed_at=event["DTSTAMP"].dt.astimezone(UTC),
                cancelled=str(event.get("STATUS", "")) == "CANCELLED",
            )
    return found
