"""What all signs together say: points for every kind, and every sign as it was seen."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from parsers.clauses import Clause
from parsers.signs import Signs
from rules.facts import Kind

# The most urgent first: who must act soonest where two readings are equally likely.
URGENCY = (
    Kind.OFFER_REMINDER, Kind.OFFER, Kind.JUDGEMENT, Kind.RETURN_REQUESTED, Kind.EVIDENCE_REQUESTED,
    Kind.DECLINED,
    Kind.ORDER_COMPLETING, Kind.ORDER_COMPLETED, Kind.ESCALATED, Kind.DISPUTE_OPENED, Kind.REFUND_ISSUED,
    Kind.DISPUTE_CLOSED, Kind.ORDER_CLOSED, Kind.ORDER_SHIPPED, Kind.ORDER_DELIVERED, Kind.ORDER_UPDATE,
)  # fmt: skip
YOURS = frozenset(URGENCY[:7])
DISPUTE_KINDS = frozenset(
    (*URGENCY[:6], Kind.ESCALATED, Kind.DISPUTE_OPENED, Kind.REFUND_ISSUED, Kind.DISPUTE_CLOSED)
)
STEPS = frozenset((Kind.ORDER_CLOSED, Kind.ORDER_SHIPPED, Kind.ORDER_DELIVERED, Kind.ORDER_UPDATE))
ENOUGH = 2.6  # below this a kind is a guess
LIKELY = 1.7  # what a kind needs where the mail plainly asks something of the buyer
PLAIN = 3.0  # what a kind scores where one sentence says it outright
RULED = 5.0  # from here a refusal with an appeal is AliExpress's own
CLOSE = 0.7  # two kinds this close: the more urgent
_MORE = 2.0  # "if you like it, nothing need be done; else answer by then": so much more asks than calms


@dataclass(frozen=True, slots=True)
class Sighting:
    """One sign as seen: for which kind, how heavy, what it is and where it stood."""

    kind: str
    weight: float
    note: str
    where: str


@dataclass(frozen=True, slots=True)
class Scores:
    """What all signs together say; `seen` explains every point."""

    points: Mapping[str, float]
    seen: tuple[Sighting, ...]

    def of(self, kind: str) -> float:
        """The points of one kind."""
        return self.points.get(kind, 0.0)


def weigh(
    clauses: Sequence[Clause],
    signs: Signs,
    codes: Iterable[str],
    paths: Iterable[str],
    structure: Iterable[Sighting],
) -> Scores:
    """Return the points of every kind: from clauses, the links' event codes and paths, and `structure`."""
    points: dict[str, float] = defaultdict(float)
    seen: list[Sighting] = []
    standing: dict[str, list[Clause]] = defaultdict(list)
    for clause in clauses:
        for concept in clause.concepts:
            standing[concept].append(clause)
    for sign in signs.signs:
        hits = []
        for clause in standing[next(iter(sign.all))] if sign.all else clauses:
            if sign.holds(clause.concepts, clause.place, clause.prints):
                hits.append((sign.weight * signs.place_weight[clause.place], clause))
        if not hits:
            continue
        hits.sort(key=lambda hit: (-hit[0], hit[1].index))
        weight = hits[0][0] * (1.2 if len(hits) > 1 else 1.0)
        points[sign.kind] += weight
        seen.append(
            Sighting(sign.kind, round(weight, 2), sign.note, f"{hits[0][1].place}: {hits[0][1].shown[:120]}")
        )
    for source, table in ((tuple(codes), signs.events), (tuple(paths), signs.paths)):
        for text, kind, weight in table:
            where = next((value for value in source if text in value), None)
            if where is not None:
                points[kind] += weight
                seen.append(Sighting(kind, weight, f"a link's code or path says {text}", where[:120]))
    for sighting in structure:
        points[sighting.kind] += sighting.weight
        seen.append(sighting)
    return Scores(dict(points), tuple(seen))


def both_buttons(scores: Scores) -> bool:
    """Whether there are buttons to accept and to reject: what can be accepted was offered."""
    return scores.of("buttons") >= 2.0


def is_idle(scores: Scores) -> bool:
    """Whether the buyer is told that nothing is to be done, and not asked in time for something else."""
    return scores.of("idle") > 0 and scores.of("asks") <= _MORE * scores.of("idle")


def smells_of_dispute(scores: Scores) -> bool:
    """Whether anything in the mail is said as it is said in a dispute."""
    return scores.of("dispute_word") >= 1.5 or any(scores.of(kind) >= 1.5 for kind in DISPUTE_KINDS)
