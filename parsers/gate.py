"""Dismisses by a glance at the bytes what can't be AliExpress's; lets through too much, never too little."""

import binascii
import re
from collections.abc import Iterator
from functools import lru_cache

from parsers.bounds import RAW_LIMIT
from parsers.headers import decode_words, header_end, parse_headers
from rules.lookalikes import pretends

_BRAND = b"aliexpress"
_SENDERS = ("from", "sender", "reply-to", "subject", "x-original-from", "x-original-sender")
_AUTHORS = ("from", "sender", "reply-to")
# Charsets in which the brand's letters are not their ASCII bytes, and encodings that we don't undo here.
_STRANGE = (
    (
        b"charset",
        re.compile(
            rb"\*?\d?\*?\s*=\s*[\"']?(?:utf-?7|utf-?16|utf-?32|ucs|unicode|cp0?37|cp500|cp1140|ibm|ebcdic|x-)"
        ),
    ),
    (b"encoding", re.compile(rb"\s*:\s*(?:x-)?uu")),
)
_ENCODED = (b"content-transfer-encoding", re.compile(rb"\s*:\s*\"?base64"))
_TYPE = re.compile(rb"content-type\s*:\s*([a-z]+)")
_NOT_TEXT = (b"image", b"audio", b"video", b"application", b"font", b"model")
_WORDS = re.compile(r"[\w.-]+")
_PART_HEAD = 4096
_PARTS = 50  # mail with more encoded parts is left to the careful reader
_BLANK = re.compile(rb"\r?\n[ \t]*\r?\n|\r\r")


def could_matter(raw: bytes) -> bool:
    """Is the brand anywhere in a mail: in its bytes, its encoded parts, or, disguised, in who sent it?"""
    raw = raw[:RAW_LIMIT]
    lowered = raw.lower()
    if _BRAND in lowered or _is_strange(lowered):
        return True
    if b"\x00" in lowered and _BRAND in lowered.replace(b"\x00", b""):
        return True
    return _in_parts(raw, lowered) or _in_senders(raw)


def _in_parts(raw: bytes, lowered: bytes) -> bool:
    if b"quoted-printable" in lowered and _BRAND in binascii.a2b_qp(lowered).lower():
        return True
    for count, field in enumerate(_places(lowered, *_ENCODED)):
        if count == _PARTS or _in_base64(raw, lowered, field):
            return True
    return False


def _places(lowered: bytes, word: bytes, behind: re.Pattern[bytes]) -> Iterator[int]:
    """Where a word stands with an expression right behind it; `find` is far faster than one expression."""
    at = lowered.find(word)
    while at >= 0:
        if behind.match(lowered, at + len(word)):
            yield at
        at = lowered.find(word, at + len(word))


def _in_base64(raw: bytes, lowered: bytes, field: int) -> bool:
    """Look into one encoded part, unless its headers say that it is a picture or a file."""
    blank = _BLANK.search(raw, field)
    if blank is None:
        return False
    floor = max(0, field - _PART_HEAD)
    start = max(lowered.rfind(b"\n\n", floor, field), lowered.rfind(b"\n\r\n", floor, field), floor)
    kind = _TYPE.search(lowered, start, blank.start())
    if kind and kind.group(1) in _NOT_TEXT:
        return False
    end = raw.find(b"\n--", blank.end())
    try:
        inside = binascii.a2b_base64(raw[blank.end() : end if end >= 0 else len(raw)]).lower()
    except binascii.Error:
        return True  # torn, so not to be judged by a glance
    if _BRAND in inside.replace(b"\x00", b""):
        return True
    # An attached mail may be encoded once more inside.
    return b"base64" in inside or b"quoted-printable" in inside or _is_strange(inside)


def _is_strange(lowered: bytes) -> bool:
    return any(True for word, behind in _STRANGE for _ in _places(lowered, word, behind))


def _in_senders(raw: bytes) -> bool:
    headers = parse_headers(raw[: header_end(raw)[0]])
    for name in _SENDERS:
        for value in headers.raw(name):
            text = decode_words(value[:4096])
            if "aliexpress" in "".join(text.split()).casefold():
                return True
            if name in _AUTHORS and _disguised(text):
                return True
    return False


@lru_cache(maxsize=4096)
def _disguised(text: str) -> bool:
    """Does a sender look like the brand: other scripts' letters, digits for letters, punycode?"""
    joined = "".join(_WORDS.findall(text.replace(".", " "))).replace(" ", "")
    if pretends(joined[:300]):
        return True
    return any(pretends(word.strip(".").lower()) for word in _WORDS.findall(text)[:50])
