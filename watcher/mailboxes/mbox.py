"""The mails of one mbox file, one after the other, however large the file is."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from watcher.mailboxes import CAP
from watcher.mailboxes.receipt import from_line

LONGEST_LINE = 1024 * 1024

_DATED = re.compile(rb"^From .*\b\d{1,2}:\d\d\b")
_QUOTED = re.compile(rb"^>+From ")
_HEADER = re.compile(rb"^[!-9;-~]+[ \t]*:")


@dataclass(frozen=True, slots=True)
class Piece:
    """One mail of an mbox: its bytes cut at `CAP`, its full length, and its From_ line's time."""

    raw: bytes
    size: int
    at: datetime | None


def pieces(file: BinaryIO) -> Iterator[Piece]:
    """Yield the mails of an mbox file open at its start. Raises OSError.

    A From_ line begins a mail only at the start or after an empty line, and only if it is dated or header
    lines follow it, for many programs leave such lines in texts unquoted. ">From " loses one ">".
    """
    current: _Growing | None = None
    blank, line = True, file.readline(LONGEST_LINE)
    while line:
        following = file.readline(LONGEST_LINE)
        if blank and line.startswith(b"From ") and (_DATED.match(line) or _HEADER.match(following)):
            if current is not None:
                yield current.done()
            current = _Growing(from_line(line))
        else:
            if current is None:
                current = _Growing(None)  # a file that begins in the middle still has a mail in it
            current.add(line[1:] if _QUOTED.match(line) else line)
        blank = not line.strip(b"\r\n")
        line = following
    if current is not None:
        yield current.done()


class _Growing:
    def __init__(self, at: datetime | None) -> None:
        self._at = at
        self._raw = bytearray()
        self._size = 0
        self._last = b""

    def add(self, line: bytes) -> None:
        self._size += len(line)
        self._last = line
        if len(self._raw) < CAP:
            self._raw += line[: CAP - len(self._raw)]

    def done(self) -> Piece:
        """Return the mail without the empty line that belongs to the mbox."""
        if self._last in (b"\n", b"\r\n"):
            if self._size == len(self._raw):
                del self._raw[-len(self._last) :]
            self._size -= len(self._last)
        return Piece(bytes(self._raw), self._size, self._at)
