"""Tells whether a shop is named by its own name beside what is proposed: "Luma Home offers you 5.00"."""

import re

from parsers.clauses import Clause

_DEEDS = frozenset(("remind", "propose", "proposal", "offered", "refund", "replacement"))
_GIVEN = frozenset(("propose", "proposal"))
# Two words with capitals, or one with a capital inside; one word is enough where the script is another.
_NAME = re.compile(
    r"(?<![\w@./&-])(?:[A-Z][\w&'-]+(?:\s[A-Z][\w&'-]*)+|[A-Z][a-z]+[A-Z]\w+)(?![\w@])", re.ASCII
)
_FOREIGN = re.compile(r"(?<![\w@./&-])[A-Z][A-Za-z&'-]{3,}(?:\s[A-Z][\w&'-]*)*(?![\w@])", re.ASCII)
_OTHERS = re.compile(
    r"aliexpress|paypal|visa|mastercard|klarna|google|apple|beijing|pacific|shenzhen|gmt|utc", re.I
)
_BEFORE = re.compile(r"(?:[^,;:.!?。、，]{0,14}|[はが].{0,40})")  # what stands between a shop and its deed
_LONG_BEFORE = re.compile(r"[^,;:.!?。、，]{0,70}")  # "Casa Lumen has read what you wrote and would ..."
_ARTICLE = 4  # characters before a name that a clause begins with
_AFTER = re.compile(r"\s?(?:\w{1,6}\s){0,2}[\"'«“「]?")


def names_shop(clause: Clause) -> bool:
    """Whether a name that is no word of ours stands right beside what is proposed in a clause.

    Or "they" propose an amount, or the seller is whom the buyer is to let know.
    """
    theirs = {"they", "propose"} <= clause.concepts and not clause.has("proposal")
    if clause.has("told") or (clause.money and theirs):
        return True
    words = clause.shown.split()
    if sum(word[:1].isupper() for word in words) * 2 > len(words) > 2:
        return False  # a headline in capitals
    latin = sum(char.isascii() for char in clause.shown if char.isalpha()) * 2
    pattern = _NAME if latin > sum(char.isalpha() for char in clause.shown) else _FOREIGN
    return any(
        _proposes(clause, *_without_you(clause, *found.span())) for found in pattern.finditer(clause.shown)
    )


def _without_you(clause: Clause, start: int, end: int) -> tuple[int, int]:
    """Where a name begins, if a word for the buyer with a capital stands before it: "Ciebie Nova Shop"."""
    ends = (m.end for m in clause.marks if m.concept == "you" and m.start == start and m.end < end)
    return max(ends, default=start - 1) + 1, end


def _proposes(clause: Clause, start: int, end: int) -> bool:
    if _OTHERS.search(clause.shown[start:end]):
        return False
    known = any(mark.start < end and start < mark.end for mark in clause.marks if mark.concept != "propose")
    if known or any(amount.start < end and start < amount.end for amount in clause.money):
        return False
    for mark in clause.marks:
        if mark.concept not in _DEEDS:
            continue
        before = _LONG_BEFORE if start <= _ARTICLE else _BEFORE
        if mark.start >= end and before.fullmatch(clause.text, end, mark.start):
            return True
        if mark.concept in _GIVEN and mark.end <= start and _AFTER.fullmatch(clause.text, mark.end, start):
            return True
    return False
