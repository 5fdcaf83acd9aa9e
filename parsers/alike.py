"""Words that may stand for one another: a phrase written with one of them is read with the others as well."""

import re
from collections.abc import Iterable, Mapping, Sequence

from parsers.levelling import level


def widened(patterns: Iterable[str], alike: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the patterns and each of them with its words exchanged for those that are alike.

    A key is a word, or an ending where it begins with "-" ("-ka" for "-kum"). A word that begins with "+" is
    glued to the word before: "anda" for "+mu" makes "permintaanmu" of "permintaan anda".
    """
    out = [level(pattern) for pattern in patterns]
    for old, news in alike.items():
        found = _regex(level(old))
        for pattern in tuple(out):
            if found.search(pattern):
                out += [found.sub(_put(level(new)), pattern) for new in news if _fits(new, pattern, found)]
    return list(dict.fromkeys(out))


def _regex(old: str) -> re.Pattern[str]:
    if old.startswith("-"):
        return re.compile(rf"(?<=\w\w\w)()({re.escape(old[1:])})(?![\w*])")
    return re.compile(rf"(?<![\w*])(\s?)({re.escape(old)})(?![\w*])")


def _put(new: str) -> str:
    if new.startswith("+"):
        return new[1:]
    return new[1:] if new.startswith("-") else rf"\1{new}"


def _fits(new: str, pattern: str, found: re.Pattern[str]) -> bool:
    """Whether there is a word before for what is glued to it."""
    match = found.search(pattern)
    return match is not None and (
        not new.startswith("+") or bool(re.search(r"\w$", pattern[: match.start()]))
    )
