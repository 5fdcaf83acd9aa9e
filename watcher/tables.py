"""What we print for people: the list of cases, the status screen, the alerts.

All of it is made from the JSON of `present`, and every piece of text is cleaned before it is shown: mail
is written by strangers, and a terminal obeys what it is told.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from watcher.paper import Cell, Paper
from watcher.terminal import one_line

Json = Mapping[str, Any]
HEADS = ("case", "order", "what", "turn", "until", "left")

WHAT = {
    "offer": "Offer",
    "offer_reminder": "Offer, about to lapse",
    "declined": "Request declined",
    "evidence_requested": "Proof wanted",
    "judgement": "AliExpress decided",
    "return_requested": "Send the goods back",
    "dispute_opened": "Dispute opened",
    "escalated": "AliExpress is reviewing",
    "refund_issued": "Refund issued",
    "dispute_closed": "Dispute closed",
    "order_completing": "Order about to complete",
    "order_completed": "Order completed",
    "order_closed": "Order closed",
    "order_shipped": "Shipped",
    "order_delivered": "Delivered",
    "order_update": "Order update",
    None: "Could not be read: look",
}
WHOSE = {"yours": "yours", "seller": "seller's", "platform": "AliExpress's", "nobody": "nobody's"}
BASIS = {
    "stated": "the date in the mail",
    "relative": "counted from when the mail was sent",
    "policy": "no time in the mail: the shortest that AliExpress is known to give",
    "user": "what you told",
}


def read_instant(text: str) -> datetime:
    """Read an instant of our own JSON ("2025-03-08T15:37:28Z") as aware UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


def moment(at: datetime, zone: tzinfo, now: datetime) -> str:
    """An instant on the user's wall clock; the year only where it isn't this one."""
    local = at.astimezone(zone)
    year = "" if local.year == now.astimezone(zone).year else f" {local.year}"
    return f"{local:%a} {local.day} {local:%b}{year} {local:%H:%M}"


def span(length: timedelta) -> str:
    """A length of time with its two largest units: "2 d 17 h", "5 h 10 min", "40 s"."""
    seconds = max(0, int(length.total_seconds()))
    days, hours, minutes = seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60
    if days:
        return f"{days} d {hours} h" if hours and days < 14 else f"{days} d"
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{minutes} min" if minutes else f"{seconds} s"


def left(deadline: Json, now: datetime) -> str:
    """How long until a deadline, or where between `at` and `latest` we are."""
    at, latest = read_instant(deadline["at"]), read_instant(deadline["latest"])
    if now < at:
        return span(at - now)
    return f"maybe over, at most {span(latest - now)}" if now < latest else f"over since {span(now - latest)}"


def _colour(deadline: Json | None, now: datetime) -> str:
    if deadline is None:
        return ""
    ahead = read_instant(deadline["at"]) - now
    if ahead < timedelta(hours=6):
        return "bold red"
    return "bold yellow" if ahead < timedelta(hours=24) else "green"


def what(case: Json) -> str:
    """What a case is about, with the amount on the table where there is one."""
    text = WHAT.get(case["kind"], one_line(str(case["kind"]), 40))
    offer = case["offer"]
    if not offer:
        return text
    amount = " ".join(one_line(str(each), 20) for each in (offer["amount"], offer["currency"]) if each)
    pieces = [each for each in (offer["remedy"], amount) if each]
    return f"{text}: {' '.join(pieces)}" if pieces else text


def by_urgency(cases: Iterable[Json], now: datetime) -> list[Json]:
    """Cases in the order to be shown: yours first, nearest deadline first, what is over after it."""

    def key(case: Json) -> tuple[bool, bool, bool, str]:
        until = case["deadline"]
        over = until is not None and read_instant(until["latest"]) <= now
        newest = max((each["sent_at"] for each in case["history"]), default="")
        return case["turn"] != "yours", over, until is None, until["at"] if until else newest

    return sorted(cases, key=key)


def show_cases(to: Paper, cases: Sequence[Json], zone: tzinfo, now: datetime) -> None:
    """Print the table of cases."""
    to.table(HEADS, [_row_of(case, zone, now) for case in by_urgency(cases, now)], flexible=2)
    if any(_doubt(case) for case in cases):
        to.line("* sender not verified: open the app yourself", "dim")


def _row_of(case: Json, zone: tzinfo, now: datetime) -> list[Cell]:
    until, yours = case["deadline"], case["turn"] == "yours"
    return [
        (case["case"], "bold" if yours else ""),
        ("\n".join(case["orders"]) or "-", ""),
        (what(case) + _doubt(case), ""),
        (WHOSE[case["turn"]], "bold" if yours else "dim"),
        (moment(read_instant(until["at"]), zone, now) if until else "-", ""),
        (left(until, now) if until else "-", _colour(until, now)),
    ]


def _doubt(case: Json) -> str:
    return " *" if case["authenticity"]["verdict"] == "unverified" else ""


def show_status(to: Paper, status: Json, zone: tzinfo, now: datetime) -> None:
    """Print the one screen that says whether we are awake and whether it is the user's turn."""
    if status["awake"]:
        to.line("Awake.", "bold green")
    else:
        to.line("BLIND: not everything was looked at.", "bold red")
    for account in status["accounts"]:
        for folder in account["folders"]:
            to.line(*folder_line(account["name"], folder, now))
    mine = [case for case in status["cases"] if case["turn"] == "yours"]
    to.line(*_turn_line(mine, zone, now))
    if status["cases"]:
        show_cases(to, status["cases"], zone, now)
    waiting = status["outbox"]["waiting"]
    if waiting:
        since = status["outbox"]["oldest_at"]
        age = f", the oldest for {span(now - read_instant(since))}" if since else ""
        to.line(f"Alerts waiting to be delivered: {waiting}{age}.", "yellow")
    if mine:
        to.line(f"The way: offerwatch case {by_urgency(mine, now)[0]['case']}")


def folder_line(account: str, folder: Json, now: datetime) -> Cell:
    """One folder: when it was last looked at, and what is wrong with it."""
    at, error = folder["last_look_at"], folder["error"]
    seen = f"looked at {span(now - read_instant(at))} ago" if at else "never looked at yet"
    trouble = f" - {one_line(error, 200)}" if error else ""
    name = f"{account} {folder['name']}"
    return f"  {one_line(name, 40):<24} {seen}{trouble}", "red" if error else ""


def _turn_line(mine: Sequence[Json], zone: tzinfo, now: datetime) -> Cell:
    if not mine:
        return "It is not your turn anywhere.", "bold green"
    until = by_urgency(mine, now)[0]["deadline"]
    when = (
        f", the first until {moment(read_instant(until['at']), zone, now)} ({left(until, now)})"
        if until
        else ""
    )
    return f"It is YOUR TURN in {len(mine)} case{'s' * (len(mine) > 1)}{when}.", "bold yellow"


def show_alerts(to: Paper, alerts: Sequence[Json], zone: tzinfo, now: datetime) -> None:
    """Print what was said, newest last, and how each channel fared."""
    colours = {"critical": "bold red", "urgent": "bold yellow", "soon": "bold"}
    for alert in alerts:
        at = moment(read_instant(alert["created_at"]), zone, now)
        line = f"{at}  {alert['urgency']:<8} {one_line(alert['headline'], 200)}"
        to.line(line, colours.get(alert["urgency"], ""))
        for sent in alert.get("deliveries", ()):
            error = f": {one_line(sent['error'], 200)}" if sent["error"] else ""
            to.line(f"    {one_line(sent['channel'], 40)} {sent['state']}, tries {sent['tries']}{error}")
    if not alerts:
        to.line("Nothing was said yet.")
