"""Reads printed durations: "5 days", "two to seven working days", "1 day and 17 hours left", "47:59:12"."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from rules.facts import Within


@dataclass(frozen=True, slots=True)
class FoundSpan:
    """A duration at levelled characters `start` to `end`; `weak` where it may be a time of day."""

    within: Within
    start: int
    end: int
    weak: bool


@dataclass(frozen=True, slots=True)
class SpanWords:
    """What a language file says about durations, all as regular expressions for levelled text.

    `units` maps "minute", "hour", "day", "business", "week", "month" to patterns, `numerals` words to numbers
    and `fixed` whole words to durations in hours, from and to (duals, "two or three days").
    """

    units: Mapping[str, tuple[str, ...]]
    numerals: Mapping[str, int]
    fixed: Mapping[str, tuple[float, float]]
    to: tuple[str, ...]
    joiners: tuple[str, ...]


_HOURS = {"minute": 1 / 60, "hour": 1.0, "day": 24.0, "business": 24.0, "week": 168.0, "month": 720.0}
_COUNTDOWN = re.compile(r"(?<![\d:./])(\d{1,3}):([0-5]\d):([0-5]\d)(?![\d:])")
_AT = re.compile(r"(?<!\w)(?:à|às|a las|alle|um|at|om|kl)\s$")  # "à 18 h" is a time of day
_MINUTES = re.compile(r"\s?([0-5]?\d)\s?[分분]")  # after hours; elsewhere these signs say other things too
_TWICE = re.compile(r"(?<!\w)(giorni|dias|días|jours|дней|дня) (\d{1,2})( \([^\W\d_]+\))")
_MOST = 400 * 24.0


class SpanReader:
    """Finds durations of one language in levelled text."""

    def __init__(self, words: SpanWords, spaceless: bool) -> None:
        self._words = words
        edge = ("", "") if spaceless else (r"(?<![\w])", r"(?![\w])")
        numerals = _either(words.numerals)
        edges = r"(?<![\d.,/])(?<!\d:)(?<!\d-)"
        number = rf"(?:{edges}\d{{1,3}}(?:[.,]\d)?(?![\d:])|{edge[0]}(?:{numerals}){edge[1]})"
        second = number.replace(edges, r"(?<!\d)")
        names = [
            f"(?P<{{p}}{unit}>{'|'.join(words.units[unit])})" for unit in _HOURS if words.units.get(unit)
        ]
        names.sort(key=lambda name: "business" not in name)
        unit = "(?:" + "|".join(names) + ")" + edge[1]
        later = unit.replace(
            "(?P<{p}minute>", "(?P<{p}minute>分|분|"
        )  # behind hours these are no time of day
        to = _either(("-", "~", "〜", "–", *words.to))
        first = unit.replace("{p}", "a_")
        named = rf"(?:\s*{unit.replace('{p}', 'z_')})?"  # "2 days to 7 days"
        head = rf"(?P<n>{number})(?:{named}\s*(?:{to})\s*(?P<n2>{second}))?(?:\s?\(\w+\))?[\s\-]*{first}"
        join = _either((",", *words.joiners))
        tail = rf"(?:\s*(?:{join})?\s*(?P<m>{number})[\s\-]*{later.replace('{p}', 'b_')})?"
        last = rf"(?:\s*(?:{join})?\s*(?P<k>{number})[\s\-]*{later.replace('{p}', 'c_')})?"
        self._span = re.compile(head + tail + last)
        business = "|".join(words.units.get("business", ())) or r"(?!)"
        self._business_before = re.compile(rf"(?:{business})(?:\s\w{{1,4}})?\s*[:(]?\s*$")
        self._fixed = re.compile(f"{edge[0]}(?:{_either(words.fixed)}){edge[1]}")
        self._fixed_tail = re.compile(rf"\s*(?:{join})?\s*(?P<m>{number})[\s\-]*{unit.replace('{p}', 'b_')}")
        self._day_count = re.compile(rf"\s*(?:{join})?\s*(\d{{1,2}}):([0-5]\d)(?::([0-5]\d))?(?![\d:])")

    def find(self, text: str, shown: str) -> list[FoundSpan]:
        """Return the durations in levelled `text`; quotes are cut from `shown`, which is as long."""
        text = _TWICE.sub(_turned, text)
        found = [span for match in self._span.finditer(text) if (span := self._read(match, text, shown))]
        taken = [(span.start, span.end) for span in found]
        for match in self._fixed.finditer(text):
            if not any(start <= match.start() < end for start, end in taken):
                whole = self._read_fixed(match, text, shown)
                found = [span for span in found if span.start < whole.start or span.start >= whole.end]
                found.append(whole)
        for match in _COUNTDOWN.finditer(text):
            if any(start < match.end() and match.start() < end for start, end in taken):
                continue
            hours = int(match[1]) + int(match[2]) / 60 + int(match[3]) / 3600
            found.append(
                _found(hours, hours, False, match.start(), match.end(), shown, weak=int(match[1]) < 24)
            )
        found.sort(key=lambda span: span.start)
        return found

    def _number(self, printed: str) -> float:
        word = printed.strip()
        if word in self._words.numerals:
            return float(self._words.numerals[word])
        return float(word.replace(",", "."))

    def _unit(self, match: re.Match[str], prefix: str) -> str | None:
        groups = match.groupdict()
        return next((unit for unit in _HOURS if groups.get(prefix + unit) is not None), None)

    def _read(self, match: re.Match[str], text: str, shown: str) -> FoundSpan | None:
        unit = self._unit(match, "a_")
        if unit is None:
            return None
        if unit == "hour" and _AT.search(text, max(0, match.start() - 8), match.start()):
            return None
        low = self._number(match["n"])
        high = self._number(match["n2"]) if match["n2"] else low
        first = self._unit(match, "z_")
        if first is not None and _HOURS[first] > high * _HOURS[unit]:  # "1 day and 6 hours" is no range
            low = high = low * _HOURS[first] / _HOURS[unit] + high
        elif first is not None:
            low *= _HOURS[first] / _HOURS[unit]
        low = min(low, high)
        end, extra, smallest = match.end(f"a_{unit}"), 0.0, _HOURS[unit]
        for number, prefix in (("m", "b_"), ("k", "c_")):
            part = self._unit(match, prefix)
            if part is None or _HOURS[part] >= smallest:
                break
            extra += self._number(match[number]) * _HOURS[part]
            end, smallest = match.end(prefix + part), _HOURS[part]
        bare = _MINUTES.match(text, end) if smallest == 1.0 else None  # 60 minutes to the hour
        if bare:
            extra, end = extra + int(bare[1]) / 60, bare.end()
        if unit == "day" and not extra:
            clock = self._day_count.match(text, end)
            if clock:
                extra = int(clock[1]) + int(clock[2]) / 60 + int(clock[3] or 0) / 3600
                end = clock.end()
        if unit == "day" and self._business_before.search(text[max(0, match.start() - 16) : match.start()]):
            unit = "business"
        hours = (low * _HOURS[unit] + extra, high * _HOURS[unit] + extra)
        if hours[1] > _MOST:
            return None
        return _found(*hours, unit == "business", match.start(), end, shown, weak=False)

    def _read_fixed(self, match: re.Match[str], text: str, shown: str) -> FoundSpan:
        (low, high), end = self._words.fixed[match[0]], match.end()
        more = self._fixed_tail.match(text, end)
        unit = self._unit(more, "b_") if more else None
        if more and unit and _HOURS[unit] < low:
            extra = self._number(more["m"]) * _HOURS[unit]
            low, high, end = low + extra, high + extra, more.end()
        return _found(low, high, False, match.start(), end, shown, weak=False)


def _turned(match: re.Match[str]) -> str:
    """A unit before its number, as offices write it, with the number first: "days 3 (three)"."""
    return f"{match[2]} {match[1]}{match[3]}"


def _either(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(set(words), key=len, reverse=True)) or r"(?!)"


def _found(
    low: float, high: float, business: bool, start: int, end: int, shown: str, weak: bool
) -> FoundSpan:
    quote = shown[start:end].strip()
    within = Within(timedelta(hours=low), timedelta(hours=high), business, quote)
    return FoundSpan(within, start, end, weak)
