"""Which amounts belong to earlier steps of a dispute: what a better offer or a ruling took the place of."""

from collections.abc import Sequence

from parsers.money import FoundMoney
from parsers.wording import Mark

_WITHIN = 60  # characters between "at first" and its amount
_ROW_ENDS = 3  # characters behind the amount of a table's row
_PROPOSING = frozenset(("propose", "proposal", "offered", "firmly", "seller_proposes", "counters"))


def is_former(money: Sequence[FoundMoney], marks: Sequence[Mark], found: FoundMoney) -> bool:
    """Whether a word such as "at first" speaks of an amount: one within, the next, or the last before."""
    for mark in marks:
        if mark.concept != "former":
            continue
        inside = [each for each in money if mark.start < each.start < mark.end]  # "had offered you 5"
        behind = [each for each in money if mark.end <= each.start <= mark.end + _WITHIN]
        before = [each for each in money if mark.start - _WITHIN <= each.end <= mark.start]
        if found is next(iter((*inside, *behind, *reversed(before))), None):
            return True
    return False


def without_former(text: str, money: Sequence[FoundMoney], concepts: frozenset[str]) -> frozenset[str]:
    """The concepts of a clause; the row of a table that names an earlier amount proposes nothing."""
    if "former" not in concepts or len(money) != 1 or ":" not in text[: money[0].start]:
        return concepts
    at_end = len(text.rstrip(" .")) - money[0].end <= _ROW_ENDS
    return concepts - _PROPOSING if at_end else concepts
