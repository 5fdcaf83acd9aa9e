"""Cuts a raw mail into heads, leaves and what is between them; joined again they are the same bytes."""

import re
from dataclasses import dataclass

from parsers.headers import Headers, header_end, parse_headers

_DEEPEST = 20
_MOST = 400
_BOUNDARY = re.compile(rb'boundary\*?\d?\*?\s*=\s*(?:"([^"\r\n]{1,200})"|([^\s;"]{1,200}))', re.I)
_TYPE = re.compile(r"\s*([\w!#$&^.+-]+/[\w!#$&^.+-]+)")
_DELIMITER = re.compile(rb"^--(\S[^\r\n]{0,199})\r?\n(?=content-)", re.I | re.M)


class PiecesError(Exception):
    """The mail nests deeper, or has more parts, than anybody's honest mail."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bytes of a mail: `what` is head, leaf or between; `where` names the part for people.

    `fields` are the header fields that say how a leaf is written, or those of the head itself.
    """

    what: str
    where: str
    data: bytes
    kind: str
    fields: Headers


def cut(raw: bytes) -> list[Piece]:
    """Return the pieces of a mail in their order. Raises PiecesError."""
    out: list[Piece] = []
    _mail(raw, "", 0, out)
    return out


def kind_of(fields: Headers) -> str:
    """The content type that header fields declare, text/plain where they declare none."""
    match = _TYPE.match(fields.first("content-type"))
    return match[1].lower() if match else "text/plain"


def _mail(raw: bytes, where: str, depth: int, out: list[Piece]) -> None:
    if depth > _DEEPEST or len(out) > _MOST:
        raise PiecesError
    blank = raw[:2].lstrip(b"\r") == b"\n" or raw[:1] == b"\n"
    start = (2 if raw[:1] == b"\r" else 1) if blank else header_end(raw)[1]
    head = raw[:start]
    fields = parse_headers(head)
    kind = kind_of(fields)
    out.append(Piece("head", where, head, kind, fields))
    _body(raw[start:], kind, fields, where, depth, out)


def _body(body: bytes, kind: str, fields: Headers, where: str, depth: int, out: list[Piece]) -> None:
    encoded = fields.first("content-transfer-encoding").strip().lower() in ("base64", "quoted-printable")
    if kind.startswith("multipart/"):
        boundary = _boundary(fields, body)
        if boundary is not None:
            _parts(body, boundary, where, depth, out)
            return
        kind = "text/plain"
    if kind in ("message/rfc822", "message/global") and not encoded:
        _mail(body, f"{where}.mail" if where else "mail", depth + 1, out)
        return
    out.append(Piece("leaf", where or "the body", body, kind, fields))


def _boundary(fields: Headers, body: bytes) -> bytes | None:
    declared = next(iter(fields.raw("content-type")), b"")
    match = _BOUNDARY.search(declared)
    if match:
        name = (match[1] or match[2]).rstrip()
        if name and re.search(rb"^--" + re.escape(name), body, re.M):
            return name
    found = _DELIMITER.search(body)
    return found[1].rstrip() if found else None


def _parts(body: bytes, boundary: bytes, where: str, depth: int, out: list[Piece]) -> None:
    line = re.compile(rb"^--" + re.escape(boundary) + rb"(--)?[ \t]*(?:\r?\n|\Z)", re.M)
    marks = list(line.finditer(body))
    none = Headers()
    at = 0
    for number, mark in enumerate(marks):
        if mark.start() > at:
            before = f"the text before part {number + 1}"
            out.append(Piece("between", before, body[at : mark.start()], "text/plain", none))
        out.append(Piece("between", "", body[mark.start() : mark.end()], "boundary", none))
        at = mark.end()
        if mark[1]:
            break
        last = number + 1 == len(marks)
        edge = end = len(body) if last else marks[number + 1].start()
        if not last:  # the line end before a delimiter belongs to the delimiter
            edge -= 2 if body[:end].endswith(b"\r\n") else 1
            edge = max(edge, at)
        name = f"{where}.{number + 1}" if where else f"part {number + 1}"
        _mail(body[at:edge], name, depth + 1, out)
        if edge < end:
            out.append(Piece("between", "", body[edge:end], "boundary", none))
        at = end
    if at < len(body):
        out.append(Piece("between", "the text behind the last part", body[at:], "text/plain", none))
