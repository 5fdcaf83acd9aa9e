"""Reads Authentication-Results headers, RFC 8601 ones and those the big mail houses really write."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

NAMELESS = "-"
"""Stands for results that name nobody, as Outlook.com writes them."""

_LIMIT = 16 * 1024
_RESULTS = 100
_METHOD = re.compile(r"([a-z][\w.-]{0,30})(?:\s*/\s*\d+)?\s*=\s*([a-z]{1,20})\b", re.IGNORECASE)
_PROPERTY = re.compile(
    r"\b((?:header|smtp|policy|body)\.[a-z0-9_-]{1,30}|reason)\s*=\s*(\"[^\"]*\"|[^\s;\"]+)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Result:
    """What one method said: `dmarc`, `pass`, and the domain it said it of (None where it named none)."""

    method: str
    value: str
    domain: str | None


@dataclass(frozen=True, slots=True)
class Results:
    """One header: who wrote it (NAMELESS where it does not say), and what it says."""

    server: str
    results: tuple[Result, ...]

    def said_by(self, trusted: Sequence[str]) -> bool:
        """Was this written by one of the trusted ids? A `*` in one stands for any text without a dot."""
        return any(_same_server(self.server, one) for one in trusted)


def parse_results(value: str) -> Results:
    """Take one header value apart; total, bounded."""
    segments = [segment.strip() for segment in _segments(_without_comments(value[:_LIMIT]))]
    segments = [segment for segment in segments if segment]
    server = NAMELESS
    if segments and not _METHOD.match(segments[0]):
        server = segments.pop(0).split()[0].strip('"').rstrip(".").lower()
    results = (_result(segment) for segment in segments[:_RESULTS])
    return Results(server, tuple(result for result in results if result))


def _result(segment: str) -> Result | None:
    match = _METHOD.match(segment)
    if match is None:
        return None
    method = match.group(1).lower()
    properties = {name.lower(): text.strip('"') for name, text in _PROPERTY.findall(segment[match.end() :])}
    named = {
        "dmarc": ("header.from", "header.d"),
        "dkim": ("header.d", "header.i"),
        "spf": ("smtp.mailfrom", "smtp.helo"),
    }.get(method, ())
    domain = next((properties[name] for name in named if name in properties), None)
    return Result(method, match.group(2).lower(), _domain(domain))


def _domain(text: str | None) -> str | None:
    return text.rpartition("@")[2].strip("<>").rstrip(".").lower() if text else None


def _without_comments(text: str) -> str:
    """Comments may nest and hold anything; what stands in quotes is no comment."""
    out: list[str] = []
    depth, quoted, escaped = 0, False, False
    for char in text:
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == '"' and not depth:
            quoted = not quoted
        elif char == "(" and not quoted:
            depth += 1
            out.append(" ")
        elif char == ")" and not quoted and depth:
            depth -= 1
            continue
        if not depth:
            out.append(char)
    return "".join(out)


def _segments(text: str) -> list[str]:
    """Split at semicolons outside quotes, so that a quoted reason can't smuggle a result in."""
    out: list[str] = []
    current: list[str] = []
    quoted = False
    for char in text:
        if char == '"':
            quoted = not quoted
        if char == ";" and not quoted:
            out.append("".join(current))
            current = []
        else:
            current.append(char)
    return [*out, "".join(current)]


def _same_server(server: str, trusted: str) -> bool:
    wanted = trusted.strip().rstrip(".").lower()
    if "*" not in wanted:
        return server == wanted
    pattern = "[^.]*".join(re.escape(part) for part in wanted.split("*"))
    return re.fullmatch(pattern, server) is not None
