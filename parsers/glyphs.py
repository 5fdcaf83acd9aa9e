"""Text as a reader sees it, each character tied to the source that wrote it, so that it can be edited."""

import html
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});?")
_UNSEEN = re.compile("[\u00ad\u034f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
_ESCAPES = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_DASHED = re.compile(r"(?:-[0-9A-Fa-f]{2})+")


@dataclass(frozen=True, slots=True)
class Edit:
    """Characters `start` to `end` of some glyphs are to read `new`."""

    start: int
    end: int
    new: str


@dataclass(frozen=True, slots=True)
class Glyphs:
    """`text`, and for each character the slice of the source it came from ((-1, -1): from nowhere)."""

    text: str
    slices: tuple[tuple[int, int], ...]

    def part(self, start: int, end: int) -> "Glyphs":
        """Some of the characters, still tied to the same source."""
        return Glyphs(self.text[start:end], self.slices[start:end])

    def changes(self, edits: Iterable[Edit], write: Callable[[str], str]) -> Iterator[tuple[int, int, str]]:
        """The edits as changes of the source; `write` gives a character as the source would have it."""
        for edit in edits:
            old, spots = self.text[edit.start : edit.end], self.slices[edit.start : edit.end]
            pieces: Sequence[str] = edit.new
            if len(edit.new) != len(old):
                pieces = [edit.new, *[""] * (len(old) - 1)]
            for before, after, (start, end) in zip(old, pieces, spots, strict=True):
                if start >= 0 and before != after:
                    yield start, end, "".join(map(write, after))


def changed(source: str, changes: Iterable[tuple[int, int, str]]) -> str:
    """The source with changes made to it; where two overlap, the first in the source counts."""
    out: list[str] = []
    at = 0
    for start, end, new in sorted(changes, key=lambda change: change[:2]):
        if start >= at:
            out += [source[at:start], new]
            at = end
    return "".join([*out, source[at:]])


def plain_glyphs(source: str, start: int = 0, end: int | None = None) -> Glyphs:
    """The characters of plain text that are seen."""
    stop = len(source) if end is None else end
    spots = [(at, at + 1) for at in range(start, stop) if not _UNSEEN.match(source[at])]
    return _composed([source[at] for at, _ in spots], spots)


def _composed(chars: list[str], spots: list[tuple[int, int]]) -> Glyphs:
    """Letters and the accents written behind them as one, as they are read."""
    if not any(unicodedata.combining(char) for char in chars):
        return Glyphs("".join(chars), tuple(spots))
    out: list[str] = []
    merged: list[tuple[int, int]] = []
    for char, spot in zip(chars, spots, strict=True):
        whole = unicodedata.normalize("NFC", out[-1] + char) if out and unicodedata.combining(char) else ""
        if len(whole) == 1 and merged[-1][1] == spot[0]:
            out[-1], merged[-1] = whole, (merged[-1][0], spot[1])
        else:
            out.append(char)
            merged.append(spot)
    return Glyphs("".join(out), tuple(merged))


def html_glyphs(source: str, start: int, end: int) -> Glyphs:
    """The characters of a piece of HTML without tags: its character references undone."""
    text: list[str] = []
    spots: list[tuple[int, int]] = []
    at = start
    while at < end:
        match = _ENTITY.match(source, at, end) if source[at] == "&" else None
        shown, stop = (html.unescape(match[0]), match.end()) if match else (source[at], at + 1)
        if match and shown == match[0]:
            shown, stop = source[at], at + 1
        for char in shown:
            if not _UNSEEN.match(char):
                text.append(char)
                spots.append((at, stop))
        at = stop
    if len(set(spots)) != len(spots):  # a reference that stands for two characters: leave it
        times = Counter(spots)
        spots = [spot if times[spot] == 1 else (-1, -1) for spot in spots]
    return _composed(text, spots)


def url_glyphs(address: Glyphs) -> Glyphs:
    """An address with its escapes undone, however often it was wrapped."""
    dashed = "urldefense" in address.text and "/v2/" in address.text
    found = address
    for turn in range(4):
        again = _unescaped(found, _DASHED if dashed and turn == 0 else _ESCAPES)
        if again is found:
            break
        found = again
    return found


def _unescaped(glyphs: Glyphs, escapes: re.Pattern[str]) -> Glyphs:
    matches = list(escapes.finditer(glyphs.text))
    if not matches:
        return glyphs if escapes is _ESCAPES else Glyphs(glyphs.text + "", glyphs.slices)
    text: list[str] = []
    spots: list[tuple[int, int]] = []
    at = 0
    for match in matches:
        text.append(glyphs.text[at : match.start()])
        spots += glyphs.slices[at : match.start()]
        data = bytes.fromhex(match[0].replace(match[0][0], ""))
        for char, size in _letters(data):
            first = match.start() + 3 * size[0]
            last = match.start() + 3 * size[1] - 1
            text.append(char)
            spots.append((glyphs.slices[first][0], glyphs.slices[last][1]))
        at = match.end()
    text.append(glyphs.text[at:])
    spots += glyphs.slices[at:]
    return Glyphs("".join(text), tuple(spots))


def _letters(data: bytes) -> Iterator[tuple[str, tuple[int, int]]]:
    """The characters of escaped bytes, each with the bytes it was made of."""
    try:
        at = 0
        for char in data.decode("utf-8"):
            size = len(char.encode("utf-8"))
            yield char, (at, at + size)
            at += size
    except UnicodeDecodeError:
        for at, byte in enumerate(data):
            yield chr(byte), (at, at + 1)


def write_plain(char: str) -> str:
    """A character in plain text."""
    return char


def write_html(char: str) -> str:
    """A character in HTML text or an attribute."""
    return html.escape(char, quote=True)


def write_url(char: str) -> str:
    """A character in an address."""
    return char if char.isascii() and char not in "&<>\"' %" else quote(char, safe="")
