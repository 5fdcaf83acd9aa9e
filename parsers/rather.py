"""Which kind a mail is although another one leads: what the leader's own signs can't know."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from parsers.scores import ENOUGH, PLAIN, RULED, STEPS, YOURS, Scores, both_buttons, is_idle
from rules.facts import Kind

AGREED = 2.2  # what a return scores by having been agreed
OPENED = 3.5  # below this nothing says that a dispute was opened, or an order completed
_PROOF = 2.6  # what a wish for proof scores that a review does not explain
_BY_THEN = 2.0  # what a ruling scores that is told beside a time for the buyer
_QUIET = frozenset(Kind) - YOURS

Points = Mapping[Kind, float]


@dataclass(frozen=True, slots=True)
class _Rule:
    """`leaders` give way to `kind` where `holds`; the first rule that holds counts."""

    leaders: Collection[Kind]
    kind: Kind
    holds: Callable[[Points, Scores], bool]


def rather(winner: Kind, points: Points, scores: Scores) -> Kind | None:
    """Return the kind that a mail is although `winner` leads, None where the leader stands."""
    for rule in _RULES:
        if winner in rule.leaders and rule.kind is not winner and rule.holds(points, scores):
            return rule.kind
    return None


def _sent_back(points: Points, scores: Scores) -> bool:
    return points[Kind.RETURN_REQUESTED] >= ENOUGH and scores.of("buttons") < 1


def _refused_by_aliexpress(points: Points, scores: Scores) -> bool:
    return bool(scores.of("appeals") and not scores.of("sellers_no")) and points[Kind.JUDGEMENT] >= RULED


def _ended_by_a_ruling(points: Points, scores: Scores) -> bool:
    """It ended by a ruling that can be appealed or contested, or that names a time for the buyer."""
    contested = scores.of("appeals") or scores.of("may_change") or not is_idle(scores)
    ruled = points[Kind.JUDGEMENT] >= RULED and contested
    return bool(ruled) or (points[Kind.JUDGEMENT] >= _BY_THEN and scores.of("by_then") > 0)


def _wants_more(points: Points, scores: Scores) -> bool:
    """AliExpress looks at it, and wants something by a time."""
    asks = scores.of("hand_in") > 0 or (points[Kind.EVIDENCE_REQUESTED] >= _PROOF and not is_idle(scores))
    return asks and scores.of("by_then") > 0


def _refused_and_proof(points: Points, _: Scores) -> bool:
    """Proof is one of the things that a refused buyer may add."""
    return points[Kind.DECLINED] >= max(ENOUGH, points[Kind.EVIDENCE_REQUESTED] - 4.0)


def _refused_and_may_act(points: Points, scores: Scores) -> bool:
    """What AliExpress will do later matters less than what the buyer may do now."""
    return points[Kind.DECLINED] >= ENOUGH and scores.of("may_act") > 0


def _only_banks(scores: Scores) -> bool:
    """Whether money is spoken of only where it is told how long banks take: then nothing was paid."""
    banks = {sign.where for sign in scores.seen if sign.kind == "banks_take"}
    return all(sign.where in banks for sign in scores.seen if sign.kind == Kind.REFUND_ISSUED)


def _beside_banks(kind: Kind) -> _Rule:
    return _Rule(
        (Kind.REFUND_ISSUED,), kind, lambda points, scores: points[kind] >= ENOUGH and _only_banks(scores)
    )


def _label_to_print(points: Points, scores: Scores) -> bool:
    """Whoever is to print the label has agreed already."""
    sent_off = scores.of("send_off") > 0 and scores.of("buttons") < 1
    return sent_off and points[Kind.RETURN_REQUESTED] >= PLAIN


def _days_granted(points: Points, scores: Scores) -> bool:
    """Days granted for a dispute win over where the parcel is, unless it is still on its way."""
    return scores.of("days") > 0 and points[Kind.ORDER_COMPLETED] >= ENOUGH


def _hardly_completed(points: Points, scores: Scores) -> bool:
    """Days to open a dispute run before an order is completed as well; only what was completed says so."""
    awaited = points[Kind.ORDER_COMPLETING] >= 1.0 or scores.of("protects") > 0
    return awaited and points[Kind.ORDER_COMPLETED] < OPENED and not scores.of("dispute_head")


_RULES = (
    _Rule((Kind.JUDGEMENT,), Kind.RETURN_REQUESTED, _sent_back),
    _Rule((Kind.DECLINED,), Kind.JUDGEMENT, _refused_by_aliexpress),
    _Rule((Kind.DISPUTE_CLOSED,), Kind.JUDGEMENT, _ended_by_a_ruling),
    _Rule((Kind.ESCALATED,), Kind.EVIDENCE_REQUESTED, _wants_more),
    # nobody accepts or rejects that an order is completed
    _Rule((Kind.ORDER_COMPLETING,), Kind.OFFER, lambda _, scores: both_buttons(scores)),
    # how long the order is protected stands beside what the seller proposes
    _Rule(
        (Kind.ORDER_COMPLETING,),
        Kind.OFFER,
        lambda points, scores: points[Kind.OFFER] >= RULED and scores.of("seller_offer") >= 2,
    ),
    _Rule(
        (Kind.ORDER_COMPLETING,),
        Kind.ORDER_COMPLETED,
        lambda _, scores: scores.of("auto_done") > 0 and scores.of("days") > 0,
    ),
    _Rule((Kind.EVIDENCE_REQUESTED,), Kind.DECLINED, _refused_and_proof),
    _Rule(_QUIET, Kind.DECLINED, _refused_and_may_act),
    *(_beside_banks(kind) for kind in sorted(YOURS)),
    _Rule((Kind.OFFER,), Kind.RETURN_REQUESTED, _label_to_print),
    # what can be appealed against has been decided
    _Rule(
        (Kind.ESCALATED, Kind.DISPUTE_CLOSED),
        Kind.JUDGEMENT,
        lambda _, scores: scores.of("appeal_in_time") > 0,
    ),
    # a parcel has no amount to be offered
    _Rule(STEPS, Kind.OFFER, lambda points, scores: points[Kind.OFFER] >= PLAIN and scores.of("counter") > 0),
    _Rule(
        (Kind.RETURN_REQUESTED,),
        Kind.OFFER,
        lambda points, scores: both_buttons(scores) and points[Kind.OFFER] >= ENOUGH,
    ),
    # what is done tomorrow is not done yet
    _Rule(
        (Kind.ORDER_COMPLETED, Kind.DISPUTE_CLOSED),
        Kind.ORDER_COMPLETING,
        lambda _, scores: scores.of("ends_tomorrow") > 0,
    ),
    # an order that is closed on a day to come is one that completes itself
    _Rule(
        (Kind.ORDER_CLOSED,), Kind.ORDER_COMPLETING, lambda points, _: points[Kind.ORDER_COMPLETING] >= RULED
    ),
    _Rule((Kind.ORDER_COMPLETED,), Kind.ORDER_COMPLETING, _hardly_completed),
    _Rule((Kind.ORDER_DELIVERED,), Kind.ORDER_COMPLETED, _days_granted),
    _Rule(
        STEPS,
        Kind.ORDER_COMPLETED,
        lambda points, scores: _days_granted(points, scores) and points[Kind.ORDER_SHIPPED] < ENOUGH,
    ),
    # a parcel to be handed to a carrier because a return was agreed
    _Rule(
        (Kind.ORDER_UPDATE,),
        Kind.RETURN_REQUESTED,
        lambda points, _: points[Kind.RETURN_REQUESTED] >= AGREED,
    ),
)
