"""A mail's text clause by clause, each with the concepts, times and amounts that stand in it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from parsers.dates import FoundDate
from parsers.levelling import level
from parsers.lexicon import Language
from parsers.meanings import derived, longer, meant, parts, undenied, who_proposes, within, without_denied
from parsers.money import FoundMoney
from parsers.passages import Passage, sentences
from parsers.shops import with_shops
from parsers.spans import FoundSpan
from parsers.story import without_former
from parsers.wording import Mark
from rules.facts import Ahead

_ASKED_OF_BUYER = ("must", "answer", "expire", "appeal", "auto")  # what no general answer says
_OF_THIS_MAIL = ("satisfied", "seller", "accept", "propose", "keep")  # what no general question names
_ASKING = re.compile(
    r"(?:\?|(?:ますか|でしょうか|ませんか)[。.]?|(?:ไหม|มั้ย)(?:คะ|ครับ|ค่ะ)?)\s*$"
)  # asks, with or without a sign
_A_DAY = timedelta(hours=24)
_REMEMBERED = 512  # clauses of each language, a few mails' worth
_FIGURE = re.compile(r"\d")
_RIGHT_BEHIND = re.compile(r"\s(?:\w{1,3}\s)?")
_BRAND = re.compile(r"\W*aliexpress\s?[\]】:|)]")  # before the subject proper stands who sends it


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
    prints: frozenset[str]  # "time" (a "span", of a few "hours"; "ahead", as tomorrow is), "money"

    def has(self, *concepts: str) -> bool:
        """Whether any of the concepts stands here."""
        return not self.concepts.isdisjoint(concepts)


def clauses(passages: Iterable[Passage], language: Language, first: int = 0) -> list[Clause]:
    """Return the clauses of the passages, read with the words of one language, numbered from `first`."""
    out: list[Clause] = []
    for passage in passages:
        for shown in sentences(passage.text, language.breaks):
            out.append(_clause(shown, passage, language, first + len(out)))
    return out


def _clause(shown: str, passage: Passage, language: Language, index: int) -> Clause:
    """One clause of a passage: what was read in the same words before, put in its place."""
    in_subject = passage.place == "subject"
    known = language.remembered
    found = known.get((shown, in_subject))
    if found is None:
        if len(known) >= _REMEMBERED:
            known.clear()
        found = known[shown, in_subject] = _read(shown, in_subject, language)
    return Clause(
        found.text, shown, passage.place, found.marks, found.dates, found.spans, found.money,
        passage.in_text, index, found.concepts, found.prints,
    )  # fmt: skip  # `replace` takes four times as long, a hundred times a mail


def _read(shown: str, in_subject: bool, language: Language) -> Clause:
    text = level(shown)
    marks = meant(text, without_denied(undenied(language.wording.marks(text)), text, language))
    money = tuple(language.money.find(text, language.dollar, language.yen)) if _FIGURE.search(text) else ()
    marks = _money_back(marks, text, money) if money else marks
    if in_subject:
        marks = tuple(m for m in marks if m.concept != "platform" or not _BRAND.match(text, 0, m.end + 2))
    marks = tuple(with_shops(shown, marks, language.locale, language.wording.knows, bool(money)))
    dates = _dates(text, shown, language, money)
    found = language.spans.find(text, shown)
    spans = tuple(s for s in found if not any(d.start <= s.start and s.end <= d.end for d in dates))
    soon = any(span.within.long < _A_DAY and not span.weak for span in spans)
    ahead = any(isinstance(day, Ahead) and day.days > 0 for date in dates for day in date.by.days)
    printed = (
        ("time", dates or spans), ("span", spans), ("hours", soon), ("ahead", ahead), ("money", money)
    )  # fmt: skip
    prints = frozenset(name for name, there in printed if there)
    concepts = without_former(text, money, frozenset(m.concept for m in marks) | derived(text, marks, money))
    if {"evidence", "provide", "you"} <= concepts:
        # "if you have a photo, could you send it?"
        concepts -= {"if"} if _ASKING.search(text) else frozenset()
        concepts |= {"question"} if text.rstrip().endswith("?") else frozenset()
    elif text.rstrip().endswith("?"):
        concepts |= {"if", "question"}  # "has it arrived?" does not say that it has
    return Clause(text, shown, "", marks, dates, spans, money, False, 0, concepts, prints)


def _money_back(marks: Sequence[Mark], text: str, money: Sequence[FoundMoney]) -> tuple[Mark, ...]:
    """The marks with "return" read as a refund where the amount stands right behind it: "devuelve 6 €"."""
    return tuple(
        replace(mark, concept="refund")
        if mark.concept == "return"
        and text[mark.start] < "ɏ"
        and any(_RIGHT_BEHIND.fullmatch(text, mark.end, m.start) for m in money)
        else mark
        for mark in marks
    )


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


def _is_money(date: FoundDate, money: Sequence[FoundMoney]) -> bool:
    """Whether what may be a date is an amount: "US $9.30." """
    return date.weak and any(amount.start < date.end and date.start < amount.end for amount in money)


def around(clause: Clause, at: int) -> frozenset[str]:
    """The concepts of the part between commas in which character `at` stands."""
    low, high = next((low, high) for low, high in parts(clause.text) if low <= at < high)
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
                clause, marks=tuple(marks), concepts=concepts | {"seller"} | who_proposes(clause.text, marks)
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
    ours = clause.has("platform") and not clause.has("you", "must", "expire", "appeal", "auto")
    return clause.has(*_ASKED_OF_BUYER) and not banks and not ours  # "we usually answer in 5 days"


def lists_questions(found: Sequence[Clause]) -> bool:
    """Whether a passage is but the heading of general questions: "FAQ", "Good to know"."""
    if len(found) != 1 or found[0].place == "subject" or found[0].prints:
        return False
    named = max((mark.end - mark.start for mark in found[0].marks if mark.concept == "faq"), default=0)
    return named > 0 and named * 10 >= sum(char.isalpha() for char in found[0].text) * 7


def _is_thing(they: Mark, clause: Clause) -> bool:
    """Whether "them" is what is to be sent: "post them", "add them"."""
    deeds = (mark for mark in clause.marks if mark.concept in ("provide", "return"))
    papers = (mark for mark in clause.marks if mark.concept in ("return_label", "tracking_number"))
    return any(within(they, deed) and longer(deed, they) for deed in deeds) or any(
        paper.end <= they.start for paper in papers
    )


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
