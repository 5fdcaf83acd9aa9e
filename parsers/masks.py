"""Rewrites the parts of a mail with what leads back to somebody replaced, in the encoding they came in."""

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from parsers.cast import Cast
from parsers.charsets import codec_for
from parsers.glyphs import (
    Edit,
    Glyphs,
    changed,
    html_glyphs,
    plain_glyphs,
    url_glyphs,
    write_html,
    write_plain,
    write_url,
)
from parsers.headers import Headers
from parsers.lexicon import Language
from parsers.names import Names
from parsers.people import People
from parsers.traces import Find, addresses_in, in_code, in_text, in_url

_TAG = re.compile(
    r"<(/?)([A-Za-z][^\s/>]*)((?:[^>\"']++|\"[^\"]*+\"|'[^']*+')*+)>|<(/?)([A-Za-z][^\s/>]*)([^>]*)>"
)
_PIECE = re.compile(r"<!--(.*?)(?:-->|\Z)|<!\[CDATA\[(.*?)\]\]>|<[!?][^>]*>|<(?=/?[A-Za-z])", re.S)
_ATTRIBUTE = re.compile(r"([^\s=/>\"']+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>\"']+))")
_RAW = re.compile(r"(?:script|style|xmp|noembed|noframes)\b", re.I)
_BREAKS = frozenset(
    ("address", "article", "aside", "blockquote", "body", "br", "center", "dd", "div", "dl", "dt", "fieldset",
     "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "head", "header", "hr", "html",
     "li", "main", "nav", "ol", "p", "pre", "section", "table", "tbody", "td", "tfoot", "th", "thead",
     "title", "tr", "ul")
)  # fmt: skip
_SHOWN = frozenset(("alt", "title", "aria-label", "value", "placeholder", "summary", "label", "content"))
_LINKS = frozenset(
    ("href", "src", "action", "background", "cite", "poster", "srcset", "formaction", "longdesc", "data")
)  # fmt: skip


class HiddenError(Exception):
    """A part can't be read, so nobody can say what is in it."""


@dataclass(frozen=True)
class Mask:
    """Everything that replacing needs. While nothing is settled, replacing only notes what it meets."""

    cast: Cast
    names: Names
    people: People
    languages: Sequence[Language]

    def edits(self, glyphs: Glyphs, finds: Iterable[Find]) -> list[Edit]:
        """The finds as edits, each original noted."""
        out = []
        for find in finds:
            original = glyphs.text[find.start : find.end]
            self.cast.note(find.what, original)
            out.append(Edit(find.start, find.end, self.cast.play(find.what, original)))
        return out

    def text(self, source: str) -> str:
        """Plain text, masked."""
        glyphs = plain_glyphs(source)
        return changed(source, self.changes(glyphs, self.shown, write_plain))

    def changes(
        self, glyphs: Glyphs, finder: Callable[[str], Sequence[Find]], write: Callable[[str], str]
    ) -> Iterator[tuple[int, int, str]]:
        """What `finder` finds in some text, and what must go from the addresses in it."""
        for start, end in addresses_in(glyphs.text):
            yield from self.url(glyphs.part(start, end))
        yield from glyphs.changes(self.edits(glyphs, finder(glyphs.text)), write)

    def _in_code(self, text: str) -> list[Find]:
        return in_code(text, self.names)

    def shown(self, text: str) -> list[Find]:
        """What must go from text that people read, postal addresses and all."""
        found = list(self._homes(text))
        taken = [(find.start, find.end) for find in found]
        rest = in_text(text, self.languages, self.names)
        return found + [f for f in rest if not any(start < f.end and f.start < end for start, end in taken)]

    def _homes(self, text: str) -> Iterator[Find]:
        for start, end in self.people.homes(text):
            for match in re.finditer(r"\d[\d .\-()/]*\d|\d|[^\W\d_]+", text[start:end]):
                what = "digits" if match[0][0].isdigit() else "word"
                digits = sum(char.isdigit() for char in match[0])
                if what == "word" and (len(match[0]) < 2 or match[0].lower() in self.people.common):
                    continue
                yield Find(start + match.start(), start + match.end(), "number" if digits >= 9 else what)

    def url(self, glyphs: Glyphs) -> Iterator[tuple[int, int, str]]:
        """The changes of an address."""
        opened = url_glyphs(glyphs)
        yield from opened.changes(self.edits(opened, in_url(opened.text, self.names)), write_url)

    def html(self, source: str) -> str:
        """HTML, masked: its text, its attributes, what stands in comments, styles and scripts."""
        return changed(source, self._html(source, 0, len(source)))

    def _html(self, source: str, start: int, end: int) -> Iterator[tuple[int, int, str]]:
        text: list[Glyphs] = []
        inner: list[tuple[int, int, str]] = []
        at = start
        while at < end:
            match = _PIECE.search(source, at, end)
            stop = match.start() if match else end
            if stop > at:
                text.append(html_glyphs(source, at, stop))
            if match is None:
                break
            at = match.end()
            if match[1] is not None or match[2] is not None:
                group = 1 if match[1] is not None else 2
                inner += self._html(source, match.start(group), match.end(group))
            elif match[0].startswith("<!"):
                inner += self._code(source, match.start(), match.end())
            elif match[0] == "<":
                at = self._tag(source, match.start(), end, text, inner)
        whole = _joined(text)
        yield from inner
        yield from self.changes(whole, self.shown, write_html)

    def _tag(
        self, source: str, start: int, end: int, text: list[Glyphs], inner: list[tuple[int, int, str]]
    ) -> int:
        tag = _TAG.match(source, start, end)
        if tag is None:
            text.append(html_glyphs(source, start, start + 1))
            return start + 1
        name = (tag[2] or tag[5]).lower()
        group = 3 if tag[2] else 6
        if name in _BREAKS:
            text.append(Glyphs("\n", ((-1, -1),)))
        for match in _ATTRIBUTE.finditer(source, tag.start(group), tag.end(group)):
            inner += self._attribute(source, match)
        if not (tag[1] or tag[4]) and _RAW.fullmatch(name):
            close = re.compile(rf"</{re.escape(name)}", re.I).search(source, tag.end(), end)
            stop = close.start() if close else end
            inner += self._code(source, tag.end(), stop)
            return stop
        return tag.end()

    def _attribute(self, source: str, match: re.Match[str]) -> Iterator[tuple[int, int, str]]:
        group = next(number for number in (2, 3, 4) if match[number] is not None)
        name = match[1].lower()
        glyphs = html_glyphs(source, match.start(group), match.end(group))
        if name in _LINKS or "://" in glyphs.text:
            yield from self.url(glyphs)
        elif name in _SHOWN:
            yield from self.changes(glyphs, self.shown, write_html)
        else:
            yield from self.changes(glyphs, self._in_code, write_html)

    def _code(self, source: str, start: int, end: int) -> Iterator[tuple[int, int, str]]:
        glyphs = plain_glyphs(source, start, end)
        for_people = '"@type"' in glyphs.text or '"@context"' in glyphs.text  # data for search engines
        yield from self.changes(glyphs, self.shown if for_people else self._in_code, write_plain)


def _joined(pieces: Sequence[Glyphs]) -> Glyphs:
    return Glyphs(
        "".join(piece.text for piece in pieces),
        tuple(spot for piece in pieces for spot in piece.slices),
    )


def shown_text(source: str) -> str:
    """The text of HTML as `Mask.html` sees it, line by line; for finding who is greeted in it."""
    bare = re.sub(r"(?is)<(script|style)\b.*?</\1", "<", source)
    bare = re.sub(r"(?s)<!--.*?-->", "", bare)
    text: list[Glyphs] = []
    at = 0
    for tag in _TAG.finditer(bare):
        text.append(html_glyphs(bare, at, tag.start()))
        if (tag[2] or tag[5]).lower() in _BREAKS:
            text.append(Glyphs("\n", ((-1, -1),)))
        at = tag.end()
    text.append(html_glyphs(bare, at, len(bare)))
    return _joined(text).text


@dataclass(frozen=True, slots=True)
class Written:
    """A text and how it was written into a mail."""

    text: str
    codec: str
    encoding: str
    mark: bytes = b""

    def again(self, text: str) -> bytes:
        """Another text, written the same way."""
        data = self.mark + text.encode(self.codec, "xmlcharrefreplace")
        ends = b"\r\n" if b"\r\n" in data else b"\n"
        if self.encoding == "base64":
            return base64.encodebytes(data).replace(b"\n", ends)
        if self.encoding == "quoted-printable":
            return binascii.b2a_qp(data, istext=True)
        return data


def unwrapped(data: bytes, encoding: str) -> bytes:
    """The bytes inside a transfer encoding; raises HiddenError where they can't be had."""
    if encoding == "base64":
        bare = re.sub(rb"\s+", b"", data)
        try:
            return binascii.a2b_base64(bare + b"=" * (-len(bare) % 4), strict_mode=False)
        except binascii.Error:
            raise HiddenError("its base64 is torn") from None
    if encoding == "quoted-printable":
        return binascii.a2b_qp(data)
    if encoding in ("", "7bit", "8bit", "binary"):
        return data
    raise HiddenError(f"nobody here knows the encoding {encoding[:30]}")


def written(data: bytes, fields: Headers, declared: str | None) -> Written:
    """The text of a leaf, read so that it can be written back unharmed; raises HiddenError."""
    encoding = fields.first("content-transfer-encoding").strip().lower().strip('"')
    body = unwrapped(data, encoding)
    for mark, codec in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if body.startswith(mark):
            return Written(_decoded(body[len(mark) :], codec), codec, encoding, mark)
    named = codec_for(declared) if declared else None
    for codec in _tries(named):
        try:
            return Written(_decoded(body, codec), codec, encoding)
        except HiddenError:
            continue
    raise HiddenError("its letters are in no charset that fits")


def _tries(named: str | None) -> list[str]:
    """The charsets to try: one that proves itself first, then UTF-8, before those that decode anything."""
    if named in ("utf-16", "utf-32"):
        named = f"{named}-be"
    told = [named] if named else []
    if named and re.match(r"gb|big5|cp9|euc|iso2022|shift|hz|johab|utf", named):
        return [*told, "utf-8", "cp1252"]
    return ["utf-8", *told, "cp1252"]


def declared_charset(fields: Headers) -> str | None:
    """The charset that header fields declare."""
    declared = b" ".join(fields.raw("content-type"))
    found = re.search(rb"charset\*?\s*=\s*\"?'?([^\s;\"']+)", declared, re.I)
    return found[1].decode("latin-1") if found else None


def _decoded(body: bytes, codec: str) -> str:
    try:
        text = body.decode(codec)
        if text.encode(codec).decode(codec) == text:
            return text
    except (UnicodeError, LookupError):
        pass
    raise HiddenError("its letters are in no charset that fits")
