"""Cuts a raw mail to a size and shape that every parser behind it survives in bounded time."""

import re
from itertools import pairwise

from parsers.headers import BLOCK_LIMIT, LINE_LIMIT, VALUE_LIMIT, header_end

RAW_LIMIT = 2 * 1024 * 1024
NESTING_LIMIT = 20
PARTS_LIMIT = 200

_BODY_LINES = 100_000  # each line of the body is tried against every open boundary
_CONTAINERS = 40  # declared multiparts and messages, siblings counted too
_PART_FIELD_LIMIT = 8 * 1024  # parameters are parsed in quadratic time
_WORDS_IN_FIELD = 500

_MBOX = re.compile(rb"\A(?:\s*\r?\n)*>?From [^\r\n]*\r?\n")
_FIELD_START = re.compile(rb"^[\x21-\x39\x3b-\x7e]{1,128}[ \t]*:", re.MULTILINE)
_CONTAINER = re.compile(rb"^content-type[ \t]*:\s*(?:multipart|message)/", re.IGNORECASE | re.MULTILINE)
_BOUNDARY = re.compile(rb'boundary\*?\d?\*?[ \t]*=[ \t]*"?([^"\r\n;]{1,200})', re.IGNORECASE)
_DASHES = re.compile(rb"^--([^\r\n]{1,202})", re.MULTILINE)
_PART_FIELD = re.compile(
    rb"^(?:content-[a-z-]{1,30}|mime-version)[ \t]*:[^\n]*(?:\n[ \t][^\n]*)*", re.IGNORECASE | re.MULTILINE
)


def bounded(raw: bytes) -> tuple[bytes, tuple[str, ...]]:
    """(the mail within our limits, notes on what was cut); LF line ends, no mbox line."""
    notes: list[str] = []
    if len(raw) > RAW_LIMIT:
        raw, notes = raw[:RAW_LIMIT], ["cut"]
    raw = _lines(raw)
    match = _MBOX.match(raw)
    raw = raw[match.end() :] if match else raw.lstrip(b"\n")
    end, start = header_end(raw)
    head = _bounded_head(raw[:end])
    body = _bounded_body(head, raw[start:])
    if len(head) != end or len(body) != len(raw) - start:
        notes.append("bounded")
    return head + b"\n\n" + body, tuple(notes)


def _lines(raw: bytes) -> bytes:
    raw = raw.replace(b"\r\n", b"\n")
    return raw.replace(b"\r", b"\n") if b"\n" not in raw[:BLOCK_LIMIT] else raw


def _bounded_head(head: bytes) -> bytes:
    if len(head) > BLOCK_LIMIT or head.count(b"\n") >= LINE_LIMIT:
        kept = b"\n".join(head[:BLOCK_LIMIT].split(b"\n", LINE_LIMIT)[:LINE_LIMIT])
        head = kept
    if len(head) <= _PART_FIELD_LIMIT and head.count(b"=?") <= _WORDS_IN_FIELD:
        return head
    starts = [match.start() for match in _FIELD_START.finditer(head)]
    if not starts:
        return head  # no header at all: it is read as a body
    return b"".join(_bounded_field(head[start:end]) for start, end in pairwise([*starts, len(head)]))


def _bounded_field(field: bytes) -> bytes:
    limit = _PART_FIELD_LIMIT if field[:8].lower() == b"content-" else VALUE_LIMIT
    cut = field[:limit]
    if cut.count(b"=?") > 2 * _WORDS_IN_FIELD:
        cut = b"=?".join(cut.split(b"=?")[: 2 * _WORDS_IN_FIELD])
    return cut if len(cut) == len(field) else cut.rstrip(b"\n") + b"\n"


def _bounded_body(head: bytes, body: bytes) -> bytes:
    if body.count(b"\n") > _BODY_LINES:
        body = b"\n".join(body.split(b"\n", _BODY_LINES)[:_BODY_LINES])
    if b"\ncontent-" not in b"\n" + body.lower() and b"boundary" not in head.lower():
        return body
    body = _cut_at(_CONTAINER, body, _CONTAINERS)
    if len(head) + len(body) > _PART_FIELD_LIMIT:
        body = _PART_FIELD.sub(_cut_field, body)
    return _cut_parts(head, body)


def _cut_field(match: re.Match[bytes]) -> bytes:
    field = match.group()
    return field if len(field) <= _PART_FIELD_LIMIT else field[:_PART_FIELD_LIMIT]


def _cut_at(pattern: re.Pattern[bytes], body: bytes, count: int) -> bytes:
    for index, match in enumerate(pattern.finditer(body)):
        if index >= count:
            return body[: match.start()]
    return body


def _cut_parts(head: bytes, body: bytes) -> bytes:
    """Drop what follows the last part that we would look at, a real delimiter or not."""
    declared = {match.group(1).rstrip() for match in _BOUNDARY.finditer(head + b"\n" + body)}
    if not declared:
        return body
    seen = 0
    for match in _DASHES.finditer(body):
        line = match.group(1).rstrip()
        if line in declared or line.removesuffix(b"--") in declared:
            seen += 1
            if seen > 2 * PARTS_LIMIT:
                return body[: match.start()]
    return body
