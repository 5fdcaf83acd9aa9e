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
_HALF = re.compile(
    r"(?:mitad|half|hälfte|moitié|metà|metade|половин\w*|połow\w*|helft|yarı\w*|半分|절반|nửa|setengah|ครึ่ง|tercio|terzo"
    r"|third|drittel|tiers|третин\w*|треть)[^\d]{0,12}$"
)
# "raised from 5.00 to 9.00": what stands before and between the old amount and the new one
_FROM = re.compile(
    r"(?:^|[\s(])(?:de|desde|from|von|da|dai|od|z|з|із|с|от|van|dari|từ)\s(?:us ?)?[^\w\s]?\s?$"
)
_UP_TO = re.compile(
    r"\s(?:a|hasta|to|auf|до|à|para|naar|do|na|на|la|lên|sang|menjadi|ke)\s(?:us ?)?[^\w\s]?\s?"
)
_RAISED = re.compile(r"から|에서\s?")
_WHOLE_OF = re.compile(r"\s?(?:のうち|の内|の中から|중)")


def is_whole(clause: Clause, found: FoundMoney) -> bool:
    """Whether an amount is only what another one of the clause is a part of."""
    following = min((other.start for other in clause.money if other.start > found.start), default=None)
    if following is None:
        return False
    before = clause.text[max(0, found.start - 16) : found.start]
    between = clause.text[found.end : following]
    if _RAISED.fullmatch(between) or (_FROM.search(before) and _UP_TO.fullmatch(between)):
        return True
    return bool(_OF_WHOLE.search(before) or _WHOLE_OF.match(clause.text, found.end))


def is_share(text: str, start: int, end: int) -> bool:
    """Whether a total is only what a percentage is of: "50% of the order total (11.25)"."""
    before = text[max(0, start - 24) : start]
    return bool(
        _HALF.search(before) or _OF.search(text, max(0, start - 16), start) or _SHARE.match(text, end)
    )
