"""Looks through an anonymised mail for anything of the original that might have remained."""

import html
import re
from collections.abc import Iterator, Sequence
from urllib.parse import unquote

from parsers.headers import Headers
from parsers.masks import HiddenError, Mask, declared_charset, shown_text, unwrapped, written
from parsers.names import Names
from parsers.pieces import Piece, PiecesError, cut

_CALLED = {
    "number": "a number", "token": "a key or id", "email": "an address", "host": "a host name",
    "word": "a name", "ip": "a network address", "amount": "an amount", "digits": "a number",
}  # fmt: skip
_SHORTEST = {"number": 9, "token": 6, "email": 6, "host": 5, "ip": 7}
_BETWEEN = re.compile(r"(?<=\d)[ .\-]+(?=\d)")


def leftover(pieces: Sequence[Piece], mask: Mask) -> tuple[str, str] | None:
    """Return where something remained and what, or None: looked for in every decoded form of every part."""
    pairs = ((what, old) for what, old, new in mask.cast.pairs() if new != old)
    needles = [(what, old) for what, old in pairs if len(old) >= _SHORTEST.get(what, 99)]
    for where, text in forms(pieces):
        lowered, joined = text.lower(), _BETWEEN.sub("", text)
        for what, old in needles:
            if old in (lowered if what in ("email", "host", "ip") else joined if what == "number" else text):
                return where, f"{_CALLED[what]} of the original is still there"
        if _named(text, mask.names):
            return where, "a name of the original is still there"
        machine = "\x00" in text or (where.startswith("the header ") and where != "the header subject")
        for find in () if machine else mask.shown(text):
            old = text[find.start : find.end]
            if find.what in ("amount", "digits") and _remains(find.what, old, mask):
                return where, f"{_CALLED[find.what]} of the original is still there"
    return None


def _remains(what: str, shown: str, mask: Mask) -> bool:
    key = re.sub(r"\D", "", shown)
    new = mask.cast.swaps.get((what, key))
    return len(key) >= 3 and new is not None and new != key


def _named(text: str, names: Names) -> bool:
    return any(True for _ in names.find(text))


def forms(pieces: Sequence[Piece]) -> Iterator[tuple[str, str]]:
    """Every text of a mail as it may be looked at: decoded, without tags, with escapes undone."""
    for piece in pieces:
        place = f"{piece.where} ({piece.kind})" if piece.where else piece.kind
        if piece.what == "head":
            yield from (("the header " + name, text) for name, text in _fields(piece.fields))
        elif piece.kind in ("message/rfc822", "message/global"):
            try:
                encoding = piece.fields.first("content-transfer-encoding").strip().lower()
                yield from forms(cut(unwrapped(piece.data, encoding)))
            except (HiddenError, PiecesError):
                return
        elif piece.kind.startswith("text/"):
            yield from _forms_of_text(piece, place)


def _fields(fields: Headers) -> Iterator[tuple[str, str]]:
    for name, _ in dict.fromkeys(fields.fields):
        if name != "date":
            for text in fields.all(name):
                yield name, text


def _forms_of_text(piece: Piece, place: str) -> Iterator[tuple[str, str]]:
    try:
        text = written(piece.data, piece.fields, declared_charset(piece.fields)).text
    except HiddenError:
        return
    yield place, shown_text(text) if "<" in text else text
    bare = html.unescape(text)
    seen = {bare}
    for _ in range(3):
        bare = unquote(bare)
        seen.add(bare)
    for form in seen:
        yield place, "\x00" + form
