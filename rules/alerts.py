"""What to say about a case now: one rung, the most urgent whose time has come, each said once.

Law: a key is a pure function of case, deadline and rung. A host asleep through three rungs says one
thing and that it is late; a deadline that moved speaks again; a settled case says so once, if it had
rung, and is silent from then on. Every deadline speaks before it passes.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from rules.deadlines import bounded
from rules.facts import About, Case, Deadline, Due, Turn, Urgency
from rules.policy import Ringing

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
# The contract's bounds of urgency before a deadline.
URGENT_WITHIN = timedelta(hours=24)
CRITICAL_WITHIN = timedelta(hours=6)
# Said later than this after its time, an alert admits that it is late.
PUNCTUAL = timedelta(minutes=15)
NEW, LAPSED, SETTLED = "new", "lapsed", "settled"


@dataclass(frozen=True, slots=True)
class _Rung:
    """One step: its name and time; `before` is its distance to the deadline, where it is of the ladder."""

    name: str
    at: datetime
    before: timedelta | None = None
    last: bool = False


def due(
    case: Case,
    now: datetime,
    ringing: Ringing,
    said: Collection[str],
    known_since: datetime | None = None,
) -> Due | None:
    """The one thing to say about a case at `now`, or None; `said` has every key already handed out.

    `known_since` is when offerwatch itself first took in the notice behind the deadline (the mailbox's
    receipt where it is None): what was past `latest` by then is history and never rings.
    """
    if case.deadline is None:
        return _settled(case, now, ringing, said)
    stem = f"{case.id}/{_stamp(case.deadline.at)}/"
    heard = {key.removeprefix(stem) for key in said if key.startswith(stem)}
    rung = _reached(case, case.deadline, now, ringing)
    if rung is None or rung.name in heard:
        return None
    if rung.name == LAPSED and not _worth_a_last_word(case, case.deadline, heard, known_since):
        return None
    urgency = _urgency(case.deadline, rung, now)
    if _held(case, rung, urgency, now) or _hushed(case.deadline, now, ringing, heard):
        return None
    return Due(f"{stem}{rung.name}", rung.name, urgency, now - max(rung.at, case.since) > PUNCTUAL)


def _settled(case: Case, now: datetime, ringing: Ringing, said: Collection[str]) -> Due | None:
    """The word that nothing is due any more, for a case that had rung.

    The deadline that rang is no longer known here; the instant it was settled tells one settling from
    the next.
    """
    stem = f"{case.id}/"
    rang = any(key.startswith(stem) and not key.endswith(f"/{SETTLED}") for key in said)
    key = f"{stem}{_stamp(case.since)}/{SETTLED}"
    if not rang or key in said or is_quiet(now, ringing):
        return None
    return Due(key, SETTLED, Urgency.INFO, now - case.since > PUNCTUAL)


def _stamp(instant: datetime) -> str:
    return f"{bounded(instant):%Y%m%dT%H%M%SZ}"


def _reached(case: Case, deadline: Deadline, now: datetime, ringing: Ringing) -> _Rung | None:
    """The last rung whose time has come: whatever stood before it needs no word any more."""
    if now >= deadline.latest:
        return _Rung(LAPSED, deadline.latest, last=True)
    come = [rung for rung in _rungs(case, deadline, now, ringing) if rung.at <= now or rung.name == NEW]
    return max(come, key=lambda rung: rung.at, default=None)


def _rungs(case: Case, deadline: Deadline, now: datetime, ringing: Ringing) -> Iterator[_Rung]:
    steps = ringing.order_ladder if case.about is About.ORDER else ringing.ladder
    ladder = sorted({step for step in steps if step > timedelta()}, reverse=True)
    # An order's own clocks come with every order: they speak by their ladder alone, where they have one.
    at_once = case.about is not About.ORDER or not ladder
    if at_once:
        yield _Rung(NEW, case.since)
    for step in ladder:
        if not at_once or deadline.at - step > case.since:
            yield _Rung(_label(step), deadline.at - step, step, last=step == ladder[-1])
    if now >= deadline.at:
        days = (now - deadline.at) // DAY
        yield _Rung(f"day{days + 1}", deadline.at + days * DAY)


def _label(step: timedelta) -> str:
    minutes = step // timedelta(minutes=1)
    return f"{minutes}m" if minutes % 60 else f"{minutes // 60}h"


def _worth_a_last_word(
    case: Case, deadline: Deadline, heard: Collection[str], known_since: datetime | None
) -> bool:
    """False for what was over before we knew of it, and for an order window that was told in time."""
    if heard:
        return case.turn is Turn.YOURS
    known = known_since or case.since
    if known <= deadline.latest:
        return True
    # A mail just come in that names a time before its own sending was misread or is a mistake: speak.
    own_mistake = case.asked_at is not None and case.asked_at > deadline.latest
    return own_mistake and known - case.since <= DAY


def _urgency(deadline: Deadline, rung: _Rung, now: datetime) -> Urgency:
    if rung.name == LAPSED:
        return Urgency.URGENT
    left = deadline.at - now
    if left < CRITICAL_WITHIN or (rung.before is not None and rung.before <= CRITICAL_WITHIN):
        return Urgency.CRITICAL
    if left < URGENT_WITHIN or (rung.before is not None and rung.before <= URGENT_WITHIN):
        return Urgency.URGENT
    return Urgency.SOON


def _held(case: Case, rung: _Rung, urgency: Urgency, now: datetime) -> bool:
    """Whether the buyer asked not to hear this one: acknowledged before, or snoozed."""
    if case.acked_at is not None and rung.at <= case.acked_at and not rung.last:
        return True
    snoozed = case.snoozed_until is not None and now < case.snoozed_until
    return snoozed and urgency is not Urgency.CRITICAL and rung.name != LAPSED


def _hushed(deadline: Deadline, now: datetime, ringing: Ringing, heard: Collection[str]) -> bool:
    """Whether quiet hours hold a word back; never the only word before a time that is nearly gone."""
    if not is_quiet(now, ringing):
        return False
    breaks = ringing.quiet_breaks
    if now < deadline.at:
        return deadline.at - now > (breaks if heard else max(breaks, HOUR))
    return bool(heard) or deadline.latest - now > max(breaks, HOUR) or now >= deadline.latest


def is_quiet(now: datetime, ringing: Ringing) -> bool:
    """Whether the wall time of the user's zone lies in the quiet hours, which may wrap midnight."""
    if ringing.quiet is None:
        return False
    start, end = ringing.quiet
    wall = bounded(now).astimezone(ringing.zone).time()
    if start <= end:
        return start <= wall < end
    return wall >= start or wall < end
