"""Says of each link whether it is worth pressing: we look, we never press.

Law: a link is judged by what its wrappers hold; of several reasons the first of `LinkReason` counts;
and no verdict is better than `plausible`.
"""

import re
from collections.abc import Sequence
from datetime import datetime

from rules.addresses import is_group, is_ours, open_wrapped
from rules.anatomy import EDGES, WEB, Address, belongs, take_apart
from rules.facts import Anchor, Link, LinkReason, LinkVerdict, Role
from rules.link_claims import has_lapsed, names_other_order, shown_hosts
from rules.link_flaws import flaw
from rules.link_places import is_home, place, place_in_app, says_nothing
from rules.lookalikes import is_number, pretends
from rules.policy import Hosts

_SUSPICIOUS = frozenset(
    {
        LinkReason.IP_HOST,
        LinkReason.LOOKALIKE_HOST,
        LinkReason.MISMATCH,
        LinkReason.FOREIGN_HOST,
        LinkReason.INSECURE,
        LinkReason.WRONG_ORDER,
    }
)
_ANSWERS = (Role.ACCEPT, Role.REJECT)
# Hosts that developers use: a customer never sees a page there.
_STAGING = re.compile(
    r"(?:^|[.-])(?:pre|daily|stag(?:e|ing)|test|dev|uat|qa|sandbox|internal|intranet)\d*(?=[.-])"
)


def look(
    anchors: Sequence[Anchor],
    orders: Sequence[str],
    now: datetime,
    hosts: Hosts,
    reported: bool = False,
) -> tuple[Link, ...]:
    """Judge a mail's anchors, HTML part first, and leave out those of no role; never raises.

    `orders` are the numbers that the text names (empty where unknown), `now` an aware instant,
    `reported` whether the buyer found the case's link blank. The same role and target comes once;
    one of the text part that answers nothing only where the HTML part has no such target.
    `url` is None where there is no target at all: a missing button, or one with a blank target.
    """
    found: dict[tuple[Role, str | None], Link] = {}
    targets: set[str] = set()
    for anchor in sorted(anchors, key=lambda anchor: anchor.in_text):
        link = _judged(anchor, orders, now, hosts, reported)
        if link.role is Role.OTHER:
            continue
        if anchor.in_text and link.role not in _ANSWERS and link.url in targets:
            continue
        if link.url is not None:
            targets.add(link.url)
        found.setdefault((link.role, link.url), link)
    return tuple(found.values())


def _judged(anchor: Anchor, orders: Sequence[str], now: datetime, hosts: Hosts, reported: bool) -> Link:
    """One anchor with its role, its unwrapped address and its verdict."""
    if anchor.href is None:
        return _link(anchor, anchor.says or Role.OTHER, None, LinkReason.MISSING)
    printed = anchor.href.strip(EDGES)
    if not printed:
        return _link(anchor, anchor.says or Role.OTHER, None, LinkReason.EMPTY)
    opened = open_wrapped(printed)
    address = take_apart(opened.url)
    reason = flaw(printed, opened.url, opened.torn, orders)
    role = _role(anchor, address, hosts, usable=reason is None)
    if reason is None and not opened.opaque and role is not Role.OTHER:
        reason = _doubt(anchor, address, role, hosts) or _lie(address, orders, now)
    if reason is None and reported and role is not Role.ORDER:
        reason = LinkReason.REPORTED
    return _link(anchor, role, opened.url, reason)


def _link(anchor: Anchor, role: Role, url: str | None, reason: LinkReason | None) -> Link:
    verdict = LinkVerdict.PLAUSIBLE
    if reason is not None:
        verdict = LinkVerdict.SUSPICIOUS if reason in _SUSPICIOUS else LinkVerdict.BROKEN
    return Link(role, url, anchor.label, verdict, reason)


def _role(anchor: Anchor, address: Address, hosts: Hosts, usable: bool) -> Role:
    """An answer by its label; otherwise by the target where it is AliExpress's, else by the label."""
    said = anchor.says or Role.OTHER
    if said in _ANSWERS:
        return said
    if address.scheme not in WEB or not address.host or not is_ours(address.host, hosts):
        shown = place_in_app(address)
        return said if shown is Role.OTHER else shown
    shown = place(address)
    if shown is Role.OTHER and (not usable or says_nothing(address)):
        return said
    return shown


def _doubt(anchor: Anchor, address: Address, role: Role, hosts: Hosts) -> LinkReason | None:
    """Whose host is it? The reasons from `ip_host` to `insecure`."""
    host = address.host
    if host is None:
        return None
    if is_number(host):
        return LinkReason.IP_HOST
    ours, group, answers = is_ours(host, hosts), is_group(host, hosts), role in _ANSWERS
    if address.user is not None or (not ours and not group and pretends(host)):
        return LinkReason.LOOKALIKE_HOST
    if _shows_another(anchor.label, host, hosts) or (answers and ours and is_home(address)):
        return LinkReason.MISMATCH
    if _STAGING.search(host) or not (ours or (group and not answers)):
        return LinkReason.FOREIGN_HOST
    return LinkReason.INSECURE if answers and address.scheme != "https" else None


def _shows_another(label: str, host: str, hosts: Hosts) -> bool:
    """Whether the label shows a host of another site than the one it leads to."""
    bare = host.removeprefix("www.")
    for shown in shown_hosts(label):
        other = shown.removeprefix("www.")
        same = belongs(bare, other) or belongs(other, bare)
        if is_ours(host, hosts):  # another of its domains will do, and so will a name cut short
            same = same or is_ours(shown, hosts) or host.startswith(shown)
        if not same:
            return True
    return False


def _lie(address: Address, orders: Sequence[str], now: datetime) -> LinkReason | None:
    """What the address says of itself, and is not so."""
    if names_other_order(address, orders):
        return LinkReason.WRONG_ORDER
    return LinkReason.EXPIRED if has_lapsed(address, now) else None
