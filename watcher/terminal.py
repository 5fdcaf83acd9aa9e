"""Text made harmless for a terminal, a log line or an error message, whoever wrote it."""

import re

from parsers.cleaning import clean, clean_lines

ELLIPSIS = "…"
# Whole control sequences: without their first byte the rest would be left as noise, or as a hidden address.
# A string sequence counts only up to its end on the same line, or one stray byte could hide what follows.
_SEQUENCES = re.compile(
    "(?:\x1b\\[|\x9b)[0-?]*[ -/]*[@-~]"
    "|(?:\x1b[\\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\r\n]*(?:\x07|\x1b\\\\|\x9c)"
)


def one_line(text: str, limit: int | None = None) -> str:
    """The text on one line without controls, escapes or bidi marks, at most `limit` characters long."""
    return shorten(clean(_SEQUENCES.sub("", text)), limit)


def lines(text: str, limit: int | None = None) -> str:
    """The same, with its line ends kept and blank lines at both ends dropped."""
    return shorten(clean_lines(_SEQUENCES.sub("", text)).strip("\n"), limit)


def shorten(text: str, limit: int | None) -> str:
    """The text, or its first characters and an ellipsis where it is longer than `limit`."""
    if limit is None or len(text) <= limit:
        return text
    return text[: max(limit - 1, 0)].rstrip() + ELLIPSIS


def last_line(output: bytes, limit: int = 200) -> str:
    """The last line with something on it of what a program printed, made harmless; "" where there is none."""
    said = [one_line(line) for line in output.decode("utf-8", "replace").splitlines()]
    spoken = [line for line in said if line]
    return shorten(spoken[-1], limit) if spoken else ""
