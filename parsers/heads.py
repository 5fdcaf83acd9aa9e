"""Rewrites a mail's header block line by line, folds and encoded words as they were, people replaced."""

import base64
import re
from collections.abc import Callable, Sequence

from parsers.cast import Cast
from parsers.charsets import codec_for
from parsers.glyphs import Glyphs, write_plain
from parsers.headers import decode_words
from parsers.masks import Mask
from parsers.traces import Find, in_id, in_text, in_trace

PEOPLE = frozenset(
    ("to", "cc", "bcc", "from", "sender", "reply-to", "delivered-to", "x-original-to", "envelope-to",
     "return-path", "resent-to", "resent-from", "resent-sender", "resent-cc", "apparently-to",
     "x-forwarded-to", "x-forwarded-for", "x-envelope-to", "x-envelope-from", "x-original-from",
     "x-original-sender", "x-rcpt-to", "x-real-to", "errors-to", "x-delivered-to",
     "x-apple-original-to", "x-simplelogin-envelope-to", "x-simplelogin-envelope-from")
)  # fmt: skip
_KEPT = frozenset(
    ("date", "resent-date", "delivery-date", "mime-version", "content-transfer-encoding", "content-language",
     "importance", "priority", "x-priority", "precedence", "auto-submitted")
)  # fmt: skip
_IDS = frozenset(
    ("message-id", "in-reply-to", "references", "content-id", "resent-message-id", "x-message-id")
)  # fmt: skip
_SHOWN = frozenset(
    ("subject", "thread-topic", "comments", "keywords", "content-description", "x-original-subject")
)  # fmt: skip
_FIELD = re.compile(rb"^([\x21-\x39\x3b-\x7e]{1,128}[ \t]*:)([^\n]*(?:\n[ \t][^\n]*)*)", re.M)
_WORD = rb"=\?[^?\s]{1,60}\?[bBqQ]\?[^?\r\n]*\?="
_WORDS = re.compile(_WORD + rb"(?:\s+" + _WORD + rb")*")
_FIRST = re.compile(rb"=\?([^?*\s]+)[^?]*\?([bBqQ])\?")
_FILE = re.compile(rb"((?:file)?name\*?\d*\*?\s*=\s*)(?:\"([^\"]*)\"|([^\s;]+))", re.I)
_BOUNDARY = re.compile(rb"(boundary\*?\d?\*?\s*=\s*)(\"[^\"]*\"|[^\s;]+)", re.I)
_PER_WORD = 40


def masked_head(head: bytes, mask: Mask) -> bytes:
    """The header block with everything that leads back to somebody replaced."""
    return _FIELD.sub(lambda match: match[1] + _value(match[1], match[2], mask), head)


def masked_boundary(line: bytes, cast: Cast) -> bytes:
    """A boundary with its keys replaced; the same wherever it stands."""

    def key(match: re.Match[bytes]) -> bytes:
        run = match[0].decode()
        if len(run) < 4 or not any(char.isdigit() for char in run):
            return match[0]
        what = "number" if run.isdigit() and len(run) >= 9 else "token"
        cast.note(what, run)
        return cast.play(what, run).encode()

    return re.sub(rb"[A-Za-z0-9]+", key, line)


def _value(name: bytes, value: bytes, mask: Mask) -> bytes:
    field = name.rstrip(b": \t").decode("ascii").lower()
    if field in _KEPT:
        return value
    if field in ("content-type", "content-disposition"):
        value = _FILE.sub(_plain_file, value)
        found = _BOUNDARY.search(value)
        if found:
            new = masked_boundary(found[2], mask.cast)
            return value[: found.start(2)] + new + value[found.end(2) :]
        return value
    if field in PEOPLE:
        return edited(value, mask, lambda text: _of_people(text, mask))
    if field in _IDS:
        return edited(value, mask, lambda text: in_id(text, mask.people.is_public))
    if field in _SHOWN:
        return edited(value, mask, mask.shown)
    return edited(value, mask, lambda text: in_trace(text, mask.names, mask.people.is_public))


def _plain_file(match: re.Match[bytes]) -> bytes:
    name = match[2] if match[2] is not None else match[3]
    ending = re.search(rb"\.[A-Za-z]{2,4}$", name)
    return match[1] + b'"file' + (ending[0] if ending else b"") + b'"'


def _of_people(text: str, mask: Mask) -> list[Find]:
    return in_text(text, mask.languages, mask.names)


def edited(value: bytes, mask: Mask, finder: Callable[[str], Sequence[Find]]) -> bytes:
    """A header value with what `finder` finds replaced; only encoded words that change are written anew."""
    pieces: list[tuple[bytes, str, bool]] = []
    at = 0
    for run in _WORDS.finditer(value):
        pieces.append((value[at : run.start()], _literal(value[at : run.start()]), False))
        pieces.append((run[0], decode_words(run[0]), True))
        at = run.end()
    pieces.append((value[at:], _literal(value[at:]), False))
    text = "".join(piece[1] for piece in pieces)
    glyphs = Glyphs(text, tuple((at, at + 1) for at in range(len(text))))
    chars = list(text)
    for start, end, new in mask.changes(glyphs, finder, write_plain):
        chars[start:end] = [new, *[""] * (end - start - 1)]
    out, at = [], 0
    for raw, shown, encoded in pieces:
        new = "".join(chars[at : at + len(shown)])
        out.append(raw if new == shown else _encoded(raw, new) if encoded else _bytes(raw, new))
        at += len(shown)
    return b"".join(out)


def _literal(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _bytes(raw: bytes, new: str) -> bytes:
    try:
        raw.decode("utf-8")
        return new.encode("utf-8")
    except UnicodeDecodeError:
        return new.encode("latin-1", "replace")


def _encoded(raw: bytes, new: str) -> bytes:
    """Text as encoded words in the charset and the encoding that the original had."""
    first = _FIRST.match(raw)
    assert first is not None  # _WORDS found it
    charset, kind = first[1], first[2]
    codec = codec_for(charset.decode("latin-1")) or "utf-8"
    try:
        new.encode(codec)
    except (UnicodeError, LookupError):
        charset, codec = b"utf-8", "utf-8"
    ends = b"\r\n " if b"\r\n" in raw else b"\n "
    words, size = [], _PER_WORD if kind in b"bB" else _PER_WORD // 2
    for start in range(0, len(new), size):
        data = new[start : start + size].encode(codec)
        body = base64.b64encode(data) if kind in b"bB" else _q(data)
        words.append(b"=?" + charset + b"?" + kind + b"?" + body + b"?=")
    return (ends if len(words) > 1 else b" ").join(words)


def _q(data: bytes) -> bytes:
    return b"".join(
        bytes((byte,)) if re.fullmatch(r"[A-Za-z0-9]", chr(byte)) else b"_" if byte == 32 else b"=%02X" % byte
        for byte in data
    )
