"""A second opinion on what a mail says: the same signs, weighed as the fixtures taught.

The rules in `kinds` know what must never happen; they were written mail by mail, and where a word is unknown
they are left with too little. These weights were learned from every fixture with some of its words unknown
(`make learn`), so they know what the rest of a mail usually means.
"""

from collections.abc import Mapping
from dataclasses import replace

from parsers.learned import NOBODY, Learned, Opinion, Weights
from parsers.offers import WITH_OFFER
from parsers.scores import YOURS
from rules.facts import Kind, Offer, Outcome, Party, Remedy

# Chances, chosen on readings in languages that had not been learned from: it may ring sooner than it may
# calm, since a mail passed over costs the money.
_SPEAKS = 0.4  # for a kind that asks something, where the rules have none
_CHANGES = 0.6  # for another kind that asks as much
_HEEDS = 0.7  # for a kind that asks something, where the rules take the mail for no step of an order
_DOUBTS = 0.3  # that anything is asked at all, where the rules say no; _CALMS where no kind is likely
_CALMS = 0.1  # up to this chance of anything asked a mail is calm after all
_LIKELY = 0.4  # for the kind it is then
_CLOSES = 0.9  # for a kind without days, where the rules have one with days to open a dispute
_WHERE = ("head:", "body:", "label:", "points:")  # where something stands does not say whose it is
_NAMES = 0.7  # for another party, or remedy, than the rules found
_ASKED_OF = WITH_OFFER - {Kind.DISPUTE_CLOSED}  # what it was learned for


def heard(kind: Kind | None, view: Opinion) -> Kind | None:
    """Return the kind after the second opinion on `kind` (None: the rules are not sure of any)."""
    other = Kind(view.answer) if view.answer in list(Kind) else None
    if kind is None or kind in YOURS:
        if other in YOURS:
            return other if view.sure >= (_SPEAKS if kind is None else _CHANGES) else kind
        return other if other and view.sure >= _LIKELY and _asks(view) <= _CALMS else kind
    if other in YOURS and view.sure >= _SPEAKS:
        return other
    if _asks(view) >= (_DOUBTS if view.sure >= _CHANGES else _CALMS):
        return None
    needed = _CLOSES if kind is Kind.ORDER_COMPLETED else _CHANGES
    return other if other and other not in YOURS and view.sure >= needed else kind


def rings_after_all(view: Opinion) -> bool:
    """Whether a mail that the rules would ignore asks something of the buyer."""
    return view.answer in YOURS and view.sure >= _HEEDS


def of_offer(offer: Offer | None, kind: Kind, found: Mapping[str, float], learned: Learned) -> Offer | None:
    """Return what the rules found of an offer after the second opinion on who makes it and what it is."""
    if kind not in _ASKED_OF:
        return offer
    base = offer or Offer(None, None, None, None)
    said = {name: value for name, value in found.items() if not name.startswith(_WHERE)}
    by = _answer(str(base.by or NOBODY), learned.by, said | _own("by", base.by, kind))
    remedy = _answer(str(base.remedy or NOBODY), learned.remedy, said | _own("remedy", base.remedy, kind))
    if kind is Kind.RETURN_REQUESTED:
        remedy = str(Remedy.RETURN)
    if remedy == NOBODY and (offer is None or kind is Kind.JUDGEMENT):
        return None  # a ruling for the seller gives nothing
    return replace(
        base,
        by=None if by == NOBODY else Party(by),
        remedy=None if remedy == NOBODY else Remedy(remedy),
    )


def _own(question: str, rules: object, kind: Kind) -> dict[str, float]:
    """The features that only a question about an offer has: the kind, and what the rules answer."""
    own = f"{question}:{rules or NOBODY}"
    return {f"is:{kind}": 1.0, own: 1.0, f"is:{kind}&{own}": 1.0}


def _answer(rules: str, learned: Weights, found: Mapping[str, float]) -> str:
    view = learned.opinion(found)
    return view.answer if view.sure >= _NAMES else rules


def _asks(view: Opinion) -> float:
    """The chance that the buyer must act: that of each kind that asks, and of what nobody can tell."""
    return sum(view.chances.get(kind, 0.0) for kind in (*YOURS, Outcome.UNCLEAR))
