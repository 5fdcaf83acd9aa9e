"""Alerts that tests send, and the case they are of: a plain offer near its deadline, and variations."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from rules.facts import (
    About,
    Alert,
    AlertAbout,
    Authenticity,
    Basis,
    Case,
    Deadline,
    Kind,
    Link,
    LinkReason,
    LinkVerdict,
    Notice,
    Outcome,
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


def a_notice(received_at: datetime) -> Notice:
    """A notice of the case, with a subject that tries to smuggle a line."""
    return Notice(
        identity=f"n{received_at:%d%H%M}",
        outcome=Outcome.NOTICE,
        reason=None,
        kind=Kind.OFFER,
        sent_at=received_at,
        received_at=received_at,
        authenticity=Authenticity(Trust.VERIFIED),
        subject="Subject\r\nATTENDEE:mailto:evil@example.org",
    )


def a_case(deadline: Deadline | None = None, settled: bool = False) -> Case:
    """The case that the alerts are of."""
    return Case(
        id="c7f3",
        about=About.DISPUTE,
        orders=(ORDER,),
        dispute=None,
        kind=Kind.OFFER,
        turn=Turn.NOBODY if settled else Turn.YOURS,
        deadline=deadline,
        since=NOW,
        settled=settled,
        offer=None,
        asked=None,
        paid=None,
        anchors=(),
        authenticity=Authenticity(Trust.VERIFIED),
        locale="en",
        clocks=(),
        history=(a_notice(NOW),),
    )
