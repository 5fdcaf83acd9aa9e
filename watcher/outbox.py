"""Alerts on their way: one row for each key and channel, born in one transaction, marked after success.

Law: a key is born once. `sending` is committed before a channel is asked and `sent` after it agreed;
what is found `sending` at a start is in doubt. What is no longer true is dropped, never sent.
"""

import json
import sqlite3
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rules.facts import Alert
from watcher import crash
from watcher.alertjson import alert_from_json, alert_json
from watcher.carried import Carried
from watcher.clock import EVER, instant, maybe_instant, maybe_stamp, stamp
from watcher.database import Database
from watcher.records import storable
from watcher.truth import LOUDNESS, TOO_LATE, why_untrue

NO_DEADLINE = timedelta(days=7)
AFTER_DEADLINE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Row:
    """One alert for one channel, claimed for sending; `tries` counts the earlier ones."""

    key: str
    channel: str
    alert: Alert
    message_id: str
    in_doubt: bool
    tries: int
    thread: str | None
    give_up_at: datetime


@dataclass(frozen=True, slots=True)
class Birth:
    """An alert to be born, the channels it goes to, and whether the flood limit counts it."""

    alert: Alert
    channels: tuple[str, ...]
    limited: bool = False


class Outbox:
    """The rows of alerts and outbox in the store."""

    def __init__(self, database: Database, message_id: Callable[[str, str], str]) -> None:
        self._database = database
        self._message_id = message_id
        self.carried = Carried()

    def bear(self, births: Sequence[Birth], now: datetime) -> int:
        """Write new alerts and their rows, and drop older waiting words about the same cases, all in one
        transaction; return how many keys were new. Raises StoreError."""
        born = 0
        with self._database.writing() as connection:
            for birth in births:
                born += self._bear(connection, birth, now)
        crash.reach("after_birth")
        return born

    def _bear(self, connection: sqlite3.Connection, birth: Birth, now: datetime) -> int:
        alert = birth.alert
        done = connection.execute(
            "INSERT OR IGNORE INTO alerts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                alert.key,
                alert.case,
                alert.about.value,
                alert.rung,
                LOUDNESS.index(alert.urgency),
                stamp(alert.deadline.at) if alert.deadline else None,
                int(birth.limited),
                stamp(now),
                stamp(_give_up_at(alert, now)),
                storable(json.dumps(alert_json(alert), ensure_ascii=False)),
            ),
        ).rowcount
        if not done:
            return 0
        if alert.case is not None:
            connection.execute(
                "UPDATE outbox SET state = 'dropped', error = 'a newer word took its place', at = ?"
                " WHERE state = 'queued' AND key IN (SELECT key FROM alerts WHERE case_id = ? AND key != ?)",
                (stamp(now), alert.case, alert.key),
            )
        self._queue(connection, alert.key, birth.channels, now)
        return 1

    def _queue(
        self, connection: sqlite3.Connection, key: str, channels: Collection[str], now: datetime
    ) -> None:
        for name in channels:
            message_id = self._message_id(key, name)
            gone = self.carried.arrived((key, name)) or _came_before(connection, message_id)
            connection.execute(
                "INSERT OR IGNORE INTO outbox (key, channel, state, next_try, message_id, at)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (key, name, "sent" if gone else "queued", stamp(now), message_id, stamp(now)),
            )

    def hand_over(self, channels: Collection[str], now: datetime) -> int:
        """Queue for the channels left out what no other channel could deliver so far; return how many rows
        that made. Raises StoreError."""
        made = 0
        if not self._failing():
            return 0
        with self._database.writing() as connection:
            keys = connection.execute(
                "SELECT o.key FROM outbox o JOIN alerts a ON a.key = o.key"
                " WHERE a.give_up_at > ? AND o.key IN"
                " (SELECT key FROM outbox WHERE state = 'queued' AND tries > 0"
                "  UNION SELECT key FROM outbox WHERE state = 'returned' AND at > ?)"
                " GROUP BY o.key HAVING sum(o.state IN ('sent', 'sending')) = 0"
                " AND sum(o.state = 'queued' AND o.tries = 0) = 0 AND count(*) < ?",
                (stamp(now), stamp(now - AFTER_DEADLINE), len(channels)),
            ).fetchall()
            for (key,) in keys:
                before = connection.total_changes
                self._queue(connection, key, channels, now)
                made += connection.total_changes - before
        return made

    def _failing(self) -> bool:
        with self._database.reading() as connection:
            return bool(
                connection.execute(
                    "SELECT EXISTS (SELECT 1 FROM outbox WHERE state = 'queued' AND tries > 0)"
                    " OR EXISTS (SELECT 1 FROM outbox WHERE state = 'returned')"
                ).fetchone()[0]
            )

    def doubt(self, now: datetime) -> int:
        """At a start: what was being sent when we died may have gone out; return how many rows that is.
        Raises StoreError."""
        with self._database.writing() as connection:
            return connection.execute(
                "UPDATE outbox SET state = 'queued', doubt_at = ?, next_try = ? WHERE state = 'sending'",
                (stamp(now), stamp(now)),
            ).rowcount

    def revive(self, now: datetime) -> None:
        """Queue again what was given up as too late although its time is still to come, as after a clock
        that was wrong. Raises StoreError."""
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE outbox SET state = 'queued', next_try = ?, error = NULL, at = ?"
                " WHERE state = 'dropped' AND error = ? AND key IN"
                " (SELECT key FROM alerts WHERE give_up_at > ?)",
                (stamp(now), stamp(now), TOO_LATE, stamp(now)),
            )

    def drop_channels_but(self, channels: Collection[str], now: datetime) -> None:
        """Drop what waits for channels that are no longer configured. Raises StoreError."""
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE outbox SET state = 'dropped', error = 'the channel was removed', at = ?"
                " WHERE state = 'queued' AND channel NOT IN (SELECT value FROM json_each(?))",
                (stamp(now), json.dumps(sorted(channels))),
            )

    def drop_keys(self, prefix: str, why: str, now: datetime) -> None:
        """Drop what waits under keys that begin so. Raises StoreError."""
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE outbox SET state = 'dropped', error = ?, at = ?"
                " WHERE state = 'queued' AND substr(key, 1, ?) = ?",
                (why, stamp(now), len(prefix), prefix),
            )

    def drop_untrue(self, now: datetime) -> int:
        """Drop every waiting row that is no longer true; return how many. Raises StoreError."""
        with self._database.reading() as connection:
            waiting = connection.execute("SELECT 1 FROM outbox WHERE state = 'queued' LIMIT 1").fetchone()
        if waiting is None:
            return 0
        with self._database.writing() as connection:
            keys = connection.execute("SELECT DISTINCT key FROM outbox WHERE state = 'queued'").fetchall()
            untrue = {key: why for (key,) in keys if (why := why_untrue(connection, key, now))}
            for key, why in untrue.items():
                connection.execute(
                    "UPDATE outbox SET state = 'dropped', error = ?, at = ?"
                    " WHERE state = 'queued' AND key = ?",
                    (why, stamp(now), key),
                )
        return len(untrue)

    def claim(
        self,
        channel: str,
        now: datetime,
        settled_doubt: datetime | None = None,
        cases_wait: bool = False,
    ) -> Row | None:
        """Take the most urgent row that this channel should try now and commit it as `sending`; rows that
        are no longer true are dropped on the way. A row in doubt since after `settled_doubt` is left
        waiting, and with `cases_wait` every word about a case. Raises StoreError."""
        under_way = self.carried.under_way(channel)
        with self._database.writing() as connection:
            while True:
                found = connection.execute(
                    "SELECT o.key, a.public, o.message_id, o.doubt_at, o.tries, a.give_up_at"
                    " FROM outbox o JOIN alerts a ON a.key = o.key WHERE o.channel = ? AND o.state = 'queued'"
                    " AND o.next_try <= ? AND coalesce(o.doubt_at, '') <= ? AND (a.case_id IS NULL OR NOT ?)"
                    " AND o.key NOT IN (SELECT value FROM json_each(?))"
                    " ORDER BY a.urgency DESC, a.created_at LIMIT 1",
                    (channel, stamp(now), stamp(settled_doubt or EVER), cases_wait, json.dumps(under_way)),
                ).fetchone()
                if found is None:
                    return None
                key, public, message_id, doubt_at, tries, give_up_at = found
                if self._need_not_go(connection, key, channel, now):
                    continue
                connection.execute(
                    "UPDATE outbox SET state = 'sending', tries = tries + 1, at = ?"
                    " WHERE key = ? AND channel = ?",
                    (stamp(now), key, channel),
                )
                return Row(
                    key=key,
                    channel=channel,
                    alert=alert_from_json(json.loads(public)),
                    message_id=message_id,
                    in_doubt=doubt_at is not None,
                    tries=tries,
                    thread=self._thread(connection, key, channel),
                    give_up_at=instant(give_up_at),
                )

    def _need_not_go(self, connection: sqlite3.Connection, key: str, channel: str, now: datetime) -> bool:
        """Whether a row has gone past the store, may have, or is no longer true; noted in the row."""
        if self.carried.arrived((key, channel)):
            self._mark(connection, key, channel, "sent", now)
        elif self.carried.hand_back_doubt((key, channel)):
            self._doubt(connection, key, channel, now)
        elif why := why_untrue(connection, key, now):
            self._mark(connection, key, channel, "dropped", now, error=why)
        else:
            return False
        return True

    def _thread(self, connection: sqlite3.Connection, key: str, channel: str) -> str | None:
        """Return the Message-ID of the first alert about the same case on this channel."""
        row = connection.execute(
            "SELECT o.message_id FROM outbox o JOIN alerts a ON a.key = o.key"
            " WHERE a.case_id = (SELECT case_id FROM alerts WHERE key = ?) AND o.channel = ?"
            " ORDER BY a.created_at, a.rowid LIMIT 1",
            (key, channel),
        ).fetchone()
        return row[0] if row else None

    def sent(self, row: Row, now: datetime) -> None:
        """The channel agreed: done. Raises StoreError."""
        with self._database.writing() as connection:
            self._mark(connection, row.key, row.channel, "sent", now)

    def failed(self, row: Row, error: str, next_try: datetime, now: datetime, in_doubt: bool = False) -> None:
        """The channel refused or broke: try again at `next_try`, or give up when that is too late;
        `in_doubt` where it may have gone out all the same. Raises StoreError."""
        state = "queued" if next_try <= row.give_up_at else "dropped"
        with self._database.writing() as connection:
            self._mark(connection, row.key, row.channel, state, now, error=error, next_try=next_try)
            if in_doubt:
                self._doubt(connection, row.key, row.channel, now)

    def _doubt(self, connection: sqlite3.Connection, key: str, channel: str, now: datetime) -> None:
        connection.execute(
            "UPDATE outbox SET doubt_at = ? WHERE key = ? AND channel = ?", (stamp(now), key, channel)
        )

    def _mark(
        self,
        connection: sqlite3.Connection,
        key: str,
        channel: str,
        state: str,
        now: datetime,
        error: str | None = None,
        next_try: datetime | None = None,
    ) -> None:
        # a mail seen meanwhile in the watched mailbox stays sent, whatever the channel says afterwards
        connection.execute(
            "UPDATE outbox SET state = ?, error = ?, next_try = ?, at = ?"
            " WHERE key = ? AND channel = ? AND state NOT IN ('sent', 'returned')",
            (state, error, maybe_stamp(next_try), stamp(now), key, channel),
        )

    def next_try(self, channel: str) -> datetime | None:
        """Return when the next row of this channel wants to be tried. Raises StoreError."""
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT min(next_try) FROM outbox WHERE channel = ? AND state = 'queued'", (channel,)
            ).fetchone()
        return maybe_instant(row[0])

    def hasten(self, now: datetime) -> None:
        """Try again now what waits for its next try: what stood in the way may be over. Raises StoreError."""
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE outbox SET next_try = ? WHERE state = 'queued' AND tries > 0 AND next_try > ?",
                (stamp(now), stamp(now)),
            )


def _came_before(connection: sqlite3.Connection, message_id: str) -> bool:
    """Whether the mail lies in the mailbox already: sent before the store was lost or put back."""
    came = connection.execute("SELECT 1 FROM meta WHERE name = ?", (f"came {message_id}",))
    return came.fetchone() is not None


def _give_up_at(alert: Alert, now: datetime) -> datetime:
    if alert.deadline is None:
        return now + NO_DEADLINE
    latest = max(alert.deadline.latest, now)
    return EVER if latest > EVER - AFTER_DEADLINE else latest + AFTER_DEADLINE
