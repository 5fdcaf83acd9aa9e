"""Reads addresses without ever asking anybody: what a wrapper holds, whose host it is, its parameters."""

from dataclasses import dataclass
from functools import lru_cache

from rules.anatomy import EDGES, belongs, take_apart
from rules.policy import Hosts
from rules.wrappers import Shut, inside

DEPTH = 6  # how many wrappers are opened; nobody wraps deeper but to hide


@dataclass(frozen=True, slots=True)
class Opened:
    """An address with its wrappers taken off.

    `url` is the innermost address. `opaque` where a wrapper remains that can't be opened offline,
    `torn` where one remains that holds no address although it should.
    """

    url: str
    wrapped: bool = False
    opaque: bool = False
    torn: bool = False


@lru_cache(maxsize=512)
def open_wrapped(href: str) -> Opened:
    """Take rewriters, forwarders and login hops off an address as printed; never raises."""
    url = href.strip(EDGES)
    for depth in range(DEPTH):
        found = inside(take_apart(url))
        if found is None:
            return Opened(url, wrapped=depth > 0)
        if isinstance(found, Shut):
            return Opened(url, wrapped=True, opaque=found is Shut.OPAQUE, torn=found is Shut.TORN)
        url = found.strip(EDGES)
    return Opened(url, wrapped=True, opaque=inside(take_apart(url)) is Shut.OPAQUE)


def host_of(url: str) -> str | None:
    """The host a browser would look up: lower case, without user, port and last dot; else None."""
    return take_apart(url).host


def parameters(url: str) -> tuple[tuple[str, str], ...]:
    """Names and values, decoded, of the query and then of the fragment's query; never raises."""
    return take_apart(url).parameters


def is_ours(host: str, hosts: Hosts) -> bool:
    """Whether a host is AliExpress's: one of the policy's domains or below it."""
    name = host.lower().removesuffix(".")
    return any(belongs(name, domain) for domain in hosts.ours)


def is_group(host: str, hosts: Hosts) -> bool:
    """Whether a host belongs to the group's pictures and carriers, which no offer is answered at."""
    name = host.lower().removesuffix(".")
    return any(belongs(name, domain) for domain in hosts.group)
