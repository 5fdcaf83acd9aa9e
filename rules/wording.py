"""The sentences people read, in one language: every key present and every hole known, or a clear error."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from string import Formatter
from typing import cast

from rules.facts import Kind, Turn
from rules.turns import TURNS

KINDS = (*(kind.value for kind in Kind), "unclear")
CLOCKS = (
    "seller_answers",
    "you_may_escalate",
    "platform_steps_in",
    "platform_decides",
    "refund_arrives",
    "dispute_button_opens",
    "protection_ends",
    "send_goods_back",
    "other",
)
# Kinds whose alerts say what silence costs.
COSTLY = (
    *(kind.value for kind, turn in TURNS.items() if turn is Turn.YOURS),
    Kind.ORDER_COMPLETED.value,
    "unclear",
)
# How many entries a list must have; the others may have any number but none.
COUNTED = {"calendar.weekdays": 7, "calendar.months": 12}


def keys(prefix: str, holes: str, *names: str) -> Iterator[tuple[str, frozenset[str]]]:
    """Keys under one prefix whose texts all have the same holes (blanks between them)."""
    for name in names:
        yield f"{prefix}.{name}", frozenset(holes.split())


# Every key a language must have, with exactly the holes its text (or list of texts) must use.
HOLES: Mapping[str, frozenset[str]] = dict(
    [
        *keys("order", "orders", "one", "many"),
        *keys("order", "", "none"),
        *keys("dispute", "dispute which", "numbered"),
        *keys("dispute", "which", "unnumbered"),
        *keys("headline", "which", *KINDS),
        *keys("headline", "", "lost"),
        *keys("act", "", *KINDS),
        *keys("silence", "", *COSTLY),
        *keys("routes", "", *(f"{name}.title" for name in ("app_order", "app_cases", "app_messages"))),
        *keys("routes", "", *(f"{name}.title" for name in ("web_order", "open_dispute", "web_open"))),
        *keys("routes", "which act", "app_order.steps", "app_messages.steps", "web_order.steps"),
        *keys("routes", "which act", "open_dispute.steps", "web_open.steps"),
        *keys("routes", "case act", "app_cases.steps"),
        *keys("help", "", "missing", "missing_open", "stuck"),
        *keys("by", "terms", "seller", "platform", "nobody", "done"),
        *keys("terms", "", "refund", "return", "replacement"),
        *keys("terms", "amount", "refund_of", "return_of", "replacement_of", "amount"),
        *keys("asked", "amount", "for", "paid"),
        *keys("until", "headline at left", "headline"),
        *keys("until", "headline", "between_headline", "lapsed_headline"),
        *keys("until", "at pacific left", "exact"),
        *keys("until", "at pacific left latest", "range"),
        *keys("until", "at pacific latest", "between"),
        *keys("until", "latest pacific", "lapsed", "lapsed_open"),
        *keys("left", "n", "days", "hours", "minutes"),
        *keys("left", "", "day", "hour", "minute", "none"),
        *keys("left", "first second", "two"),
        *keys("left", "span", "left"),
        *keys("basis", "quote", "stated", "relative"),
        *keys("basis", "", "stated_plain", "relative_plain", "policy", "user"),
        *keys("note", "", "unverified", "broken", "suspicious", "odd", "late"),
        *keys("note", "url", "page"),
        *keys("note", "host", "blocked", "gone"),
        *keys("note", "case answers", "done"),
        *keys("note", "case", "looked"),
        *keys("settled", "which", "headline_nobody", "headline_seller", "headline_platform"),
        *keys("settled", "", "nobody", "seller", "platform", "refund_issued"),
        *keys("announced", "clock which", "headline"),
        *keys("announced", "clock at pacific", "body"),
        *keys("warning", "", "headline"),
        *keys("warning", "at", "suspicious", "forged"),
        *keys("warning", "which", "forged_order"),
        *keys("health", "account", "headline", "never", "recovered_headline", "recovered"),
        *keys("health", "account at", "body"),
        *keys("health", "error", "error"),
        *keys("health", "", "remedy"),
        *keys("test", "", "headline"),
        *keys("test", "at", "body"),
        *keys("clocks", "", *CLOCKS),
        *keys("clocks", "clock", "from", "until"),
        *keys("calendar", "", "weekdays", "months"),
        *keys("calendar", "weekday day month year time", "moment"),
        *keys("calendar", "weekday day month time", "brief"),
    ]
)


class WordsError(ValueError):
    """A file of words that can't be used: which file, which key, and what to do about it."""

    def __init__(self, file: str, key: str, remedy: str) -> None:
        super().__init__(f"{file}: {key}: {remedy}")
        self.file = file
        self.key = key
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Words:
    """All sentences of one language; keys and holes were checked when it was made."""

    texts: Mapping[str, str]
    lists: Mapping[str, tuple[str, ...]]

    def say(self, key: str, **holes: object) -> str:
        """The sentence of this key with its holes filled."""
        return self.texts[key].format_map(holes)

    def each(self, key: str, **holes: object) -> tuple[str, ...]:
        """The list of sentences of this key with their holes filled."""
        return tuple(text.format_map(holes) for text in self.lists[key])


def words_from(
    data: Mapping[str, object], file: str = "words", known: Mapping[str, frozenset[str]] = HOLES
) -> Words:
    """The words that a parsed TOML file holds; raises WordsError at the first key that is not right.

    `known` has every key that must be there, with exactly the holes of its text.
    """
    flat = dict(_flat(data, ""))
    for key in flat:
        if key not in known:
            raise WordsError(file, key, "not a known key: correct its name or delete it")
    texts: dict[str, str] = {}
    lists: dict[str, tuple[str, ...]] = {}
    for key, holes in known.items():
        if key not in flat:
            raise WordsError(file, key, "missing: add it")
        found = _texts(flat[key], key, file)
        _check_holes(found, holes, key, file)
        if _is_list(key):
            lists[key] = found
        else:
            texts[key] = found[0]
    return Words(texts, lists)


def _flat(data: Mapping[str, object], prefix: str) -> Iterator[tuple[str, object]]:
    for name, value in data.items():
        if isinstance(value, Mapping):
            yield from _flat(cast(Mapping[str, object], value), f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _is_list(key: str) -> bool:
    return key in COUNTED or key.endswith(".steps")


def _texts(value: object, key: str, file: str) -> tuple[str, ...]:
    if not _is_list(key):
        if isinstance(value, str) and value.strip():
            return (value,)
        raise WordsError(file, key, "write a text in quotes")
    if not isinstance(value, list) or not value or not all(isinstance(text, str) and text for text in value):
        raise WordsError(file, key, "write a list of texts in quotes")
    if len(value) != COUNTED.get(key, len(value)):
        raise WordsError(file, key, f"write exactly {COUNTED[key]} texts")
    return tuple(value)


def _check_holes(texts: tuple[str, ...], known: frozenset[str], key: str, file: str) -> None:
    wanted = ", ".join(f"{{{name}}}" for name in sorted(known)) or "none"
    try:
        parsed = [hole for text in texts for hole in Formatter().parse(text)]
    except ValueError as error:
        raise WordsError(file, key, f"unbalanced braces; holes here: {wanted}") from error
    found = {name for _, name, _, _ in parsed if name is not None}
    if found != known or any(spec or conversion for _, _, spec, conversion in parsed):
        raise WordsError(file, key, f"use exactly these holes: {wanted}")
