"""An address taken apart the way a browser does it: scheme, user, host, path and parameters."""

import ipaddress
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote, unquote_plus

# What browsers drop at both ends of an address, and a few invisible characters that mails add.
INVISIBLE = "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
EDGES = "".join(map(chr, range(0x21))) + "\x7f\x85\u00a0\u2028\u2029\u3000" + INVISIBLE

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_HOST_AND_PORT = re.compile(r"(?:localhost|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+):\d+(?![^/?#])")
_LINE_ENDS = re.compile(r"[\t\r\n]+")
_CODED = re.compile("[%+]")
_UNWANTED = re.compile(r"[\x00-\x20\x7f#/<>?@\[\\\]^|%:]")
_DOTS = str.maketrans({"\u3002": ".", "\uff0e": ".", "\uff61": "."})
_NO_INVISIBLES = str.maketrans(dict.fromkeys(INVISIBLE))

WEB = ("http", "https")


@dataclass(frozen=True, slots=True)
class Address:
    """One address in parts; whatever is not there is None or empty.

    `text` is what a browser starts from: trimmed, without tabs and line ends. `scheme` and `host`
    are lower case; `host` is None where there is none that a browser could look up. `authority` is
    the printed stretch that holds user, host and port, and `slashes` how many stood before it.
    `parameters` are decoded: those of the query, then those of the fragment.
    """

    text: str
    scheme: str | None
    slashes: int
    authority: str
    user: str | None
    host: str | None
    port: str | None
    path: str
    query: str
    fragment: str
    parameters: tuple[tuple[str, str], ...]


@lru_cache(maxsize=512)
def take_apart(printed: str) -> Address:
    """Split any string as a browser would; never raises."""
    text = _LINE_ENDS.sub("", printed.strip(EDGES))
    rest, scheme = text, None
    match = _SCHEME.match(text)
    if match and not _HOST_AND_PORT.match(text):
        scheme, rest = match[1].lower(), text[match.end() :]
    rest, _, fragment = rest.partition("#")
    rest, _, query = rest.partition("?")
    if scheme is None or scheme in WEB:
        rest = rest.replace("\\", "/")
    found = pairs(query) + (pairs(fragment_parts(fragment)[1]) if fragment else ())
    bare = rest.lstrip("/")
    slashes = len(rest) - len(bare)
    authority, path, user, host, port = "", rest, None, None, None
    if scheme in WEB or (scheme is None and slashes >= 2):
        authority, slash, path = bare.partition("/")
        user, host, port = _authority(authority)
        path = slash + path
    return Address(text, scheme, slashes, authority, user, host, port, path, query, fragment, found)


def _authority(printed: str) -> tuple[str | None, str | None, str | None]:
    """User, host and port of the part between the slashes."""
    before, at, place = printed.rpartition("@")
    user = before if at else None
    if place.startswith("["):
        inner, _, after = place[1:].partition("]")
        return user, _ipv6(inner) if "]" in place else None, after.removeprefix(":") or None
    name, colon, port = place.partition(":")
    return user, _host(name), port if colon else None


def _ipv6(printed: str) -> str | None:
    try:
        return str(ipaddress.IPv6Address(printed)) if "%" not in printed else None
    except ValueError:
        return None


def _host(printed: str) -> str | None:
    """The name as it would be looked up, or None where it can't be one."""
    name = unquote(printed)
    if not name.isascii():
        name = unicodedata.normalize("NFKC", name.translate(_NO_INVISIBLES)).translate(_DOTS)
    name = name.lower()
    if name.endswith("."):
        name = name[:-1]
    if not name or _UNWANTED.search(name):
        return None
    return name


def pairs(query: str, *, plus: bool = True) -> tuple[tuple[str, str], ...]:
    """Names and values of a query, decoded once, in their order; `plus` reads "+" as a blank.

    A name that still carries half of an ampersand's entity ("amp;orderId") is read without it.
    """
    decode = unquote_plus if plus else unquote
    found = []
    for piece in query.split("&"):
        name, _, value = piece.partition("=")
        while name.startswith("amp;"):
            name = name[4:]
        if name or value:
            found.append((decode(name), decode(value)) if _CODED.search(piece) else (name, value))
    return tuple(found)


def fragment_parts(fragment: str) -> tuple[str, str]:
    """Path and query of a fragment that single-page sites use as a second address."""
    path, mark, query = fragment.partition("?")
    if mark:
        return path, query
    return ("", fragment) if "=" in fragment else (fragment, "")


def plain_name(name: str) -> str:
    """A parameter's name for comparing: lower case, letters and digits only (`order_id` = `orderId`)."""
    return "".join(filter(str.isalnum, name)).lower()


def belongs(host: str, domain: str) -> bool:
    """Whether a host is a domain or lies below it."""
    return host == domain or host.endswith("." + domain)
