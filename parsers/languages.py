"""Tells in which language a text is written, by its script and its small words."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from parsers.levelling import level

_WORD = re.compile(r"[^\W\d_]+")
_CYRILLIC = re.compile(r"[\u0400-\u04ff]")
_LATIN = re.compile(r"[a-z\u00e0-\u024f\u1e00-\u1eff]")
# Letters that few neighbours have; they tell more than small words where a language glues its small
# words to the ends of others.
_LETTERS = {
    "uk": "іїєґ", "ru": "ыэъё", "bg": "ъщ", "tr": "ğış", "pl": "łąężźśńć", "ro": "țșă", "cs": "řůě",
    "hu": "őű",
    "pt": "ãõ", "es": "ñ¿¡", "de": "ß", "fr": "œ", "sv": "å", "sk": "ľĺŕ",
    "vi": "đơưạảấầậắặẹẻềểễệịọỏốồộớờởợụủứừữựỳ",
}  # fmt: skip
_IN_CYRILLIC = frozenset(("ru", "uk", "bg"))
_MARGIN = 3  # by how many hits a piece must speak for another language than the mail's
_MOST = 8  # a letter or word that is repeated says no more than this


@dataclass(frozen=True, slots=True)
class Tongues:
    """Script ranges and small words per language; see languages.toml."""

    scripts: tuple[tuple[str, re.Pattern[str]], ...]
    words: Mapping[str, frozenset[str]]
    spoken: Mapping[str, tuple[str, ...]]  # the same the other way round: each word's languages


def tongues_from(data: Mapping[str, Mapping[str, str]]) -> Tongues:
    """Return the compiled form of languages.toml."""
    scripts = tuple((locale, re.compile(f"[{ranges}]")) for locale, ranges in data["scripts"].items())
    words = {locale: frozenset(level(listed).split()) for locale, listed in data["words"].items()}
    return Tongues(scripts, words, _turned(words))


def _turned(known: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """Each piece of some languages, and which of them know it."""
    out: dict[str, tuple[str, ...]] = {}
    for locale, pieces in known.items():
        for piece in pieces:
            out[piece] = (*out.get(piece, ()), locale)
    return out


_SPOKEN_LETTERS = _turned(_LETTERS)


def language_of(text: str, tongues: Tongues) -> str | None:
    """Return the primary language subtag of `text`, or None where it can't be told."""
    levelled = level(text)
    script = _by_script(levelled, tongues)
    if script is not None:
        return script
    best = _scores(text, levelled, tongues).most_common(1)
    return best[0][0] if best and best[0][1] > 0 else None


def language_within(text: str, main: str | None, tongues: Tongues) -> str | None:
    """Return the language of a piece of a mail in `main`: another one only if it is plainly so."""
    levelled = level(text)
    script = _by_script(levelled, tongues)
    if script is not None or main is None:
        return script or language_of(text, tongues)
    scores = _scores(text, levelled, tongues)
    best = scores.most_common(1)
    return best[0][0] if best and best[0][1] >= scores[main] + _MARGIN else main


def _scores(text: str, levelled: str, tongues: Tongues) -> Counter[str]:
    cyrillic = not text.isascii() and len(_CYRILLIC.findall(levelled)) > len(_LATIN.findall(levelled)) * 0.6
    scores: Counter[str] = Counter()
    for word, count in Counter(_WORD.findall(levelled)).items():
        for locale in tongues.spoken.get(word, ()):
            scores[locale] += min(count, _MOST)
    for letter, count in Counter("" if text.isascii() else text.lower()).items():
        for locale in _SPOKEN_LETTERS.get(letter, ()):
            if locale in tongues.words:
                scores[locale] += min(count, _MOST)
    kept = {
        locale: scores[locale]
        for locale in tongues.words
        if locale in scores and (locale in _IN_CYRILLIC) is cyrillic
    }
    return Counter(kept)


def _by_script(text: str, tongues: Tongues) -> str | None:
    if text.isascii():
        return None
    latin = len(_LATIN.findall(text)) + len(_CYRILLIC.findall(text))
    counts = {locale: len(regex.findall(text)) for locale, regex in tongues.scripts}
    if counts.get("ja", 0) and counts["ja"] * 8 >= counts.get("zh", 0):
        counts["ja"] += counts.pop("zh", 0)
    best = max(counts, key=lambda locale: counts[locale])
    weight = 3 if best in ("ja", "ko", "zh") else 1
    return best if counts[best] * weight > latin * 0.5 and counts[best] > 3 else None
