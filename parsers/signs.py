"""The signs by which a mail's kind is told: concepts together, event codes and link paths, weighed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rules.facts import Kind

# Every concept that a phrase file may have words for; fixtures/README.md says what each means.
CONCEPTS = frozenset(
    [
        "order",
        "parcel",
        "dispute",
        "seller",
        "platform",
        "proposal",
        "refund",
        "replacement",
        "evidence",
        "decision",
        "request",
        "return",
        "return_label",
        "tracking_number",
        "bank",
        "total",
        "asked",
        "offered",
        "propose",
        "accept",
        "reject",
        "declined",
        "turned_down",
        "modify",
        "answer",
        "provide",
        "open",
        "opened",
        "review",
        "decide",
        "appeal",
        "paid",
        "closed",
        "cancelled",
        "agreed",
        "confirm",
        "receipt",
        "complete",
        "shipped",
        "delivered",
        "packed",
        "customs",
        "delayed",
        "transit",
        "news",
        "ordered",
        "payment",
        "feedback",
        "satisfied",
        "you",
        "must",
        "if",
        "not",
        "future",
        "auto",
        "soon",
        "remind",
        "expire",
        "deadline",
        "left",
        "placed",
        "estimated",
        "protection",
        "wait_refund",
        "faq",
        "marketing",
        "voucher",
        "code",
        "survey",
        "this_mail",
        "chat",
        "press",
        "help",
        "price",
        "keep",
        "line",
        "they",
        "idle",
        "elided",
        "familiar",
        "former",
    ]
)
# What a clause has besides its words: which party stands nearest to a proposal, that no condition stands
# before it, that a proposal follows a refusal, that it asks, that somebody did not agree.
DERIVED = frozenset(
    (
        "seller_proposes",
        "platform_proposes",
        "firmly",
        "counters",
        "question",
        "unwilling",
        "asks_proof",
        "warns",
        "outright",
        "loud",
        "ahead",
        "behind",
    )
)
PLACES = ("subject", "heading", "body", "label")


@dataclass(frozen=True, slots=True)
class Sign:
    """One combination: `all` of these concepts and one of `any` in a clause, and `none` of those."""

    kind: str
    weight: float
    note: str
    all: frozenset[str]
    any: frozenset[str]
    none: frozenset[str]
    places: frozenset[str]
    prints: frozenset[str] = field(default=frozenset())

    def holds(self, concepts: frozenset[str], place: str, prints: frozenset[str]) -> bool:
        """Whether the sign stands in a clause with these concepts, in this place, with these prints."""
        return (
            place in self.places
            and self.all <= concepts
            and (not self.any or not self.any.isdisjoint(concepts))
            and self.none.isdisjoint(concepts)
            and self.prints <= prints
        )


@dataclass(frozen=True, slots=True)
class Signs:
    """All signs, the weights of places, and the codes and paths that need no language."""

    signs: tuple[Sign, ...]
    place_weight: Mapping[str, float]
    events: tuple[tuple[str, str, float], ...]
    paths: tuple[tuple[str, str, float], ...]


_LISTS = ("all", "any", "none", "places", "prints")
_KINDS = {str(kind) for kind in Kind} | {
    "remind",
    "asks",
    "act_word",
    "days",
    "may_act",
    "may_change",
    "hand_in",
    "counter",
    "sellers_no",
    "send_off",
    "ends_tomorrow",
    "appeals",
    "by_then",
    "auto_done",
    "platform_offer",
    "seller_offer",
    "dispute_word",
    "dispute_head",
    "dispute_named",
    "protects",
    "idle",
    "banks_take",
    "marketing",
    "account",
    "survey",
    "appeal_in_time",
    "goes_back",
    "message",
}


def signs_from(data: Mapping[str, object]) -> tuple[Signs, list[str]]:
    """Return the signs of kinds.toml and a list of mistakes (empty when the file is good)."""
    mistakes: list[str] = []
    signs = []
    rows = data.get("sign", [])
    for number, row in enumerate(rows if isinstance(rows, list) else [], start=1):
        found = _mistakes(row)
        mistakes += [f"sign {number}: {text}" for text in found]
        if not found:
            signs.append(_sign(row))
    weights = data.get("place_weight", {})
    events, paths = data.get("events", []), data.get("paths", [])
    if not isinstance(weights, Mapping) or set(weights) != set(PLACES):
        mistakes.append(f"`place_weight` must have exactly {', '.join(PLACES)}.")
        weights = dict.fromkeys(PLACES, 1.0)
    return (
        Signs(
            tuple(signs),
            {str(k): float(v) for k, v in weights.items()},
            _triples(events, "events", mistakes),
            _triples(paths, "paths", mistakes),
        ),
        mistakes,
    )


def _triples(rows: object, name: str, mistakes: list[str]) -> tuple[tuple[str, str, float], ...]:
    out = []
    for row in rows if isinstance(rows, list) else []:
        if not (isinstance(row, list) and len(row) == 3 and row[1] in _KINDS):
            mistakes.append(f"`{name}`: {row!r} must be [text, kind, weight].")
            continue
        out.append((str(row[0]), str(row[1]), float(row[2])))
    return tuple(out)


def _mistakes(row: Mapping[str, object]) -> list[str]:
    out = []
    if row.get("kind") not in _KINDS:
        out.append(f"`kind` {row.get('kind')!r} is not one of {', '.join(sorted(_KINDS))}.")
    for key in ("all", "any", "none"):
        listed = row.get(key, [])
        unknown = (
            [w for w in listed if w not in CONCEPTS | DERIVED] if isinstance(listed, Sequence) else [listed]
        )
        if unknown:
            out.append(f"`{key}`: {', '.join(map(str, unknown))} is not a concept.")
    if set(row) - {"kind", "weight", "note", *_LISTS}:
        out.append("only kind, weight, note, all, any, none, places and prints may stand here.")
    return out


def _sign(row: Mapping[str, object]) -> Sign:
    def listed(key: str) -> frozenset[str]:
        value = row.get(key, [])
        return frozenset(str(v) for v in value) if isinstance(value, list) else frozenset()

    return Sign(
        kind=str(row["kind"]),
        weight=float(str(row.get("weight", 1.0))),
        note=str(row.get("note", "")),
        all=listed("all"),
        any=listed("any"),
        none=listed("none"),
        places=listed("places") or frozenset(PLACES),
        prints=listed("prints"),
    )
