"""What is said, when, how loud, and what is never said."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.alerts import due
from rules.cases import judge
from rules.facts import About, Act, Answer, Case, Due, Kind, Trust, Turn, Urgency
from rules.policy import Ringing
from support.judgement import ORDER, OTHER_ORDER, POLICY, START, answered, at, by, notice, only, within

RINGING = Ringing()
MADRID = ZoneInfo("Europe/Madrid")
QUIET = Ringing(quiet=(time(23), time(7)), zone=MADRID)
# A deadline ten days ahead without any doubt, known a minute after it was sent.
OFFER = notice(Kind.OFFER, printed=(within(timedelta(days=10)),))
# One between the second and the seventh day.
VAGUE = notice(Kind.OFFER)


def say(case: Case, now: datetime, said: set[str], ringing: Ringing = RINGING) -> str | None:
    """The rung said now, remembered as said."""
    found = due(case, now, ringing, said)
    if found is None:
        return None
    said.add(found.key)
    return found.rung


def told(case: Case, moments: list[datetime], ringing: Ringing = RINGING) -> list[str | None]:
    said: set[str] = set()
    return [say(case, moment, said, ringing) for moment in moments]


def first(case: Case, now: datetime, ringing: Ringing = RINGING) -> Due:
    found = due(case, now, ringing, ())
    assert found is not None
    return found


# The ladder


def test_a_new_offer_speaks_at_once_and_each_rung_once():
    moments = [
        at(0, minutes=1),
        at(1),
        at(7),
        at(7, hours=1),
        at(9),
        at(9, hours=18),
        at(9, hours=23),
        at(10),
    ]
    assert told(only(OFFER), moments) == ["new", None, "72h", None, "24h", "6h", "1h", "lapsed"]


def test_a_key_names_case_deadline_and_rung():
    case = only(OFFER)
    assert first(case, at(0, minutes=1)).key == f"{case.id}/20250318T150000Z/new"


def test_asleep_through_three_rungs_one_thing_is_said_and_that_it_is_late():
    case = only(OFFER)
    said = {first(case, at(0, minutes=1)).key}
    found = due(case, at(9, hours=20), RINGING, said)
    assert (found.rung, found.late) == ("6h", True)
    assert due(case, at(9, hours=21), RINGING, {*said, found.key}) is None


def test_punctual_is_within_a_quarter_of_an_hour_of_the_rung_or_of_the_mail():
    case = only(OFFER)
    assert not first(case, at(0, minutes=16)).late
    assert first(case, at(0, minutes=17)).late
    assert not first(case, at(9, minutes=15)).late


def test_what_came_after_a_rung_was_due_is_new_and_not_late():
    case = only(notice(Kind.OFFER, printed=(within(timedelta(hours=20)),)))
    found = first(case, at(0, minutes=5))
    assert (found.rung, found.late, found.urgency) == ("new", False, Urgency.URGENT)


def test_a_moved_deadline_speaks_again_by_itself():
    said: set[str] = set()
    assert say(only(OFFER), at(1), said) == "new"
    moved = only(OFFER, notice(Kind.OFFER, at(2), printed=(by(3, 25),)))
    assert say(moved, at(2, minutes=1), said) == "new"


def test_between_the_earliest_end_and_the_latest_it_speaks_daily_and_then_once_more():
    moments = [at(0, minutes=1), at(1), *(at(days, hours=1) for days in range(2, 9)), at(30)]
    spoken = told(only(VAGUE), moments)
    assert spoken == ["new", "24h", "day1", "day2", "day3", "day4", "day5", "lapsed", None, None]


@pytest.mark.parametrize(
    ("now", "urgency"),
    [
        (at(0, minutes=1), Urgency.SOON),
        (at(7), Urgency.SOON),
        (at(9), Urgency.URGENT),
        (at(9, hours=18), Urgency.CRITICAL),
        (at(9, hours=23), Urgency.CRITICAL),
        (at(10), Urgency.URGENT),
    ],
)
def test_the_nearer_the_deadline_the_louder(now, urgency):
    assert first(only(OFFER), now).urgency is urgency


def test_a_new_offer_nearer_than_a_day_is_urgent_and_nearer_than_six_hours_critical():
    for hours, urgency in ((25, Urgency.SOON), (23, Urgency.URGENT), (5, Urgency.CRITICAL)):
        case = only(notice(Kind.OFFER, printed=(within(timedelta(hours=hours)),)))
        assert first(case, at(0, minutes=1)).urgency is urgency


def test_past_the_earliest_end_it_is_critical():
    assert first(only(VAGUE), at(3)).urgency is Urgency.CRITICAL


# The order's own clocks


def test_an_order_speaks_by_its_own_ladder_alone():
    case = only(notice(Kind.ORDER_COMPLETED))
    assert case.turn is Turn.NOBODY
    moments = [at(0, minutes=1), at(12), at(14), at(14, hours=23), at(15), at(16)]
    assert told(case, moments) == [None, None, "24h", None, None, None]


def test_an_order_window_slept_through_gets_a_last_word():
    assert first(only(notice(Kind.ORDER_COMPLETED)), at(15)).rung == "lapsed"


def test_an_order_about_to_complete_speaks_daily_once_it_may_be_over():
    moments = [at(0, minutes=1), at(1), at(2), at(3), at(4), at(5), at(6)]
    spoken = told(only(notice(Kind.ORDER_COMPLETING)), moments)
    assert spoken == [None, "24h", "day1", "day2", "day3", "lapsed", None]


def test_an_order_without_a_ladder_speaks_at_once():
    bare = Ringing(order_ladder=())
    assert first(only(notice(Kind.ORDER_COMPLETING)), at(0, minutes=1), bare).rung == "new"


# History


def test_what_was_over_before_we_knew_of_it_never_rings():
    case = only(VAGUE)
    assert due(case, at(60), RINGING, (), known_since=at(60)) is None
    assert due(case, at(60), RINGING, (), known_since=at(3)).rung == "lapsed"
    late_forward = only(replace(VAGUE, received_at=at(60)))
    assert due(late_forward, at(60), RINGING, ()) is None


def test_what_may_still_be_open_when_first_known_rings():
    assert due(only(VAGUE), at(4), RINGING, (), known_since=at(4)).rung == "day3"


def test_a_mail_just_come_in_that_names_a_time_before_its_own_sending_speaks_once():
    case = replace(only(notice(Kind.OFFER, printed=(by(3, 1),))), history=())
    said: set[str] = set()
    assert say(case, at(0, minutes=2), said) == "lapsed"
    assert say(case, at(1), said) is None
    assert due(case, at(60), RINGING, (), known_since=at(60)) is None


# Settled


def test_a_settled_case_is_silent():
    case = only(OFFER, notice(Kind.DISPUTE_CLOSED, at(1)))
    assert due(case, at(1, hours=1), RINGING, ()) is None


def test_a_case_that_had_rung_says_once_that_it_is_settled():
    said: set[str] = set()
    say(only(OFFER), at(0, minutes=1), said)
    case = only(OFFER, notice(Kind.DISPUTE_CLOSED, at(1)))
    found = due(case, at(1, hours=1), RINGING, said)
    assert (found.rung, found.urgency) == ("settled", Urgency.INFO)
    assert due(case, at(2), RINGING, {*said, found.key}) is None


def test_an_answer_ends_the_ringing_and_says_so_once():
    said: set[str] = set()
    say(only(OFFER), at(0, minutes=1), said)
    case = only(OFFER, acts=[answered(Answer.REJECTED, at(1))])
    assert [say(case, at(1, minutes=1), said), say(case, at(9), said)] == ["settled", None]


def test_settling_again_after_reopening_is_said_again():
    said: set[str] = set()
    mails = [
        OFFER,
        notice(Kind.DISPUTE_CLOSED, at(1)),
        notice(Kind.OFFER, at(2)),
        notice(Kind.DISPUTE_CLOSED, at(3)),
    ]
    assert [say(only(*mails[: count + 1]), at(count, minutes=1), said) for count in range(4)] == [
        "new",
        "settled",
        "new",
        "settled",
    ]


def test_another_cases_words_are_not_ours():
    case = only(OFFER, notice(Kind.DISPUTE_CLOSED, at(1)))
    assert due(case, at(1, hours=1), RINGING, {"other1/20250318T150000Z/new"}) is None


# Quiet hours, snoozing, acknowledging


@pytest.mark.parametrize(("hour", "spoken"), [(21, True), (22, False), (5, False), (6, True)])
def test_quiet_hours_are_wall_time_and_wrap_midnight(hour, spoken):
    moment = datetime(2025, 3, 10, hour, tzinfo=UTC)  # Madrid is an hour ahead of UTC in winter
    assert (due(only(OFFER), moment, QUIET, ()) is not None) is spoken


def test_quiet_hours_within_one_day_hold_too():
    siesta = Ringing(quiet=(time(14), time(17)), zone=MADRID)
    assert due(only(OFFER), datetime(2025, 3, 10, 14, tzinfo=UTC), siesta, ()) is None
    assert first(only(OFFER), datetime(2025, 3, 10, 16, tzinfo=UTC), siesta).rung == "new"


def test_a_deadline_at_hand_breaks_the_quiet():
    case = only(notice(Kind.OFFER, printed=(within(timedelta(hours=14)),)))  # ends at 05:00 UTC
    night = datetime(2025, 3, 8, 22, tzinfo=UTC)
    assert due(case, night, QUIET, ()) is None
    assert due(case, night + timedelta(hours=1), QUIET, ()) is not None


def test_quiet_hours_hold_daily_words_back():
    case = only(VAGUE)
    said = {first(case, at(0, minutes=1)).key}
    assert due(case, datetime(2025, 3, 11, 23, tzinfo=UTC), QUIET, said) is None
    assert due(case, datetime(2025, 3, 12, 6, tzinfo=UTC), QUIET, said).rung == "day2"


def test_quiet_hours_never_swallow_the_only_word():
    stubborn = replace(QUIET, quiet_breaks=timedelta())
    case = only(notice(Kind.OFFER, printed=(within(timedelta(hours=14)),)))
    assert due(case, datetime(2025, 3, 9, 4, 1, tzinfo=UTC), stubborn, ()) is not None


def test_acknowledging_quiets_until_the_next_rung():
    said: set[str] = set()
    acked = only(OFFER, acts=[Act("ack", at(8))])
    assert [say(acked, moment, said) for moment in (at(8), at(8, hours=5), at(9))] == [None, None, "24h"]


def test_the_last_rung_rings_though_acknowledged():
    acked = only(OFFER, acts=[Act("ack", at(9, hours=23, minutes=10))])
    assert first(acked, at(9, hours=23, minutes=20)).rung == "1h"


def test_a_snooze_holds_everything_but_what_is_critical():
    said: set[str] = set()
    case = only(OFFER, acts=[Act("snooze", at(6), until=at(20))])
    moments = [at(7), at(9), at(9, hours=18), at(9, hours=23), at(10)]
    assert [say(case, moment, said) for moment in moments] == [None, None, "6h", "1h", "lapsed"]


def test_after_a_snooze_what_came_meanwhile_is_said():
    case = only(OFFER, acts=[Act("snooze", at(6), until=at(8))])
    assert (due(case, at(7, hours=23), RINGING, ()), first(case, at(8)).rung) == (None, "72h")


def test_an_unverified_offer_rings_like_any_other():
    assert (
        first(
            only(replace(OFFER, authenticity=notice(None, trust=Trust.UNVERIFIED).authenticity)), at(1)
        ).rung
        == "new"
    )


# Any mails, any clock

kinds = st.sampled_from([*Kind, None])
spans = st.sampled_from([timedelta(hours=2), timedelta(hours=30), timedelta(days=4)])
mails = st.lists(
    st.builds(
        lambda kind, hour, trust, named, span, number: notice(
            kind,
            at(hours=hour),
            trust=trust,
            orders=named,
            identity=f"n{number}",
            printed=() if span is None else (within(span),),
        ),
        kinds,
        st.integers(0, 24 * 15),
        st.sampled_from([Trust.VERIFIED, Trust.UNVERIFIED]),
        st.sampled_from([(), (ORDER,), (OTHER_ORDER,), (ORDER, OTHER_ORDER)]),
        st.none() | spans,
        st.integers(0, 10**6),
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda each: each.identity,
)
steps = st.lists(st.integers(30, 3 * 86400), min_size=1, max_size=40)
ringings = st.sampled_from([RINGING, QUIET, Ringing(ladder=()), replace(QUIET, quiet_breaks=timedelta())])


@settings(deadline=None)
@given(mails, steps, ringings)
def test_no_key_is_ever_said_twice_and_a_settled_case_only_says_so(notices, seconds, ringing):
    said: set[str] = set()
    now = START
    for step in seconds:
        now += timedelta(seconds=step)
        for case in judge([each for each in notices if each.received_at <= now], {}, {}, POLICY):
            found = due(case, now, ringing, said)
            if found is None:
                continue
            assert found.key not in said
            assert found.key.startswith(f"{case.id}/")
            assert (found.rung == "settled") is (case.deadline is None)
            said.add(found.key)
            assert due(case, now, ringing, said) is None


@settings(deadline=None)
@given(mails, ringings)
def test_every_deadline_speaks_before_it_passes(notices, ringing):
    """One look when the mail comes in and one half an hour before the end are often enough."""
    for case in judge(notices, {}, {}, POLICY):
        if case.deadline is None or case.since >= case.deadline.at:
            continue
        looks = (case.since, max(case.since, case.deadline.at - timedelta(minutes=30)))
        assert any(due(case, look, ringing, ()) for look in looks)


@settings(deadline=None)
@given(mails, steps)
def test_any_look_at_a_pressing_dispute_leaves_it_spoken_for(notices, seconds):
    """However coarse the steps: after a look before `latest`, something about the deadline was said."""
    said: set[str] = set()
    now = START
    for step in seconds:
        now += timedelta(seconds=step)
        for case in judge([each for each in notices if each.received_at <= now], {}, {}, POLICY):
            found = due(case, now, RINGING, said)
            said |= {found.key} if found else set()
            if case.about is not About.ORDER and case.deadline and now < case.deadline.latest:
                assert any(key.startswith(f"{case.id}/{case.deadline.at:%Y%m%dT%H%M%SZ}/") for key in said)
