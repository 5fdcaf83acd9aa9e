"""One language's words: which of our concepts stand where in a piece of text.

A pattern is one or more words: `stem*` matches a word that begins so, `*part*` one that holds it, `~` stands
for up to four words in between. In a language written without blanks a pattern matches anywhere; `word!next`
matches where `next` does not follow. `=word` matches a piece of text that is nothing but that: a button.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from parsers.alike import widened
from parsers.levelling import level

# Concepts whose wording says the contrary of its parts: "did not accept", "no need to return".
# or, as "help center", something else altogether.
_WHOLE = frozenset(("declined", "keep", "reject", "help"))
_HOLDING = _WHOLE | {"review"}  # "after having examined" sets no condition
_PARTIES = frozenset(("seller", "platform", "you"))  # who refused is still named
_GAP = r"(?:[\s\-,:'\"()]+[^\s]+){0,4}?[\s\-,:'\"()]+"
_BLANK = r"[\s\-]+"
_WORD = re.compile(r"\w+")
_SHORT = 2  # letters; before a word that short only one letter is glued: "and not", but not "to fill"
_LETTER = re.compile(r"\w")
_SYMBOL = re.compile(r"[%]")  # signs that a pattern may begin with
_TEXTS, _WORDS = 512, 8192  # how many are remembered: mails repeat their sentences, and those their words
_BETWEEN = r"[\s'\"「」『』]*"  # where no blanks are written, quotes may still stand around a word
# A Thai syllable's first vowel stands before its consonant, other vowels and tones above or below it.
_THAI_OPEN, _THAI_MARKS = "[\u0e40-\u0e44]", "[\u0e31\u0e34-\u0e3a\u0e47-\u0e4e]"
_THAI_CONSONANT = re.compile("[\u0e01-\u0e2e]")


@dataclass(frozen=True, slots=True)
class Mark:
    """A concept found in a text: levelled characters `start` to `end`."""

    concept: str
    start: int
    end: int


@dataclass(slots=True)
class _Entry:
    """A pattern; its expression is made when a text first holds its first word: most patterns never are."""

    concept: str
    pattern: str
    alone: bool = False  # nothing but signs may stand beside it
    single: bool = False  # one whole word or stem: where its word begins it is found, up to the word's end
    regex: re.Pattern[str] | None = None


@dataclass(frozen=True)
class _Index:
    """Patterns by the word they begin with: whole words, stems, signs; and those that begin anyhow."""

    words: dict[str, list[_Entry]]
    stems: dict[str, list[_Entry]]
    symbols: dict[str, list[_Entry]]
    inside: list[tuple[str, _Entry]]  # each with what it holds

    @cached_property
    def lengths(self) -> tuple[int, ...]:
        """How long the stems are, shortest first."""
        return tuple(sorted({len(stem) for stem in self.stems}))


def _token(word: str, spaceless: bool) -> str:
    if spaceless:
        core, _, after = word.strip("*").partition("!")
        return _syllables(core) + (f"(?!{re.escape(after)})" if after else "")
    core = re.escape(word.strip("*"))
    front = r"\w*" if word.startswith("*") else ""
    return front + core + (r"\w*" if word.endswith("*") else "")


def _syllables(core: str) -> str:
    """The expression of a word that begins and ends with whole syllables; only Thai's can be told apart."""
    front = rf"(?<!{_THAI_OPEN})" if _THAI_CONSONANT.match(core) else ""
    return front + re.escape(core) + (rf"(?!{_THAI_MARKS})" if _THAI_CONSONANT.match(core[-1:]) else "")


def pattern_regex(pattern: str, spaceless: bool, prefixes: str = "") -> str:
    """Return the regular expression of a pattern, for levelled text.

    `prefixes` are letters that the language glues to the front of a word (Hebrew, Arabic).
    """
    words = level(pattern).split()
    out: list[str] = []
    for at, word in enumerate(words):
        if word == "~":
            out.append(r".{0,12}?" if spaceless else _GAP)
            continue
        if at and words[at - 1] != "~":
            out.append(_BETWEEN if spaceless else _BLANK)
        out.append(_token(word, spaceless))
        if prefixes and at and not word.startswith("*"):
            out[-1] = f"(?:{prefixes})?" + out[-1]
    body = "".join(out)
    if spaceless:
        return body
    return body if words[-1].endswith("*") else body + r"(?!\w)"


def _inside(mark: Mark, whole: Mark) -> bool:
    """Whether a mark is a mere part of a longer one of another concept."""
    if mark.concept == whole.concept or mark.concept in _WHOLE or mark.concept in _PARTIES:
        return False
    if whole.concept == "review" and mark.concept != "if":
        return False
    if mark.concept == "accept" and whole.concept == "reject" and whole.start < mark.start < whole.end:
        return True  # "not | taking it": what is taken reaches behind the refusal
    return (
        whole.start <= mark.start
        and mark.end <= whole.end
        and whole.end - whole.start > mark.end - mark.start
    )


class Wording:
    """The words of one language, ready to be looked up; built once and never changed."""

    def __init__(
        self,
        words: Mapping[str, Iterable[str]],
        spaceless: bool,
        prefixes: str,
        alike: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self._listed = {concept: tuple(patterns) for concept, patterns in words.items()}
        self.spaceless = spaceless
        self._prefixes = prefixes
        self._alike = alike or {}

    @cached_property
    def _words(self) -> dict[str, tuple[str, ...]]:
        """All patterns of each concept, levelled; made when first asked for, since few languages ever are."""
        return {concept: tuple(widened(listed, self._alike)) for concept, listed in self._listed.items()}

    @cached_property
    def _index(self) -> "_Index":
        index = _Index({}, {}, {}, [])
        for concept, patterns in self._words.items():
            for listed in patterns:
                pattern = listed.removeprefix("=")
                first = pattern.split(None, 1)[0]
                entry = _Entry(concept, pattern, alone=pattern != listed)
                core = first.strip("*").partition("!")[0] if self.spaceless else first.strip("*")
                word = _WORD.match(core)
                if self.spaceless:
                    index.stems.setdefault(core, []).append(entry)
                elif first.startswith("*"):
                    index.inside.append((core, entry))
                elif word is None:
                    index.symbols.setdefault(core[0], []).append(entry)
                else:
                    whole = word.group() == core
                    entry.single = whole and pattern == first
                    begun = index.stems if whole and first.endswith("*") else index.words
                    begun.setdefault(word.group(), []).append(entry)
        return index

    def _regex(self, entry: _Entry) -> re.Pattern[str]:
        if entry.regex is None:
            front = r"(?<!\w)" if entry.pattern.startswith("*") and not self.spaceless else ""
            entry.regex = re.compile(front + pattern_regex(entry.pattern, self.spaceless, self._prefixes))
        return entry.regex

    def _end(self, entry: _Entry, text: str, at: int) -> int:
        """Where a pattern that begins at `at` ends; 0 where it doesn't stand there."""
        match = (entry.regex or self._regex(entry)).match(text, at)
        return match.end() if match else 0

    @cached_property
    def _prefix(self) -> re.Pattern[str] | None:
        return re.compile(f"(?:{self._prefixes})") if self._prefixes else None

    def _candidates(self, text: str) -> list[tuple[int, int, list[_Entry]]]:
        """Every place where patterns may begin, the end of the word there, and those patterns.

        Their first word is known to fit.
        """
        if self.spaceless:
            return list(self._anywhere(text))
        out = [
            (found.start() + at, found.end(), entries)
            for found in _WORD.finditer(text)
            for at, entries in self._beginning(found.group())
        ]
        for found in _SYMBOL.finditer(text):
            out.append((found.start(), found.end(), self._index.symbols.get(found.group(), [])))
        return out

    def _anywhere(self, text: str) -> Iterator[tuple[int, int, list[_Entry]]]:
        stems, lengths = self._index.stems, self._index.lengths
        for at in range(len(text)):
            for length in lengths:
                if at + length > len(text):
                    break
                if (entries := stems.get(text[at : at + length])) is not None:
                    yield at, at + length, entries

    @cached_property
    def _beginning(self) -> Callable[[str], tuple[tuple[int, list[_Entry]], ...]]:
        """The patterns that may begin in a word, and where in it."""
        return lru_cache(maxsize=_WORDS)(lambda word: tuple(self._begun(word)))

    def _begun(self, whole: str) -> Iterator[tuple[int, list[_Entry]]]:
        index = self._index
        for at in self._word_starts(whole):
            word = whole[at:]
            if (entries := index.words.get(word)) is not None:
                yield at, entries
            for length in index.lengths:
                if length > len(word):
                    break
                if (entries := index.stems.get(word[:length])) is not None:
                    yield at, entries

    def _word_starts(self, word: str) -> list[int]:
        """Where a word may begin: at its first letter, or behind letters that are glued to it."""
        glued = self._prefix.match(word) if self._prefix is not None else None
        longest = min(glued.end(), len(word) - 1) if glued else 0
        return [0, *(at for at in range(1, longest + 1) if at == 1 or len(word) - at > _SHORT)]

    @cached_property
    def _vocabulary(self) -> tuple[frozenset[str], frozenset[str]]:
        """The single words of all patterns, and the stems of those that go on."""
        words = {w for patterns in self._words.values() for pattern in patterns for w in pattern.split()}
        return (
            frozenset(w for w in words if "*" not in w),
            frozenset(w[:-1] for w in words if w.endswith("*") and not w.startswith("*")),
        )

    def knows(self, word: str) -> bool:
        """Whether a levelled word stands in a pattern of this language, or begins as one does."""
        exact, stems = self._vocabulary
        return word in exact or any(word[:end] in stems for end in range(4, len(word) + 1))

    def marks(self, text: str) -> Sequence[Mark]:
        """Return every concept found in levelled `text`, in reading order."""
        return self._found(text)

    @cached_property
    def _found(self) -> Callable[[str], tuple[Mark, ...]]:
        return lru_cache(maxsize=_TEXTS)(self._look)

    def _look(self, text: str) -> tuple[Mark, ...]:
        found: list[Mark] = []
        for at, word_end, entries in self._candidates(text):
            for entry in entries:
                end = word_end if entry.single else self._end(entry, text, at)
                if end and not (entry.alone and _LETTER.search(text[:at] + text[end:])):
                    found.append(Mark(entry.concept, at, end))
        for core, entry in self._index.inside:
            if core in text:
                found += (Mark(entry.concept, m.start(), m.end()) for m in self._regex(entry).finditer(text))
        found.sort(key=lambda mark: (mark.start, -mark.end))
        wholes = [mark for mark in found if mark.concept in _HOLDING]
        return tuple(mark for mark in found if not any(_inside(mark, whole) for whole in wholes))
