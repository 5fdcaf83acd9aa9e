"""The gate lets through too much, never too little."""

import base64
import quopri

import pytest

from parsers.gate import could_matter
from support.mails import mail, parts

STRANGER = "Ann <ann@example.org>"
BRAND = "Look: https://www.aliexpress.com/p/order/detail.html?orderId=1"


def from_stranger(body: str | bytes, **fields: str | bytes) -> bytes:
    return mail(body, **({"from": STRANGER, "subject": "Hi"} | fields))


@pytest.mark.parametrize(
    "sender",
    [
        "AliExpress <t@notice.aliexpress.com>",
        "T <t@NOTICE.ALIEXPRESS.COM>",
        "=?utf-8?B?QWxpRXhwcmVzcw==?= <x@evil.example>",
        "=?utf-8?Q?Ali?= =?utf-8?Q?Express?= <x@evil.example>",
        "Ali Express <x@evil.example>",
        "X <x@aliехpress.com>",
        "X <x@xn--liexpress-zyh.com>",
        "A1iExpress <x@evil.example>",
        "X <t_at_notice_aliexpress_com_0a1b2c3d4e_0a1b2c3d@privaterelay.appleid.com>",
    ],
)
def test_whoever_could_be_us_or_pretends_to_be_is_looked_at(sender: str) -> None:
    assert could_matter(mail("Hello", **{"from": sender, "subject": "Hi"}))


@pytest.mark.parametrize("shift", [0, 1, 2])
def test_the_brand_is_found_in_base64_at_every_offset_and_across_lines(shift: int) -> None:
    body = base64.encodebytes(("x" * (40 + shift) + BRAND).encode())
    assert could_matter(from_stranger(body, content_transfer_encoding="base64"))
    assert could_matter(
        parts(("Content-Type: text/html\nContent-Transfer-Encoding: base64", body), **{"from": STRANGER})
    )


def test_the_brand_is_found_in_quoted_printable_although_it_is_broken_in_two() -> None:
    body = quopri.encodestring(("x" * 54 + BRAND).encode())
    assert b"aliexpress" not in body
    assert could_matter(from_stranger(body, content_transfer_encoding="quoted-printable"))
    assert could_matter(from_stranger(b"=61=6c=69express", content_transfer_encoding="Quoted-Printable"))


@pytest.mark.parametrize("charset", ["utf-16", "utf-16-be", "utf-32", "utf-7", "cp037"])
def test_the_brand_is_found_in_charsets_that_hide_it(charset: str) -> None:
    body = base64.encodebytes(BRAND.encode(charset))
    kind = f"text/plain; charset={charset}"
    assert could_matter(from_stranger(body, content_type=kind, content_transfer_encoding="base64"))
    assert could_matter(from_stranger(BRAND.encode(charset), content_type=kind))


def test_an_attached_mail_in_base64_is_looked_into() -> None:
    inner = base64.encodebytes(mail("Offer"))
    part = ("Content-Type: message/rfc822\nContent-Transfer-Encoding: base64", inner)
    assert could_matter(parts(part, **{"from": STRANGER}))


@pytest.mark.parametrize(
    "raw",
    [
        from_stranger("See you on Monday"),
        from_stranger(base64.encodebytes(b"See you on Monday"), content_transfer_encoding="base64"),
        mail("Your statement", **{"from": "American Express <x@americanexpress.example>", "subject": "Card"}),
        mail("Remind", **{"from": "Alibaba <remind@notice.alibaba.com>", "subject": "Order"}),
        b"",
        b"\x00\xff\r\n\r\n",
    ],
)
def test_strangers_are_dismissed(raw: bytes) -> None:
    assert not could_matter(raw)
