"""What looking at a host's name and TLS tells: offline, a filter, a portal, out of reach, or a host gone.

Law: nothing here ever says that a link works. A host is gone only with a sibling host up and two looks at
least a quarter of an hour apart; whatever else may be the cause comes first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from rules.addresses import host_of
from rules.facts import Link, LinkReason, LinkVerdict, Role

APART = timedelta(minutes=15)
TOGETHER = timedelta(hours=6)  # two looks farther apart say nothing about each other


class Seen(StrEnum):
    """What one look at one host saw."""

    UP = "up"
    NO_NAME = "no_name"  # the resolver says that there is no such name
    NO_ADDRESS = "no_address"  # the name is there, but has no address
    SINKHOLE = "sinkhole"  # an address that leads nowhere: 0.0.0.0, ::, loopback
    PRIVATE = "private"  # another address that is not public
    NO_RESOLVER = "no_resolver"
    UNREACHABLE = "unreachable"  # refused, reset, timed out
    BAD_CERTIFICATE = "bad_certificate"
    NOT_TLS = "not_tls"


class Finding(StrEnum):
    """What follows from the looks."""

    HOST_UP = "host_up"
    OFFLINE = "offline"
    CAPTIVE_PORTAL = "captive_portal"
    DNS_FILTER = "dns_filter"
    UNREACHABLE = "unreachable"
    INTERCEPTED = "intercepted"
    UNSURE = "unsure"
    HOST_GONE = "host_gone"


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a host at an instant, and whether its sibling was up then."""

    host: str
    seen: Seen
    at: datetime
    sibling_up: bool


def conclude(look: Look, earlier: Sequence[Look], mail_alive: bool) -> Finding:
    """What a look tells, given earlier looks at the same host and whether mail came through just now."""
    online = mail_alive or look.sibling_up
    if look.seen is Seen.UP:
        return Finding.HOST_UP
    if look.seen is Seen.SINKHOLE:
        return Finding.DNS_FILTER
    if look.seen is Seen.PRIVATE:
        return Finding.DNS_FILTER if online else Finding.CAPTIVE_PORTAL
    if look.seen in (Seen.BAD_CERTIFICATE, Seen.NOT_TLS):
        return Finding.INTERCEPTED if online else Finding.CAPTIVE_PORTAL
    if look.seen is Seen.NO_ADDRESS and look.sibling_up:
        return Finding.DNS_FILTER
    if look.seen is Seen.NO_NAME and look.sibling_up:
        return Finding.HOST_GONE if any(_confirms(each, look) for each in earlier) else Finding.UNSURE
    return Finding.UNREACHABLE if online else Finding.OFFLINE


def marked(links: Sequence[Link], findings: Mapping[str, Finding]) -> tuple[Link, ...]:
    """The links with what is known of their hosts: only a plausible one changes, and never to the better."""
    return tuple(_marked(link, findings) for link in links)


def _marked(link: Link, findings: Mapping[str, Finding]) -> Link:
    if link.url is None or link.verdict is not LinkVerdict.PLAUSIBLE or link.role is Role.OTHER:
        return link
    finding = findings.get((host_of(link.url) or "").lower())
    if finding is Finding.DNS_FILTER:
        return replace(link, verdict=LinkVerdict.BLOCKED_HERE, reason=LinkReason.DNS_FILTER)
    if finding is Finding.HOST_GONE:
        return replace(link, verdict=LinkVerdict.BROKEN, reason=LinkReason.HOST_GONE)
    return link


def _confirms(earlier: Look, look: Look) -> bool:
    same = earlier.host == look.host and earlier.seen is Seen.NO_NAME and earlier.sibling_up
    return same and APART <= look.at - earlier.at <= TOGETHER
