"""Reads printed amounts of money in any local form: "US $ 1,234.50", "1.234,50 €", "2 500 ₽"."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from rules.facts import Money


@dataclass(frozen=True, slots=True)
class FoundMoney:
    """An amount at levelled characters `start` to `end`."""

    money: Money
    start: int
    end: int


_NUMBER = r"\d{1,3}(?:[ '.,]\d{3})+(?:[.,]\d{1,2})?(?!\d)|\d{1,9}(?:[.,]\d{1,3})?(?!\d)"
_AMOUNT = re.compile(_NUMBER)
_DIGITS = re.compile(r"\d+")
_BLANKS = 2  # at most between a figure and its mark


_LETTERS = "a-z\u00e0-\u024f\u0400-\u04ff\u1e00-\u1eff"  # what would make a mark part of a longer word
_LETTER = re.compile(f"[{_LETTERS}]")
_SPACELESS = 0x0E00  # letters from Thai on are written without blanks between words


def plain_number(printed: str, thousands_three: bool = True) -> Decimal | None:
    """Return the number printed in any local form, keeping its decimals; None where it is none.

    `thousands_three`: a single separator before exactly three digits groups thousands.
    """
    text = printed.replace(" ", "").replace("'", "")
    last = max(text.rfind("."), text.rfind(","))
    if last >= 0:
        tail, sep = text[last + 1 :], text[last]
        other = "," if sep == "." else "."
        grouped = text.count(sep) > 1 or (len(tail) == 3 and other not in text and thousands_three)
        if grouped and not text.startswith("0"):
            text = text.replace(sep, "").replace(other, "")
        else:
            text = text[:last].replace(".", "").replace(",", "") + "." + tail
    try:
        return Decimal(text)
    except ArithmeticError:
        return None


class MoneyReader:
    """Finds amounts in levelled text; built once of money.toml's marks (each with its ISO code)."""

    def __init__(self, marks: Mapping[str, str]) -> None:
        self._codes = {"".join(mark.split()): code for mark, code in marks.items()}
        ordered = sorted(marks, key=len, reverse=True)
        self._fronts = frozenset(form for mark in marks for form in (mark, mark.replace(" ", "")))
        self._lengths = sorted({len(form) for form in self._fronts}, reverse=True)
        back = "|".join(map(_as_back, ordered))
        self._back = re.compile(rf"(?<![\d.,/])(?<!\d[\-:])({_NUMBER})\s{{0,{_BLANKS}}}({back})")

    def find(self, text: str, dollar: str, yen: str) -> list[FoundMoney]:
        """Return the amounts in levelled `text`, in reading order.

        `dollar` and `yen` are the ISO codes that a bare "$" and a bare "¥" mean in the mail's language.
        """
        found = []
        for start, end, mark, printed in self._amounts(text):
            mark = "".join(mark.split())
            code = {"$": dollar, "¥": yen, "￥": yen}.get(mark) or self._codes.get(mark)
            amount = plain_number(printed)
            if amount is not None:
                found.append(FoundMoney(Money(amount, code), start, end))
        return found

    def _amounts(self, text: str) -> Iterator[tuple[int, int, str, str]]:
        """Start, end, mark and figures of each amount. Figures are looked for first: they are rarer."""
        done = 0
        for run in _DIGITS.finditer(text):
            at = run.start()
            if at < done:
                continue
            start = self._mark_before(text, at, done)
            number = None if start is None else _AMOUNT.match(text, at)
            if start is not None and number:
                done = number.end()
                yield start, done, text[start:at], number.group()
            elif back := self._back.match(text, at):
                done = back.end()
                yield at, done, back[2], back[1]

    def _mark_before(self, text: str, at: int, done: int) -> int | None:
        """Where the longest mark begins that ends right before character `at`, or up to two blanks before."""
        end = len(text[:at].rstrip()) if text[at - 1 : at].isspace() else at
        for length in self._lengths if at - end <= _BLANKS else ():
            start = end - length
            if start >= done and text[start:end] in self._fronts and not _glued(text, start):
                return start
        return None


def _glued(text: str, start: int) -> bool:
    """Whether what begins at `start` is the end of a longer word."""
    spaced = text[start].isalpha() and ord(text[start]) < _SPACELESS
    return spaced and start > 0 and _LETTER.match(text[start - 1]) is not None


def _as_back(mark: str) -> str:
    """The pattern of a mark behind a figure."""
    ends = mark[-1].isalpha() and ord(mark[-1]) < _SPACELESS
    return re.escape(mark).replace(r"\ ", r"\s?") + (f"(?![{_LETTERS}])" if ends else "")
