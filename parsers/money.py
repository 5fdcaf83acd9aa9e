"""Reads printed amounts of money in any local form: "US $ 1,234.50", "1.234,50 €", "R$13,90", "2 500 ₽", "12.50"."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from rules.facts import Money


@dataclass(frozen=True, slots=True)
class FoundMoney:
    """An amount at levelled characters `start` to `end`."""

    money: Money
    start: int
    end: int


# Currency marks as printed, levelled; the first that fits counts. A plain "$" is the US dollar unless the mail's
# language says otherwise (its phrase file may name its own).
_MARKS: Mapping[str, str] = {
    "us $": "USD", "us$": "USD", "usd": "USD", "c$": "CAD", "ca$": "CAD", "cad": "CAD", "a$": "AUD", "au$": "AUD", "au $": "AUD",
    "aud": "AUD", "nz$": "NZD", "mx$": "MXN", "mex$": "MXN", "mxn": "MXN", "r$": "BRL", "brl": "BRL", "clp$": "CLP", "clp": "CLP",
    "cop$": "COP", "cop": "COP", "s/": "PEN", "pen": "PEN", "ars": "ARS", "hk$": "HKD", "hkd": "HKD", "sg$": "SGD", "s$": "SGD",
    "sgd": "SGD", "nt$": "TWD", "twd": "TWD", "€": "EUR", "eur": "EUR", "euros": "EUR", "euro": "EUR", "евро": "EUR", "євро": "EUR", "£": "GBP",
    "gbp": "GBP", "chf": "CHF", "fr.": "CHF", "zł": "PLN", "zl": "PLN", "pln": "PLN", "zlotych": "PLN", "złotych": "PLN", "kč": "CZK", "czk": "CZK", "₽": "RUB",
    "руб.": "RUB", "руб": "RUB", "рублей": "RUB", "рубля": "RUB", "rub": "RUB", "₴": "UAH", "грн.": "UAH", "грн": "UAH", "гривень": "UAH", "гривні": "UAH", "uah": "UAH",
    "₺": "TRY", "tl": "TRY", "try": "TRY", "₪": "ILS", "nis": "ILS", "ils": "ILS", "ש\"ח": "ILS", "שקלים": "ILS", "sar": "SAR", "sr": "SAR",
    "ر.س": "SAR", "ريال": "SAR", "aed": "AED", "د.ا": "AED", "درهم": "AED", "egp": "EGP", "ج.م": "EGP", "kwd": "KWD", "د.ك": "KWD", "qar": "QAR",
    "cn¥": "CNY", "cny": "CNY", "rmb": "CNY", "元": "CNY", "jp¥": "JPY", "jpy": "JPY", "円": "JPY", "¥": "JPY", "￥": "JPY", "₩": "KRW",
    "krw": "KRW", "원": "KRW", "฿": "THB", "thb": "THB", "บาท": "THB", "₫": "VND", "đ": "VND", "vnđ": "VND", "vnd": "VND", "dong": "VND", "đồng": "VND", "rp.": "IDR",
    "rp": "IDR", "idr": "IDR", "rupiah": "IDR", "kr": "SEK", "sek": "SEK", "nok": "NOK", "dkk": "DKK", "myr": "MYR", "rm": "MYR", "php": "PHP", "₱": "PHP",
    "inr": "INR", "₹": "INR", "ron": "RON", "lei": "RON", "huf": "HUF", "ft": "HUF", "bgn": "BGN", "лв": "BGN", "zar": "ZAR",
    "ngn": "NGN", "₦": "NGN", "kzt": "KZT", "₸": "KZT", "mad": "MAD", "us dollars": "USD", "u.s. dollars": "USD", "dollars": "USD", "dolares": "USD",
    "dólares": "USD", "dolar": "USD", "долларов": "USD", "доллара": "USD", "доларів": "USD", "دولار": "USD", "דולר": "USD", "달러": "USD", "ドル": "USD", "dollari": "USD", "dollar": "USD",
    "$": "USD", "reais": "BRL", "pounds": "GBP", "lira": "TRY", "liras": "TRY",
}  # fmt: skip
_LONG = sorted(_MARKS, key=len, reverse=True)


def _mark_regex(side: str) -> str:
    parts = []
    for mark in _LONG:
        escaped = re.escape(mark).replace(r"\ ", r"\s?")
        if mark[0].isalpha() and mark[0].isascii() and side == "front":
            escaped = r"(?<![^\W\d_])" + escaped
        if mark[-1].isalpha() and mark[-1].isascii() and side == "back":
            escaped += r"(?![^\W\d_])"
        parts.append(escaped)
    return "|".join(parts)


_NUMBER = r"\d{1,3}(?:[ '.,]\d{3})+(?:[.,]\d{1,2})?(?!\d)|\d{1,9}(?:[.,]\d{1,3})?(?!\d)"
_MONEY = re.compile(
    rf"(?:(?P<front>{_mark_regex('front')})\s{{0,2}}(?P<n1>{_NUMBER})"
    rf"|(?<![\d.,/:\-])(?P<n2>{_NUMBER})\s{{0,2}}(?P<back>{_mark_regex('back')}))"
)


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


def find_money(text: str, dollar: str = "USD", yen: str = "JPY") -> list[FoundMoney]:
    """Return the amounts in levelled `text`, in reading order.

    `dollar` and `yen` are the ISO codes that a bare "$" and a bare "¥" mean in the mail's language.
    """
    found = []
    for match in _MONEY.finditer(text):
        mark = re.sub(r"\s", " ", match["front"] or match["back"])
        code = _MARKS.get(mark) or _MARKS.get(mark.replace(" ", "")) or _MARKS.get(mark[:2] + " " + mark[2:])
        code = {"$": dollar, "¥": yen, "￥": yen}.get(mark, code)
        amount = plain_number(match["n1"] or match["n2"])
        if amount is not None:
            found.append(FoundMoney(Money(amount, code), match.start(), match.end()))
    return found
