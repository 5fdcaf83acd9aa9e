"""Makes text comparable: one cleaning for what is shown, one folding for what is compared."""

import re
import unicodedata
from dataclasses import dataclass

# Nothing that we compare or print may depend on these: Arabic vowel marks and stretching (writers choose
# freely), controls, soft hyphen, zero-width and bidi marks, fillers, variation selectors, lone surrogates,
# tags.
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u0640\u064b-\u0652\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\ud800-\udfff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+"
)
_FILLERS = re.compile(
    "[\u0640\u064b-\u0652\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_BLANKS = re.compile(r"[\s\u2800]+")
_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_DIGIT = re.compile(r"[^\x00-\x7f]", re.UNICODE)
_DOT_ABOVE = "\u0307"
# Writers choose freely among these, so a phrase must not: apostrophes, quotation marks, dashes, and the
# Turkish dotless i, which capitals lose.
_SAME = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛ʼʹ′´`ˊꞌ", "'"),
        **dict.fromkeys("“”„‟″«»〝〞", '"'),
        **dict.fromkeys("‐‑‒–—―−﹣－⁃", "-"),
        "ı": "i",
        "۔": ".",
        "。": ".",
        "、": ",",
        "،": ",",
        "؛": ";",
        "؟": "?",
    }
)


def clean(text: str) -> str:
    """Text fit to show on one line: NFC, nothing unseen, each run of white space one blank, edges bare."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    # What is printable has no controls and no format characters: only the rare fillers are left to look for.
    seen = (_FILLERS if text.isprintable() else _UNSEEN).sub("", text)
    return " ".join(unicodedata.normalize("NFC", seen).replace("\u2800", " ").split())


def clean_lines(text: str) -> str:
    """The same, line by line: line ends are kept as single newlines, blank lines too."""
    seen = _UNSEEN.sub("", _LINE_ENDS.sub("\n", text))
    lines = unicodedata.normalize("NFC", seen).split("\n")
    return "\n".join(_BLANKS.sub(" ", line).strip() for line in lines)


def fold(text: str) -> str:
    """Text fit to compare: cleaned, NFKC, no case, digits of every script as 0-9, one apostrophe, one dash.

    Phrases and mail text must both go through here, or `n.º` would not be found.
    """
    cleaned = clean(text)
    return cleaned.lower() if cleaned.isascii() else _fold(cleaned)


@dataclass(frozen=True, slots=True)
class Folded:
    """A text folded, and where each of its characters came from in the cleaned text."""

    text: str
    source: str
    places: tuple[int, ...]

    def quote(self, start: int, end: int) -> str:
        """What the cleaned text printed where the folded text has [start:end)."""
        end = min(end, len(self.places))
        if start >= end:
            return ""
        first, last = self.places[start], self.places[end - 1]
        stop = next((p for p in self.places[end:] if p > last), len(self.source))
        return self.source[first:stop].strip()


def folded(text: str) -> Folded:
    """Fold a text and remember the places, so that a match can be quoted as it was printed."""
    cleaned = clean(text)
    if cleaned.isascii():
        return Folded(cleaned.lower(), cleaned, tuple(range(len(cleaned))))
    pieces: list[str] = []
    places: list[int] = []
    for start, cluster in _clusters(cleaned):
        piece = cluster.lower() if cluster.isascii() else _fold(cluster)
        pieces.append(piece)
        places.extend([start] * len(piece))
    return Folded("".join(pieces), cleaned, tuple(places))


def _fold(text: str) -> str:
    apart = unicodedata.normalize("NFKC", text.translate(_SAME)).casefold()
    same = unicodedata.normalize("NFKC", apart).translate(_SAME).replace("i" + _DOT_ABOVE, "i")
    return _DIGIT.sub(_ascii_digit, same)


def _ascii_digit(match: re.Match[str]) -> str:
    value = unicodedata.decimal(match.group(), None)
    return match.group() if value is None else str(value)


def _clusters(text: str) -> list[tuple[int, str]]:
    """Each base character with the marks that follow it, and where it starts."""
    found: list[tuple[int, str]] = []
    start = 0
    for index, char in enumerate(text):
        if index and not unicodedata.combining(char) and char not in "ﾞﾟ":
            found.append((start, text[start:index]))
            start = index
    found.append((start, text[start:]))
    return found
