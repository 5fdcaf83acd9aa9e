"""What a link's label says it is for, and which buttons the text names that are not there at all."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import combinations
from urllib.parse import parse_qsl

from parsers.clauses import Clause
from parsers.levelling import level
from parsers.lexicon import Language
from rules.facts import Anchor, Role

_LONGEST = 70
# Whole labels that say yes or no and nothing else: too short to be looked for inside other words.
_YES = frozenset(map(level, (
    "yes", "sí", "si", "sim", "sì", "ja", "oui", "tak", "да", "так", "evet", "はい", "예", "네", "כן", "نعم",
    "ใช่", "có", "ya", "d'accordo", "de acuerdo", "de acordo", "d'accord", "einverstanden", "akkoord",
)))  # fmt: skip
_NO = frozenset(map(level, (
    "no", "não", "non", "nein", "nee", "nie", "нет", "ні", "hayır", "いいえ", "아니요", "아니오", "לא", "لا",
    "ไม่", "ไม่ใช่", "không", "tidak",
)))  # fmt: skip
_CONTRARY: dict[Role | None, Role] = {Role.ACCEPT: Role.REJECT, Role.REJECT: Role.ACCEPT}
_ENOUGH_SAID = 5  # letters
_FIRST = re.compile(r"([^\W\d_]+)\s?[,،、!:–-]")
_ROUND = " .!?✓✔✗✘×"


def is_bare(label: str, languages: Sequence[Language]) -> bool:
    """Whether a label says but "yes" or "no": it may answer any question, a survey's as well."""
    text = level(label).strip(_ROUND)
    return text in _YES | _NO or (_said(text, languages) is None and _first(text) is not None)


def role_of(label: str, languages: Sequence[Language]) -> Role | None:
    """Return the role that a label alone gives a link, or None."""
    if not label or len(label) > _LONGEST:
        return None
    text = level(label)
    bare = text.strip(_ROUND)
    if bare in _YES or bare in _NO:
        return Role.ACCEPT if bare in _YES else Role.REJECT
    return _said(text, languages) or _first(bare)


def _said(text: str, languages: Sequence[Language]) -> Role | None:
    """The role that the words of a label have in the first language that knows them."""
    told = (_role({mark.concept for mark in lang.wording.marks(text)}) for lang in languages)
    return next((role for role in told if role is not None), None)


def _first(text: str) -> Role | None:
    """What a label says that begins with "yes" or "no": "Yes, send me a new one"."""
    first = _FIRST.match(text)
    if first is None or first[1] not in _YES | _NO:
        return None
    return Role.ACCEPT if first[1] in _YES else Role.REJECT


def _role(concepts: set[str]) -> Role | None:
    if concepts & {"chat", "code", "marketing", "help"}:
        return None
    if "appeal" in concepts:
        return Role.DISPUTE
    if "declined" in concepts and "accept" not in concepts:
        return Role.REJECT
    if "reject" in concepts or ("accept" in concepts and "not" in concepts):
        return None if "accept" in concepts and "not" not in concepts else Role.REJECT
    if "accept" in concepts and not concepts & {"evidence", "receipt"}:
        return Role.ACCEPT
    if concepts & {"dispute", "appeal", "evidence"} or ("return" in concepts and "order" not in concepts):
        return Role.DISPUTE
    if "order" in concepts and not concepts & {"transit", "feedback", "marketing", "help"}:
        return Role.ORDER
    return None


def opposed(anchors: Sequence[Anchor], languages: Sequence[Language]) -> list[Anchor]:
    """Return the anchors, with two buttons that say a thing and its contrary read as accept and reject."""
    said = {level(anchor.label).strip(" .!"): anchor for anchor in anchors if _is_free(anchor)}
    roles: dict[str, Role] = {}
    for label, anchor in said.items():
        for language in languages:
            marks = language.wording.marks(label)
            cut = next(((m.start, m.end) for m in marks if m.concept == "not"), None)
            rest = (
                f"{label[: cut[0]].rstrip()} {label[cut[1] :]}".strip(" ,").replace("  ", " ") if cut else ""
            )
            plain = next((a for other, a in said.items() if rest and _ends(other, rest, label)), None)
            if plain is not None:
                roles |= {anchor.label: Role.REJECT, plain.label: Role.ACCEPT}
    roles |= _twins(anchors) or _denials(anchors, languages)
    return [replace(a, says=roles[a.label]) if a.label in roles else a for a in anchors]


def _twins(anchors: Sequence[Anchor]) -> dict[str, Role]:
    """The role of an unknown button that leads where an accept or reject leads, but for one value."""
    sure = [a for a in anchors if a.says in _CONTRARY and a.href]
    unknown = _by_page(_unknown(anchors))
    pairs = _alike((known, other) for known in sure for other in unknown[_page(known)])
    if len(pairs) != 1 or len({a.says for a in sure}) != 1:
        return {}
    known, twin = pairs[0]
    return {twin.label: _CONTRARY[known.says]} if known.says else {}


def _denials(anchors: Sequence[Anchor], languages: Sequence[Language]) -> dict[str, Role]:
    """The roles of two unknown buttons with one target but for one value, of which one says "not"."""
    pages = _by_page(_unknown(anchors)).values()
    pairs = _alike(pair for same in pages for pair in combinations(same, 2))
    if len(pairs) != 1:
        return {}
    nots = [_says_not(anchor.label, languages) for anchor in pairs[0]]
    if nots[0] == nots[1]:
        return {}
    return {a.label: Role.REJECT if no else Role.ACCEPT for a, no in zip(pairs[0], nots, strict=True)}


def _says_not(label: str, languages: Sequence[Language]) -> bool:
    return any(mark.concept == "not" for lang in languages for mark in lang.wording.marks(level(label)))


def _unknown(anchors: Sequence[Anchor]) -> list[Anchor]:
    """The buttons that lead somewhere and whose role nobody knows."""
    return [a for a in anchors if a.says is None and a.href and 0 < len(a.label) <= _LONGEST]


def _page(anchor: Anchor) -> str:
    return (anchor.href or "").partition("?")[0]


def _by_page(anchors: Iterable[Anchor]) -> defaultdict[str, list[Anchor]]:
    """The anchors that lead to the same page, for only these need be compared."""
    pages: defaultdict[str, list[Anchor]] = defaultdict(list)
    for anchor in anchors:
        pages[_page(anchor)].append(anchor)
    return pages


def _alike(pairs: Iterable[tuple[Anchor, Anchor]]) -> list[tuple[Anchor, Anchor]]:
    """The pairs that lead to the same page with the same keys, and where all values but one are the same."""
    address = lru_cache(maxsize=None)(_taken_apart)  # each is compared with every other

    def differ_once(first: Anchor, second: Anchor) -> bool:
        (page, values), (other, given) = address(first.href or ""), address(second.href or "")
        return page == other and sum(mine != yours for mine, yours in zip(values, given, strict=True)) == 1

    return [pair for pair in pairs if differ_once(*pair)]


def _taken_apart(address: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The page and the keys of an address, and its values."""
    page, _, query = address.partition("?")
    asked = parse_qsl(query)
    return (page, *(key for key, _ in asked)), tuple(value for _, value in asked)


def _ends(other: str, rest: str, label: str) -> bool:
    """Whether one label ends as another does without its "not": "I like it", "don't like it"."""
    return other != label and other.endswith(rest) and (other == rest or len(rest) >= _ENOUGH_SAID)


def _is_free(anchor: Anchor) -> bool:
    return anchor.says in (None, Role.ACCEPT, Role.REJECT) and 0 < len(anchor.label) <= _LONGEST


def missing_buttons(clauses: Sequence[Clause], anchors: Sequence[Anchor]) -> list[Anchor]:
    """Return an anchor without a target for each button that the text tells to press and that is nowhere."""
    there = {anchor.says for anchor in anchors}
    out: list[Anchor] = []
    for clause in clauses:
        if clause.place == "label" or "press" not in clause.concepts:
            continue
        for concept, role in (("accept", Role.ACCEPT), ("reject", Role.REJECT)):
            label = _named(clause, concept)
            if label is not None and role not in there and all(a.says is not role for a in out):
                out.append(Anchor(None, label, role))
    return out


def _named(clause: Clause, concept: str) -> str | None:
    """The clause's word for a button, not one that says what somebody has done ("was accepted")."""
    done = [mark for mark in clause.marks if mark.concept in ("agreed", "declined")]
    for mark in clause.marks:
        told = any(d.start <= mark.start and mark.end < d.end for d in done)
        if mark.concept == concept and not told:
            return clause.shown[mark.start : mark.end]
    return None
