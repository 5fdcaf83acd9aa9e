"""Takes one mail apart into headers, text, HTML and attached originals, whatever shape it is in."""

import email
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from email.message import Message as Tree
from email.policy import compat32

import mailparser  # type: ignore[import-untyped]  # ships no types

from parsers.bounds import NESTING_LIMIT, PARTS_LIMIT, bounded
from parsers.charsets import decode
from parsers.headers import Address, Headers, addresses, header_end, parse_date, parse_headers

# mail-parser logs what it finds in a mail; what stands in people's mail is not for logs.
mailparser.core.log.disabled = True
mailparser.utils.log.disabled = True

TEXT_LIMIT = 512 * 1024
HTML_LIMIT = 1024 * 1024

_AS_SENT = compat32.clone(max_line_length=None)  # no refolding: the original's bytes as they came
_TORN = {
    "NoBoundaryInMultipartDefect",
    "StartBoundaryNotFoundDefect",
    "CloseBoundaryNotFoundDefect",
    "MultipartInvariantViolationDefect",
    "MissingHeaderBodySeparatorDefect",
}
_OPAQUE = {
    "multipart/encrypted",
    "application/pgp-encrypted",
    "application/pkcs7-mime",
    "application/x-pkcs7-mime",
}
_LOOKS_HTML = re.compile(
    r"\s*(?:<!--.{0,2000}?-->\s*)?<(?:!doctype\s+html|html|head|body|table|div|p)\b", re.I | re.S
)
_DELIMITER = re.compile(r"^--(\S[^\r\n]{0,199})\r?\n(?=content-)", re.IGNORECASE | re.MULTILINE)
_PGP = re.compile(r"^-----BEGIN PGP SIGNED MESSAGE-----\n(?:[A-Za-z]+: [^\n]*\n)*\n", re.MULTILINE)
_PGP_END = re.compile(r"^-----BEGIN PGP SIGNATURE-----.*?(?:^-----END PGP SIGNATURE-----|\Z)", re.M | re.S)


@dataclass(frozen=True, slots=True)
class Message:
    """One mail taken apart; nothing interpreted.

    `date` is the Date header as an aware UTC instant and `date_offset` the zone it was written in;
    both None where it is missing, broken or without a zone. `attached` are the raw originals of
    message/rfc822 parts. `damaged` says what was wrong: `cut` (raw too long), `bounded` (a limit was
    hit), `torn` (broken MIME), `opaque` (encrypted, nothing to read), `mailparser` (the library gave
    up, the standard one read on), `author` (two readers disagree about who wrote it).
    """

    headers: Headers
    subject: str
    message_id: str | None
    date: datetime | None
    date_offset: timezone | None
    authors: tuple[Address, ...]
    text: str
    html: str
    attached: tuple[bytes, ...]
    damaged: tuple[str, ...]

    @property
    def has_html(self) -> bool:
        """Is there an HTML part with anything in it?"""
        return bool(self.html.strip())


@dataclass(slots=True)
class _Found:
    """What the walk over the parts has gathered so far."""

    text: list[str]
    html: list[str]
    attached: list[bytes]
    notes: list[str]

    def note(self, what: str) -> None:
        if what not in self.notes:
            self.notes.append(what)


def dissect(raw: bytes) -> Message:
    """Take a mail apart within fixed limits; never raises, whatever `raw` is."""
    mail, notes = bounded(raw)
    headers = parse_headers(mail[: header_end(mail)[0]])
    found = _Found([], [], [], list(notes))
    authors = tuple(author for value in headers.raw("from") for author in addresses(value))
    tree = _tree(mail, authors, found)
    if tree is not None:
        _safely(lambda: _walk(tree, found), found)
    elif not found.text:
        found.text.append(decode(mail[header_end(mail)[1] :][:TEXT_LIMIT]))
    date = parse_date(headers.first("date"))
    return Message(
        headers=headers,
        subject=headers.first("subject"),
        message_id=headers.first("message-id") or None,
        date=date[0] if date else None,
        date_offset=date[1] if date else None,
        authors=authors,
        text=_join(found.text, TEXT_LIMIT, found),
        html=_join(found.html, HTML_LIMIT, found),
        attached=tuple(found.attached),
        damaged=tuple(found.notes),
    )


def _tree(mail: bytes, authors: tuple[Address, ...], found: _Found) -> Tree | None:
    """The MIME tree as mail-parser built it, or the standard library's where mail-parser gives up.

    We take mail-parser's tree and its second opinion on the author, but not its joined bodies: it folds
    a forwarded message's HTML into the body and drops format=flowed; nor its date, which is None
    where only the weekday is wrong.
    """
    try:
        parsed = mailparser.parse_from_bytes(mail)
        if _disagree(parsed.from_, authors):
            found.note("author")
        tree: Tree | None = parsed.message
    except (
        Exception
    ):  # it raises AttributeError, ValueError and its own on torn mail; all mean: read on without
        found.note("mailparser")
        tree = None
    if tree is not None:
        return tree
    try:
        return email.message_from_bytes(mail)
    except Exception:  # RecursionError on nesting that slipped past the bounds
        found.note("torn")
        return None


def _disagree(theirs: object, ours: tuple[Address, ...]) -> bool:
    if not isinstance(theirs, list) or not theirs:
        return False
    written = {author.address.lower() for author in ours}
    return any(str(item[1]).lower() not in written for item in theirs if item[1])


def _safely(step: Callable[[], None], found: _Found) -> None:
    try:
        step()
    except Exception:  # a part that the standard library can't serialise or decode must not hide the others
        found.note("torn")


def _walk(tree: Tree, found: _Found) -> None:
    """Visit the parts in reading order, bounded in depth and number."""
    stack: list[tuple[Tree, int]] = [(tree, 0)]
    for _ in range(PARTS_LIMIT):
        if not stack:
            return
        part, depth = stack.pop()
        if any(type(defect).__name__ in _TORN for defect in part.defects):
            found.note("torn")
        children = list(_children(part, found))
        if children and depth >= NESTING_LIMIT:
            found.note("bounded")
            continue
        stack.extend((child, depth + 1) for child in reversed(children))
    if stack:
        found.note("bounded")


def _children(part: Tree, found: _Found) -> Iterator[Tree]:
    """The parts to visit next; a leaf's content goes into `found`."""
    kind = part.get_content_type()
    if kind in ("message/rfc822", "message/global"):
        _safely(lambda: _attach(part, found), found)
    elif kind in _OPAQUE:
        found.note("opaque")
    elif part.is_multipart():
        payload = part.get_payload()
        attached = part.get_content_disposition() == "attachment"
        if isinstance(payload, list) and not attached and not kind.startswith("message/"):
            yield from (child for child in payload if isinstance(child, Tree))
    elif kind.startswith("multipart/"):
        yield from _mend(part, found)
    elif kind.startswith("text/"):
        _safely(lambda: _read(part, kind, found), found)


def _mend(part: Tree, found: _Found) -> Iterator[Tree]:
    """A multipart whose boundary is missing or wrong: its first delimiter tells, else it is text."""
    payload = part.get_payload()
    payload = payload if isinstance(payload, str) else ""
    match = _DELIMITER.search(payload[:100_000])
    if match is None or part.get("x-mended"):
        _read(part, "text/plain", found)
        return
    boundary = match.group(1).strip().replace('"', "")
    head = f'X-Mended: 1\nContent-Type: multipart/mixed; boundary="{boundary}"\n\n'
    yield email.message_from_bytes((head + payload).encode("ascii", "surrogateescape"))


def _attach(part: Tree, found: _Found) -> None:
    payload = part.get_payload()
    inner = payload[0] if isinstance(payload, list) and payload else None
    if not isinstance(inner, Tree):
        return
    if not inner.keys() and (part.get("content-transfer-encoding") or "").strip().lower() == "base64":
        data = inner.get_payload(decode=False)
        carrier = Tree()
        carrier["Content-Transfer-Encoding"] = "base64"
        carrier.set_payload(data)
        decoded = carrier.get_payload(decode=True)
        found.attached.append(decoded if isinstance(decoded, bytes) else b"")
        return
    found.attached.append(inner.as_bytes(policy=_AS_SENT))


def _read(part: Tree, kind: str, found: _Found) -> None:
    if kind not in ("text/plain", "text/html") or part.get_content_disposition() == "attachment":
        return
    data = _payload(part)
    charset = _charset(part)
    if kind == "text/html" and charset is None:
        from bs4.dammit import EncodingDetector  # 100 ms to import, for the few that name no charset

        charset = EncodingDetector.find_declared_encoding(data[:4096], is_html=True)
    text = decode(data, charset)
    if kind == "text/html" or (kind == "text/plain" and _LOOKS_HTML.match(text[:4000])):
        found.html.append(text)
    elif kind == "text/plain":
        found.text.append(_unflow(_unsign(text.replace("\r\n", "\n")), part))


def _payload(part: Tree) -> bytes:
    stored = part.get_payload()
    if isinstance(stored, str) and len(stored) > 3 * HTML_LIMIT:
        part.set_payload(stored[: 3 * HTML_LIMIT])
    data = part.get_payload(decode=True)
    return data[:HTML_LIMIT] if isinstance(data, bytes) else b""


def _charset(part: Tree) -> str | None:
    declared = part.get_param("charset")
    if isinstance(declared, tuple):
        declared = declared[2]
    return str(declared)[:60] if declared else None


def _unflow(text: str, part: Tree) -> str:
    """Undo format=flowed: lines that end in a blank go on in the next."""
    if str(part.get_param("format", "")).lower() != "flowed":
        return text
    drop = str(part.get_param("delsp", "")).lower() == "yes"
    out: list[str] = []
    open_depth: int | None = None
    for line in text.split("\n"):
        bare = line.lstrip(">")
        depth = len(line) - len(bare)
        bare = bare.removeprefix(" ")
        flows = bare.endswith(" ") and bare != "-- "
        shown = bare[:-1] if flows and drop else bare
        if open_depth == depth and out:
            out[-1] += shown
        else:
            out.append("> " * depth + shown)
        open_depth = depth if flows else None
    return "\n".join(out)


def _unsign(text: str) -> str:
    """The text inside a PGP clear signature."""
    if "-----BEGIN PGP SIGNED MESSAGE-----" not in text:
        return text
    inside = _PGP_END.sub("", _PGP.sub("", text))
    return re.sub(r"^- ", "", inside, flags=re.MULTILINE)


def _join(pieces: list[str], limit: int, found: _Found) -> str:
    whole = "\n".join(pieces)
    if len(whole) > limit:
        found.note("bounded")
    return whole[:limit]
