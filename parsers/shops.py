"""Finds a shop that a clause calls by nothing but its name: "Northern Lights offers 7.80"."""

import re
from collections.abc import Callable, Sequence

from parsers.wording import Mark

# What somebody does in such a clause, and whom it names where a shop's name matters no more.
_DEEDS = frozenset(("propose", "declined", "offered", "keep"))
_WAITING = frozenset(("answer", "left", "expire", "question"))  # beside an amount, to be answered
_KNOWN = frozenset(("seller", "platform", "decide", "faq", "marketing", "chat"))
_NO_SHOPS = frozenset(("aliexpress", "paypal", "whatsapp", "youtube", "mastercard", "wechat", "alipay"))
_WORD = re.compile(r"[^\W\d_]{3,}")
_QUOTED = re.compile(r'^\W{0,3}[«„“"](?P<name>[^\W\d_][^«»„“”"]{2,30})[»“”"]\s(?=[^\W\d_])')
_ARTICLE = re.compile(
    r"(?:[AO]|De|Het|El|La|Il|Le|L['’]|Los|Las|Les)(?:\s|(?<=['’]))(?=[^\W\d_]{3})"
)  # "A Casa Lumen"
_MORE = re.compile(r"[ ]")
_CAPITAL_NOUNS = frozenset(("de",))  # where every noun has a capital, two in a row are no name


def with_shops(
    shown: str, marks: Sequence[Mark], locale: str, knows: Callable[[str], bool], priced: bool
) -> Sequence[Mark]:
    """Return the marks of a clause with its shop's name as one of the seller, where none is named otherwise.

    `knows`: whether a levelled word stands in the language's phrases; such a word is no name.
    `priced`: whether an amount stands in the clause.
    """
    said = {mark.concept for mark in marks}
    waiting = priced and not said.isdisjoint(_WAITING)
    if not said.isdisjoint(_KNOWN) or (said.isdisjoint(_DEEDS) and not waiting):
        return marks
    name = _humped(shown)
    if name is None and not said.isdisjoint(_DEEDS):
        name = _quoted(shown) or (None if locale in _CAPITAL_NOUNS else _two(shown, knows))
    if name is None:
        return marks
    return sorted((*marks, Mark("seller", *name)), key=lambda mark: (mark.start, -mark.end))


def _quoted(shown: str) -> tuple[int, int] | None:
    """A name in quotation marks that a clause begins with, and that goes on with a verb."""
    found = _QUOTED.match(shown)
    if found is None or not found["name"][0].isupper() or not shown[found.end()].islower():
        return None
    return found.span("name")


def _humped(shown: str) -> tuple[int, int] | None:
    """A word with a capital inside: "TechnoWorld"."""
    for found in _WORD.finditer(shown):
        word = found[0]
        humps = sum(char.isupper() for char in word[1:])
        small = word[-1].islower() and word[1].islower()
        if word[0].isupper() and small and 0 < humps <= 2 and word.lower() not in _NO_SHOPS:
            return found.span()
    return None


def _two(shown: str, knows: Callable[[str], bool]) -> tuple[int, int] | None:
    """Two words with capitals, not both of the phrases, that a clause begins with."""
    article = _ARTICLE.match(shown)
    first = _WORD.match(shown, article.end() if article is not None else 0)
    second = _WORD.match(shown, first.end() + 1) if first is not None else None
    if first is None or second is None or not _MORE.fullmatch(shown, first.end(), second.start()):
        return None
    goes_on = shown[second.end() : second.end() + 2]
    named = first[0].istitle() and second[0].istitle()
    if not (named and goes_on[:1] == " " and goes_on[1:].islower()):
        return None
    words = [knows(word.lower()) or word.lower() in _NO_SHOPS for word in (first[0], second[0])]
    known = all(words) if article is None else any(words)
    return None if known else (first.start(), second.end())
