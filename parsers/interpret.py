"""Reads a mail known to be AliExpress's: kind, numbers, times, amounts, links, or why it stays unclear."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from parsers.ahead import with_ahead
from parsers.chosen import buyers_times, other_clocks
from parsers.clauses import Clause, clauses, generally, lists_questions, with_pronouns
from parsers.familiar import familiar_language
from parsers.features import features
from parsers.following import with_things
from parsers.kinds import decide
from parsers.labels import is_bare, missing_buttons, opposed, role_of
from parsers.languages import language_of, language_within
from parsers.layout import Layout
from parsers.lexicon import Language, Lexicon
from parsers.nearly import nearly
from parsers.numbers import Numbers, numbers
from parsers.offers import Amounts, amounts
from parsers.opinion import heard, of_offer, rings_after_all
from parsers.passages import Passage
from parsers.scores import DISPUTE_KINDS, STEPS, YOURS, Scores, Sighting, smells_of_dispute, weigh
from parsers.windows import candidates
from rules.addresses import host_of, is_ours, open_wrapped, parameters
from rules.facts import Anchor, Kind, Money, Offer, OtherClock, Outcome, Printed, Reason, Role
from rules.policy import Hosts

_LONG_ENOUGH = 40  # shorter passages are taken to be in the mail's main language
_LOUD = 4.0  # how much advertising a mail holds that names no order and no dispute, and offers something
_THIN = 4.2  # up to this a kind stands on hardly more than one sign
_ASKED = 2.0  # what a request scores that names a time
_STRONG = 5.0  # what a dispute mail from an advertising sender must score to be believed


@dataclass(frozen=True, slots=True)
class Told:
    """What a mail of AliExpress's says, and the signs by which it was told."""

    outcome: Outcome
    reason: Reason | None
    kind: Kind | None
    locale: str | None
    orders: tuple[str, ...]
    dispute: str | None
    offer: Offer | None
    asked: Money | None
    paid: Money | None
    printed: tuple[Printed, ...]
    others: tuple[OtherClock, ...]
    anchors: tuple[Anchor, ...]
    seen: tuple[Sighting, ...]


@dataclass(frozen=True, slots=True)
class _Text:
    """The clauses of a mail, with the languages they were read in."""

    main: tuple[Clause, ...]
    second: tuple[Clause, ...]
    languages: tuple[Language, ...]
    locale: str | None


def interpret(
    layout: Layout,
    locale: str | None,
    sender_class: str,
    sent_at: datetime,
    lexicon: Lexicon,
    hosts: Hosts,
    damaged: bool,
) -> Told:
    """Return what the mail says. `sender_class` is one of senders.toml's; `damaged`: parts of it are lost."""
    text = _read_text(layout, locale or _subject_language(layout, lexicon), lexicon)
    anchors = _anchors(layout, text)
    anchors += missing_buttons(text.main, anchors)
    opened = [open_wrapped(a.href).url for a in anchors if a.href and not a.in_text]
    ours = [url for url in opened if is_ours(host_of(url) or "", hosts)]
    structure = _structure(anchors, text.languages)
    told = with_ahead(text.main, sent_at)
    scores = weigh(told, lexicon.signs, _codes(ours), [_path(url) for url in ours], structure)
    found = numbers(text.main, ours)
    kind = decide(scores, found.dispute is not None)
    if _is_thin(kind, scores) and any(c.owner == "yours" for c in candidates(text.main, kind)):
        kind = None  # a time for the buyer, and little that says that somebody else must act
    ignored = _why_ignored(scores, sender_class, found)
    view, shape = None, {}
    if sender_class == "order" and text.languages:
        shape = features(told, scores, _decided(kind, ignored), _ids(found))
        view = lexicon.learned.kind.opinion(shape)
    if ignored is not None and not (view and rings_after_all(view)):
        return _reading(Outcome.IGNORED, ignored, None, text, found, scores, anchors=())
    if view is not None:
        kind = Kind(view.answer) if ignored is not None else heard(kind, view)
    kind, reason = _settle(kind, found, scores, damaged)
    times = candidates((*text.main, *text.second), kind)
    money = amounts(text.main, kind)
    if view is not None and kind is not None:
        money = replace(money, offer=of_offer(money.offer, kind, shape, lexicon.learned))
    outcome = Outcome.UNCLEAR if reason is not None else Outcome.NOTICE
    printed = (
        buyers_times(times, sent_at)
        if reason is not None or kind in YOURS or kind is Kind.ORDER_COMPLETED
        else ()
    )
    seen = tuple(Sighting("time", 0.0, f"{c.owner}: {c.why}", c.printed.quote) for c in times)
    if view is not None and view.why:
        why = ", ".join(name for name, _ in view.why)
        seen += (Sighting("opinion", 0.0, f"{view.answer} {view.sure:.0%}", why),)
    seen += nearly(text.main, lexicon.signs, scores) if reason in (Reason.NO_KIND, Reason.MALFORMED) else ()
    return _reading(
        outcome, reason, None if reason else kind, text, found, scores,
        anchors=tuple(anchors), money=money, printed=printed, others=other_clocks(times), seen=seen,
    )  # fmt: skip


def _decided(kind: Kind | None, ignored: Reason | None) -> str:
    """What the signs alone made of a mail, for the second opinion."""
    return str(Outcome.IGNORED if ignored is not None else kind or Outcome.UNCLEAR)


def _ids(found: Numbers) -> list[str]:
    """What a mail names by a number."""
    there = (
        ("order", bool(found.orders)),
        ("orders", len(found.orders) > 1),
        ("dispute", bool(found.dispute)),
    )
    return [name for name, is_there in there if is_there]


def _subject_language(layout: Layout, lexicon: Lexicon) -> str | None:
    text = " ".join(p.text for p in layout.main)
    wordings = {locale: language.wording for locale, language in lexicon.languages.items()}
    return language_of(text, lexicon.tongues) or familiar_language(text, wordings)


def _read_text(layout: Layout, locale: str | None, lexicon: Lexicon) -> _Text:
    used: dict[str, Language] = {}

    def language(passage: Passage) -> Language:
        own = (
            language_within(passage.text, locale, lexicon.tongues)
            if len(passage.text) >= _LONG_ENOUGH
            else None
        )
        wanted = own or locale or "en"
        if wanted in lexicon.languages:
            used.setdefault(wanted, lexicon.languages[wanted])
            return lexicon.languages[wanted]
        return lexicon.wordless  # never read one language with another's words: that would guess at kinds

    def read(passages: Sequence[Passage]) -> tuple[Clause, ...]:
        out: list[Clause] = []
        listed = False
        for passage in passages:
            found = clauses([passage], language(passage), len(out))
            out += generally(found, listed)
            listed = listed or lists_questions(found)
        return tuple(with_things(with_pronouns(out)))

    main = read(layout.main)
    second = read(layout.second)
    ordered = [used[name] for name in (locale, *used) if name and name in used]
    return _Text(main, second, tuple(dict.fromkeys(ordered)), locale)


def _anchors(layout: Layout, text: _Text) -> list[Anchor]:
    found = [
        Anchor(
            t.href,
            t.label,
            Role.OTHER if t.label in layout.goods else role_of(t.label, text.languages),
            t.in_text,
        )
        for t in layout.targets
    ]
    return opposed(found, text.languages)


def _structure(anchors: Sequence[Anchor], languages: Sequence[Language]) -> list[Sighting]:
    answers = [anchor for anchor in anchors if anchor.says in (Role.ACCEPT, Role.REJECT)]
    roles = {anchor.says for anchor in answers if not is_bare(anchor.label, languages)}
    if Role.ACCEPT in roles and Role.REJECT in roles:
        return [
            Sighting("offer", 2.6, "buttons to accept and to reject", "links"),
            Sighting("judgement", 1.2, "buttons to accept and to reject", "links"),
            Sighting("dispute_word", 2.0, "buttons to accept and to reject", "links"),
            Sighting("buttons", 2.0, "buttons to accept and to reject", "links"),
        ]
    if Role.ACCEPT in roles or Role.REJECT in roles:
        return [
            Sighting(
                "offer", 1.8 if Role.ACCEPT in roles else 1.2, "a button to accept or to reject", "links"
            ),
            Sighting("dispute_word", 1.0, "a button to accept or to reject", "links"),
            Sighting("buttons", 1.0, "a button to accept or to reject", "links"),
        ]
    if {Role.ACCEPT, Role.REJECT} <= {anchor.says for anchor in anchors}:
        return [
            Sighting("offer", 1.2, "buttons that say yes and no", "links"),
            Sighting("buttons", 1.0, "buttons that say yes and no", "links"),
        ]
    return []


def _codes(urls: Sequence[str]) -> list[str]:
    """The event codes that AliExpress's mail tracker writes into links; the same in every language."""
    return [
        value
        for url in urls
        for name, value in parameters(url)
        if name.lower() in ("rowan_id1", "tracelog", "aff_trace_key")
    ]


def _path(url: str) -> str:
    return re.sub(r"^[a-z]+://[^/]+", "", url).partition("?")[0].lower()


def _why_ignored(scores: Scores, sender_class: str, found: Numbers) -> Reason | None:
    """Whether a mail is plainly no step of an order; anything that smells of a dispute is not."""
    best = max((scores.of(k) for k in Kind), default=0.0)
    dispute = max(scores.of(k) for k in DISPUTE_KINDS)
    named = bool(found.orders or found.dispute)
    strong = dispute >= _STRONG and named
    by_class = {"marketing": Reason.MARKETING, "account": Reason.ACCOUNT, "message": Reason.MESSAGE}
    words = {
        Reason.ACCOUNT: scores.of("account"),
        Reason.SURVEY: scores.of("survey"),
        Reason.MESSAGE: scores.of("message"),
        Reason.MARKETING: scores.of("marketing"),
    }
    likely = max(words, key=lambda reason: words[reason])
    if sender_class == "marketing" and words[Reason.MESSAGE] >= 2.7 and not strong:
        return Reason.MESSAGE
    if sender_class in by_class and not strong:
        return by_class[sender_class]
    if sender_class == "promotion" and not strong:
        return (
            Reason.SURVEY
            if words[Reason.SURVEY] >= words[Reason.MARKETING] and words[Reason.SURVEY] > 0
            else Reason.MARKETING
        )
    if (
        not named
        and words[Reason.MARKETING] >= _LOUD
        and not scores.of("dispute_named") + scores.of("buttons")
    ):
        return Reason.MARKETING
    in_dispute = found.dispute is not None and scores.of("dispute_word") >= 1.5
    asked = scores.of("by_then") or (named and scores.of("act_word"))
    wanted = 4.0 if in_dispute or asked else 2.7  # chats have no deadlines
    if words[Reason.MESSAGE] >= wanted and words[Reason.MESSAGE] > dispute:
        return Reason.MESSAGE
    if likely is Reason.SURVEY and not named and not scores.of("buttons"):
        rewarded = scores.of("marketing") > 0
        others = max(scores.of(k) for k in Kind if k is not Kind.ORDER_UPDATE)  # feedback is a step
        best = min(best, others if not rewarded else others - 1.0)
    enough = _LOUD if named and likely in (Reason.MARKETING, Reason.ACCOUNT) else 2.6
    enough = wanted if likely is Reason.MESSAGE else enough
    if words[likely] >= enough and words[likely] > best and not (named and smells_of_dispute(scores)):
        return likely
    return None


def _is_thin(kind: Kind | None, scores: Scores) -> bool:
    """Whether a step that asks nothing of the buyer is told by little more than one sign."""
    disputed = scores.of("dispute_word") > 0 or (scores.of("asks") >= _ASKED and scores.of("act_word") > 0)
    asks_nothing = kind in DISPUTE_KINDS - YOURS or (kind in STEPS and disputed)
    return kind is not None and asks_nothing and scores.of(kind) <= _THIN and not scores.of("idle")


def _settle(
    kind: Kind | None, found: Numbers, scores: Scores, damaged: bool
) -> tuple[Kind | None, Reason | None]:
    if kind is None or (kind in STEPS | {Kind.ORDER_COMPLETED} and found.dispute is not None):
        return None, Reason.MALFORMED if damaged else Reason.NO_KIND
    if (kind in YOURS or kind in DISPUTE_KINDS) and not found.orders and not found.dispute:
        return kind, Reason.NO_ORDER
    return kind, None


def _reading(
    outcome: Outcome, reason: Reason | None, kind: Kind | None, text: _Text, found: Numbers, scores: Scores,
    *, anchors: tuple[Anchor, ...], money: Amounts | None = None, printed: tuple[Printed, ...] = (),
    others: tuple[OtherClock, ...] = (), seen: tuple[Sighting, ...] = (),
) -> Told:  # fmt: skip
    ignored = outcome is Outcome.IGNORED
    return Told(
        outcome, reason, kind, text.locale,
        () if ignored else found.orders, None if ignored else found.dispute,
        money.offer if money and kind is not None else None,
        money.asked if money else None, money.paid if money else None,
        printed, others, anchors, (*scores.seen, *seen),
    )  # fmt: skip
