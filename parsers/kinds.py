"""Decides what a mail says from many weighed signs; two kinds close together: the more urgent one."""

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
_PLAIN = 3.0  # what a kind scores where one sentence says it outright
_PLAINLY = 8.0  # what a kind has that much of is beyond doubt where nothing else has anything
CLOSE = 0.7  # two kinds this close: the more urgent
OPENED = 3.5  # below this nothing says that a dispute was opened, only that the seller has time to answer
CAUTION = 1.6  # how far a kind that asks nothing must lead one that asks something


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


def decide(scores: Scores, in_dispute: bool = False) -> Kind | None:
    """Return the kind that the scores speak for, or None where nothing is sure enough.

    `in_dispute`: the mail names a dispute, so that it is no mere step of an order.
    """
    points = {kind: 0.0 if in_dispute and kind in STEPS else scores.of(kind) for kind in Kind}
    if points[Kind.DISPUTE_CLOSED] >= _PLAIN and points[Kind.ORDER_CLOSED] > 0:
        points[Kind.ORDER_CLOSED] = 0.0  # "the matter of order ... is closed"
    both_buttons = scores.of("buttons") >= 2.0  # what can be accepted was offered
    if points[Kind.DECLINED] > 0 and (points[Kind.OFFER] >= 3.0 or both_buttons):
        points[Kind.OFFER] = max(points[Kind.OFFER], points[Kind.DECLINED] + CLOSE)
    best = max(points.values())
    idle = scores.of("idle") > 0
    if best < ENOUGH:
        return (_likeliest_of_others(points) if idle else None) or _likeliest(points, scores)
    winner = next(kind for kind in URGENCY if points[kind] >= best - CLOSE)
    if winner not in YOURS and not idle:
        careful = [kind for kind in URGENCY if kind in YOURS and points[kind] >= max(best - CAUTION, ENOUGH)]
        winner = careful[0] if careful else winner
    if winner is Kind.JUDGEMENT and points[Kind.RETURN_REQUESTED] >= ENOUGH and scores.of("buttons") < 1:
        return Kind.RETURN_REQUESTED
    if winner is Kind.ORDER_COMPLETING and scores.of("buttons") >= 2.0:
        winner = Kind.OFFER  # nobody accepts or rejects that an order is completed
    if winner is Kind.ORDER_COMPLETING and scores.of("auto_done") and scores.of("days"):
        return Kind.ORDER_COMPLETED
    if winner is Kind.EVIDENCE_REQUESTED and points[Kind.DECLINED] >= max(ENOUGH, points[winner] - 4.0):
        return Kind.DECLINED  # proof is one of the things that a refused buyer may add
    if winner not in YOURS and points[Kind.DECLINED] >= ENOUGH and scores.of("may_act"):
        return Kind.DECLINED  # what AliExpress will do later matters less than what the buyer may do now
    if winner is Kind.RETURN_REQUESTED and both_buttons and points[Kind.OFFER] >= ENOUGH:
        winner = Kind.OFFER
    on_its_way = winner is not Kind.ORDER_DELIVERED and points[Kind.ORDER_SHIPPED] >= ENOUGH
    granted = scores.of("days") and points[Kind.ORDER_COMPLETED] >= ENOUGH
    if winner in STEPS and granted and not on_its_way:
        return Kind.ORDER_COMPLETED  # days granted for a dispute win over where the parcel is
    if winner is Kind.ORDER_COMPLETED and points[winner] < OPENED and scores.of("dispute_head"):
        return None  # a general word about days, at the foot of a mail about a dispute
    if winner in STEPS and (scores.of("dispute_head") or _hides_a_request(points, scores)):
        return None  # a step of an order has no dispute: better unclear than silent
    open_ask = _asks(scores) or _may_act(scores)
    if winner not in YOURS and winner is not Kind.ORDER_COMPLETED and open_ask and not _plain(points):
        return None  # whoever asks for an answer in time does not say that all is done
    if winner is Kind.DISPUTE_OPENED and best < OPENED and any(points[kind] >= 1.0 for kind in YOURS):
        return None  # that sellers have days to answer stands in footers too
    if winner is Kind.ESCALATED and scores.of("hand_in") and scores.of("by_then"):
        return None  # AliExpress looks at it, and wants something by a time
    if winner is Kind.OFFER and scores.of("platform_offer") > scores.of("seller_offer") + 1.0:
        return Kind.JUDGEMENT
    if winner is Kind.OFFER and scores.of("remind") >= 2.0:
        return Kind.OFFER_REMINDER
    return winner


def _likeliest(points: Mapping[Kind, float], scores: Scores) -> Kind | None:
    """Where nothing is sure but the buyer is asked for something: the likeliest of what may be asked."""
    asked = scores.of("asks") + scores.of("buttons") + (1.0 if scores.of("remind") >= 2.0 else 0.0)
    likely = max((kind for kind in URGENCY if kind in DISPUTE_KINDS & YOURS), key=lambda kind: points[kind])
    if (
        asked < 1.0
        or points[likely] < LIKELY
        or any(points[k] > points[likely] for k in points if k not in YOURS)
    ):
        return None
    if likely is Kind.OFFER and scores.of("remind") >= 2.0:
        return Kind.OFFER_REMINDER
    return likely


def _likeliest_of_others(points: Mapping[Kind, float]) -> Kind | None:
    """Where nothing is sure but the buyer is told that nothing is to be done: the likeliest."""
    others = (Kind.ESCALATED, Kind.DISPUTE_OPENED, Kind.REFUND_ISSUED, Kind.DISPUTE_CLOSED)
    likely = max(others, key=lambda kind: points[kind])
    return likely if points[likely] >= 1.2 and points[likely] >= max(points[k] for k in YOURS) else None


def _hides_a_request(points: Mapping[Kind, float], scores: Scores) -> bool:
    """Whether a mail that tells of a parcel also speaks of a dispute and of an act of the buyer."""
    asked = max(points[kind] for kind in DISPUTE_KINDS & YOURS)
    close = asked >= max(2.0, max(points.values()) - CAUTION)
    return close and scores.of("dispute_word") >= 1.5


def _plain(points: Mapping[Kind, float]) -> bool:
    """Whether so much speaks of what needs no act, and so little of any act, that it is sure."""
    return max(points.values()) >= _PLAINLY and max(points[kind] for kind in YOURS) < LIKELY


def _asks(scores: Scores) -> bool:
    """Whether the buyer is plainly asked to act in time, in a mail that smells of a dispute."""
    return scores.of("asks") >= 2.0 and not scores.of("idle") and smells_of_dispute(scores)


def _may_act(scores: Scores) -> bool:
    """Whether the buyer is given time to change a request or to have it judged."""
    return scores.of("may_change") > 0 and not scores.of("idle") and smells_of_dispute(scores)


def smells_of_dispute(scores: Scores) -> bool:
    """Whether anything in the mail is said as it is said in a dispute."""
    return scores.of("dispute_word") >= 1.5 or any(scores.of(kind) >= 1.5 for kind in DISPUTE_KINDS)
