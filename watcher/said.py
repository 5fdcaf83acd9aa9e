"""What was said and what still waits to be: the questions to the outbox, none of which writes anything."""

import json
from datetime import datetime

from rules.facts import Alert, AlertAbout
from watcher.alertjson import alert_from_json
from watcher.clock import maybe_instant, stamp
from watcher.database import Database
from watcher.truth import why_untrue


class Said:
    """Every alert ever born, and where it stands on its way."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keys_about(self, case_id: str) -> frozenset[str]:
        """Return the keys of every alert ever born for a case. Raises StoreError."""
        with self._database.reading() as connection:
            rows = connection.execute("SELECT key FROM alerts WHERE case_id = ?", (case_id,))
            return frozenset(row[0] for row in rows)

    def knows(self, key: str) -> bool:
        """Tell whether this key was born already. Raises StoreError."""
        with self._database.reading() as connection:
            return connection.execute("SELECT 1 FROM alerts WHERE key = ?", (key,)).fetchone() is not None

    def last_about(self, about: AlertAbout) -> datetime | None:
        """Return when the newest alert about this was born, None where there is none. Raises StoreError."""
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT max(created_at) FROM alerts WHERE about = ?", (about.value,)
            ).fetchone()
        return maybe_instant(row[0])

    def limited_since(self, since: datetime) -> int:
        """Count the alerts under the flood limit born since then. Raises StoreError."""
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT count(*) FROM alerts WHERE created_at > ? AND limited", (stamp(since),)
            ).fetchone()
        return int(row[0])

    def due(self, now: datetime) -> list[tuple[Alert, tuple[str, ...]]]:
        """Return the alerts that wait to be tried now, each with its channels; what is in doubt is left to
        the mailbox. Raises StoreError."""
        found: dict[str, tuple[str, list[str]]] = {}
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT o.key, a.public, o.channel FROM outbox o JOIN alerts a ON a.key = o.key"
                " WHERE o.state = 'queued' AND o.next_try <= ? AND o.doubt_at IS NULL",
                (stamp(now),),
            ).fetchall()
            for key, public, channel in rows:
                if why_untrue(connection, key, now) is None:
                    found.setdefault(key, (public, []))[1].append(channel)
        return [(alert_from_json(json.loads(public)), tuple(names)) for public, names in found.values()]

    def stuck_since(self) -> datetime | None:
        """Return since when the oldest alert waits that no channel could deliver, None where there is none.
        Raises StoreError."""
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT min(a.created_at) FROM alerts a WHERE a.key IN"
                " (SELECT key FROM outbox WHERE state IN ('queued', 'sending')) AND NOT EXISTS"
                " (SELECT 1 FROM outbox o WHERE o.key = a.key AND o.state = 'sent')"
            ).fetchone()
        return maybe_instant(row[0])

    def waiting(self) -> tuple[int, datetime | None]:
        """Return how many rows wait, and since when the oldest does. Raises StoreError."""
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT count(*), min(a.created_at) FROM outbox o JOIN alerts a ON a.key = o.key"
                " WHERE o.state IN ('queued', 'sending')"
            ).fetchone()
        return int(row[0]), maybe_instant(row[1])
