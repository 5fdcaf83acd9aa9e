"""Looking after the store while it is in use: a copy of it, all of it as JSON, and the old parts let go.

Law: nothing is let go that a mail could bring back as news, that is still open, or that was said of what
is still open.
"""

import os
import sqlite3
from contextlib import closing, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from rules.facts import Act, Case
from watcher.casebook import Summary, acts_of
from watcher.clock import stamp
from watcher.database import Database, StoreError
from watcher.privatefile import force_to_disk
from watcher.store import Store

YOUNGEST = timedelta(days=120)
"""Nothing younger is let go: a dispute with its appeal, and the months in which a bank still answers."""
SLACK = timedelta(days=14)  # beyond what a first look at the mailbox would read again


def backup(database: Database, target: Path) -> int:
    """Copy the store as it is at this moment into a file of one's own; return its size in bytes.

    The daemon may go on meanwhile. Raises StoreError; a file that is there is replaced only by a whole copy.
    """
    aside = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        os.close(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))
        with closing(sqlite3.connect(aside)) as copy:
            with database.reading() as connection:
                connection.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, nothing beside it
            if copy.execute("PRAGMA quick_check").fetchone() != ("ok",):
                raise StoreError(f"The copy in {target} is damaged.", "Look at that disk; nothing was kept.")
        force_to_disk(aside)
        os.replace(aside, target)
        return target.stat().st_size
    except (OSError, sqlite3.Error) as error:
        why = getattr(error, "strerror", None) or str(error)
        remedy = "Name a file in a folder that can be written, with room in it."
        raise StoreError(f"{target} can't be written: {why}.", remedy) from None
    finally:
        with suppress(OSError):
            aside.unlink()


def exported(store: Store, summary: Summary, now: datetime) -> dict[str, Any]:
    """All that is known, as JSON: every case as the contract has it with what the buyer did, every alert
    with its deliveries, every folder, the counts. Raises StoreError."""
    import json

    cases = store.cases()
    with store.database.reading() as connection:
        acts = acts_of(connection, [case.id for case in cases])
    folders = [
        {"account": each.account, "name": each.folder, "last_look_at": _plain(each.last_look_at)}
        for each in store.diary.folders()
    ]
    return {
        "schema": 1,
        "exported_at": _plain(now),
        "cases": [{**json.loads(summary(case)), "acts": _acts(acts, case)} for case in cases],
        "alerts": list(reversed(store.alerts(1_000_000))),
        "folders": folders,
        "counts": store.diary.counters(),
    }


def _acts(acts: dict[str, list[Act]], case: Case) -> list[dict[str, Any]]:
    return [
        {
            "verb": act.verb,
            "at": _plain(act.at),
            "answer": act.answer.value if act.answer else None,
            "until": _plain(act.until),
        }
        for act in acts.get(case.id, [])
    ]


def _plain(at: datetime | None) -> str | None:
    from watcher.alertjson import instant

    return None if at is None else instant(at)


def prune(database: Database, before: datetime) -> dict[str, int]:
    """Let go of all that was over before then; return how many mails, cases and alerts went.

    A family of notices goes as a whole: all its mails older, all its cases settled or lapsed. Raises
    StoreError.
    """
    old = stamp(before)
    with database.writing() as connection:
        families = connection.execute(_OVER, (old, old)).fetchall()
        cases = sum(_drop_family(connection, family) for (family,) in families)
        alerts = _drop_alerts(connection, old)
        mails = connection.execute("DELETE FROM places WHERE at < ? AND state = 'seen'", (old,)).rowcount
        connection.execute("DELETE FROM warnings WHERE at < ? AND said_at IS NOT NULL", (old,))
        connection.execute("DELETE FROM meta WHERE name LIKE 'came <%' AND value < ?", (old,))
    with suppress(StoreError), database.reading() as connection:  # while the daemon is busy, another time
        connection.execute("VACUUM")
    return {"mails": mails, "cases": cases, "alerts": alerts}


_OVER = (
    "SELECT family FROM notices n GROUP BY family HAVING max(received_at) < ? AND NOT EXISTS"
    " (SELECT 1 FROM cases c WHERE c.family = n.family AND NOT c.settled"
    "  AND coalesce(c.latest_at, '9') >= ?)"
)


def _drop_family(connection: sqlite3.Connection, family: int) -> int:
    names = [row[0] for row in connection.execute("SELECT id FROM cases WHERE family = ?", (family,))]
    for name in names:
        said = "(SELECT key FROM alerts WHERE case_id = ?)"
        connection.execute(f"DELETE FROM outbox WHERE key IN {said}", (name,))
        for table in ("alerts", "acts", "histories"):
            connection.execute(f"DELETE FROM {table} WHERE case_id = ?", (name,))
        connection.execute("DELETE FROM cases WHERE id = ?", (name,))
    mails = "(SELECT identity FROM notices WHERE family = ?)"
    for table in ("raws", "sources", "histories"):
        connection.execute(f"DELETE FROM {table} WHERE identity IN {mails}", (family,))
    for table in ("notices", "marks"):
        connection.execute(f"DELETE FROM {table} WHERE family = ?", (family,))
    return len(names)


def _drop_alerts(connection: sqlite3.Connection, old: str) -> int:
    """Alerts about no case that is still known; what was said of a known one must not be said again."""
    gone = (
        "(SELECT key FROM alerts WHERE created_at < ? AND give_up_at < ?"
        " AND coalesce(case_id, '') NOT IN (SELECT id FROM cases))"
    )
    connection.execute(f"DELETE FROM outbox WHERE key IN {gone}", (old, old))
    return connection.execute(f"DELETE FROM alerts WHERE key IN {gone}", (old, old)).rowcount
