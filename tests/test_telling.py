"""What an alert says: what, until when, on what basis, the way, and never an address from a mail."""

from dataclasses import replace
from datetime import datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import telling
from rules.alerts import due
from rules.facts import (
    Act,
    Alert,
    AlertAbout,
    Answer,
    Case,
    Day,
    Kind,
    Link,
    LinkReason,
    LinkVerdict,
    Money,
    Notice,
    Offer,
    Party,
    Remedy,
    Role,
    Trust,
    Urgency,
)
from rules.policy import Ringing
from rules.spoken import left, plain
from support.judgement import DISPUTE, ORDER, answered, at, by, notice, only, within, words

MADRID = ZoneInfo("Europe/Madrid")
ACCEPT = "https://www.aliexpress.com/accept?orderId=1"
OFFER = notice(
    Kind.OFFER,
    dispute=DISPUTE,
    offer=Offer(Party.SELLER, Remedy.REFUND, Decimal("12.50"), "EUR"),
    asked=Money(Decimal("20.00"), "EUR"),
    printed=(by(3, 14, at=time(9), quote="before March 14, 9:00 PT"),),
)


def link(role: Role, verdict: LinkVerdict, reason: LinkReason | None = None) -> Link:
    return Link(role, ACCEPT, "Accept", verdict, reason)


def alert(case: Case, now: datetime, *links: Link, locale: str = "en", said: tuple[str, ...] = ()) -> Alert:
    found = due(case, now, Ringing(), said)
    assert found is not None
    return telling.tell(found, case, links, words(locale), MADRID, now)


def rung_before(case: Case) -> tuple[str, ...]:
    return (f"{case.id}/20250314T160000Z/new",)


def test_a_new_offer_says_what_until_when_and_why():
    told = alert(only(OFFER), at(0, minutes=2))
    assert told.headline == (
        f"Accept or reject the proposal for order {ORDER} - until Fri 14 Mar, 17:00, 6 days left"
    )
    for part in (
        "The seller proposes a refund of 12.50 EUR.",
        "You had asked for 20.00 EUR.",
        "Fri 14 Mar 2025, 17:00 your time (Fri 14 Mar 2025, 09:00 Pacific time): 6 days left",
        'The mail says: "before March 14, 9:00 PT".',
        "1. Open the AliExpress app yourself, not from the mail.",
        f"Order page: https://www.aliexpress.com/p/order/detail.html?orderId={ORDER}",
    ):
        assert part in told.body
    assert "not verified" not in told.body


def test_an_alert_carries_what_a_program_needs():
    case = only(OFFER)
    told = alert(case, at(0, minutes=2))
    assert (told.key, told.rung, told.urgency) == (f"{case.id}/20250314T160000Z/new", "new", Urgency.SOON)
    assert (told.case, told.order, told.orders) == (case.id, ORDER, (ORDER,))
    assert (told.about, told.kind, told.turn) == (AlertAbout.CASE, Kind.OFFER, case.turn)
    assert (told.deadline, told.created_at) == (case.deadline, at(0, minutes=2))
    assert [route.name for route in told.routes] == ["app_order", "app_cases", "app_messages", "web_order"]


def test_in_spanish_it_says_the_same():
    told = alert(only(OFFER), at(0, minutes=2), locale="es")
    assert "hasta vie 14 mar, 17:00, quedan 6 días" in told.headline
    assert "El vendedor propone un reembolso de 12.50 EUR." in told.body
    assert "vie 14 mar 2025, 09:00, hora del Pacífico" in told.body


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        ({"printed": (within(timedelta(days=5)),)}, "Counted from when the mail was sent: "),
        ({}, "No date in the mail: counted from the guide's shortest window."),
        ({"printed": (by(3, 14, quote=""),)}, "The mail prints this time."),
    ],
)
def test_the_basis_of_the_deadline_is_told(made, sentence):
    assert sentence in alert(only(notice(Kind.OFFER, **made)), at(0, minutes=2)).body


def test_a_deadline_that_the_buyer_set_says_so():
    case = only(OFFER, acts=[Act("due", at(1), until=at(3))])
    assert "You set this time yourself." in alert(case, at(1, hours=1)).body


def test_a_doubtful_end_is_told_with_both_ends():
    body = alert(only(notice(Kind.OFFER)), at(0, minutes=2)).body
    assert "Act by Mon 10 Mar 2025, 16:00 your time" in body
    assert "It may stay open until Sat 15 Mar 2025, 16:00 your time, but do not count on that." in body


def test_past_the_earliest_end_it_says_look_now():
    told = alert(only(notice(Kind.OFFER)), at(3))
    assert told.headline.startswith("May have closed, look now: ")
    assert "It can still be open until Sat 15 Mar 2025, 16:00" in told.body


def test_when_time_is_up_it_says_how_to_look_and_how_to_appeal():
    told = alert(only(notice(Kind.OFFER)), at(8))
    assert told.headline.startswith("Time is up, look now: ")
    assert "Appeal" in told.body
    assert "If you stay silent" not in told.body


def test_an_unverified_sender_is_told_and_no_page_is_shown():
    told = alert(only(replace(OFFER, authenticity=notice(None, trust=Trust.UNVERIFIED).authenticity)), at(1))
    assert "Sender not verified: press nothing in the mail, open the app yourself." in told.body
    assert "http" not in told.body


def test_a_broken_button_is_told():
    broken = link(Role.ACCEPT, LinkVerdict.BROKEN, LinkReason.EMPTY)
    assert "The button in the mail does not work." in alert(only(OFFER), at(1), broken).body
    assert "does not work" not in alert(only(OFFER), at(1), link(Role.ACCEPT, LinkVerdict.PLAUSIBLE)).body
    reported = only(OFFER, acts=[Act("broken", at(1))])
    assert "The button in the mail does not work." in alert(reported, at(1, hours=1)).body


def test_a_suspicious_link_is_told():
    odd = link(Role.ACCEPT, LinkVerdict.SUSPICIOUS, LinkReason.FOREIGN_HOST)
    assert "press nothing in it" in alert(only(OFFER), at(1), odd).body


@pytest.mark.parametrize("locale", ["en", "es"])
@pytest.mark.parametrize("kind", [*Kind, None])
def test_no_alert_has_an_address_from_a_mail(kind, locale):
    links = tuple(link(role, verdict) for role in Role for verdict in LinkVerdict)
    tricky = by(3, 14, at=time(9), quote=f"before {ACCEPT} accept.example.com/yes me@example.com")
    case = only(replace(OFFER, kind=kind, outcome=notice(kind).outcome, printed=(tricky,)))
    said = () if case.deadline else rung_before(case)
    told = alert(case, at(6), *links, locale=locale, said=said)
    everything = repr(told)
    assert "accept?" not in everything
    assert "example.com" not in everything
    assert all(each.url is None for each in told.links)
    assert [each.role for each in told.links] == [each.role for each in links]


def test_a_late_word_admits_it():
    assert "later than planned" in alert(only(OFFER), at(1)).body
    assert "later than planned" not in alert(only(OFFER), at(0, minutes=2)).body


def test_how_to_answer_names_the_case_and_fits_the_kind():
    case = only(OFFER)
    assert f"offerwatch answered {case.id} accepted / rejected / countered" in alert(case, at(1)).body
    unclear = only(notice(None))
    told = alert(unclear, at(1))
    assert f"offerwatch ack {unclear.id}" in told.body
    assert told.about is AlertAbout.UNCLEAR


def test_settled_says_whose_turn_it_is_now():
    case = only(OFFER, acts=[answered(Answer.REJECTED, at(1))])
    told = alert(case, at(1, minutes=1), said=rung_before(case))
    assert told.headline == f"Done for now: the seller's turn with order {ORDER}"
    assert (told.routes, told.deadline, told.urgency) == ((), None, Urgency.INFO)
    case = only(OFFER, replace(OFFER, kind=Kind.REFUND_ISSUED, sent_at=at(1), identity="refund"))
    told = alert(case, at(1, minutes=1), said=rung_before(case))
    assert "a refund of 12.50 EUR" in told.body
    assert "3 to 20 business days" in told.body


def mail(trust: Trust) -> Notice:
    return replace(notice(None, identity="strange"), authenticity=notice(None, trust=trust).authenticity)


def test_a_warning_is_quiet_and_gives_nothing_to_press():
    told = telling.warning(mail(Trust.SUSPICIOUS), (), words(), MADRID, at(1))
    assert (told.key, told.about, told.urgency) == ("warning/strange", AlertAbout.WARNING, Urgency.INFO)
    assert "http" not in told.body
    forged = telling.warning(mail(Trust.FORGED), (ORDER,), words("es"), MADRID, at(1))
    assert forged.orders == (ORDER,)
    assert ORDER in forged.body


def test_blindness_is_told_once_and_so_is_its_end():
    blind = telling.health("home", at(0), "The server refused the login.", words(), MADRID, at(1))
    again = telling.health("home", at(0), "The server refused the login.", words(), MADRID, at(2))
    sees = telling.health("home", at(0), None, words(), MADRID, at(2), recovered=True)
    assert blind.key == again.key != sees.key
    assert (blind.urgency, sees.urgency) == (Urgency.URGENT, Urgency.INFO)
    assert "since Sat 8 Mar 2025, 16:00 your time" in blind.body
    assert "The server refused the login." in blind.body
    assert "not been looked at even once" in telling.health("home", None, None, words(), MADRID, at(1)).body


def test_a_test_says_that_it_is_only_a_test():
    told = telling.test("20250308", words(), MADRID, at(0))
    assert (told.key, told.about) == ("test/20250308", AlertAbout.TEST)
    assert "only a test" in told.body


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(days=2, hours=5, minutes=9), "2 days 5 hours left"),
        (timedelta(days=1, minutes=9), "1 day left"),
        (timedelta(hours=1, minutes=1), "1 hour 1 minute left"),
        (timedelta(minutes=42), "42 minutes left"),
        (timedelta(seconds=59), "less than a minute left"),
        (timedelta(seconds=-1), "less than a minute left"),
    ],
)
def test_what_is_left_is_told_in_two_units(span, text):
    assert left(span, words()) == text


@given(st.text())
def test_outside_text_becomes_one_short_line_with_nothing_to_press(text):
    cleaned = plain(text)
    assert len(cleaned) <= 80
    assert cleaned.isprintable()
    assert "://" not in cleaned
    assert "@" not in cleaned


def test_a_printed_date_survives_the_cleaning():
    for quote in ("before 14.03.2025 at 9 a.m.", "bis 14. März, 12:00", "Mar 14,2025 23:59 (PT)"):
        assert plain(quote) == quote


def test_an_impossible_day_can_still_be_told():
    case = only(notice(Kind.OFFER, printed=(replace(by(3, 1), days=(Day(99999, 2, 31),)),)))
    assert case.deadline is not None
    assert "9900" in alert(case, at(0, minutes=2)).body
