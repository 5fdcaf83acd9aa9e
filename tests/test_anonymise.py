"""A mail made fit to publish keeps its shape and its reading, and nobody is left in it."""

import email
import html
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from parsers.anonymise import Anonymised, AnonymiseError, anonymise
from parsers.charsets import codec_for
from parsers.headers import decode_words
from parsers.people import People, PeopleError, people_from
from parsers.pieces import cut
from rules.cases import turn_of
from rules.deadlines import deadline
from rules.facts import Outcome
from rules.links import look
from support.goldens import FIXTURES, expected_of, fixtures, lexicon, now_of, policy, raw_reading
from watcher.loading import load_people

SEED = b"a seed"
ROOT = Path(__file__).parents[1]


@cache
def people() -> People:
    return load_people()


def clean(raw: bytes, seed: bytes = SEED) -> Anonymised:
    return anonymise(raw, seed, lexicon(), people())


def told(raw: bytes, golden: dict[str, Any]) -> dict[str, Any]:
    """What the reading of a mail says, but for the values that are replaced."""
    notice = raw_reading(raw, golden).notice
    ignored = notice.outcome is Outcome.IGNORED
    until = None if ignored else deadline(notice, policy())
    links = () if ignored else look(notice.anchors, notice.orders, now_of(golden), policy().hosts)
    return {
        "outcome": notice.outcome,
        "reason": notice.reason,
        "kind": notice.kind,
        "turn": turn_of(notice.kind, notice.outcome),
        "sent_at": notice.sent_at,
        "locale": notice.locale,
        "verdict": notice.authenticity.verdict,
        "orders": len(notice.orders),
        "dispute": notice.dispute is not None,
        "deadline": until and (until.at, until.latest, until.basis),
        "offer": notice.offer
        and (notice.offer.by, notice.offer.remedy, notice.offer.currency, notice.offer.amount is None),
        "asked": notice.asked and notice.asked.currency,
        "paid": notice.paid and notice.paid.currency,
        "links": [(link.role, link.verdict, link.reason) for link in links],
    }


def decoded(raw: bytes) -> str:
    """Everything that a mail says anywhere, decoded by other means than ours, escapes undone."""
    out = []
    for part in email.message_from_bytes(raw).walk():
        out += [decode_words(str(value).encode("utf-8", "surrogateescape")) for value in part.values()]
        if not part.is_multipart():
            data = part.get_payload(decode=True) or b""
            assert isinstance(data, bytes)
            out.append(data.decode(codec_for(part.get_content_charset() or "utf-8") or "utf-8", "replace"))
    text = html.unescape("\n".join(out))
    for _ in range(3):
        text += "\n" + unquote(text)
    return text


def secrets_of(raw: bytes) -> Iterator[str]:
    """What must not be found again: long numbers, ids, addresses and names of the ones it was sent to."""
    mail = email.message_from_bytes(raw)
    text = decoded(raw)
    yield from re.findall(r"(?<!\d)(?:30|81|82|11|62|63|1005|3256)\d{12,14}(?!\d)", text)
    yield from re.findall(r"\b[0-9a-f]*\d[0-9a-f]*[a-f][0-9a-f]{10,}\b", text)
    for value in mail.get_all("To", []):
        shown = decode_words(str(value).encode())
        yield from re.findall(r"[\w.+-]+@[\w.-]+", shown)
        yield from (
            word for word in re.findall(r"[A-Z][a-z]{2,}", shown) if word.lower() not in people().common
        )


@pytest.mark.parametrize("mail", fixtures(), ids=lambda mail: str(mail.relative_to(FIXTURES)))
def test_an_anonymised_fixture_reads_the_same_and_holds_nothing_of_the_original(mail: Path) -> None:
    raw, golden = mail.read_bytes(), expected_of(mail)
    done = clean(raw)
    ids = [done.swaps.get(one, one) for one in golden.get("authserv_ids", ())]
    text = decoded(done.raw)

    assert told(done.raw, {**golden, "authserv_ids": ids}) == told(raw, golden)
    assert [
        secret for secret in secrets_of(raw) if re.search(rf"(?<!\w){re.escape(secret)}(?!\w)", text)
    ] == []


@pytest.mark.parametrize("mail", fixtures("*1*.eml") + fixtures("*-a*.eml"), ids=lambda mail: mail.stem)
def test_pieces_joined_again_are_the_mail(mail: Path) -> None:
    raw = mail.read_bytes()

    assert b"".join(piece.data for piece in cut(raw)) == raw


def shape(raw: bytes) -> list[tuple[str, str | None, str | None]]:
    return [
        (part.get_content_type(), part.get_content_charset(), part["Content-Transfer-Encoding"])
        for part in email.message_from_bytes(raw).walk()
    ]


@pytest.mark.parametrize("mail", fixtures("strange/*/*.eml"), ids=lambda mail: mail.stem)
def test_parts_charsets_encodings_tags_and_parameter_names_stay(mail: Path) -> None:
    raw = mail.read_bytes()
    done = clean(raw).raw

    assert shape(done) == shape(raw)
    for pattern in (r"<(/?[a-z][a-z0-9]*)[\s>]", r"[?&]([A-Za-z_]+)="):
        assert re.findall(pattern, decoded(done)) == re.findall(pattern, decoded(raw))


LETTER = """\
Return-Path: <bounce-7712-maria.lopez=lopez-family.es@notice.aliexpress.com>
Delivered-To: maria.lopez@lopez-family.es
Received: from out4-21.mail.aliyun.com (out4-21.mail.aliyun.com [47.88.44.21])
 by mx.lopez-family.es (Postfix) with ESMTPS id 4D149499F2
 for <maria.lopez@lopez-family.es>; Wed, 12 Nov 2025 10:00:00 +0000
DKIM-Signature: v=1; a=rsa-sha256; d=notice.aliexpress.com; s=s1024; t=1762941600;
 bh=9mYJtXVQ1bqkR2uA5Xw8YV1vL1m2n3o4p5q6r7s8t9U=; b=QWERTYasdfgh123456zxcvbn
 QWERTYasdfgh123456==
X-Originating-IP: [81.44.12.9]
From: AliExpress <transaction@notice.aliexpress.com>
To: =?utf-8?Q?Mar=C3=ADa_L=C3=B3pez?= <maria.lopez@lopez-family.es>
Subject: =?utf-8?B?TWFyw61hLCB5b3VyIG9yZGVyIDgyMDMzMTc3NDkwMTQ0MzU6IG9mZmVyIG9mIFVTICQxMi41MA==?=
Date: Wed, 12 Nov 2025 10:00:00 +0000
Message-ID: <1234567890.77.1762941600123.JavaMail.admin@notice.aliexpress.com>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="X1abc23"

--X1abc23
Content-Type: text/html; charset=utf-8

<html><body><p>Hi Maria,</p><p>The seller of order 8203 3177 4901 4435 (line 8203317749024435) offers
US $12.50 in dispute 6294480072214435. Answer by Nov 15, 2025 10:00 PST. Mar&iacute;a's phone:
+34 600 123 456.</p>
<img src="https://www.aliexpress.com/o?e=maria.lopez%40lopez-family.es&rowan_msg_id=4435820331774901$0a1b2c3d">
<a href="https://www.aliexpress.com/p/order/detail.html?orderId=8203317749014435\
&amp;rowan_id1=logistics_default_1_en_US_20251112&amp;sign=8f14e45fceea167a5a36dedd4bea2543">
View mlopez order</a>
<p>Ship to:</p><p>Maria Lopez Garcia<br>Calle Mayor 12, 3B<br>28013 Madrid, Spain<br>+34 600 123 456</p>
<p>Phone case 1005001234567890, tracking LP00123456789012. Your code 4821. User marialopez</p></body></html>
--X1abc23
Content-Type: application/pdf; name="Factura Maria.pdf"
Content-Transfer-Encoding: base64

JVBERi0xLjQKTWFyaWE=
--X1abc23--
"""


def test_nobody_is_left_in_a_mail_that_names_its_reader_in_every_way() -> None:
    text = decoded(clean(LETTER.encode()).raw).lower()

    for secret in (
        "maria",
        "maría",
        "lopez",
        "lópez",
        "garcia",
        "calle",
        "mayor",
        "madrid",
        "28013",
        "600 123",
    ):
        assert secret not in text
    for secret in (
        "47.88.44.21",
        "81.44.12.9",
        "4d149499f2",
        "qwerty",
        "1234567890.77",
        "12.50",
        "4821",
        "factura",
    ):
        assert secret not in text
    assert base64_of("Maria") not in text


def base64_of(text: str) -> str:
    import base64

    return base64.b64encode(text.encode()).decode().rstrip("=")[:6].lower()


def test_order_numbers_stay_plausible_and_keep_their_relations() -> None:
    swaps = clean(LETTER.encode()).swaps
    order, line = swaps["8203317749014435"], swaps["8203317749024435"]

    assert re.fullmatch(r"82\d{14}", order)
    assert int(line) == int(order) + 10_000
    assert swaps["6294480072214435"].startswith("62")
    assert swaps["6294480072214435"][-4:] == order[-4:] != "4435"
    assert re.fullmatch(r"1005\d{12}", swaps["1005001234567890"])
    assert swaps["4435820331774901"] == order[-4:] + order[:12]


def test_dates_event_codes_and_the_sender_stay() -> None:
    text = decoded(clean(LETTER.encode()).raw)

    for kept in (
        "Nov 15, 2025 10:00 PST",
        "Wed, 12 Nov 2025 10:00:00 +0000",
        "rowan_id1=logistics_default_1_en_US_20251112",
        "AliExpress <transaction@notice.aliexpress.com>",
        "d=notice.aliexpress.com",
        "t=1762941600",
    ):
        assert kept in text


def test_the_same_is_replaced_by_the_same_and_another_seed_gives_another_mail() -> None:
    one, again, other = (clean(LETTER.encode(), seed) for seed in (b"1", b"1", b"2"))
    name = one.swaps["maria"].title()

    assert one.raw == again.raw != other.raw
    assert f"Hi {name}," in decoded(one.raw)
    assert f"{name}'s phone" in decoded(one.raw)


@pytest.mark.parametrize(
    ("greeting", "name"),
    [
        ("Guten Tag Hanna Vogel,", "Vogel"), ("Hola, Raúl:", "Raúl"), ("Bonjour Camille,", "Camille"),
        ("Olá, Duarte,", "Duarte"), ("Buongiorno Paola,", "Paola"), ("Beste Sanne,", "Sanne"),
        ("Witaj Piotrze,", "Piotrze"), ("Антон, добрый день!", "Антон"), ("Шановна Наталіє!", "Наталіє"),
        ("Merhaba Zeynep Hanım,", "Zeynep"), ("مرحبًا سارة،", "سارة"), ("שלום נועה,", "נועה"),
        ("田中 花子 様", "花子"), ("박지훈 님", "박지훈"), ("เรียน คุณวิภา", "วิภา"),
        ("Kính gửi quý khách Trần Thị Bích,", "Bích"), ("Yth. Ibu Siti Contoh,", "Siti"),
        ("Hi maria, look", "maria"),
    ],
)  # fmt: skip
def test_whoever_is_greeted_is_replaced_in_every_language(greeting: str, name: str) -> None:
    raw = plain(f"{greeting}\nAliExpress\n".encode(), "Content-Type: text/plain; charset=utf-8")

    assert name not in decoded(clean(raw).raw)


def plain(body: bytes, *fields: str) -> bytes:
    head = ["From: AliExpress <transaction@notice.aliexpress.com>", "MIME-Version: 1.0", *fields]
    return "\n".join(head).encode() + b"\n\n" + body


@pytest.mark.parametrize(
    ("raw", "where", "what"),
    [
        (plain(b"x", "Content-Transfer-Encoding: x-uuencode"), "the body", "encoding x-uuencode"),
        (
            plain(b"\xff\xfe\x81\x8d" * 3 + b"\x81", 'Content-Type: text/plain; charset="utf-8"'),
            "the body",
            "charset",
        ),
        (plain(b"A", "Content-Transfer-Encoding: base64"), "the body", "base64"),
        (plain(b"hi maria lopez,\nyour order"), "the body", "maria lopez"),
        (plain(b"x" * 2_200_000), "the mail", "2 MiB"),
    ],
)
def test_what_could_keep_something_of_the_original_is_refused_with_its_place(
    raw: bytes, where: str, what: str
) -> None:
    with pytest.raises(AnonymiseError) as refused:
        clean(raw)

    assert where in refused.value.where
    assert what in refused.value.what


def test_a_list_of_people_that_cannot_be_used_names_every_bad_key() -> None:
    with pytest.raises(PeopleError) as wrong:
        people_from({"greetings": ["hi"], "what": 1})

    assert any("`what`" in mistake for mistake in wrong.value.mistakes)
    assert any("`titles`" in mistake for mistake in wrong.value.mistakes)


def command(*words: str, stdin: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        [sys.executable, "-m", "watcher.cli", *words],
        cwd=ROOT,
        input=stdin,
        capture_output=True,
        check=False,
        timeout=60,
    )


def test_the_command_writes_the_mail_and_says_to_read_it(tmp_path: Path) -> None:
    mail, out = tmp_path / "mail.eml", tmp_path / "out.eml"
    mail.write_text(LETTER, "utf-8")
    done = command("anonymise", str(mail), "--output", str(out))

    assert (done.returncode, done.stdout) == (0, b"")
    assert b"read it yourself" in done.stderr
    assert b"reads otherwise" not in done.stderr
    assert b"aria" not in out.read_bytes()
    scanned = command("scan", str(out), "--format", "json")
    assert json.loads(scanned.stdout)["kind"] == "offer"


def test_the_command_refuses_in_one_sentence_and_writes_nothing(tmp_path: Path) -> None:
    out = tmp_path / "out.eml"
    done = command(
        "anonymise", "-", "--output", str(out), stdin=plain(b"x", "Content-Transfer-Encoding: x-uuencode")
    )

    assert done.returncode == 1
    assert b"in the body" in done.stderr
    assert b"Traceback" not in done.stderr
    assert not out.exists()


def test_the_original_is_not_overwritten(tmp_path: Path) -> None:
    mail = tmp_path / "mail.eml"
    mail.write_text(LETTER, "utf-8")

    assert command("anonymise", str(mail), "--output", str(mail)).returncode == 2
    assert mail.read_text("utf-8") == LETTER
