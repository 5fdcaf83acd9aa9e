"""What there is to see: the status screen, one case, the alerts that were said."""

import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any

from watcher.alertjson import instant
from watcher.clock import utc_now
from watcher.commands import BLIND, DONE, open_house, open_store, print_json, say, system_zone
from watcher.diary import FolderState
from watcher.glance import Glance, glance, glance_of, remember
from watcher.present import status_json
from watcher.store import Store
from watcher.timekeeping import clock_said

if TYPE_CHECKING:
    from rules.facts import Case
    from rules.probing import Finding
    from watcher.commands import House

BLIND_AFTER = timedelta(hours=2)
"""So long may a folder go without a completed look before `status` says that we are blind."""
ASLEEP_AFTER = timedelta(minutes=5)
"""So long may the clock go without being looked at: `watch` does it twice a minute."""


def status(config: Path | None, as_json: bool) -> int:
    """Print the one screen; returns 3 where something has not been looked at for too long, else 0."""
    seen, now = quick_look(config), utc_now()
    store = Store(seen.state)
    try:
        shown = status_of(store, seen, now)
    finally:
        store.close()
    if as_json:
        print_json(shown)
    else:
        _print_status(shown, seen.zone or system_zone(), now)
    return DONE if shown["awake"] else BLIND


def quick_look(config: Path | None) -> Glance:
    """Return what a look needs of the configuration; raises SettingsError and StopError."""
    from watcher.whereabouts import find_config

    path = find_config(config)
    if path is not None and (seen := glance(path)) is not None:
        return seen
    house = open_house(config)
    seen = glance_of(house.settings)
    if house.path is not None:
        remember(house.path, seen)
    return seen


def status_of(store: Store, seen: Glance, now: datetime) -> dict[str, Any]:
    """The contract's `status`: every configured folder, what waits in the outbox, every open case."""
    states = {(state.account, state.folder): state for state in store.diary.folders()}
    waiting, oldest = store.said.waiting()
    accounts = [
        {"name": name, "folders": [_folder_json(folder, states.get((name, folder))) for folder in folders]}
        for name, folders in seen.folders
    ]
    shown = status_json(
        is_awake(store, seen, now),
        accounts,
        {"waiting": waiting, "oldest_at": instant(oldest) if oldest else None},
        store.summaries(now),
    )
    return {**shown, "clock": clock_said(store.diary, now)}


def is_awake(store: Store, seen: Glance, now: datetime) -> bool:
    """Whether every configured folder was looked at lately, and so was the clock; nothing to see is blind."""
    from watcher.clock import maybe_instant

    states = {(state.account, state.folder): state.last_look_at for state in store.diary.folders()}
    looks = [states.get((name, folder)) for name, folders in seen.folders for folder in folders]
    tick = maybe_instant(store.diary.get("last_tick_at"))
    if not looks or tick is None or abs(now - tick) > ASLEEP_AFTER:  # a tick in our future proves nothing
        return False
    return all(at is not None and -ASLEEP_AFTER <= now - at <= BLIND_AFTER for at in looks)


def _folder_json(name: str, state: FolderState | None) -> Mapping[str, Any]:
    at = state.last_look_at if state else None
    return {
        "name": name,
        "last_look_at": instant(at) if at else None,
        "error": state.error if state else None,
    }


def _print_status(shown: Mapping[str, Any], zone: tzinfo, now: datetime) -> None:
    from watcher.paper import Paper
    from watcher.tables import show_status

    show_status(Paper(sys.stdout), shown, zone, now)
    if shown["clock"]:
        say(f"{shown['clock']} Set it, and let it be kept by NTP.")
    if not shown["accounts"]:
        say("No account is configured yet. Run: offerwatch account add")
    elif not shown["awake"]:
        say("Is `offerwatch watch` running? What is wrong, and what to do: offerwatch doctor")


def case(config: Path | None, ref: str, as_json: bool, qr: bool = False) -> None:
    """Print one case, judged now; with `qr` its order's page as a code for the phone."""
    from watcher.commands.cases import find_case
    from watcher.present import case_json
    from watcher.probe import findings
    from watcher.timeline import order_cases

    house, now = open_house(config), utc_now()
    store = open_store(house)
    try:
        found = find_case(store, house, ref, now)
        others = () if as_json else order_cases(store, found)
        looked = findings(store.diary, now) if house.settings.probe.enabled else {}
    finally:
        store.close()
    if as_json:
        print_json(case_json(found, house.policy, house.words, now))
        return
    _print_case(house, found, others, looked, qr, now)


def _print_case(
    house: "House",
    found: "Case",
    others: "Sequence[Case]",
    looked: "Mapping[str, Finding]",
    qr: bool,
    now: datetime,
) -> None:
    from rules.routes import order_page
    from rules.spoken import moment
    from watcher.advice import Tongue, advise
    from watcher.casepage import CasePage
    from watcher.loading import load_answers
    from watcher.paper import Paper
    from watcher.qr import show_code
    from watcher.timeline import events, reopening_ends

    tongue = Tongue(house.words, load_answers(house.settings.language), house.policy, house.zone)
    paper, texts = Paper(sys.stdout), tongue.answers.texts
    page = CasePage(paper, advise(found, tongue, now, findings=looked), tongue, now)
    ends = reopening_ends(found, others, now)
    page.facts()
    page.ways()
    page.links()
    note = texts.say("screen.pending", at=moment(ends, house.words, house.zone)) if ends else None
    page.story(events(found, others, house.words, texts, now), note)
    if qr:
        show_code(paper, order_page(found.orders), texts.say("screen.scan"))


def alerts(config: Path | None, limit: int, as_json: bool) -> None:
    """Print what was said, oldest first; as JSON one alert a line."""
    from watcher.paper import Paper
    from watcher.tables import show_alerts

    seen, now = quick_look(config), utc_now()
    store = Store(seen.state)
    try:
        said = list(reversed(store.alerts(limit)))
    finally:
        store.close()
    if not as_json:
        show_alerts(Paper(sys.stdout), said, seen.zone or system_zone(), now)
        return
    for each in said:
        print_json(each)
