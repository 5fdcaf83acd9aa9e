"""What we print for programs: mails, cases and status as the contract's JSON, and as CSV.

Law: every key is always there, null where unknown; the facts are named as the contract names them, so
one function turns any of them into JSON.
"""

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any

from rules.facts import Case, Notice, Outcome, Role
from watcher.alertjson import instant

if TYPE_CHECKING:
    from rules.policy import Policy
    from rules.routes import Words

SCHEMA = 1
WITHHELD = "withheld"
_ACTING = (Role.ACCEPT.value, Role.REJECT.value)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

_NESTED = {
    "authenticity": ("verdict", "reasons"),
    "offer": ("by", "remedy", "amount", "currency"),
    "asked": ("amount", "currency"),
    "paid": ("amount", "currency"),
    "deadline": ("at", "latest", "basis", "quote"),
    "links": ("role", "url", "label", "verdict", "reason"),
    "clocks": ("name", "at", "who"),
    "history": ("sent_at", "kind", "source"),
    "instruction": ("headline", "routes.name", "routes.title", "routes.steps", "routes.url"),
}
# fmt: off
_MAIL = (
    "schema", "outcome", "source", "message_id", "sent_at", "kind", "reason", "locale", "orders",
    "dispute", "authenticity", "offer", "asked", "paid", "deadline", "links", "turn", "instruction",
)
_CASE = (
    "case", "orders", "dispute", "kind", "turn", "deadline", "offer", "asked", "paid", "links",
    "authenticity", "locale", "clocks", "history", "instruction",
)
# fmt: on


def _columns(keys: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"{key}.{inner}" if inner else key for key in keys for inner in (_NESTED.get(key) or ("",)))


MAIL_COLUMNS = _columns(_MAIL)
CASE_COLUMNS = _columns(_CASE)


def plain(value: Any) -> Any:
    """Turn facts into what JSON knows: instants as UTC text, amounts as printed, enums as words."""
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    return [plain(each) for each in value] if isinstance(value, tuple) else value


def mail_json(notice: Notice, policy: "Policy", words: "Words", now: datetime) -> dict[str, Any]:
    """One mail as `scan --format json` prints it; `now` (aware) decides which links have expired."""
    judged = _ignored() if notice.outcome is Outcome.IGNORED else _judged(notice, policy, words, now)
    whole = {
        "schema": SCHEMA,
        "outcome": notice.outcome.value,
        "source": notice.source,
        "message_id": notice.message_id,
        "sent_at": instant(notice.sent_at),
        "reason": plain(notice.reason),
        "locale": notice.locale,
        "authenticity": plain(notice.authenticity),
        **judged,
    }
    return {key: whole[key] for key in _MAIL}


def _ignored() -> dict[str, Any]:
    empty: dict[str, Any] = dict.fromkeys(
        ("kind", "dispute", "offer", "asked", "paid", "deadline", "turn", "instruction")
    )
    return {**empty, "orders": [], "links": []}


def _judged(notice: Notice, policy: "Policy", words: "Words", now: datetime) -> dict[str, Any]:
    from rules.cases import turn_of
    from rules.deadlines import deadline
    from rules.links import look
    from rules.routes import instruct

    until = deadline(notice, policy)
    way = instruct(notice.kind, notice.orders, notice.dispute, words) if until else None
    return {
        "kind": plain(notice.kind),
        "orders": list(notice.orders),
        "dispute": notice.dispute,
        "offer": plain(notice.offer),
        "asked": plain(notice.asked),
        "paid": plain(notice.paid),
        "deadline": plain(until),
        "links": plain(look(notice.anchors, notice.orders, now, policy.hosts)),
        "turn": turn_of(notice.kind, notice.outcome).value,
        "instruction": plain(way),
    }


def case_json(case: Case, policy: "Policy", words: "Words", now: datetime) -> dict[str, Any]:
    """One case as `case`, `status` and `scan --by case` print it; `now` as in `mail_json`."""
    from rules.links import look
    from rules.routes import instruct

    way = instruct(case.kind, case.orders, case.dispute, words) if case.deadline else None
    whole = {
        "case": case.id,
        "links": plain(look(case.anchors, case.orders, now, policy.hosts, case.reported_broken)),
        "history": [
            {"sent_at": instant(each.sent_at), "kind": plain(each.kind), "source": each.source}
            for each in case.history
        ],
        "instruction": plain(way),
    }
    named = {key: plain(getattr(case, key)) for key in _CASE if key not in whole}
    return {key: {**whole, **named}[key] for key in _CASE}


def status_json(
    awake: bool,
    accounts: Iterable[Mapping[str, Any]],
    outbox: Mapping[str, Any],
    cases: Iterable[Mapping[str, Any]],
) -> dict[str, Any]:
    """The contract's `status` of parts that are JSON already."""
    return {
        "schema": SCHEMA,
        "awake": awake,
        "accounts": [dict(account) for account in accounts],
        "outbox": dict(outbox),
        "cases": [dict(case) for case in cases],
    }


def csv_row(row: Mapping[str, Any], columns: Iterable[str]) -> list[str]:
    """The cells of one mail or case, safe to open in a spreadsheet: no cell can be a formula.

    Addresses to accept or reject are withheld: a spreadsheet makes every address a link to press.
    """
    links = [
        {**link, "url": WITHHELD} if link["role"] in _ACTING and link["url"] else link
        for link in row["links"]
    ]
    shown = {**row, "links": links}
    return [_guarded(_cell(shown, column.split("."))) for column in columns]


def _cell(value: Any, path: list[str]) -> str:
    if isinstance(value, list):
        return " ".join(_cell(each, path) or "null" for each in value)
    if path and isinstance(value, Mapping):
        return _cell(value.get(path[0]), path[1:])
    return "" if value is None or path else str(value)


def _guarded(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
