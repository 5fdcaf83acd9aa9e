"""Finds somebody's names in text, in whatever form they stand there."""

import re
from collections.abc import Iterable, Iterator, Sequence

from parsers.cast import fold_name


class Names:
    """Words that are somebody's name; found whole, with a short ending, or inside a longer word."""

    def __init__(self, words: Iterable[str], hosts: Iterable[str] = ()) -> None:
        self.words = frozenset(words)
        self.hosts = frozenset(hosts)
        self._hosts = self._either(sorted((host.lower() for host in hosts), key=len, reverse=True))
        known = sorted({fold_name(word) for word in words}, key=len, reverse=True)
        self._whole = self._regex([word for word in known if len(word) >= 3 or not word.isascii()], r"(?!\w)")
        self._short = frozenset(word for word in known if len(word) == 2 and word.isascii())
        self._ended = self._regex([word for word in known if len(word) >= 5], r"(?=\w{1,3}(?!\w))")
        self._inside = self._either([word for word in known if len(word) >= 5 or not word.isascii()])

    def at_home(self, text: str) -> Iterator[tuple[int, int]]:
        """Where hosts that are somebody's own stand."""
        if self._hosts is not None:
            yield from (match.span() for match in self._hosts.finditer(text.lower()))

    def find(self, text: str) -> Iterator[tuple[int, int]]:
        """Where names stand in shown text."""
        folded = fold_name(text)
        for pattern in (self._whole, self._ended, self._inside):
            if pattern is not None:
                yield from (match.span() for match in pattern.finditer(folded))
        for match in re.finditer(r"(?<!\w)[A-Z][A-Za-z](?!\w)", text):
            if match[0].lower() in self._short:
                yield match.span()

    def inside(self, text: str) -> Iterator[tuple[int, int]]:
        """Where names stand in anything else, glued to other letters too."""
        folded = fold_name(text)
        for pattern in (self._whole, self._inside):
            if pattern is not None:
                yield from (match.span() for match in pattern.finditer(folded))

    @staticmethod
    def _regex(words: Sequence[str], behind: str) -> re.Pattern[str] | None:
        """Words of scripts with blanks stand alone; in the others a name may touch anything."""
        if not words:
            return None
        parts = [re.escape(w) if _is_spaceless(w) else rf"(?<![^\W_]){re.escape(w)}{behind}" for w in words]
        return re.compile("|".join(parts))

    @staticmethod
    def _either(words: Sequence[str]) -> re.Pattern[str] | None:
        return re.compile("|".join(map(re.escape, words))) if words else None


def _is_spaceless(word: str) -> bool:
    return any(ord(char) >= 0x0E00 for char in word)
