"""Finds what could lead back to somebody in a text: addresses, numbers, prices, keys and known names."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from parsers.headers import Address
from parsers.levelling import level
from parsers.lexicon import Language
from parsers.names import Names
from parsers.relays import is_ours, recovered
from rules.lookalikes import pretends

_EMAIL = re.compile(r"[A-Za-z0-9._%+\-]{1,80}@[A-Za-z0-9](?:[A-Za-z0-9\-]{0,60}\.)+[A-Za-z]{2,24}")
_ADDRESS = re.compile(r"\b[A-Za-z][A-Za-z0-9+.\-]{1,20}://[^\s<>\"'\]|]+")
_LONG = re.compile(r"(?<!\d)\d{9,32}(?!\d)")
_GROUPED = re.compile(r"(?<![\d.,:/])\+?\(?\d(?:\d|[ .\-()/]{1,2}(?=\d))+\d(?![\d])")
_DECIMAL = re.compile(r"(?<![\d.,:/\-])\d{1,6}[.,]\d{2}(?![\d:/]|[.,]\d)")
_CLOCK = re.compile(r"\s?(?:uhr|h\b|hrs?\b|hod|น|wib|pm\b|am\b|p\.m|a\.m|o'clock|год|ч\b|시|時)")
_RUN = re.compile(r"[A-Za-z0-9]+")
_DIGITS = re.compile(r"(?<!\d)\d{4,8}(?!\d)")
_YEAR = re.compile(r"(?:19|20)\d\d|25[5-9]\d")
_DAY = re.compile(r"20\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
_WORDLIKE = re.compile(r"[A-Za-z]?[a-z]{0,24}(?:[A-Z][a-z]+)*[A-Z]?\d{0,2}|[A-Z]{1,12}\d{0,2}")
_PARCEL = re.compile(r"[A-Z]{2}\d{9}[A-Z]{2}")
_COLOUR = re.compile(r"#[0-9A-Fa-f]{3,8}\b|&#x?[0-9A-Fa-f]+;?|\b[uU]\+[0-9A-Fa-f]{4}")
_TIMED = re.compile(
    r"(?:expir\w*|deadline|valid(?:until|to|till|thru|before)|notafter|exp|ust|ts|time(?:stamp)?|t|x)=\s?$",
    re.I,
)
_STAMP = re.compile(
    r"(?:[A-Z][a-z]{2},\s+)?\d{1,2}\s+[A-Z][a-z]{2}\s+\d{4}\s+[\d:]{5,8}(?:\s+[+-]\d{4})?(?:\s+\(\w+\))?"
    r"|\d{4}-\d{2}-\d{2}[T ][\d:.]+(?:Z|\s?[+-]\d{2}:?\d{2})?|\b(?:v|l|t|x)=\d+(?=\s*;|\s*$)"
)
_CIPHER = re.compile(r"\b(?:rsa|ed25519)-sha\d+\b|\bTLS[\w.]*|\b(?:ECDHE|AES|DHE)[\w-]*|\bSHA\d{3}\b")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?[\w.:-]+|encoding\s*=\s*[\"'][\w.:-]+", re.I)
_SIGNED = re.compile(r"\bb[h]?=([A-Za-z0-9+/=\s]{8,})")
_IP4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*\w)")
_IP6 = re.compile(r"(?<![\w:])(?:[0-9a-fA-F]{0,4}:){3,7}[0-9a-fA-F]{0,4}(?![\w:])")
_HOST = re.compile(r"(?<![\w@.\-])[A-Za-z0-9](?:[A-Za-z0-9\-]{0,60}\.)+[A-Za-z]{2,24}(?![\w=\-]|\.\w)")
_LONG_RELAYS = ("privaterelay.appleid.com", "relay.firefox.com")
_MASK = "\x00"


@dataclass(frozen=True, slots=True)
class Find:
    """Characters that must be replaced, and as what."""

    start: int
    end: int
    what: str


def addresses_in(text: str) -> Iterator[tuple[int, int]]:
    """Where web addresses stand in a text."""
    return (match.span() for match in _ADDRESS.finditer(text))


def in_text(text: str, languages: Sequence[Language], names: Names) -> list[Find]:
    """What must be replaced in text that people read; dates, times and durations of `languages` stay."""
    found = _Finds(text)
    for match in _CHARSET.finditer(text):
        found.keep(*match.span())
    found.addresses(names)
    for start, end in names.find(found.left):
        found.take(start, end, "word")
    for match in _LONG.finditer(found.left):
        found.take(*match.span(), "number")
    kept = _times(found.left, languages)
    found.amounts(languages, [span for span, weak in kept if not weak])
    for (start, end), _ in kept:
        found.keep(start, end)
    found.groups()
    found.decimals()
    found.codes()
    return found.finds


def in_code(text: str, names: Names) -> list[Find]:
    """What must be replaced in markup, styles and other text for machines: no short numbers there."""
    found = _Finds(text)
    for match in _CHARSET.finditer(text):
        found.keep(*match.span())
    found.addresses(names)
    for start, end in names.inside(found.left):
        found.take(start, end, "word")
    for match in _LONG.finditer(found.left):
        if not _TIMED.search(text, max(0, match.start() - 24), match.start()):
            found.take(*match.span(), "number")
    for match in _COLOUR.finditer(found.left):
        found.keep(*match.span())
    found.codes(8)
    return found.finds


def in_trace(text: str, names: Names, is_public: Callable[[str], bool]) -> list[Find]:
    """What must be replaced in the header lines of mail servers: all but words, dates and public hosts."""
    found = _Finds(text)
    for match in (*_STAMP.finditer(text), *_CIPHER.finditer(text)):
        found.keep(*match.span())
    for match in _SIGNED.finditer(text):
        for run in _RUN.finditer(text, match.start(1), match.end(1)):
            found.take(*run.span(), "token")
    for pattern in (_IP4, _IP6):
        for match in pattern.finditer(found.left):
            found.take(*match.span(), "ip")
    found.addresses(names)
    for match in _HOST.finditer(found.left):
        host = match[0].lower()
        if not is_public(host) and not is_ours(host) and not pretends(host):
            found.take(*match.span(), "host")
        else:
            start = next((m.start() for m in re.finditer(r"[^.]+\.[^.]+$", match[0])), 0)
            found.keep(match.start() + start, match.end())
    for start, end in names.inside(found.left):
        found.take(start, end, "word")
    for match in _LONG.finditer(found.left):
        if not _TIMED.search(text, max(0, match.start() - 24), match.start()):
            found.take(*match.span(), "number")
        found.keep(*match.span())
    found.codes()
    return found.finds


def in_id(text: str, is_public: Callable[[str], bool]) -> list[Find]:
    """What must be replaced in message ids: everything before the @ that could be told again."""
    found = _Finds(text)
    for match in re.finditer(r"<?([^<>\s@]+)(?:@([^<>\s@]+))?>?", text):
        for run in _RUN.finditer(text, *match.span(1)):
            if len(run[0]) >= 3:
                found.take(*run.span(), "token")
        host = (match[2] or "").lower()
        if "." in host and not is_ours(host) and not is_public(host) and not pretends(host):
            found.take(*match.span(2), "host")
    return found.finds


def in_url(text: str, names: Names) -> list[Find]:
    """What must be replaced in an address whose escapes are undone: everything but words, dates and hosts."""
    found = _Finds(text, links=True)
    for match in _EMAIL.finditer(text):
        if not text[: match.start()].endswith("://"):
            found.email(match)
    for start, end in names.at_home(found.left):
        found.take(start, end, "host")
    for start, end in names.inside(found.left):
        found.take(start, end, "word")
    for match in re.finditer(r"://(?:[^/?#\s]*@)?([^/?#\s\x00]*)", found.left):
        found.keep(*_plain_host(match))
    for match in re.finditer(r"__;[\w=-]*!", found.left):
        found.keep(*match.span())  # what URL Defense took out of the address: punctuation
    for match in re.finditer(r"\d{9,32}", found.left):
        if _TIMED.search(text, max(0, match.start() - 24), match.start()):
            found.keep(*match.span())
        else:
            found.take(*match.span(), "number")
    found.codes()
    return found.finds


def _plain_host(match: re.Match[str]) -> tuple[int, int]:
    """The part of a host that stays: its last labels, or all of it where no label holds a key."""
    host = match[1]
    start = match.start(1)
    for label in re.finditer(r"[^.]+", host):
        if re.search(r"\d{6}|[0-9a-f]{12}", label[0]) and label.end() < len(host):
            start = match.start(1) + label.end()
    return start, match.end(1)


class _Finds:
    """Gathers finds; what was found or is to be kept is masked for whoever looks next."""

    def __init__(self, text: str, links: bool = False) -> None:
        self.text = text
        self.finds: list[Find] = []
        self._chars = list(text)
        if not links:
            for start, end in addresses_in(text):  # they are opened and looked into by themselves
                self.keep(start, end)

    @property
    def left(self) -> str:
        return "".join(self._chars)

    def keep(self, start: int, end: int) -> None:
        self._chars[start:end] = _MASK * (end - start)

    def take(self, start: int, end: int, what: str) -> None:
        if _MASK not in self._chars[start:end] and start < end:
            self.finds.append(Find(start, end, what))
            self.keep(start, end)

    def addresses(self, names: Names) -> None:
        for match in _EMAIL.finditer(self.left):
            self.email(match)
        for start, end in names.at_home(self.left):
            self.take(start, end, "host")

    def email(self, match: re.Match[str]) -> None:
        """AliExpress's address stays, but for numbers; so do one that pretends and what a relay hides."""
        local, _, host = match[0].lower().rpartition("@")
        hidden = recovered(Address("", match[0]))
        if hidden is not None:
            kept = {
                *_RUN.findall(hidden.address.lower()),
                *_RUN.findall(host)[-3 if host.endswith(_LONG_RELAYS) else -2 :],
                "at",
            }
            for run in _RUN.finditer(match[0]):
                if run[0].lower() not in kept:
                    self.take(match.start() + run.start(), match.start() + run.end(), "token")
        elif is_ours(host):
            for run in re.finditer(r"\d{3,}", match[0]):
                self.take(match.start() + run.start(), match.start() + run.end(), "digits")
            self.keep(match.start() + len(local), match.end())  # before the @ a bounce may name its reader
            return
        elif not (pretends(host) or pretends(re.sub(r"[\W_]+", "", local))):
            self.take(*match.span(), "email")
        self.keep(*match.span())

    def amounts(self, languages: Sequence[Language], sure: Sequence[tuple[int, int]]) -> None:
        levelled = level(self.left)
        for language in languages:
            for money in language.money.find(levelled, language.dollar, language.yen):
                if any(start < money.end and money.start < end for start, end in sure):
                    continue
                digits = list(re.finditer(r"\d(?:[\d.,' ]*\d)?", levelled[money.start : money.end]))
                for match in digits:
                    self.take(money.start + match.start(), money.start + match.end(), "amount")

    def groups(self) -> None:
        for match in _GROUPED.finditer(level(self.left)):
            digits = re.sub(r"\D", "", match[0])
            years = re.fullmatch(r"(?:19|20)\d\d ?- ?(?:19|20)\d\d", match[0])
            if len(digits) >= 7 and not years and not _DAY.fullmatch(digits):
                self.take(*match.span(), "number" if 9 <= len(digits) <= 32 else "digits")

    def decimals(self) -> None:
        levelled = level(self.left)
        for match in _DECIMAL.finditer(levelled):
            if not _CLOCK.match(levelled, match.end()):
                self.take(*match.span(), "amount")

    def codes(self, shortest: int = 6) -> None:
        for match in _RUN.finditer(self.left):
            run = match[0]
            if _is_token(run, shortest):
                if _PARCEL.fullmatch(run):
                    self.take(match.start() + 2, match.end() - 2, "number")
                else:
                    self.take(*match.span(), "token")
        if shortest <= 6:
            levelled = level(self.left)
            for match in _DIGITS.finditer(levelled):
                zone = re.search(r"(?:gmt|utc)\s?[+-]$", levelled[max(0, match.start() - 6) : match.start()])
                if not (_YEAR.fullmatch(match[0]) or _DAY.fullmatch(match[0]) or zone):
                    self.take(*match.span(), "digits")


def _is_token(run: str, shortest: int) -> bool:
    """Whether a run of letters and digits is a key rather than a word."""
    digits = sum(char.isdigit() for char in run)
    if digits == len(run):
        return False
    if digits:
        return len(run) >= shortest and not _WORDLIKE.fullmatch(run)
    irregular = re.search(r"[A-Z]{2,}[a-z]|[a-z][A-Z][A-Z]|[a-z][A-Z][a-z][A-Z]", run)
    return len(run) >= 10 and not _WORDLIKE.fullmatch(run) and irregular is not None


def _times(text: str, languages: Sequence[Language]) -> list[tuple[tuple[int, int], bool]]:
    """Where dates, times and durations stand; and whether each is only weakly one."""
    levelled = level(text)
    found = []
    for language in languages:
        for date in language.dates.find(levelled, text):
            found.append(((date.start, date.end), date.weak))
        for span in language.spans.find(levelled, text):
            found.append(((span.start, span.end), span.weak))
    return found
