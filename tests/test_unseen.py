"""A language that nobody taught, and a mail that breaks the reader: never silence."""

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from parsers.plainly import read_blindly, read_plainly
from rules.cases import turn_of
from rules.facts import Kind, Notice, Outcome, Reason, Trust, Turn
from support.goldens import lexicon, raw_reading
from watcher.mailboxes import Message
from watcher.readers import notice_of, plain
from watcher.reading import Reader, Unread
from watcher.recipe import Recipe

SENT = datetime(2025, 6, 27, 15, 8, tzinfo=UTC)
LINK = "https://www.aliexpress.com/p/order/detail.html?orderId=8175503318827740"
GOLDEN = {"now": "2025-06-27T16:00:00Z"}

# Each asks something, in words that no phrase file knows; none says "dispute".
LETTERS = {
    "sv": ("Säljaren vill komma överens", "Titta på förslaget och svara senast på måndag.", "Visa"),
    "cs": ("Prodejce vám něco nabízí", "Podívejte se na návrh a odpovězte do pondělí.", "Zobrazit"),
    "el": ("Ο πωλητής σας προτείνει κάτι", "Δείτε την πρόταση και απαντήστε έως τη Δευτέρα.", "Δείτε"),
    "fi": ("Myyjä ehdottaa sinulle jotakin", "Katso ehdotus ja vastaa maanantaihin mennessä.", "Näytä"),
    "hu": ("Az eladó javasol valamit", "Nézze meg a javaslatot, és válaszoljon hétfőig.", "Rendelés"),
    "hi": ("विक्रेता ने कुछ सुझाया है", "सुझाव देखें और सोमवार तक उत्तर दें।", "ऑर्डर देखें"),
    "xx": ("Zorb dalmek", "Brandel sofik utanmo querlat.", "Nuvok"),
}


def letter(subject: str, text: str, label: str, sender: str = "transaction@notice.aliexpress.com") -> bytes:
    return (
        f"From: AliExpress <{sender}>\nTo: someone@example.org\nSubject: {subject}\n"
        f"Date: {format_datetime(SENT)}\nMIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n\n"
        f'<html><body><h1>{subject}</h1><p>{text}</p><a href="{LINK}">{label}</a></body></html>\n'
    ).encode()


@pytest.mark.parametrize("locale", LETTERS)
def test_a_mail_in_a_language_never_seen_is_unclear_and_yours(locale: str) -> None:
    assert locale not in lexicon().languages
    notice = raw_reading(letter(*LETTERS[locale]), GOLDEN).notice

    assert (notice.outcome, notice.reason, notice.kind) == (Outcome.UNCLEAR, Reason.NO_KIND, None)
    assert notice.orders == ("8175503318827740",)
    assert turn_of(notice.kind, notice.outcome) is Turn.YOURS


@pytest.mark.parametrize("locale", LETTERS)
def test_only_a_known_event_code_makes_it_a_step_of_the_order(locale: str) -> None:
    raw = letter(*LETTERS[locale]).replace(
        b"8175503318827740", b"8175503318827740&rowan_id1=pay_success_1_en_US"
    )

    assert raw_reading(raw, GOLDEN).notice.kind == "order_update"


# What a mail says of itself at its foot, in the words that else tell of a parcel.
OF_ITSELF = {
    "en": "This message has been sent to you automatically.",
    "es": "Este correo se ha enviado automáticamente.",
    "he": "ההודעה נשלחה אליך כי יש לך חשבון אצלנו.",
    "pl": "Ta wiadomość została wysłana automatycznie.",
}


@pytest.mark.parametrize("locale", OF_ITSELF)
def test_that_a_mail_was_sent_is_no_news_of_a_parcel(locale: str) -> None:
    found = raw_reading(letter("8175503318827740", OF_ITSELF[locale], "AliExpress"), GOLDEN)

    assert found.notice.locale == locale
    assert [sign for sign in found.trace if sign.note.startswith("order_")] == []


def test_an_answer_asked_for_by_a_time_is_no_mere_step_of_an_order() -> None:
    unknown = "The vendor gurbled your wish. We shipped a parcel. Please answer within 3 days."

    found = raw_reading(letter("Order 8175503318827740", unknown, "View"), GOLDEN).notice
    assert turn_of(found.kind, found.outcome) is Turn.YOURS


@pytest.mark.parametrize(
    ("day", "kind"), [("11 de julio", "order_completing"), ("11 de junio", "order_completed")]
)
def test_whether_the_day_is_to_come_tells_what_will_be_from_what_was(day: str, kind: str) -> None:
    said = f"El pedido 8175503318827740 queda recibido y completado el {day}"

    assert raw_reading(letter(said, "Gracias por comprar.", "Ver pedido"), GOLDEN).notice.kind == kind


@pytest.mark.parametrize("said", ["Ваша заявка проверку не прошла", "Talebiniz incelemeden geçmedi"])
def test_a_request_that_did_not_pass_a_review_is_not_under_review(said: str) -> None:
    found = raw_reading(letter(said, "8175503318827740", "AliExpress"), GOLDEN)

    assert turn_of(found.notice.kind, found.notice.outcome) is Turn.YOURS


def shelf(goods: int) -> bytes:
    """A parcel's mail with a list of goods below, each named as if it were an offer to be answered."""
    named = (
        "Accept or reject: the seller offers a refund of US $5.00, answer within 3 days or the case closes"
    )
    rows = "".join(
        f'<p><a href="https://www.aliexpress.com/item/10050012345{n:02}.html">{named} {n}</a></p>'
        for n in range(goods)
    )
    text = f"Your parcel is on its way.</p><p>You may also like</p>{rows}<p>Thank you."
    return letter("Order 8175503318827740 has been shipped", text, "View order")


def test_what_goods_are_called_in_a_list_of_them_says_nothing_of_the_order() -> None:
    assert raw_reading(shelf(8), GOLDEN).notice.kind is Kind.ORDER_SHIPPED


def test_the_goods_of_an_order_are_read_like_everything_else() -> None:
    assert turn_of(raw_reading(shelf(3), GOLDEN).notice.kind, Outcome.NOTICE) is Turn.YOURS


def test_nothing_to_do_for_those_who_like_it_calms_nobody_who_is_asked_in_time() -> None:
    said = (
        "Мы признали за вами 3000 ₽. Устраивает — ничего делать не надо; "
        "не устраивает — возразить можно до 2 июля."
    )
    found = raw_reading(
        letter("Чем закончился ваш спор", f"Заказ 8175503318827740. {said}", "Возразить"), GOLDEN
    )

    assert turn_of(found.notice.kind, found.notice.outcome) is Turn.YOURS


OURS = letter("Hello", "x", "y")
STRANGER = b"From: a@example.org\nSubject: hello\n\nnothing\n"
FORWARD = b"From: a@example.org\nSubject: Fwd: AliExpress\n\nFrom: AliExpress\n"
TRICK = b"From: AliExpress <x@aliexpress-refunds.example>\n\nAliExpress\n"


@pytest.mark.parametrize("read", [read_plainly, read_blindly])
@pytest.mark.parametrize(
    ("raw", "outcome", "reason"),
    [
        (OURS, Outcome.UNCLEAR, Reason.MALFORMED),
        (FORWARD, Outcome.UNCLEAR, Reason.MALFORMED),
        (TRICK, Outcome.IGNORED, Reason.SUSPICIOUS),
        (STRANGER, Outcome.IGNORED, Reason.STRANGER),
        (b"", Outcome.IGNORED, Reason.STRANGER),
        (b"\xff\x00" * 5000, Outcome.IGNORED, Reason.STRANGER),
    ],
)
def test_the_plain_reader_tells_by_sender_and_brand(
    read: object, raw: bytes, outcome: Outcome, reason: Reason
) -> None:
    assert callable(read)
    notice: Notice = read(raw, SENT).notice

    assert (notice.outcome, notice.reason, notice.kind) == (outcome, reason, None)
    assert notice.authenticity.verdict is not Trust.VERIFIED
    assert notice.sent_at <= SENT


def message(raw: bytes, size: int | None = None) -> Message:
    return Message(raw, SENT, "here", None, size or len(raw))


def test_where_every_reader_fails_the_notice_is_that_of_the_plain_one() -> None:
    notice = notice_of(Unread("reading took too long"), message(OURS))

    assert (notice.outcome, notice.reason, notice.source) == (Outcome.UNCLEAR, Reason.MALFORMED, "here")
    assert notice_of(Unread("x"), message(STRANGER)).outcome is Outcome.IGNORED


def test_a_mail_that_was_cut_is_never_ignored_if_it_is_aliexpress_s() -> None:
    advert = letter("Big sale: 50% off everything", "Coupons and discounts for you", "Shop now").replace(
        b"transaction@notice", b"promo@notice"
    )
    with Reader(Recipe(), plain) as reader:
        whole = reader.read(advert, SENT)
        stranger = reader.read(STRANGER, SENT)
    long = 3 * 1024 * 1024

    assert notice_of(whole, message(advert)).reason is Reason.MARKETING
    cut = notice_of(whole, message(advert, long))
    assert (cut.outcome, cut.reason) == (Outcome.UNCLEAR, Reason.MALFORMED)
    assert notice_of(stranger, message(STRANGER, long)).outcome is Outcome.IGNORED
