"""The alerts of the store as the contract prints them, each with its deliveries."""

import json
import sqlite3
from typing import Any

from watcher.database import Database


def alert_list(database: Database, limit: int = 100) -> list[dict[str, Any]]:
    """Return the newest alerts as the contract's JSON, newest first. Raises StoreError."""
    with database.reading() as connection:
        rows = connection.execute(
            "SELECT key, public FROM alerts ORDER BY created_at DESC, rowid DESC LIMIT ?", (limit,)
        ).fetchall()
        return [{**json.loads(public), "deliveries": _deliveries(connection, key)} for key, public in rows]


def _deliveries(connection: sqlite3.Connection, key: str) -> list[dict[str, Any]]:
    names = ("channel", "state", "tries", "at", "error")
    rows = connection.execute(
        "SELECT channel, state, tries, substr(at, 1, 19) || 'Z', error FROM outbox WHERE key = ?"
        " ORDER BY channel",
        (key,),
    )
    return [dict(zip(names, row, strict=True)) for row in rows]
