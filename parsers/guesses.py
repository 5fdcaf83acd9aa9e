"""What a mail can hardly be but, where no kind is told with enough signs."""

from collections.abc import Mapping

from parsers.scores import DISPUTE_KINDS, ENOUGH, LIKELY, STEPS, URGENCY, YOURS, Scores, is_idle
from rules.facts import Kind

_STEP = 1.8  # what a step of an order needs where nothing at all speaks of a dispute
# What a kind that asks for something needs where no other is as likely: it rings in either case.
_HEARD_OF = {
    Kind.RETURN_REQUESTED: 1.5, Kind.ORDER_COMPLETING: 1.5, Kind.OFFER: LIKELY, Kind.JUDGEMENT: LIKELY
}  # fmt: skip


def guess(points: Mapping[Kind, float], scores: Scores) -> Kind | None:
    """Where nothing is sure: what it can hardly be but, or None."""
    idle = _likeliest_of_others(points) if is_idle(scores) else None
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
