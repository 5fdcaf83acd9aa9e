"""A case's story on one line of time: its mails, its deadline, its clocks, and the clocks of its order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from rules.facts import About, Answer, Case, Kind, Turn
from rules.routes import name_of
from rules.spoken import clock_name
from rules.wording import Words

if TYPE_CHECKING:
    from watcher.store import Store

_SAME = timedelta(hours=1)  # two ends of one clock nearer than this are one line


@dataclass(frozen=True, slots=True)
class Event:
    """Something at an instant: `mark` is mail, deadline, clock or now; `who` whose clock it is."""

    at: datetime
    mark: str
    what: str
    who: Turn | None = None
    source: str | None = None


def events(
    case: Case, others: Sequence[Case], words: Words, texts: Words, now: datetime
) -> tuple[Event, ...]:
    """Everything of a case in the order of time, `now` among it; of `others` (its order's) the clocks.

    `words` and `texts` are the sentences of alerts and of answers, in the language to be told.
    """
    found = [*_mails(case, texts), *_deadline(case, texts), Event(now, "now", texts.say("case.now"))]
    told: dict[str, Event] = {}
    for each in (case, *others):
        for clock in each.clocks:
            told.setdefault(clock.name, Event(clock.at, "clock", clock_name(clock.name, words), clock.who))
    order = ("mail", "now", "deadline", "clock")
    return tuple(sorted((*found, *told.values()), key=lambda event: (event.at, order.index(event.mark))))


def order_cases(store: "Store", case: Case) -> tuple[Case, ...]:
    """The own clocks of a dispute's orders, from the store; nothing for what is no dispute."""
    if case.about is not About.DISPUTE:
        return ()
    with_orders = [each for each in store.cases() if each.about is About.ORDER]
    return tuple(each for each in with_orders if set(each.orders) & set(case.orders))


def reopening_ends(case: Case, others: Sequence[Case], now: datetime) -> datetime | None:
    """Until when a dispute that is over can be opened anew: while protection runs; None if not known."""
    if case.answered is not Answer.CANCELLED and case.kind is not Kind.DISPUTE_CLOSED:
        return None
    ends = [clock.at for each in (case, *others) for clock in each.clocks if clock.name == "protection_ends"]
    return min((at for at in ends if at > now), default=None)


def _mails(case: Case, texts: Words) -> Iterator[Event]:
    for notice in case.history:
        said = texts.say(f"case.kinds.{name_of(notice.kind)}")
        yield Event(notice.sent_at, "mail", said, source=notice.source)


def _deadline(case: Case, texts: Words) -> Iterator[Event]:
    if case.deadline is None:
        return
    yield Event(case.deadline.at, "deadline", texts.say("case.until"), Turn.YOURS)
    if case.deadline.latest - case.deadline.at > _SAME:
        yield Event(case.deadline.latest, "deadline", texts.say("case.latest"), Turn.YOURS)
