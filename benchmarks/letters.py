"""Invented mails of the size that shops and people really send, the same for the same seed."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime

START = datetime(2025, 3, 8, 15, 37, tzinfo=UTC)
LINKED = 42  # order lines of one mail: with layout about 50 KB of HTML, 700 tags, 85 links
SHARE = 100  # one mail of so many is AliExpress's

_TEXTS = (
    ("en", "Order {order}: the seller made you an offer", "The seller proposes a refund of {money} for order "
     "{order}. Accept or reject the offer within 3 days, or it takes effect by itself.", "View order"),
    ("es", "Pedido {order}: nueva propuesta", "El vendedor propone un reembolso de {money} por el pedido "
     "{order}. Acepte o rechace la propuesta en un plazo de 3 días.", "Ver pedido"),
    ("de", "Bestellung {order}: neues Angebot", "Der Verkäufer bietet eine Rückerstattung von {money} "
     "für die Bestellung {order} an. Nehmen Sie das Angebot innerhalb von 3 Tagen an oder lehnen Sie es ab.",
     "Ansehen"),
    ("fr", "Commande {order} : proposition", "Le vendeur propose un remboursement de {money} pour la "
     "commande {order}. Acceptez ou refusez la proposition sous 3 jours.", "Voir"),
    ("ru", "Заказ {order}: предложение", "Продавец предлагает возврат {money} по заказу {order}. Примите или "
     "отклоните предложение в течение 3 дней.", "Открыть"),
)  # fmt: skip
_STEPS = ("Order {order}: order shipped", "Your order {order} has been shipped. Watch where it is.", "Track")
_WORDS = (
    "meeting",
    "lunch",
    "invoice",
    "holiday",
    "photos",
    "garden",
    "report",
    "budget",
    "school",
    "repair",
)

_TITLES = tuple(f"{word}{end}" for word in ("steel", "solar", "mini", "smart", "wood", "nano", "silk", "air")
                for end in ("", "-lamp", "-cup", " 12V", "Pro", " X2", "case", "hook"))  # fmt: skip


def order_mail(rng: random.Random, number: int) -> bytes:
    """A mail of AliExpress's: an offer in one of five languages, or a parcel that is on its way."""
    order = f"81{rng.randrange(10**13, 10**14)}"
    subject, text, label = _STEPS if number % 4 else _TEXTS[number // 4 % len(_TEXTS)][1:]
    fill = {"order": order, "money": f"US $ {rng.randrange(2, 90)}.{rng.randrange(10, 99)}"}
    head = f"<h1>{subject.format(**fill)}</h1><p>{text.format(**fill)}</p>"
    link = f"https://www.aliexpress.com/p/order/detail.html?orderId={order}&amp;tracelog=rowan"
    rows = "".join(_line(rng, each) for each in range(LINKED))
    mail = _envelope("AliExpress <transaction@notice.aliexpress.com>", subject.format(**fill), number)
    mail.set_content(text.format(**fill))
    mail.add_alternative(
        "<html><head><style>td{font-family:Arial}</style></head><body><table width=600><tr><td>"
        f'{head}<a href="{link}">{label}</a></td></tr></table><table>{rows}</table>'
        "<p>Questions? Our Help Center answers within 48 hours.</p></body></html>",
        subtype="html", cte="quoted-printable",
    )  # fmt: skip
    return bytes(mail)


def _line(rng: random.Random, number: int) -> str:
    item = rng.randrange(10**9, 10**10)
    title = " ".join(rng.choices(_TITLES, k=8))
    link = (
        f"https://www.aliexpress.com/item/100500{item}.html?spm=a2g0o.mail.{number}&amp;tracelog=rowan"
        f"&amp;pdp_ext_f=%7B%22order%22%3A%22{rng.randrange(10**6)}%22%7D"
    )
    cell = "font-family:Arial,Helvetica,sans-serif;font-size:14px;color:#333;line-height:20px"
    return (
        f'<tr><td style="padding:8px 0;border-bottom:1px solid #eee" width=96><a href="{link}">'
        f'<img src="https://ae01.alicdn.com/kf/S{item:x}.jpg" width=80 height=80 alt=""></a></td>'
        f'<td style="{cell}"><a href="{link}"><span>Gadget {number}, {title}, new version, with '
        f"free shipping and a case</span></a><br><span>Black, EU plug</span></td>"
        f'<td align="right" style="{cell}"><b>US ${rng.randrange(1, 99)}.{rng.randrange(10, 99)}</b></td>'
        "</tr>"
    )


def other_mail(rng: random.Random, number: int) -> bytes:
    """Anybody else's mail: a newsletter of 40 KB, or a person's few lines with an attachment."""
    words = " ".join(rng.choices(_WORDS, k=60))
    if number % 3:
        mail = _envelope(f"News <news@shop{number % 97}.example>", f"News: {words[:40]}", number)
        mail["List-Unsubscribe"] = f"<https://shop{number % 97}.example/u>"
        row = f'<tr><td style="color:#333"><a href="https://shop.example/{number}">{words}</a></td></tr>'
        mail.set_content(words)
        mail.add_alternative(f"<html><body><table>{row * 75}</table></body></html>", subtype="html")
        return bytes(mail)
    mail = _envelope(f"Someone <person{number % 53}@example.org>", words[:40], number)
    mail.set_content(words)
    mail.add_attachment(rng.randbytes(30_000), "image", "jpeg", filename="photo.jpg")
    return bytes(mail)


def _envelope(sender: str, subject: str, number: int) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, "me@example.org", subject
    mail["Date"] = format_datetime(START + timedelta(minutes=number))
    mail["Message-ID"] = f"<{number}@mail.example>"
    return mail


def mailbox(mails: int, share: int = SHARE, seed: int = 7) -> Iterator[bytes]:
    """So many mails, one of `share` AliExpress's."""
    rng = random.Random(seed)
    for number in range(mails):
        yield order_mail(rng, number // share) if number % share == 0 else other_mail(rng, number)
