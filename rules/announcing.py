"""Which of a case's clocks are to be announced now: those the user chose, each once, when its time has come.

Law: a clock is never a deadline. What came due before we knew of it is not announced, nor what is long past.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from rules.deadlines import bounded
from rules.facts import Case, Clock, Kind
from rules.wording import CLOCKS

# The names that can be chosen: a clock, or one end of it where its time is not certain.
CHOOSABLE = tuple(name for base in CLOCKS for name in (base, f"{base}_from", f"{base}_until"))
# Clocks that end something for the buyer: told ahead, or it would be of no use.
AHEAD = frozenset({"protection_ends", "send_goods_back"})
LEAD = timedelta(days=3)
STALE = timedelta(days=3)
# Whose way through the app helps when a clock is announced.
WAYS = {
    "dispute_button_opens": Kind.ORDER_COMPLETED,
    "protection_ends": Kind.ORDER_COMPLETED,
    "you_may_escalate": Kind.DECLINED,
    "seller_answers": Kind.DISPUTE_OPENED,
    "platform_steps_in": Kind.DISPUTE_OPENED,
    "platform_decides": Kind.ESCALATED,
    "refund_arrives": Kind.REFUND_ISSUED,
    "send_goods_back": Kind.RETURN_REQUESTED,
}


def ripe(case: Case, now: datetime, chosen: Collection[str], known_since: datetime) -> tuple[Clock, ...]:
    """The chosen clocks of a case to be announced at `now`; `known_since` is when we learned of the case."""
    return tuple(
        clock
        for clock in case.clocks
        if is_chosen(clock, chosen) and known_since <= rings_at(clock) <= now < rings_at(clock) + STALE
    )


def waits(case: Case, now: datetime, chosen: Collection[str]) -> bool:
    """Whether a chosen clock of the case may still have to be announced."""
    return any(is_chosen(clock, chosen) and now < rings_at(clock) + STALE for clock in case.clocks)


def is_chosen(clock: Clock, chosen: Collection[str]) -> bool:
    """Whether the user chose this clock: by its full name, or by its plain one, which means its later end."""
    return clock.name in chosen or (clock.name.endswith("_until") and base_of(clock.name) in chosen)


def rings_at(clock: Clock) -> datetime:
    """When a clock is announced: at its time, or ahead where that would be too late."""
    return bounded(clock.at - LEAD) if base_of(clock.name) in AHEAD else clock.at


def base_of(name: str) -> str:
    """A clock's plain name, without the end it is."""
    return name.removesuffix("_from").removesuffix("_until")
