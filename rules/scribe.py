"""The headline and the lines about one case, in words: terms, time, basis, cost, notes and the way.

Law: as in telling, no address out of a mail, and what a mail printed is quoted short and plain.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from decimal import Decimal

from rules.addresses import host_of
from rules.deadlines import PACIFIC
from rules.facts import (
    Answer,
    Basis,
    Case,
    Deadline,
    Instruction,
    Kind,
    Link,
    LinkReason,
    LinkVerdict,
    Offer,
    Role,
    Trust,
    Turn,
)
from rules.routes import ORDER_LIST, name_of, order_page, which
from rules.spoken import left, moment, plain
from rules.turns import ORDER_KINDS
from rules.wording import COSTLY, Words

ORDER_ANSWERS = (Answer.OPENED, Answer.SATISFIED)
# The likely answers to each kind, as examples of what to tell offerwatch.
ANSWERS: Mapping[Kind, tuple[Answer, ...]] = {
    Kind.OFFER: (Answer.ACCEPTED, Answer.REJECTED, Answer.COUNTERED),
    Kind.OFFER_REMINDER: (Answer.ACCEPTED, Answer.REJECTED, Answer.COUNTERED),
    Kind.DECLINED: (Answer.COUNTERED, Answer.ESCALATED, Answer.CANCELLED),
    Kind.EVIDENCE_REQUESTED: (Answer.EVIDENCE_SENT,),
    Kind.JUDGEMENT: (Answer.ACCEPTED, Answer.REJECTED, Answer.APPEALED),
    Kind.RETURN_REQUESTED: (Answer.RETURNED,),
    Kind.ORDER_COMPLETING: ORDER_ANSWERS,
    Kind.ORDER_COMPLETED: ORDER_ANSWERS,
}


class Scribe:
    """Writes one case's headline and lines."""

    def __init__(
        self,
        case: Case,
        orders: tuple[str, ...],
        instruction: Instruction,
        links: Sequence[Link],
        words: Words,
        zone: tzinfo,
        now: datetime,
    ) -> None:
        self.case = case
        self.orders = orders
        self.instruction = instruction
        self.links = links
        self.words = words
        self.zone = zone
        self.now = now

    def settled(self) -> tuple[str, list[str]]:
        turn = self.case.turn if self.case.turn in (Turn.SELLER, Turn.PLATFORM) else Turn.NOBODY
        headline = self.words.say(f"settled.headline_{turn}", which=which(self.orders, self.words))
        if self.case.kind is Kind.REFUND_ISSUED and self.case.answered is None:
            return headline, [*self._paid_out(), self.words.say("settled.refund_issued")]
        return headline, [self.words.say(f"settled.{turn}")]

    def pressing(self, deadline: Deadline) -> tuple[str, list[str]]:
        lines = [
            *self._terms(),
            self._when(deadline),
            self._basis(deadline),
            *self._cost(deadline),
            *self._notes(),
            "",
            *self._way(),
            "",
            self._answer(),
        ]
        return self._headline(deadline), lines

    def facts(self, measured: Sequence[str]) -> tuple[str, ...]:
        deadline = self.case.deadline
        if deadline is None:
            return (*self._terms(), *measured, *self._notes())
        until = (self._when(deadline), self._basis(deadline), *self._cost(deadline))
        return (*self._terms(), *measured, *until, *self._notes())

    def _answer(self) -> str:
        if self.case.kind is None:
            return self.words.say("note.looked", case=self.case.id)
        answers = ANSWERS.get(self.case.kind, (Answer.SATISFIED,))
        return self.words.say("note.done", case=self.case.id, answers=" / ".join(answers))

    def _headline(self, deadline: Deadline) -> str:
        headline = self.instruction.headline
        if self.now >= deadline.latest:
            return self.words.say("until.lapsed_headline", headline=headline)
        if self.now >= deadline.at:
            return self.words.say("until.between_headline", headline=headline)
        at = moment(deadline.at, self.words, self.zone, brief=True)
        return self.words.say(
            "until.headline", headline=headline, at=at, left=left(deadline.at - self.now, self.words)
        )

    def _terms(self) -> Iterator[str]:
        """Who offers what, beside what the buyer asked for and paid."""
        offer = self.case.offer
        if offer is not None and (terms := _terms(offer, self.words)):
            yield self.words.say(f"by.{offer.by or 'nobody'}", terms=terms)
            for key, money in (("for", self.case.asked), ("paid", self.case.paid)):
                if money is not None:
                    yield self.words.say(f"asked.{key}", amount=_amount(money.amount, money.currency))

    def _paid_out(self) -> Iterator[str]:
        if self.case.offer is not None and (terms := _terms(self.case.offer, self.words)):
            yield self.words.say("by.done", terms=terms)

    def _when(self, deadline: Deadline) -> str:
        holes = {
            "at": moment(deadline.at, self.words, self.zone),
            "latest": moment(deadline.latest, self.words, self.zone),
            "pacific": moment(deadline.at, self.words, PACIFIC),
            "left": left(deadline.at - self.now, self.words),
        }
        if self.now >= deadline.latest:
            holes["pacific"] = moment(deadline.latest, self.words, PACIFIC)
            key = "lapsed_open" if self.case.kind in ORDER_KINDS else "lapsed"
        elif self.now >= deadline.at:
            key = "between"
        else:
            key = "exact" if deadline.latest == deadline.at else "range"
        return self.words.say(f"until.{key}", **holes)

    def _basis(self, deadline: Deadline) -> str:
        if deadline.basis in (Basis.POLICY, Basis.USER):
            return self.words.say(f"basis.{deadline.basis}")
        quote = plain(deadline.quote or "")
        return self.words.say(f"basis.{deadline.basis}" + ("" if quote else "_plain"), quote=quote)

    def _cost(self, deadline: Deadline) -> Iterator[str]:
        name = name_of(self.case.kind)
        if name in COSTLY and self.now < deadline.latest:
            yield self.words.say(f"silence.{name}")

    def _notes(self) -> Iterator[str]:
        own = [link for link in self.links if link.role is not Role.OTHER]
        buttons = [link.verdict for link in own if link.reason is not LinkReason.HOST_GONE]
        if self.case.authenticity.verdict is not Trust.VERIFIED:
            yield self.words.say("note.unverified")
        yield from self._hosts()
        if LinkVerdict.SUSPICIOUS in buttons:
            yield self.words.say("note.suspicious")
        elif LinkVerdict.BROKEN in buttons or self.case.reported_broken:
            yield self.words.say("note.broken")
        if self.case.odd:
            yield self.words.say("note.odd")

    def _hosts(self) -> Iterator[str]:
        """What looking at the hosts of the mail's buttons told: a filter at home, or a host that is gone."""
        keys = {LinkReason.DNS_FILTER: "note.blocked", LinkReason.HOST_GONE: "note.gone"}
        told = [(keys[link.reason], host_of(link.url or "")) for link in self.links if link.reason in keys]
        yield from dict.fromkeys(self.words.say(key, host=host) for key, host in told)

    def _way(self) -> Iterator[str]:
        first = self.instruction.routes[0]
        yield f"{first.title}:"
        yield from (f"{number}. {step}" for number, step in enumerate(first.steps, 1))
        page = order_page(self.orders)
        if page != ORDER_LIST and self.case.authenticity.verdict is Trust.VERIFIED:
            yield self.words.say("note.page", url=page)


def _terms(offer: Offer, words: Words) -> str:
    """What is offered, in words; empty where nothing of it was printed."""
    amount = _amount(offer.amount, offer.currency) if offer.amount is not None else None
    if offer.remedy is None:
        return "" if amount is None else words.say("terms.amount", amount=amount)
    key = f"terms.{offer.remedy}"
    return words.say(key) if amount is None else words.say(f"{key}_of", amount=amount)


def _amount(amount: Decimal, currency: str | None) -> str:
    return f"{amount:f} {plain(currency or '')}".strip()
