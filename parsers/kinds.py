"""Decides what a mail says from many weighed signs; two kinds close together: the more urgent one."""

from collections.abc import Mapping

from parsers.guesses import guess
from parsers.rather import OPENED, rather
from parsers.scores import (
    CLOSE,
    DISPUTE_KINDS,
    ENOUGH,
    LIKELY,
    PLAIN,
    RULED,
    STEPS,
    URGENCY,
    YOURS,
    Scores,
    both_buttons,
    is_idle,
    smells_of_dispute,
)  # fmt: skip
from rules.facts import Kind

_IN_DISPUTE = 1.5  # what an order that completes itself weighs where there is a dispute
_PLAINLY = 8.0  # what a kind has that much of is beyond doubt where nothing else has anything
_BEYOND = 12.0  # from here one sign against it, such as an appeal that is named and ruled out, says nothing
_RULES = 6.0  # from here a proposal that no seller is named with is AliExpress's
_PROOF = 2.0  # what a wish for proof scores that is one word at least
_ONE_SIGN = 4.2  # up to this a step stands on hardly more than one sentence
_CAUTION = 1.6  # how far a kind that asks nothing must lead one that asks something


def decide(scores: Scores, in_dispute: bool = False) -> Kind | None:
    """Return the kind that the scores speak for, or None where nothing is sure enough.

    `in_dispute`: the mail names a dispute, so that it is no mere step of an order.
    """
    points = _points(scores, in_dispute)
    if max(points.values()) < ENOUGH:
        return guess(points, scores)
    winner = _leader(points, scores)
    other = rather(winner, points, scores)
    if other is None and _too_unsure(winner, points, scores):
        return None
    return _which_offer(other or winner, scores)


def _points(scores: Scores, in_dispute: bool) -> dict[Kind, float]:
    """The points of every kind, those taken away or raised that another kind explains."""
    points = {kind: 0.0 if in_dispute and kind in STEPS else scores.of(kind) for kind in Kind}
    if in_dispute:  # then no order completes itself: how long it is protected stands at the foot
        points[Kind.ORDER_COMPLETING] = min(points[Kind.ORDER_COMPLETING], _IN_DISPUTE)
    if points[Kind.DISPUTE_CLOSED] >= PLAIN and points[Kind.ORDER_CLOSED] > 0:
        points[Kind.ORDER_CLOSED] = 0.0  # "the matter of order ... is closed"
    if in_dispute and points[Kind.DISPUTE_CLOSED] >= PLAIN:  # "... your order is protected until 30 April"
        points[Kind.ORDER_COMPLETING] -= _of_protection(scores)
    plain_no = points[Kind.DECLINED] >= PLAIN and not scores.of("buttons") and not scores.of("counter")
    if plain_no:
        points[Kind.OFFER] = min(points[Kind.OFFER], points[Kind.DECLINED] - 2 * CLOSE)  # terms to be changed
    elif points[Kind.DECLINED] > 0 and (points[Kind.OFFER] >= 3.0 or both_buttons(scores)):
        points[Kind.OFFER] = max(points[Kind.OFFER], points[Kind.DECLINED] + CLOSE)  # a counter-offer
    return points


def _of_protection(scores: Scores) -> float:
    """The points that an order's end has only from how long the order is protected."""
    told = {each.where for each in scores.seen if each.kind == "protects"}
    return sum(e.weight for e in scores.seen if e.kind == Kind.ORDER_COMPLETING and e.where in told)


def _leader(points: Mapping[Kind, float], scores: Scores) -> Kind:
    """The most urgent of the kinds that lead; one that asks something is overtaken only by far."""
    best = max(points.values())
    winner = next(kind for kind in URGENCY if points[kind] >= best - CLOSE)
    if winner in YOURS or is_idle(scores):
        return winner
    vague = winner is Kind.ORDER_UPDATE and scores.of("dispute_word") >= 1.0
    enough = ENOUGH if vague else max(best - _CAUTION, ENOUGH)  # where a parcel is says nothing against it
    return next((kind for kind in URGENCY if kind in YOURS and points[kind] >= enough), winner)


def _too_unsure(winner: Kind, points: Mapping[Kind, float], scores: Scores) -> bool:
    """Whether something in the mail speaks against a leader that asks nothing: better unclear than silent."""
    if winner in YOURS:
        return False
    if winner in STEPS and (scores.of("dispute_head") or _hides_a_request(points, scores)):
        return True  # a step of an order has no dispute
    if winner is Kind.ORDER_COMPLETED:  # a general word about days, at the foot of a mail about a dispute
        return points[winner] < OPENED and (scores.of("dispute_head") > 0 or scores.of("may_change") > 0)
    if winner is Kind.REFUND_ISSUED and _goods_first(points, scores):
        return True  # the money comes once the goods are back
    if winner is Kind.ESCALATED and _waits_for_buyer(points, scores):
        return True  # AliExpress looks at it, and may want something
    if (_asks(scores) or _may_act(scores)) and not _plain(points):
        return True  # whoever asks for an answer in time does not say that all is done
    # that sellers have days stands in footers too
    vague = winner is Kind.DISPUTE_OPENED and max(points.values()) < OPENED
    return vague and any(points[kind] >= 1.0 for kind in YOURS)


def _waits_for_buyer(points: Mapping[Kind, float], scores: Scores) -> bool:
    """Whether a review that little speaks of stands beside a word for what the buyer should hand in."""
    if is_idle(scores):
        return False
    in_time = scores.of("by_then") > 0 and scores.of("asks") > 0
    proof = points[Kind.EVIDENCE_REQUESTED]
    little = points[Kind.ESCALATED] <= (RULED if in_time or proof >= 1.0 else OPENED)
    if points[Kind.DECLINED] >= ENOUGH and (little or points[Kind.ESCALATED] <= RULED):
        return True  # refused, and AliExpress may be asked to look at it
    if points[Kind.DECLINED] >= ENOUGH and points[Kind.JUDGEMENT] >= _PROOF:
        return True  # refused by a review that is over
    return little and (in_time or scores.of("hand_in") > 0 or proof >= _PROOF)


def _goods_first(points: Mapping[Kind, float], scores: Scores) -> bool:
    """Whether goods are to go back, in a mail that is not sure to tell of an end."""
    return points[Kind.RETURN_REQUESTED] >= _PROOF and not is_idle(scores) and not _plain(points)


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


def _hides_a_request(points: Mapping[Kind, float], scores: Scores) -> bool:
    """Whether a mail that tells of a parcel also speaks of a dispute and of an act of the buyer."""
    asked = max(points[kind] for kind in DISPUTE_KINDS & YOURS)
    most = max(points.values())
    if most <= _ONE_SIGN and scores.of("dispute_word") >= 1.0 and scores.of("act_word") >= 1.0:
        return True
    close = asked >= max(2.0, most - _CAUTION) or asked >= PLAIN
    return close and scores.of("dispute_word") >= 1.5


def _plain(points: Mapping[Kind, float]) -> bool:
    """Whether so much speaks of what needs no act, and so little of any act, that it is sure."""
    most = max(points.values())
    return most >= _PLAINLY and max(points[kind] for kind in YOURS) < (2.0 if most >= _BEYOND else LIKELY)


def _asks(scores: Scores) -> bool:
    """Whether the buyer is plainly asked to act in time, in a mail that smells of a dispute."""
    return scores.of("asks") >= 2.0 and not is_idle(scores) and smells_of_dispute(scores)


def _may_act(scores: Scores) -> bool:
    """Whether the buyer is given time to change a request or to have it judged."""
    return scores.of("may_change") > 0 and not is_idle(scores) and smells_of_dispute(scores)
