"""Finding the case a person means: by its short id, its dispute id, or an order with one open case."""

from collections.abc import Iterable
from datetime import datetime

from rules.facts import Case
from watcher.commands import WRONG, House, StopError, hint
from watcher.store import Store


def find_case(store: Store, house: House, ref: str, now: datetime) -> Case:
    """Return the case that `ref` means; else prints those to choose from and stops (exit 2)."""
    wanted = ref.strip()
    found = [case for name in store.find(wanted) if (case := store.case(name)) is not None]
    named = [case for case in found if wanted.lower() == case.id or wanted == case.dispute]
    if len(named) == 1:
        return named[0]
    unsettled = [case for case in found if not case.settled]
    if not named and len(unsettled) == 1:
        return unsettled[0]
    _list(house, found or store.cases(settled=False), now)
    raise StopError(_why(wanted, found, unsettled), "Name one by the short id in the first column.", WRONG)


def _why(ref: str, found: list[Case], unsettled: list[Case]) -> str:
    if not found:
        return f'There is no case "{ref}".'
    if unsettled or any(case.dispute == ref for case in found):
        return f'"{ref}" has several cases.'
    return f'Order "{ref}" has no open case.'


def _list(house: House, cases: Iterable[Case], now: datetime) -> None:
    import sys

    from watcher.paper import Paper
    from watcher.present import case_json
    from watcher.tables import show_cases

    rows = [case_json(case, house.policy, house.words, now) for case in cases]
    if rows:
        show_cases(Paper(sys.stderr), rows, house.zone, now)
    else:
        hint("There are no open cases.")
