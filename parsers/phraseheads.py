"""Checks what stands above the tables of a phrase file: its language, its dates, letters and money."""

import re
from collections.abc import Iterator, Mapping

from babel import Locale, UnknownLocaleError

_LONGEST = 60


def head_mistakes(name: str, data: Mapping[str, object]) -> Iterator[str]:
    """Return what is wrong with the keys above the tables: one sentence each, with file, key and remedy."""
    locale = data["locale"]
    if not _is_language(str(locale)):
        yield f'{name}: `locale` "{locale}" is no language: write its short name, such as "en" or "sv".'
    if not isinstance(data.get("spaceless", False), bool):
        yield f"{name}: `spaceless` must be true or false."
    if data.get("day_first", True) not in (True, False, "either"):
        yield f'{name}: `day_first` must be true, false or "either".'
    for key in ("dollar", "yen"):
        if key in data and not re.fullmatch("[A-Z]{3}", str(data[key])):
            yield f'{name}: `{key}` must be a currency of three letters, such as "USD".'
    if "prefixes" in data and not _is_pattern(data["prefixes"]):
        yield f'{name}: `prefixes` must be the letters that words may begin with, such as "[והב]{{1,3}}".'


def _is_language(locale: str) -> bool:
    try:
        return bool(re.fullmatch("[a-z]{2,3}", locale)) and Locale.parse(locale) is not None
    except (UnknownLocaleError, ValueError):
        return False


def _is_pattern(value: object) -> bool:
    try:
        return isinstance(value, str) and len(value) <= _LONGEST and re.compile(value) is not None
    except re.error:
        return False
