"""Tells the language of a text too short for small words ("Proposal 2, refund only") by our own words."""

import re
from collections import defaultdict
from collections.abc import Mapping

from parsers.levelling import level
from parsers.wording import Wording

_WORD = re.compile(r"[^\W\d_]{4,}")
_MARGIN = 0.3  # by how much one language must lead


def familiar_language(text: str, wordings: Mapping[str, Wording]) -> str | None:
    """Return the language whose words the words of `text` are, or None where two are equally likely.

    A word that several languages share counts a part for each.
    """
    scores: dict[str, float] = defaultdict(float)
    for word in set(_WORD.findall(level(text))):
        known = [locale for locale, wording in wordings.items() if wording.knows(word)]
        for locale in known:
            scores[locale] += 1 / len(known)
    ordered = sorted(scores.items(), key=lambda item: -item[1])
    (best, most), (_, next_most) = (*ordered, ("", 0.0), ("", 0.0))[:2]
    return best if most >= 1 and most >= next_most + _MARGIN else None
