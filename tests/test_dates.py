"""Any date, time and duration printed in any local form reads back."""

from datetime import date, time, timedelta

import pytest
from babel.dates import format_date, format_time
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.cleaning import clean
from parsers.levelling import level
from parsers.lexicon import Language
from rules.facts import Ahead, By, Day, Within
from support.goldens import languages, lexicon

DAYS = st.dates(date(2021, 1, 1), date(2034, 12, 31))
MINUTES = st.times(time(0, 1), time(23, 59)).map(lambda t: t.replace(second=0, microsecond=0))
WIDTHS = ("full", "long", "medium")
ARABIC_DIGITS = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")


def _language(locale: str) -> Language:
    return lexicon().languages[locale]


def _dates(locale: str, text: str) -> list[By]:
    shown = clean(text)  # as everything is that comes out of a mail
    return [found.by for found in _language(locale).dates.find(level(shown), shown) if not found.weak]


def _spans(locale: str, text: str) -> list[Within]:
    return [found.within for found in _language(locale).spans.find(level(text), text)]


@pytest.mark.parametrize("locale", languages())
@given(day=DAYS, width=st.sampled_from(WIDTHS))
@settings(max_examples=60, deadline=None)
def test_a_date_in_any_form_of_its_language_reads_back(locale: str, day: date, width: str) -> None:
    printed = format_date(day, width, locale=locale)

    read = [by.days for by in _dates(locale, f"… {printed} …")]

    assert any(Day(day.year, day.month, day.day) in days for days in read), printed


@pytest.mark.parametrize("locale", languages())
@given(day=DAYS, clock=MINUTES)
@settings(max_examples=40, deadline=None)
def test_a_time_beside_a_date_belongs_to_it(locale: str, day: date, clock: time) -> None:
    printed = f"{format_date(day, 'long', locale=locale)} {format_time(clock, 'short', locale=locale)}"

    read = _dates(locale, printed)

    assert [by.at for by in read] == [clock], printed


@given(day=DAYS)
@settings(max_examples=60, deadline=None)
def test_digits_of_every_script_and_a_buddhist_year_count_the_same(day: date) -> None:
    iso = day.isoformat()
    thai = f"{day.day}/{day.month}/{day.year + 543}"
    wanted = Day(day.year, day.month, day.day)

    assert _dates("en", iso.translate(ARABIC_DIGITS))[0].days == (wanted,)
    assert _dates("en", iso.translate(FULL_WIDTH))[0].days == (wanted,)
    assert wanted in _dates("es", thai)[0].days


@pytest.mark.parametrize(
    ("locale", "printed", "readings"),
    [
        ("en", "03/04/2025", {Day(2025, 4, 3), Day(2025, 3, 4)}),
        ("en", "13/04/2025", {Day(2025, 4, 13)}),
        ("en", "04/13/2025", {Day(2025, 4, 13)}),
        ("es", "03/04/2025", {Day(2025, 4, 3)}),
        ("en", "2025-04-03", {Day(2025, 4, 3)}),
        ("en", "12-Mar-25", {Day(2025, 3, 12)}),
        ("en", "March 12", {Day(None, 3, 12)}),
        ("es", "12 de marzo", {Day(None, 3, 12)}),
    ],
)
def test_a_date_that_can_be_read_two_ways_has_both_readings(
    locale: str, printed: str, readings: set[Day]
) -> None:
    found = _dates(locale, f"by {printed}.")

    assert {day for by in found for day in by.days} == readings


@pytest.mark.parametrize(
    ("printed", "clock", "zone"),
    [
        ("March 12, 2025, 23:59 PT", time(23, 59), "America/Los_Angeles"),
        ("12 March 2025 at 11:59 PM (GMT+8)", time(23, 59), "+08:00"),
        ("12 March 2025 09:00 CST", time(9), "+08:00"),
        ("12 March 2025 09:00 CET", time(9), "+01:00"),
        ("12 March 2025 09:00 UTC-3", time(9), "-03:00"),
        ("12 March 2025, 5 pm Beijing time", time(17), "+08:00"),
        ("12 March 2025, 12:30 am", time(0, 30), None),
        ("12 March 2025 at noon", time(12), None),
        ("12 March 2025, midnight", None, None),
        ("12 March 2025, 24:00", None, None),
        ("2025-03-12T10:15:30Z", time(10, 15, 30), "+00:00"),
        ("12 March 2025", None, None),
    ],
)
def test_times_and_zones_are_read_as_printed(printed: str, clock: time | None, zone: str | None) -> None:
    (found,) = _dates("en", f"Reply by {printed}.")

    assert (found.at, found.zone) == (clock, zone)


@pytest.mark.parametrize(
    ("locale", "printed", "short", "long", "business"),
    [
        ("en", "within 5 days", 120, 120, False),
        ("en", "two to seven days", 48, 168, False),
        ("en", "2-7 business days", 48, 168, True),
        ("en", "2 days and 17 hours left", 65, 65, False),
        ("en", "1 day, 3 hours and 30 minutes", 27.5, 27.5, False),
        ("en", "a week", 168, 168, False),
        ("en", "47:30:00", 47.5, 47.5, False),
        ("en", "2d 05:30:00", 53.5, 53.5, False),
        ("es", "dos días y 3 horas", 51, 51, False),
        ("es", "3 a 5 días hábiles", 72, 120, True),
    ],
)
def test_durations_are_read_with_ranges_and_working_days(
    locale: str, printed: str, short: float, long: float, business: bool
) -> None:
    found = _spans(locale, printed)

    assert [(w.short, w.long, w.business) for w in found] == [
        (timedelta(hours=short), timedelta(hours=long), business)
    ]


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("de", "bitte bis übermorgen antworten"),
        ("id", "paling lambat lusa"),
        ("vi", "trước ngày kia"),
        ("he", "עד מחרתיים"),
    ],
)
def test_the_day_after_tomorrow_is_two_days_from_the_sending(locale: str, text: str) -> None:
    assert [found.by.days for found in _language(locale).dates.find(text, text)] == [(Ahead(2),)]


def test_tomorrow_is_a_day_named_from_the_sending() -> None:
    found = [f.by for f in _language("en").dates.find("reply by tomorrow, 5 pm", "Reply by tomorrow, 5 pm")]

    assert [(by.days, by.at) for by in found] == [((Ahead(1),), time(17))]
