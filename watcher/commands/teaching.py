"""Tells what decided how a mail was read, what came close, and which word to teach."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rules.facts import Notice, Outcome, Reason
from watcher.commands import House
from watcher.tables import WHAT
from watcher.terminal import one_line
from watcher.whereabouts import default_path

if TYPE_CHECKING:
    from parsers.reading import Sign

# What a sign speaks for, where that is no kind of mail.
_SPEAKS_FOR = {
    "dispute_word": "a dispute",
    "dispute_head": "a dispute",
    "asks": "you must act",
    "buttons": "you must act",
    "remind": "a reminder",
    "days": "days to dispute",
    "seller_offer": "by the seller",
    "platform_offer": "by AliExpress",
    "marketing": "advertising",
    "account": "codes, sign-in",
    "survey": "a survey",
    "message": "a chat",
    "time": "a time",
    "sender": "the sender",
}
_WHY_UNCLEAR = {
    Reason.NO_KIND: "it matches no kind of mail that we know",
    Reason.NO_ORDER: "it names no order and no dispute",
    Reason.MALFORMED: "it is torn, cut short or too costly to read",
}
_WHY_IGNORED = {
    Reason.STRANGER: "it is not from AliExpress",
    Reason.SUSPICIOUS: "it pretends to be from AliExpress",
    Reason.FORGED: "your provider says that its sender is forged",
    Reason.MARKETING: "it advertises",
    Reason.ACCOUNT: "it is about signing in",
    Reason.SURVEY: "it is a survey",
    Reason.MESSAGE: "it is a chat message",
}
_WHY_TRUST = {
    "no_trusted_result": "no mail provider that you named vouches for it (--authserv-id names one)",
    "not_authenticated": "your provider could not tell",
    "dmarc_pass": "your provider vouches for the sender (DMARC)",
    "dkim_pass": "your provider vouches for the sender (DKIM)",
    "forwarded": "somebody forwarded it",
    "forwarder": "a forwarder of yours sent it on",
    "relay": "it came through a relay that hides addresses",
    "stranger": "not AliExpress's address",
    "brand_in_name": "the name says AliExpress, the address does not",
    "brand_in_host": "the address only looks like AliExpress's",
    "brand_in_local": "AliExpress stands before the @ of somebody else",
    "several_authors": "more than one sender",
    "several_subjects": "more than one subject",
    "unclear_author": "two ways of reading the sender disagree",
    "contradictory_results": "your provider contradicts itself",
    "dmarc_fail": "your provider says the sender is forged (DMARC)",
    "too_many_results": "more results than your provider writes",
    "partial_signature": "only a part of it is signed",
    "unreadable": "it could not be looked into",
}
_CLOSE = 1.6
_SUGGESTED = 4


def why_trusted(notice: Notice) -> str:
    """The verdict about the sender and its reasons, in words."""
    reasons = "; ".join(_WHY_TRUST.get(reason, reason) for reason in notice.authenticity.reasons)
    return f"{notice.authenticity.verdict.value}{': ' + reasons if reasons else ''}"


def why(reason: Reason | None) -> str:
    """Why a mail was ignored or stayed unclear, in words."""
    told = {**_WHY_UNCLEAR, **_WHY_IGNORED}
    return told[reason] if reason is not None else ""


def sign_lines(trace: "Sequence[Sign]") -> Iterator[str]:
    """Each sign on a line: its weight, what it speaks for, what it is and where it stood."""
    for sign in dict.fromkeys(trace):
        if sign.note in ("nearly", "opinion"):
            continue
        weight = f"{sign.weight:+.1f}" if sign.weight else ""
        note = _label(sign.note)
        where = f"  [{one_line(sign.where, 70)}]" if sign.where else ""
        yield f"  {weight:>5}  {note:<22} {one_line(sign.what, 60)}{where}"


def sums(trace: "Sequence[Sign]") -> Iterator[str]:
    """What the signs add up to, kind by kind, whether the choice was close, and the second opinion."""
    from parsers.scores import ENOUGH

    points: dict[str, float] = defaultdict(float)
    for sign in trace:
        if sign.weight and sign.note in WHAT:
            points[sign.note] += sign.weight
    best = sorted(points.items(), key=lambda item: -item[1])[:3]
    if best:
        yield from _added_up(best, ENOUGH)
    for sign in trace:
        if sign.note == "opinion":
            answer, _, sure = sign.what.partition(" ")
            yield f"Compared  with the mails learned from: {WHAT.get(answer, answer)}, {sure} sure"
            yield f"          most of all for {one_line(sign.where, 90)}"


def _added_up(best: Sequence[tuple[str, float]], enough: float) -> Iterator[str]:
    told = ", ".join(f"{WHAT[kind]} {weight:.1f}" for kind, weight in best)
    yield f"Adds up   {told} ({enough} is enough)"
    if len(best) > 1 and best[0][1] >= enough and best[0][1] - best[1][1] < _CLOSE:
        yield "          close: of two kinds that are equally likely, the more urgent one counts"


def lessons(house: House, notice: Notice, trace: "Sequence[Sign]", known: bool) -> Iterator[str]:
    """For an unclear mail: which word in which file would have told it. `known`: we have its language."""
    if notice.outcome is not Outcome.UNCLEAR:
        return
    folder = house.phrases or default_path().parent / "phrases"
    locale = notice.locale or "en"
    file = folder / f"{locale}.toml"
    if notice.reason is Reason.NO_ORDER:
        yield ""
        yield f"Teach it: the words before the number belong to `order` or `dispute` in {file}."
        return
    almost = [sign for sign in trace if sign.note == "nearly"][:_SUGGESTED]
    if not known:
        yield ""
        yield f"Teach it: there is no phrase file for this language yet ({locale}). Begin one: {file}"
    elif almost:
        yield ""
        yield f"Teach it: if one of these is what the mail says, add the word for it to {file}"
    else:
        return
    for sign in almost:
        kind, _, concept = sign.what.partition(" ")
        yield f"  with a word for `{concept}` it would be: {WHAT.get(kind, kind)}"
        yield f"      in [{one_line(sign.where, 90)}]"
    yield from _example(locale, almost[0].what.partition(" ")[2] if almost else "dispute")


def _example(locale: str, concept: str) -> Iterator[str]:
    yield "  The file looks like this (the word as the mail has it, not the whole sentence):"
    yield f'      locale = "{locale}"'
    yield "      [words]"
    yield f'      {concept} = ["..."]'
    yield "  What each concept means: fixtures/README.md."
    yield "  Mails that were unclear are read again when `offerwatch watch` starts next."


def _label(note: str) -> str:
    if note.startswith("ignored"):
        return "ignored"
    return _SPEAKS_FOR.get(note) or (WHAT[note] if note in WHAT else one_line(note, 22))
