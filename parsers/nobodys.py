"""Which printed times are nobody's deadline: a parcel's, a bank's, a coupon's, a film's length."""

import re
from datetime import timedelta

from parsers.asides import is_elsewhere
from parsers.clauses import Clause, around
from rules.facts import Kind, Printed, Within

PRESSING = frozenset(
    ["deadline", "left", "expire", "must", "answer", "accept", "reject", "auto", "remind", "soon"]
)
_LABELS = frozenset(("placed", "estimated", "deadline", "left", "expire", "must", "protection", "price"))
_REFUND = frozenset(("refund",))
_GENERAL = frozenset(("faq",))
_CHECKS = frozenset(("review",))
_BANKS = frozenset(("wait_refund", "bank"))
_PROTECTION = frozenset(("protection",))
_STILL = frozenset(("deadline", "left", "expire", "must", "answer"))
_HELP = frozenset(("help",))
_ASKED = frozenset(
    (
        "accept",
        "reject",
        "evidence",
        "proposal",
        "expire",
        "left",
        "auto",
        "return",
        "tracking_number",
        "dispute",
    )
)
# Words that make a time nobody's deadline, the words that make it one all the same, and why.
_NOBODYS = (
    (
        frozenset(("estimated",)),
        frozenset(("must", "answer", "accept", "expire", "confirm", "auto", "return", "tracking_number")),
        "a delivery time",
    ),
    (
        _BANKS,
        frozenset(("answer", "reject", "expire", "must", "open", "auto", "confirm")),
        "how long money takes",
    ),
    (
        _REFUND,
        frozenset(("answer", "reject", "expire", "left", "must", "open", "evidence")),
        "how long money takes",
    ),
    (
        _CHECKS,
        frozenset(
            ("you", "must", "answer", "accept", "reject", "expire", "left", "auto", "appeal", "provide")
        ),
        "how long a check takes",
    ),
    (_PROTECTION, frozenset(("answer",)), "how long the order is protected"),
    (_HELP, _ASKED | {"you"}, "how soon the help centre answers"),
    (_GENERAL, frozenset(("must", "expire", "answer")), "a general rule"),
)
_MONEY_LATER = re.compile(r"\s?(?:後|のち|후|뒤)")  # "after 3 to 5 days" is no "within"
_VOUCHER = "voucher"
# What a time is not a mere coupon's beside: a dispute, or what is offered and done in one.
_NO_VOUCHERS = frozenset(
    [
        *("proposal", "propose", "accept", "reject", "declined", "dispute", "open", "return", "evidence"),
        *("appeal", "decision", "decide", "seller", "tracking_number", "complete", "confirm"),
    ]
)
_ORDER_CLOCKS = (Kind.ORDER_COMPLETING, Kind.ORDER_COMPLETED)
_SHORTEST = timedelta(hours=1)  # nobody is given less to hand in proof


def _nearest(clause: Clause, start: int, names: frozenset[str], span: int = 45) -> str | None:
    best: tuple[int, str] | None = None
    for mark in clause.marks:
        if mark.concept in names and mark.end <= start + 2 and start - mark.end <= span:
            if any(m.start <= mark.start and mark.end < m.end for m in clause.marks):
                continue  # a part of a longer name
            distance = start - mark.end
            if best is None or distance < best[0]:
                best = (distance, mark.concept)
    return best[1] if best else None


def nobodys(clause: Clause, start: int, printed: Printed, kind: Kind | None) -> str | None:
    """Why a time is nobody's deadline (it has happened, is a parcel's, a bank's), None where it may be."""
    as_of = any(m.concept == "placed" and m.start < start < m.end for m in clause.marks)  # "as of today"
    by_itself = kind is Kind.ORDER_COMPLETING and "auto" in clause.concepts  # "received on the 11th"
    if as_of or (not by_itself and _nearest(clause, start, _LABELS) in ("placed", "estimated")):
        return "the time of something that happened or will arrive"
    if _VOUCHER in clause.concepts and not clause.concepts & _NO_VOUCHERS:
        return "how long a coupon or a gift card can be used"
    short = isinstance(printed, Within) and printed.long < _SHORTEST
    if short and "evidence" in clause.concepts and not clause.concepts & {"left", "expire"}:
        return "how long a film is"
    beside = around(clause, start)
    if "turned_down" in beside and not clause.concepts & _STILL:
        return "when the buyer turned an offer down"
    takes_time = is_range(printed) or (isinstance(printed, Within) and printed.business)
    if takes_time and _MONEY_LATER.match(clause.text, start + len(printed.quote)):
        behind = {mark.concept for mark in clause.marks if mark.start >= start}
        if behind & {"refund", "paid"} and not behind & {"answer", "reject", "expire", "must", "auto"}:
            return "when money will be there"
    for concepts, unless, why in _NOBODYS:
        if concepts in (_REFUND, _CHECKS) and not takes_time:
            continue
        if concepts == _PROTECTION and kind in _ORDER_CLOCKS:
            continue
        if concepts == _HELP and not (isinstance(printed, Within) and "answer" in clause.concepts):
            continue
        if concepts == _BANKS and takes_time and "you" not in clause.concepts:
            unless = unless - {"must"}  # "banks need 3 to 20 days"
        if concepts == _GENERAL and "platform" in clause.concepts and "you" not in clause.concepts:
            unless = unless - {"answer"}  # "we usually answer within 5 days"
        if concepts == _BANKS and not takes_time and _is_missing(clause, kind):
            continue  # "if the number doesn't show up in 8 days, no return"
        if concepts == _BANKS and {"evidence", "provide"} <= clause.concepts:
            continue  # "send us your bank statement within 5 days"
        elsewhere = concepts != _PROTECTION and is_elsewhere(clause, start, printed, concepts)
        if clause.concepts & concepts and not clause.concepts & unless and not elsewhere:
            return why
        own = concepts in (_BANKS, _REFUND) and takes_time and beside & concepts
        if own and not beside & (unless if concepts == _BANKS else unless | PRESSING):
            return why  # "(the bank takes 3 to 20 days)"
    return None


def _is_missing(clause: Clause, kind: Kind | None) -> bool:
    """Whether something of a return that was asked for has not come, rather than money."""
    of_return = clause.has("return", "tracking_number", "return_label") and not clause.has("bank")
    return kind is Kind.RETURN_REQUESTED and of_return and clause.has("not")


def is_range(printed: Printed) -> bool:
    """Whether a duration has a short and a long end."""
    return isinstance(printed, Within) and printed.short != printed.long
