"""Whether a waiting alert is still true, asked again right before it is sent."""

import sqlite3
from datetime import datetime

from rules.facts import AlertAbout, Urgency
from watcher.clock import stamp

LOUDNESS = tuple(Urgency)
"""Quietest first; the place in it is how urgency is stored."""
TOO_LATE = "it could not be delivered in time"


def why_untrue(connection: sqlite3.Connection, key: str, now: datetime) -> str | None:
    """Return why an alert should no longer be sent, None while it is true."""
    case_id, about, rung, urgency, deadline_at, created_at, give_up_at = connection.execute(
        "SELECT case_id, about, rung, urgency, deadline_at, created_at, give_up_at FROM alerts WHERE key = ?",
        (key,),
    ).fetchone()
    if give_up_at < stamp(now):
        return TOO_LATE
    if case_id is None or about not in (AlertAbout.CASE.value, AlertAbout.UNCLEAR.value):
        return None
    case = connection.execute(
        "SELECT settled, deadline_at, acked_at, snoozed_until FROM cases WHERE id = ?", (case_id,)
    ).fetchone()
    if case is None:
        return "the case is gone"
    settled, now_due_at, acked_at, snoozed_until = case
    if rung == "settled":
        return None if now_due_at is None else "the case is open again"
    if settled:
        return "the case is settled"
    if now_due_at != deadline_at:
        return "the deadline is another one now"
    if acked_at and acked_at >= created_at:
        return "it was acknowledged meanwhile"
    quiet = snoozed_until and snoozed_until > stamp(now) and urgency < LOUDNESS.index(Urgency.CRITICAL)
    return "it was snoozed meanwhile" if quiet else None
