"""Reads header lines: split, unfolded, encoded words undone, addresses and dates taken apart, all bounded."""

import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from parsers.charsets import codec_for, decode
from parsers.cleaning import clean

BLOCK_LIMIT = 256 * 1024
LINE_LIMIT = 2_000
VALUE_LIMIT = 64 * 1024

_END = re.compile(rb"\r?\n[ \t]*\r?\n|\r[ \t]*\r(?!\n)")
# A blank before the colon is an old habit, but who takes results out may look for the name without it.
_FIELD = re.compile(
    rb"((?!(?i:authentication-results)[ \t])[\x21-\x39\x3b-\x7e]{1,128})[ \t]*:(.*)", re.DOTALL
)
# Lengths are bounded, so that a header full of openings costs linear time.
_WORD = re.compile(rb"=\?([^?\s]{1,60})\?([bBqQ])\?((?:[^?]|\?(?!=)){0,2000}?)\?=")
_HEX = re.compile(rb"=([0-9A-Fa-f]{2})")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")


@dataclass(frozen=True, slots=True)
class Headers:
    """Header fields in their order, names lower case, values as the bytes that were sent (unfolded)."""

    fields: tuple[tuple[str, bytes], ...] = ()

    def raw(self, name: str) -> tuple[bytes, ...]:
        """Every value of a field, undecoded."""
        wanted = name.lower()
        return tuple(value for key, value in self.fields if key == wanted)

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a field, decoded and cleaned, in their order."""
        return tuple(clean(decode_words(value)) for value in self.raw(name))

    def first(self, name: str) -> str:
        """The first value of a field, decoded and cleaned; empty where there is none."""
        values = self.raw(name)
        return clean(decode_words(values[0])) if values else ""


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox: display name (decoded, cleaned) and address as written."""

    name: str
    address: str

    @property
    def local(self) -> str:
        """The part before the last @."""
        return self.address.rpartition("@")[0]

    @property
    def host(self) -> str:
        """The part after the last @, lower case, without a trailing dot."""
        return self.address.rpartition("@")[2].strip("[]").rstrip(".").lower()


def header_end(raw: bytes) -> tuple[int, int]:
    """Where the header block ends and where the body starts; both the end where there is no blank line."""
    match = _END.search(raw)
    if match is None:
        return len(raw), len(raw)
    return match.start(), match.end()


def parse_headers(block: bytes) -> Headers:
    """The fields of a header block; stray lines are dropped, floods are cut.

    A lone CR ends a line only where nothing else does: mail servers read it as part of a value, so a field
    that it began would be one that they never judged.
    """
    block = block[:BLOCK_LIMIT].replace(b"\r\n", b"\n")
    lines = block.replace(b"\r", b" " if b"\n" in block else b"\n").split(b"\n", LINE_LIMIT)
    fields: list[tuple[str, list[bytes]]] = []
    for line in lines[:LINE_LIMIT]:
        if line[:1] in (b" ", b"\t"):
            if fields:
                fields[-1][1].append(line)
        elif match := _FIELD.fullmatch(line):
            fields.append((match.group(1).decode("ascii").lower(), [match.group(2)]))
    return Headers(tuple((name, b"".join(parts).strip()[:VALUE_LIMIT]) for name, parts in fields))


def decode_words(value: bytes) -> str:
    """A header value with its encoded words undone, also where they are misused; never raises."""
    value = value[:VALUE_LIMIT]
    if b"=?" not in value:
        return decode(value)
    once = _decode_words(value)
    if "=?" in once:  # some senders encode twice
        once = _decode_words(once.encode("utf-8", "replace"))
    return once[:VALUE_LIMIT]


def addresses(value: bytes) -> tuple[Address, ...]:
    """The mailboxes of an address header; encoded words are undone only after it has been taken apart.

    What stands in quotes, comments or encoded words can't become an address. A group's members count.
    """
    found = []
    for item in _split_list(value[:VALUE_LIMIT].decode("latin-1"))[:500]:
        name, address = _mailbox(item)
        if name or address:
            found.append(Address(clean(decode_words(name.encode("latin-1"))), _clean_address(address)))
    return tuple(found)


def _clean_address(address: str) -> str:
    return clean(decode(address.encode("latin-1"))).replace(" ", "")


_MONTHS = {name: number for number, name in enumerate(("jan", "feb", "mar", "apr", "may", "jun"), 1)}
_MONTHS |= {name: number for number, name in enumerate(("jul", "aug", "sep", "oct", "nov", "dec"), 7)}
_DATE = re.compile(
    r"(?:[a-z]{3,9}\.?,?\s*)?(\d{1,2})[\s-]+([a-z]{3})[a-z]*\.?,?[\s-]+(\d{4}|\d{2})\s*,?\s+"
    r"(\d{1,2})[:.](\d{2})(?:[:.](\d{2})(?:[.,]\d+)?)?\s*(.*)",
    re.IGNORECASE | re.DOTALL | re.ASCII,
)
_ISO = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*(.*)", re.DOTALL | re.ASCII
)
_OFFSET = re.compile(r"(?:GMT|UTC)?\s*([+-])(\d{2}):?(\d{2})(?!\d)", re.IGNORECASE | re.ASCII)
_NAMED = {"gmt": 0, "ut": 0, "utc": 0, "z": 0, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7}
_NAMED |= {"mdt": -6, "pst": -8, "pdt": -7}


def parse_date(value: str) -> tuple[datetime, timezone] | None:
    """A Date header as (aware UTC instant, the zone it was written in); None where broken or zoneless."""
    text = value.strip()[:200]
    try:
        if match := _DATE.match(text):
            day, month, year, hour, minute, second, zone = match.groups()
            return _instant(_year(year), _MONTHS[month.lower()], int(day), hour, minute, second, zone)
        if match := _ISO.match(text):
            year, number, day, hour, minute, second, zone = match.groups()
            return _instant(int(year), int(number), int(day), hour, minute, second, zone)
    except (ValueError, KeyError, OverflowError):
        return None
    return None


def _instant(
    year: int, month: int, day: int, hour: str, minute: str, second: str | None, zone: str
) -> tuple[datetime, timezone] | None:
    offset = _offset(zone)
    if offset is None:
        return None
    local = datetime(year, month, day, int(hour), int(minute), min(int(second or 0), 59), tzinfo=offset)
    return local.astimezone(UTC), offset


def _year(printed: str) -> int:
    year = int(printed)
    if len(printed) == 4:
        return year
    return year + (2000 if year < 70 else 1900)


def _offset(zone: str) -> timezone | None:
    """The zone after a time; -0000 is UTC of an unknown place, no zone at all is a broken date."""
    if match := _OFFSET.match(zone):
        sign, hours, minutes = match.groups()
        span = timedelta(hours=int(hours), minutes=int(minutes))
        if span > timedelta(hours=15) or int(minutes) > 59:
            return None
        return timezone(-span if sign == "-" else span)
    name = re.match(r"[A-Za-z]+", zone)
    hours_off = _NAMED.get(name.group().lower()) if name else None
    return None if hours_off is None else timezone(timedelta(hours=hours_off))


def _decode_words(value: bytes) -> str:
    out: list[str] = []
    pending: list[tuple[str, str, bytes]] = []
    last = 0
    for match in _WORD.finditer(value):
        between = value[last : match.start()]
        if between.strip(b" \t\r\n") or not pending:
            out.append(_decode_run(pending))
            pending = []
            out.append(decode(between))
        charset, kind, text = match.groups()
        pending.append((charset.split(b"*")[0].decode("latin-1"), kind.decode().lower(), text))
        last = match.end()
    out.append(_decode_run(pending))
    out.append(decode(value[last:]))
    return "".join(out)


def _decode_run(words: Iterable[tuple[str, str, bytes]]) -> str:
    """Adjacent words: those of one charset are joined before decoding, for letters cut in two."""
    out: list[str] = []
    charset, kind, data, text = "", "", b"", b""

    def flush() -> str:
        return decode(data + _word_bytes(kind, text), charset) if data or text else ""

    for next_charset, next_kind, next_text in words:
        if codec_for(next_charset) != codec_for(charset) or not charset:
            out.append(flush())
            charset, kind, data, text = next_charset, next_kind, b"", next_text
        elif kind == next_kind == "b" and not text.endswith(b"=") and len(_NOT_BASE64.sub(b"", text)) % 4:
            text += next_text  # base64 that was itself cut in two
        else:
            data += _word_bytes(kind, text)
            kind, text = next_kind, next_text
    out.append(flush())
    return "".join(out)


def _word_bytes(kind: str, text: bytes) -> bytes:
    if kind == "q":
        return _HEX.sub(lambda m: bytes.fromhex(m.group(1).decode()), text.replace(b"_", b" "))
    body = _NOT_BASE64.sub(b"", text)
    if len(body) % 4 == 1:
        body = body[:-1]
    try:
        return binascii.a2b_base64(body + b"=" * (-len(body) % 4))
    except binascii.Error:
        return text


def _split_list(text: str) -> list[str]:
    """Items of an address list: commas, semicolons and group names outside quotes, comments and angles."""
    items: list[str] = []
    current: list[str] = []
    quoted, depth, angle, escaped = False, 0, False, False
    for char in text:
        if escaped:
            escaped = False
        elif char == "\\" and (quoted or depth):
            escaped = True
        elif char == '"' and not depth:
            quoted = not quoted
        elif not quoted and char in "()":
            depth = max(0, depth + (1 if char == "(" else -1))
        elif not quoted and not depth:
            angle = (angle or char == "<") and char != ">"
            if char in ",;" and not angle:
                items.append("".join(current))
                current = []
                continue
        current.append(char)
    items.append("".join(current))
    return items


_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"?')
_COMMENT = re.compile(r"\(((?:[^()\\]|\\.)*)\)")


def _mailbox(item: str) -> tuple[str, str]:
    """(display name, address) of one item; the address is what stands in the last pair of angles."""
    item = item.strip()
    if not item:
        return "", ""
    bare = _QUOTED.sub(lambda m: "\x01" * len(m.group()), item)
    close = bare.rfind(">")
    start = bare.rfind("<", 0, close if close > 0 else len(bare))
    if start >= 0:
        end = close if close > start else len(item)
        route = item[start + 1 : end].rpartition(":")[2] if "@" in item[start + 1 : end] else ""
        return _unquote(_uncommented(item[:start], bare)), _COMMENT.sub("", route).strip()
    comment = _COMMENT.search(bare)
    name = item[comment.start() + 1 : comment.end() - 1] if comment else ""
    rest = _COMMENT.sub("", item).strip()
    group = bare.find(":")
    if group >= 0 and comment is None:
        rest = item[group + 1 :].strip()
    return (_unquote(name), rest) if "@" in rest else (_unquote(rest or name), "")


def _uncommented(text: str, bare: str) -> str:
    """Text without its comments; `bare` is the same with everything quoted masked."""
    out, last = [], 0
    for match in _COMMENT.finditer(bare[: len(text)]):
        out.append(text[last : match.start()])
        last = match.end()
    return "".join([*out, text[last:]])


def _unquote(name: str) -> str:
    return _QUOTED.sub(lambda m: re.sub(r"\\(.)", r"\1", m.group(1)), name).strip()
