"""The words of a language without some of its phrases, quick enough to try each in every mail."""

import random
from collections.abc import Container, Iterable, Sequence
from dataclasses import replace
from functools import lru_cache

from parsers.lexicon import Lexicon
from parsers.wording import Mark, Wording


class Lacking(Wording):
    """As `whole`, but for some phrases of one concept, which are known to stand in `texts` only."""

    def __init__(self, whole: Wording, concept: str, phrases: Container[str], texts: Iterable[str]) -> None:
        super().__init__(whole._words, whole.spaceless, whole._prefixes)
        self.__dict__["_vocabulary"] = whole._vocabulary
        self._whole, self._texts = whole, frozenset(texts)
        self._left = {**whole._words, concept: [p for p in whole._words[concept] if p not in phrases]}

    def marks(self, text: str) -> Sequence[Mark]:
        """The marks of a text; where the phrase doesn't stand they are the same as ever."""
        return _few(self, text) if text in self._texts else _all(self._whole, text)


@lru_cache(maxsize=20_000)
def _all(whole: Wording, text: str) -> Sequence[Mark]:
    return whole.marks(text)


def _few(lacking: Lacking, text: str) -> Sequence[Mark]:
    """Built for this text alone: only phrases that begin somewhere in it are looked at."""
    near = {entry.pattern for *_, entries in lacking._whole._candidates(text) for entry in entries}
    near |= {entry.pattern for _, entry in lacking._whole._index.inside}
    words = {
        concept: [phrase for phrase in phrases if phrase.removeprefix("=") in near]
        for concept, phrases in lacking._left.items()
    }
    return Wording(words, lacking.spaceless, lacking._prefixes).marks(text)


def forgetful(known: Lexicon, part: float, seed: str = "") -> Lexicon:
    """The lexicon without a random part (0 to 1) of each language's phrases; the same for the same seed."""
    languages = {}
    for locale, language in known.languages.items():
        rng = random.Random(f"{seed}{locale}{part}")
        words = {
            concept: [phrase for phrase in phrases if rng.random() >= part]
            for concept, phrases in language.wording._words.items()
        }
        wording = Wording(words, language.wording.spaceless, language.wording._prefixes)
        languages[locale] = replace(language, wording=wording)
    return replace(known, languages=languages)
