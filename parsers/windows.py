"""Whose time is it: the buyer's own deadline, or the seller's, AliExpress's, the bank's, the parcel's."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from parsers.asides import ends_an_offer, is_theirs, looks_back
from parsers.clauses import Clause, around
from parsers.nobodys import PRESSING, is_range, nobodys
from parsers.wording import Mark
from rules.facts import Ahead, By, Kind, Printed, Within

# For which act a time must be, to be the deadline of a kind.
_ACTS = {
    Kind.RETURN_REQUESTED: frozenset(["return", "return_label", "tracking_number", "parcel"]),
    Kind.EVIDENCE_REQUESTED: frozenset(["evidence", "provide"]),
    Kind.ORDER_COMPLETING: frozenset(
        ["order", "complete", "confirm", "receipt", "open", "auto", "satisfied", "dispute"]
    ),
    Kind.ORDER_COMPLETED: frozenset(["open", "satisfied", "dispute", "refund", "return", "protection"]),
    Kind.DECLINED: frozenset(["answer", "appeal", "request", "dispute", "platform", "provide"]),
}
_ANSWER = frozenset(["answer", "accept", "reject", "proposal", "appeal", "decision", "expire", "offered"])
_RETURN = frozenset(["return", "return_label", "tracking_number"])
_COMMA = re.compile(r"[,;，、]\s*|\s[-–]\s|[()]")
_NOT_SELLERS = frozenset(
    ("you", "must", "accept", "reject", "proposal", "expire", "auto", "complete", "confirm")
)
_NOT_PLATFORMS = frozenset(
    ("must", "accept", "reject", "expire", "left", "provide", "appeal", "if", "you", "modify")
)
_ASKING = PRESSING | {"you", "if", "evidence"}
_RULING = frozenset(("decision", "decide", "review"))
_OF_BUYER = PRESSING - {"soon", "remind"} | {"you", "if", "provide", "appeal", "return", "proposal"}
_REVIEWED_BY_YOU = frozenset(("proposal", "propose", "offered", "request", "evidence", "modify", "decision"))
_ASKED_BEHIND = frozenset(
    ("answer", "accept", "reject", "evidence", "proposal", "must", "if", "auto", "expire")
)
# Kinds in which a dispute is open already, and the words of an answer in it.
_HAS_DISPUTE = (
    Kind.OFFER,
    Kind.OFFER_REMINDER,
    Kind.JUDGEMENT,
    Kind.EVIDENCE_REQUESTED,
    Kind.RETURN_REQUESTED,
)
_OF_THIS_ONE = _ANSWER - {"accept"} | _RETURN | {"auto", "left", "evidence", "provide", "must"}
_ORDER_NUMBER = re.compile(r"\d{12}")
_TOPIC = re.compile(r"[은는이가] ?|[はが]、?")  # "판매자는 5일": a party right before its time


@dataclass(frozen=True, slots=True)
class Candidate:
    """A printed time with the clause it stands in, whose it is, and why we think so."""

    printed: Printed
    owner: str  # "yours" | "seller" | "platform" | "nobody" | "open"
    why: str
    clause: int
    pressed: bool = True  # whether more than a word for the buyer makes it the buyer's


def _subject(clause: Clause, start: int) -> str | None:
    """The party named last before a time in its part between commas, where nothing else stands between."""
    low = max((m.end() for m in _COMMA.finditer(clause.text) if m.end() <= start), default=0)
    last: str | None = None
    for mark in clause.marks:
        if low <= mark.start and mark.end <= start:
            if mark.concept == "seller" or (mark.concept == "you" and not (last and _is_verb(mark, clause))):
                last = mark.concept
            elif mark.concept in ("proposal", "must", "accept", "expire", "deadline"):
                last = None
    return last


def _is_verb(you: Mark, clause: Clause) -> bool:
    """Whether a "you" is but a verb that may have another subject: "tiene", the shop has."""
    return you.concept == "you" and any(m.concept == "elided" and m.start == you.start for m in clause.marks)


def _others(concepts: frozenset[str]) -> tuple[str, str] | None:
    """Whose time it is, where the words around it name the seller or AliExpress and not the buyer."""
    if "seller" in concepts and not concepts & _NOT_SELLERS:
        return "seller", "the seller's time"
    if (
        "platform" in concepts
        and concepts & {"review", "decide", "decision"}
        and not (concepts - {"if", "accept"} if _no_agreement(concepts) else concepts) & _NOT_PLATFORMS
    ):
        return "platform", "AliExpress's time"
    return None


def _no_agreement(concepts: frozenset[str]) -> bool:
    """Whether words speak of both sides not agreeing, rather than of the buyer's not answering."""
    return concepts >= {"agreed", "not"} and not concepts & {"answer", "provide"}


def _owner(clause: Clause, start: int, weak: bool, printed: Printed, kind: Kind | None) -> tuple[str, str]:
    concepts, beside = clause.concepts, around(clause, start)
    other = _others(beside) or _others(concepts if "reject" in concepts else concepts - {"if"})
    if other is not None and _is_buyers_silence(clause, start, other[0]):
        other = None
    if other is not None and not (kind is Kind.ORDER_COMPLETING and other[0] == "seller"):
        return other
    sellers = _subject(clause, start) == "seller" and not beside & {"you", "must"}
    if isinstance(printed, Within) and (
        ((sellers or _is_topic(clause, start)) and "you" not in beside) or _has_to_pay(clause, start)
    ):
        return "seller", "the seller has this time"
    if is_theirs(clause, start):
        return "seller", "the seller has this time"
    reviewing = "platform" in beside or ("review" in concepts and not concepts & _REVIEWED_BY_YOU)
    if is_range(printed) and reviewing and not _outside(clause, start, printed) & _ASKING:
        return "platform", "how long AliExpress takes"
    if is_range(printed) and concepts & _RULING and not _outside(clause, start, printed) & _OF_BUYER:
        return "platform", "how long a decision takes"
    pressing = concepts & (PRESSING | ({"paid"} if "future" in concepts else set()))
    if weak and "counters" in concepts:
        return "nobody", "when the other side would act"
    ending = kind is Kind.ORDER_COMPLETING and "complete" in concepts  # "tomorrow it will be completed"
    if weak and ends_an_offer(clause, printed, kind):
        return "yours", "what is offered ends by then"
    if weak and not ending and (not pressing or _is_from(printed, clause)):
        return "nobody", "may not be a time at all"
    if kind in _HAS_DISPUTE and {"open", "dispute"} <= concepts and not concepts & _OF_THIS_ONE:
        return "nobody", "the time to open a dispute, and there is one"
    why = nobodys(clause, start, printed, kind)
    if why is not None:
        return "nobody", why
    if kind in _ACTS and kind is not Kind.DECLINED:
        return _for_act(concepts, pressing, kind)
    if concepts & _RETURN and not concepts & (_ANSWER | {"deadline", "left"}):
        return "nobody", "the time to send goods back, not to answer"
    if looks_back(clause, printed):
        return "open", "perhaps how long nobody has answered"
    if pressing or concepts & {"you", "reject", "appeal"}:
        return "yours", "to be answered by then"
    return "open", "nobody is named"


def _is_buyers_silence(clause: Clause, start: int, party: str) -> bool:
    """Whether a time is that of a condition, and the seller or AliExpress stands in what follows from it.

    "If nothing happens in 3 days, AliExpress takes over"; "unless it comes by 6, the seller keeps the money".
    """
    concepts, beside = clause.concepts, around(clause, start)
    if not concepts >= {"if", "not"} or _no_agreement(concepts):
        return False
    if party == "platform":
        apart = beside >= {"if", "not"} and "platform" not in beside
        return "seller" not in concepts and (apart or "answer" in concepts)
    condition = min((m.end for m in clause.marks if m.concept == "if" and m.start >= start), default=None)
    if condition is None or "if" not in beside:
        return False
    return all(mark.start >= condition for mark in clause.marks if mark.concept == "seller")


def _has_to_pay(clause: Clause, start: int) -> bool:
    """Whether the seller has a time for what it owes the buyer: "the shop has 5 days to pay you"."""
    before = {mark.concept for mark in clause.marks if mark.end <= start and not _is_verb(mark, clause)}
    behind = {mark.concept for mark in clause.marks if mark.start >= start}
    owes = behind & {"refund", "paid", "offered"} and not behind & _ASKED_BEHIND
    return bool(owes) and _subject(clause, start) == "seller" and not before & {"you", "must", "if"}


def _is_topic(clause: Clause, start: int) -> bool:
    """Whether the seller is what is spoken of right before a time, where verbs come last."""
    ends = (mark.end for mark in clause.marks if mark.concept == "seller" and mark.end < start)
    return any(_TOPIC.fullmatch(clause.text, end, start) for end in ends)


def _outside(clause: Clause, start: int, printed: Printed) -> frozenset[str]:
    """The concepts of a clause without those of the time itself: "bis" in "3 bis 5 Tage" is no deadline."""
    end = start + len(printed.quote)
    return frozenset(mark.concept for mark in clause.marks if not start <= mark.start < end)


def _for_act(concepts: frozenset[str], pressing: frozenset[str], kind: Kind) -> tuple[str, str]:
    if concepts & _ACTS[kind]:
        return "yours", "the time for what is asked"
    if pressing or "you" in concepts:
        return "yours", "the time for what is asked"
    return "open", "nobody is named"


def candidates(clauses: Sequence[Clause], kind: Kind | None) -> list[Candidate]:
    """Return every time printed in the clauses with its owner, in reading order."""
    out = []
    asked: Clause | None = None
    for clause in clauses:
        if clause.text.rstrip().endswith("?"):
            asked = clause
        found = [(d.start, d.weak, d.by) for d in clause.dates] + [
            (s.start, s.weak, s.within) for s in clause.spans
        ]
        for start, weak, printed in sorted(found, key=lambda item: item[0]):
            owner, why = _owner(clause, start, weak, printed, kind)
            if (
                asked is not None
                and asked is not clause
                and 0 < clause.index - asked.index <= 2  # the text part's clauses are numbered anew
                and not _own_question(asked, clause)
                and not (kind is Kind.RETURN_REQUESTED and _of_the_return(asked, clause))
            ):
                owner, why = "nobody", "the answer to a general question"
            part = replace(printed, in_text=clause.in_text)
            out.append(Candidate(part, owner, why, clause.index, bool(clause.concepts & PRESSING)))
    return out


def _is_from(printed: Printed, clause: Clause) -> bool:
    """Whether "today" is where a duration in the same clause counts from."""
    return isinstance(printed, By) and isinstance(printed.days[0], Ahead) and bool(clause.spans)


def _of_the_return(asked: Clause, clause: Clause) -> bool:
    """Whether a parcel is asked for that goes back: "is it on its way? We have no number of it yet"."""
    return asked.has("parcel", "shipped") and not asked.has("bank", "faq") and clause.has(*_RETURN, "parcel")


def _own_question(asked: Clause, clause: Clause) -> bool:
    """Whether a question, or what follows it, is about the buyer's own answer and not the others' ways."""
    if asked.money or asked.place == "subject" or _ORDER_NUMBER.search(asked.text):
        return True  # no general question names an amount, or an order by its number
    if not asked.has("seller", "bank", "refund", "wait_refund", "faq", "platform", "parcel", "reject"):
        return True
    if asked.has("provide") and asked.has("you") and not asked.has("seller", "bank", "faq"):
        return True  # "could you send us ...?"
    if asked.has("return", "tracking_number") and not asked.has(
        "seller", "bank", "refund", "faq", "platform"
    ):
        return True  # "is the return on its way?"
    if clause.has("evidence", "provide") and not clause.has("seller", "bank", "refund", "faq", "platform"):
        return True  # what is to be handed in, after what is to be known
    of_seller = asked.has("seller") and not asked.has("you", "proposal")
    return (asked.has("answer", "left", "deadline") and not of_seller) or clause.has(
        "must", "answer", "expire", "auto", "open", "appeal"
    )
