"""What the buyer can answer to a case, what each answer means, which proof helps, and a letter ready to send.

Law: nothing here answers anything; a letter never has an unfilled hole, and says only what is known: a line
whose facts are missing is said in fewer words, or left out.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from rules.answers import Answers, Ground, holes_of
from rules.facts import Answer, Case, Kind, Money, Offer, Remedy
from rules.routes import name_of
from rules.spoken import plain
from rules.wording import COSTLY, Words

VIDEO_LIMIT = "2 GB"  # the buyer guide's number for one video
VIDEO_BYTES = 2 * 1000**3
# What each choice is once the buyer has pressed it in the app; the others press nothing.
RECORDS: Mapping[str, Answer] = {
    "accept": Answer.ACCEPTED,
    "reject": Answer.REJECTED,
    "counter": Answer.COUNTERED,
    "modify": Answer.COUNTERED,
    "escalate": Answer.ESCALATED,
    "appeal": Answer.APPEALED,
    "evidence": Answer.EVIDENCE_SENT,
    "return": Answer.RETURNED,
    "cancel": Answer.CANCELLED,
    "open": Answer.OPENED,
    "confirm": Answer.SATISFIED,
}
_PROPOSED = ("accept", "reject", "counter", "escalate", "wait")
_WINDOW = ("open", "confirm", "wait")
# After each kind of mail (None: unclear) what can be answered, the likeliest first.
CHOICES_AFTER: Mapping[Kind | None, tuple[str, ...]] = {
    Kind.OFFER: _PROPOSED,
    Kind.OFFER_REMINDER: _PROPOSED,
    Kind.DECLINED: ("modify", "escalate", "cancel", "wait"),
    Kind.EVIDENCE_REQUESTED: ("evidence", "wait"),
    Kind.JUDGEMENT: ("accept", "appeal", "reject", "wait"),
    Kind.RETURN_REQUESTED: ("return", "wait"),
    Kind.DISPUTE_OPENED: ("wait", "evidence", "escalate", "cancel"),
    Kind.ESCALATED: ("wait", "evidence", "cancel"),
    Kind.REFUND_ISSUED: ("wait",),
    Kind.DISPUTE_CLOSED: ("wait", "appeal", "open"),
    Kind.ORDER_COMPLETING: _WINDOW,
    Kind.ORDER_COMPLETED: ("open", "wait"),
    Kind.ORDER_CLOSED: ("wait",),
    Kind.ORDER_SHIPPED: ("wait", "open"),
    Kind.ORDER_DELIVERED: _WINDOW,
    Kind.ORDER_UPDATE: ("wait", "open"),
    None: ("look", "accept", "reject", "counter", "evidence", "return", "appeal", "escalate"),
}
_HELP: Mapping[Kind, str] = {
    Kind.OFFER: "offer",
    Kind.OFFER_REMINDER: "offer",
    Kind.DECLINED: "declined",
    Kind.EVIDENCE_REQUESTED: "evidence",
    Kind.JUDGEMENT: "judgement",
    Kind.RETURN_REQUESTED: "return",
    Kind.ORDER_COMPLETING: "order",
    Kind.ORDER_COMPLETED: "order",
}
# Where proof decides nothing any more, none is listed.
_PROVEN = frozenset({Kind.RETURN_REQUESTED, Kind.REFUND_ISSUED, Kind.ORDER_CLOSED})
_WEIGHED = frozenset({Kind.OFFER, Kind.OFFER_REMINDER, Kind.JUDGEMENT, Kind.ORDER_COMPLETING})
_WEIGHED_TOO = frozenset({Kind.ORDER_COMPLETED, Kind.DECLINED, Kind.ORDER_DELIVERED, None})
LONGEST_DEFECT = 300


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that can be answered: its name, its title, what it means, what to note afterwards."""

    name: str
    title: str
    means: str
    records: Answer | None


@dataclass(frozen=True, slots=True)
class Draft:
    """A letter for one choice, to be read and changed before it is sent; `to` is its reader."""

    choice: str
    to: str
    text: str


@dataclass(frozen=True, slots=True)
class Said:
    """What the buyer adds to a letter: the defect in a few words, the amount wanted, a tracking number.

    `proofs` are the reason's own proofs that are there, by their place in its list; None: nobody has looked.
    """

    reason: str | None = None
    defect: str | None = None
    amount: Money | None = None
    tracking: str | None = None
    proofs: tuple[int, ...] | None = None


def choices(case: Case, words: Words, answers: Answers) -> tuple[Choice, ...]:
    """What can be answered to a case now, the likeliest first, in the user's language."""
    return tuple(
        Choice(name, answers.texts.say(f"choices.{name}.title"), _means(name, case, words, answers), record)
        for name in CHOICES_AFTER[case.kind]
        for record in (RECORDS.get(name),)
    )


def draft(choice: str, case: Case, said: Said, answers: Answers) -> Draft | None:
    """The English letter for a choice, every hole filled; None where there is nothing to write."""
    letter = answers.letters.get(_letter_name(choice, case))
    if letter is None:
        return None
    holes = _known(case, said, answers)
    told = [next((way for way in line if holes_of(way) <= holes.keys()), None) for line in letter.lines]
    lines = [_greeting(letter.to), "", *(way.format_map(holes) for way in told if way), "", "Kind regards"]
    return Draft(choice, letter.to, "\n".join(lines) + "\n")


def guess(text: str, answers: Answers) -> Ground | None:
    """The reason that a mail's text names most often; None where it names none, or two as often."""
    folded = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    counted = [(sum(folded.count(needle) for needle in each.needles), each) for each in answers.grounds]
    counted.sort(key=lambda pair: -pair[0])
    (most, first), (second, _) = counted[0], counted[1]
    return first if most > second else None


def evidence(ground: Ground, answers: Answers) -> tuple[str, ...]:
    """Which proof helps for a reason, in the user's language."""
    return answers.texts.each(f"reasons.{ground.name}.steps")


def needs_proof(case: Case) -> bool:
    """Whether proof can still matter in this case."""
    return case.kind not in _PROVEN


def limits(answers: Answers) -> tuple[str, ...]:
    """How photos and videos should be, in the user's language."""
    return answers.texts.each("limits.steps", video=VIDEO_LIMIT)


def weigh(case: Case, answers: Answers) -> tuple[str, ...]:
    """Refund Only against Return, with the postage in mind, as far as it matters for the case."""
    remedy = case.offer.remedy if case.offer is not None else None
    if case.kind is Kind.RETURN_REQUESTED or remedy is Remedy.RETURN:
        return (answers.texts.say("postage.return"), answers.texts.say("postage.refund"))
    if case.kind in _WEIGHED or case.kind in _WEIGHED_TOO:
        return (answers.texts.say("postage.refund"), answers.texts.say("postage.return"))
    return ()


def helps(case: Case, answers: Answers) -> tuple[str, ...]:
    """Good advice for this kind of mail."""
    name = _HELP.get(case.kind) if case.kind is not None else "offer"
    return answers.texts.each(f"help.{name}.steps") if name else ()


def measured(case: Case, answers: Answers) -> tuple[str, ...]:
    """What is offered measured by what was paid and asked, where the currencies are the same."""
    offer, found = case.offer, []
    if offer is None or offer.amount is None:
        return ()
    if case.paid is not None and case.paid.amount > 0 and _same(offer, case.paid):
        share = (offer.amount * 100 / case.paid.amount).quantize(Decimal(1), ROUND_HALF_UP)
        found.append(answers.texts.say("share.percent", percent=share))
    if case.asked is not None and _same(offer, case.asked) and case.asked.amount > offer.amount:
        gap = amount_said(case.asked.amount - offer.amount, offer.currency)
        found.append(answers.texts.say("share.gap", gap=gap))
    return tuple(found)


def amount_said(amount: Decimal, currency: str | None) -> str:
    """An amount as drafts write it, such as "12.50 EUR"."""
    return f"{amount:f} {plain(currency or '')}".strip()


def _same(offer: Offer, money: Money) -> bool:
    return offer.currency is not None and offer.currency == money.currency


def _means(name: str, case: Case, words: Words, answers: Answers) -> str:
    special = _special(name, case)
    if special is not None and f"choices.{name}.means_{special}" in answers.texts.texts:
        return answers.texts.say(f"choices.{name}.means_{special}")
    kind = name_of(case.kind)
    if name == "wait" and kind in COSTLY and case.deadline is not None:
        return words.say(f"silence.{kind}")
    return answers.texts.say(f"choices.{name}.means")


def _special(name: str, case: Case) -> str | None:
    """By what an accepting or rejecting differs from the plain one."""
    if name not in ("accept", "reject"):
        return None
    remedy = case.offer.remedy if case.offer is not None else None
    if name == "accept" and remedy in (Remedy.RETURN, Remedy.REPLACEMENT):
        return str(remedy)
    return "judgement" if case.kind is Kind.JUDGEMENT else None


def _letter_name(choice: str, case: Case) -> str:
    special = _special(choice, case)
    return f"{choice}_{special}" if special else choice


def _greeting(to: str) -> str:
    return "Dear seller," if to == "seller" else "Dear AliExpress team,"


def _known(case: Case, said: Said, answers: Answers) -> dict[str, str]:
    """Every hole that can be filled, with what fills it: plain, on one line, nothing to press."""
    ground = answers.ground(said.reason) if said.reason else None
    offer = case.offer
    offered = amount_said(offer.amount, offer.currency) if offer and offer.amount is not None else None
    filled = {
        "order": ", ".join(plain(order) for order in case.orders) or None,
        "dispute": plain(case.dispute) if case.dispute else None,
        "defect": _sentence(said.defect) if said.defect else (ground.defect if ground else None),
        "offered": offered,
        "asked": _money(case.asked),
        "paid": _money(case.paid),
        "amount": _money(said.amount),
        "tracking": plain(said.tracking) if said.tracking else None,
        "proof": "; ".join(_proofs(ground, said.proofs)) if ground else None,
    }
    return {name: value for name, value in filled.items() if value}


def _proofs(ground: Ground, there: tuple[int, ...] | None) -> list[str]:
    return [item.english for at, item in enumerate(ground.items) if there is None or at in there]


def _money(money: Money | None) -> str | None:
    return None if money is None else amount_said(money.amount, money.currency)


def _sentence(text: str) -> str:
    """The buyer's own words as one sentence: a capital first, a full stop at the end."""
    line = " ".join(text.split())[:LONGEST_DEFECT]
    if not line:
        return ""
    return line[:1].upper() + line[1:] + ("" if line[-1] in ".!?" else ".")
