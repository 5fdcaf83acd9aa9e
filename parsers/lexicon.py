"""All phrase files, checked and compiled: how each language speaks of orders, disputes and times."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

from parsers.dates import DateReader, DateWords, Zones
from parsers.languages import Tongues, tongues_from
from parsers.learned import Learned, Weights, learned_from
from parsers.levelling import level
from parsers.money import MoneyReader
from parsers.phraseheads import head_mistakes
from parsers.signs import CONCEPTS, Signs, signs_from
from parsers.spans import SpanReader, SpanWords
from parsers.wording import Wording, pattern_regex

if TYPE_CHECKING:
    from parsers.clauses import Clause

COMMON = (
    "languages.toml", "zones.toml", "money.toml", "kinds.toml", "senders.toml", "people.toml", "learned.toml"
)  # fmt: skip
_CLASSES = ("order", "account", "promotion", "marketing", "message")
_DATE_LISTS = ("today", "tomorrow", "after_tomorrow", "midnight", "noon", "am", "pm", "hours", "to")
_NUMBERED = {"months": "1 to 12", "weekdays": "0 to 6", "clock": "1 to 24"}
_UNITS = ("minute", "hour", "day", "business", "week", "month")
_FIXED = re.compile(r"(\d+)(?:-(\d+))?([dh])")
_TOP = (
    "locale",
    "spaceless",
    "prefixes",
    "day_first",
    "dollar",
    "yen",
    "words",
    "dates",
    "spans",
    "numerals",
    "fixed",
    "breaks",
    "alike",
    "senders",
)


class LexiconError(ValueError):
    """A phrase file that can't be used: `mistakes` has one sentence each, with file, key and remedy."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = tuple(mistakes)


@dataclass(frozen=True, eq=False)
class Language:
    """One phrase file. The readers are built when the first mail in this language comes."""

    locale: str
    spaceless: bool
    dollar: str
    yen: str
    wording: Wording
    date_words: DateWords
    span_words: SpanWords
    zones: Zones
    money: MoneyReader
    breaks: re.Pattern[str] | None

    @cached_property
    def dates(self) -> DateReader:
        """The reader for dates of this language."""
        return DateReader(self.locale, self.date_words, self.zones, self.spaceless)

    @cached_property
    def spans(self) -> SpanReader:
        """The reader for durations of this language."""
        return SpanReader(self.span_words, self.spaceless)

    @cached_property
    def remembered(self) -> dict[tuple[str, bool], "Clause"]:
        """What `clauses` read in some text that stood in a subject, or elsewhere; mails repeat themselves."""
        return {}


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Everything the reader knows about wording: languages by locale, small words, signs."""

    languages: Mapping[str, Language]
    tongues: Tongues
    signs: Signs
    senders: tuple[tuple[str, str], ...]
    wordless: Language  # for a language without a phrase file: figures, dates and money, but no words
    learned: Learned


class Languages(Mapping[str, Language]):
    """The languages by their locales, each made when it is first asked for: few mailboxes hold three."""

    def __init__(self, makers: Mapping[str, Callable[[], Language]]) -> None:
        self._makers = dict(makers)
        self._made: dict[str, Language] = {}

    def __getitem__(self, locale: str) -> Language:
        if locale not in self._made:
            self._made[locale] = self._makers[locale]()
        return self._made[locale]

    def __contains__(self, locale: object) -> bool:
        return locale in self._makers

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


def lexicon_from(
    files: Mapping[str, Mapping[str, object]],
    trusted: Mapping[str, Callable[[], Mapping[str, object]]] | None = None,
) -> Lexicon:
    """Return the lexicon of parsed TOML `files`: their names mapped to their contents.

    Needed are the files of COMMON; every other file is a language, or the user's own senders, or both. A
    later file of the same locale adds to an earlier one, and to what `trusted` gives: languages by locale
    that need no check and are parsed when first asked for. Raises LexiconError with every mistake found.
    """
    unread = trusted or {}
    mistakes: list[str] = []
    zones, money = _zones(files["zones.toml"]), _money(files["money.toml"])
    merged: dict[str, dict[str, object]] = {}
    own: list[tuple[str, str]] = []
    for name, data in files.items():
        if name in COMMON:
            continue
        own += _own_senders(name, data, mistakes)
        if set(data) == {"senders"}:
            continue
        found = _mistakes(name, data)
        mistakes += found
        if not found:
            locale = str(data["locale"])
            merged[locale] = _merge(merged.get(locale, {}), data)
    senders = (*own, *_senders(files["senders.toml"], mistakes))
    signs, bad = signs_from(files["kinds.toml"])
    mistakes += [f"kinds.toml: {mistake}" for mistake in bad]
    learned = _learned(files["learned.toml"], mistakes)
    if mistakes:
        raise LexiconError(mistakes)

    @cache
    def data_of(locale: str) -> Mapping[str, object]:
        own = merged.get(locale, {})
        return _merge(dict(unread[locale]()), own) if locale in unread else own

    def maker(locale: str) -> Callable[[], Language]:
        return lambda: _language(data_of(locale), zones, money)

    languages = Languages({locale: maker(locale) for locale in (*unread, *merged)})
    tongues = tongues_from(_strings(files["languages.toml"]))
    # English figures and time units stand in for a language that we have no words of.
    english = data_of("en")
    times = {key: english.get(key, {}) for key in ("dates", "spans", "numerals", "fixed")}
    wordless = _language({"locale": "en", "day_first": "either", **times}, zones, money)
    return Lexicon(languages, tongues, signs, senders, wordless, learned)


def _learned(data: Mapping[str, object], mistakes: list[str]) -> Learned:
    try:
        return learned_from(data)
    except ValueError as error:
        mistakes.append(f"learned.toml: {error}; or make it anew with `make learn`")
        nothing = Weights((), (), {})
        return Learned(nothing, nothing, nothing)


def _money(data: Mapping[str, object]) -> MoneyReader:
    table = data["marks"]
    assert isinstance(table, Mapping)
    return MoneyReader({level(mark): str(code) for code, marks in table.items() for mark in marks})


def _strings(data: Mapping[str, object]) -> dict[str, dict[str, str]]:
    return {
        key: {str(k): str(v) for k, v in table.items()}
        for key, table in data.items()
        if isinstance(table, Mapping)
    }


def _senders(data: Mapping[str, object], mistakes: list[str]) -> tuple[tuple[str, str], ...]:
    rows = data.get("senders", [])
    out = []
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, list) and len(row) == 2 and row[1] in _CLASSES and "@" in str(row[0]):
            out.append((str(row[0]).lower(), str(row[1])))
        else:
            mistakes.append(f"senders.toml: {row!r} must be [address, one of {', '.join(_CLASSES)}].")
    return tuple(out)


def _own_senders(name: str, data: Mapping[str, object], mistakes: list[str]) -> Iterator[tuple[str, str]]:
    """The `[senders]` table of a phrase file: addresses (`*` stands for anything) and what they send."""
    table = data.get("senders", {})
    if not isinstance(table, Mapping):
        mistakes.append(f'{name}: `senders` must be a table such as "x@notice.aliexpress.com" = "order".')
        return
    for address, what in table.items():
        if what in _CLASSES and "@" in str(address):
            yield str(address).lower(), str(what)
        else:
            told = f"`senders.{address}` must be an address with an @, and what it sends"
            mistakes.append(f"{name}: {told}: one of {', '.join(_CLASSES)}.")


def _zones(data: Mapping[str, object]) -> Zones:
    exact, words = data["exact"], data["words"]
    assert isinstance(exact, Mapping)
    assert isinstance(words, Mapping)
    pairs = [(level(word), str(zone)) for zone, listed in words.items() for word in listed]
    return Zones({level(k): str(v) for k, v in exact.items()}, tuple(sorted(pairs, key=lambda p: -len(p[0]))))


def _mistakes(name: str, data: Mapping[str, object]) -> list[str]:
    out: list[str] = []
    if not isinstance(data.get("locale"), str):
        return [f'{name}: `locale` is missing: name the language this file is for, such as locale = "en".']
    out += head_mistakes(name, data)
    for key in data:
        if key not in _TOP:
            out.append(f"{name}: `{key}` is not known: use one of {', '.join(_TOP)}.")
    words = data.get("words", {})
    if not isinstance(words, Mapping):
        return [*out, f"{name}: `words` must be a table of lists."]
    for concept, patterns in words.items():
        if concept not in CONCEPTS:
            out.append(
                f"{name}: `words.{concept}` is not a concept: use one of {', '.join(sorted(CONCEPTS))}."
            )
        elif not _is_word_list(patterns):
            out.append(f"{name}: `words.{concept}` must be a list of words, none of them empty.")
    out += _section_mistakes(name, data, "dates", (*_DATE_LISTS, *_NUMBERED))
    out += _section_mistakes(name, data, "spans", (*_UNITS, "joiners"))
    numerals = data.get("numerals", {})
    if not _is_numbered(numerals, "0 to 1000"):
        out.append(f"{name}: `numerals` must map words to numbers from 0 to 1000, such as ten = 10.")
    fixed = data.get("fixed", {})
    if not isinstance(fixed, Mapping):
        out.append(f'{name}: `fixed` must map words to durations, such as fortnight = "14d".')
    else:
        for word, span in fixed.items():
            if not (isinstance(span, str) and _FIXED.fullmatch(span)):
                out.append(
                    f"{name}: `fixed.{word}` must be a number of days or hours, "
                    'such as "2d", "2-3d" or "36h".'
                )
    return out


def _is_numbered(table: object, span: str) -> bool:
    low, high = (int(edge) for edge in span.split(" to "))
    return isinstance(table, Mapping) and all(isinstance(v, int) and low <= v <= high for v in table.values())


def _is_word_list(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(v, str) and v.strip(" *~") for v in value)


def _section_mistakes(
    name: str, data: Mapping[str, object], section: str, allowed: Sequence[str]
) -> list[str]:
    table = data.get(section, {})
    if not isinstance(table, Mapping):
        return [f"{name}: `{section}` must be a table."]
    bad = [key for key in table if key not in allowed]
    out = [f"{name}: `{section}.{key}` is not known: use one of {', '.join(allowed)}." for key in bad]
    for key in allowed:
        value = table.get(key, [])
        if key not in _NUMBERED and not (
            isinstance(value, list) and all(isinstance(v, str) and v for v in value)
        ):
            out.append(f"{name}: `{section}.{key}` must be a list of words, none of them empty.")
        if key in _NUMBERED and not _is_numbered(table.get(key, {}), _NUMBERED[key]):
            out.append(f"{name}: `{section}.{key}` must map names to numbers from {_NUMBERED[key]}.")
    return out


def _merge(old: dict[str, object], new: Mapping[str, object]) -> dict[str, object]:
    out = dict(old)
    for key, value in new.items():
        before = out.get(key)
        if isinstance(value, Mapping) and isinstance(before, Mapping):
            out[key] = _merge(dict(before), value)
        elif isinstance(value, list) and isinstance(before, list):
            out[key] = [*before, *value]
        else:
            out[key] = value
    return out


def _language(data: Mapping[str, object], zones: Zones, money: MoneyReader) -> Language:
    words = _table(data, "words")
    dates, spans = _table(data, "dates"), _table(data, "spans")
    spaceless = bool(data.get("spaceless", False))
    prefixes = str(data.get("prefixes", ""))
    alike = {str(k): _words(_table(data, "alike"), k) for k in _table(data, "alike")}
    units = {
        unit: tuple(
            pattern_regex(word, spaceless) for word in sorted(_words(spans, unit), key=len, reverse=True)
        )
        for unit in _UNITS
        if spans.get(unit)
    }
    lists = {key: tuple(level(word) for word in _words(dates, key)) for key in _DATE_LISTS}
    day_first = data.get("day_first", True)
    hours = {w: _hours(str(v)) for w, v in _table(data, "fixed").items()}
    return Language(
        locale=str(data["locale"]),
        spaceless=spaceless,
        dollar=str(data.get("dollar", "USD")),
        yen=str(data.get("yen", "JPY")),
        wording=Wording({str(k): _words(words, k) for k in words}, spaceless, prefixes, alike),
        date_words=DateWords(
            day_first=day_first if isinstance(day_first, bool) else None,
            today=lists["today"], tomorrow=lists["tomorrow"], after_tomorrow=lists["after_tomorrow"],
            midnight=lists["midnight"], noon=lists["noon"],
            am=lists["am"], pm=lists["pm"], hour_words=lists["hours"], to=lists["to"],
            extra_months={level(str(k)): int(str(v)) for k, v in _table(dates, "months").items()},
            extra_weekdays={level(str(k)): int(str(v)) for k, v in _table(dates, "weekdays").items()},
            spoken={
                level(str(k)): int(str(v))
                for k, v in {**_table(data, "numerals"), **_table(dates, "clock")}.items()
                if 1 <= int(str(v)) <= 24
            },
        ),
        span_words=SpanWords(
            units=units,
            numerals={level(str(k)): int(str(v)) for k, v in _table(data, "numerals").items()},
            fixed={level(str(k)): v for k, v in hours.items()},
            to=lists["to"],
            joiners=tuple(level(word) for word in _words(spans, "joiners")),
        ),
        zones=zones,
        money=money,
        breaks=_breaks(data),
    )  # fmt: skip


def _table(data: Mapping[str, object], key: str) -> Mapping[str, object]:
    value = data.get(key, {})
    return value if isinstance(value, Mapping) else {}


def _words(table: Mapping[str, object], key: str) -> list[str]:
    value = table.get(key, [])
    return [str(word) for word in value] if isinstance(value, list) else []


def _breaks(data: Mapping[str, object]) -> re.Pattern[str] | None:
    """Where a sentence begins in a language without full stops: at a blank before one of these words."""
    words = _words(data, "breaks")
    return re.compile(rf"\s+(?=(?:{'|'.join(map(re.escape, words))}))") if words else None


def _hours(printed: str) -> tuple[float, float]:
    match = _FIXED.fullmatch(printed)
    assert match is not None
    unit = 24.0 if match[3] == "d" else 1.0
    return int(match[1]) * unit, int(match[2] or match[1]) * unit
