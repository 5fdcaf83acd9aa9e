"""Makes a mail fit to publish: its shape stays; people, addresses, numbers, prices and keys are replaced."""

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from parsers.bounds import RAW_LIMIT
from parsers.cast import Cast
from parsers.headers import Headers, addresses
from parsers.heads import PEOPLE, masked_boundary, masked_head
from parsers.languages import language_of
from parsers.leftovers import leftover
from parsers.lexicon import Language, Lexicon
from parsers.masks import HiddenError, Mask, Written, declared_charset, shown_text, unwrapped, written
from parsers.names import Names
from parsers.people import People, is_feigned
from parsers.pieces import Piece, PiecesError, cut
from parsers.relays import is_ours

_MBOX = re.compile(rb"\A(?:\s*\r?\n)*>?From [^\r\n]*\r?\n")
_WITH_NAME = re.compile(r"([^\n<>\"@:;]{2,60}?)[\"'\s]*[<(\[](?:mailto:)?([^\s<>@]+@[^\s<>)\]]+)[>)\]]")
_LOOKS_HTML = re.compile(
    r"\s*(?:<!--.{0,2000}?-->\s*)?<(?:!doctype\s+html|html|head|body|table|div|p)\b", re.I | re.S
)
_HTML = ("text/html", "text/x-amp-html", "application/xhtml+xml")
_PIXELS = {
    "image/png": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYA"
    "AjCB0C8AAAAASUVORK5CYII=",
    "image/gif": "R0lGODlhAQABAIAAAP///wAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==",
}
_GONE = b"removed\r\n"


class AnonymiseError(Exception):
    """Something of the original could remain: `where` in the mail, and `what` it is."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}")
        self.where = where
        self.what = what


@dataclass(frozen=True, slots=True)
class Anonymised:
    """The new mail, and what was replaced by what (not to be shown to anybody)."""

    raw: bytes
    swaps: Mapping[str, str]


def anonymise(raw: bytes, seed: bytes, lexicon: Lexicon, people: People) -> Anonymised:
    """Return a mail fit to publish; the same `seed` gives the same replacements.

    Raises AnonymiseError where a part can't be read, or anything of the original could remain.
    """
    raw = _MBOX.sub(b"", raw, count=1)
    if len(raw) > RAW_LIMIT:
        raise AnonymiseError("the mail", "it is larger than 2 MiB, and offerwatch reads no further")
    try:
        pieces = cut(raw)
    except PiecesError:
        raise AnonymiseError("the mail", "it has too many parts inside one another") from None
    texts = list(_texts(pieces, people))
    languages = _languages([text for _, text in texts], lexicon)
    for where, text in texts:
        for who in people.unsure(text, languages):
            raise AnonymiseError(where, f'nobody can tell whether "{who}" is a name; change it by hand first')
    names = _names(pieces, [text for _, text in texts], languages, people)
    cast = Cast(seed)
    mask = Mask(cast, names, people, languages)
    for word in names.words:
        cast.note("word", word)
    _masked(pieces, mask)  # the first time only notes what is there
    cast.settle()
    out = _masked(pieces, mask)
    remains = leftover(cut(out), mask)
    if remains is not None:
        raise AnonymiseError(*remains)
    return Anonymised(out, {old: new for _, old, new in cast.pairs()})


def _masked(pieces: Sequence[Piece], mask: Mask) -> bytes:
    return b"".join(_piece(piece, mask) for piece in pieces)


def _piece(piece: Piece, mask: Mask) -> bytes:
    if piece.what == "head":
        return masked_head(piece.data, mask)
    if piece.kind == "boundary":
        return masked_boundary(piece.data, mask.cast)
    try:
        if piece.kind in ("message/rfc822", "message/global"):
            return _inner(piece, mask)
        if not _is_text(piece.kind):
            return _emptied(piece)
        text = text_of(piece)
        is_html = piece.kind in _HTML or bool(_LOOKS_HTML.match(text.text[:4000]))
        return text.again(mask.html(text.text) if is_html else mask.text(text.text))
    except HiddenError as error:
        raise AnonymiseError(f"{piece.where} ({piece.kind})", str(error)) from None


def text_of(piece: Piece) -> Written:
    """The text of a leaf and how it was written; raises HiddenError."""
    named = declared_charset(piece.fields)
    if named is None and piece.kind in _HTML:
        meta = re.search(rb"charset\s*=\s*[\"']?([\w.:-]+)", piece.data[:4096], re.I)
        named = meta[1].decode("latin-1") if meta else None
    return written(piece.data, piece.fields, named)


def _is_text(kind: str) -> bool:
    return kind in ("text/plain", *_HTML)


def _inner(piece: Piece, mask: Mask) -> bytes:
    """An attached mail that was encoded as a whole."""
    encoding = piece.fields.first("content-transfer-encoding").strip().lower()
    whole = Written("", "latin-1", encoding)
    return whole.again(_masked(inner_pieces(piece), mask).decode("latin-1"))


def inner_pieces(piece: Piece) -> list[Piece]:
    """The pieces of an attached mail that was encoded as a whole; raises HiddenError."""
    encoding = piece.fields.first("content-transfer-encoding").strip().lower()
    try:
        pieces = cut(unwrapped(piece.data, encoding))
        return [replace(each, where=f"{piece.where}.{each.where}") for each in pieces]
    except PiecesError:
        raise HiddenError("it has too many parts inside one another") from None


def _emptied(piece: Piece) -> bytes:
    """A picture or a file: the part stays, what was in it goes."""
    encoding = piece.fields.first("content-transfer-encoding").strip().lower()
    if encoding != "base64":
        return _GONE
    ends = b"\r\n" if b"\r\n" in piece.data else b"\n"
    pixel = _PIXELS.get(piece.kind)
    return (pixel.encode() if pixel else base64.b64encode(_GONE)) + (
        ends if piece.data.endswith(b"\n") else b""
    )


def _texts(pieces: Sequence[Piece], people: People) -> Iterator[tuple[str, str]]:
    """Every text that people read, with its place."""
    for piece in pieces:
        if piece.what == "head":
            if subject := piece.fields.first("subject"):
                yield "the subject", subject
        elif piece.kind in ("message/rfc822", "message/global"):
            try:
                yield from _texts(inner_pieces(piece), people)
            except HiddenError as error:
                raise AnonymiseError(piece.where, str(error)) from None
        elif piece.kind != "boundary" and _is_text(piece.kind):
            try:
                text = text_of(piece).text
            except HiddenError as error:
                raise AnonymiseError(f"{piece.where} ({piece.kind})", str(error)) from None
            is_html = piece.kind in _HTML or bool(_LOOKS_HTML.match(text[:4000]))
            yield piece.where, shown_text(text) if is_html else text


def _heads(pieces: Sequence[Piece]) -> Iterator[Headers]:
    for piece in pieces:
        if piece.what == "head":
            yield piece.fields
        elif piece.what == "leaf" and piece.kind in ("message/rfc822", "message/global"):
            yield from _heads(inner_pieces(piece))


def _languages(texts: Sequence[str], lexicon: Lexicon) -> tuple[Language, ...]:
    """The languages of the mail; English is always one of them."""
    told = [language_of(text, lexicon.tongues) for text in ("\n".join(texts), *texts)]
    wanted = [locale for locale in dict.fromkeys([*told, "en"]) if locale in lexicon.languages]
    return tuple(lexicon.languages[locale] for locale in wanted if locale is not None)


def _names(
    pieces: Sequence[Piece], texts: Sequence[str], languages: Sequence[Language], people: People
) -> Names:
    words: dict[str, None] = {}
    hosts: dict[str, None] = {}
    for fields in _heads(pieces):
        for name in PEOPLE:
            for each in (one for value in fields.raw(name) for one in addresses(value)):
                words |= dict.fromkeys(people.words_in(each))
                own = each.host and not is_ours(each.host) and not people.is_public(each.host)
                if own and not is_feigned(each) and "_at_" not in each.local:
                    hosts[each.host] = None
    for text in texts:
        words |= dict.fromkeys(people.greeted(text, languages))
        for match in _WITH_NAME.finditer(text):
            if not is_ours(match[2].rpartition("@")[2].lower()):
                words |= dict.fromkeys(people.words_of(match[1]))
    return Names(words, hosts)
