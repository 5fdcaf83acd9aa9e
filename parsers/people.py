"""Finds the people in a mail: who it was sent to, who is greeted, where parcels go."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from parsers.cast import fold_name
from parsers.headers import Address
from parsers.levelling import level
from parsers.lexicon import Language
from parsers.relays import is_ours
from rules.lookalikes import pretends

_LISTS = ("greetings", "titles", "behind", "nobody", "addresses", "common", "public_hosts")
_LETTER = r"[^\W\d_]"
_MARKS = "\u0300-\u036f\u0591-\u05c7\u064b-\u0652\u0e31\u0e34-\u0e3a\u0e47-\u0e4e"
_WORD = re.compile(rf"{_LETTER}(?:{_LETTER}|[{_MARKS}])*(?:['’]{_LETTER}+)?")
_ENDS = r"[\n,!:;.،、！，：。\x00]|$"
_BLOCK_LINES, _BLOCK_WIDTH = 6, 80
_MOST_WORDS = 4
_ROLES = frozenset(("seller", "platform"))


class PeopleError(ValueError):
    """people.toml can't be used; `mistakes` has one sentence each."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = tuple(mistakes)


@dataclass(frozen=True)
class People:
    """The lists of people.toml, levelled."""

    greetings: tuple[str, ...]
    titles: frozenset[str]
    behind: tuple[str, ...]
    nobody: frozenset[str]
    addresses: tuple[str, ...]
    common: frozenset[str]
    public_hosts: tuple[str, ...]

    @cached_property
    def _greeted(self) -> re.Pattern[str]:
        words = "|".join(re.escape(word) for word in sorted(self.greetings, key=len, reverse=True))
        apart = r"\.?(?:,[ ]+|[ ]+|(?<=[\u0e00-\u0e7f]))"
        who = r"(?P<who>[^\n,!:;،、！，：。\x00]{1,60}?)"
        return re.compile(rf"(?:^|(?<=[\n.!>|:]))[\s*¡]*(?:{words}){apart}{who}\s*(?={_ENDS})", re.M)

    @cached_property
    def _named_first(self) -> re.Pattern[str]:
        words = "|".join(re.escape(word) for word in sorted(self.greetings, key=len, reverse=True))
        who = r"(?P<who>[^\n,!:;.\x00]{2,40})"
        return re.compile(rf"(?:^|(?<=\n))\s*{who},\s*(?:{words})(?=\s*(?:{_ENDS}))", re.M)

    @cached_property
    def _honoured(self) -> re.Pattern[str]:
        words = "|".join(re.escape(word) for word in sorted(self.behind, key=len, reverse=True))
        who = r"(?P<who>\S{1,20}?(?:[ ]\S{1,20}?)??)"
        behind = r"(?=[\s、,!。！.:]|안녕|$)"
        return re.compile(rf"(?:^|(?<=[\n、,!。:]))\s*{who}\s?(?:{words}){behind}", re.M)

    @cached_property
    def _shipped(self) -> re.Pattern[str]:
        words = "|".join(re.escape(word) for word in sorted(self.addresses, key=len, reverse=True))
        return re.compile(rf"^[ \t*|]*(?:{words})[ \t]*(?:[:：][ \t]*|$)", re.M)

    def is_public(self, host: str) -> bool:
        """Whether a host is shared by so many that it tells nothing about anybody."""
        return any(host == each or host.endswith("." + each) for each in self.public_hosts)

    def words_of(self, name: str, *, local: bool = False) -> Iterator[str]:
        """The words of a displayed name (or of an address before the @) that are somebody's name."""
        for match in _WORD.finditer(name):
            word = match[0]
            plain = level(word)
            if plain in self.common or plain in self.titles or pretends(plain) or "aliexpress" in plain:
                continue
            short = 3 if local or (word.isascii() and not word[0].isupper()) else 2
            if len(word) >= short:
                yield word

    def words_in(self, address: Address) -> Iterator[str]:
        """The name words of one mailbox of a header."""
        if is_ours(address.host) or is_feigned(address):
            return
        told = list(self.words_of(address.name))
        if "_at_" not in address.local:
            told += self.words_of(re.sub(r"[\d_.+\-=]+", " ", address.local), local=True)
        yield from told
        yield from _glued(list(dict.fromkeys(map(fold_name, told))))

    def greeted(self, text: str, languages: Sequence[Language]) -> Iterator[str]:
        """Everybody who is greeted in shown text, word by word."""
        levelled = level_lines(text)
        for pattern in (self._greeted, self._named_first, self._honoured):
            for match in pattern.finditer(levelled):
                yield from self._name(text[match.start("who") : match.end("who")], languages)

    def homes(self, text: str) -> Iterator[tuple[int, int]]:
        """Where postal addresses and phone numbers stand behind a label: characters from, to."""
        levelled = level_lines(text)
        for match in self._shipped.finditer(levelled):
            yield from _block(text, match.end())

    def unsure(self, text: str, languages: Sequence[Language]) -> Iterator[str]:
        """Phrases behind a greeting, alone on their line, that may or may not be a name in small letters."""
        for match in self._greeted.finditer(level_lines(text)):
            who = text[match.start("who") : match.end("who")].strip()
            behind = text[match.end() :].split("\n", 1)[0].strip(",!:;. ")
            plain = level(who)
            small = who[:1].islower() and 2 <= len(who.split()) <= 3 and not behind
            if small and not self._is_nobody(plain) and not _says_something(plain, languages):
                yield who

    def _is_nobody(self, plain: str) -> bool:
        if plain.strip(" .,") in self.nobody:
            return True
        return any(word.strip(".,!") in self.nobody or word in self.greetings for word in plain.split())

    def _bare(self, who: str) -> str:
        """What is left of a greeted name without forms of address."""
        who = who.strip()
        for _ in range(4):
            plain = level(who)
            front = next((t for t in self._fronts if plain.startswith(t) and self._apart(plain, t)), "")
            back = next((t for t in self.behind if plain.endswith(t) and len(t) < len(plain)), "")
            who = who[len(front) : len(who) - len(back)].strip(" .,")
            if not front and not back:
                break
        return who

    @cached_property
    def _fronts(self) -> tuple[str, ...]:
        return tuple(sorted({*self.titles, *self.greetings}, key=len, reverse=True))

    @staticmethod
    def _apart(plain: str, title: str) -> bool:
        """Whether a form of address ends where it seems to: before a blank, or in a script without blanks."""
        rest = plain[len(title) :]
        return bool(rest) and (not rest[0].isalnum() or "\u0e00" <= title[-1] <= "\u0e7f")

    def _name(self, who: str, languages: Sequence[Language]) -> Iterator[str]:
        words = self._bare(who).split()
        if not words or self._is_nobody(level(" ".join(words))):
            return
        cased = any(char.isupper() or char.islower() for char in "".join(words))
        if cased and words[0][:1].islower():
            if len(words) > 1 or _says_something(level(words[0]), languages):
                return
        elif cased:
            words = words[: _leading(words)]
        elif len(words) > 3:
            return
        if _says_something(level(" ".join(words)), languages, _ROLES):
            return
        for word in words:
            yield from self.words_of(word)


def _glued(names: Sequence[str]) -> Iterator[str]:
    """Names as people glue them together in user names: first and last, or the initial of one."""
    for one in names[:4]:
        for other in names[:4]:
            if one != other:
                yield from (each for each in (one + other, one[0] + other, one + other[0]) if len(each) >= 5)


def is_feigned(address: Address) -> bool:
    """Whether an address pretends to be AliExpress: then it is a trick's, and nobody's own."""
    if is_ours(address.host):
        return False
    local = re.sub(r"[\W_]+", "", address.local)
    return pretends(address.host) or bool(local and pretends(local) and "_at_" not in address.local)


def level_lines(text: str) -> str:
    """Levelled text that keeps its line ends."""
    levelled = level(text)
    return "".join("\n" if before == "\n" else after for before, after in zip(text, levelled, strict=True))


def people_from(data: Mapping[str, object]) -> People:
    """Return the lists of a parsed people.toml; raises PeopleError naming every bad key."""
    mistakes = [f"people.toml: `{key}` is not known." for key in data if key not in _LISTS]
    lists: dict[str, list[str]] = {}
    for key in _LISTS:
        value = data.get(key)
        if isinstance(value, list) and all(isinstance(word, str) and word.strip() for word in value):
            lists[key] = [level(str(word)) for word in value]
        else:
            mistakes.append(f"people.toml: `{key}` must be a list of words.")
    if mistakes:
        raise PeopleError(mistakes)
    return People(
        greetings=tuple(lists["greetings"]),
        titles=frozenset(lists["titles"]),
        behind=tuple(lists["behind"]),
        nobody=frozenset(lists["nobody"]),
        addresses=tuple(lists["addresses"]),
        common=frozenset(lists["common"]),
        public_hosts=tuple(lists["public_hosts"]),
    )


def _leading(words: Sequence[str]) -> int:
    """How many words in a row begin with a capital."""
    count = 0
    while count < min(len(words), _MOST_WORDS) and words[count][:1].isupper():
        count += 1
    return count


def _says_something(
    levelled: str, languages: Iterable[Language], concepts: frozenset[str] | None = None
) -> bool:
    """Whether words mean something in a phrase file (one of `concepts` if given): then they are no name."""
    marks = (mark for language in languages for mark in language.wording.marks(levelled))
    return any(concepts is None or mark.concept in concepts for mark in marks)


def _block(text: str, start: int) -> Iterator[tuple[int, int]]:
    """The lines of a postal address from `start` on: until a blank, a long or a telling line."""
    at = start
    seen = 0
    for line in text[start:].split("\n")[: _BLOCK_LINES + 1]:
        bare = line.strip()
        telling = len(bare) > _BLOCK_WIDTH or "://" in bare or bool(re.search(r"[!?。]", bare))
        if (not bare and seen) or telling or seen >= _BLOCK_LINES:
            return
        if bare:
            seen += 1
            yield at, at + len(line)
        at += len(line) + 1
