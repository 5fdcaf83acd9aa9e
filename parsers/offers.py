"""Reads what is on the table: by whom, which remedy, how much; and what was asked and paid."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from parsers.clauses import Clause, around
from parsers.money import FoundMoney
from parsers.proposers import names_shop
from parsers.shares import is_share, is_whole
from parsers.story import is_former
from parsers.wording import Mark
from rules.facts import Kind, Money, Offer, Party, Remedy

WITH_OFFER = frozenset(
    (
        Kind.OFFER,
        Kind.OFFER_REMINDER,
        Kind.JUDGEMENT,
        Kind.RETURN_REQUESTED,
        Kind.REFUND_ISSUED,
        Kind.DISPUTE_CLOSED,
    )
)
_PROPOSING = frozenset((Kind.OFFER, Kind.OFFER_REMINDER))
_NO_RETURN = ("not", "asked")
_RULED = frozenset((Kind.JUDGEMENT, Kind.RETURN_REQUESTED))
_OFFERING = ("propose", "proposal", "offered", "decide")
_OWN_REQUEST = frozenset((Kind.DISPUTE_OPENED, Kind.DECLINED, Kind.ESCALATED, Kind.EVIDENCE_REQUESTED))
_NUMBER = re.compile(r"[^\w]{0,3}\d{10}")
_PART_OF = re.compile(r"\s(?:of|de|dos|do|van|von|di|dari|z|з|из|sur|من)(?:\s(?:the|os|as|de|les))?\s")
_COMMA = re.compile(r"[,;，、]\s|[()]|[/|](?!\d)")
_RIGHT_BEHIND = 12  # characters
_RIGHT_BEFORE = 4
_HIS_OFFER = 36  # characters in which "the shop's offer of" stands before its amount
_BESIDE = 14  # characters between "instead of" and what is put aside
_NO_VOUCHERS = ("propose", "proposal", "accept", "decide", "decision", "refund", "seller", "asked")
_PAID_AFTER_ALL = frozenset(
    ("if", "propose", "proposal", "answer", "accept", "auto", "decide", "expire", "keep", "return", "must")
)
_RULINGS = ("decide", "decision", "propose", "proposal", "review")
_SURE = frozenset(("asked", "total", "price", "offered"))
_CUES = {
    "asked": "asked",
    "total": "paid",
    "price": "price",
    "offered": "offered",
    "propose": "offered",
    "refund": "offered",
    "paid": "offered",
    "decide": "offered",
    "proposal": "offered",
    "declined": "refused",
}


@dataclass(frozen=True, slots=True)
class Amounts:
    """The offer and the buyer's own figures, as far as they are printed."""

    offer: Offer | None
    asked: Money | None
    paid: Money | None


def amounts(clauses: Sequence[Clause], kind: Kind | None) -> Amounts:
    """Return what the clauses print of offer, request and order total, for a mail of this kind."""
    by_use: dict[str, list[Money]] = {
        "offered": [],
        "asked": [],
        "paid": [],
        "price": [],
        "refused": [],
        "ruled": [],
        "told": [],
        "denied": [],
        "open": [],
    }
    decided: list[Money] = []
    awarded: list[Money] = []  # the same, and surely for the buyer: it may be all that was paid
    whole: list[Money] = []  # "the order total of 64 is refunded"
    for clause in clauses:
        for found in clause.money:
            use = _use(clause, found)
            if kind in _RULED:
                use = _after_a_story(use, clause, found.start)
            if (
                use == "open"
                and kind in _OWN_REQUEST
                and clause.has("dispute", "request", "return", "refund")
            ):
                use = "offered"
            if kind is Kind.ORDER_UPDATE and clause.has("payment") and not clause.has("refund", "price"):
                use = "paid"  # "your payment of 17.99 has come"
            if kind in _OWN_REQUEST and use == "offered" and _had_proposed(clause):
                continue  # "he had offered 3.00, and you said no"
            if use == "asked" and kind is Kind.RETURN_REQUESTED and clause.has("expire"):
                use = "offered"  # "or you lose your claim to the 42.00"
            if use in ("offered", "open") and is_former(clause.money, clause.marks, found):
                use = "told"
            by_use[use].append(found.money)
            if use in ("offered", "ruled", "open") and _is_platforms(clause):
                (decided if use == "open" else awarded).append(found.money)
            if use == "refused" and not clause.has("turned_down", "proposal", "propose", "former"):
                by_use["denied"].append(found.money)
            if use == "paid" and clause.has("refund") and clause.has("platform", "decide"):
                whole.append(found.money)
    asked = by_use["asked"][0] if by_use["asked"] else None
    paid = by_use["paid"][0] if by_use["paid"] else None
    if kind in _OWN_REQUEST:  # nothing is offered there: what would be refunded is what the buyer asked for
        open_ = [m for m in by_use["open"] if m != paid]
        named = (*by_use["refused"], *by_use["offered"], *open_)
        return Amounts(None, asked or next(iter(named), None), paid)
    if kind not in WITH_OFFER:
        return Amounts(None, asked, paid)
    if kind is Kind.REFUND_ISSUED and not by_use["offered"]:  # "the 12.50 that you paid is back"
        by_use["offered"] = [m for m in by_use["open"] if m not in (asked, paid)] or by_use["paid"]
    other = (*by_use["ruled"], *by_use["told"], *by_use["refused"], *by_use["open"])
    if kind in _RULED and not by_use["offered"] and not by_use["ruled"]:
        by_use["offered"] = whole
    offered = by_use["offered"] or [m for m in other if m not in (asked, paid)]
    if kind is Kind.JUDGEMENT:  # "he had wanted to give 3, you said no; we think that 12 is right"
        offered = awarded or [m for m in decided if m not in (asked, paid)] or offered
    if kind in _PROPOSING and asked is None:  # "with your 40 he does not agree, but he would give 36"
        asked = next((m for m in by_use["denied"] if m != offered[0]), None) if offered else None
    return Amounts(_offer(clauses, kind, offered[0] if offered else None), asked, paid)


def _is_platforms(clause: Clause) -> bool:
    """Whether an amount here is what AliExpress decided, and not an earlier proposal of the seller's."""
    deciding = clause.has("platform", "decide", "decision")
    return deciding and not clause.has("seller", "they", "declined", "reject", "request", "faq")


def _after_a_story(use: str, clause: Clause, start: int) -> str:
    """What an amount is for in a mail that rules: "the seller had offered 4" is told before the ruling."""
    ruling = clause.has("platform", "decide", "decision")
    sellers = _is_sellers_own(clause, start) or (clause.has("seller_proposes") and not ruling)
    if use == "offered" and sellers:
        return "told"
    given = ruling or clause.has("you", "return", "refund", "future")
    return "ruled" if use == "open" and given else use


def _is_sellers_own(clause: Clause, start: int) -> bool:
    """Whether the seller proposes an amount, in its part between commas: "he had offered 5, you ..."."""
    beside = around(clause, start)
    if beside >= {"seller", "propose"} and beside.isdisjoint(("platform", "decide")):
        return True
    near = [mark for mark in clause.marks if start - _HIS_OFFER <= mark.start < start]
    sellers = [mark for mark in near if mark.concept == "seller"]
    return any(  # "your claim was too high and the shop's offer of 12 too low"
        mark.concept == "proposal"
        and mark.start - one.end <= _RIGHT_BEFORE
        and one.start - mark.end <= _BESIDE
        for mark in near
        for one in sellers
    ) and not any(mark.concept in ("platform", "decide") for mark in near)


def _had_proposed(clause: Clause) -> bool:
    """Whether a clause tells what the seller had proposed, and nothing of the buyer's own request."""
    return {"seller_proposes", "propose"} <= clause.concepts and not clause.has("asked", "request")


def _use(clause: Clause, found: FoundMoney) -> str:
    """What an amount is for: by the nearest cue; one behind it counts a little less than one before it."""
    if "voucher" in clause.concepts and not clause.has(*_NO_VOUCHERS):
        return "price"
    whose = _row_of(clause, found.start)
    if whose is not None:
        return "asked" if whose == "you" else "offered"
    if _is_part_of_paid(clause, found):
        return "offered"
    best: tuple[int, str] | None = None
    label = clause.text.find(":", 0, 44)
    for mark in clause.marks:
        use = _CUES.get(mark.concept)
        if use is None or _is_part(mark, clause) or _is_order(mark, clause):
            continue
        if use in ("paid", "price") and is_share(clause.text, mark.start, mark.end):
            continue
        if mark.start < found.start < mark.end - 1 and mark.concept not in _SURE:
            continue
        if mark.start < found.start:
            gap, between = clause.text[mark.end : found.start], (mark.end, found.start)
            rank = len(gap)
            use = "asked" if use == "offered" and _refused(clause, mark) else use
        elif mark.start >= found.end - 1:
            gap, between = clause.text[found.end : mark.start], (found.end, mark.start)
            if _new_sentence(clause, found.end, mark.start):
                continue
            if any(found.end <= other.start < mark.start for other in clause.money):
                continue  # "first it was 4, now it is 9 of the 18 that you asked"
            if use in ("paid", "asked") and _of_next(clause, mark):
                continue  # "7.40 of the requested 18.90"
            rank = len(gap) + (36 if _of_next(clause, mark) else 6)
            if use == "paid" and any(between[0] <= other.start < between[1] for other in clause.money):
                continue  # "45 of the 130 paid": what was paid is the amount beside the word
            if use in ("paid", "asked") and _before_another(clause, mark.end):
                rank += 20
            elif use == "asked" and len(gap) <= 1:
                rank = 1  # "of the total of 30 you asked for"
        else:
            continue
        rank += 0 if mark.concept in _SURE else 14
        rank += 40 if any(between[0] <= other.start < between[1] for other in clause.money) else 0
        rank += 20 if _COMMA.search(gap.rstrip(" (")) else 0
        if (
            mark.end <= label < found.start
            and "/" not in clause.text[label : found.start]
            and (mark.concept in _SURE)
        ):
            rank = 3 if found.start - label <= 3 else 12  # the label of a line says what its figures are
            if use == "asked" and len(clause.money) == 1 and not clause.has("propose", "decide", "paid"):
                rank = 0  # "Your request: a refund of 54.99"
            if use == "offered" and any(m.concept == "asked" and m.end <= label for m in clause.marks):
                rank += 1  # "the refund that you asked for"
        if best is None or rank <= best[0]:
            best = (rank, use)
    use = best[1] if best else "open"
    if use in ("open", "offered") and is_whole(clause, found):
        use = "price"
    beside = _beside(clause, found)
    if use == "offered" and beside >= {"not", "paid"} and beside.isdisjoint(_PAID_AFTER_ALL):
        return "refused"  # "the 45 that you asked for won't be paid"
    refused = "declined" in beside and beside.isdisjoint(("propose", "proposal", "decide"))
    refused = refused or _is_not_but(clause, found, beside)
    return "asked" if refused and use in ("offered", "open") else use


def _beside(clause: Clause, found: FoundMoney) -> frozenset[str]:
    """The concepts around an amount; for one that stands alone in brackets those around the brackets."""
    if clause.text[: found.start].endswith("(") and clause.text[found.end :].startswith(")"):
        return around(clause, found.start - 1) | around(clause, min(found.end + 1, len(clause.text)))
    return around(clause, found.start)


def _is_not_but(clause: Clause, found: FoundMoney, beside: frozenset[str]) -> bool:
    """Whether an amount is denied and another one is not: "no 22, but 9 will do"."""
    if beside.isdisjoint(("not", "reject")) or not beside.isdisjoint((*_CUES, "left")):
        return False  # "no longer 22" was offered before
    others = (around(clause, other.start) for other in clause.money if other.start > found.end)
    return any(other.isdisjoint(("not", "reject")) for other in others)


def _is_part_of_paid(clause: Clause, found: FoundMoney) -> bool:
    """Whether an amount is what is given of the total behind it: "half of what you paid (6.10 of 12.20)"."""
    behind = next((other for other in clause.money if other.start > found.start), None)
    if behind is None or not _PART_OF.fullmatch(clause.text, found.end, behind.start):
        return False
    cues = [mark for mark in clause.marks if mark.concept in ("total", "asked", "offered")]
    return any(m.concept == "total" and 0 <= found.start - m.end <= _RIGHT_BEFORE for m in cues)


def _new_sentence(clause: Clause, end: int, start: int) -> bool:
    """Whether a sentence begins with the word at `start`, after an amount that ends in a dot ("руб.")."""
    stop = clause.text[:end].rstrip().endswith(".") and not clause.text[end:start].strip()
    return stop and clause.shown[start : start + 1].isupper()


def _row_of(clause: Clause, start: int) -> str | None:
    """The party that alone is the label of an amount: "Shop: 6.50", "You: 11.00"."""
    colon = clause.text.rfind(":", max(0, start - _RIGHT_BEFORE), start)
    if colon > 0 and any(mark.end == colon and mark.concept in _SURE for mark in clause.marks):
        return None  # "what you paid"
    for mark in clause.marks:
        begins = not mark.start or clause.text[: mark.start].rstrip().endswith((".", ";", ","))
        if colon > 0 and mark.end == colon and begins and mark.concept in ("you", "seller"):
            return mark.concept
    return None


def _is_part(mark: Mark, clause: Clause) -> bool:
    """Whether a word for a price is a mere part of a longer one: "half of the price"."""
    wholes = ("offered", "asked", "total") if mark.concept == "price" else ("offered", "asked")
    return mark.concept in ("total", "price") and any(
        whole.concept in wholes and whole.start < mark.start and mark.end <= whole.end
        for whole in clause.marks
    )


def _is_order(cue: Mark, clause: Clause) -> bool:
    """Whether a word for the request is one for the order here: its number stands right behind."""
    return any(
        m.concept == "order" and (m.start, m.end) == (cue.start, cue.end) for m in clause.marks
    ) and bool(_NUMBER.match(clause.text, cue.end))


def _refused(clause: Clause, cue: Mark) -> bool:
    """Whether a cue for what is offered stands right behind a refusal: "he refused a refund of ..."."""
    return any(
        m.concept == "declined"
        and 0 <= cue.start - m.end <= _RIGHT_BEHIND
        and "," not in clause.text[m.end : cue.start]
        for m in clause.marks
    )


def _of_next(clause: Clause, cue: Mark) -> bool:
    """Whether a cue between two amounts belongs to the second: "... 7.40 of the requested 18.90"."""
    gaps = (clause.text[cue.end : other.start] for other in clause.money if other.start >= cue.end)
    return any(len(gap) <= _RIGHT_BEFORE and not re.search(r"[^\w\s:]", gap) for gap in gaps)


def _before_another(clause: Clause, end: int) -> bool:
    """Whether an amount follows so closely that a word for totals speaks of it: "5 of the total of 12"."""
    return any(0 <= other.start - end <= 4 for other in clause.money)


def _offer(clauses: Sequence[Clause], kind: Kind, money: Money | None) -> Offer | None:
    remedy = _remedy(clauses, kind, money)
    by = _party(clauses, kind)
    if money is None and remedy is None and (by is None or _gives_nothing(clauses, kind)):
        return None
    if kind is Kind.DISPUTE_CLOSED and money is None:
        return None
    return Offer(by, remedy, money.amount if money else None, money.currency if money else None)


def _gives_nothing(clauses: Sequence[Clause], kind: Kind) -> bool:
    """Whether a ruling leaves things as they are: no remedy is named in it, and nothing proposed."""
    return kind is Kind.JUDGEMENT and not any(c.has("propose", "proposal") for c in clauses)


def _leaves_money(clause: Clause) -> bool:
    """Whether a ruling names the money only to say who keeps it: "the money stays with the seller"."""
    if clause.has("not", "declined"):
        return True
    return clause.has("seller") and not clause.has("you", "must", "decide", "paid", "propose", "platform")


def _remedy(clauses: Sequence[Clause], kind: Kind, money: Money | None) -> Remedy | None:
    if kind is Kind.RETURN_REQUESTED:
        return Remedy.RETURN
    sure = [c for c in clauses if not c.has("faq", "help")]
    naming = (*_OFFERING, "decision", "refund", "replacement")
    offering = [c for c in sure if c.has(*naming) or (c.has("return") and c.money)]
    sending = (*_OFFERING, "seller") if money is None else _OFFERING
    if any(c.has(*sending) and _stands(c, "replacement", ("refund", "return", "asked")) for c in offering):
        return Remedy.REPLACEMENT
    if money is None and any(c.place != "body" and _stands(c, "replacement", ("return",)) for c in sure):
        return Remedy.REPLACEMENT  # "A new one instead of the money?"
    kept = any(c.has("keep") and not c.has("asked", "declined") and not _insists(c) for c in clauses)
    goes_back = any(_stands(c, "return", _no_return(c)) for c in offering)
    if goes_back and not kept and kind is not Kind.REFUND_ISSUED:
        return Remedy.RETURN
    ruled = kind is Kind.JUDGEMENT
    if money is not None or kept or any(c.has("refund") and not (ruled and _leaves_money(c)) for c in sure):
        return Remedy.REFUND
    return None


def _no_return(clause: Clause) -> tuple[str, ...]:
    """What beside "return" says that none is proposed; "pays once the goods have come in" opens nothing."""
    return _NO_RETURN if clause.has("if", "propose") else (*_NO_RETURN, "opened")


def _insists(clause: Clause) -> bool:
    """Whether the goods are kept only if the buyer refuses: "or reject, and insist on money alone"."""
    return {"reject", "if"} <= clause.concepts and not clause.has("accept", "propose", "proposal")


def _stands(clause: Clause, concept: str, beside: tuple[str, ...]) -> bool:
    """Whether a concept stands in a clause, in a part between commas that has none of `beside`."""
    names = [mark for mark in clause.marks if mark.concept == "dispute"]  # "return/refund ID" is a name
    instead = _put_aside(clause)
    found = (
        mark
        for mark in clause.marks
        if mark.concept == concept
        and mark not in instead
        and not any(n.start <= mark.start and mark.end < n.end for n in names)
    )
    aside = {mark.concept for mark in instead}
    parts = [around(clause, mark.start) - aside for mark in found]
    # "instead of what you asked he proposes ...": a proposal is made, whatever stands beside it
    return any((part - {"asked"} if "propose" in part else part).isdisjoint(beside) for part in parts)


def _put_aside(clause: Clause) -> list[Mark]:
    """The remedy that was asked for where another one is proposed: "a new one instead of a refund"."""
    remedies = [mark for mark in clause.marks if mark.concept in ("refund", "replacement", "return")]
    asked = [mark for mark in clause.marks if mark.concept == "asked"]
    if "propose" not in clause.concepts or len({mark.concept for mark in remedies}) < 2:
        return []
    gaps = [(max(r.start - own.end, own.start - r.end), r.concept) for r in remedies for own in asked]
    gap, nearest = min(gaps, default=(_BESIDE + 1, ""))
    return [remedy for remedy in remedies if gap <= _BESIDE and remedy.concept == nearest]


def _is_sellers_row(clause: Clause) -> bool:
    """Whether a row of a table names the seller alone: "Submitted by: Seller"."""
    at = clause.text.rfind(": ") + 2
    length = len(clause.text[at:].strip(" ."))
    sellers = (m for m in clause.marks if m.concept == "seller" and m.start >= at > 1)
    return any(m.end - m.start == length for m in sellers)


def _party(clauses: Sequence[Clause], kind: Kind) -> Party | None:
    if kind is Kind.JUDGEMENT:
        deciding = [c for c in clauses if c.has(*_RULINGS) or (c.has("refund") and c.money)]
        return Party.PLATFORM if any(c.has("platform") for c in deciding) else None
    telling = [
        c
        for c in clauses
        if c.has("seller", "seller_proposes")
        and (
            c.has("propose", "proposal", "offered", "agreed", "declined")
            or (c.has("refund") and c.money)
            or c.has("replacement")
            or _is_sellers_row(c)
        )
    ]
    if kind in (Kind.OFFER, Kind.OFFER_REMINDER):
        named = any(
            c.has("seller") and ((c.money and not c.has("price")) or c.place in ("subject", "heading"))
            for c in clauses
        )
        shop = any(names_shop(c) for c in clauses)
        return (
            Party.SELLER
            if telling or ((named or shop) and not any(c.has("platform_proposes") for c in clauses))
            else None
        )
    decided = [c for c in clauses if c.has("decide", "decision") and c.has("platform")]
    if decided:
        return Party.PLATFORM
    if kind is Kind.RETURN_REQUESTED:  # "the seller accepts the return"
        telling += [c for c in clauses if c.has("seller") and c.has("accept") and c.has("refund", "return")]
    sure = (c for c in telling if not c.has("if") or c.has("agreed") or (c.has("firmly") and c.money))
    return Party.SELLER if any(sure) else None
