"""Reads printed amounts of money in any local form: "US $ 1,234.50", "1.234,50 €", "2 500 ₽"."""

import re
from collections.abc import Mapping, Sequence
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


_LETTERS = "a-z\u00e0-\u024f\u0400-\u04ff\u1e00-\u1eff"  # what would make a mark part of a longer word
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
        front, back = (self._either(ordered, side) for side in ("front", "back"))
        self._money = re.compile(
            rf"(?:(?P<front>{front})\s{{0,2}}(?P<n1>{_NUMBER})"
            rf"|(?<![\d.,/\-])(?<!\d:)(?P<n2>{_NUMBER})\s{{0,2}}(?P<back>{back}))"
        )

    @staticmethod
    def _either(marks: Sequence[str], side: str) -> str:
        parts = []
        for mark in marks:
            escaped = re.escape(mark).replace(r"\ ", r"\s?")
            if side == "front" and mark[0].isalpha() and ord(mark[0]) < _SPACELESS:
                escaped = rf"(?<![{_LETTERS}])" + escaped
            if side == "back" and mark[-1].isalpha() and ord(mark[-1]) < _SPACELESS:
                escaped += rf"(?![{_LETTERS}])"
            parts.append(escaped)
        return "|".join(parts)

    def find(self, text: str, dollar: str, yen: str) -> list[FoundMoney]:
        """Return the amounts in levelled `text`, in reading order.

        `dollar` and `yen` are the ISO codes that a bare "$" and a bare "¥" mean in the mail's language.
        """
        found = []
        for match in self._money.finditer(text):
            mark = "".join((match["front"] or match["back"]).split())
            code = {"$": dollar, "¥": yen, "￥": yen}.get(mark) or self._codes.get(mark)
            amount = plain_number(match["n1"] or match["n2"])
            if amount is not None:
                found.append(FoundMoney(Money(amount, code), match.start(), match.end()))
        return found
