"""The innermost original of a forward is found, whoever forwarded it, and an answer is no forward."""

from datetime import UTC, datetime, timedelta, tzinfo

import pytest

from parsers.forwards import Original, innermost
from parsers.message import dissect
from support.mails import html_mail, mail, parts

US = "AliExpress <transaction@notice.aliexpress.com>"
READ_AT = datetime(2026, 3, 1, 9, tzinfo=UTC)
asked: list[tuple[str, tzinfo]] = []


def instant(text: str, zone: tzinfo) -> datetime | None:
    asked.append((text, zone))
    return READ_AT


def found(raw: bytes) -> Original | None:
    asked.clear()
    return innermost(dissect(raw), instant)


def forward(body: str, subject: str = "Fwd: Order", html: bool = False) -> bytes:
    fields = {"from": "Ann <ann@example.org>", "subject": subject, "date": "Mon, 02 Mar 2026 10:00:00 +0100"}
    return (
        html_mail(body, **fields) if html else mail(body, content_type="text/plain; charset=utf-8", **fields)
    )


# One block for each language, as one mail program or another writes it.
HEADS = {
    "en gmail": (
        f"---------- Forwarded message ---------\nFrom: {US}\nDate: Tue, Mar 3, 2026 "
        "at 9:00 AM\nSubject: Offer\nTo: <ann@example.org>"
    ),
    "en apple": (
        f"Begin forwarded message:\n\n> From: {US}\n> Subject: Offer\n> Date: 3 March "
        "2026 at 09:00:00 CET\n> To: ann@example.org"
    ),
    "de outlook": (
        f"________________________________\nVon: {US}\nGesendet: Dienstag, 3. März 2026 "
        "09:00\nAn: ann@example.org\nBetreff: Offer"
    ),
    "de gmx": (
        f"Gesendet: Dienstag, 3. März 2026 um 09:00 Uhr\nVon: {US}\nAn: ann@example.org\n"
        "Betreff: Offer"
    ),
    "de thunderbird": (
        "-------- Weitergeleitete Nachricht --------\nBetreff: \tOffer\nDatum: \tTue,"
        f" 3 Mar 2026 09:00:00 +0000\nVon: \t{US}\nAn: \tann@example.org"
    ),
    "es": (
        f"---------- Mensaje reenviado ---------\nDe: {US}\nFecha: mar, 3 mar 2026 a "
        "las 9:00\nAsunto: Offer\nPara: ann@example.org"
    ),
    "pt": (
        f"---------- Mensagem encaminhada ---------\nDe: {US}\nData: ter., 3 de mar. "
        "de 2026 às 09:00\nAssunto: Offer\nPara: ann@example.org"
    ),
    "fr": f"De : {US}\nEnvoyé : mardi 3 mars 2026 09:00\nÀ : ann@example.org\nObjet : Offer",
    "it": f"Da: {US}\nInviato: martedì 3 marzo 2026 09:00\nA: ann@example.org\nOggetto: Offer",
    "nl": f"Van: {US}\nVerzonden: dinsdag 3 maart 2026 09:00\nAan: ann@example.org\nOnderwerp: Offer",
    "pl": f"Od: {US}\nWysłano: wtorek, 3 marca 2026 09:00\nDo: ann@example.org\nTemat: Offer",
    "ru": (
        f"-------- Пересылаемое сообщение --------\nОт: {US}\nДата: вт, 3 мар. 2026 г. "
        "в 09:00\nТема: Offer\nКому: ann@example.org"
    ),
    "uk": f"Від: {US}\nНадіслано: вівторок, 3 березня 2026 р. 09:00\nКому: ann@example.org\nТема: Offer",
    "tr": f"Kimden: {US}\nGönderildi: 3 Mart 2026 Salı 09:00\nKime: ann@example.org\nKonu: Offer",
    "he": f"מאת: {US}\nנשלח: יום שלישי 03 מרץ 2026 09:00\nאל: ann@example.org\nנושא: Offer",
    "ar": f"من: {US}\nالتاريخ: ٣ مارس ٢٠٢٦ ٩:٠٠\nإلى: ann@example.org\nالموضوع: Offer",
    "ja": f"差出人: {US}\n送信日時: 2026年3月3日 9:00\n宛先: ann@example.org\n件名: Offer",
    "ko": f"보낸사람: {US}\n날짜: 2026년 3월 3일 09:00\n받는사람: ann@example.org\n제목: Offer",
    "th": f"จาก: {US}\nวันที่: 3 มี.ค. 2026 09:00\nเรื่อง: Offer\nถึง: ann@example.org",
    "vi": f"Từ: {US}\nNgày: Th 3, 3 thg 3, 2026 lúc 09:00\nChủ đề: Offer\nĐến: ann@example.org",
    "id": f"Dari: {US}\nTanggal: Sel, 3 Mar 2026 09.00\nSubjek: Offer\nKepada: ann@example.org",
    "zh": f"发件人：{US}\n发送时间：2026年3月3日 9:00\n收件人：ann@example.org\n主题：Offer",
    "markdown bold": (
        f"*From:* {US}\n*Sent:* Tuesday, March 3, 2026 9:00 AM\n*To:* ann@example.org\n"
        "*Subject:* Offer"
    ),
    "mailto": (
        "From: AliExpress [mailto:transaction@notice.aliexpress.com]\nSent: Tuesday,"
        " March 3, 2026\nTo: ann@example.org\nSubject: Offer"
    ),
}  # fmt: skip


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS.keys())
def test_a_quoted_forward_is_opened_in_every_language(head: str) -> None:
    original = found(forward(f"{head}\n\nThe seller offers 5.00\n\nAccept: https://www.aliexpress.com/a\n"))
    assert original is not None
    assert (original.sender_address, original.subject) == ("transaction@notice.aliexpress.com", "Offer")
    assert original.text is not None
    assert [block.text for block in original.text.blocks] == [
        "The seller offers 5.00", "Accept: https://www.aliexpress.com/a",
    ]  # fmt: skip
    assert [anchor.label for anchor in original.text.anchors] == ["Accept"]
    assert not any(block.quoted for block in original.text.blocks)


def test_a_quoted_date_counts_in_the_zone_of_the_mail_that_quotes_it() -> None:
    original = found(forward(HEADS["en gmail"] + "\n\nHi"))
    assert original is not None
    assert original.date == READ_AT
    assert asked[-1][0] == "Tue, Mar 3, 2026 at 9:00 AM"
    assert asked[-1][1].utcoffset(None) == timedelta(hours=1)
    exact = found(forward(HEADS["de thunderbird"] + "\n\nHi"))
    assert exact is not None
    assert exact.date == datetime(2026, 3, 3, 9, tzinfo=UTC)


HTML_HEADS = {
    "gmail": (
        '<div class="gmail_quote"><div class="gmail_attr">---------- Forwarded message '
        '---------<br>Von: <strong>AliExpress</strong> <span>&lt;<a href="mailto:t@notice.aliexpress.com">'
        't@notice.aliexpress.com</a>&gt;</span><br>Date: Di., 3. März 2026<br>Subject: '
        'Offer<br>To: &lt;ann@example.org&gt;<br></div><br>{body}</div>'
    ),
    "outlook": (
        '<div style="border-top:solid #E1E1E1 1pt"><p><b>Von:</b> AliExpress &lt;t@notice.aliexpress.com&gt;'
        '<br><b>Gesendet:</b> Dienstag<br><b>An:</b> Ann<br><b>Betreff:</b> Offer</p>'
        '</div>{body}'
    ),
    "apple": (
        '<div>Begin forwarded message:</div><blockquote type="cite"><div><b>From: </b>'
        'AliExpress &lt;t@notice.aliexpress.com&gt;</div><div><b>Subject: </b>Offer</div>'
        '<div><b>Date: </b>3 March</div><div><b>To: </b>ann@example.org</div><br>{body}</blockquote>'
    ),
    "thunderbird": (
        '<div class="moz-forward-container">-------- Forwarded Message --------<table>'
        '<tr><th>Subject: </th><td>Offer</td></tr><tr><th>Date: </th><td>Tue</td></tr>'
        '<tr><th>From: </th><td>AliExpress &lt;t@notice.aliexpress.com&gt;</td></tr>'
        '<tr><th>To: </th><td>ann@example.org</td></tr></table>{body}</div>'
    ),
}  # fmt: skip


@pytest.mark.parametrize("head", HTML_HEADS.values(), ids=HTML_HEADS.keys())
def test_a_forward_in_html_is_opened_with_its_links(head: str) -> None:
    body = '<p>The seller offers 5.00</p><p><a href="https://www.aliexpress.com/a">Accept</a></p>'
    original = found(forward(head.replace("{body}", body), html=True))
    assert original is not None
    assert (original.sender_address, original.subject) == ("t@notice.aliexpress.com", "Offer")
    assert original.html is not None
    assert [block.text for block in original.html.blocks] == ["The seller offers 5.00", "Accept"]
    assert [(one.label, one.position, one.quoted) for one in original.html.anchors] == [("Accept", 1, False)]


def test_a_forward_of_a_forward_gives_the_innermost() -> None:
    outer = (
        HEADS["en gmail"]
        .replace(US, "Bob <bob@example.org>")
        .replace("Subject: Offer", "Subject: Fwd: Offer")
    )
    original = found(forward(f"Look!\n\n{outer}\n\nfyi\n\n{HEADS['de outlook']}\n\nThe seller offers 5.00"))
    assert original is not None
    assert (original.sender_address, original.depth) == ("transaction@notice.aliexpress.com", 2)


def test_an_attached_original_is_opened_up_to_six_deep() -> None:
    raw = html_mail("<p>Offer</p>", subject="Offer", date="Mon, 02 Mar 2026 10:00:00 +0000")
    for depth in range(1, 6):
        raw = parts(
            ("Content-Type: message/rfc822", raw),
            edge=f"e{depth}",
            **{"from": "Ann <ann@example.org>", "subject": "Fwd"},
        )
        original = found(raw)
        assert original is not None
        assert (original.sender_address, original.depth) == ("transaction@notice.aliexpress.com", depth)
    assert original is not None
    assert original.html is not None
    assert original.html.blocks[0].text == "Offer"


ANSWERS = (
    "Re: O",
    "AW: O",
    "SV: O",
    "Odp: O",
    "RE[2]: O",
    "Ответ: O",
    "Ynt: O",
    "답장: O",
    "回复：O",
    "Re: Fwd: O",
)


@pytest.mark.parametrize("subject", ANSWERS)
def test_an_answer_that_quotes_us_is_no_forward(subject: str) -> None:
    assert found(forward(f"I disagree.\n\n{HEADS['de outlook']}\n\nThe seller offers 5.00", subject)) is None


def test_an_answer_below_a_line_that_says_who_wrote_is_no_forward() -> None:
    assert found(forward(f"No.\n\nOn 3 March 2026, {US} wrote:\n> The seller offers 5.00", "Order")) is None
    assert found(forward(f"I disagree.\n\n{HEADS['de outlook']}\n\nThe seller offers 5.00", "Order")) is None


def test_our_own_mail_is_never_a_forward() -> None:
    assert found(mail(f"Note\n\n{HEADS['en gmail']}\n\nText")) is None


def test_a_table_of_an_order_is_no_header_block() -> None:
    body = "Order\n\nFrom: Shop\nTo: Ann\nPrice: 5\n\nDate: Monday\n"
    assert found(forward(body, "Your order")) is None
