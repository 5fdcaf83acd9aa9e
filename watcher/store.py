"""The memory of the watcher: every mail seen, notices, cases, acts and alerts, in one SQLite file.

Law: one mail is one transaction (place, notice, cases). Whatever is not committed was not seen.
"""

import json
import sqlite3
import zlib
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from rules.facts import Act, Case, Notice, Outcome, Reason
from watcher import casebook, crash, records
from watcher.alertlist import alert_list
from watcher.casebook import Judge, Summary
from watcher.cautions import Cautions, Warn, note_warn
from watcher.clock import instant, maybe_stamp, stamp, utc_now
from watcher.database import FILE_NAME, Database, StoreError
from watcher.diary import Diary, count, note_place
from watcher.mailboxes import Cursor, Message, Passed, Unreadable
from watcher.outbox import Outbox
from watcher.ownmail import OwnMail, kept_installation
from watcher.said import Said

__all__ = ["FILE_NAME", "Open", "Store", "StoreError", "Taken"]

LAPSED = timedelta(days=7)
"""So long does `status` go on showing a case whose time is over."""

FORGOTTEN = timedelta(days=120)
"""So long does `status` go on showing a case that waits for others and of which nothing more is heard."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What taking a mail in changed: whether its notice was new, and the cases judged again."""

    new: bool
    cases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Open:
    """A case that the clock must look at, and since when we have known of its present deadline."""

    case: Case
    known_since: datetime
    changed_at: datetime


class Store:
    """One SQLite file `offerwatch.sqlite3` in `state_dir`, used by threads and processes at once.

    `judge` and `summary` are needed by what changes cases (`take_in`, `act`, `undo`, `judge_all`); without
    them the store can still be read. Everything raises StoreError where the file can't be used.
    """

    def __init__(self, state_dir: Path, judge: Judge | None = None, summary: Summary | None = None) -> None:
        self.database = Database(state_dir)
        self.diary = Diary(self.database)
        self.cautions = Cautions(self.database)
        installation = kept_installation(self.diary, state_dir)
        self.own_mail = OwnMail(self.database, installation)
        self.said = Said(self.database)
        self.outbox = Outbox(self.database, self.own_mail.message_id)
        self._judge = judge
        self._summary = summary or (lambda case: "{}")
        self._loaded: dict[str, tuple[int, Open]] = {}

    def close(self) -> None:
        """Let go of the file; may be called twice."""
        self.database.close()

    # what mailboxes ask

    def unseen(self, account: str, folder: str, uidvalidity: int, uids: Sequence[int]) -> list[int]:
        """Return those of `uids` that were never taken in, in the order given."""
        return self.diary.unseen(account, folder, uidvalidity, uids, utc_now())

    def cursor(self, account: str, folder: str) -> Cursor | None:
        """Return how far the last completed look at a folder came, None before the first."""
        return self.diary.cursor(account, folder)

    # what reading mail changes

    def take_in(self, message: Message, notice: Notice, now: datetime | None = None) -> Taken:
        """Keep what a mail says and judge the cases it touches, all in one transaction."""
        at = now or utc_now()
        with self.database.writing() as connection:
            if message.place is not None:
                note_place(connection, message.place, notice.identity, "seen", at)
            if notice.outcome is Outcome.IGNORED:
                self._count(connection, message, notice, at)
                return Taken(new=False)
            family = casebook.keep_notice(connection, notice, message.raw, message.source, at)
            taken = Taken(True, self._rejudge(connection, family, at)) if family else Taken(new=False)
            crash.reach("before_commit")
        crash.reach("after_commit")
        return taken

    def _count(self, connection: sqlite3.Connection, message: Message, notice: Notice, at: datetime) -> None:
        if notice.reason not in (Reason.FORGED, Reason.SUSPICIOUS):
            return
        warn = Warn(notice.identity, notice.reason.value, notice.orders, message.source, notice.sent_at)
        if note_warn(connection, warn):
            count(connection, notice.reason.value)

    def own(self, message: Message, now: datetime) -> bool:
        """Recognise an alert of ours (or an answer to one) that lies in the mailbox, and note its place."""
        if not self.own_mail.recognise(message.raw, now):
            return False
        if message.place is not None:
            with self.database.writing() as connection:
                note_place(connection, message.place, None, "seen", now)
        return True

    def set_aside(self, item: Unreadable, now: datetime) -> None:
        """Note a mail that can't be read: to be warned of once, and tried again later."""
        place = item.place
        identity = f"{place.account}/{place.folder}/{place.uidvalidity}/{place.uid}"
        with self.database.writing() as connection:
            note_place(connection, place, None, "quarantined", now)
            note_warn(connection, Warn(identity, "unreadable", (), item.source, now))

    def passed(self, item: Passed, now: datetime) -> None:
        """Note mails that a large look left unread because they can't be AliExpress's."""
        rows = [(item.account, item.folder, item.uidvalidity, uid, stamp(now)) for uid in item.uids]
        with self.database.writing() as connection:
            connection.executemany("INSERT OR IGNORE INTO places VALUES (?, ?, ?, ?, NULL, 'seen', ?)", rows)

    # what the buyer does

    def act(self, case_id: str, act: Act) -> Case | None:
        """Keep something the buyer did and judge the case again; None where there is no such case."""
        row = (case_id, act.verb, stamp(act.at), act.answer, maybe_stamp(act.until))
        with self.database.writing() as connection:
            family = _family_of(connection, case_id)
            if family is None:
                return None
            connection.execute(
                "INSERT INTO acts (case_id, verb, at, answer, until) VALUES (?, ?, ?, ?, ?)", row
            )
            self._rejudge(connection, family, act.at)
        return self.case(case_id)

    def undo(self, case_id: str, verb: str, now: datetime) -> Act | None:
        """Take the last such act back and judge the case again; None where there is nothing to undo."""
        with self.database.writing() as connection:
            family = _family_of(connection, case_id)
            last = connection.execute(
                "SELECT max(seq) FROM acts WHERE case_id = ? AND verb = ?", (case_id, verb)
            ).fetchone()[0]
            if family is None or last is None:
                return None
            undone = [act for act in casebook.acts_of(connection, [case_id])[case_id] if act.verb == verb][-1]
            connection.execute("DELETE FROM acts WHERE seq = ?", (last,))
            self._rejudge(connection, family, now)
        return undone

    def read_again(self, read: Callable[[Message], Notice], now: datetime) -> int:
        """Read every kept mail again, because the phrases have changed; return how many say something else.

        Who sent a mail and when it came stays as it was found then.
        """
        with self.database.reading() as connection:
            found = connection.execute("SELECT identity, family, facts FROM notices").fetchall()
        changed = 0
        for identity, family, facts in found:
            before = records.notice(facts)
            raw = self.raw(identity) or b""
            after = read(Message(raw, before.received_at, before.source, None, len(raw)))
            after = replace(after, identity=identity, source=before.source, authenticity=before.authenticity)
            if after == before or after.outcome is Outcome.IGNORED:
                continue
            with self.database.writing() as connection:
                self._rejudge(connection, casebook.reread(connection, family, after), now)
            changed += 1
        return changed

    def judge_all(self, now: datetime) -> int:
        """Judge every family again, because the rules have changed; return how many there were."""
        with self.database.reading() as connection:
            families = connection.execute("SELECT DISTINCT family FROM notices").fetchall()
        for (family,) in families:
            with self.database.writing() as connection:
                self._rejudge(connection, family, now)
        return len(families)

    def _rejudge(self, connection: sqlite3.Connection, family: int, now: datetime) -> tuple[str, ...]:
        if self._judge is None:
            raise TypeError("this store was opened for reading only: it has no judge")
        cases = casebook.rejudge(connection, family, self._judge, self._summary, now)
        return tuple(case.id for case in cases)

    # what the clock asks

    def open_cases(self, only: Collection[str] | None = None) -> list[Open]:
        """Return the cases about which something may still be said, of `only` these ids if given."""
        ask = "SELECT id, revision FROM cases WHERE watched"
        with self.database.reading() as connection:
            if only is None:
                rows = connection.execute(ask).fetchall()
                self._loaded = {name: self._loaded[name] for name, _ in rows if name in self._loaded}
            else:
                rows = [row for name in only for row in connection.execute(f"{ask} AND id = ?", (name,))]
            return [self._open(connection, name, revision) for name, revision in rows]

    def _open(self, connection: sqlite3.Connection, name: str, revision: int) -> Open:
        known = self._loaded.get(name)
        if known is None or known[0] != revision:
            facts, known_since, changed_at = connection.execute(
                "SELECT facts, known_since, changed_at FROM cases WHERE id = ?", (name,)
            ).fetchone()
            case = casebook.load(connection, facts)
            known = (revision, Open(case, instant(known_since), instant(changed_at)))
            self._loaded[name] = known
        return known[1]

    def rest(self, cases: Iterable[Open]) -> None:
        """The clock need not look at these again, until a mail or an act touches them."""
        with self.database.writing() as connection:
            for each in cases:
                connection.execute(
                    "UPDATE cases SET watched = 0 WHERE id = ? AND changed_at = ?",
                    (each.case.id, stamp(each.changed_at)),
                )

    def rouse(self, since: datetime, now: datetime) -> None:
        """The clock must look again at what may still be open since then, and at alerts given up too soon:
        a clock that was wrong for a while may have laid them to rest."""
        with self.database.writing() as connection:
            connection.execute(
                "UPDATE cases SET watched = 1 WHERE NOT watched AND latest_at > ?", (stamp(since),)
            )
            self.outbox.revive(now)

    def known_orders(self, orders: Iterable[str]) -> tuple[str, ...]:
        """Return those of these orders that a notice named."""
        ask = "SELECT 1 FROM marks WHERE mark = ?"
        with self.database.reading() as connection:
            return tuple(name for name in orders if connection.execute(ask, (f"order {name}",)).fetchone())

    # what people ask

    def case(self, case_id: str) -> Case | None:
        """Return one case, whole, with its history."""
        with self.database.reading() as connection:
            row = connection.execute("SELECT facts FROM cases WHERE id = ?", (case_id,)).fetchone()
            return casebook.load(connection, row[0]) if row else None

    def cases(self, settled: bool = True) -> tuple[Case, ...]:
        """Return all cases, or all that are not settled, the nearest deadline first."""
        with self.database.reading() as connection:
            rows = connection.execute(f"SELECT facts FROM cases {_ORDER[settled]}").fetchall()
            return tuple(casebook.load(connection, facts) for (facts,) in rows)

    def revision(self) -> str:
        """Return a mark that changes whenever any case was judged again."""
        with self.database.reading() as connection:
            row = connection.execute("SELECT n FROM counters WHERE name = 'revision'").fetchone()
        return str(row[0]) if row else ""

    def changes(self) -> list[tuple[str, datetime]]:
        """Return when each case was judged last, to the second."""
        with self.database.reading() as connection:
            rows = connection.execute("SELECT id, changed_at FROM cases").fetchall()
        return [(name, instant(at).replace(microsecond=0)) for name, at in rows]

    def summaries(self, now: datetime) -> list[Any]:
        """Return the ready-made JSON of the cases still open, the nearest deadline first. What lapsed more
        than a week ago is left out, and what waits for others without a word for months."""
        with self.database.reading() as connection:
            rows = connection.execute(
                "SELECT summary FROM cases WHERE NOT settled AND (latest_at > ? OR latest_at IS NULL AND"
                " (SELECT max(n.received_at) FROM histories h JOIN notices n ON n.identity = h.identity"
                "  WHERE h.case_id = cases.id) > ?) ORDER BY deadline_at IS NULL, deadline_at, id",
                (stamp(now - LAPSED), stamp(now - FORGOTTEN)),
            ).fetchall()
        return [json.loads(summary) for (summary,) in rows]

    def alerts(self, limit: int = 100) -> list[dict[str, Any]]:
        """Return the newest alerts as the contract's JSON with their deliveries, newest first."""
        return alert_list(self.database, limit)

    def find(self, ref: str) -> list[str]:
        """Return the ids of the cases that a short id, a dispute id or an order number means; an order
        number means its open cases, or if none is open all of them."""
        with self.database.reading() as connection:
            for where in ("id = lower(?)", "dispute = ?"):
                rows = connection.execute(
                    f"SELECT id FROM cases WHERE {where} ORDER BY id", (ref,)
                ).fetchall()
                if rows:
                    return [row[0] for row in rows]
            rows = connection.execute(
                "SELECT c.id, c.settled FROM cases c JOIN marks m ON m.family = c.family"
                " WHERE m.mark = ? AND instr(' ' || c.orders || ' ', ?) ORDER BY c.id",
                (f"order {ref}", f" {ref} "),
            ).fetchall()
        return [name for name, settled in rows if not settled] or [name for name, _ in rows]

    def sources(self, identity: str) -> tuple[str, ...]:
        """Return every place where copies of one mail were seen, as printable sources."""
        with self.database.reading() as connection:
            rows = connection.execute("SELECT source FROM sources WHERE identity = ?", (identity,))
            return tuple(row[0] for row in rows)

    def raw(self, identity: str) -> bytes | None:
        """Return the bytes of a mail that was a notice or unclear, None where it was not kept."""
        with self.database.reading() as connection:
            row = connection.execute("SELECT packed FROM raws WHERE identity = ?", (identity,)).fetchone()
        return zlib.decompress(row[0]) if row else None


_ORDER = {
    True: "ORDER BY settled, deadline_at IS NULL, deadline_at, id",
    False: "WHERE NOT settled ORDER BY deadline_at IS NULL, deadline_at, id",
}


def _family_of(connection: sqlite3.Connection, case_id: str) -> int | None:
    row = connection.execute("SELECT family FROM cases WHERE id = ?", (case_id,)).fetchone()
    return int(row[0]) if row else None
