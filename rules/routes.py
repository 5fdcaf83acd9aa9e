"""The ways to the same buttons without the mail's link, with the order's number filled in."""

from collections.abc import Sequence

from rules.facts import Instruction, Kind, Route
from rules.turns import ORDER_KINDS
from rules.wording import Words, WordsError, words_from

__all__ = ["Words", "WordsError", "instruct", "order_page", "which", "words_from"]

ORDER_PAGE = "https://www.aliexpress.com/p/order/detail.html?orderId={}"
ORDER_LIST = "https://www.aliexpress.com/p/order/index.html"


def instruct(kind: Kind | None, orders: Sequence[str], dispute: str | None, words: Words) -> Instruction:
    """What to do after a mail of this kind (None: unclear) and every way there, the surest first.

    Only the browser's way has an address, made from the order's number, never taken from a mail.
    """
    named = which(orders, words)
    act = words.say(f"act.{name_of(kind)}")
    holes = {"which": named, "case": _dispute(named, dispute, words), "act": act}
    lost = kind is None and not orders
    headline = words.say("headline.lost" if lost else f"headline.{name_of(kind)}", which=named)
    stuck = words.say("help.stuck")
    page = order_page(orders)
    if kind in ORDER_KINDS:
        missing = words.say("help.missing_open")
        app = _route("open_dispute", "open_dispute", words, holes, (missing, stuck))
        return Instruction(
            capital(headline), (app, _route("web_order", "web_open", words, holes, (missing,), page))
        )
    routes = (
        _route("app_order", "app_order", words, holes, (words.say("help.missing"), stuck)),
        _route("app_cases", "app_cases", words, holes),
        _route("app_messages", "app_messages", words, holes),
        _route("web_order", "web_order", words, holes, (), page),
    )
    return Instruction(capital(headline), routes)


def which(orders: Sequence[str], words: Words) -> str:
    """The order or orders in words, such as "order 8123456789012345"."""
    if not orders:
        return words.say("order.none")
    return words.say("order.one" if len(orders) == 1 else "order.many", orders=", ".join(orders))


def order_page(orders: Sequence[str]) -> str:
    """The web page of a single order, else the list of all orders."""
    if len(orders) == 1 and orders[0].isascii() and orders[0].isdigit():
        return ORDER_PAGE.format(orders[0])
    return ORDER_LIST


def name_of(kind: Kind | None) -> str:
    """The word under which a kind's sentences stand."""
    return "unclear" if kind is None else kind.value


def capital(text: str) -> str:
    """The text with a capital first letter, the rest untouched."""
    return text[:1].upper() + text[1:]


def _dispute(named: str, dispute: str | None, words: Words) -> str:
    if dispute is None:
        return words.say("dispute.unnumbered", which=named)
    return words.say("dispute.numbered", dispute=dispute, which=named)


def _route(
    name: str,
    key: str,
    words: Words,
    holes: dict[str, str],
    more: tuple[str, ...] = (),
    url: str | None = None,
) -> Route:
    steps = words.each(f"routes.{key}.steps", **holes)
    return Route(name, words.say(f"routes.{key}.title"), (*steps, *more), url)
