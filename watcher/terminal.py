"""Text made harmless for a terminal, a log line or an error message, whoever wrote it."""

from parsers.cleaning import clean, clean_lines

ELLIPSIS = "…"


def one_line(text: str, limit: int | None = None) -> str:
    """The text on one line without controls, escapes or bidi marks, at most `limit` characters long."""
    return shorten(clean(text), limit)


def lines(text: str, limit: int | None = None) -> str:
    """The same, with its line ends kept and blank lines at both ends dropped."""
    return shorten(clean_lines(text).strip("\n"), limit)


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
