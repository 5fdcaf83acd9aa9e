"""Reads printed dates, with their times and zones, in the forms of one language.

Nothing is resolved here: a date without a year stays without, an all-numeric one may have two readings.
Month and weekday names are CLDR's (through babel), everything else comes from the language's phrase file.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import time

from babel import Locale

from parsers.levelling import level
from rules.facts import Ahead, By, Day, Weekday


@dataclass(frozen=True, slots=True)
class FoundDate:
    """A date at levelled characters `start` to `end`; `weak` where it may be something else."""

    by: By
    start: int
    end: int
    weak: bool


@dataclass(frozen=True, slots=True)
class Zones:
    """Zone names as printed; see zones.toml."""

    exact: Mapping[str, str]
    words: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class DateWords:
    """What a language file says about dates beside CLDR: all levelled."""

    day_first: bool | None
    today: tuple[str, ...]
    tomorrow: tuple[str, ...]
    after_tomorrow: tuple[str, ...]
    midnight: tuple[str, ...]
    noon: tuple[str, ...]
    am: tuple[str, ...]
    pm: tuple[str, ...]
    hour_words: tuple[str, ...]
    extra_months: Mapping[str, int]
    extra_weekdays: Mapping[str, int]
    to: tuple[str, ...]
    spoken: Mapping[str, int]  # hours as words: "six o'clock"


_IN_BRACKETS = re.compile(r"[^\W\d_]+\s\(([^\W\d_]+)\)")  # "until (CET)"
_OFFSET = re.compile(r"(?:utc|gmt)?\s*([+-])\s*(\d{1,2})(?::?(\d{2}))?(?!\d)")
# An offset behind a spelt-out Greenwich, with any small words before it.
_GREENWICH = re.compile(
    r"[^\d.;!?|,]{0,24}?(?:utc|gmt|greenwich|غرينتش|جرينتش|غرينيتش|гринвич\w*|грінвіч\w*|グリニッジ|그리니치)\s*([+-])\s*(\d{1,2})(?::?(\d{2}))?(?!\d)"
)
_SUFFIX = r"(?:st|nd|rd|th|er|re|ος|[oaº]|\.|-?го|-?е|-?й|-?ое|-?ого)?"
_LINK = r"[\s,.'/\-]{0,3}(?:(?:de|del|of|di|da|do|den|the|d|dari|pe|ב|من|เดือน)(?=[\s'.])[\s'.]*)?"
_YEAR = (
    r"(?:[\s,.'/\-]{0,3}(?:(?:de|del|of|di|do|năm|nam|พ\.?\s?ศ\.?|ค\.?\s?ศ\.?|ปี|tahun|عام|سنه|לשנת|שנת|р|г)[\s'.]*)?"
    r"(?P<y>(?:19|2[0-9])\d{2})(?!\d)|[\-/'](?P<y2>\d{2})(?![\d:]))?"
)
_ISO = re.compile(r"(?<![\d.])(?P<y>(?:19|2\d)\d{2})([-/.])\s?(?P<m>\d{1,2})\2\s?(?P<d>\d{1,2})(?!\d)\.?")
_CJK = re.compile(
    r"(?:(?P<y>(?:19|2\d)\d{2})\s*[年년]\s*|令和(?P<reiwa>\d{1,2})年\s*)?(?<!\d)(?P<m>\d{1,2})\s*[月월]\s*(?P<d>\d{1,2})\s*[日일号號]"
)
# "18日まで", "18일까지": until the 18th, of this month or the next; not "within 18 days", nor "up to 18 days"
_CJK_DAY = re.compile(
    r"(?<![\d月월日일年년/.,:~-])(?<![月월] )(?<!最大)(?<!最長)(?<!최대)(?<!최장)(?<!최대 )(?<!최장 )"
    r"(?P<d>[1-9]|[12]\d|3[01])\s?[日일]\s?"
    r"(?:[(（]?[月火水木金土日월화수목금토일](?:曜日?|요일)?[)）]?\s?)?"
    r"(?=(?:の|、|,)?\s?(?:まで|迄|〆|締|いっぱい|正午|深夜|午前|午後|까지|자정|정오|오전|오후|밤)"
    r"|(?:の|、|,)?\s?\d{1,2}\s?(?:[時시](?![間간])|:\d\d))"
)
_VIET = re.compile(
    r"(?<![\d/])(?P<d>\d{1,2})\s*(?:tháng|thg\.?|thang)\s*(?P<m>\d{1,2})(?:\s*(?:,|/|-|năm|nam)?\s*(?P<y>(?:19|2\d)\d{2}))?(?!\d)"
)
_NUMERIC = re.compile(
    r"(?<![\d./])(?<![\d\s]-)(?P<a>\d{1,2})\s?(?P<sep>[./\-])\s?(?P<b>\d{1,2})\s?(?P=sep)\s?(?P<y>\d{4}|\d{2})(?![\d/]|[.\-]\d)"
)
_SHORT = re.compile(
    r"(?<![\d./,])(?<!\d:)(?<![\d\s]-)(?P<a>\d{1,2})(?:(?P<sep>/)(?P<b>\d{1,2})(?![\d/%])|\.(?P<b2>\d{1,2})(?:\.(?!\d)|(?='[^\W\d_])))"
)
# "24-05 om 17:00", "vóór 24-05.": a day and a month of two figures, where no unit follows
_DASHED = re.compile(
    r"(?<![\d./,:#+(-])(?<![\d\s]-)(?P<a>0?[1-9]|[12]\d|3[01])-(?P<b>0[1-9]|1[0-2])"
    r"(?=[.,;)!?]*\s*$|[.,;)!?]\s"
    r"|,?\s(?:om|kl|klo|at|um|às|as|a las|pukul|jam|middernacht|\d{1,2}[:.]\d\d)(?!\w))"
)

# "до 19.05", "bis 19.05": a day and month behind a word that leads to a date
_DOTTED = re.compile(
    r"(?<!\w)(?:до|к|по|(?:о?пів|полу)ноч[іи]|bis|bis zum|zum|am|do|dnia|na|til|senest|tot|op|pe|la|le)\s"
    r"(?P<a>0?[1-9]|[12]\d|3[01])\.(?P<b>0[1-9]|1[0-2])(?![\d.:%]|,\d|\s?(?:[^\s\w,;.!?)]|год|час|uhr|грн|руб|zł|eur|lei|kr))"
)
# "7.12 о 20:00": a day and month before a time of day
_DOTTED_AT = re.compile(
    r"(?<![\d.,:])(?P<a>0?[1-9]|[12]\d|3[01])\.(?P<b>0?[1-9]|1[0-2])(?=\.?,?\s(?:о|об|в|um|o|om|kl\.?|saat)\s\d{1,2}[:.]\d\d)"
)
_FIGURE = re.compile(r"\d")
_PARTED = re.compile(r"\d\s?[./\-]")  # what every date in mere figures holds
_HAS_SIGNS = re.compile(r"\d\s*(?:[月월일日]|th)")  # and every one with "month" or "day" behind its figures
_NIGHT = ("밤", "夜", "夜の", "晩")  # at twelve it is midnight
# "the second time" is no Monday, though in Vietnamese both are told by the same words
_COUNTED = re.compile(r"(?:lần|phần|vòng|bước|đợt|người|điều|chiếc|kiện|bản|hạng)\s$")
_BESIDE = 6  # characters between "today" and the date it stands before
_LEAD = r"(?P<lead>(?<!\w)(?:saat|godz|godzin[yąe]|godzinie|pukul|jam|kl|klo|ore|ora)\.?\s{1,2})?"
_SHORT_BUDDHIST = re.compile(r"\s?([67]\d)(?!\d|\s?[:.]\d)")  # "13 มี.ค. 69": 2569, which is 2026


def _alternatives(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(set(words), key=len, reverse=True)) or r"(?!)"


def _month_names(locale: str) -> dict[str, int]:
    names: dict[str, int] = {}
    data = Locale.parse(locale)
    for context, width in (("format", "wide"), ("format", "abbreviated"), ("stand-alone", "wide")):
        for number, name in data.months[context][width].items():
            text = level(name).rstrip(".")
            if not re.search(r"\d", text):
                names[text] = number
    return names


def _weekday_names(locale: str) -> dict[str, int]:
    data = Locale.parse(locale).days["format"]["wide"]
    return {level(name): number for number, name in data.items()}


class DateReader:
    """Finds dates of one language in levelled text."""

    def __init__(self, locale: str, words: DateWords, zones: Zones, spaceless: bool) -> None:
        self._words = words
        self._zones = zones
        self._months = {**_month_names("en"), **_month_names(locale), **words.extra_months}
        self._weekdays = {**_weekday_names(locale), **words.extra_weekdays}
        self._buddhist_from = 2400
        self._thai = locale == "th"
        edge = "" if spaceless else r"(?![^\W\d_])"
        front = "" if spaceless else r"(?<![^\W\d_])[בלמהו]?"
        month = rf"{front}(?P<mon>{_alternatives(self._months)}){edge}\.?"
        joiners = _alternatives(("-", "~", "/", *words.to))
        first = rf"(?:(?P<d0>\d{{1,2}}){_SUFFIX}\s*(?:{joiners})\s*)?"
        day = rf"(?<![\d.,:])(?P<d>\d{{1,2}}){_SUFFIX}"
        self._day_month = re.compile(rf"{first}{day}{_LINK}{month}{_YEAR}")
        self._month_day = re.compile(
            rf"{month}[\s,.'\-]{{0,2}}(?P<d>\d{{1,2}})(?!\d|\s?[:%])(?:st|nd|rd|th|\.)?{_YEAR}"
        )
        self._relative = self._relative_regex(spaceless)
        self._clock = self._clock_regex(spaceless)
        self._spoken = None if spaceless else self._spoken_regex()
        self._twelve = re.compile(rf"[\s,]{{1,2}}(?:{_alternatives(words.noon)})(?!\w)")

    def _relative_regex(self, spaceless: bool) -> re.Pattern[str]:
        edge = ("", "") if spaceless else (r"(?<!\w)", r"(?!\w)")
        groups = (
            f"(?P<today>{_alternatives(self._words.today)})",
            f"(?P<after>{_alternatives(self._words.after_tomorrow)})",
            f"(?P<tomorrow>{_alternatives(self._words.tomorrow)})",
            f"(?P<weekday>{_alternatives(self._weekdays)})",
        )
        return re.compile(f"{edge[0]}(?:{'|'.join(groups)}){edge[1]}")

    def _clock_regex(self, spaceless: bool) -> re.Pattern[str]:
        am = _alternatives(("am", "a.m.", "a.m", *self._words.am))
        pm = _alternatives(("pm", "p.m.", "p.m", *self._words.pm))
        hour = _alternatives((*self._words.hour_words, "uhr", "hrs", "h"))
        front = "" if spaceless else r"(?<!\w)"  # Arabic writes one letter for p.m., and words end in it
        return re.compile(
            rf"(?<![\d.,/])(?:{front}(?P<am0>{am})\s*|{front}(?P<pm0>{pm})\s*)?{_LEAD}(?P<h>[01]?\d|2[0-4])"
            rf"(?:\s?[:h]\s?(?P<mi>[0-5]\d)(?::(?P<s>[0-5]\d))?|\.(?P<mi2>[0-5]\d)(?!\.?\d)"
            rf"|\s?[時点시](?:\s?(?P<mi3>[0-5]?\d)\s?[分분])?|\s?(?:{hour})\s?(?P<mi4>[0-5]\d)(?!\d)(?:\s?(?:phút|min|นาที))?|(?=\s*(?:{am}|{pm}|{hour})(?!\w))|(?(lead)(?![.,:]?\d)|(?!)))"
            rf"(?!\d)(?:\s*(?:(?P<am>{am})|(?P<pm>{pm}))(?!\w))?(?:\s*(?:{hour})(?!\w)\.?)?"
        )

    def _spoken_regex(self) -> re.Pattern[str]:
        names, words = _alternatives(self._words.spoken), self._words
        behind = _alternatives((*words.am, *words.pm, *words.hour_words))
        return re.compile(rf"(?<!\w)(?:{names})(?=\s+(?:{behind})(?!\w))")

    def find(self, text: str, shown: str) -> list[FoundDate]:
        """Return the dates in levelled `text`; quotes are cut from `shown`, which is as long."""
        if self._spoken is not None:  # "six in the evening" becomes "6   in the evening"
            spoken = self._words.spoken
            text = self._spoken.sub(lambda hour: str(spoken[hour[0]]).ljust(len(hour[0])), text)
        found: list[FoundDate] = []
        taken: list[tuple[int, int]] = []
        for days, start, end, weak in self._days(text) if _FIGURE.search(text) else ():
            if any(start < stop and begin < end for begin, stop in taken):
                continue
            taken.append((start, end))
            found.append(self._with_time(text, shown, days, start, end, weak))
        found += self._relative_days(text, shown, taken)
        found.sort(key=lambda date: date.start)
        return found

    def _days(self, text: str) -> Iterator[tuple[tuple[Day, ...], int, int, bool]]:
        """Every date in figures or with a month's name; some signs tell which expressions may match."""
        parted = _PARTED.search(text) is not None
        for match in _ISO.finditer(text) if parted else ():
            yield from self._one(match, match["y"], int(match["m"]), int(match["d"]))
        if _HAS_SIGNS.search(text):
            yield from self._with_signs(text)
        yield from self._with_names(text)
        if parted:
            yield from self._in_figures(text)

    def _with_signs(self, text: str) -> Iterator[tuple[tuple[Day, ...], int, int, bool]]:
        for regex in (_CJK, _VIET):
            for match in regex.finditer(text):
                year = match["y"]
                if regex is _CJK and match["reiwa"]:
                    year = str(2018 + int(match["reiwa"]))
                yield from self._one(match, year, int(match["m"]), int(match["d"]))
        for match in _CJK_DAY.finditer(text):
            yield (Day(None, 0, int(match["d"])),), match.start(), match.end(), False

    def _with_names(self, text: str) -> Iterator[tuple[tuple[Day, ...], int, int, bool]]:
        for regex in (self._day_month, self._month_day):
            for match in regex.finditer(text):
                year = match["y"] or (f"20{match['y2']}" if match["y2"] else None)
                short = _SHORT_BUDDHIST.match(text, match.end()) if self._thai and year is None else None
                if short:
                    year = f"25{short[1]}"
                month = self._months[match["mon"]]
                first = [int(match["d0"])] if regex is self._day_month and match["d0"] else []
                for days, start, end, weak in self._one(match, year, month, *first, int(match["d"])):
                    yield days, start, short.end() if short else end, weak

    def _in_figures(self, text: str) -> Iterator[tuple[tuple[Day, ...], int, int, bool]]:
        for match in _NUMERIC.finditer(text):
            yield from self._numeric(match, match["a"], match["b"], match["y"], match["sep"], weak=False)
        for match in (*_DOTTED.finditer(text), *_DOTTED_AT.finditer(text)):
            for days, _, end, weak in self._numeric(match, match["a"], match["b"], None, ".", weak=True):
                yield days, match.start("a"), end, weak
        for match in _SHORT.finditer(text):
            second = match["b"] or match["b2"]
            yield from self._numeric(match, match["a"], second, None, match["sep"] or ".", weak=True)
        for match in _DASHED.finditer(text):
            yield from self._numeric(match, match["a"], match["b"], None, "-", weak=True)

    def _one(
        self, match: re.Match[str], year: str | None, month: int, *days: int
    ) -> Iterator[tuple[tuple[Day, ...], int, int, bool]]:
        read = tuple(Day(self._year(year), month, day) for day in days if 1 <= day <= 31)
        if read and 1 <= month <= 12:
            yield read, match.start(), match.end(), False

    def _numeric(
        self, match: re.Match[str], a: str, b: str, year: str | None, sep: str, weak: bool
    ) -> Iterator[tuple[tuple[Day, ...], int, int, bool]]:
        first, second, read_year = int(a), int(b), self._year(year)
        readings: list[Day] = []
        day_first = self._words.day_first if sep != "." or self._words.day_first is False else True
        if day_first is not False and 1 <= first <= 31 and 1 <= second <= 12:
            readings.append(Day(read_year, second, first))
        if day_first is not True and 1 <= second <= 31 and 1 <= first <= 12 and first != second:
            readings.append(Day(read_year, first, second))
        if not readings and 1 <= first <= 12 and 1 <= second <= 31:
            readings.append(Day(read_year, first, second))
        if not readings and 1 <= second <= 12 and 1 <= first <= 31:
            readings.append(Day(read_year, second, first))
        if readings:
            yield tuple(readings), match.start(), match.end(), weak

    def _year(self, printed: str | None) -> int | None:
        if printed is None:
            return None
        year = int(printed)
        if year < 100:
            year += 2000
        return year - 543 if year >= self._buddhist_from else year

    def _relative_days(self, text: str, shown: str, taken: list[tuple[int, int]]) -> Iterator[FoundDate]:
        for match in self._relative.finditer(text):
            near = any(begin - 8 <= match.end() and match.start() <= stop + 4 for begin, stop in taken)
            if match["weekday"] is not None and near:
                continue  # "Wednesday, 12 March": the date says it
            if match["weekday"] is not None and _COUNTED.search(text, 0, match.start()):
                continue
            if match["today"] and any(0 <= begin - match.end() <= _BESIDE for begin, _ in taken):
                continue  # "by the end of the day of 12 March", "today, 12 March"
            day: Ahead | Weekday
            if match["weekday"] is not None:
                day = Weekday(self._weekdays[match["weekday"]])
            else:
                day = Ahead(0 if match["today"] is not None else 2 if match["after"] is not None else 1)
            yield self._with_time(text, shown, (day,), match.start(), match.end(), weak=True)

    def _with_time(
        self, text: str, shown: str, days: tuple[Day | Ahead | Weekday, ...], start: int, end: int, weak: bool
    ) -> FoundDate:
        clock, zone, low, high = self._time_near(text, start, end)
        if clock is not None and clock.hour <= 12 and text[start:end].endswith(self._words.pm):
            clock = None if clock.hour == 12 else clock.replace(hour=clock.hour + 12)  # "tonight at 11"
        quote = shown[low:high].strip(" ,;:.|-")
        quote += ")" if quote.count("(") > quote.count(")") else ""
        return FoundDate(By(days, clock, zone, quote), low, high, weak)

    def _time_near(self, text: str, start: int, end: int) -> tuple[time | None, str | None, int, int]:
        after = self._clock.search(text, end, min(len(text), end + 44))
        if after and _gap_is_plain(text[end : after.start()], 26):
            read = _clock_value(after)
            if read is not None:
                zone, stop = self._zone(text, after.end())
                return read, zone, start, stop
        if after and after.start() - end <= 2 and _clock_value(after) is None:
            end = after.end()  # "24:00": midnight, which is the date alone
        before = list(self._clock.finditer(text, max(0, start - 48), start))
        if before and _clock_value(before[-1]) is not None:
            zone, stop = self._zone(text, before[-1].end())
            if stop <= start and _gap_is_plain(text[stop:start], 22):
                if zone is None:  # "17:30 on 28 February (GMT+7)"
                    zone, end = self._zone(text, end)
                return _clock_value(before[-1]), zone, before[-1].start(), end
        if self._has_noon(text[end : end + 24]) or self._has_noon(text[max(0, start - 16) : start]):
            zone, stop = self._zone(text, end)
            return time(12), zone, start, max(end, stop)
        return None, None, start, end

    def _has_noon(self, piece: str) -> bool:
        return any(word in piece for word in self._words.noon)

    def _zone(self, text: str, at: int) -> tuple[str | None, int]:
        suffix = re.match(r"'\w{1,4}(?!\w)", text[at : at + 6])  # a case ending: "18.30'a"
        at += suffix.end() if suffix else 0
        said = self._twelve.match(text, at)  # "12:00 noon UTC"
        at = said.end() if said else at
        tail = text[at : at + 64]
        lead = len(tail) - len(tail.lstrip(" ,([·"))
        body = tail[lead:]
        offset = _OFFSET.match(body)
        if offset is None:
            offset = _GREENWICH.match(body)
            if offset:
                return f"{offset[1]}{int(offset[2]):02d}:{offset[3] or '00'}", at + lead + offset.end()
        if offset and (body.startswith(("utc", "gmt")) or offset[3]):
            return f"{offset[1]}{int(offset[2]):02d}:{offset[3] or '00'}", at + lead + offset.end()
        name = re.match(r"[^\W\d_]+(?:/[^\W\d_]+)?", body)
        if name and name[0] in self._zones.exact:
            return self._zones.exact[name[0]], at + lead + name.end()
        apart = _IN_BRACKETS.match(body)
        if apart and apart[1] in self._zones.exact:
            return self._zones.exact[apart[1]], at + lead + apart.end()
        piece = re.split(r"\d|[.;!?。|]", tail, maxsplit=1)[0][:56]
        for word, zone in self._zones.words:
            place = piece.find(word)
            if place >= 0:
                return zone, at + min(len(piece), place + len(word))
        inner = re.search(r"(?<!\w)(pt|pst|pdt)(?!\w)", piece[:28])
        if inner:
            return "America/Los_Angeles", at + inner.end()
        return None, at


def _gap_is_plain(gap: str, limit: int) -> bool:
    return len(gap) <= limit and not re.search(r"[\d!?;。！？]|[.](?=\s\w{4})|\s-\s\w+\s", gap)


def _clock_value(match: re.Match[str]) -> time | None:
    hour = int(match["h"])
    minute = int(match["mi"] or match["mi2"] or match["mi3"] or match["mi4"] or 0)
    second = int(match["s"] or 0)
    if hour == 12 and (match["pm0"] or "") in _NIGHT:
        return None
    if (match["pm"] or match["pm0"]) and hour < 12:
        hour += 12
    if (match["am"] or match["am0"]) and hour == 12:
        hour = 0
    if hour == 24 or (hour == 0 and minute == 0 and second == 0):
        return None if hour == 24 else time(0)
    return time(hour, minute, second) if hour < 24 else None
