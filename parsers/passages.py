"""Cuts a mail's blocks into passages and sentences; dots in dates, numbers and abbreviations don't cut."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

# A sentence ends at . ! ? before something that begins one, at the full stops of other scripts, at ; and •.
_END = re.compile(
    r"(?<=[!?。！？；;؛؟।•|])\s*|(?<=[^\W\d_]{2}[.…])\s+(?=[^a-zà-ÿа-я\d\s,])|(?<=[^\W\d_]{4}[.…])\s+(?=\d)|(?<=[\uac00-\ud7a3]{2}[.])\s+(?=\d)|(?<=\d[\uac00-\ud7a3][.])\s+(?=[\uac00-\ud7a3])|(?<=[)\]\"'»”“0-9€$£₽₴₺₪₫฿₩¥₹%][.])\s+(?=[^\W\d_])(?=[^a-zà-ÿа-я])|(?<=[.…])\s+(?=[¿¡])"
)
_GOES_ON = re.compile(r"\s*\d{1,2}[:.h]\d{2}(?![./-]?\d)")  # a time of day belongs to what stands before it
_ORDINAL = re.compile(r"(?<![\d.,:/$€£])(?:0?[1-9]|[12]\d|3[01])\.$")  # "14." of "14. August"
_DAY_LAST = re.compile(
    r"\b(?:jan|feb|mar|apr|may|june?|july?|aug|sep|oct|nov|dec)[a-z]{0,6}\.? \d{1,2}\.$", re.I
)
_UNIT_ENDS = re.compile(
    r"(?<=\d\s[гр][.])\s+(?=[А-ЯІЇЄҐ])"
    r"|(?:(?<=\d\s[hч][.])|(?<=\d[hч][.]))\s+(?=[A-ZÀ-ÝА-ЯІЇЄҐ][a-zà-ÿа-яіїєґ' ])"
)  # "2025 г. Если", "à 18 h. Si"
_A_NO = re.compile(r"(?:^|[\s(])no\.$", re.I)  # an answer before a word, a number's sign before a figure
_ABBREVIATION = re.compile(
    r"(?:^|[\s(]|[\u0e00-\u0e7f\u3040-\u9fff\uac00-\ud7a3])(?:nr|no|art|ca|inkl|bzw|z\.b|ggf|vgl|str|sr|sra|dr|núm|num|nº|us|p|pp|e\.g|i\.e|approx|tel|ref|св|руб|грн|ok|np|tj|sept|sett|janv|févr|febr|avr|juil|août|juin|márc|abr|mayo|июня|июля|zobacz|číslo|núm|pág|prof|inc|corp|ltd|bestell|best|godz|сент|февр|нояб|окт|авг|груд|квіт|трав|черв|серп|жовт|лист|верес|берез|листоп|січ|лют|лип|долл|дол|tys|год|час|хв|мин|сек|стр|ул|тел|ном|réf|rif|cod|env|bzgl|std|min|max|cca|pkl|заказ|ord)\.$|(?<!\d)[\s(](?:saat|jam|lúc)\.$",
    re.I,
)

_UNIT_END = re.compile(
    r"(?:грн|руб|долл?|год|хв|мин|сек|час)\.$", re.I
)  # before a capital it ends a sentence


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of the mail as the reader sees it. `row` joins the cells of one table row, each by `cell`."""

    text: str
    place: str = "body"  # "subject" | "heading" | "body" | "label"
    row: int = 0
    in_text: bool = False
    cell: int = 0


def sentences(text: str, breaks: re.Pattern[str] | None = None) -> list[str]:
    """Return `text` cut into sentences; dots inside dates, numbers and abbreviations don't cut.

    `breaks` tells where one begins in a language that writes no full stops.
    """
    pieces = [part for piece in _END.split(text) for part in _UNIT_ENDS.split(piece) if part.strip()]
    if breaks is not None:
        pieces = [part for piece in pieces for part in breaks.split(piece) if part.strip()]
    out: list[str] = []
    for piece in pieces:
        if out and (
            (_ABBREVIATION.search(out[-1]) and not _ends_anyhow(out[-1], piece))
            or len(out[-1]) < 4
            or _GOES_ON.match(piece)
            or (_ORDINAL.search(out[-1]) and not _DAY_LAST.search(out[-1]))
        ):
            out[-1] = f"{out[-1]} {piece}"
        else:
            out.append(piece)
    return out


def _ends_anyhow(sentence: str, following: str) -> bool:
    """Whether a sentence ends with its abbreviation: "... answers no. | Please", "12 грн. | Якщо"."""
    if _A_NO.search(sentence):
        return following[0].isalpha()
    return bool(_UNIT_END.search(sentence)) and following[0].isupper()


def _is_label_of(label: Passage, value: Passage) -> bool:
    """Whether two blocks are a short label without figures and a short value that is mostly figures."""
    if value.place not in ("body", "heading") or label.place not in ("body", "heading"):
        return False
    short = len(label.text) <= 48 and not re.search(r"\d|[.!?。！？]$", label.text)
    figures = sum(char.isdigit() for char in value.text)
    return (
        short
        and len(value.text) <= 44
        and figures >= 1
        and figures * 4 >= len(value.text.replace(" ", "")) - 8
    )


def rejoin(passages: Sequence[Passage]) -> list[Passage]:
    """Return the passages with the cells of a table row joined, so that a label stands beside its value."""
    out: list[Passage] = []
    for passage in passages:
        last = out[-1] if out else None
        same_row = (
            last
            and passage.row
            and last.row == passage.row
            and last.cell != passage.cell
            and len(last.text) + len(passage.text) < 240
            and not last.text.endswith((".", "!", "?", "。", "！", "？", "؟"))
        )
        if last and (same_row or _is_label_of(last, passage)):
            place = "heading" if "heading" in (last.place, passage.place) else passage.place
            text = f"{last.text}: {passage.text}"
            out[-1] = Passage(text, place, passage.row, passage.in_text, passage.cell)
        else:
            out.append(passage)
    return out
