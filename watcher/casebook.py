"""Notices kept by family (what shares an order or a dispute), and the cases judged from them.

Law: a case is never pushed along. Whatever touches a family, all its notices are judged again.
"""

import sqlite3
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from rules.facts import Act, Answer, Case, Notice, Trust
from watcher import records
from watcher.clock import instant, maybe_instant, maybe_stamp, stamp
from watcher.diary import count

Judge = Callable[[Iterable[Notice], Mapping[str, Sequence[Act]], Mapping[str, str]], tuple[Case, ...]]
Summary = Callable[[Case], str]

CROWD = 250
"""No family is judged from more notices than these; verified and newer ones come first."""


def keep_notice(
    connection: sqlite3.Connection, notice: Notice, raw: bytes, source: str, now: datetime
) -> int | None:
    """Within a transaction: keep a notice and where it came from; return its family if that changes it."""
    known = connection.execute(
        "SELECT family, trust FROM notices WHERE identity = ?", (notice.identity,)
    ).fetchone()
    trust = notice.authenticity.verdict
    family = None
    if known is None:
        family = _family(connection, notice)
        _insert(connection, notice, family, raw, now)
    elif trust is Trust.VERIFIED and known[1] != Trust.VERIFIED.value:
        family = known[0]  # a copy that can be trusted is worth more than the forward that came first
        connection.execute(
            "UPDATE notices SET trust = ?, received_at = ?, facts = ? WHERE identity = ?",
            (trust.value, stamp(notice.received_at), records.dump(notice), notice.identity),
        )
    connection.execute("INSERT OR IGNORE INTO sources VALUES (?, ?)", (notice.identity, source))
    return family


def _insert(connection: sqlite3.Connection, notice: Notice, family: int, raw: bytes, now: datetime) -> None:
    trust, received_at = notice.authenticity.verdict.value, stamp(notice.received_at)
    row = (notice.identity, family, trust, received_at, stamp(now), records.dump(notice))
    connection.execute("INSERT INTO notices VALUES (?, ?, ?, ?, ?, ?, NULL)", row)
    connection.execute("INSERT INTO raws VALUES (?, ?)", (notice.identity, zlib.compress(raw, 6)))


def reread(connection: sqlite3.Connection, family: int, notice: Notice) -> int:
    """Within a transaction: a kept mail says something else now; return the family it belongs to."""
    found = _family(connection, notice, family)
    connection.execute(
        "UPDATE notices SET family = ?, facts = ? WHERE identity = ?",
        (found, records.dump(notice), notice.identity),
    )
    return found


def _family(connection: sqlite3.Connection, notice: Notice, own: int | None = None) -> int:
    """Return the family of a notice (its `own` if it has one); families that it links become one."""
    marks = [f"order {number}" for number in notice.orders]
    marks += [f"dispute {notice.dispute}"] if notice.dispute else []
    found = set() if own is None else {own}
    for mark in marks:
        row = connection.execute("SELECT family FROM marks WHERE mark = ?", (mark,)).fetchone()
        found.update(row or ())
    family = min(found) if found else count(connection, "family")
    for other in found - {family}:
        for table in ("marks", "notices", "cases"):
            connection.execute(f"UPDATE {table} SET family = ? WHERE family = ?", (family, other))
    connection.executemany("INSERT OR IGNORE INTO marks VALUES (?, ?)", [(mark, family) for mark in marks])
    return family


def rejudge(
    connection: sqlite3.Connection, family: int, judge: Judge, summary: Summary, now: datetime
) -> tuple[Case, ...]:
    """Within a transaction: judge all notices of a family again and write its cases down."""
    notices, taken = _notices(connection, family)
    before = {row[0] for row in connection.execute("SELECT id FROM cases WHERE family = ?", (family,))}
    names = _names(connection, family)
    judged = judge(notices, acts_of(connection, before | set(names.values())), names)
    cases = _unique(connection, judged, family)
    for gone in before - {case.id for case in cases}:
        connection.execute("DELETE FROM cases WHERE id = ?", (gone,))
        connection.execute("DELETE FROM histories WHERE case_id = ?", (gone,))
    for case in cases:
        _write(connection, case, family, summary(case), _known_since(case, taken), now)
    return cases


def _notices(connection: sqlite3.Connection, family: int) -> tuple[list[Notice], dict[str, datetime]]:
    rows = connection.execute(
        "SELECT identity, taken_at, facts FROM notices WHERE family = ?"
        " ORDER BY trust = 'verified' DESC, taken_at DESC LIMIT ?",
        (family, CROWD),
    ).fetchall()
    taken = {identity: instant(at) for identity, at, _ in rows}
    return [records.notice(facts) for _, _, facts in rows], taken


def _names(connection: sqlite3.Connection, family: int) -> dict[str, str]:
    """Return the case id that each notice was given first; it is kept, whatever cases are joined later."""
    rows = connection.execute(
        "SELECT identity, first_case FROM notices WHERE family = ? AND first_case IS NOT NULL", (family,)
    )
    return dict(rows.fetchall())


def acts_of(connection: sqlite3.Connection, cases: Iterable[str]) -> dict[str, list[Act]]:
    """Return what the buyer did about these cases, oldest first."""
    acts: dict[str, list[Act]] = defaultdict(list)
    for case_id in cases:
        rows = connection.execute(
            "SELECT verb, at, answer, until FROM acts WHERE case_id = ? ORDER BY seq", (case_id,)
        )
        for verb, at, answer, until in rows:
            act = Act(verb, instant(at), Answer(answer) if answer else None, maybe_instant(until))
            acts[case_id].append(act)
    return dict(acts)


def _unique(connection: sqlite3.Connection, cases: Iterable[Case], family: int) -> tuple[Case, ...]:
    """Give a case another id where a stranger's case has the same one by chance."""
    result: list[Case] = []
    for case in cases:
        name, turn = case.id, 1
        while _taken(connection, name, family) or any(name == other.id for other in result):
            turn += 1
            name = f"{case.id}{turn}"
        result.append(case if name == case.id else replace(case, id=name))
    return tuple(result)


def _taken(connection: sqlite3.Connection, name: str, family: int) -> bool:
    row = connection.execute("SELECT 1 FROM cases WHERE id = ? AND family != ?", (name, family)).fetchone()
    return row is not None


def _known_since(case: Case, taken: Mapping[str, datetime]) -> datetime:
    """Return when we ourselves first had the mail behind the present deadline."""
    behind = [notice for notice in case.history if notice.received_at == case.since]
    return min((taken[notice.identity] for notice in behind if notice.identity in taken), default=case.since)


def _write(
    connection: sqlite3.Connection, case: Case, family: int, summary: str, known: datetime, now: datetime
) -> None:
    deadline = case.deadline
    row = {
        "id": case.id,
        "family": family,
        "orders": " ".join(case.orders),
        "dispute": case.dispute,
        "kind": case.kind.value if case.kind else None,
        "turn": case.turn.value,
        "settled": int(case.settled),
        "deadline_at": stamp(deadline.at) if deadline else None,
        "latest_at": stamp(deadline.latest) if deadline else None,
        "known_since": stamp(known),
        "acked_at": maybe_stamp(case.acked_at),
        "snoozed_until": maybe_stamp(case.snoozed_until),
        "trust": case.authenticity.verdict.value,
        "revision": count(connection, "revision"),
        "changed_at": stamp(now),
        "watched": 1,
        "facts": records.dump(replace(case, history=())),
        "summary": records.storable(summary),
    }
    holes = ", ".join(f":{name}" for name in row)
    connection.execute(f"INSERT OR REPLACE INTO cases ({', '.join(row)}) VALUES ({holes})", row)
    connection.execute("DELETE FROM histories WHERE case_id = ?", (case.id,))
    connection.executemany(
        "INSERT OR IGNORE INTO histories VALUES (?, ?, ?)",
        [(case.id, notice.identity, position) for position, notice in enumerate(case.history)],
    )
    connection.executemany(
        "UPDATE notices SET first_case = ? WHERE identity = ? AND first_case IS NULL",
        [(case.id, notice.identity) for notice in case.history],
    )


def load(connection: sqlite3.Connection, facts: str) -> Case:
    """Return a whole case from what `rejudge` wrote down, its history included."""
    case = records.case(facts)
    rows = connection.execute(
        "SELECT n.facts FROM histories h JOIN notices n ON n.identity = h.identity"
        " WHERE h.case_id = ? ORDER BY h.position",
        (case.id,),
    )
    return replace(case, history=tuple(records.notice(text) for (text,) in rows))
