"""Mails to warn of once: those that pretend, and those that can't be read; nothing of their text is kept."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from watcher.clock import instant, stamp
from watcher.database import Database


@dataclass(frozen=True, slots=True)
class Warn:
    """A mail to warn of once: `reason` is suspicious, forged or unreadable; nothing of its text is kept."""

    identity: str
    reason: str
    orders: tuple[str, ...]
    source: str
    at: datetime


class Cautions:
    """The rows of warnings in the store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def unsaid(self) -> list[Warn]:
        """Return the mails not yet warned of, newest first. Raises StoreError."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT identity, reason, orders, source, at FROM warnings WHERE said_at IS NULL"
                " ORDER BY at DESC LIMIT 100"
            ).fetchall()
        return [_warn_of(row) for row in rows]

    def said_since(self, since: datetime, unreadable: bool) -> int:
        """Return how many warnings were said since then, of mails that can't be read or of those that
        pretend. Raises StoreError."""
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT count(*) FROM warnings WHERE said_at > ? AND (reason = 'unreadable') = ?",
                (stamp(since), unreadable),
            ).fetchone()
        return int(row[0])

    def done(self, warns: Iterable[Warn], now: datetime, said: bool) -> None:
        """These mails were warned of, or (`said` false) need no warning. Raises StoreError."""
        rows = [(stamp(now) if said else "", warn.identity) for warn in warns]
        with self._database.writing() as connection:
            connection.executemany("UPDATE warnings SET said_at = ? WHERE identity = ?", rows)


def note_warn(connection: sqlite3.Connection, warn: Warn) -> bool:
    """Within a transaction: this mail is to be warned of; False if that was known."""
    row = (warn.identity, warn.reason, " ".join(warn.orders), warn.source, stamp(warn.at))
    return connection.execute("INSERT OR IGNORE INTO warnings VALUES (?, ?, ?, ?, ?, NULL)", row).rowcount > 0


def _warn_of(row: tuple[str, str, str, str, str]) -> Warn:
    identity, reason, orders, source, at = row
    return Warn(identity, reason, tuple(orders.split()), source, instant(at))
