"""Tells from an AliExpress address alone what page it leads to: an order, a dispute, or anything else."""

import re
from urllib.parse import unquote

from rules.anatomy import WEB, Address, fragment_parts, plain_name, take_apart
from rules.facts import Role
from rules.link_names import DISPUTES, ORDERS, is_tracking

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_DISPUTE = frozenset(
    ["issue", "issues", "dispute", "disputes", "reverse", "aftersale", "aftersales", "appeal"]
)
_RETURN = frozenset(["refund", "refunds", "return", "returns"])
_DETAIL = frozenset(["detail", "details", "view", "info"])
_JOINED = re.compile(
    r"(?:issue|dispute|reverse|refund|return)(?:detail|list|page|order|apply|index)"
    r"|(?:create|my|open|apply|fast)(?:issue|dispute|refund|return)"
)
_ORDER_PAGE = re.compile(r"order[^a-z/]?details?\b|/orders?/\d{12,20}(?:[/.]|$)")
# Pages that show a product, a shop or a parcel, or speak *about* orders and returns.
_SHOP = re.compile(
    r"/+(?:p/)?(?:items?|i|store|w|wholesale|category|popular|ssr|gcp|help[a-z-]*|track(?:ing)?|logistics"
    r"|feedback|evaluation|coupons?|[a-z-]*login[a-z-]*)(?:[/.]|$)"
)
_ABOUT_HOST = re.compile(
    r"(?:help|helppage|service|customerservice|sale|campaign|activities|promotion|sell)\."
)
_ABOUT = frozenset(["policy", "policies", "help", "faq", "article", "articles", "rule", "rules", "guarantee"])
_BESIDE = frozenset(
    ["tracking", "track", "logistics", "feedback", "evaluation", "review", "snapshot", "list"]
)
_ADVERTS = frozenset(["free", "promotion", "campaign", "protection", "easy"])
_SHORT = re.compile(r"(?:a|s\.click|star)\.")
_HOME = frozenset({"", "/", "/index.html", "/index.htm"})
_APPS = ("aliexpress", "aliexpressapp", "aeapp", "intent")


def place(address: Address) -> Role:
    """The role of a page whose host is AliExpress's: `order`, `dispute` or `other`."""
    route = fragment_parts(address.fragment)[0]
    path = unquote(address.path + "/" + route)
    words = {word.lower() for word in _WORD.findall(path)}
    if _SHOP.match(path.lower()) or _ABOUT_HOST.match(address.host or "") or words & _ABOUT:
        return Role.OTHER
    if words & _DISPUTE or _JOINED.search(path.lower()):
        return Role.DISPUTE
    returns, names = words & _RETURN, {plain_name(name) for name, _ in address.parameters}
    if not returns and _is_order(path.lower(), words, names):
        return Role.ORDER
    if (returns and not words & (_BESIDE | _ADVERTS)) or names & DISPUTES:
        return Role.DISPUTE
    return Role.DISPUTE if returns and "list" in words else Role.OTHER


def _is_order(path: str, words: set[str], names: set[str]) -> bool:
    """An order's own page: `/p/order/detail.html`, `/order_detail.htm`, `/orderDetail`, `/orders/<id>`."""
    if words & _BESIDE:
        return False
    if _ORDER_PAGE.search(path) or (words & {"order", "orders"} and words & _DETAIL):
        return True
    return path.strip("/").endswith("order") and bool(names & ORDERS)


def place_in_app(address: Address) -> Role:
    """The role of a page that only AliExpress's app opens, `other` for any other scheme."""
    if address.scheme not in _APPS or "aliexpress" not in address.text.lower():
        return Role.OTHER
    for name, value in address.parameters:
        inner = take_apart(value)
        if plain_name(name) in ("url", "targeturl") and inner.scheme in WEB:
            return place(inner)
    return place(address)


def says_nothing(address: Address) -> bool:
    """Whether an address of AliExpress's is a short one, whose page can't be told by looking."""
    return bool(_SHORT.match(address.host or "")) and not address.parameters


def is_home(address: Address) -> bool:
    """Whether an address is the bare front page, whatever was added for counting visits."""
    if address.path.lower() not in _HOME or fragment_parts(address.fragment)[0].strip("/!"):
        return False
    return all(is_tracking(name) for name, _ in address.parameters)
