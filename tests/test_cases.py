"""Cases are computed from all notices: whose turn, until when, whatever the order they came in."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.cases import judge, turn_of
from rules.facts import (
    About,
    Act,
    Answer,
    Basis,
    Case,
    Kind,
    Money,
    Notice,
    Offer,
    OtherClock,
    Outcome,
    Party,
    Remedy,
    Trust,
    Turn,
)
from rules.turns import ANSWERS, ODD, ORDER_KINDS, TURNS
from support.judgement import (
    DISPUTE,
    ORDER,
    OTHER_ORDER,
    POLICY,
    answered,
    at,
    by,
    cases,
    notice,
    only,
    within,
)

BOTH = (ORDER, OTHER_ORDER)
ASKING = [kind for kind, turn in TURNS.items() if turn is Turn.YOURS]


def where(case: Case) -> tuple[Kind | None, Turn, bool]:
    return case.kind, case.turn, case.settled


# The law


def test_every_kind_and_every_answer_has_a_turn():
    assert set(TURNS) == set(Kind)
    assert set(ANSWERS) == set(Answer)
    assert Turn.YOURS not in ANSWERS.values()
    assert all(kinds <= set(Kind) for kinds in ODD.values())


def test_the_turn_after_one_mail():
    assert turn_of(Kind.OFFER, Outcome.NOTICE) is Turn.YOURS
    assert turn_of(Kind.DISPUTE_OPENED, Outcome.NOTICE) is Turn.SELLER
    assert turn_of(None, Outcome.UNCLEAR) is Turn.YOURS
    assert turn_of(None, Outcome.IGNORED) is Turn.NOBODY


@pytest.mark.parametrize("kind", list(Kind))
def test_one_mail_makes_one_case_with_its_turn(kind):
    case = only(notice(kind))
    assert (case.kind, case.turn) == (kind, TURNS[kind])
    assert (case.about is About.ORDER) is (kind in ORDER_KINDS)
    assert case.orders == (ORDER,)


# Grouping


def test_a_dispute_and_the_orders_own_clocks_are_two_cases():
    found = cases(notice(Kind.ORDER_SHIPPED), notice(Kind.OFFER, at(20)))
    assert [case.about for case in found] == [About.ORDER, About.DISPUTE]


def test_notices_of_one_dispute_number_are_one_case():
    case = only(
        notice(Kind.DISPUTE_OPENED, dispute=DISPUTE), notice(Kind.OFFER, at(2), dispute=DISPUTE, orders=())
    )
    assert (case.dispute, case.orders, case.turn) == (DISPUTE, (ORDER,), Turn.YOURS)


def test_an_unnumbered_notice_joins_the_only_dispute_of_its_order():
    case = only(notice(Kind.DISPUTE_OPENED), notice(Kind.OFFER, at(2), dispute=DISPUTE))
    assert (case.dispute, len(case.history)) == (DISPUTE, 2)


def test_an_unnumbered_notice_among_several_disputes_is_a_case_of_its_own():
    found = cases(
        notice(Kind.OFFER, dispute=DISPUTE),
        notice(Kind.OFFER, at(1), dispute="6398765432102345"),
        notice(Kind.DISPUTE_CLOSED, at(2)),
    )
    assert [case.dispute for case in found] == [DISPUTE, "6398765432102345", None]
    assert [case.turn for case in found] == [Turn.YOURS, Turn.YOURS, Turn.NOBODY]


def test_closing_one_dispute_does_not_settle_another_of_the_same_order():
    first, second = cases(
        notice(Kind.OFFER, dispute=DISPUTE),
        notice(Kind.OFFER, at(1), dispute="6398765432102345"),
        notice(Kind.DISPUTE_CLOSED, at(2), dispute=DISPUTE),
    )
    assert (first.settled, second.settled) == (True, False)


def test_unnumbered_disputes_that_share_an_order_are_one_case():
    case = only(notice(Kind.OFFER, orders=BOTH), notice(Kind.OFFER_REMINDER, at(1), orders=(OTHER_ORDER,)))
    assert set(case.orders) == set(BOTH)


def test_settling_one_of_two_orders_leaves_the_other():
    offer = notice(Kind.OFFER, orders=BOTH, printed=(by(3, 14),))
    case = only(offer, notice(Kind.REFUND_ISSUED, at(1), orders=(ORDER,)))
    assert (case.turn, case.settled) == (Turn.YOURS, False)
    case = only(
        offer,
        notice(Kind.REFUND_ISSUED, at(1), orders=(ORDER,)),
        notice(Kind.REFUND_ISSUED, at(2), orders=(OTHER_ORDER,)),
    )
    assert case.settled


def test_of_two_orders_deadlines_the_sooner_counts_and_the_last_stays_open():
    case = only(
        notice(Kind.OFFER, orders=BOTH, printed=(within(timedelta(days=9)),)),
        notice(Kind.OFFER, at(1), orders=(ORDER,), printed=(within(timedelta(days=3)),)),
    )
    assert (case.deadline.at, case.deadline.latest) == (at(4), at(9))


def test_each_order_of_a_notice_has_its_own_clocks():
    found = cases(notice(Kind.ORDER_COMPLETING, orders=BOTH), notice(Kind.ORDER_CLOSED, at(1)))
    assert {case.orders[0]: case.settled for case in found} == {ORDER: True, OTHER_ORDER: False}
    assert len({case.id for case in found}) == 2


def test_an_unclear_mail_without_an_order_is_a_case_each():
    found = cases(notice(None, orders=()), notice(None, at(1), orders=()))
    assert [case.about for case in found] == [About.UNCLEAR] * 2
    assert all(case.turn is Turn.YOURS and case.deadline.basis is Basis.POLICY for case in found)


def test_an_unclear_mail_joins_the_dispute_of_its_order():
    case = only(notice(Kind.DISPUTE_OPENED, dispute=DISPUTE), notice(None, at(1)))
    assert (case.dispute, case.kind, case.turn) == (DISPUTE, None, Turn.YOURS)


def test_an_unclear_mail_with_an_order_and_no_dispute_is_a_dispute_case():
    assert only(notice(None)).about is About.DISPUTE


@pytest.mark.parametrize("trust", [Trust.SUSPICIOUS, Trust.FORGED])
def test_ignored_and_false_mails_make_no_case(trust):
    assert cases(notice(Kind.OFFER, trust=trust)) == ()
    assert cases(replace(notice(Kind.OFFER), outcome=Outcome.IGNORED)) == ()


# Ids


def test_an_id_once_given_stays_when_the_dispute_gets_its_number():
    opened = notice(Kind.DISPUTE_OPENED)
    before = only(opened)
    numbered = notice(Kind.OFFER, at(1), dispute=DISPUTE)
    assert only(opened, numbered).id != before.id
    (after,) = judge([opened, numbered], {}, {opened.identity: before.id}, POLICY)
    assert after.id == before.id


def test_joined_cases_keep_the_oldest_id_and_all_that_was_said():
    first, second = notice(Kind.OFFER), notice(Kind.OFFER, at(1), orders=(OTHER_ORDER,))
    link = notice(Kind.OFFER_REMINDER, at(2), orders=BOTH)
    names = {first.identity: "aaaaaa", second.identity: "bbbbbb"}
    acts = {"bbbbbb": [answered(Answer.ACCEPTED, at(3))]}
    (case,) = judge([first, second, link], acts, names, POLICY)
    assert (case.id, case.answered) == ("aaaaaa", Answer.ACCEPTED)


def test_a_split_case_leaves_its_id_and_its_acts_to_the_oldest_part():
    plain = notice(Kind.OFFER)
    first = notice(Kind.OFFER, at(1), dispute=DISPUTE)
    second = notice(Kind.OFFER, at(2), dispute="6398765432102345")
    names = {plain.identity: "aaaaaa", first.identity: "aaaaaa"}
    found = judge([plain, first, second], {"aaaaaa": [answered(Answer.ACCEPTED, at(3))]}, names, POLICY)
    assert [case.answered for case in found] == [Answer.ACCEPTED, None, None]
    assert len({case.id for case in found}) == 3


def test_a_notice_of_two_orders_keeps_both_ids_whichever_was_written_down():
    both = notice(Kind.ORDER_COMPLETING, orders=BOTH)
    fresh = {case.orders: case.id for case in cases(both)}
    for name in fresh.values():
        again = {case.orders: case.id for case in judge([both], {}, {both.identity: name}, POLICY)}
        assert again == fresh


def test_ids_are_short_and_easy_to_type():
    for case in cases(notice(Kind.OFFER), notice(Kind.ORDER_SHIPPED), notice(None, orders=())):
        assert len(case.id) == 6
        assert case.id.isalnum()
        assert case.id == case.id.lower()


# Turns


def test_a_reminder_without_a_time_never_moves_a_known_deadline_to_later():
    stated = notice(Kind.OFFER, printed=(by(3, 12),))
    case = only(stated, notice(Kind.OFFER_REMINDER, at(3)))
    assert (case.kind, case.deadline.at) == (Kind.OFFER_REMINDER, only(stated).deadline.at)
    assert case.since == stated.received_at


def test_a_newer_printed_deadline_replaces_the_older():
    case = only(notice(Kind.OFFER, printed=(by(3, 12),)), notice(Kind.OFFER, at(2), printed=(by(3, 20),)))
    assert case.deadline.quote == "by 3/20"
    assert case.since == at(2, minutes=1)


@pytest.mark.parametrize("kind", [Kind.REFUND_ISSUED, Kind.DISPUTE_CLOSED])
def test_money_back_or_a_closed_dispute_settles(kind):
    case = only(notice(Kind.OFFER), notice(kind, at(1)))
    assert where(case) == (kind, Turn.NOBODY, True)
    assert case.deadline is None


def test_the_instant_of_settling_is_the_first_and_stays():
    settling = notice(Kind.DISPUTE_CLOSED, at(2))
    late = notice(Kind.REFUND_ISSUED, at(1), received_at=at(3))
    assert only(notice(Kind.OFFER), settling).since == settling.received_at
    assert only(notice(Kind.OFFER), settling, late).since == settling.received_at


@pytest.mark.parametrize("kind", [kind for kind in ASKING if kind not in ORDER_KINDS])
def test_a_later_mail_that_asks_reopens(kind):
    case = only(notice(Kind.OFFER), notice(Kind.DISPUTE_CLOSED, at(1)), notice(kind, at(2)))
    assert where(case) == (kind, Turn.YOURS, False)


@pytest.mark.parametrize("answer", list(Answer))
def test_an_answer_passes_the_turn_on_and_ends_the_deadline(answer):
    case = only(notice(Kind.OFFER), acts=[answered(answer, at(1))])
    assert (case.turn, case.deadline, case.answered) == (ANSWERS[answer], None, answer)
    assert case.since == at(1)


def test_a_mail_that_asks_after_the_answer_reopens():
    offers = notice(Kind.OFFER), notice(Kind.OFFER, at(2))
    case = only(*offers, acts=[answered(Answer.REJECTED, at(1))])
    assert (case.turn, case.answered) == (Turn.YOURS, None)


def test_an_answer_does_not_cover_a_mail_that_was_still_on_its_way():
    delayed = notice(Kind.OFFER, at(0, hours=1), received_at=at(0, hours=3))
    case = only(notice(Kind.OFFER), delayed, acts=[answered(Answer.REJECTED, at(0, hours=2))])
    assert case.turn is Turn.YOURS


def test_an_old_mail_forwarded_after_the_answer_does_not_reopen():
    forwarded = notice(Kind.OFFER, at(0, hours=1), received_at=at(9), trust=Trust.UNVERIFIED)
    case = only(notice(Kind.OFFER), forwarded, acts=[answered(Answer.ACCEPTED, at(2))])
    assert where(case) == (Kind.OFFER, Turn.NOBODY, True)


def test_an_opening_after_an_offer_keeps_the_turn_and_is_odd():
    case = only(notice(Kind.OFFER), notice(Kind.DISPUTE_OPENED, at(1)))
    assert (case.kind, case.turn, case.odd) == (Kind.OFFER, Turn.YOURS, True)


def test_a_new_dispute_long_after_a_lapsed_offer_is_not_odd():
    case = only(notice(Kind.OFFER), notice(Kind.DISPUTE_OPENED, at(60)))
    assert (case.turn, case.odd) == (Turn.SELLER, False)


# The buyer's own deadline, acknowledging, snoozing, reporting


def due_at(until: datetime, said_at: datetime) -> Act:
    return Act("due", said_at, until=until)


def test_the_buyers_own_deadline_outranks_mail():
    case = only(notice(Kind.OFFER), acts=[due_at(at(1), at(0, hours=1))])
    assert (case.deadline.at, case.deadline.basis, case.turn) == (at(1), Basis.USER, Turn.YOURS)
    case = only(
        notice(Kind.OFFER),
        notice(Kind.OFFER, at(2), trust=Trust.UNVERIFIED),
        acts=[due_at(at(9), at(1))],
    )
    assert case.deadline.at == at(9)


def test_the_buyers_deadline_gives_way_to_a_newer_verified_notice_and_to_an_answer():
    newer = notice(Kind.OFFER, at(2), printed=(by(3, 20),))
    assert only(notice(Kind.OFFER), newer, acts=[due_at(at(9), at(1))]).deadline.quote == "by 3/20"
    case = only(notice(Kind.OFFER), acts=[due_at(at(9), at(1)), answered(Answer.ACCEPTED, at(2))])
    assert case.deadline is None


def test_an_unclear_mail_is_yours_until_acknowledged():
    unclear = notice(None, at(1))
    assert only(unclear).turn is Turn.YOURS
    assert where(only(unclear, acts=[Act("ack", at(2))])) == (None, Turn.NOBODY, True)
    opened = notice(Kind.DISPUTE_OPENED)
    assert only(opened, unclear, acts=[Act("ack", at(2))]).turn is Turn.SELLER


def test_an_unclear_mail_is_yours_until_a_later_notice():
    case = only(notice(Kind.DISPUTE_OPENED), notice(None, at(1)), notice(Kind.ESCALATED, at(2)))
    assert (case.turn, case.deadline) == (Turn.PLATFORM, None)


def test_an_unclear_mail_beside_an_open_offer_counts_to_the_sooner_until_acknowledged():
    offer, unclear = notice(Kind.EVIDENCE_REQUESTED, printed=(by(3, 25),)), notice(None, at(1))
    both = only(offer, unclear)
    assert (both.kind, both.deadline.at) == (Kind.EVIDENCE_REQUESTED, at(3))
    assert both.deadline.latest == only(offer).deadline.latest
    after = only(offer, unclear, acts=[Act("ack", at(2))])
    assert (after.deadline, after.since) == (only(offer).deadline, offer.received_at)


def test_acknowledging_and_snoozing_end_when_the_deadline_moves():
    said = [Act("ack", at(1)), Act("snooze", at(1), until=at(1, hours=6))]
    quiet = only(notice(Kind.OFFER), acts=said)
    assert (quiet.acked_at, quiet.snoozed_until) == (at(1), at(1, hours=6))
    moved = only(notice(Kind.OFFER), notice(Kind.OFFER, at(2), printed=(by(3, 20),)), acts=said)
    assert (moved.acked_at, moved.snoozed_until) == (None, None)


def test_a_reported_link_is_forgotten_with_the_next_mail_that_asks():
    said = [Act("broken", at(1))]
    assert only(notice(Kind.OFFER), acts=said).reported_broken
    assert not only(notice(Kind.OFFER), notice(Kind.OFFER, at(2)), acts=said).reported_broken


# Trust


def test_an_unverified_mail_never_closes_or_shortens_a_verified_deadline():
    offer = notice(Kind.OFFER, printed=(by(3, 20),))
    for kind in Kind:
        if kind not in ORDER_KINDS:
            loose = notice(kind, at(1), trust=Trust.UNVERIFIED, printed=(within(timedelta(hours=1)),))
            case = only(offer, loose)
            assert (case.deadline, case.turn) == (only(offer).deadline, Turn.YOURS)


def test_an_unverified_mail_may_add_a_deadline():
    case = only(notice(Kind.DISPUTE_OPENED), notice(Kind.OFFER, at(1), trust=Trust.UNVERIFIED))
    assert (case.turn, case.authenticity.verdict) == (Turn.YOURS, Trust.UNVERIFIED)
    settled = only(
        notice(Kind.DISPUTE_OPENED),
        notice(Kind.OFFER, at(1), trust=Trust.UNVERIFIED),
        notice(Kind.DISPUTE_CLOSED, at(2)),
    )
    assert settled.settled


def test_where_nothing_is_verified_unverified_mails_count_normally():
    case = only(
        notice(Kind.OFFER, trust=Trust.UNVERIFIED),
        notice(Kind.REFUND_ISSUED, at(1), trust=Trust.UNVERIFIED),
    )
    assert case.settled


def test_an_unverified_dispute_does_not_stop_a_verified_orders_clock():
    completing = notice(Kind.ORDER_COMPLETING)
    found = cases(completing, notice(Kind.DISPUTE_OPENED, at(1), trust=Trust.UNVERIFIED))
    assert next(case for case in found if case.about is About.ORDER).turn is Turn.YOURS


# The order's own clocks


def order_case(*notices: Notice) -> Case:
    return next(case for case in cases(*notices) if case.about is About.ORDER)


@pytest.mark.parametrize("kind", [Kind.ORDER_SHIPPED, Kind.ORDER_DELIVERED, Kind.ORDER_UPDATE])
def test_news_of_the_parcel_is_settled_and_hides_nothing(kind):
    assert where(only(notice(kind))) == (kind, Turn.NOBODY, True)
    case = only(notice(Kind.ORDER_COMPLETING), notice(kind, at(1)))
    assert (case.kind, case.turn) == (Kind.ORDER_COMPLETING, Turn.YOURS)


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in ORDER_KINDS])
def test_any_dispute_notice_settles_what_the_order_waited_for(kind):
    for waiting in (Kind.ORDER_COMPLETING, Kind.ORDER_COMPLETED):
        assert order_case(notice(waiting), notice(kind, at(1))).settled
        assert not order_case(notice(kind), notice(waiting, at(1))).settled


def test_a_dispute_known_by_number_alone_settles_its_orders_clock():
    case = order_case(
        notice(Kind.DISPUTE_OPENED, dispute=DISPUTE),
        notice(Kind.ORDER_COMPLETING, at(1)),
        notice(Kind.OFFER, at(2), dispute=DISPUTE, orders=()),
    )
    assert case.settled


def test_completion_moves_the_deadline_and_closing_ends_it():
    completing, completed = notice(Kind.ORDER_COMPLETING), notice(Kind.ORDER_COMPLETED, at(1))
    case = order_case(completing, completed)
    assert (case.turn, case.deadline.at, case.settled) == (Turn.NOBODY, at(16), False)
    assert order_case(completing, completed, notice(Kind.ORDER_CLOSED, at(2))).settled


def test_an_unclear_mail_does_not_settle_the_orders_clock():
    assert order_case(notice(Kind.ORDER_COMPLETING), notice(None, at(1))).turn is Turn.YOURS


# What is shown


def test_clocks_are_shown_from_the_policy_and_from_the_mail():
    names = {clock.name: clock.at for clock in only(notice(Kind.DISPUTE_OPENED)).clocks}
    assert names["seller_answers_from"] == at(5)
    assert names["you_may_escalate"] == at(3)
    printed = OtherClock(Turn.SELLER, within(timedelta(days=4)))
    names = {clock.name: clock.at for clock in only(notice(Kind.DISPUTE_OPENED, others=(printed,))).clocks}
    assert names["seller_answers"] == at(4)
    assert "seller_answers_from" not in names
    refund = {clock.name: clock.at for clock in only(notice(Kind.REFUND_ISSUED)).clocks}
    assert (refund["refund_arrives_from"], refund["refund_arrives_until"]) == (at(3), at(27))
    shipped = {clock.name for clock in only(notice(Kind.ORDER_SHIPPED)).clocks}
    assert shipped == {"dispute_button_opens", "protection_ends"}


def test_after_an_answer_the_other_sides_clock_runs_from_it():
    case = only(notice(Kind.OFFER), acts=[answered(Answer.REJECTED, at(1))])
    assert {clock.name: clock.at for clock in case.clocks}["seller_answers_from"] == at(6)
    back = Offer(Party.SELLER, Remedy.RETURN, None, None)
    case = only(notice(Kind.OFFER, offer=back), acts=[answered(Answer.ACCEPTED, at(1))])
    assert {clock.name: clock.at for clock in case.clocks} == {"send_goods_back": at(11)}


def test_a_reminder_shows_the_offer_it_repeats_and_a_new_offer_only_its_own():
    first = Offer(Party.SELLER, Remedy.REFUND, Decimal("12.50"), "EUR")
    offer = notice(Kind.OFFER, offer=first, asked=Money(Decimal("20"), "EUR"))
    reminded = only(offer, notice(Kind.OFFER_REMINDER, at(1)))
    assert (reminded.offer, reminded.asked) == (first, Money(Decimal("20"), "EUR"))
    assert only(offer, notice(Kind.OFFER, at(1))).offer is None


# Any notices, any order

orders = st.sampled_from([(), (ORDER,), (OTHER_ORDER,), BOTH])
numbers = st.sampled_from([None, None, DISPUTE, "6398765432102345"])
trusts = st.sampled_from([Trust.VERIFIED, Trust.UNVERIFIED, Trust.SUSPICIOUS])
prints = st.sampled_from([(), (by(3, 14),), (within(timedelta(days=3)),), (by(2, 31), by(3, 1, None))])
hours = st.integers(0, 24 * 30)


@st.composite
def any_notice(draw: st.DrawFn) -> Notice:
    hour, delay = draw(hours), draw(st.sampled_from([0, 1, 30, 24 * 60]))
    kind, named = draw(st.sampled_from([*Kind, None])), draw(orders)
    made = notice(
        kind,
        at(hours=hour),
        received_at=at(hours=hour, minutes=delay),
        trust=draw(trusts),
        orders=named,
        identity=f"n{draw(st.integers(0, 10**6))}",
        dispute=draw(numbers) if kind not in ORDER_KINDS else None,
        printed=draw(prints),
    )
    return replace(made, outcome=draw(st.sampled_from([made.outcome, made.outcome, Outcome.IGNORED])))


any_notices = st.lists(any_notice(), max_size=8, unique_by=lambda each: each.identity)
any_act = st.builds(
    lambda verb, hour, answer, more: Act(verb, at(hours=hour), answer, at(hours=hour + more)),
    st.sampled_from(["answered", "due", "broken", "ack", "snooze", "strange"]),
    hours,
    st.sampled_from(list(Answer)),
    st.integers(-10, 200),
)


@settings(deadline=None)
@given(any_notices, st.lists(any_act, max_size=4), st.randoms())
def test_judging_is_indifferent_to_order_and_repetition(notices, said, random):
    acts = {case.id: said for case in judge(notices, {}, {}, POLICY)}
    names = {case.history[0].identity: case.id for case in judge(notices[:3], {}, {}, POLICY)}
    shuffled = [*notices, *notices[:3]]
    random.shuffle(shuffled)
    again = {name: list(reversed(each)) + each for name, each in acts.items()}
    assert judge(shuffled, again, names, POLICY) == judge(notices, acts, names, POLICY)


@settings(deadline=None)
@given(any_notices, st.lists(any_act, max_size=4))
def test_yours_implies_a_deadline_and_a_deadline_is_never_settled(notices, said):
    acts = {case.id: said for case in judge(notices, {}, {}, POLICY)}
    found = judge(notices, acts, {}, POLICY)
    assert len({case.id for case in found}) == len(found)
    for case in found:
        assert case.turn is not Turn.YOURS or case.deadline is not None
        assert not (case.settled and case.deadline is not None)
        assert case.deadline is None or case.deadline.at <= case.deadline.latest


@settings(deadline=None)
@given(any_notices)
def test_every_heeded_notice_is_in_a_case_and_no_other(notices):
    inside = {each.identity for case in judge(notices, {}, {}, POLICY) for each in case.history}
    heeded = {
        each.identity
        for each in notices
        if each.outcome is not Outcome.IGNORED and each.authenticity.verdict is not Trust.SUSPICIOUS
    }
    assert inside == heeded


@settings(deadline=None)
@given(any_notices, any_notice())
def test_ids_once_written_down_stay_whatever_comes(notices, newcomer):
    before = judge(notices, {}, {}, POLICY)
    names = {each.identity: case.id for case in reversed(before) for each in case.history}
    assert [case.id for case in judge(notices, {}, names, POLICY)] == [case.id for case in before]
    after = judge([*notices, newcomer], {}, names, POLICY)
    assert len({case.id for case in after}) == len(after)


@settings(deadline=None)
@given(any_notices, any_notice())
def test_an_unverified_notice_never_takes_a_verified_deadline_away(notices, loose):
    firm = [replace(each, orders=(ORDER,), dispute=None) for each in notices]
    loose = replace(
        loose, orders=(ORDER,), dispute=None, authenticity=notice(None, trust=Trust.UNVERIFIED).authenticity
    )
    firm = [
        each
        for each in firm
        if each.authenticity.verdict is Trust.VERIFIED and each.identity != loose.identity
    ]
    before = {case.about: case.deadline for case in judge(firm, {}, {}, POLICY) if case.deadline}
    after = {case.about: case.deadline for case in judge([*firm, loose], {}, {}, POLICY)}
    assert all(after[about] == deadline for about, deadline in before.items())
