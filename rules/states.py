"""One case's mails and the buyer's acts, walked in order, to whose turn it is and until when.

Law: a verified mail is never shortened, closed or overwritten by an unverified one, which may only
add a deadline where there is none. A mail that could not be read makes it yours until the buyer
acknowledges it or a later mail tells more. No step raises, and no step without a known meaning
takes the turn away.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from rules.deadlines import bounded, deadline
from rules.facts import Act, Answer, Basis, Deadline, Kind, Notice, Outcome, Trust, Turn
from rules.policy import Policy
from rules.turns import ANSWERS, NEWS, ODD, ORDER_KINDS, TURNS

# A mail that reached the mailbox within this time of being sent was unknown to a buyer who answered
# before it came; an older one that turns up later is a copy or a forward of what they had seen.
DELAY = timedelta(days=1)
# Kinds that repeat one proposal: a guessed window never moves its deadline to later.
PROPOSALS = frozenset({Kind.OFFER, Kind.OFFER_REMINDER, None})


@dataclass(frozen=True, slots=True)
class State:
    """Whose turn it is, and the notice or answer that made it so."""

    kind: Kind | None
    turn: Turn
    deadline: Deadline | None
    since: datetime
    notice: Notice | None
    answered: Answer | None = None


@dataclass(frozen=True, slots=True)
class Walked:
    """Where a walk ended: the state, and what the buyer said about it."""

    state: State
    odd: bool
    acked_at: datetime | None
    snoozed_until: datetime | None
    broken: bool


@dataclass(frozen=True, slots=True)
class _Track:
    """What mails of one degree of trust add up to; `doubt` is an unread mail's claim on top."""

    base: State | None = None
    doubt: State | None = None


def walk(notices: Iterable[Notice], acts: Iterable[Act], order_clocks: bool, policy: Policy) -> Walked | None:
    """The state after all notices (in any order) and acts of one case, or None where there are none.

    `order_clocks` is True for an order's own clocks: there the notices of its disputes may be among
    the notices, and settle what the order was waiting for.
    """
    ordered = sorted(notices, key=lambda notice: (notice.sent_at, notice.identity))
    anything_verified = any(_verified(notice) for notice in ordered)
    walking = _Walk(order_clocks, policy)
    for event in _timeline(ordered, acts):
        if isinstance(event, Act):
            walking.act(event)
        else:
            walking.notice(event, firm=_verified(event) or not anything_verified)
    return walking.result()


def _verified(notice: Notice) -> bool:
    return notice.authenticity.verdict is Trust.VERIFIED


def _timeline(ordered: Sequence[Notice], acts: Iterable[Act]) -> list[Notice | Act]:
    """Notices as sent, each act right behind the last notice that the buyer can have known."""
    slots: list[list[Notice | Act]] = [[] for _ in range(len(ordered) + 1)]
    for place, notice in enumerate(ordered, 1):
        slots[place].append(notice)
    for act in sorted(acts, key=_act_order):
        known = [place for place, notice in enumerate(ordered, 1) if _known_at(notice) <= act.at]
        slots[max(known, default=0)].append(act)
    return [event for slot in slots for event in slot]


def _act_order(act: Act) -> tuple[datetime, str, str, str]:
    return act.at, act.verb, act.answer or "", act.until.isoformat() if act.until else ""


def _known_at(notice: Notice) -> datetime:
    prompt = abs(bounded(notice.received_at) - bounded(notice.sent_at)) <= DELAY
    return notice.received_at if prompt else notice.sent_at


class _Walk:
    """The walk itself: two tracks of trust, the buyer's own deadline, and what is seen of them."""

    def __init__(self, order_clocks: bool, policy: Policy) -> None:
        self.order_clocks = order_clocks
        self.policy = policy
        self.firm = _Track()
        self.soft = _Track()
        self.user: State | None = None
        self.seen: State | None = None
        self.odd = False
        self.acked_at: datetime | None = None
        self.snoozed_until: datetime | None = None
        self.broken = False

    def result(self) -> Walked | None:
        if self.seen is None:
            return None
        return Walked(self.seen, self.odd, self.acked_at, self.snoozed_until, self.broken)

    def notice(self, notice: Notice, firm: bool) -> None:
        if self.order_clocks and notice.kind not in ORDER_KINDS:
            self._disputed(notice, firm)
        else:
            track, moved, odd = _step(self.firm if firm else self.soft, notice, self.policy)
            self.odd = self.odd or odd
            if firm:
                self.firm = track
                if moved:
                    self.soft, self.user = _Track(), None
            else:
                self.soft = track
        self._look(notice.received_at)

    def _disputed(self, notice: Notice, firm: bool) -> None:
        """A dispute of the order: nothing that only led up to one is due any more."""
        self.soft = _calmed(self.soft, notice.received_at)
        if firm:
            self.firm, self.user = _calmed(self.firm, notice.received_at), None

    def act(self, act: Act) -> None:
        if act.verb == "answered" and act.answer is not None:
            self._answered(act, act.answer)
        elif act.verb == "due" and act.until is not None:
            self._due(act, act.until)
        elif act.verb == "ack":
            self.firm, self.soft = _understood(self.firm, act.at), _understood(self.soft, act.at)
        elif act.verb == "broken":
            self.broken = True
        self._look(act.at)
        if act.verb == "ack":
            self.acked_at = act.at
        elif act.verb == "snooze":
            self.snoozed_until = act.until

    def _answered(self, act: Act, answer: Answer) -> None:
        kind, notice = (self.seen.kind, self.seen.notice) if self.seen else (None, None)
        self.firm = _Track(State(kind, ANSWERS[answer], None, act.at, notice, answer))
        self.soft, self.user = _Track(), None

    def _due(self, act: Act, until: datetime) -> None:
        at = bounded(until)
        kind, notice = (self.seen.kind, self.seen.notice) if self.seen else (None, None)
        self.user = State(kind, Turn.YOURS, Deadline(at, at, Basis.USER), act.at, notice)
        self.firm, self.soft = replace(self.firm, doubt=None), replace(self.soft, doubt=None)

    def _look(self, known: datetime) -> None:
        """See what the tracks add up to now; a deadline that moved is heard afresh."""
        before, now = self.seen, self._present()
        if now is None:
            return
        if _at(before) != _at(now):
            self.acked_at = self.snoozed_until = None
        if now.deadline is None:
            calm_before = before is not None and before.deadline is None
            now = replace(now, since=min(before.since, known) if before and calm_before else known)
        if before is None or before.notice is not now.notice:
            self.broken = False
        self.seen = now

    def _present(self) -> State | None:
        if self.user is not None:
            return _sooner(self.user, self.firm.doubt)
        firm, soft = _resolved(self.firm), _resolved(self.soft)
        if firm is not None and firm.deadline is not None:
            return firm
        if soft is not None and soft.deadline is not None:
            return soft
        return firm or soft


def _at(state: State | None) -> datetime | None:
    return state.deadline.at if state is not None and state.deadline is not None else None


def _step(track: _Track, notice: Notice, policy: Policy) -> tuple[_Track, bool, bool]:
    """The track after one notice, whether it moved, and whether the sequence is an odd one."""
    kind, due = notice.kind, deadline(notice, policy)
    if notice.outcome is Outcome.UNCLEAR or kind is None:
        return replace(track, doubt=_asked(track.doubt or track.base, notice, None, due)), False, False
    if kind in NEWS:
        fresh = track.base is None or track.base.kind in NEWS
        state = State(kind, TURNS[kind], None, notice.received_at, notice)
        return (replace(track, base=state) if fresh else track), False, False
    odd = _is_odd(track.base, kind, bounded(notice.sent_at))
    if due is not None:
        return _Track(_asked(track.base, notice, kind, due)), True, odd
    if odd:
        return track, False, True
    return _Track(State(kind, TURNS[kind], None, notice.received_at, notice)), True, False


def _is_odd(base: State | None, kind: Kind, sent: datetime) -> bool:
    if base is None or base.answered is not None or base.kind not in ODD.get(kind, frozenset()):
        return False
    return base.deadline is None or sent <= base.deadline.latest


def _asked(base: State | None, notice: Notice, kind: Kind | None, due: Deadline | None) -> State:
    """The state after a notice that asks; a repeated deadline was known since it was first told."""
    turn = Turn.YOURS if kind is None else TURNS[kind]
    old = base.deadline if base is not None else None
    if base is None or old is None or due is None:
        return State(kind, turn, due, notice.received_at, notice)
    if due.basis is Basis.POLICY and kind in PROPOSALS and base.kind in PROPOSALS:
        due = _no_later(old, due, bounded(notice.sent_at))
    since = min(base.since, notice.received_at) if due.at == old.at else notice.received_at
    return State(kind, turn, due, since, notice)


def _no_later(old: Deadline, guess: Deadline, sent: datetime) -> Deadline:
    """A guessed window beside a deadline still open: the sooner of the two, and the later end."""
    latest = max(old.latest, guess.latest)
    if sent <= old.at <= guess.at:
        return replace(old, latest=latest)
    if sent <= old.latest <= guess.at:
        return Deadline(old.latest, latest, old.basis, old.quote)
    return replace(guess, latest=latest)


def _calmed(track: _Track, when: datetime) -> _Track:
    if track.base is None or track.base.deadline is None:
        return track
    return _Track(replace(track.base, turn=Turn.NOBODY, deadline=None, since=when))


def _understood(track: _Track, when: datetime) -> _Track:
    """The track once the buyer has looked at the mail that could not be read."""
    if track.doubt is None:
        return track
    settled = State(track.doubt.kind, Turn.NOBODY, None, when, track.doubt.notice)
    return _Track(track.base or settled)


def _resolved(track: _Track) -> State | None:
    if track.doubt is None:
        return track.base
    if track.base is None or track.base.deadline is None:
        return track.doubt
    return _sooner(track.base, track.doubt)


def _sooner(state: State, doubt: State | None) -> State:
    """A known deadline and an unread mail's: the sooner counts, and the later end."""
    if doubt is None or doubt.deadline is None or state.deadline is None:
        return state
    first, other = state.deadline, doubt.deadline
    since = state.since
    if other.at < first.at:
        first, other, since = other, first, doubt.since
    return replace(state, deadline=replace(first, latest=max(first.latest, other.latest)), since=since)
