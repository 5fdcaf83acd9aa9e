"""Tells an amount that only says what another one is a part of: "54.00 of the 90.00 that it cost"."""

import re

from parsers.clauses import Clause
from parsers.money import FoundMoney

_OF = re.compile(r"\d ?% ?[^\d]{0,12}$")
_SHARE = re.compile(r"[^\d]{0,6}(?:\d{1,3} ?%|% ?\d{1,3}(?![\d.,]))")
# "of the 90.00 that it cost 54.00 are yours": before or behind an amount that is only the whole
_OF_WHOLE = re.compile(
    r"(?:^|[\s(])(?:of the|de l[oa]s|из|із|зі|з|von den|dei|dos|su|sur(?: les)?|van de|spośród|z|dari|din)"
    r"\s(?:us ?)?[^\w\s]?\s?$"
)
_WHOLE_OF = re.compile(r"\s?(?:のうち|の内|の中から|중)")


def is_whole(clause: Clause, found: FoundMoney) -> bool:
    """Whether an amount is only what another one of the clause is a part of."""
    if not any(other.start > found.start for other in clause.money):
        return False
    before = clause.text[max(0, found.start - 16) : found.start]
    return bool(_OF_WHOLE.search(before) or _WHOLE_OF.match(clause.text, found.end))


def is_share(text: str, start: int, end: int) -> bool:
    """Whether a total is only what a percentage is of: "50% of the order total (11.25)"."""
    return bool(_OF.search(text, max(0, start - 16), start) or _SHARE.match(text, end))
