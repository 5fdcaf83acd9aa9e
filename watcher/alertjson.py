"""An alert as the contract's JSON, and back: what `command` reads, `alerts` lists and the outbox keeps."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
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

SCHEMA = 1


def alert_json(alert: Alert) -> dict[str, Any]:
    """An alert as the contract has it: every key present, null where it does not apply, instants in UTC.

    Links lose their address and label here: nothing that leaves by a channel can be pressed.
    """
    return {
        "schema": SCHEMA,
        "key": alert.key,
        "about": alert.about.value,
        "case": alert.case,
        "order": alert.order,
        "orders": list(alert.orders),
        "kind": alert.kind.value if alert.kind else None,
        "rung": alert.rung,
        "urgency": alert.urgency.value,
        "late": alert.late,
        "headline": alert.headline,
        "body": alert.body,
        "deadline": _deadline_json(alert.deadline) if alert.deadline else None,
        "turn": alert.turn.value if alert.turn else None,
        "routes": [_route_json(route) for route in alert.routes],
        "links": [_link_json(link) for link in alert.links],
        "authenticity": _authenticity_json(alert.authenticity) if alert.authenticity else None,
        "created_at": instant(alert.created_at),
    }


def alert_from_json(data: Mapping[str, Any]) -> Alert:
    """The alert that `alert_json` wrote, without addresses and labels of links.

    Raises ValueError, KeyError or TypeError where the data is not such an alert; unknown keys are left.
    """
    if data["schema"] != SCHEMA:
        raise ValueError(f"alert of schema {data['schema']!r}, expected {SCHEMA}")
    return Alert(
        key=data["key"],
        about=AlertAbout(data["about"]),
        urgency=Urgency(data["urgency"]),
        headline=data["headline"],
        body=data["body"],
        created_at=_instant_from(data["created_at"]),
        case=data["case"],
        order=data["order"],
        orders=tuple(data["orders"]),
        kind=Kind(data["kind"]) if data["kind"] else None,
        rung=data["rung"],
        late=data["late"],
        deadline=_deadline_from(data["deadline"]) if data["deadline"] else None,
        turn=Turn(data["turn"]) if data["turn"] else None,
        routes=tuple(_route_from(route) for route in data["routes"]),
        links=tuple(_link_from(link) for link in data["links"]),
        authenticity=_authenticity_from(data["authenticity"]) if data["authenticity"] else None,
    )


def instant(at: datetime) -> str:
    """An aware instant as `2025-03-08T15:37:28Z`; fractions of a second are cut."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _instant_from(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def _deadline_json(deadline: Deadline) -> dict[str, Any]:
    return {
        "at": instant(deadline.at),
        "latest": instant(deadline.latest),
        "basis": deadline.basis.value,
        "quote": deadline.quote,
    }


def _deadline_from(data: Mapping[str, Any]) -> Deadline:
    return Deadline(
        _instant_from(data["at"]), _instant_from(data["latest"]), Basis(data["basis"]), data["quote"]
    )


def _route_json(route: Route) -> dict[str, Any]:
    return {"name": route.name, "title": route.title, "steps": list(route.steps), "url": route.url}


def _route_from(data: Mapping[str, Any]) -> Route:
    steps: Sequence[str] = data["steps"]
    return Route(data["name"], data["title"], tuple(steps), data["url"])


def _link_json(link: Link) -> dict[str, Any]:
    return {
        "role": link.role.value,
        "verdict": link.verdict.value,
        "reason": link.reason.value if link.reason else None,
    }


def _link_from(data: Mapping[str, Any]) -> Link:
    reason = LinkReason(data["reason"]) if data["reason"] else None
    return Link(Role(data["role"]), None, "", LinkVerdict(data["verdict"]), reason)


def _authenticity_json(authenticity: Authenticity) -> dict[str, Any]:
    return {"verdict": authenticity.verdict.value, "reasons": list(authenticity.reasons)}


def _authenticity_from(data: Mapping[str, Any]) -> Authenticity:
    return Authenticity(Trust(data["verdict"]), tuple(data["reasons"]))
