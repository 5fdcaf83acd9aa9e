"""Tells order numbers from dispute, line, product and tracking numbers, by words, links and form."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from parsers.clauses import Clause
from rules.addresses import parameters

# Where the numbers stand in links and what they look like: domain.md's table of what was seen in real mail.
_ORDER_PARAMETERS = frozenset(
    [
        "orderid",
        "tradeorderid",
        "o_ids",
        "o_id",
        "tradeid",
        "parentorderid",
        "orderids",
        "tradeorderids",
        "order_id",
        "orderno",
    ]
)
_DISPUTE_PARAMETERS = frozenset(
    [
        "reverseorderlineid",
        "reverseorderid",
        "issueid",
        "disputeid",
        "reverseid",
        "issue_id",
        "dispute_id",
        "caseid",
        "reverseorderlineids",
    ]
)
_BETWEEN_IDS, _ID = re.compile(r"[,;|\s]|%2c", re.IGNORECASE), re.compile(r"\d{12,20}")
_LONG = re.compile(r"(?<![\w\-+])\d(?:\d|[ .\-](?=\d)){10,24}\d(?![\w])|(?<![\da-z])\d{12,20}(?!\d)")
_ORDER = re.compile(r"(?:30|81|82|11)\d{13,14}")
_DISPUTE = re.compile(r"6[23]\d{14}|14\d{15}")
_PRODUCT = re.compile(r"(?:1005|3256|2251|4000|3280)\d{12}")
_NAMES = ("order", "dispute", "parcel", "tracking_number", "return_label", "return", "line")


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers of one mail: orders in order of first mention, and one dispute."""

    orders: tuple[str, ...]
    dispute: str | None
    text_orders: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    digits: str
    what: str | None
    joined: bool = False  # whether only "and" or a comma stands between the number before and this one


def _bare(printed: str) -> str:
    return re.sub(r"\D", "", printed)


def _grouped_well(printed: str) -> bool:
    """Whether blanks or dashes in a number group it evenly, as people print long numbers."""
    groups = re.split(r"[ .\-]", printed)
    return len(groups) == 1 or (
        all(2 <= len(g) <= 8 for g in groups) and len({len(g) for g in groups[:-1]}) == 1
    )


def looks_like_dispute(digits: str) -> bool:
    """Whether a number has the form of a dispute or return id."""
    return bool(_DISPUTE.fullmatch(digits))


def looks_like_product(digits: str) -> bool:
    """Whether a number has the form of a product id."""
    return bool(_PRODUCT.fullmatch(digits))


def _named(clause: Clause, start: int, end: int, before: Clause | None) -> str | None:
    """The noun that a number belongs to: the nearest one before it, else the nearest right behind it."""
    best: tuple[int, str] | None = None
    nouns = [mark for mark in clause.marks if mark.concept in _NAMES]
    for mark in nouns:
        if any(
            m.start <= mark.start and mark.end <= m.end and m.end - m.start > mark.end - mark.start
            for m in nouns
        ):
            continue  # part of a longer name: "order line", "return tracking number"
        if mark.end <= start and not re.search(r"\d{6}", clause.text[mark.end : start]):
            distance = start - mark.end
            limit = 60
        elif mark.start >= end:
            distance, limit = 6 + mark.start - end, 16
        else:
            continue
        if distance <= limit and (best is None or distance <= best[0]):
            best = (distance, mark.concept)
    if best is None and before is not None and start <= 3 and len(before.text) <= 60:
        named = [mark.concept for mark in before.marks if mark.concept in _NAMES]
        return named[-1] if named else None
    return best[1] if best else None


def _in_text(clauses: Sequence[Clause]) -> Iterable[_Found]:
    for at, clause in enumerate(clauses):
        last: _Found | None = None
        ended = -9
        for match in _LONG.finditer(clause.text):
            digits = _bare(match[0])
            if not 12 <= len(digits) <= 20 or not _grouped_well(match[0]):
                continue
            if any(d.start <= match.start() < d.end for d in clause.dates):
                continue
            what = _named(clause, match.start(), match.end(), clauses[at - 1] if at else None)
            if what is None and last is not None and _alike(last.digits, digits):
                what = last.what  # one more of a list
            last = _Found(digits, what, match.start() - ended <= 6)
            yield last
            ended = match.end()


def _alike(one: str, other: str) -> bool:
    """Whether two numbers have the same form, as those of a list have."""
    return len(one) == len(other) and bool(_ORDER.fullmatch(one)) == bool(_ORDER.fullmatch(other))


def _ids(value: str) -> tuple[str, ...]:
    """The numbers that a link's parameter lists."""
    return tuple(v for v in _BETWEEN_IDS.split(value) if _ID.fullmatch(v))


def _in_links(hrefs: Sequence[str]) -> tuple[list[tuple[str, ...]], list[str], list[str]]:
    orders: list[tuple[str, ...]] = []
    disputes: list[str] = []
    rowan: list[str] = []
    for href in hrefs:
        for name, value in parameters(href):
            key = name.lower()
            if key in _ORDER_PARAMETERS and (ids := _ids(value)):
                orders.append(ids)
            elif key in _DISPUTE_PARAMETERS and (ids := _ids(value)):
                disputes += ids
            elif key == "rowan_msg_id":
                turned = re.search(r"(\d{4})(\d{12})(?=\D|$)", value.split("$")[0])
                if turned:
                    rowan.append(turned[2] + turned[1])
    return orders, disputes, rowan


def numbers(clauses: Sequence[Clause], hrefs: Sequence[str]) -> Numbers:
    """Return the order numbers and the dispute id that the text (`clauses`) and our own links name.

    A number after an order word counts first, then a link parameter, then the rowan id turned back.
    """
    found = list(_in_text(clauses))
    link_orders, link_disputes, rowan = _in_links(hrefs)
    dispute = _dispute(found, link_orders, link_disputes)
    text_orders = _text_orders(found, dispute, link_disputes, link_orders)
    orders = list(text_orders)
    for ids in link_orders:
        if not text_orders or (len(ids) > 1 and not set(ids).isdisjoint(text_orders)):
            orders += [i for i in ids if i not in orders and not _is_line(i, orders)]
    if not orders and not text_orders:
        orders += [i for i in rowan if i not in orders]
    orders = [o for o in orders if o != dispute]
    return Numbers(tuple(dict.fromkeys(orders)), dispute, tuple(text_orders))


def _dispute(
    found: Sequence[_Found], link_orders: Sequence[tuple[str, ...]], linked: Sequence[str]
) -> str | None:
    orders = {i for ids in link_orders for i in ids} | {f.digits for f in found if f.what == "order"}
    tails = {order[-4:] for order in orders}
    named = [f.digits for f in found if f.what in ("dispute", "return") and not looks_like_product(f.digits)]
    kin = [f.digits for f in found if looks_like_dispute(f.digits) and f.digits[-4:] in tails - {""}]
    kin = [digits for digits in kin if digits not in orders]
    if kin:
        return kin[0]
    shaped = [
        f.digits
        for f in found
        if looks_like_dispute(f.digits) and f.what not in ("parcel", "tracking_number", "return_label")
    ]
    both = [digits for digits in named if digits in shaped]
    for candidates in (
        both,
        [d for d in shaped if d[-4:] in tails],
        [d for d in named if d not in orders and d[-4:] in tails],
    ):
        if candidates:
            return candidates[0]
    lone = [d for d in named if not _ORDER.fullmatch(d)]
    if lone:
        return lone[0]
    if linked:
        return linked[0]
    return shaped[0] if shaped and shaped[0] not in orders else None


def _text_orders(
    found: Sequence[_Found],
    dispute: str | None,
    linked: Sequence[str],
    link_orders: Sequence[tuple[str, ...]],
) -> list[str]:
    known = {i for ids in link_orders for i in ids}
    orders: list[str] = []
    listed = False  # whether the number before was an order's
    for number in found:
        digits, after, listed = number.digits, listed and number.joined, False
        if digits == dispute or digits in linked or looks_like_product(digits) or digits in orders:
            continue
        if looks_like_dispute(digits) and digits not in known and number.what != "order":
            continue
        fits = bool(_ORDER.fullmatch(digits))
        named = number.what == "order" or (number.what in ("dispute", "return") and fits)
        line = number.what == "line" or (number.what != "order" and _is_line(digits, orders))
        kin = dispute is not None and digits[-4:] == dispute[-4:]
        if (named or digits in known or (fits and (number.what is None or kin or after))) and not line:
            orders.append(digits)
            listed = True
    return orders


def _is_line(digits: str, orders: Iterable[str]) -> bool:
    """Whether a number is an order line of one of the orders (order + 10000, 20000, ...)."""
    return any(
        len(o) == len(digits)
        and o != digits
        and 0 < int(digits) - int(o) <= 500_000
        and (int(digits) - int(o)) % 10_000 == 0
        for o in orders
    )
