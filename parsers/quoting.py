"""The words that mail programs of eighteen languages put above a mail they quote or forward."""

import re

from parsers.cleaning import fold


def _words(table: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in table.replace("\n", " ").split("|"))


_FROM = _words(
    """
    from | de | von | da | van | od | от | от кого | від | від кого | kimden | gönderen | מאת | מ |
    من | المرسل | 差出人 | 送信者 | 送信元 | 보낸사람 | 보낸 사람 | 발신 | 발신자 | 보낸이 | จาก |
    ผู้ส่ง | từ | người gửi | dari | pengirim | expéditeur | remitente | absender | afzender |
    nadawca | mittente | remetente | отправитель | відправник | 发件人 | 寄件者 | frm | fra | från
    """
)
_DATE = _words(
    """
    date | sent | date sent | sent on | fecha | enviado | enviado el | fecha de envío | enviada em |
    enviado em | enviada | data | data de envio | envoyé | envoyé le | date d'envoi | datum |
    gesendet | gesendet am | inviato | data invio | verzonden | verzonden op | wysłano | wysłane |
    data wysłania | дата | отправлено | дата отправки | надіслано | відправлено | tarih | gönderildi |
    gönderme tarihi | gönderim tarihi | תאריך | נשלח | נשלח ב | التاريخ | تاريخ | تم الإرسال |
    تاريخ الإرسال | أرسلت | أُرسلت | الإرسال | 日付 | 日時 | 送信日時 | 送信日 | 날짜 | 보낸날짜 |
    보낸 날짜 | 보낸시간 | 보낸 시간 | 작성일 | 발신일 | วันที่ | วันที่ส่ง | ส่ง | ส่งเมื่อ | เมื่อ |
    ngày | ngày gửi | đã gửi | gửi | vào lúc | thời gian | tanggal | dikirim | terkirim | 发送时间 |
    日期 | skickat | sendt
    """
)
_SUBJECT = _words(
    """
    subject | betreff | asunto | objet | sujet | assunto | oggetto | onderwerp | temat | тема | konu |
    נושא | הנדון | الموضوع | موضوع | 件名 | 제목 | หัวเรื่อง | เรื่อง | หัวข้อ | chủ đề | tiêu đề |
    subjek | perihal | judul | hal | 主题 | 主旨 | ämne | emne | re
    """
)
_TO = _words(
    """
    to | an | para | à | pour | destinataire | destinatario | a | naar | aan | do | adresat | кому |
    kime | alıcı | אל | ל | إلى | الى | 宛先 | 받는사람 | 받는 사람 | 수신 | 수신자 | ถึง | tới |
    đến | người nhận | kepada | ke | untuk | 收件人 | till | til
    """
)

LABELS: dict[str, str] = {
    fold(word): role
    for role, words in (("to", _TO), ("subject", _SUBJECT), ("date", _DATE), ("from", _FROM))
    for word in words
}
"""What stands before the colon -> from, date, subject or to."""

_OTHER = _words(
    """
    cc | kopie | copie | copia | kopia | копия | копія | bilgi | עותק | نسخة | 참조 | สำเนา |
    reply-to | antwort an | responder a | répondre à | rispondi a | importance | wichtigkeit |
    priority | bcc | attachments | anlagen | organization | message-id | tembusan | ответить |
    sender | mailed-by | signed-by
    """
)
OTHER_LABELS = frozenset(map(fold, _OTHER))
"""Other labels that a header block may hold."""

_FORWARDED = _words(
    """
    forwarded message | begin forwarded message | forwarded by | forwarded email | mensaje reenviado |
    inicio del mensaje reenviado | mensagem encaminhada | mensagem reencaminhada |
    início da mensagem encaminhada | início da mensagem reencaminhada | message transféré |
    début du message transféré | début du message réexpédié | message réexpédié | message transmis |
    weitergeleitete nachricht | anfang der weitergeleiteten nachricht | messaggio inoltrato |
    inizio messaggio inoltrato | doorgestuurd bericht | begin doorgestuurd bericht |
    doorgestuurde bericht | przekazana wiadomość | wiadomość przekazana |
    treść przekazanej wiadomości | początek przekazywanej wiadomości | пересылаемое сообщение |
    пересланное сообщение | перенаправленное сообщение | начало переадресованного сообщения |
    переадресованное сообщение | начало пересылаемого сообщения | переслане повідомлення |
    перенаправлене повідомлення | початок листа, що пересилається |
    початок переадресованого повідомлення | iletilmiş mesaj | yönlendirilen mesaj | iletilen ileti |
    yönlendirilmiş ileti | iletilen mesaj | başlangıç iletilen mesaj | הודעה שהועברה |
    תחילת ההודעה שהועברה | התחלת ההודעה שהועברה | הודעה מועברת | رسالة معاد توجيهها | الرسالة المعاد توجيهها |
    بدء الرسالة المعاد توجيهها | رسالة تم تحويلها | رسالة محولة | 転送されたメッセージ |
    転送メッセージ | 転送されたメール | 전달된 메시지 | 전달된 메일 | 전달된 편지 | ข้อความที่ส่งต่อ |
    เริ่มต้นข้อความที่ส่งต่อ | thư chuyển tiếp | thư đã chuyển tiếp | tin nhắn đã chuyển tiếp |
    tin nhắn được chuyển tiếp | bắt đầu thư được chuyển tiếp | pesan diteruskan | pesan terusan |
    pesan yang diteruskan | awal pesan yang diteruskan | mulai pesan yang diteruskan | 转发的邮件 |
    转发邮件
    """
)
FORWARD_MARKS = tuple(sorted({fold(words) for words in _FORWARDED}))
"""Lines that hold one of these announce a forwarded mail."""

_REPLIES = _words(
    """
    re | aw | sv | odp | antw | ant | res | resp | r | ref | rif | ris | ynt | yan | yanıt | cevap |
    ответ | отв | на | відп | відповідь | השב | תגובה | ת | رد | 回复 | 回覆 | 答复 | 返信 | 답장 |
    회신 | ตอบ | ตอบกลับ | trả lời | tl | bls | balas | rép | réf | rv re
    """
)
_FORWARDS = _words(
    """
    fwd | fw | wg | tr | rv | i | enc | encaminhado | doorst | pd | ilt | vs | vb | пересл |
    переслано | пересылка | fwd re | הועבר | העבר | إعادة توجيه | تحويل | 転送 | 전달 | ส่งต่อ |
    chuyển tiếp | ct | trs | teruskan | diteruskan | 转发 | 轉寄 | wtr | reenv | res enc
    """
)


def _starts(words: tuple[str, ...]) -> re.Pattern[str]:
    longest_first = sorted({fold(word) for word in words}, key=len, reverse=True)
    return re.compile(rf"(?:{'|'.join(map(re.escape, longest_first))})\.?\s?(?:[\[(]\d{{1,3}}[\])])?\s?:")


_REPLY_START = _starts(_REPLIES)
_FORWARD_START = _starts(_FORWARDS)


def replies(subject: str) -> bool:
    """Does a subject say first of all that this is a reply?"""
    return _REPLY_START.match(fold(subject)) is not None


def forwards(subject: str) -> bool:
    """Does a subject say first of all that this is a forward?"""
    return _FORWARD_START.match(fold(subject)) is not None
