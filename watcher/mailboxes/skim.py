"""A first pass over header lines: could this mail be AliExpress's, or carry one of theirs?

Law: this may only ever say "no" to bulk mail, or a machine's mail, of somebody else. It looks for the
brand anywhere in the lines, for relays that hide it, for the marks of a forward in any language, and for
an order's number. A mail from a person shows none of these when its subject was rewritten: that one stays
a "maybe".
"""

import re
from email.errors import HeaderParseError
from email.header import decode_header
from enum import Enum

FIELDS = (
    "FROM SENDER REPLY-TO RETURN-PATH SUBJECT CONTENT-TYPE IN-REPLY-TO REFERENCES LIST-ID LIST-UNSUBSCRIBE"
    " PRECEDENCE AUTO-SUBMITTED FEEDBACK-ID RESENT-FROM RESENT-TO X-FORWARDED-TO X-FORWARDED-FOR"
)
BRAND = "aliexpress"

_BRANDS = (BRAND, "алиэкспресс", "速卖通", "速賣通", "알리익스프레스", "アリエクスプレス", "علي إكسبريس")
_RELAYS = (
    "privaterelay.appleid.com", "simplelogin", "slmail", "aleeas", "addy.io", "anonaddy", "addymail",
    "duck.com", "mozmail.com", "relay.firefox.com", "33mail.com",
)  # fmt: skip
# How mail programs mark a forward, language by language; a mark too many costs one body, no more.
_FORWARD = re.compile(
    r"\b(fwd?|fw|wg|tr|rv|enc|rif|i|vs|vl|pd|doorst|ilt|továbbítás|перес|fs|ynt|iltt|转发|轉寄|転送|전달|"
    r"weitergeleitet|reenviado|encaminhado|переслано)\s*[:：\]]",
    re.I,
)
_ORDER = re.compile(r"\d{12,20}")
_BULK = re.compile(
    rb"^(list-id|list-unsubscribe|feedback-id):|^precedence:\s*(bulk|list|junk)|"
    rb"^auto-submitted:\s*auto|^content-type:\s*multipart/report",
    re.I | re.M,
)
# Senders that are nobody's own address; a machine that forwards keeps the first From or says X-Forwarded.
_MACHINE = re.compile(
    rb"^from:.*\b(no|do-?not)[-_.]?reply|^from:.*\b(newsletters?|notifications?|mailer-daemon|bounces?)@",
    re.I | re.M,
)
_ANYWAY = re.compile(rb"^(resent-|x-forwarded-)|^content-type:\s*(message/|multipart/digest)", re.I | re.M)
_FOLD = re.compile(rb"\r?\n[ \t]+")
_SUBJECT = re.compile(rb"^subject:[ \t]*(.*)$", re.I | re.M)
_PEOPLE = re.compile(rb"^(from|sender|reply-to):[ \t]*(.*)$", re.I | re.M)


class Could(Enum):
    """Whether a mail could matter to us."""

    YES = "yes"
    MAYBE = "maybe"
    NO = "no"


def could(header: bytes, forwarders: tuple[str, ...] = ()) -> Could:
    """Judge a block of header lines (`FIELDS`); `forwarders` are addresses in lower case. Never raises."""
    lines = _FOLD.sub(b" ", header)
    if _ANYWAY.search(lines) or not _PEOPLE.search(lines):
        return Could.YES
    text = " ".join([lines.decode("utf-8", "replace"), *map(_decoded, _PEOPLE.findall(lines))]).lower()
    if any(word in text for word in (*_BRANDS, *_RELAYS, *forwarders)):
        return Could.YES
    subject = _decoded((b"", b" ".join(_SUBJECT.findall(lines))))
    if _FORWARD.search(subject) or _ORDER.search(subject) or any(b in subject.lower() for b in _BRANDS):
        return Could.YES
    return Could.NO if _BULK.search(lines) or _MACHINE.search(lines) else Could.MAYBE


def _decoded(found: tuple[bytes, bytes]) -> str:
    """Return a header's text with its encoded words read, as far as they can be."""
    text = found[1][:4000].decode("utf-8", "replace")
    if "=?" not in text:
        return text
    try:
        return "".join(
            piece if isinstance(piece, str) else piece.decode(charset or "ascii", "replace")
            for piece, charset in decode_header(text)
        )
    except (HeaderParseError, LookupError, ValueError):
        return text
