"""The typed values a configuration can hold: durations, quiet hours, zones, paths, addresses of servers."""

import ipaddress
import re
from collections.abc import Callable
from datetime import time, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Strict, StringConstraints, ValidationInfo

_PIECE = re.compile(r"(\d{1,6})([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_QUIET = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)\s*-\s*([01]?\d|2[0-3]):([0-5]\d)")
SPECIAL_USE = ("\\All", "\\Archive", "\\Drafts", "\\Flagged", "\\Important", "\\Junk", "\\Sent", "\\Trash")


def duration(text: str) -> timedelta:
    """Read "72h", "5m", "90d", "1h30m"; raises ValueError saying what is allowed."""
    pieces = _PIECE.findall(text.strip().lower())
    if not pieces or "".join(n + u for n, u in pieces) != text.strip().lower():
        raise ValueError('a duration such as "30s", "5m", "72h", "90d" or "2w"')
    return sum((timedelta(**{_UNITS[unit]: int(number)}) for number, unit in pieces), timedelta())


def quiet_hours(text: str) -> tuple[time, time]:
    """Read "23:00-07:00" as two wall-clock times; raises ValueError saying what is allowed."""
    found = _QUIET.fullmatch(text.strip())
    if found is None:
        raise ValueError('two times of the day such as "23:00-07:00"')
    start, end = time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))
    if start == end:
        raise ValueError("two different times; leave the key out to be told at any hour")
    return start, end


def zone(name: str) -> ZoneInfo:
    """Read an IANA name such as "Europe/Madrid"; raises ValueError saying what is allowed."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError('an IANA time zone such as "Europe/Madrid", "America/New_York" or "UTC"') from None


def is_loopback(host: str) -> bool:
    """Say whether a host name or address is this very machine."""
    if host.lower() in {"localhost", "localhost.localdomain", "ip6-localhost"}:
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _text_of(value: object, allowed: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(allowed)
    return value


def _span(low: str, high: str) -> Callable[[object], timedelta]:
    def read(value: object) -> timedelta:
        if isinstance(value, timedelta):
            return value
        span = duration(_text_of(value, f'a duration in quotes such as "{low}"'))
        if not duration(low) <= span <= duration(high):
            raise ValueError(f'a duration from "{low}" to "{high}"')
        return span

    return read


def _quiet(value: object) -> object:
    return value if isinstance(value, tuple) else quiet_hours(_text_of(value, 'times such as "23:00-07:00"'))


def _zone(value: object) -> object:
    return value if isinstance(value, ZoneInfo) else zone(_text_of(value, 'a zone such as "Europe/Madrid"'))


def _path(value: object, info: ValidationInfo) -> Path:
    """Resolve `~`, and a relative path against the folder of the configuration file."""
    text = value if isinstance(value, Path) else Path(_text_of(value, "a path in quotes"))
    try:
        text = text.expanduser()
    except RuntimeError:
        raise ValueError("a path whose ~ names a user that exists") from None
    base: Path = (info.context or {}).get("base", Path.cwd())
    return text if text.is_absolute() else base / text


def _file(value: object, info: ValidationInfo) -> Path:
    found = _path(value, info)
    if not found.is_file():
        raise ValueError(f"a file that exists; {found} does not")
    return found


def _folder(value: object) -> str:
    name = _text_of(value, "the name of a folder")
    if not name.startswith("\\"):
        return name
    known = {flag.lower(): flag for flag in SPECIAL_USE}
    if name.lower() not in known:
        raise ValueError(f"a folder's name, or one of {', '.join(SPECIAL_USE)}")
    return known[name.lower()]


def _host(value: object) -> str:
    host = _text_of(value, 'a host name such as "imap.example.org"').strip()
    if "/" in host or " " in host or (host.count(":") == 1):
        raise ValueError('a bare host name such as "imap.example.org", without scheme, port or path')
    return host


def _address(value: object) -> str:
    text = _text_of(value, 'a mail address such as "me@example.org"').strip()
    if not re.fullmatch(r"[^@\s<>\x00-\x1f]+@[^@\s<>\x00-\x1f]+", text):
        raise ValueError('a mail address such as "me@example.org"')
    return text


def _url(value: object) -> str:
    text = _text_of(value, "an address starting with https:// or http://").strip()
    if not re.fullmatch(r"https?://[^\s/]+(/\S*)?", text):
        raise ValueError("an address starting with https:// or http://")
    return text


def _one_or_many(value: object) -> object:
    return [value] if isinstance(value, str) else value


Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Name = Annotated[str, StringConstraints(pattern=r"^[\w.@-]{1,64}$")]
Port = Annotated[int, Strict()]
Flag = Annotated[bool, Strict()]
Host = Annotated[str, BeforeValidator(_host)]
Address = Annotated[str, BeforeValidator(_address)]
Url = Annotated[str, BeforeValidator(_url)]
FolderName = Annotated[str, BeforeValidator(_folder)]
Zone = Annotated[ZoneInfo, BeforeValidator(_zone)]
Quiet = Annotated[tuple[time, time], BeforeValidator(_quiet)]
AnyPath = Annotated[Path, BeforeValidator(_path)]
ExistingFile = Annotated[Path, BeforeValidator(_file)]
Texts = Annotated[list[Text], BeforeValidator(_one_or_many)]
Addresses = Annotated[list[Address], BeforeValidator(_one_or_many)]


def _clock_name(value: object) -> str:
    from rules.announcing import CHOOSABLE
    from rules.wording import CLOCKS

    allowed = f"the name of a clock (alone, or with _from or _until): {', '.join(CLOCKS)}"
    name = _text_of(value, allowed)
    if name not in CHOOSABLE:
        raise ValueError(allowed)
    return name


PollSpan = Annotated[timedelta, BeforeValidator(_span("1s", "24h"))]
LookBack = Annotated[timedelta, BeforeValidator(_span("0d", "3650d"))]
Rung = Annotated[timedelta, BeforeValidator(_span("5m", "60d"))]
Breaks = Annotated[timedelta, BeforeValidator(_span("1h", "60d"))]
TestSpan = Annotated[timedelta, BeforeValidator(_span("1h", "90d"))]
ClockName = Annotated[str, BeforeValidator(_clock_name)]
Patience = Annotated[timedelta, BeforeValidator(_span("1s", "5m"))]
