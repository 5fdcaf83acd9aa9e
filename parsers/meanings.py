"""What words mean beside each other: what is denied or meant otherwise, and which party proposes."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from parsers.lexicon import Language
from parsers.money import FoundMoney
from parsers.outright import outright
from parsers.wording import Mark

COMMA = re.compile(r"[,;，、:]\s+|[，、]|(?<=[\u0e00-\uffff]):|\s[-–]\s|[()]|\s(?=แต่)|(?<=지만)\s")
_REMEDIES = frozenset(("refund", "replacement", "keep", "return"))
_NO_COUNTER = frozenset(("if", "declined", "request", "must", "platform"))
_AFTER_COLON = 10  # how far behind the colon of "it offers half of it: 22.00" an amount may begin
_LOUD = 3  # so many words of advertising in one sentence are no chance
_A_NAME = 5  # shorter words for AliExpress are "we" and "us", which speak for the seller's proposals too
_A_KOREAN_NAME = 3  # "we" has two signs
_HANGUL = re.compile("[\uac00-\ud7a3]")
_SIGNS = re.compile("[\u4e00-\u9fff]")  # a word's first sign
_PROPOSING = frozenset(("propose", "proposal"))
_OFFERED = _PROPOSING | {"offered"}
_ONE_WORD = re.compile(r"[ -]?(?:\w+ )?")  # what may stand between a "no" and the proposal that it denies
_BEHIND = re.compile(r" |\w{0,2}지 ?")  # before a "no" behind what it denies: "제시하지 않"
_TRAVELS = frozenset(("shipped", "delivered", "transit"))
_TRAVELLERS = frozenset(("parcel", "order", "tracking_number"))
_DOES_ITSELF = frozenset(("auto", "expire", "satisfied"))
_TO_DO = frozenset(("future", "must", "not"))
_NOTHING = re.compile(r"")
_BLANK = re.compile(r" ")
_APP_STORE = re.compile(r"(?:app|play)\s$")


def without_denied(marks: Sequence[Mark], text: str, language: Language) -> list[Mark]:
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


def undenied(marks: Sequence[Mark]) -> list[Mark]:
    """The marks without a "no" or "would" that is part of what is said: "don't forget", "a full refund"."""
    proof = any(mark.concept == "evidence" for mark in marks)  # "we would like a photo from you"
    wholes = {
        "not": [mark for mark in marks if mark.concept in ("must", "offered", "refund")],
        "if": [mark for mark in marks if mark.concept == "must"] if proof else [],
    }
    return [m for m in marks if not any(within(m, whole) for whole in wholes.get(m.concept, ()))]


def meant(text: str, marks: Sequence[Mark]) -> tuple[Mark, ...]:
    """The marks without those whose words mean something else here: the "App Store", "keep the receipt"."""
    said = {mark.concept for mark in marks}
    of_itself = "this_mail" in said and not said & _TRAVELLERS  # "this mail was sent to you because"
    return tuple(
        replace(mark, concept="told") if any(_is_told(mark, other) for other in marks) else mark
        for mark in marks
        if not (of_itself and mark.concept in _TRAVELS)
        and not (mark.concept == "seller" and _APP_STORE.search(text, max(0, mark.start - 8), mark.start))
        and not (mark.concept == "keep" and any(_is_kept(mark, other) for other in marks))
        and not (mark.concept == "evidence" and any(m.concept == "keep" and _is_kept(m, mark) for m in marks))
        and not (mark.concept == "evidence" and any(_is_slip(mark, other) for other in marks))
        and not (mark.concept in _TO_DO and any(_is_spared(mark, other) for other in marks))
        and not (mark.concept == "declined" and _is_ready(mark, marks))
        and not (mark.concept == "return_label" and _is_pictured(mark, marks))
        and not (mark.concept == "you" and any(_is_served(mark, other) for other in marks))
        and not (mark.concept == "feedback" and any(_is_opinion(mark, other) for other in marks))
        and not (mark.concept in _OFFERED and any(_is_asking(mark, other) for other in marks))
        and not (mark.concept == "paid" and any(_goes_to_seller(mark, other) for other in marks))
        and not (mark.concept == "declined" and any(_by_the_buyer(mark, other) for other in marks))
        and not (mark.concept == "paid" and any(_is_ruling(mark, other) for other in marks))
    )


def _is_spared(deed: Mark, other: Mark) -> bool:
    """Whether something to be done is what need not be: "nothing more will have to be done"."""
    return other.concept == "idle" and within(deed, other) and longer(other, deed)


def _is_ready(no: Mark, marks: Sequence[Mark]) -> bool:
    """Whether a refusal is itself denied, as a part of a proposal: "not against paying back"."""
    ready = any(m.concept == "propose" and within(no, m) and longer(m, no) for m in marks)
    return ready and any(m.concept == "not" and m.end == no.start - 1 for m in marks)


def _by_the_buyer(no: Mark, other: Mark) -> bool:
    """Whether a refusal is the buyer's own of what was offered before: "which you turned down"."""
    return other.concept == "turned_down" and other.start < no.end and no.start < other.end


def _is_served(you: Mark, deed: Mark) -> bool:
    """Whether the buyer is only who somebody else comes back to: "you'll hear from us"."""
    return deed.concept in ("seller", "review") and within(you, deed) and longer(deed, you)


def _is_opinion(said: Mark, proof: Mark) -> bool:
    """Whether a word for what a buyer thinks is part of a proof: "the opinion of a repairer"."""
    return proof.concept == "evidence" and within(said, proof) and longer(proof, said)


def _is_told(party: Mark, deed: Mark) -> bool:
    """Whether the seller is only who is to be told something, or part of a word: "let the shop know"."""
    told = party.concept == "seller" and deed.concept == "provide"
    return told and within(party, deed) and longer(deed, party)


def _is_asking(proposal: Mark, other: Mark) -> bool:
    """Whether a word for proposing is part of a request: "it is suggested that you send", "đề nghị bạn"."""
    return other.concept == "must" and within(proposal, other) and longer(other, proposal)


def _goes_to_seller(paid: Mark, other: Mark) -> bool:
    """Whether what is paid is the seller's money at the end of an order: "released to the seller"."""
    return other.concept == "complete" and within(paid, other) and longer(other, paid)


def _is_ruling(paid: Mark, other: Mark) -> bool:
    """Whether what is "given" is an opinion or a verdict, and no money: "avons rendu notre avis"."""
    return other.concept == "decide" and within(paid, other) and longer(other, paid)


def _is_pictured(label: Mark, marks: Sequence[Mark]) -> bool:
    """Whether a label is what a picture is to show: no return is spoken of."""
    said = {mark.concept for mark in marks}
    shown = any(mark.concept == "evidence" and mark.end <= label.start for mark in marks)
    return shown and said.isdisjoint(("return", "tracking_number", "refund"))


def longer(mark: Mark, other: Mark) -> bool:
    """Whether a mark covers more than another."""
    return mark.end - mark.start > other.end - other.start


def _is_slip(proof: Mark, other: Mark) -> bool:
    """Whether a proof is that of posting: no evidence of a defect."""
    return other.concept in ("return_label", "tracking_number") and within(proof, other)


def _is_kept(keep: Mark, other: Mark) -> bool:
    """Whether what is to be kept is a slip of paper, and not the goods."""
    if other.concept == "receipt":
        return 0 <= other.start - keep.end <= 2
    paper = other.concept in ("evidence", "return_label", "tracking_number", "confirm")
    return paper and (0 <= other.start - keep.end <= 14 or 0 < keep.start - other.end <= 2)


def _is_name(text: str, mark: Mark) -> bool:
    """Whether a word for AliExpress is more than "we": long enough, or written in signs that are words."""
    letters = mark.end - mark.start
    hangul = letters >= _A_KOREAN_NAME and bool(_HANGUL.match(text, mark.start))
    return letters >= _A_NAME or hangul or bool(_SIGNS.match(text, mark.start))


def who_proposes(text: str, marks: Sequence[Mark]) -> frozenset[str]:
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
    if len(out) > 1 and _is_content(text, marks, named):
        out.discard("seller_proposes")
    return frozenset(out)


def _is_content(text: str, marks: Sequence[Mark], named: Sequence[Mark]) -> bool:
    """Whether what the seller would do is AliExpress's proposal: "we propose: the seller pays you 5"."""
    colon = text.find(": ")
    said = [mark for mark in marks if mark.end <= colon]
    return any(m in named for m in said) and any(m.concept in _PROPOSING for m in said)


def _put_off(deed: Mark, party: Mark, marks: Sequence[Mark], text: str) -> bool:
    """Whether AliExpress is named only for what it does with a proposal that is left: "else we apply it"."""
    if party.start < deed.end:
        return False
    between = {mark.concept for mark in marks if deed.end <= mark.start and mark.end <= party.start}
    behind = {mark.concept for mark in marks if mark.start >= party.start}
    apart = COMMA.search(text, deed.end, party.start) is not None
    return bool(between & {"if", "not", "answer"}) or (apart and bool(behind & _DOES_ITSELF))


def derived(text: str, marks: Sequence[Mark], money: Sequence[FoundMoney]) -> frozenset[str]:
    """What the order of words tells: who proposes, on no condition, against a refusal; who won't."""
    if not marks:
        return frozenset()
    out = set(who_proposes(text, marks))
    deeds = [mark for mark in marks if mark.concept == "propose"]
    doubts = [
        mark for mark in marks if mark.concept == "if" and not any(within(mark, deed) for deed in deeds)
    ]
    if any(all(doubt.start > deed.start for doubt in doubts) for deed in deeds):
        out.add("firmly")
    if any(_outright(mark, marks) for mark in marks if mark.concept == "provide"):
        out.add("outright")
    if sum(mark.concept == "marketing" for mark in marks) >= _LOUD:
        out.add("loud")
    refused = min((mark.end for mark in marks if mark.concept == "declined"), default=None)
    for low, high in parts(text) if refused is not None else ():
        part = {m.concept for m in marks if low <= m.start < high and (m.concept != "if" or m in doubts)}
        named = high + (_AFTER_COLON if text[low:high].rstrip().endswith(":") else 0)
        priced = any(low <= amount.start < named for amount in money)
        if refused is not None and refused < low and _countering(part, priced):
            out.add("counters")
    nots = {mark.end for mark in marks if mark.concept == "not"}
    if any(mark.concept in ("agreed", "accept") and mark.start - 1 in nots for mark in marks):
        out.add("unwilling")
    return frozenset(out) | outright(text.rstrip(), marks, (high for _, high in parts(text)))


def _outright(deed: Mark, marks: Sequence[Mark]) -> bool:
    """Whether no condition stands before a deed: "send it by then, otherwise ..."."""
    return all(mark.start > deed.start for mark in marks if mark.concept == "if")


def within(mark: Mark, whole: Mark) -> bool:
    """Whether a mark is a part of another, or the same."""
    return whole.start <= mark.start and mark.end <= whole.end


def _countering(part: set[str], priced: bool) -> bool:
    """Whether a part of a clause that begins with a refusal says what is offered instead."""
    return "propose" in part and (priced or bool(part & _REMEDIES)) and part.isdisjoint(_NO_COUNTER)


def parts(text: str) -> list[tuple[int, int]]:
    """Begin and end of each part between commas."""
    edges = [0, *(match.end() for match in COMMA.finditer(text)), len(text) + 1]
    return list(pairwise(edges))
