"""What an alert says, in the user's words: what, until when, on what basis, and the way without the link.

Law: no address out of a mail is ever in an alert, only our own order page; and what a mail printed is
quoted short, plain and without anything that could be pressed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, tzinfo
from decimal import Decimal

from rules.addresses import host_of
from rules.announcing import WAYS, base_of
from rules.deadlines import PACIFIC, bounded
from rules.facts import (
    Alert,
    AlertAbout,
    Answer,
    Basis,
    Case,
    Clock,
    Deadline,
    Due,
    Instruction,
    Kind,
    Link,
    LinkReason,
    LinkVerdict,
    Notice,
    Offer,
    Role,
    Trust,
    Turn,
    Urgency,
)
from rules.routes import ORDER_LIST, capital, instruct, name_of, order_page, which
from rules.spoken import clock_name, left, moment, plain
from rules.turns import ORDER_KINDS
from rules.wording import COSTLY, Words

LONGEST_FAULT = 400  # characters of what went wrong: our own sentence, the server's word and the next step
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


def tell(due: Due, case: Case, links: Sequence[Link], words: Words, zone: tzinfo, now: datetime) -> Alert:
    """The alert for one rung of a case, with times in `zone` and in Pacific time.

    Of `links` (the case's, after they were looked at) only role, verdict and reason are told.
    """
    orders = tuple(plain(order) for order in case.orders)
    number = plain(case.dispute) if case.dispute is not None else None
    instruction = instruct(case.kind, orders, number, words)
    scribe = _Scribe(case, orders, instruction, links, words, zone, now)
    headline, lines = scribe.settled() if case.deadline is None else scribe.pressing(case.deadline)
    if due.late:
        lines = [*lines, words.say("note.late")]
    return Alert(
        key=due.key,
        about=AlertAbout.UNCLEAR if case.kind is None else AlertAbout.CASE,
        urgency=due.urgency,
        headline=headline,
        body="\n".join(lines),
        created_at=now,
        case=case.id,
        order=orders[0] if orders else None,
        orders=orders,
        kind=case.kind,
        rung=due.rung,
        late=due.late,
        deadline=_harmless(case.deadline),
        turn=case.turn,
        routes=() if case.deadline is None else instruction.routes,
        links=tuple(replace(link, url=None, label="") for link in links),
        authenticity=case.authenticity,
    )


def facts_told(
    case: Case,
    links: Sequence[Link],
    words: Words,
    zone: tzinfo,
    now: datetime,
    measured: Sequence[str] = (),
) -> tuple[str, ...]:
    """The lines that say who offers what against what was asked and paid, until when, and what to mind.

    `measured` are lines that belong behind the amounts.
    """
    orders = tuple(plain(order) for order in case.orders)
    instruction = instruct(case.kind, orders, case.dispute, words)
    return _Scribe(case, orders, instruction, links, words, zone, now).facts(measured)


def warning(notice: Notice, orders: Sequence[str], words: Words, zone: tzinfo, now: datetime) -> Alert:
    """One quiet warning about a suspicious or forged mail; `orders` are those it names that we know."""
    forged = notice.authenticity.verdict is Trust.FORGED
    lines = [
        words.say(
            "warning.forged" if forged else "warning.suspicious", at=moment(notice.sent_at, words, zone)
        )
    ]
    named = tuple(plain(order) for order in orders)
    if named:
        lines.append(words.say("warning.forged_order", which=which(named, words)))
    return Alert(
        key=f"warning/{plain(notice.identity)}",
        about=AlertAbout.WARNING,
        urgency=Urgency.INFO,
        headline=words.say("warning.headline"),
        body="\n".join(lines),
        created_at=now,
        order=named[0] if named else None,
        orders=named,
        authenticity=notice.authenticity,
    )


def health(
    account: str,
    last_look_at: datetime | None,
    error: str | None,
    words: Words,
    zone: tzinfo,
    now: datetime,
    recovered: bool = False,
) -> Alert:
    """We are blind on an account since `last_look_at` (None: from the start), or see again.

    `error` is one of our own sentences about it. One key for each blindness and its end.
    """
    name = plain(account)
    since = "never" if last_look_at is None else f"{bounded(last_look_at):%Y%m%dT%H%M%SZ}"
    if recovered:
        headline, lines = (
            words.say("health.recovered_headline", account=name),
            [words.say("health.recovered", account=name)],
        )
    else:
        headline, lines = (
            words.say("health.headline", account=name),
            list(_blindness(name, last_look_at, error, words, zone)),
        )
    return Alert(
        key=f"health/{name}/{since}/{'sees' if recovered else 'blind'}",
        about=AlertAbout.HEALTH,
        urgency=Urgency.INFO if recovered else Urgency.URGENT,
        headline=headline,
        body="\n".join(lines),
        created_at=now,
    )


def test(key: str, words: Words, zone: tzinfo, now: datetime) -> Alert:
    """Proof that the channels work; `key` tells one test from the next."""
    return Alert(
        key=f"test/{key}",
        about=AlertAbout.TEST,
        urgency=Urgency.INFO,
        headline=words.say("test.headline"),
        body=words.say("test.body", at=moment(now, words, zone)),
        created_at=now,
    )


def announce(key: str, clock: Clock, case: Case, words: Words, zone: tzinfo, now: datetime) -> Alert:
    """The word that one of a case's clocks has come, as the user asked to be told; never a deadline."""
    orders = tuple(plain(order) for order in case.orders)
    number = plain(case.dispute) if case.dispute is not None else None
    way = instruct(WAYS.get(base_of(clock.name), case.kind), orders, number, words).routes
    name = clock_name(clock.name, words)
    at, pacific = moment(clock.at, words, zone), moment(clock.at, words, PACIFIC)
    steps = [f"{place}. {step}" for place, step in enumerate(way[0].steps, 1)]
    told = words.say("announced.body", clock=name, at=at, pacific=pacific)
    return Alert(
        key=key,
        about=AlertAbout.CASE,
        urgency=Urgency.SOON if clock.who is Turn.YOURS else Urgency.INFO,
        headline=capital(words.say("announced.headline", clock=name, which=which(orders, words))),
        body="\n".join([told, "", f"{way[0].title}:", *steps]),
        created_at=now,
        order=orders[0] if orders else None,
        orders=orders,
        kind=case.kind,
        turn=case.turn,
        routes=way,
        authenticity=case.authenticity,
    )


def _harmless(deadline: Deadline | None) -> Deadline | None:
    """The deadline with a quote that no program can turn into something to press."""
    if deadline is None or deadline.quote is None:
        return deadline
    return replace(deadline, quote=plain(deadline.quote) or None)


def _blindness(
    name: str, last_look_at: datetime | None, error: str | None, words: Words, zone: tzinfo
) -> Iterator[str]:
    if last_look_at is None:
        yield words.say("health.never", account=name)
    else:
        yield words.say("health.body", account=name, at=moment(last_look_at, words, zone))
    if error:
        yield words.say("health.error", error=plain(error, LONGEST_FAULT))
    yield words.say("health.remedy")


class _Scribe:
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
