"""Puts the parts together: from a checked configuration to the store, the speech and the daemon's parts."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from rules.facts import Act, Case, Notice
from rules.policy import Ringing
from watcher.clock import utc_now
from watcher.commands import House
from watcher.inbound import mailboxes_of, recipe_of
from watcher.readers import Readers
from watcher.settings import ImapAccount
from watcher.store import Store

if TYPE_CHECKING:
    from rules.probing import Finding
    from watcher.app import App
    from watcher.calendarfile import CalendarFile
    from watcher.casebook import Judge
    from watcher.channels import Channel
    from watcher.looking import Watch
    from watcher.probe import Probe
    from watcher.speech import HouseSpeech

ALIVE = timedelta(minutes=15)
"""So long ago may a server's mail have come through to prove that the network is there."""


def judge_of(house: House) -> "Judge":
    """The judgement with this house's policy."""
    from rules.cases import judge

    def judged(
        notices: Iterable[Notice], acts: Mapping[str, Sequence[Act]], names: Mapping[str, str]
    ) -> tuple[Case, ...]:
        return judge(notices, acts, names, house.policy)

    return judged


def store_of(house: House, now: Callable[[], datetime] = utc_now) -> Store:
    """The state of this configuration, able to judge, and to keep cases as JSON; raises StoreError."""
    from watcher.present import case_json

    def summary(case: Case) -> str:
        return json.dumps(case_json(case, house.policy, house.words, now()), ensure_ascii=False)

    return Store(house.settings.state_folder, judge_of(house), summary)


def ringing_of(house: House) -> Ringing:
    """When alerts may speak, as configured."""
    alerts = house.settings.alerts
    return Ringing(
        ladder=house.settings.ladder,
        order_ladder=house.settings.order_ladder,
        quiet=alerts.quiet,
        quiet_breaks=alerts.quiet_breaks,
        zone=house.zone,
    )


def readers_of(house: House) -> Readers:
    """Each account's mail read by its own recipe; raises DataError now if a data file can't be used."""
    from watcher.recipe import forget

    recipes = {account.name: recipe_of(house, account) for account in house.settings.account}
    plain = recipe_of(house, None)
    plain.check()
    _ = house.policy  # the user's own windows are checked now, too
    forget()  # the children load it for themselves; here it was only to be checked
    return Readers(lambda name: recipes.get(name or "", plain))


def watches_of(house: House) -> list["Watch"]:
    """Every configured folder as the daemon watches it; raises MailboxError."""
    from watcher.looking import Watch

    return [
        Watch(account.name, folder, mailbox, account.backfill, account.poll_every)
        for account in house.settings.account
        for folder, mailbox in zip(account.folders, mailboxes_of(house, account), strict=True)
    ]


def calendar_of(house: House, store: Store) -> "CalendarFile | None":
    """The calendar file that is to be kept, None where none is configured."""
    path = house.settings.calendar.path
    if path is None:
        return None
    from rules.routes import instruct
    from watcher.calendarfile import CalendarFile

    return CalendarFile(path, store, lambda case: instruct(case.kind, case.orders, case.dispute, house.words))


def speech_of(house: House, store: Store | None = None) -> "HouseSpeech":
    """What to say and when, in the user's language; with a store, what looking at hosts found is said too."""
    from watcher.probe import findings
    from watcher.speech import HouseSpeech

    def probed(now: datetime) -> Mapping[str, "Finding"]:
        return findings(store.diary, now) if store is not None and house.settings.probe.enabled else {}

    return HouseSpeech(
        ringing_of(house), house.words, house.policy.hosts, house.zone, house.settings.language, probed
    )


def app_of(house: House, store: Store, channels: "Sequence[Channel]", readers: Readers) -> "App":
    """The two verbs, with everything they need."""
    from watcher.app import App, Limits

    watched = [(account.name, folder) for account in house.settings.account for folder in account.folders]
    return App(
        store,
        speech_of(house, store),
        readers,
        channels,
        watched=watched,
        limits=Limits(
            test_every=house.settings.alerts.test_every, announce=frozenset(house.settings.alerts.announce)
        ),
    )


def probe_of(house: House, store: Store) -> "Probe | None":
    """The look at AliExpress's hosts while a case waits for the buyer; None unless it was asked for."""
    if not house.settings.probe.enabled:
        return None
    from watcher.probe import Probe

    servers = {each.name for each in house.settings.account if isinstance(each, ImapAccount)}

    def wanted() -> bool:
        return any(each.case.deadline is not None for each in store.open_cases())

    def mail_alive() -> bool:
        looks = [each.last_look_at for each in store.diary.folders() if each.account in servers]
        return any(at is not None and utc_now() - at <= ALIVE for at in looks)

    return Probe(store.diary, wanted, mail_alive, utc_now)


def judge_again_if_changed(house: House, store: Store, readers: Readers) -> None:
    """After an update, or another language: read the kept mails again, and judge every case again."""
    from watcher.loading import parsers_print, rules_print

    # What is to be announced counts too: judging again puts every case under the clock's eyes.
    announced = ",".join(sorted(house.settings.alerts.announce))
    read_by = parsers_print(house.phrases)
    judged_by = rules_print(house.settings.language, house.own_policy) + announced
    if store.diary.get("read_by") != read_by:
        store.read_again(readers, utc_now())
        store.diary.put("read_by", read_by)
    if store.diary.get("judged_by") != judged_by:
        store.judge_all(utc_now())
        store.diary.put("judged_by", judged_by)
