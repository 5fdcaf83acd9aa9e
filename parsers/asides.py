"""Times told by where they stand: an aside about the others, how long nobody answered, a bare "tomorrow"."""

import re

from parsers.clauses import Clause, around
from parsers.meanings import within
from rules.facts import Ahead, By, Kind, Printed, Weekday, Within

_BRACKETS = re.compile(r"\([^()]*\)")
_GREETING = re.compile(r"(?:guten|goede|dobry|god|hezk[ée]) $")  # "Guten Morgen"
_OURS = frozenset(("you", "must", "answer", "accept", "reject"))
# What a time is pressed by; without any of these "three days, and still no word" looks back.
_AHEAD = frozenset(("deadline", "left", "expire", "must", "if", "auto", "soon", "you"))
_ON_OFFER = (Kind.OFFER, Kind.OFFER_REMINDER)
# Beside what "tomorrow" is nothing that happens to an offer.
_ELSEWHERE = frozenset(
    [
        *("seller", "bank", "parcel", "transit", "wait_refund", "estimated", "marketing", "voucher"),
        *("feedback", "faq", "review", "protection", "shipped", "delivered", "placed", "declined"),
    ]
)


def is_theirs(clause: Clause, start: int) -> bool:
    """Whether a time stands in brackets that speak of the seller: "... to the shop (they have 5 days)"."""
    aside = next((m for m in _BRACKETS.finditer(clause.text) if m.start() < start < m.end()), None)
    if aside is None:
        return False
    said = {mark.concept for mark in clause.marks if aside.start() <= mark.start < aside.end()}
    named = any(mark.concept == "seller" and mark.end <= aside.start() for mark in clause.marks)
    return named and bool(said & {"they", "elided"}) and said.isdisjoint(_OURS)


def looks_back(clause: Clause, printed: Printed) -> bool:
    """Whether a duration may be how long nobody has answered: "three days, and still no word"."""
    reminders = [mark for mark in clause.marks if mark.concept == "remind"]
    doubts = [m for m in clause.marks if m.concept == "if" and not any(within(m, r) for r in reminders)]
    said = clause.concepts - (set() if doubts else {"if"})
    return isinstance(printed, Within) and bool(reminders) and said.isdisjoint(_AHEAD)


def ends_an_offer(clause: Clause, printed: Printed, kind: Kind | None) -> bool:
    """Whether "tomorrow" is when an offer ends by what is said beside it: "tomorrow we close the case"."""
    if kind not in _ON_OFFER or not isinstance(printed, By) or clause.has(*_ELSEWHERE):
        return False
    day, named = printed.days[0], clause.has("dispute", "proposal") or bool(clause.money)
    if isinstance(day, Ahead):
        greeted = any(_GREETING.search(clause.text, 0, date.start) for date in clause.dates)
        return day.days > 0 and not greeted and (named or clause.has("you", "refund", "platform", "closed"))
    return isinstance(day, Weekday) and named


def is_elsewhere(clause: Clause, start: int, printed: Printed, concepts: frozenset[str]) -> bool:
    """Whether words stand in another part of a clause than a date until which something may be done."""
    if not isinstance(printed, By):
        return False
    beside = around(clause, start)
    told = any(mark.concept in concepts for mark in clause.marks)  # not marked as a whole for its place
    return told and "deadline" in beside and beside.isdisjoint(concepts)
