"""The law: after each kind of mail and each answer, whose turn it is, and which sequences are known."""

from collections.abc import Mapping

from rules.facts import Answer, Kind, Outcome, Turn

# After this mail it is the turn of ...
TURNS: Mapping[Kind, Turn] = {
    Kind.OFFER: Turn.YOURS,
    Kind.OFFER_REMINDER: Turn.YOURS,
    Kind.DECLINED: Turn.YOURS,
    Kind.EVIDENCE_REQUESTED: Turn.YOURS,
    Kind.JUDGEMENT: Turn.YOURS,
    Kind.RETURN_REQUESTED: Turn.YOURS,
    Kind.DISPUTE_OPENED: Turn.SELLER,
    Kind.ESCALATED: Turn.PLATFORM,
    Kind.REFUND_ISSUED: Turn.NOBODY,
    Kind.DISPUTE_CLOSED: Turn.NOBODY,
    Kind.ORDER_COMPLETING: Turn.YOURS,
    Kind.ORDER_COMPLETED: Turn.NOBODY,  # but the window to open a dispute is a deadline
    Kind.ORDER_CLOSED: Turn.NOBODY,
    Kind.ORDER_SHIPPED: Turn.NOBODY,
    Kind.ORDER_DELIVERED: Turn.NOBODY,
    Kind.ORDER_UPDATE: Turn.NOBODY,
}

# After this answer of the buyer's it is the turn of ...
ANSWERS: Mapping[Answer, Turn] = {
    Answer.ACCEPTED: Turn.NOBODY,
    Answer.REJECTED: Turn.SELLER,
    Answer.COUNTERED: Turn.SELLER,
    Answer.EVIDENCE_SENT: Turn.PLATFORM,
    Answer.RETURNED: Turn.SELLER,
    Answer.ESCALATED: Turn.PLATFORM,
    Answer.APPEALED: Turn.PLATFORM,
    Answer.OPENED: Turn.SELLER,
    Answer.CANCELLED: Turn.NOBODY,
    Answer.SATISFIED: Turn.NOBODY,
}

# The order's own steps; every other kind belongs to a dispute.
ORDER_KINDS = frozenset(kind for kind in Kind if kind.value.startswith("order_"))

# Where the parcel is: such news never takes a pending deadline away.
NEWS = frozenset({Kind.ORDER_SHIPPED, Kind.ORDER_DELIVERED, Kind.ORDER_UPDATE})

# What is known not to follow a step that still waits for its answer. Such a mail stays in the
# history and marks the case odd. One that asks is heeded all the same; any other leaves the turn.
ODD: Mapping[Kind, frozenset[Kind]] = {
    Kind.DISPUTE_OPENED: frozenset(
        kind for kind, turn in TURNS.items() if turn is Turn.YOURS and kind not in ORDER_KINDS
    ),
    Kind.ESCALATED: frozenset({Kind.RETURN_REQUESTED}),
    Kind.RETURN_REQUESTED: frozenset({Kind.REFUND_ISSUED}),
    Kind.ORDER_COMPLETING: frozenset({Kind.ORDER_COMPLETED, Kind.ORDER_CLOSED}),
    Kind.ORDER_COMPLETED: frozenset({Kind.ORDER_CLOSED}),
}


def turn_of(kind: Kind | None, outcome: Outcome) -> Turn:
    """Whose turn it is after one mail: nobody's after an ignored one, yours after one that can't be read."""
    if outcome is Outcome.IGNORED:
        return Turn.NOBODY
    if outcome is Outcome.UNCLEAR or kind is None:
        return Turn.YOURS
    return TURNS[kind]
