"""Lines and tables for people: aligned by what letters really take, coloured only where a terminal shows it.

Written here and not taken from a library, because `status` is asked by shells and bars and must be quick.
"""

import os
import re
import shutil
import unicodedata
from collections.abc import Sequence
from typing import IO

Cell = tuple[str, str]  # text and style
NARROW = 120  # columns; what a table takes where nobody tells us how wide the paper is
_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}
_GAP = "  "
_HANGING = re.compile(r"\s*(?:[-*] |\d+\. |\S+(?: \S+)?\s{2,})?")  # what stands before a line's own text


class Paper:
    """Writes on one stream. Styles are words such as "bold red"; text is made harmless here, once for all."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        terminal = stream.isatty() and os.environ.get("TERM") != "dumb"
        self._coloured = terminal and not os.environ.get("NO_COLOR")
        self._width = shutil.get_terminal_size((NARROW, 24)).columns if terminal else NARROW
        self._narrow = terminal  # elsewhere a program may read us, and wants whole lines

    def line(self, text: str = "", style: str = "", whole: bool = False) -> None:
        """Write one line, or several where the text has line ends, wrapped between words on a terminal.

        With `whole` nothing is wrapped: it is to be copied.
        """
        for each in map(_harmless, text.split("\n")):
            for shown in [each] if whole or not self._narrow else _hung(each, self._width):
                self._stream.write(self._styled(shown, style) + "\n")

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[Cell]], flexible: int) -> None:
        """Write a table; only the column `flexible` is wrapped where all would not fit."""
        cells = [[(head, "bold") for head in heads], *rows]
        shown = [[(_harmless(text, keep="\n"), style) for text, style in row] for row in cells]
        widths = [max(_wide(row[column][0]) for row in shown) for column in range(len(heads))]
        others = sum(widths) - widths[flexible] + len(_GAP) * (len(heads) - 1)
        widths[flexible] = min(widths[flexible], max(16, self._width - others))
        for number, row in enumerate(shown):
            self._row(row, widths, flexible)
            if number == 0:
                self.line("─" * min(self._width, sum(widths) + len(_GAP) * (len(heads) - 1)), "dim")

    def _row(self, row: Sequence[Cell], widths: Sequence[int], flexible: int) -> None:
        columns = [
            _wrapped(text, widths[at]) if at == flexible else text.split("\n")
            for at, (text, _) in enumerate(row)
        ]
        for depth in range(max(len(lines) for lines in columns)):
            pieces = []
            for lines, (_, style), width in zip(columns, row, widths, strict=True):
                text = lines[depth] if depth < len(lines) else ""
                pieces.append(self._styled(text, style) + " " * (width - _wide(text)))
            self._stream.write(_GAP.join(pieces).rstrip() + "\n")

    def _styled(self, text: str, style: str) -> str:
        if not (self._coloured and style and text):
            return text
        return f"\x1b[{';'.join(_CODES[word] for word in style.split())}m{text}\x1b[0m"


def _harmless(text: str, keep: str = "") -> str:
    """The text without escapes, controls and marks that nobody sees."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() or letter in keep else " " for letter in text)


def _wide(text: str) -> int:
    """How many columns the longest line of a text takes on a terminal."""
    return max(sum(_columns(letter) for letter in line) for line in text.split("\n"))


def _columns(letter: str) -> int:
    if letter.isascii():
        return 1
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def _hung(text: str, width: int) -> list[str]:
    """A line's text in lines that fit, each below where the text itself begins."""
    if _wide(text) <= width:
        return [text]
    before = match[0] if (match := _HANGING.match(text)) else ""
    if _wide(before) > width // 2:
        return [text]
    first, *more = _wrapped(text[len(before) :], width - _wide(before))
    return [before + first, *(" " * _wide(before) + each for each in more)]


def _wrapped(text: str, width: int) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if not lines[-1] or _wide(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
