"""What the watcher remembers of its own doings: looks at folders, where mails lie, small facts."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from watcher.clock import maybe_instant, stamp
from watcher.database import Database
from watcher.mailboxes import Cursor, Looked, Place

AGAIN = timedelta(minutes=10)
"""After this time a mail that could not be read counts as unseen, and is tried again: a bad line looks like
a bad mail for a while, and an offer may have only hours."""

_BATCH = 500


@dataclass(frozen=True, slots=True)
class FolderState:
    """How the last looks at one folder went."""

    account: str
    folder: str
    last_look_at: datetime | None
    error: str | None
    error_at: datetime | None


class Diary:
    """Places, cursors, looks, meta and counters in the store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def unseen(
        self, account: str, folder: str, uidvalidity: int, uids: Sequence[int], now: datetime
    ) -> list[int]:
        """Return those of `uids` that were never taken in, in the order given. Raises StoreError."""
        where = (
            "SELECT uid FROM places WHERE account = ? AND folder = ? AND uidvalidity = ?"
            " AND (state != 'quarantined' OR at > ?)"
        )
        args = (account, folder, uidvalidity, stamp(now - AGAIN))
        seen: set[int] = set()
        with self._database.reading() as connection:
            if len(uids) > 20 * _BATCH:  # one walk over the folder is cheaper than many questions
                between = (min(uids), max(uids))
                rows = connection.execute(f"{where} AND uid BETWEEN ? AND ?", (*args, *between))
                seen.update(row[0] for row in rows)
            else:
                for start in range(0, len(uids), _BATCH):
                    batch = uids[start : start + _BATCH]
                    holes = ",".join("?" * len(batch))
                    rows = connection.execute(f"{where} AND uid IN ({holes})", (*args, *batch))
                    seen.update(row[0] for row in rows)
        return [uid for uid in uids if uid not in seen]

    def cursor(self, account: str, folder: str) -> Cursor | None:
        """Return how far the last completed look came. Raises StoreError."""
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT uidvalidity, uidnext FROM cursors WHERE account = ? AND folder = ?", (account, folder)
            ).fetchone()
        return Cursor(*row) if row else None

    def looked(self, name: str, looked: Looked, now: datetime) -> None:
        """Write down a completed look; `name` is the folder as configured. Raises StoreError."""
        cursor = (looked.account, looked.folder, looked.uidvalidity, looked.uidnext)
        with self._database.writing() as connection:
            connection.execute("INSERT OR REPLACE INTO cursors VALUES (?, ?, ?, ?)", cursor)
            connection.execute(
                "INSERT OR REPLACE INTO looks VALUES (?, ?, ?, NULL, NULL)",
                (looked.account, name, stamp(now)),
            )

    def failed(self, account: str, name: str, error: str, now: datetime) -> None:
        """Write down that a look failed, and why; the last completed look stays known. Raises StoreError."""
        with self._database.writing() as connection:
            connection.execute(
                "INSERT INTO looks VALUES (?, ?, NULL, ?, ?) ON CONFLICT DO UPDATE"
                " SET error = excluded.error, error_at = excluded.error_at",
                (account, name, error, stamp(now)),
            )

    def folders(self) -> tuple[FolderState, ...]:
        """Return every folder that was ever looked at, by account and name. Raises StoreError."""
        with self._database.reading() as connection:
            rows = connection.execute("SELECT * FROM looks ORDER BY account, folder").fetchall()
        return tuple(
            FolderState(account, folder, maybe_instant(at), error, maybe_instant(error_at))
            for account, folder, at, error, error_at in rows
        )

    def get(self, name: str) -> str | None:
        """Return a small fact, None where it was never set. Raises StoreError."""
        with self._database.reading() as connection:
            row = connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None

    def put(self, name: str, value: str) -> None:
        """Keep a small fact. Raises StoreError."""
        with self._database.writing() as connection:
            connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    def drop(self, name: str) -> None:
        """Forget a small fact. Raises StoreError."""
        with self._database.writing() as connection:
            connection.execute("DELETE FROM meta WHERE name = ?", (name,))

    def counters(self) -> dict[str, int]:
        """Return how many mails of each kind of deceit were counted. Raises StoreError."""
        with self._database.reading() as connection:
            rows = connection.execute("SELECT name, n FROM counters WHERE name IN ('forged', 'suspicious')")
            return {"forged": 0, "suspicious": 0, **dict(rows.fetchall())}


def note_place(
    connection: sqlite3.Connection, place: Place, identity: str | None, state: str, now: datetime
) -> None:
    """Within a transaction: this place was looked at; a place that was read is never un-read."""
    connection.execute(
        "INSERT INTO places VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
        " identity = excluded.identity, state = excluded.state, at = excluded.at WHERE state != 'seen'",
        (place.account, place.folder, place.uidvalidity, place.uid, identity, state, stamp(now)),
    )


def count(connection: sqlite3.Connection, name: str) -> int:
    """Within a transaction: one more of these; return how many there are now."""
    row = connection.execute(
        "INSERT INTO counters VALUES (?, 1) ON CONFLICT DO UPDATE SET n = n + 1 RETURNING n", (name,)
    ).fetchone()
    return int(row[0])
