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
_IN_DISPUTE = 1.5  # what an order that completes itself weighs where there is a dispute
_PLAIN = 3.0  # what a kind scores where one sentence says it outright
_PLAINLY = 8.0  # what a kind has that much of is beyond doubt where nothing else has anything
_STEP = 1.8  # what a step of an order needs where nothing at all speaks of a dispute
_BEYOND = 12.0  # from here one sign against it, such as an appeal that is named and ruled out, says nothing
_RULES = 6.0  # from here a proposal that no seller is named with is AliExpress's
# What a kind that asks for something needs where no other is as likely: it rings in either case.
_HEARD_OF = {
    Kind.RETURN_REQUESTED: 1.5, Kind.ORDER_COMPLETING: 1.5, Kind.OFFER: LIKELY, Kind.JUDGEMENT: LIKELY
}  # fmt: skip
CLOSE = 0.7  # two kinds this close: the more urgent
_RULED = 5.0  # from here a refusal with an appeal is AliExpress's own
OPENED = 3.5  # below this nothing says that a dispute was opened, only that the seller has time to answer
AGREED = 2.2  # what a return scores by having been agreed
_MORE = 2.0  # "if you like it, nothing need be done; else answer by then": so much more asks than calms
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
    points = _points(scores, in_dispute)
    if max(points.values()) < ENOUGH:
        return _guess(points, scores)
    winner = _leader(points, scores)
    other = _rather(winner, points, scores)
    if other is None and _too_unsure(winner, points, scores):
        return None
    return _which_offer(other or winner, scores)


def _points(scores: Scores, in_dispute: bool) -> dict[Kind, float]:
    """The points of every kind, those taken away or raised that another kind explains."""
    points = {kind: 0.0 if in_dispute and kind in STEPS else scores.of(kind) for kind in Kind}
    if in_dispute:  # then no order completes itself: how long it is protected stands at the foot
        points[Kind.ORDER_COMPLETING] = min(points[Kind.ORDER_COMPLETING], _IN_DISPUTE)
    if points[Kind.DISPUTE_CLOSED] >= _PLAIN and points[Kind.ORDER_CLOSED] > 0:
        points[Kind.ORDER_CLOSED] = 0.0  # "the matter of order ... is closed"
    if in_dispute and points[Kind.DISPUTE_CLOSED] >= _PLAIN:  # "... your order is protected until 30 April"
        points[Kind.ORDER_COMPLETING] -= _of_protection(scores)
    plain_no = points[Kind.DECLINED] >= _PLAIN and not scores.of("buttons") and not scores.of("counter")
    if plain_no:
        points[Kind.OFFER] = min(points[Kind.OFFER], points[Kind.DECLINED] - 2 * CLOSE)  # terms to be changed
    elif points[Kind.DECLINED] > 0 and (points[Kind.OFFER] >= 3.0 or _both_buttons(scores)):
        points[Kind.OFFER] = max(points[Kind.OFFER], points[Kind.DECLINED] + CLOSE)  # a counter-offer
    return points


def _of_protection(scores: Scores) -> float:
    """The points that an order's end has only from how long the order is protected."""
    told = {each.where for each in scores.seen if each.kind == "protects"}
    return sum(e.weight for e in scores.seen if e.kind == Kind.ORDER_COMPLETING and e.where in told)


def _both_buttons(scores: Scores) -> bool:
    """Whether there are buttons to accept and to reject: what can be accepted was offered."""
    return scores.of("buttons") >= 2.0


def _leader(points: Mapping[Kind, float], scores: Scores) -> Kind:
    """The most urgent of the kinds that lead; one that asks something is overtaken only by far."""
    best = max(points.values())
    winner = next(kind for kind in URGENCY if points[kind] >= best - CLOSE)
    if winner in YOURS or _is_idle(scores):
        return winner
    vague = winner is Kind.ORDER_UPDATE and scores.of("dispute_word") >= 1.0
    enough = ENOUGH if vague else max(best - CAUTION, ENOUGH)  # where a parcel is says nothing against it
    return next((kind for kind in URGENCY if kind in YOURS and points[kind] >= enough), winner)


def _rather(winner: Kind, points: Mapping[Kind, float], scores: Scores) -> Kind | None:
    """The kind that a mail is although another one leads, None where the leader stands."""
    if winner is Kind.JUDGEMENT and points[Kind.RETURN_REQUESTED] >= ENOUGH and scores.of("buttons") < 1:
        return Kind.RETURN_REQUESTED
    no_sellers = scores.of("appeals") and not scores.of("sellers_no")
    if winner is Kind.DECLINED and no_sellers and points[Kind.JUDGEMENT] >= _RULED:
        return Kind.JUDGEMENT  # AliExpress refused, not the seller
    if winner is Kind.DISPUTE_CLOSED and scores.of("appeals") and points[Kind.JUDGEMENT] >= _RULED:
        return Kind.JUDGEMENT  # it ended by a ruling that can be appealed
    if winner is Kind.ESCALATED and _wants_more(scores):
        return Kind.EVIDENCE_REQUESTED  # AliExpress looks at it, and wants something by a time
    if winner is Kind.ORDER_COMPLETING and _both_buttons(scores):
        return Kind.OFFER  # nobody accepts or rejects that an order is completed
    if winner is Kind.ORDER_COMPLETING and points[Kind.OFFER] >= _RULED and scores.of("seller_offer") >= 2:
        return Kind.OFFER  # how long the order is protected stands beside what the seller proposes
    if winner is Kind.ORDER_COMPLETING and scores.of("auto_done") and scores.of("days"):
        return Kind.ORDER_COMPLETED
    if winner is Kind.EVIDENCE_REQUESTED and points[Kind.DECLINED] >= max(ENOUGH, points[winner] - 4.0):
        return Kind.DECLINED  # proof is one of the things that a refused buyer may add
    if winner is Kind.DISPUTE_CLOSED and points[Kind.JUDGEMENT] >= _RULED and scores.of("may_change"):
        return Kind.JUDGEMENT  # a ruling that closes a case and may still be contested
    if winner not in YOURS and points[Kind.DECLINED] >= ENOUGH and scores.of("may_act"):
        return Kind.DECLINED  # what AliExpress will do later matters less than what the buyer may do now
    agreed = scores.of("send_off") and scores.of("buttons") < 1 and points[Kind.RETURN_REQUESTED] >= _PLAIN
    if winner is Kind.OFFER and agreed:
        return Kind.RETURN_REQUESTED  # whoever is to print the label has agreed already
    if winner in (Kind.ESCALATED, Kind.DISPUTE_CLOSED) and scores.of("appeal_in_time"):
        return Kind.JUDGEMENT  # what can be appealed against has been decided
    if winner in STEPS and points[Kind.OFFER] >= _PLAIN and scores.of("counter"):
        return Kind.OFFER  # a parcel has no amount to be offered
    if winner is Kind.RETURN_REQUESTED and _both_buttons(scores) and points[Kind.OFFER] >= ENOUGH:
        return Kind.OFFER
    if winner in (Kind.ORDER_COMPLETED, Kind.DISPUTE_CLOSED) and scores.of("ends_tomorrow"):
        return Kind.ORDER_COMPLETING  # what is done tomorrow is not done yet
    on_its_way = winner is not Kind.ORDER_DELIVERED and points[Kind.ORDER_SHIPPED] >= ENOUGH
    granted = scores.of("days") and points[Kind.ORDER_COMPLETED] >= ENOUGH
    if winner in STEPS and granted and not on_its_way:
        return Kind.ORDER_COMPLETED  # days granted for a dispute win over where the parcel is
    if winner is Kind.ORDER_UPDATE and points[Kind.RETURN_REQUESTED] >= AGREED:
        return Kind.RETURN_REQUESTED  # a parcel to be handed to a carrier because a return was agreed
    return None


def _too_unsure(winner: Kind, points: Mapping[Kind, float], scores: Scores) -> bool:
    """Whether something in the mail speaks against a leader that asks nothing: better unclear than silent."""
    if winner in YOURS:
        return False
    if winner in STEPS and (scores.of("dispute_head") or _hides_a_request(points, scores)):
        return True  # a step of an order has no dispute
    if winner is Kind.ORDER_COMPLETED:  # a general word about days, at the foot of a mail about a dispute
        return points[winner] < OPENED and scores.of("dispute_head") > 0
    if (_asks(scores) or _may_act(scores)) and not _plain(points):
        return True  # whoever asks for an answer in time does not say that all is done
    # that sellers have days stands in footers too
    vague = winner is Kind.DISPUTE_OPENED and max(points.values()) < OPENED
    return vague and any(points[kind] >= 1.0 for kind in YOURS)


def _wants_more(scores: Scores) -> bool:
    return scores.of("hand_in") > 0 and scores.of("by_then") > 0


def _which_offer(kind: Kind, scores: Scores) -> Kind:
    """An offer may be AliExpress's own solution, or one that is about to lapse."""
    platforms, sellers = scores.of("platform_offer"), scores.of("seller_offer")
    as_likely = scores.of(Kind.JUDGEMENT) >= scores.of(Kind.OFFER) - CLOSE
    if kind is Kind.OFFER and (platforms > sellers + 1.0 or (as_likely and platforms > sellers)):
        return Kind.JUDGEMENT
    sellers = scores.of("seller_offer") or not scores.of("appeals")
    if kind is Kind.OFFER and scores.of(Kind.JUDGEMENT) >= _RULES and not sellers:
        return Kind.JUDGEMENT
    if kind is Kind.OFFER and scores.of("remind") >= 2.0:
        return Kind.OFFER_REMINDER
    return kind


def _guess(points: Mapping[Kind, float], scores: Scores) -> Kind | None:
    """Where nothing is sure: what it can hardly be but, or None."""
    idle = _likeliest_of_others(points) if _is_idle(scores) else None
    sure = idle or _likeliest(points, scores) or _mere_step(points, scores) or _some_request(points)
    sure = sure or (Kind.EVIDENCE_REQUESTED if _hand_in(points, scores) else None)
    return sure or _by_one_word(points, scores)


def _hand_in(points: Mapping[Kind, float], scores: Scores) -> bool:
    """Whether the buyer is asked to hand in or tell something in time, in a dispute, and no more is known."""
    asked = scores.of("hand_in") >= 1.0 and scores.of("asks") >= 2.0 and scores.of("by_then") > 0
    others = max(points[kind] for kind in DISPUTE_KINDS if kind is not Kind.EVIDENCE_REQUESTED)
    return asked and scores.of("dispute_named") > 0 and others < 1.0


def _by_one_word(points: Mapping[Kind, float], scores: Scores) -> Kind | None:
    """Where next to nothing is heard of any kind: what the one thing said can hardly mean but."""
    if max(points.values()) >= LIKELY:
        return None
    if scores.of("sellers_no"):
        return Kind.DECLINED
    return Kind.RETURN_REQUESTED if scores.of("goes_back") and scores.of("asks") else None


def _mere_step(points: Mapping[Kind, float], scores: Scores) -> Kind | None:
    """The step of an order that a mail tells of which has no word in it that disputes are made of."""
    best = next(kind for kind in URGENCY if points[kind] >= max(points.values()))
    disputed = scores.of("dispute_word") + scores.of("act_word") + scores.of("asks") + scores.of("buttons")
    return best if best in STEPS and points[best] >= _STEP and not disputed else None


def _some_request(points: Mapping[Kind, float]) -> Kind | None:
    """The kind that asks something of the buyer and that alone has been heard of at all."""
    best = next(kind for kind in URGENCY if points[kind] >= max(points.values()))
    return best if points[best] >= _HEARD_OF.get(best, ENOUGH) else None


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
    close = asked >= max(2.0, max(points.values()) - CAUTION) or asked >= _PLAIN
    return close and scores.of("dispute_word") >= 1.5


def _plain(points: Mapping[Kind, float]) -> bool:
    """Whether so much speaks of what needs no act, and so little of any act, that it is sure."""
    most = max(points.values())
    return most >= _PLAINLY and max(points[kind] for kind in YOURS) < (2.0 if most >= _BEYOND else LIKELY)


def _is_idle(scores: Scores) -> bool:
    """Whether the buyer is told that nothing is to be done, and not asked in time for something else."""
    return scores.of("idle") > 0 and scores.of("asks") <= _MORE * scores.of("idle")


def _asks(scores: Scores) -> bool:
    """Whether the buyer is plainly asked to act in time, in a mail that smells of a dispute."""
    return scores.of("asks") >= 2.0 and not _is_idle(scores) and smells_of_dispute(scores)


def _may_act(scores: Scores) -> bool:
    """Whether the buyer is given time to change a request or to have it judged."""
    return scores.of("may_change") > 0 and not _is_idle(scores) and smells_of_dispute(scores)


def smells_of_dispute(scores: Scores) -> bool:
    """Whether anything in the mail is said as it is said in a dispute."""
    return scores.of("dispute_word") >= 1.5 or any(scores.of(kind) >= 1.5 for kind in DISPUTE_KINDS)
