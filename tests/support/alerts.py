"""Alerts that tests send: a plain offer near its deadline, and variations of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from rules.facts import (
    Alert,
    AlertAbout,
    Authenticity,
    Basis,
    Deadline,
    Kind,
    Link,
    LinkReason,
    LinkVerdict,
    Role,
    Route,
    Trust,
    Turn,
    Urgency,
)

NOW = datetime(2025, 3, 8, 21, 10, tzinfo=UTC)
AT = datetime(2025, 3, 9, 14, 37, tzinfo=UTC)
ORDER = "8150004417231188"
SECRET_LINK = "https://www.aliexpress.com/issue/accept.htm?token=never-shown"

IN_APP = Route(
    "app_order",
    "In the AliExpress app, from the order",
    (
        "Open the app and tap Account, then My orders.",
        f"Search for {ORDER} and open the order.",
        "Tap Refund / Return details.",
        "Read the proposal, then tap Accept or Reject there.",
    ),
)
ON_THE_WEB = Route(
    "web_order",
    "In a browser",
    ("Sign in on the order page.", "Choose View dispute."),
    f"https://www.aliexpress.com/p/order/detail.html?orderId={ORDER}",
)


def an_alert(**changes: Any) -> Alert:
    """An urgent offer, with its fields changed as given."""
    return replace(_OFFER, **changes)


_OFFER = Alert(
    key="c7f3/20250309T143700Z/24h",
    about=AlertAbout.CASE,
    urgency=Urgency.URGENT,
    headline="The seller offers 12.50 EUR: accept or reject it",
    body="\n".join(
        [
            "The seller proposes a refund of 12.50 EUR for this order.",
            "The mail says: reply before Mar 9, 07:37.",
            "",
            IN_APP.title,
            *[f"{number}. {step}" for number, step in enumerate(IN_APP.steps, 1)],
        ]
    ),
    created_at=NOW,
    case="c7f3",
    order=ORDER,
    orders=(ORDER,),
    kind=Kind.OFFER,
    rung="24h",
    deadline=Deadline(AT, AT + timedelta(hours=9), Basis.STATED, "before Mar 9, 07:37"),
    turn=Turn.YOURS,
    routes=(IN_APP, ON_THE_WEB),
    links=(Link(Role.ACCEPT, SECRET_LINK, "Accept", LinkVerdict.BROKEN, LinkReason.PLACEHOLDER),),
    authenticity=Authenticity(Trust.VERIFIED, ("dmarc",)),
)
