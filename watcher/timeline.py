"""A case's story on one line of time: its mails, its deadline, its clocks, and the clocks of its order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from rules.facts import About, Answer, Case, Kind, Turn
from rules.spoken import clock_name
from rules.wording import Words
from watcher.tables import WHAT

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


def events(case: Case, others: Sequence[Case], words: Words, now: datetime) -> tuple[Event, ...]:
    """Everything of a case in the order of time, `now` among it; of `others` (its order's) the clocks."""
    found = [*_mails(case), *_deadline(case), Event(now, "now", "now")]
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


def _mails(case: Case) -> Iterator[Event]:
    for notice in case.history:
        kind = notice.kind.value if notice.kind else None
        yield Event(notice.sent_at, "mail", WHAT[kind], source=notice.source)


def _deadline(case: Case) -> Iterator[Event]:
    if case.deadline is None:
        return
    yield Event(case.deadline.at, "deadline", "your answer, at the latest", Turn.YOURS)
    if case.deadline.latest - case.deadline.at > _SAME:
        yield Event(case.deadline.latest, "deadline", "the last plausible end of it", Turn.YOURS)
