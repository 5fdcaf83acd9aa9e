"""What an alert says, in the user's words: what, until when, on what basis, and the way without the link.

Law: no address out of a mail is ever in an alert, only our own order page; and what a mail printed is
quoted short, plain and without anything that could be pressed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, tzinfo

from rules.announcing import WAYS, base_of
from rules.deadlines import PACIFIC, bounded
from rules.facts import (
    Alert,
    AlertAbout,
    Case,
    Clock,
    Deadline,
    Due,
    Link,
    Notice,
    Trust,
    Turn,
    Urgency,
)
from rules.routes import capital, instruct, which
from rules.scribe import Scribe
from rules.spoken import clock_name, moment, plain
from rules.wording import Words

LONGEST_FAULT = 400  # characters of what went wrong: our own sentence, the server's word and the next step


def tell(due: Due, case: Case, links: Sequence[Link], words: Words, zone: tzinfo, now: datetime) -> Alert:
    """The alert for one rung of a case, with times in `zone` and in Pacific time.

    Of `links` (the case's, after they were looked at) only role, verdict and reason are told.
    """
    orders = tuple(plain(order) for order in case.orders)
    number = plain(case.dispute) if case.dispute is not None else None
    instruction = instruct(case.kind, orders, number, words)
    scribe = Scribe(case, orders, instruction, links, words, zone, now)
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
    return Scribe(case, orders, instruction, links, words, zone, now).facts(measured)


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
