"""Nothing that a mail holds can crash the readers or keep them longer than a few seconds."""

import base64
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from parsers.bodies import visible
from parsers.forwards import innermost
from parsers.gate import could_matter
from parsers.message import Message, dissect
from parsers.origin import Provider, origin
from parsers.plaintext import plain
from support.mails import html_mail, mail, parts

SECONDS = 4.0  # of this process's own time, on any machine we know


def read_whole(raw: bytes) -> Message:
    """Everything that is done to a mail before its words are weighed."""
    could_matter(raw)
    message = dissect(raw)
    visible(message.html)
    plain(message.text)
    original = innermost(message, lambda text, zone: None)
    origin(message, Provider(), original)
    return message


def in_time(raw: bytes) -> Message:
    start = time.process_time()
    message = read_whole(raw)
    assert time.process_time() - start < SECONDS
    return message


def nested(depth: int, kind: str) -> bytes:
    """Multiparts, or attached mails, one inside the other."""
    if kind == "rfc822":
        return b"From: a@b.c\r\n" + b"Content-Type: message/rfc822\r\n\r\n" * depth + b"\r\nend"
    opening = "".join(
        f'--b{n}\r\nContent-Type: multipart/mixed; boundary="b{n + 1}"\r\n\r\n' for n in range(depth)
    )
    return mail(opening + f"--b{depth}\r\n\r\nend\r\n", content_type='multipart/mixed; boundary="b0"')


def flat(count: int) -> bytes:
    return mail("--e\r\n\r\nx\r\n" * count + "--e--\r\n", content_type="multipart/mixed; boundary=e")


def part_field(name: str, value: str) -> bytes:
    return parts((f"{name}: {value}", b"<p>text</p>"))


MAILS: dict[str, Callable[[], bytes]] = {
    "multipart 20 deep": lambda: nested(20, "multipart"),
    "multipart 100 deep": lambda: nested(100, "multipart"),
    "multipart 1,000 deep": lambda: nested(1000, "multipart"),
    "attached 200 deep": lambda: nested(200, "rfc822"),
    "attached 2,000 deep": lambda: nested(2000, "rfc822"),
    "50,000 parts": lambda: flat(50_000),
    "100,000 headers": lambda: b"X-A: b\r\n" * 100_000 + mail(),
    "100,000 names": lambda: b"".join(b"X-%d: b\r\n" % n for n in range(100_000)) + mail(),
    "a header of 10 MB": lambda: b"X: " + b"a" * 10_000_000 + b"\r\n" + mail(),
    "a header folded 100,000 times": lambda: b"X: a\r\n" + b" b\r\n" * 100_000 + mail(),
    "50,000 encoded words": lambda: mail(subject="=?utf-8?B?YQ==?= " * 50_000),
    "50,000 openings of encoded words": lambda: mail(subject="=?a?b?" * 50_000),
    "200,000 addresses": lambda: mail(to="a@b.c, " * 200_000),
    "200,000 authors": lambda: mail(**{"from": "a@b.c, " * 200_000}),
    "nested comments in From": lambda: mail(**{"from": "(" * 60_000 + "a@b.c"}),
    "100,000 parameters": lambda: mail(content_type="text/plain; " + "a=b; " * 100_000),
    "100,000 quotes in parameters": lambda: mail(content_type="text/plain; " + 'a="b;" ; ' * 100_000),
    "100,000 parameters in a part": lambda: part_field("Content-Type", "text/html; " + "a=b; " * 100_000),
    "20,000 continuations": lambda: part_field(
        "Content-Type", "text/html" + "".join(f"; name*{n}=x" for n in range(20_000))
    ),
    "a file name of 10 KB": lambda: part_field(
        "Content-Disposition", "attachment; filename=../" + "x" * 10_240
    ),
    "no boundary": lambda: mail("--x\r\n\r\nHi", content_type="multipart/mixed"),
    "an empty boundary": lambda: mail("--\r\n\r\nHi", content_type='multipart/mixed; boundary=""'),
    "a boundary of 1,000": lambda: mail(
        "--\r\n\r\nHi", content_type=f"multipart/mixed; boundary={'x' * 1000}"
    ),
    "the same boundary inside": lambda: parts(("Content-Type: message/rfc822", parts(("A: b", b"x")))),
    "500,000 line ends": lambda: nested(20, "multipart") + b"\n" * 500_000,
    "500,000 dashes": lambda: mail("--a\n" * 500_000, content_type="multipart/mixed; boundary=b"),
    "encoded parts without end": lambda: mail("Content-Transfer-Encoding: base64\n\n" * 50_000),
    "broken base64": lambda: mail("====A" * 10_000, content_transfer_encoding="base64"),
    "broken quoted-printable": lambda: mail("=" * 100_000, content_transfer_encoding="quoted-printable"),
    "only CR": lambda: mail("one\rtwo").replace(b"\r\n", b"\r"),
    "only LF": lambda: mail("one\ntwo").replace(b"\r\n", b"\n"),
    "NUL": lambda: mail(b"\x00" * 100_000, subject=b"\x00x"),
    "every byte": lambda: mail(bytes(range(256)) * 100, subject=bytes(set(range(256)) - {10, 13})),
    "an idna charset": lambda: mail(b"x.\xff" * 1000, content_type="text/plain; charset=idna"),
    "a punycode charset": lambda: mail(
        b"a-" * 100_000 + b"\xff", content_type="text/plain; charset=punycode"
    ),
    "UTF-7": lambda: mail(b"+AGE-" * 100_000, content_type="text/plain; charset=utf-7"),
    "results without end": lambda: mail(authentication_results="a; " + "dkim=pass (" * 20_000),
    "a header block without end": lambda: mail("From: a@b.c\nDate: x\n" * 20_000, **{"from": "a@b.c"}),
    "no header at all": lambda: b"only text " * 10_000,
    "stray lines before the headers": lambda: b"stray " * 10_000 + b"\r\n" + mail(),
    "one line of 2 MB": lambda: mail("x" * 2_000_000),
    "targets": lambda: mail("http://a.b/" * 100_000),
    "marks": lambda: mail("[1]" * 150_000),
}

HTML: dict[str, Callable[[], str]] = {
    "open tags": lambda: "<a " * 333_000,
    "open comments": lambda: "<!--" * 200_000,
    "open CDATA": lambda: "<![CDATA[" * 100_000,
    "open ends": lambda: "</" * 300_000,
    "open declarations": lambda: "<!" * 300_000,
    "nested div": lambda: "<div>" * 100_000 + "x",
    "nested tables": lambda: "<table><tr><td>" * 50_000 + "x",
    "nested bold": lambda: "<b>" * 100_000 + "x",
    "nested fonts": lambda: "<font color=red>x" * 50_000,
    "nested links": lambda: "<a href=x>y" * 50_000,
    "text in one link": lambda: "<a href=x>" + "<span>y</span>" * 50_000,
    "buttons": lambda: "<div role=button>" * 30_000,
    "10,000 links": lambda: "<a href=https://h.example/>y</a>" * 10_000,
    "100,000 attributes": lambda: "<p " + " ".join(f"a{n}=1" for n in range(100_000)) + ">x",
    "quoted attributes": lambda: "<p " + " ".join(f'a{n}=">"' for n in range(50_000)) + ">x",
    "an attribute of 1 MB": lambda: f'<img src="data:{"x" * 1_000_000}"><p>x</p>',
    "style rules": lambda: "<style>" + "a{b:c}" * 100_000 + "</style>x",
    "open media rules": lambda: "<style>" + "@media{" * 100_000 + "</style>x",
    "open style comments": lambda: "<style>" + "/*" * 100_000 + "</style>x",
    "one class a tag": lambda: (
        "<style>.a{color:red}</style>"
        + "".join(f"<p class=c{n} style='color:#{n:06x}'>x" for n in range(30_000))
    ),
    "entities": lambda: "&#x41;" * 150_000,
    "lone surrogates": lambda: "<p>\ud800 x \udfff</p>" * 1000,
    "blanks": lambda: "<p>" + " " * 1_000_000,
}


@pytest.mark.parametrize("make", MAILS.values(), ids=MAILS.keys())
def test_a_bomb_of_a_mail_is_read_in_time(make: Callable[[], bytes]) -> None:
    in_time(make())


@pytest.mark.parametrize("make", HTML.values(), ids=HTML.keys())
def test_a_bomb_of_html_is_read_in_time(make: Callable[[], str]) -> None:
    in_time(html_mail(make().encode("utf-8", "surrogatepass").decode("utf-8", "replace")))
    start = time.process_time()
    visible(make())
    assert time.process_time() - start < SECONDS


def test_what_stands_before_a_flood_is_still_read() -> None:
    flood = parts(("Content-Type: text/plain", b"the offer"), *[("Content-Type: text/plain", b"x")] * 1000)
    message = in_time(flood)
    assert message.text.startswith("the offer")
    assert "bounded" in message.damaged
    assert in_time(mail(b"the offer\n" + b"x" * 3_000_000)).damaged == ("cut", "bounded")


def test_a_subject_can_carry_nothing_but_text() -> None:
    evil = b"a\x1b]52;c;aGk=\x07\x1b[31m =?utf-8?Q?=0D=0ABcc:_x=E2=80=AE?= [link=file:///x] %n ${x}"
    subject = dissect(mail(subject=evil)).subject
    assert subject.isprintable()
    assert "\u202e" not in subject


def test_a_cut_of_two_megabytes_is_noted() -> None:
    raw = parts(("Content-Type: application/zip\nContent-Transfer-Encoding: base64", b"A" * 3_000_000))
    assert "cut" in in_time(raw).damaged


def corpora() -> list[bytes]:
    """Mails nobody here wrote, where OFFERWATCH_CORPORA names a folder of them; else our own, torn."""
    folder = os.environ.get("OFFERWATCH_CORPORA")
    if folder:
        return [path.read_bytes() for path in sorted(Path(folder).rglob("*")) if path.suffix == ".eml"]
    print("OFFERWATCH_CORPORA is not set: torn mails of our own are read instead")  # noqa: T201  # for -rP
    whole = parts(
        ("Content-Type: text/html; charset=utf-8", "<table><tr><td>Frist läuft</td></tr></table>".encode()),
        ("Content-Type: message/rfc822", html_mail("<p>x</p>", subject="=?utf-8?B?w7w=?=")),
        ("Content-Type: text/plain\nContent-Transfer-Encoding: base64", base64.encodebytes(b"x" * 300)),
    )
    cut = [whole[:end] for end in range(0, len(whole), 3)]
    flipped = [whole[:at] + bytes([whole[at] ^ 0x41]) + whole[at + 1 :] for at in range(0, len(whole), 3)]
    return [*cut, *flipped]


@pytest.mark.timeout(600)
def test_mails_that_nobody_here_wrote_are_all_read_in_time() -> None:
    mails = corpora()
    assert len(mails) > 300
    slowest = 0.0
    for raw in mails:
        start = time.process_time()
        read_whole(raw)
        slowest = max(slowest, time.process_time() - start)
    assert slowest < SECONDS
