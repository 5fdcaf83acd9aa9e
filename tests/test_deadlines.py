"""From what is printed to one instant, sooner when unsure, and never an exception."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.deadlines import CEILING, FLOOR, PACIFIC, deadline, resolve
from rules.facts import Ahead, Basis, By, Day, Kind, Outcome, Turn, Weekday, Within
from rules.turns import TURNS
from support.judgement import POLICY, START, by, notice, within

DAY = timedelta(days=1)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def ends(printed, sent_at=START):
    at, latest, _ = resolve(printed, sent_at)
    return at, latest


def test_a_printed_time_without_a_zone_is_pacific_in_winter_and_in_summer():
    assert ends(by(1, 10, at=time(12))) == (utc(2025, 1, 10, 20),) * 2
    assert ends(by(7, 10, at=time(12))) == (utc(2025, 7, 10, 19),) * 2


@pytest.mark.parametrize(
    ("zone", "hour", "minute"),
    [
        ("+08:00", 4, 0),
        ("-03:30", 15, 30),
        ("UTC", 12, 0),
        ("Europe/Madrid", 11, 0),
        ("+8", 4, 0),
        ("-0800", 20, 0),
    ],
)
def test_a_printed_zone_counts(zone, hour, minute):
    assert ends(by(1, 10, at=time(12), zone=zone)) == (utc(2025, 1, 10, hour, minute),) * 2


def test_a_zone_nobody_knows_may_be_any_on_earth():
    at, latest = ends(by(3, 20, at=time(12), zone="Mars/Olympus"))
    assert (at, latest) == (utc(2025, 3, 19, 22), utc(2025, 3, 21, 0))


@pytest.mark.parametrize("zone", ["../../etc/passwd", "America", "", "+99:99", "+", "\x00", "+１"])
def test_a_zone_that_is_none_never_raises(zone):
    at, latest = ends(by(3, 20, at=time(12), zone=zone))
    assert at <= latest


def test_a_date_alone_is_its_whole_pacific_day():
    assert ends(by(3, 14)) == (utc(2025, 3, 14, 7), utc(2025, 3, 15, 6, 59, 59))
    assert ends(by(1, 14)) == (utc(2025, 1, 14, 8), utc(2025, 1, 15, 7, 59, 59))


def test_the_day_that_clocks_change_is_as_long_as_it_is():
    forward, back = ends(by(3, 9)), ends(by(11, 2))
    assert forward[1] - forward[0] == timedelta(hours=22, minutes=59, seconds=59)
    assert back[1] - back[0] == timedelta(hours=24, minutes=59, seconds=59)


def test_an_hour_that_clocks_skip_or_repeat_is_read_sooner_and_later():
    assert ends(by(3, 9, at=time(2, 30))) == (utc(2025, 3, 9, 9, 30), utc(2025, 3, 9, 10, 30))
    assert ends(by(11, 2, at=time(1, 30))) == (utc(2025, 11, 2, 8, 30), utc(2025, 11, 2, 9, 30))


@pytest.mark.parametrize(
    ("sent", "month", "day", "year"),
    [
        (utc(2025, 3, 8, 15), 3, 14, 2025),
        (utc(2025, 3, 8, 15), 3, 8, 2025),  # today
        (utc(2025, 3, 8, 15), 2, 6, 2025),  # thirty days ago: past
        (utc(2025, 3, 8, 15), 2, 5, 2026),  # thirty-one: next year's
        (utc(2025, 12, 20, 15), 1, 5, 2026),
        (utc(2026, 1, 5, 15), 12, 20, 2025),
        (utc(2025, 3, 9, 5), 3, 8, 2025),  # still the eighth in Pacific time
        (utc(2027, 12, 1, 15), 2, 29, 2028),
    ],
)
def test_a_date_without_a_year_is_the_next_one_unless_just_past(sent, month, day, year):
    at, _ = ends(by(month, day, None), sent)
    assert at.astimezone(PACIFIC).date() == date(year, month, day)


def two(first: Day, second: Day) -> By:
    return By((first, second), None, None, "04/03")


def test_of_two_readings_the_sooner_counts_and_the_other_is_the_latest():
    at, latest = ends(two(Day(2025, 4, 3), Day(2025, 3, 14)))
    assert (at, latest) == (utc(2025, 3, 14, 7), utc(2025, 4, 4, 6, 59, 59))


def test_a_reading_that_is_past_does_not_count_as_the_sooner():
    at, latest = ends(two(Day(2025, 3, 4), Day(2025, 4, 3)))
    assert (at, latest) == (utc(2025, 4, 3, 7), utc(2025, 4, 4, 6, 59, 59))


def test_of_two_readings_one_impossible_day_leaves_the_other():
    at, latest = ends(two(Day(2025, 13, 3), Day(2025, 4, 13)))
    assert (at, latest) == ends(by(4, 13))
    assert ends(two(Day(2025, 2, 31), Day(2025, 4, 13))) == ends(by(4, 13))


def test_an_impossible_day_is_read_sooner_and_later():
    at, latest = ends(by(2, 31))
    assert (at, latest) == (ends(by(2, 28))[0], ends(by(3, 3))[1])
    at, latest = ends(by(2, 29))
    assert (at, latest) == (ends(by(2, 28))[0], ends(by(3, 1))[1])


def test_a_duration_is_hours_whatever_clocks_do():
    assert ends(within(timedelta(days=5))) == (START + 5 * DAY,) * 2
    assert ends(within(timedelta(days=2, hours=17))) == (START + timedelta(hours=65),) * 2


def test_a_range_has_its_short_end_and_its_long_one():
    assert ends(within(2 * DAY, 7 * DAY)) == (START + 2 * DAY, START + 7 * DAY)
    assert ends(within(7 * DAY, 2 * DAY)) == (START + 2 * DAY, START + 7 * DAY)


@pytest.mark.parametrize(
    ("sent", "days", "latest"),
    [
        (utc(2025, 3, 5, 15), 1, utc(2025, 3, 6, 15)),  # Wednesday
        (utc(2025, 3, 7, 15), 1, utc(2025, 3, 10, 15)),  # Friday
        (utc(2025, 3, 8, 15), 1, utc(2025, 3, 10, 15)),  # Saturday
        (utc(2025, 3, 9, 15), 5, utc(2025, 3, 14, 15)),  # Sunday
        (utc(2025, 3, 5, 15), 5, utc(2025, 3, 12, 15)),
        (utc(2025, 3, 5, 15), 23, utc(2025, 4, 7, 15)),
    ],
)
def test_business_days_count_soonest_as_days_and_latest_as_working_days(sent, days, latest):
    assert ends(within(days * DAY, business=True), sent) == (sent + days * DAY, latest)


def test_today_tomorrow_and_weekdays_are_dates_alone_counted_from_the_mail():
    def of(day):
        at, latest, basis = resolve(By((day,), None, None, "x"), START)
        assert basis is Basis.RELATIVE
        return at.astimezone(PACIFIC).date(), latest.astimezone(PACIFIC).date()

    assert of(Ahead(0)) == (date(2025, 3, 8),) * 2
    assert of(Ahead(1)) == (date(2025, 3, 9),) * 2
    assert of(Weekday(5)) == (date(2025, 3, 8),) * 2
    assert of(Weekday(4)) == (date(2025, 3, 14),) * 2


def test_tomorrow_at_a_time_is_that_instant():
    printed = By((Ahead(1),), time(12), "+08:00", "tomorrow 12:00 GMT+8")
    assert ends(printed) == (utc(2025, 3, 9, 4),) * 2


def test_a_weekday_whose_hour_is_gone_may_be_next_weeks():
    at, latest = ends(By((Weekday(5),), time(1), None, "Saturday 01:00"))
    assert (at, latest) == (utc(2025, 3, 8, 9), utc(2025, 3, 15, 8))


def test_of_several_printed_times_for_one_act_the_earliest_counts():
    several = notice(Kind.OFFER, printed=(by(3, 20), within(5 * DAY), by(3, 25)))
    found = deadline(several, POLICY)
    assert (found.at, found.latest) == (START + 5 * DAY, START + 5 * DAY)
    assert (found.basis, found.quote) == (Basis.RELATIVE, "within 5 days, 0:00:00")


def test_where_text_and_html_differ_the_earlier_counts_and_the_later_end_is_kept():
    differing = notice(Kind.OFFER, printed=(by(3, 20), replace(by(3, 14), in_text=True)))
    found = deadline(differing, POLICY)
    assert (found.at, found.latest) == (ends(by(3, 14))[0], ends(by(3, 20))[1])


def test_a_time_past_before_the_mail_was_sent_does_not_hide_one_to_come():
    found = deadline(notice(Kind.OFFER, printed=(by(3, 1), by(3, 14))), POLICY)
    assert found.at == ends(by(3, 14))[0]
    alone = deadline(notice(Kind.OFFER, printed=(by(3, 1),)), POLICY)
    assert (alone.at, alone.basis) == (ends(by(3, 1))[0], Basis.STATED)


def test_without_a_printed_time_the_shortest_window_counts():
    for window in POLICY.windows:
        found = deadline(notice(window.kind), POLICY)
        assert (found.at, found.latest) == (START + window.short, START + window.long)
        assert (found.basis, found.quote) == (Basis.POLICY, None)


@pytest.mark.parametrize("kind", list(Kind))
def test_only_what_the_buyer_must_do_has_a_deadline(kind):
    expected = TURNS[kind] is Turn.YOURS or kind is Kind.ORDER_COMPLETED
    assert (deadline(notice(kind, printed=(by(3, 14),)), POLICY) is not None) is expected


def test_a_time_in_an_unclear_mail_counts_only_where_it_is_sooner_than_the_window():
    window = POLICY.window(None)
    sooner = Within(timedelta(hours=20), timedelta(hours=20), False, "20 hours")
    later = Within(timedelta(days=9), timedelta(days=9), False, "9 days")

    assert deadline(notice(None, printed=(sooner,)), POLICY).at == START + timedelta(hours=20)
    assert deadline(notice(None, printed=(later,)), POLICY).at == START + window.short
    assert deadline(notice(None, printed=(later,)), POLICY).basis == Basis.POLICY


def test_an_ignored_mail_has_no_deadline():
    assert deadline(replace(notice(Kind.OFFER), outcome=Outcome.IGNORED), POLICY) is None


any_instant = st.datetimes(timezones=st.just(UTC))
any_span = st.timedeltas()
any_day = (
    st.builds(Day, st.none() | st.integers(-5, 20000), st.integers(-3, 40), st.integers(-3, 99))
    | st.builds(Ahead, st.integers(-(10**6), 10**7))
    | st.builds(Weekday, st.integers(0, 6))
)
any_zone = (
    st.none() | st.sampled_from(["+08:00", "America/New_York", "-12:00", "nowhere"]) | st.text(max_size=6)
)
any_by = st.builds(
    By,
    st.lists(any_day, max_size=3).map(tuple),
    st.none() | st.times(),
    any_zone,
    st.text(max_size=5),
)
any_printed = any_by | st.builds(Within, any_span, any_span, st.booleans(), st.text(max_size=5))


@given(any_printed, any_instant)
def test_nothing_printed_ever_raises_or_ends_before_it_begins(printed, sent_at):
    at, latest, _ = resolve(printed, sent_at)
    assert FLOOR <= at <= latest <= CEILING
    assert at.microsecond == latest.microsecond == 0


@given(st.lists(any_printed, max_size=4).map(tuple), any_instant, st.sampled_from([*Kind, None]))
def test_every_notice_that_asks_has_a_deadline(printed, sent_at, kind):
    found = deadline(notice(kind, sent_at, received_at=sent_at, printed=printed), POLICY)
    asks = kind is None or TURNS[kind] is Turn.YOURS or kind is Kind.ORDER_COMPLETED
    assert (found is not None) is asks
    assert found is None or found.at <= found.latest


@given(
    st.datetimes(utc(1990, 1, 1).replace(tzinfo=None), utc(2100, 1, 1).replace(tzinfo=None)),
    st.integers(0, 400),
)
def test_working_days_agree_with_counting_them_one_by_one(start, days):
    sent = start.replace(tzinfo=UTC, microsecond=0)
    day, counted = sent, 0
    while counted < days:
        day += DAY
        counted += day.weekday() < 5
    if days:
        assert ends(within(days * DAY, business=True), sent)[1] == day
