"""All notices in, all cases out: one for each dispute of an order, and one for each order's own clocks.

The law of the turns is one page, rules/turns.py; how a case is walked is rules/states.py, and which
notices belong together rules/grouping.py. A case is never pushed along by mail: it is computed from
everything known, so late, repeated and shuffled mail does no harm.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from rules.deadlines import after, resolve
from rules.facts import (
    About,
    Act,
    Answer,
    Case,
    Clock,
    Deadline,
    Kind,
    Money,
    Notice,
    Offer,
    Remedy,
    Trust,
    Turn,
    Within,
)
from rules.grouping import Group, group, identify, kind_of
from rules.policy import ClockRule, Policy
from rules.states import State, Walked, walk
from rules.turns import NEWS, turn_of

__all__ = ["judge", "turn_of"]

# Kinds that put their own proposal on the table: an earlier one no longer counts.
PROPOSING = frozenset({Kind.OFFER, Kind.JUDGEMENT, Kind.DECLINED})
# The name of the clock for a time that a mail prints for somebody else.
PRINTED_CLOCK = {Turn.SELLER: "seller_answers", Turn.PLATFORM: "platform_decides"}


def judge(
    notices: Iterable[Notice],
    acts: Mapping[str, Sequence[Act]],
    names: Mapping[str, str],
    policy: Policy,
) -> tuple[Case, ...]:
    """The cases that all these notices make, oldest first.

    `acts` has what the buyer said, by case id; `names` the case id first given to a notice (by its
    identity), so that an id never changes: write it down once and keep it. Total, and indifferent to
    the order and repetition of notices and acts.
    """
    groups = group(notices)
    found = []
    for case, (chosen, owned) in zip(groups, identify(groups, names), strict=True):
        said = tuple(act for name in owned for act in acts.get(name, ()))
        found += [_case(case, chosen, said, policy)]
    return tuple(sorted(found, key=lambda case: (case.history[0].sent_at, case.id)))


def _case(case: Group, name: str, said: tuple[Act, ...], policy: Policy) -> Case:
    walked = _walked(case, said, policy)
    state = walked.state
    notice = state.notice or case.notices[-1]
    over = state.turn is Turn.NOBODY or case.about is About.ORDER
    return Case(
        id=name,
        about=case.about,
        orders=case.orders,
        dispute=case.dispute,
        kind=state.kind,
        turn=state.turn,
        deadline=state.deadline,
        since=state.since,
        settled=state.deadline is None and over,
        offer=_offer(case, notice),
        asked=_money(case, notice, "asked"),
        paid=_money(case, notice, "paid"),
        anchors=notice.anchors,
        authenticity=notice.authenticity,
        locale=notice.locale,
        clocks=_clocks(case, state, policy),
        history=case.notices,
        odd=walked.odd,
        reported_broken=walked.broken,
        acked_at=walked.acked_at,
        snoozed_until=walked.snoozed_until,
        answered=state.answered,
        asked_at=notice.sent_at,
    )


def _walked(case: Group, said: tuple[Act, ...], policy: Policy) -> Walked:
    """Where the case stands: each of its orders is walked by itself, and the most pressing one counts."""
    once = tuple(dict.fromkeys(said))
    if case.about is About.ORDER:
        ends = [walk((*case.notices, *case.settlers), once, True, policy)]
    else:
        ends = [
            walk((notice for notice in case.notices if _names(notice, order)), once, False, policy)
            for order in case.orders or (None,)
        ]
    reached = [end for end in ends if end is not None]
    first = min(reached, key=lambda end: _pressing(end.state))
    latest = [end.state.deadline.latest for end in reached if end.state.deadline is not None]
    return _with_latest(first, latest, any(end.odd for end in reached))


def _names(notice: Notice, order: str | None) -> bool:
    return order is None or not notice.orders or order in notice.orders


def _pressing(state: State) -> tuple[int, float, float]:
    """The most pressing state first: a deadline, then an unfinished turn, then the newest word."""
    newest = -state.notice.sent_at.timestamp() if state.notice is not None else 0.0
    if state.deadline is not None:
        return 0, state.deadline.at.timestamp(), newest
    waiting = {Turn.YOURS: 1, Turn.SELLER: 2, Turn.PLATFORM: 3, Turn.NOBODY: 4}
    return waiting[state.turn], 0.0, newest


def _with_latest(first: Walked, latest: Sequence[datetime], odd: bool) -> Walked:
    """The most pressing walk, open until the last of all deadlines, so that none passes in silence."""
    state = first.state
    if state.deadline is not None:
        longest = Deadline(state.deadline.at, max(latest), state.deadline.basis, state.deadline.quote)
        state = State(state.kind, state.turn, longest, state.since, state.notice, state.answered)
    return Walked(state, odd, first.acked_at, first.snoozed_until, first.broken)


def _offer(case: Group, notice: Notice) -> Offer | None:
    """What is on the table: the deciding notice's own, or the last told where it only repeats."""
    if notice.offer is not None or kind_of(notice) in PROPOSING:
        return notice.offer
    told = [each.offer for each in _trusted(case, notice) if each.offer is not None]
    return told[-1] if told else None


def _money(case: Group, notice: Notice, what: str) -> Money | None:
    own: Money | None = getattr(notice, what)
    if own is not None:
        return own
    told: list[Money] = [found for each in _trusted(case, notice) if (found := getattr(each, what))]
    return told[-1] if told else None


def _trusted(case: Group, notice: Notice) -> list[Notice]:
    """The notices up to the deciding one, only verified ones where that one is verified."""
    firm = notice.authenticity.verdict is Trust.VERIFIED
    return [
        each
        for each in case.notices
        if each.sent_at <= notice.sent_at and (not firm or each.authenticity.verdict is Trust.VERIFIED)
    ]


def _clocks(case: Group, state: State, policy: Policy) -> tuple[Clock, ...]:
    """Times to show: of the notices that still count, and of the answer that was given."""
    found: dict[str, Clock] = {}
    for notice in _counting(case, state):
        for rule in policy.clocks:
            if rule.after is kind_of(notice):
                found.update(_ruled(rule, notice.sent_at))
        for other in notice.others:
            name = PRINTED_CLOCK.get(other.who, "other")
            at, latest, _ = resolve(other.printed, notice.sent_at)
            found = {key: clock for key, clock in found.items() if not key.startswith(name)}
            found.update(_between(name, other.who, at, latest))
    if state.answered is not None:
        found = _answered(state, state.answered, policy)
    return tuple(sorted(found.values(), key=lambda clock: (clock.at, clock.name)))


def _counting(case: Group, state: State) -> list[Notice]:
    if case.about is not About.ORDER:
        return [state.notice] if state.notice is not None else []
    if state.kind not in NEWS and state.deadline is None:
        return []
    return list(case.notices)


def _answered(state: State, answer: Answer, policy: Policy) -> dict[str, Clock]:
    """After an answer: the other side's clocks run from it; an accepted return is still to be sent."""
    found: dict[str, Clock] = {}
    opening = {Turn.SELLER: Kind.DISPUTE_OPENED, Turn.PLATFORM: Kind.ESCALATED}.get(state.turn)
    for rule in policy.clocks:
        if opening is not None and rule.after is opening and rule.who is state.turn:
            found.update(_ruled(rule, state.since))
    offer = state.notice.offer if state.notice is not None else None
    window = policy.window(Kind.RETURN_REQUESTED)
    if answer is Answer.ACCEPTED and offer is not None and offer.remedy is Remedy.RETURN and window:
        clock = Clock("send_goods_back", after(state.since, window.short), Turn.YOURS)
        found[clock.name] = clock
    return found


def _ruled(rule: ClockRule, start: datetime) -> dict[str, Clock]:
    span = Within(rule.short, rule.long, rule.business, "")
    at, latest, _ = resolve(span, start)
    return _between(rule.name, rule.who, at, latest)


def _between(name: str, who: Turn, at: datetime, latest: datetime) -> dict[str, Clock]:
    """One clock, or its two ends where the time is not certain."""
    if at == latest:
        return {name: Clock(name, at, who)}
    first, last = Clock(f"{name}_from", at, who), Clock(f"{name}_until", latest, who)
    return {first.name: first, last.name: last}
