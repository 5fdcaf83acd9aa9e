"""Finds what keeps an address from opening at all: holes, damage in transport, no host, a strange scheme."""

import re
from collections.abc import Iterator, Sequence
from urllib.parse import unquote

from rules.anatomy import EDGES, WEB, Address, plain_name, take_apart
from rules.facts import LinkReason
from rules.link_names import DISPUTES, ORDERS, is_key, is_tracking, named, names_one_thing
from rules.lookalikes import is_number, is_valid_number

_SCRIPTS = frozenset(
    [
        "javascript",
        "data",
        "cid",
        "mid",
        "vbscript",
        "livescript",
        "file",
        "about",
        "blob",
        "jar",
        "filesystem",
    ],
)
_BEFORE_COLON = re.compile(rf"[\s{re.escape(EDGES)}]+")

# Holes that stay holes however often they were percent-encoded. Genuine addresses carry encoded
# JSON ({"order":..), where an opening brace is never followed by another one or by a bare name.
_HOLE = re.compile(
    r"\$!?\{\s*[A-Za-z_!]|\{\{|<%(?![0-9A-Fa-f]{2})|<\?[=p]|<#|\*\|[^|]{1,80}\|\*"
    r"|\[\[\s*[A-Za-z_][\w .-]{0,80}\]\]|[#@]\{\s*[A-Za-z_]|%%[A-Za-z_=@\[][^%\s]{0,80}%%"
    r"|\[object |\{%(?![0-9A-Fa-f]{2})|\{![A-Za-z$]"
)
# Holes only where they are printed so: encoded, they may be somebody's data.
_RAW_HOLE = re.compile(
    r"\{[A-Za-z_$][\w.]{0,60}\}|\{\d{1,2}\}|<[A-Za-z_][\w .-]{0,60}>|=\[[A-Za-z_][\w .-]{0,60}\](?=[&#]|$)"
    r"|%(?![0-9A-Fa-f]{2})[A-Za-z_]\w{1,40}%|%s|%d(?![0-9A-Fa-f])|%@"
    r"|%\(\w{1,40}\)[sd]|%\d\$[sd]|/:[A-Za-z]\w{1,40}(?=[/?#]|$)|\b__[A-Z][A-Z0-9_]{1,40}__\b"
)
# A shop's own marks for measuring may well begin so.
_VARIABLE = re.compile(r"\$!?[A-Za-z_][\w.]{0,60}")
_NOTHING = frozenset({"undefined", "null", "nan", "(null)", "<null>", "nil", "[object object]"})
_NONE = frozenset({"none", "n/a"})
_NO_ORDER = re.compile(r"\d*[xX*#?]{3,}\d*|[xX*#?_.-]+|[A-Za-z_ -]+|0+")

_DAMAGE = re.compile(
    r"[\r\n\ufffd…]|^(?:=?3D)?[\"'<]|^=?3Dh|[\"'>]$|&(?:amp|lt|gt|quot|#\d{1,7}|#x[0-9a-f]{1,6})(?:;|%3B)"
    r"|(?:\.{3,}|%E2%80%A6)[)\]]?(?:[&#/?]|$)|%[0-9A-F]?$|[?&]$",
    re.IGNORECASE,
)
_QUOTED_EQUALS = re.compile(r"3D[A-Za-z0-9\"'%_/]")
_QUOTED_NUMBER = re.compile(r"3D\d+", re.ASCII)
_SEARCHES = frozenset(["searchtext", "title", "q", "keyword", "keywords", "text", "name"])
_CUT_HOST = "www.aliexpress.c"

_BLANK = re.compile(r"[\s\x00-\x20\x7f]")
_DOUBLE = re.compile(r"https?:?/*https?:|[a-z]+://[^/?#]*https?:?//|https?://+https?/", re.IGNORECASE)
_MISSPELT = frozenset(
    {"htp", "htps", "hxxp", "hxxps", "ttp", "ttps", "htttp", "htttps", "httpss", "hhttp", "hhttps"}
)
_NO_COLON = re.compile(r"https?/{1,2}\w", re.IGNORECASE)
_BARE_HOST = re.compile(r"(?:[\w-]+\.)+([a-z]{2,24})(?::\d*)?(?=[/?#]|$)", re.IGNORECASE)
_FILES = frozenset(
    {"html", "htm", "php", "asp", "aspx", "jsp", "do", "js", "png", "jpg", "gif", "action", "json"}
)
_LABEL = re.compile(r"[a-z0-9_-]{1,63}")


def flaw(printed: str, url: str, torn: bool, orders: Sequence[str]) -> LinkReason | None:
    """The first of the contract's structural reasons, from `fragment` to `app_only`, or None.

    `printed` is the target as the mail has it, `url` what is left after unwrapping, `torn` whether
    a wrapper held nothing, `orders` the numbers that the text names.
    """
    address = take_apart(url)
    if url.startswith("#"):
        return LinkReason.FRAGMENT
    if _script(url):
        return LinkReason.SCRIPT
    if _has_a_hole(url, address):
        return LinkReason.PLACEHOLDER
    if torn or _is_damaged(printed, url, address) or _stops_short(address, orders):
        return LinkReason.DAMAGED
    if _is_malformed(url, address):
        return LinkReason.MALFORMED
    if address.scheme is None:
        return LinkReason.RELATIVE
    return None if address.scheme in WEB else LinkReason.APP_ONLY


def _script(url: str) -> bool:
    """Browsers run `java\\nscript:` too, and never mind its case."""
    scheme, colon, _ = url[:200].partition(":")
    return bool(colon) and _BEFORE_COLON.sub("", scheme).lower() in _SCRIPTS


def _layers(text: str) -> Iterator[str]:
    """A text and what it becomes when it is percent-decoded, up to three times."""
    for _ in range(4):
        yield text
        if text == (text := unquote(text)):
            return


def _has_a_hole(url: str, address: Address) -> bool:
    if _RAW_HOLE.search(url) or any(_HOLE.search(layer) for layer in _layers(url)):
        return True
    if any(_is_nothing(name, value) for name, value in address.parameters):
        return True
    if any(_NO_ORDER.fullmatch(value) for value in named(address, ORDERS)):
        return True
    steps = address.path.lower().split("/") + (address.host or "").split(".")
    return not _NOTHING.isdisjoint(steps)


def _is_nothing(name: str, value: str) -> bool:
    """A variable's name, or a programming language's word for nothing, where a page needs something."""
    word = value.strip().lower()
    if is_tracking(name):
        return False
    return word in _NOTHING or bool(_VARIABLE.fullmatch(word)) or (word in _NONE and names_one_thing(name))


def _is_damaged(printed: str, url: str, address: Address) -> bool:
    if _DAMAGE.search(url) or "\n" in printed or "\r" in printed:
        return True
    return _is_quoted_printable(address) or _is_cut(address)


def _is_quoted_printable(address: Address) -> bool:
    """`=3D` where `=` was meant: before a number, or everywhere. One signature may well start with
    3D, and people do search for 3D printers.
    """
    if any(_QUOTED_NUMBER.fullmatch(value) for value in named(address, ORDERS | DISPUTES)):
        return True
    values = [
        value
        for name, _, value in (piece.partition("=") for piece in address.query.split("&"))
        if value and plain_name(name) not in _SEARCHES
    ]
    return bool(values) and all(_QUOTED_EQUALS.match(value) for value in values)


def _is_cut(address: Address) -> bool:
    """Ends in the middle of its query or host, or holds a key with nothing in it."""
    if any(_is_emptied(name, value) for name, value in address.parameters):
        return True
    *front, last = address.query.split("&")
    if front and last and "=" not in last and not address.fragment and any("=" in piece for piece in front):
        return True
    bare = not (address.path or address.query or address.fragment)
    return bare and len(address.host or "") > 4 and _CUT_HOST.startswith(address.host or "")


def _is_emptied(name: str, value: str) -> bool:
    """A key without its value, or a number that the "=" of a soft line break still hangs on."""
    return is_key(name) and (not value or (value.endswith("=") and value.rstrip("=").isdigit()))


def _stops_short(address: Address, orders: Sequence[str]) -> bool:
    """Whether an order number is only the start of one that the text names in full."""
    return any(
        value and value not in orders and any(order.startswith(value) for order in orders)
        for value in named(address, ORDERS)
    )


def _is_malformed(url: str, address: Address) -> bool:
    if _BLANK.search(url) or _DOUBLE.match(url) or address.scheme in _MISSPELT or _NO_COLON.match(url):
        return True
    if address.scheme is None:
        return address.slashes >= 2 or _starts_with_a_host(address.text)
    return address.scheme in WEB and (address.slashes != 2 or not _can_be_looked_up(address))


def _starts_with_a_host(text: str) -> bool:
    match = _BARE_HOST.match(text)
    if match:
        return match[1].lower() not in _FILES
    return text.startswith("localhost")


def _can_be_looked_up(address: Address) -> bool:
    host, port = address.host, address.port
    if host is None or (port and not (port.isascii() and port.isdigit() and 0 < int(port[:9]) < 65536)):
        return False
    if is_number(host):
        return is_valid_number(host)
    labels = host.split(".")
    fits = all(_LABEL.fullmatch(label) if label.isascii() else len(label) < 64 for label in labels)
    return fits and len(host) < 254 and (len(labels) > 1 or host == "localhost")
