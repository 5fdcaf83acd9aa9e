"""A mail is taken apart rightly whatever its writer did to it."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.bodies import visible
from parsers.charsets import decode
from parsers.cleaning import clean, fold, folded
from parsers.headers import Address, addresses, decode_words, parse_date
from parsers.message import dissect
from parsers.plaintext import links_in_text, plain
from support.mails import html_mail, mail, parts


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (b"=?utf-8?B?w7w=?= =?utf-8?B?w7w=?=", "üü"),
        (b"=?utf-8?Q?=C3?= =?utf-8?Q?=BCber?=", "über"),  # a letter cut in two
        (b"=?UTF-8?B?w?= =?UTF-8?B?7w=?=", "ü"),  # base64 cut in two
        (b'"=?utf-8?Q?Ali=45xpress?=" x', '"AliExpress" x'),
        (b"=?x-nobody-knows?Q?=FC?= a", "ü a"),
        (b"=?iso-8859-1?Q?=C3=BC?=", "ü"),  # UTF-8 under a wrong name
        (b"raw \xd0\x97\xd0\xb0\xd0\xba\xd0\xb0\xd0\xb7", "raw Заказ"),
        (b"=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "日本"),
        (b"=?gb2312?B?1tDOxA==?=", "中文"),
        (b"=?utf-8?Q?two words?= here", "two words here"),
        (b"=?utf-8*en?Q?with_language?=", "with language"),
    ],
)
def test_encoded_words_are_read_in_all_their_abuses(sent: bytes, read: str) -> None:
    assert clean(decode_words(sent)) == read


@pytest.mark.parametrize(
    ("charset", "text"),
    [
        ("koi8-r", "Спор открыт"),
        ("windows-1251", "Спор открыт"),
        ("windows-1256", "تم فتح النزاع"),
        ("windows-1255", "המחלוקת נפתחה"),
        ("tis-620", "เปิดข้อพิพาท"),
        ("euc-kr", "분쟁이 시작되었습니다"),
        ("gb18030", "纠纷已开启"),
        ("iso-2022-jp", "紛争が開始されました"),
        ("shift_jis", "紛争が開始されました"),
        ("utf-16", "Der Streit läuft"),
        ("utf-7", "Der Streit läuft"),
        ("iso-8859-9", "Anlaşmazlık açıldı"),
    ],
)
def test_every_charset_of_our_languages_is_read(charset: str, text: str) -> None:
    body = base64.encodebytes(text.encode(charset))
    raw = mail(body, content_type=f"text/plain; charset={charset}", content_transfer_encoding="base64")
    assert dissect(raw).text.strip() == text


def test_a_missing_or_wrong_charset_is_found_out() -> None:
    assert decode("Frist läuft".encode(), "iso-8859-1") == "Frist läuft"
    assert decode("Frist läuft".encode("cp1252"), "utf-8") == "Frist läuft"
    assert decode("Frist läuft".encode("utf-16-le")) == "Frist läuft"
    assert decode(b"\xef\xbb\xbfFrist", "cp1252") == "Frist"
    assert decode(b"plain", "idna") == decode(b"plain", "rot13") == "plain"
    meta = '<meta charset="koi8-r"><p>Спор</p>'.encode("koi8-r")
    assert "Спор" in dissect(mail(meta, content_type="text/html")).html


def test_a_date_counts_only_with_a_zone() -> None:
    instant = datetime(2026, 1, 5, 10, 21, 32, tzinfo=UTC)
    for good in (
        "Mon, 05 Jan 2026 10:21:32 +0000",
        "5 Jan 26 10:21:32 -0000",
        "Mon, 5 Jan 2026 02:21:32 PST",
    ):
        found = parse_date(good)
        assert found is not None
        assert found[0] == instant
    assert dissect(mail(date="Mon, 05 Jan 2026 12:21:32 +0200")).date == instant
    assert dissect(mail(date="Mon, 05 Jan 2026 12:21:32 +0200")).date_offset.utcoffset(None) == timedelta(
        hours=2
    )
    for bad in ("", "Mon, 05 Jan 2026 10:21:32", "31 Feb 2026 10:00 +0000", "1 Jan 0000 00:00 +0000", "soon"):
        assert parse_date(bad) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"AliExpress <a@b.c>", (Address("AliExpress", "a@b.c"),)),
        (b'"x@y.z <x@y.z>" <e@evil.c>', (Address("x@y.z <x@y.z>", "e@evil.c"),)),
        (b"=?utf-8?Q?x@y.z=2C_?= <a@b.c>", (Address("x@y.z,", "a@b.c"),)),
        (b"a@b.c (Ali)", (Address("Ali", "a@b.c"),)),
        (b"Us: a@b.c, d@e.f;", (Address("", "a@b.c"), Address("", "d@e.f"))),
        (b"undisclosed-recipients:;", ()),
    ],
)  # fmt: skip
def test_what_is_quoted_or_encoded_never_becomes_an_address(
    value: bytes, expected: tuple[Address, ...]
) -> None:
    assert addresses(value) == expected


def test_text_and_html_are_found_and_attachments_are_not_read() -> None:
    raw = parts(
        ("Content-Type: text/plain", b"the text"),
        ("Content-Type: text/html", b"<p>the html</p>"),
        ("Content-Type: text/plain\nContent-Disposition: attachment; filename=x.txt", b"secret"),
        ("Content-Type: text/calendar", b"BEGIN:VCALENDAR"),
    )
    found = dissect(raw)
    assert (found.text.strip(), found.html.strip()) == ("the text", "<p>the html</p>")


def test_an_attached_mail_is_an_original_and_not_part_of_the_body() -> None:
    inner = html_mail("<p>inner</p>", subject="Inner")
    found = dissect(
        parts(("Content-Type: message/rfc822", inner), ("Content-Type: text/plain", b"see below"))
    )
    assert found.html == ""
    assert found.text.strip() == "see below"
    assert [dissect(one).subject for one in found.attached] == ["Inner"]


def test_flowed_lines_are_joined() -> None:
    raw = mail("The offer ends \nin 3 days.\n\nBye", content_type="text/plain; format=flowed")
    assert dissect(raw).text.split("\n")[0] == "The offer ends in 3 days."


def test_opaque_mail_says_so_and_signed_mail_is_read() -> None:
    assert (
        "opaque"
        in dissect(mail("AAAA", content_type="application/pkcs7-mime; smime-type=enveloped-data")).damaged
    )
    signed = parts(
        ("Content-Type: text/plain", b"inside"),
        ("Content-Type: application/pgp-signature", b"x"),
        kind="signed",
    )
    assert dissect(signed).text.strip() == "inside"


def test_a_multipart_without_its_boundary_is_read_all_the_same() -> None:
    body = "--abc\nContent-Type: text/html\n\n<p>Hi</p>\n--abc--\n"
    found = dissect(mail(body, content_type="multipart/mixed"))
    assert "<p>Hi</p>" in found.html
    assert "torn" in found.damaged


def test_two_senders_are_both_kept() -> None:
    raw = b"From: One <a@b.c>\r\nFrom: Two <d@e.f>\r\nSubject: x\r\n\r\nbody"
    assert [author.address for author in dissect(raw).authors] == ["a@b.c", "d@e.f"]


@given(st.binary(max_size=3000))
@settings(max_examples=150, deadline=None)
def test_any_bytes_can_be_taken_apart(raw: bytes) -> None:
    found = dissect(raw)
    visible(found.html)
    plain(found.text)
    found.subject.encode("utf-8")


@given(st.integers(min_value=0, max_value=2000))
@settings(max_examples=60, deadline=None)
def test_a_mail_cut_anywhere_can_be_taken_apart(end: int) -> None:
    inner = html_mail("<table><tr><td>x</td></tr></table>", subject="=?utf-8?B?w7w=?=")
    raw = parts(("Content-Type: text/html", b"<p>x"), ("Content-Type: message/rfc822", inner))
    assert dissect(raw[:end]) is not None


def shown(html: str) -> list[str]:
    return [block.text for block in visible(html).blocks]


def test_inline_tags_never_tear_a_word_and_cells_keep_their_row() -> None:
    assert shown("<p>12</b> Mar<b>ch</b> 20<span>26</span></p>") == ["12 March 2026"]
    assert shown("<p>1&shy;2&#8203; M&zwnj;ar&nbsp;2026</p>") == ["12 Mar 2026"]
    cells = visible("<table><tr><td>Order</td><td>81</td></tr><tr><td>Sum</td></tr></table>").blocks
    assert [(cell.text, cell.row, cell.cell) for cell in cells] == [
        ("Order", 1, 0),
        ("81", 1, 1),
        ("Sum", 2, 0),
    ]
    assert shown("one<br>two<br><br>three") == ["one\ntwo", "three"]


@pytest.mark.parametrize(
    "hidden",
    [
        '<p style="display:none">X</p>',
        '<p style="DISPLAY : none !important">X</p>',
        '<p style="visibility:hidden">X</p>',
        '<p style="font-size:0">X</p>',
        '<p style="font-size:1px;line-height:1px">X</p>',
        '<p style="max-height:0;overflow:hidden">X</p>',
        '<p style="opacity:0">X</p>',
        '<p style="color:#fff">X</p>',
        '<td bgcolor="#eeeeee"><font color="#eeeeee">X</font></td>',
        '<p style="position:absolute;left:-9999px">X</p>',
        '<p style="text-indent:-9999px">X</p>',
        '<p style="color:rgba(0,0,0,0)">X</p>',
        "<p hidden>X</p>",
        "<style>.pre{display:none}</style><p class=pre>X</p>",
        "<style>#pre, b.no {display:none}</style><p id=pre>X</p>",
        "<!-- X --><script>X</script><title>X</title><!--[if mso]><p>X</p><![endif]-->",
    ],
)
def test_what_style_hides_is_not_read(hidden: str) -> None:
    assert shown(f"<body>{hidden}<p>seen</p></body>") == ["seen"]


@pytest.mark.parametrize(
    "seen",
    [
        '<div style="font-size:0"><p style="font-size:14px">X</p></div>',
        '<a style="mso-hide:all;color:#fff;background-color:#e00" href="x">X</a>',  # from Outlook
        '<td background="p.png" style="color:#fff">X</td>',
        '<td style="background:linear-gradient(red,blue)"><span style="color:white">X</span></td>',
        "<style>@media (max-width:600px){.m{display:none}}</style><p class=m>X</p>",
        (
            "<style>.btn td{background:red}</style><table class=btn><tr><td class=btn style='color:#fff'>"
            "X</td></tr></table>"
        ),
        "<!--[if !mso]><!--><p>X</p><!--<![endif]-->",
        "<p style='color:#fff;background:#000'>X</p>",
    ],
)
def test_what_only_looks_hidden_is_read(seen: str) -> None:
    assert shown(seen) == ["X"]


def test_a_link_has_a_label_whatever_it_is_made_of() -> None:
    html = (
        '<a href="1">Acc<b>ept</b></a> <a href="2"><img src="x/p.png" alt="Reject"></a>'
        '<a href="3"><img src="https://h.example/see_order.png"></a><a href="4" title="Why"></a>'
        '<form action="5"><input type="submit" value="Send"></form><button>Dead</button>'
        '<map><area href="6" alt="Area"></map><a>Lost</a><p style="display:none"><a href="7">Hidden</a></p>'
    )
    assert [(one.href, one.label) for one in visible(html).anchors] == [
        ("1", "Accept"), ("2", "Reject"), ("3", "see order"), ("4", "Why"), ("5", "Send"), ("", "Dead"),
        ("6", "Area"), ("", "Lost"),
    ]  # fmt: skip


def test_a_target_is_decoded_once() -> None:
    anchors = visible('<a href="https://x.example/?a=1&amp;b=2&amp;amp;c&orderId=3">L</a>').anchors
    assert anchors[0].href == "https://x.example/?a=1&b=2&amp;c&orderId=3"


def test_what_is_quoted_from_an_older_mail_is_marked() -> None:
    blocks = visible("<p>New</p><div>On 3 Mar, X wrote:</div><blockquote type=cite>Old</blockquote>").blocks
    assert [(block.text, block.quoted) for block in blocks] == [
        ("New", False), ("On 3 Mar, X wrote:", True), ("Old", True),
    ]  # fmt: skip
    assert [block.quote for block in plain("New\n\nAm 3.3. schrieb X:\n> Old\n>> Older").blocks] == [
        0,
        1,
        1,
        2,
    ]


def test_links_of_a_text_part_have_the_label_before_them() -> None:
    text = (
        "Accept: https://h.example/a?x=(1).\nReject <https://h.example/\n r>\n[Open](https://h.example/o)\n\n"
        "See the case\nhttps://h.example/c\n\nNote [1]\n\nHole: ${url}\n\n[1] https://h.example/n\n"
    )
    assert [(one.label, one.href) for one in links_in_text(text)] == [
        ("Accept", "https://h.example/a?x=(1)"),
        ("Reject", "https://h.example/r"),
        ("Open", "https://h.example/o"),
        ("See the case", "https://h.example/c"),
        ("Note", "https://h.example/n"),
        ("Hole", "${url}"),
    ]


def test_cleaning_and_folding_make_text_comparable() -> None:
    assert clean("a\u200bb\u00adc \u00a0d\x1b[31m\u202e\ud800") == "abc d[31m"
    assert fold("n.º １２ ١٢") == "n.o 12 12"
    assert fold("SATICI İADE") == fold("satıcı iade")
    assert fold("Straße – l’offre") == "strasse - l'offre"
    assert folded("Frist: 2–7 Tage").quote(7, 10) == "2–7"


@given(st.text(max_size=200))
@settings(deadline=None)
def test_folding_twice_changes_nothing_and_cleaned_text_can_be_printed(text: str) -> None:
    clean(text).encode("utf-8")
    assert clean(clean(text)) == clean(text)
    assert len(folded(text).text) == len(folded(text).places)


def test_what_stands_in_an_attached_container_is_no_body() -> None:
    inner = b"--in\r\nContent-Type: text/plain\r\n\r\nold news\r\n--in--\r\n"
    head = 'Content-Type: multipart/mixed; boundary="in"\nContent-Disposition: attachment'
    found = dissect(parts(("Content-Type: text/plain", b"new"), (head, inner)))
    assert found.text.strip() == "new"


def test_reading_a_mail_says_nothing_to_the_logs(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    dissect(
        parts(("Content-Type: x-secret/word", b"x"), ("Content-Disposition: attachment; filename=a.b", b"y"))
    )
    assert caplog.text == ""
