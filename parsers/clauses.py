"""Cuts a mail's text into clauses, each with the concepts, times and amounts that stand in it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from parsers.dates import FoundDate
from parsers.levelling import level
from parsers.lexicon import Language
from parsers.money import FoundMoney
from parsers.outright import outright
from parsers.spans import FoundSpan
from parsers.wording import Mark

# A sentence ends at . ! ? before something that begins one, at the full stops of other scripts, at ; and •.
_END = re.compile(
    r"(?<=[!?。！？；;؛؟।•|])\s*|(?<=[^\W\d_]{2}[.…])\s+(?=[^a-zà-ÿа-я\d\s,])|(?<=[^\W\d_]{4}[.…])\s+(?=\d)|(?<=[\uac00-\ud7a3]{2}[.])\s+(?=\d)|(?<=[)\]\"'»”“0-9€$£₽₴₺₪₫฿₩¥₹%][.])\s+(?=[^\W\d_])(?=[^a-zà-ÿа-я])"
)
_GOES_ON = re.compile(r"\s*\d{1,2}[:.h]\d{2}(?![./-]?\d)")  # a time of day belongs to what stands before it
COMMA = re.compile(r"[,;，、:]\s+|[，、]|(?<=[\u0e00-\uffff]):|\s[-–]\s|[()]|\s(?=แต่)|(?<=지만)\s")
_ASKED_OF_BUYER = ("must", "answer", "expire", "appeal", "auto")  # what no general answer says
_OF_THIS_MAIL = ("satisfied", "seller", "accept", "propose", "keep")  # what no general question names
_REMEDIES = frozenset(("refund", "replacement", "keep", "return"))
_NO_COUNTER = frozenset(("if", "declined", "request", "must", "platform"))
_AFTER_COLON = 10  # how far behind the colon of "it offers half of it: 22.00" an amount may begin
_LOUD = 3  # so many words of advertising in one sentence are no chance
_A_NAME = 5  # shorter words for AliExpress are "we" and "us", which speak for the seller's proposals too
_SIGNS = re.compile("[\u4e00-\u9fff]")  # a word's first sign
_PROPOSING = frozenset(("propose", "proposal"))
_ONE_WORD = re.compile(r"[ -]?(?:\w+ )?")  # what may stand between a "no" and the proposal that it denies
_BEHIND = re.compile(r" |\w{0,2}지 ?")  # before a "no" behind what it denies: "제시하지 않"
_ASKING = re.compile(
    r"(?:\?|(?:ますか|でしょうか|ませんか)[。.]?|(?:ไหม|มั้ย)(?:คะ|ครับ|ค่ะ)?)\s*$"
)  # asks, with or without a sign
_DOES_ITSELF = frozenset(("auto", "expire", "satisfied"))
_NOTHING = re.compile(r"")
_BLANK = re.compile(r" ")
_ORDINAL = re.compile(r"(?<![\d.,:/])(?:0?[1-9]|[12]\d|3[01])\.$")  # "14." of "14. August"
_DAY_LAST = re.compile(
    r"\b(?:jan|feb|mar|apr|may|june?|july?|aug|sep|oct|nov|dec)[a-z]{0,6}\.? \d{1,2}\.$", re.I
)
_APP_STORE = re.compile(r"(?:app|play)\s$")
_FIGURE = re.compile(r"\d")
_YEAR_END = re.compile(r"(?<=\d\s[гр][.])\s+(?=[А-ЯІЇЄҐ])")  # "2025 г. Если"
_ABBREVIATION = re.compile(
    r"(?:^|[\s(]|[\u0e00-\u0e7f\u3040-\u9fff\uac00-\ud7a3])(?:nr|no|art|ca|inkl|bzw|z\.b|ggf|vgl|str|sr|sra|dr|núm|num|nº|us|p|pp|e\.g|i\.e|approx|tel|ref|св|руб|грн|ok|np|tj|sept|sett|janv|févr|febr|avr|juil|août|juin|márc|abr|mayo|июня|июля|zobacz|číslo|núm|pág|prof|inc|corp|ltd|bestell|best|godz|сент|февр|нояб|окт|авг|груд|квіт|трав|черв|серп|жовт|лист|верес|берез|листоп|січ|лют|лип|долл|дол|tys|год|час|хв|мин|сек|стр|ул|тел|ном|réf|rif|cod|env|bzgl|std|min|max|cca|pkl|заказ|ord)\.$|(?<!\d)[\s(](?:saat|jam|lúc)\.$",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of the mail as the reader sees it. `row` joins the cells of one table row, each by `cell`."""

    text: str
    place: str = "body"  # "subject" | "heading" | "body" | "label"
    row: int = 0
    in_text: bool = False
    cell: int = 0


@dataclass(frozen=True, slots=True)
class Clause:
    """About one sentence: levelled text, the same as printed, and what was found in it."""

    text: str
    shown: str
    place: str
    marks: tuple[Mark, ...]
    dates: tuple[FoundDate, ...]
    spans: tuple[FoundSpan, ...]
    money: tuple[FoundMoney, ...]
    in_text: bool
    index: int
    concepts: frozenset[str]  # the names of the marks
    prints: frozenset[str]  # whether a "time" or "money" is printed here

    def has(self, *concepts: str) -> bool:
        """Whether any of the concepts stands here."""
        return not self.concepts.isdisjoint(concepts)


def sentences(text: str, breaks: re.Pattern[str] | None = None) -> list[str]:
    """Return `text` cut into sentences; dots inside dates, numbers and abbreviations don't cut.

    `breaks` tells where one begins in a language that writes no full stops.
    """
    pieces = [part for piece in _END.split(text) for part in _YEAR_END.split(piece) if part.strip()]
    if breaks is not None:
        pieces = [part for piece in pieces for part in breaks.split(piece) if part.strip()]
    out: list[str] = []
    for piece in pieces:
        if out and (
            _ABBREVIATION.search(out[-1])
            or len(out[-1]) < 4
            or _GOES_ON.match(piece)
            or (_ORDINAL.search(out[-1]) and not _DAY_LAST.search(out[-1]))
        ):
            out[-1] = f"{out[-1]} {piece}"
        else:
            out.append(piece)
    return out


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


def clauses(passages: Iterable[Passage], language: Language, first: int = 0) -> list[Clause]:
    """Return the clauses of the passages, read with the words of one language, numbered from `first`."""
    out: list[Clause] = []
    for passage in passages:
        for shown in sentences(passage.text, language.breaks):
            out.append(_clause(shown, passage, language, first + len(out)))
    return out


def _clause(shown: str, passage: Passage, language: Language, index: int) -> Clause:
    text = level(shown)
    marks = _meant(text, _without_denied(language.wording.marks(text), text, language))
    money = tuple(language.money.find(text, language.dollar, language.yen)) if _FIGURE.search(text) else ()
    dates = _dates(text, shown, language, money)
    found = language.spans.find(text, shown)
    spans = tuple(s for s in found if not any(d.start <= s.start and s.end <= d.end for d in dates))
    prints = frozenset(filter(None, ("time" if dates or spans else "", "money" if money else "")))
    concepts = frozenset(mark.concept for mark in marks) | _derived(text, marks, money)
    if {"evidence", "provide", "you"} <= concepts:
        # "if you have a photo, could you send it?"
        concepts -= {"if"} if _ASKING.search(text) else frozenset()
        concepts |= {"question"} if text.rstrip().endswith("?") else frozenset()
    elif text.rstrip().endswith("?"):
        concepts |= {"if", "question"}  # "has it arrived?" does not say that it has
    return Clause(
        text, shown, passage.place, marks, dates, spans, money, passage.in_text, index, concepts, prints
    )


def _without_denied(marks: Sequence[Mark], text: str, language: Language) -> list[Mark]:
    """The marks without what is denied right before them: "offers no alternative", "need not"."""
    answers = [mark for mark in marks if mark.concept in ("answer", "accept")]  # "yes or no"
    nots = [
        mark
        for mark in marks
        if mark.concept == "not" and not any(a.start <= mark.start and mark.end <= a.end for a in answers)
    ]
    if not nots:
        return list(marks)
    spaceless = language.wording.spaceless
    refused = any(mark.concept == "declined" for mark in marks)
    between = dict.fromkeys(_PROPOSING, _NOTHING if spaceless else _ONE_WORD)
    between |= {} if spaceless else dict.fromkeys(("must", "review", "closed"), _BLANK)

    def denied(mark: Mark) -> bool:
        gap = between.get(mark.concept)
        if gap is None:
            return False
        if refused and mark.concept in _PROPOSING and any(_denies(no, mark, text) for no in nots):
            return True
        return any(no.end <= mark.start and gap.fullmatch(text, no.end, mark.start) for no in nots)

    return [mark for mark in marks if not denied(mark)]


def _denies(no: Mark, deed: Mark, text: str) -> bool:
    """Whether a "no" stands inside or right behind what it denies, as in "bietet keine Entschädigung an"."""
    inside = deed.start < no.start and no.end <= deed.end
    return inside or (deed.end <= no.start and _BEHIND.fullmatch(text, deed.end, no.start) is not None)


def _dates(text: str, shown: str, language: Language, money: Sequence[FoundMoney]) -> tuple[FoundDate, ...]:
    """The dates in a clause; an amount is no date, nor the time of day of one."""
    found = language.dates.find(text, shown)
    sure = [date for date in found if not _is_money(date, money)]
    if len(sure) < len(found):
        hidden = text
        for amount in money:
            hidden = hidden[: amount.start] + "_" * (amount.end - amount.start) + hidden[amount.end :]
        again = language.dates.find(hidden, shown)
        sure += [d for d in again if not any(d.start < s.end and s.start < d.end for s in sure)]
        sure.sort(key=lambda date: date.start)
    return tuple(sure)


def _meant(text: str, marks: Sequence[Mark]) -> tuple[Mark, ...]:
    """The marks without those whose words mean something else here: the "App Store", "keep the receipt"."""
    return tuple(
        mark
        for mark in marks
        if not (mark.concept == "seller" and _APP_STORE.search(text, max(0, mark.start - 8), mark.start))
        and not (mark.concept == "keep" and any(_is_kept(mark, other) for other in marks))
        and not (mark.concept == "evidence" and any(m.concept == "keep" and _is_kept(m, mark) for m in marks))
        and not (mark.concept == "evidence" and any(_is_slip(mark, other) for other in marks))
        and not (mark.concept == "paid" and any(_goes_to_seller(mark, other) for other in marks))
    )


def _goes_to_seller(paid: Mark, other: Mark) -> bool:
    """Whether what is paid is the seller's money at the end of an order: "released to the seller"."""
    return other.concept == "complete" and _within(paid, other) and _longer(other, paid)


def _longer(mark: Mark, other: Mark) -> bool:
    return mark.end - mark.start > other.end - other.start


def _is_slip(proof: Mark, other: Mark) -> bool:
    """Whether a proof is that of posting: no evidence of a defect."""
    return other.concept in ("return_label", "tracking_number") and _within(proof, other)


def _is_kept(keep: Mark, other: Mark) -> bool:
    """Whether what is to be kept is a slip of paper, and not the goods."""
    if other.concept == "receipt":
        return 0 <= other.start - keep.end <= 2
    paper = other.concept in ("evidence", "return_label", "tracking_number", "confirm")
    return paper and (0 <= other.start - keep.end <= 14 or 0 < keep.start - other.end <= 2)


def _is_money(date: FoundDate, money: Sequence[FoundMoney]) -> bool:
    """Whether what may be a date is an amount: "US $9.30." """
    return date.weak and any(amount.start < date.end and date.start < amount.end for amount in money)


def _is_name(text: str, mark: Mark) -> bool:
    """Whether a word for AliExpress is more than "we": long enough, or written in signs that are words."""
    return mark.end - mark.start >= _A_NAME or bool(_SIGNS.match(text, mark.start))


def _who_proposes(text: str, marks: Sequence[Mark]) -> frozenset[str]:
    """Whether the party that stands nearest to the proposing is AliExpress or the seller."""
    named = [mark for mark in marks if mark.concept == "platform" and _is_name(text, mark)]
    parties = [*named, *(mark for mark in marks if mark.concept == "seller")]
    out = set()
    for deed in (mark for mark in marks if mark.concept in ("propose", "proposal")):
        near = [
            party
            for party in parties
            if party.concept != "platform" or not _put_off(deed, party, marks, text)
        ]
        if near:
            nearest = min(near, key=lambda party: max(deed.start - party.end, party.start - deed.end))
            out.add(f"{nearest.concept}_proposes")
    return frozenset(out)


def _put_off(deed: Mark, party: Mark, marks: Sequence[Mark], text: str) -> bool:
    """Whether AliExpress is named only for what it does with a proposal that is left: "else we apply it"."""
    if party.start < deed.end:
        return False
    between = {mark.concept for mark in marks if deed.end <= mark.start and mark.end <= party.start}
    behind = {mark.concept for mark in marks if mark.start >= party.start}
    apart = COMMA.search(text, deed.end, party.start) is not None
    return bool(between & {"if", "not", "answer"}) or (apart and bool(behind & _DOES_ITSELF))


def _derived(text: str, marks: Sequence[Mark], money: Sequence[FoundMoney]) -> frozenset[str]:
    """What the order of words tells: who proposes, on no condition, against a refusal; who won't."""
    out = set(_who_proposes(text, marks))
    deeds = [mark for mark in marks if mark.concept == "propose"]
    doubts = [
        mark for mark in marks if mark.concept == "if" and not any(_within(mark, deed) for deed in deeds)
    ]
    if any(all(doubt.start > deed.start for doubt in doubts) for deed in deeds):
        out.add("firmly")
    if any(_outright(mark, marks) for mark in marks if mark.concept == "provide"):
        out.add("outright")
    if sum(mark.concept == "marketing" for mark in marks) >= _LOUD:
        out.add("loud")
    refused = min((mark.end for mark in marks if mark.concept == "declined"), default=None)
    for low, high in _parts(text) if refused is not None else ():
        part = {m.concept for m in marks if low <= m.start < high and (m.concept != "if" or m in doubts)}
        named = high + (_AFTER_COLON if text[low:high].rstrip().endswith(":") else 0)
        priced = any(low <= amount.start < named for amount in money)
        if refused is not None and refused < low and _countering(part, priced):
            out.add("counters")
    nots = {mark.end for mark in marks if mark.concept == "not"}
    if any(mark.concept in ("agreed", "accept") and mark.start - 1 in nots for mark in marks):
        out.add("unwilling")
    return frozenset(out) | outright(text.rstrip(), marks, (high for _, high in _parts(text)))


def _outright(deed: Mark, marks: Sequence[Mark]) -> bool:
    """Whether no condition stands before a deed: "send it by then, otherwise ..."."""
    return all(mark.start > deed.start for mark in marks if mark.concept == "if")


def _within(mark: Mark, whole: Mark) -> bool:
    return whole.start <= mark.start and mark.end <= whole.end


def _countering(part: set[str], priced: bool) -> bool:
    """Whether a part of a clause that begins with a refusal says what is offered instead."""
    return "propose" in part and (priced or bool(part & _REMEDIES)) and part.isdisjoint(_NO_COUNTER)


def _parts(text: str) -> list[tuple[int, int]]:
    edges = [0, *(match.end() for match in COMMA.finditer(text)), len(text) + 1]
    return list(pairwise(edges))


def around(clause: Clause, at: int) -> frozenset[str]:
    """The concepts of the part between commas in which character `at` stands."""
    low, high = next((low, high) for low, high in _parts(clause.text) if low <= at < high)
    return frozenset(mark.concept for mark in clause.marks if low <= mark.start < high)


def with_pronouns(found: Sequence[Clause]) -> list[Clause]:
    """Return the clauses with "they" read as the seller, where the clause before named the seller.

    So is a verb of the third person without a subject ("ha 5 giorni") in a mail that says "tu" to the buyer.
    """
    standing = {"they", "elided"} if any(clause.has("familiar") for clause in found) else {"they"}
    out: list[Clause] = []
    for clause in found:
        they = next((m for m in clause.marks if m.concept in standing and not _is_thing(m, clause)), None)
        before = out[-1] if out else None
        if before is not None and _goes_on_proposing(clause, before):
            clause = replace(clause, concepts=clause.concepts | {"seller_proposes"})
        if they is None or before is None or "seller" in clause.concepts or not _speaks_of_seller(before):
            out.append(clause)
            continue
        kept = [m for m in clause.marks if m.concept != "you" or not they.start <= m.start < they.end]
        marks = sorted((*kept, replace(they, concept="seller")), key=lambda mark: (mark.start, -mark.end))
        concepts = clause.concepts - ({"you"} - {mark.concept for mark in kept})
        out.append(
            replace(
                clause, marks=tuple(marks), concepts=concepts | {"seller"} | _who_proposes(clause.text, marks)
            )
        )
    return out


def generally(found: Sequence[Clause], listed: bool) -> list[Clause]:
    """Return one passage's clauses, those that answer a general question ("how long ...?") marked `faq`.

    `listed`: a heading above said that such questions follow.
    """
    out: list[Clause] = []
    asked = listed
    for clause in found:
        if _asks_by_a_time(clause):
            out.append(replace(clause, concepts=clause.concepts - {"faq"}))
            continue
        if asked and "subject" not in clause.place and not _asks_the_buyer(clause):
            out.append(replace(clause, concepts=clause.concepts | {"faq"}))
        else:
            out.append(clause)
        question = clause.text.rstrip().endswith(("?", "؟")) and clause.has("faq", "bank", "wait_refund")
        question = question and not {"provide", "must"} <= clause.concepts  # "would you please send us ...?"
        asked = asked or (question and not clause.money and not clause.has(*_OF_THIS_MAIL))
        asked = asked or (clause.has("faq") and clause.text.rstrip().endswith(":"))
    return out


def _asks_by_a_time(clause: Clause) -> bool:
    """Whether a question asks the buyer to hand something in by a time; no general question does."""
    asks = {"question", "provide", "deadline"} <= clause.concepts and "time" in clause.prints
    return asks and not clause.has("seller", "platform", "bank", "refund", "wait_refund")


def _asks_the_buyer(clause: Clause) -> bool:
    """Whether a clause asks something of the buyer; "banks need 20 days" is no such thing."""
    banks = clause.has("bank", "wait_refund") and not clause.has("you", "answer", "expire")
    return clause.has(*_ASKED_OF_BUYER) and not banks


def lists_questions(found: Sequence[Clause]) -> bool:
    """Whether a passage is but the heading of general questions: "FAQ", "Good to know"."""
    if len(found) != 1 or found[0].place == "subject" or found[0].prints:
        return False
    letters = sum(char.isalpha() for char in found[0].text)
    named = max((mark.end - mark.start for mark in found[0].marks if mark.concept == "faq"), default=0)
    return letters > 0 and named * 10 >= letters * 7


def _is_thing(they: Mark, clause: Clause) -> bool:
    """Whether "them" is what is to be sent: "post them", "add them"."""
    deeds = (mark for mark in clause.marks if mark.concept in ("provide", "return"))
    return any(_within(they, deed) and _longer(deed, they) for deed in deeds)


def _goes_on_proposing(clause: Clause, before: Clause) -> bool:
    """Whether a clause with an amount and no party proposes for the seller of the clause before."""
    return (
        "propose" in clause.concepts
        and bool(clause.money)
        and not clause.has("seller", "platform", "must", "if")
        and _speaks_of_seller(before)
        and not before.has("platform")
    )


def _speaks_of_seller(clause: Clause) -> bool:
    return "seller" in clause.concepts and clause.place != "subject"
