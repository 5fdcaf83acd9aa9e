"""Checks what an address says of itself: the order it names, the time it lapses, the host its label shows."""

import json
import math
import re
from base64 import urlsafe_b64decode
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, timezone

from rules.addresses import open_wrapped
from rules.anatomy import Address, plain_name, take_apart
from rules.link_names import ORDERS, named

_ORDER = re.compile(r"\d{10,20}", re.ASCII)
_DISPUTE = re.compile(r"6[23]\d{14}|14\d{15}", re.ASCII)
_LINE = 10_000  # an order line's id is its order's plus this, once for every line

_LAPSE = re.compile(r"expir|deadline|valid(?:until|to|till|thru|before)|notafter")
_LAPSE_WHOLE = frozenset(["exp", "until", "exptime", "expdate", "expat", "expts", "exptimestamp"])
_ISO = re.compile(r"\d{4}-?\d\d-?\d\d(?:[T ].*)?", re.ASCII)
_EPOCHS = (10, 13, 16)  # how many digits the seconds, milliseconds and microseconds of our years have
_LAST_ZONE = timezone(timedelta(hours=-12))  # where a day ends last
_TOKEN = re.compile(r"eyJ[\w-]{4,}\.(eyJ[\w-]{4,8000})\.[\w-]*", re.ASCII)

_SHOWN = re.compile(
    r"(?<![\w@.])(?:https?://[^\s<>\"']+|(?:www\.[\w-]+(?:\.[\w-]+)+|(?:[\w-]+\.)+"
    r"(?:com|net|org|us|ru|info|shop|store|online|top|xyz|site|app|biz|club|link|click|vip|example))"
    r"(?![\w@-])(?:[:/?#][^\s<>\"']*)?)",
    re.IGNORECASE,
)


def names_other_order(address: Address, orders: Sequence[str]) -> bool:
    """Whether a parameter names an order that the text does not; dispute and order-line ids are none."""
    if not orders:
        return False
    found = [value for value in named(address, ORDERS) if _ORDER.fullmatch(value)]
    parents = named(address, frozenset({"parentorderid"}))
    if any(parent in orders for parent in parents):
        return False
    return any(not _is_known(value, orders) for value in found if value not in parents)


def _is_known(number: str, orders: Sequence[str]) -> bool:
    if number in orders or _DISPUTE.fullmatch(number):
        return True
    ahead = [int(number) - int(order) for order in orders if _ORDER.fullmatch(order)]
    return any(0 < step <= 100 * _LINE and step % _LINE == 0 for step in ahead)


def has_lapsed(address: Address, now: datetime) -> bool:
    """Whether a time of expiry in the address's own parameters, or in a token of its, is before `now`."""
    return any(at < now for at in _lapses(address))


def _lapses(address: Address) -> Iterator[datetime]:
    for name, value in address.parameters:
        plain = plain_name(name)
        if (plain in _LAPSE_WHOLE or _LAPSE.search(plain)) and (at := _instant(value.strip())):
            yield at
    for token in _TOKEN.finditer(address.text):
        if at := _token_lapse(token[1]):
            yield at


def _instant(printed: str) -> datetime | None:
    """Seconds since 1970, or thousandths or millionths, or an ISO date, in the last zone if it names none."""
    if printed.isascii() and printed.isdigit() and len(printed) in _EPOCHS:
        return _since_1970(int(printed[:10]))
    if not _ISO.fullmatch(printed) or len(printed) > 40:
        return None
    try:
        # A "+" before a zone that was not encoded has been read as a blank.
        at = datetime.fromisoformat(re.sub(r"(T.*) (\d\d:?\d\d)$", r"\1+\2", printed))
        if len(printed) <= 10:
            at += timedelta(days=1)
        return (at if at.tzinfo else at.replace(tzinfo=_LAST_ZONE)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _since_1970(seconds: int) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if 0 < seconds < 10**10 else None


def _token_lapse(payload: str) -> datetime | None:
    """The `exp` claim of a JSON web token: seconds, but some write milliseconds, or either as a text."""
    try:
        claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, RecursionError):
        return None
    lapse = claims.get("exp") if isinstance(claims, dict) else None
    if isinstance(lapse, float) and math.isfinite(lapse):
        lapse = int(lapse)
    if isinstance(lapse, bool) or not isinstance(lapse, int | str):
        return None
    return _instant(str(lapse)[:40])


def shown_hosts(label: str) -> list[str]:
    """The hosts of the addresses that a label shows to its reader."""
    found = []
    for match in _SHOWN.finditer(label[:2000]):
        shown = match[0].rstrip(".,;:!?)]}…")
        printed = shown if shown.lower().startswith(("http://", "https://")) else "https://" + shown
        if host := take_apart(open_wrapped(printed).url).host:
            found.append(host)
    return found
