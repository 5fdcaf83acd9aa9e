"""Which notices belong to one case: one dispute of an order, or the order's own clocks.

Law: a notice is in exactly one dispute case, or in one order case for each order it names; which one
depends on the set of notices alone, never on the order in which they came.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from rules.facts import About, Kind, Notice, Outcome, Trust
from rules.turns import ORDER_KINDS

# Lower-case base32 without look-alikes to type by hand; six of them make a case's id.
ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
ID_LENGTH = 6


@dataclass(frozen=True, slots=True)
class Group:
    """The notices of one case in the order of sending, and what names it.

    `settlers` are notices of the order's disputes, which an order's clocks must know about. `seed` is
    what a fresh id is made from.
    """

    about: About
    orders: tuple[str, ...]
    dispute: str | None
    notices: tuple[Notice, ...]
    seed: str
    settlers: tuple[Notice, ...] = ()


def kind_of(notice: Notice) -> Kind | None:
    """The kind of a notice, None where it is unclear."""
    return None if notice.outcome is Outcome.UNCLEAR else notice.kind


def group(notices: Iterable[Notice]) -> list[Group]:
    """All cases that these notices make; ignored, suspicious and forged ones make none."""
    kept = _kept(notices)
    disputes = [notice for notice in kept if kind_of(notice) not in ORDER_KINDS]
    own = [notice for notice in kept if kind_of(notice) in ORDER_KINDS]
    cases = _disputes(disputes)
    return [*cases, *_orders(own, cases)]


def identify(groups: Sequence[Group], names: Mapping[str, str]) -> list[tuple[str, tuple[str, ...]]]:
    """For each group its id, and all ids ever given to it (whose acts are its own).

    `names` has the id once given to a notice's case. Of cases that were joined the oldest id stays; of
    a case that was split the part with the earliest such notice keeps it, the others get a fresh one.
    """
    owned = _owned(groups, names)
    taken = {*names.values()}
    ids: list[tuple[str, tuple[str, ...]]] = [("", ())] * len(groups)
    for place in sorted(range(len(groups)), key=lambda place: groups[place].seed):
        mine = owned[place]
        chosen = mine[0] if mine else _fresh(groups[place].seed, taken)
        taken.add(chosen)
        ids[place] = (chosen, tuple(dict.fromkeys((chosen, *mine))))
    return ids


def _kept(notices: Iterable[Notice]) -> list[Notice]:
    """Each notice once, the best copy of it, in the order of sending."""
    best: dict[str, Notice] = {}
    for notice in notices:
        if notice.outcome is Outcome.IGNORED or notice.authenticity.verdict in (
            Trust.SUSPICIOUS,
            Trust.FORGED,
        ):
            continue
        other = best.get(notice.identity)
        if other is None or _copy_order(notice) < _copy_order(other):
            best[notice.identity] = notice
    return sorted(best.values(), key=lambda notice: (notice.sent_at, notice.identity))


def _copy_order(notice: Notice) -> tuple[object, ...]:
    verified = notice.authenticity.verdict is Trust.VERIFIED
    return not verified, notice.received_at, notice.sent_at, notice.source, repr(notice)


def _disputes(notices: Sequence[Notice]) -> list[Group]:
    numbered: dict[str, list[Notice]] = {}
    for notice in notices:
        if notice.dispute is not None:
            numbered.setdefault(notice.dispute, []).append(notice)
    ordered = [notice for notice in notices if notice.dispute is None and notice.orders]
    lost = [notice for notice in notices if notice.dispute is None and not notice.orders]
    touching = _touching(numbered)
    alone: list[Notice] = []
    for linked in _linked(ordered):
        alone += _joined(linked, touching, numbered)
    found = [_dispute(members, name) for name, members in numbered.items()]
    found += [_dispute(members, None) for members in _linked(alone)]
    return found + [_lost(notice, About.UNCLEAR if kind_of(notice) is None else None) for notice in lost]


def _touching(numbered: Mapping[str, Sequence[Notice]]) -> dict[str, set[str]]:
    """For each order the numbers of its disputes."""
    found: dict[str, set[str]] = {}
    for name, members in numbered.items():
        for order in _all_orders(members):
            found.setdefault(order, set()).add(name)
    return found


def _joined(
    linked: Sequence[Notice], touching: Mapping[str, set[str]], numbered: Mapping[str, list[Notice]]
) -> list[Notice]:
    """Puts unnumbered notices into the only dispute they can mean; gives back those without one."""
    left = []
    candidates = _numbers(_all_orders(linked), touching)
    for notice in linked:
        chosen = candidates if len(candidates) == 1 else _numbers(notice.orders, touching)
        if len(chosen) == 1:
            numbered[next(iter(chosen))].append(notice)
        else:
            left.append(notice)
    return left


def _numbers(orders: Iterable[str], touching: Mapping[str, set[str]]) -> set[str]:
    return {name for order in orders for name in touching.get(order, ())}


def _linked(notices: Sequence[Notice]) -> list[list[Notice]]:
    """Notices in sets that share an order with one another, each in the order given."""
    leader: dict[str, str] = {}

    def find(order: str) -> str:
        while leader.setdefault(order, order) != order:
            order = leader[order]
        return order

    for notice in notices:
        for order in notice.orders[1:]:
            leader[find(order)] = find(notice.orders[0])
    sets: dict[str, list[Notice]] = {}
    for notice in notices:
        sets.setdefault(find(notice.orders[0]), []).append(notice)
    return list(sets.values())


def _dispute(members: Sequence[Notice], number: str | None) -> Group:
    ordered = tuple(sorted(members, key=lambda notice: (notice.sent_at, notice.identity)))
    orders = _all_orders(ordered)
    seed = f"dispute {number}" if number is not None else f"dispute of {' '.join(sorted(orders))}"
    return Group(About.DISPUTE, orders, number, ordered, seed)


def _lost(notice: Notice, about: About | None) -> Group:
    """A case for one notice that names neither order nor dispute."""
    return Group(about or About.DISPUTE, (), None, (notice,), f"notice {notice.identity}")


def _orders(notices: Sequence[Notice], disputes: Sequence[Group]) -> list[Group]:
    own: dict[str, list[Notice]] = {}
    for notice in notices:
        for order in dict.fromkeys(notice.orders):
            own.setdefault(order, []).append(notice)
    settlers = _settlers(disputes)
    found = [
        Group(About.ORDER, (order,), None, tuple(members), f"order {order}", tuple(settlers.get(order, ())))
        for order, members in own.items()
    ]
    return found + [_lost(notice, About.ORDER) for notice in notices if not notice.orders]


def _settlers(disputes: Sequence[Group]) -> dict[str, list[Notice]]:
    """For each order the readable notices of its disputes."""
    found: dict[str, list[Notice]] = {}
    for case in disputes:
        for notice in case.notices:
            only = case.orders if len(case.orders) == 1 else ()
            for order in dict.fromkeys(notice.orders or only):
                if kind_of(notice) is not None:
                    found.setdefault(order, []).append(notice)
    return found


def _all_orders(notices: Iterable[Notice]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(order for notice in notices for order in notice.orders))


def _owned(groups: Sequence[Group], names: Mapping[str, str]) -> list[list[str]]:
    """For each group the ids that are its own, oldest notice first."""
    claims: dict[str, list[tuple[bool, datetime, str, int]]] = {}
    for place, case in enumerate(groups):
        # One notice may be in several order cases, but has one name: the order that it was made from wins.
        natural = _hashed(case.seed, 0) if case.about is About.ORDER else None
        for notice in case.notices:
            name = names.get(notice.identity)
            if name is not None:
                claim = (name != natural, notice.sent_at, f"{notice.identity} {case.seed}", place)
                claims.setdefault(name, []).append(claim)
    owned: list[list[str]] = [[] for _ in groups]
    for (_, _, _, place), name in sorted(((min(made), name) for name, made in claims.items()), key=_oldest):
        owned[place].append(name)
    return owned


def _oldest(won: tuple[tuple[bool, datetime, str, int], str]) -> tuple[datetime, str, str]:
    (_, sent_at, notice, _), name = won
    return sent_at, notice, name


def _fresh(seed: str, taken: set[str]) -> str:
    number = 0
    while (found := _hashed(seed, number)) in taken:
        number += 1
    return found


def _hashed(seed: str, number: int) -> str:
    digest = sha256(f"{seed} {number}".encode("utf-8", "surrogatepass")).digest()
    return "".join(ALPHABET[byte % 32] for byte in digest[:ID_LENGTH])
