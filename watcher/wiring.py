"""Puts the parts together: from a checked configuration to mailboxes, channels, the store and the daemon."""

import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rules.facts import Act, Case, Notice
from rules.policy import Ringing
from watcher.channels import Channel, ChannelError, OnAction, Surroundings, build_channels
from watcher.clock import utc_now
from watcher.commands import WRONG, House, StopError
from watcher.mailboxes import Mailbox, MailboxError, Trouble
from watcher.readers import Readers
from watcher.recipe import Recipe
from watcher.secrets import SecretError, SecretSource, fetch_secret
from watcher.settings import AppriseChannel, EmailChannel, ImapAccount, MaildirAccount
from watcher.store import Store

if TYPE_CHECKING:
    from rules.probing import Finding
    from watcher.app import App
    from watcher.calendarfile import CalendarFile
    from watcher.casebook import Judge
    from watcher.looking import Watch
    from watcher.mailboxes.imap import ImapMailbox
    from watcher.mailboxes.wire import Timeouts
    from watcher.probe import Probe
    from watcher.providers import Authority
    from watcher.settings import Account
    from watcher.settings import Channel as ChannelTable
    from watcher.speech import HouseSpeech

log = logging.getLogger("offerwatch")

Token = Callable[[], tuple[str, str]]

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


def recipe_of(house: House, account: "Account | None", more_ids: Sequence[str] = ()) -> Recipe:
    """How mail of an account is read: its provider's own results count, or those that were configured."""
    named = tuple(account.authserv_id) if account is not None else ()
    known = known_ids(account.host) if isinstance(account, ImapAccount) and not named else ()
    return Recipe(house.phrases, (*named, *known, *more_ids), tuple(house.settings.forwarders))


def known_ids(host: str) -> tuple[str, ...]:
    """The authserv-ids of a big provider by the name of its IMAP server; none for everybody else."""
    from watcher.providers import ids_of, shipped

    return tuple(ids_of(shipped(), host))


def mailboxes_of(
    house: House,
    account: "Account",
    folders: Sequence[str] | None = None,
    timeouts: "Timeouts | None" = None,
) -> list[Mailbox]:
    """One mailbox for each folder of an account (those configured, or `folders`); nothing is connected yet.

    Raises MailboxError where it can't work as configured.
    """
    wanted = folders or account.folders
    if isinstance(account, MaildirAccount):
        from watcher.mailboxes.maildir import MaildirMailbox

        return [
            MaildirMailbox(account.name, account.path, folder, poll_every=account.poll_every)
            for folder in wanted
        ]
    token = token_of(account, house.settings.state_folder, _own_folder(house))
    return [
        imap_mailbox(
            account,
            folder,
            lambda: mailbox_secret(account.secret),
            token=token,
            forwarders=house.settings.forwarders,
            timeouts=timeouts,
        )
        for folder in wanted
    ]


def imap_mailbox(
    account: ImapAccount,
    folder: str,
    secret: Callable[[], str],
    *,
    token: "Token | None" = None,
    forwarders: Sequence[str] = (),
    timeouts: "Timeouts | None" = None,
) -> "ImapMailbox":
    """One folder of an account on a server; `token` signs in instead of the password from `secret`.

    Raises MailboxError where it can't work as configured.
    """
    from watcher.mailboxes.imap import ImapMailbox

    return ImapMailbox(
        account.name,
        account.host,
        account.port_number,
        account.security,
        account.username,
        None if token else secret,
        folder,
        ca_file=str(account.ca_file) if account.ca_file else None,
        token=token,
        poll_every=account.poll_every,
        forwarders=tuple(forwarders),
        timeouts=timeouts,
    )


def token_of(account: ImapAccount, state: Path, own_providers: Path | None) -> "Token | None":
    """What gives an account's tokens: a source that prints them, else our own sign-in, the same object for
    all its folders and channels. None where it signs in by password. Raises MailboxError."""
    if account.auth != "oauth2":
        return None
    if account.has_source:
        return lambda: (account.username, mailbox_secret(account.secret))
    from watcher.providers import FILE_NAME, ProvidersError, providers_of

    try:
        own = own_providers / FILE_NAME if own_providers else None
        authority = providers_of(own).authorities[account.provider or ""]
    except ProvidersError as error:
        raise MailboxError(error.sentence, error.remedy, permanent=True) from None
    return _access(state, account.name, account.username, authority)


@cache
def _access(state: Path, account: str, username: str, authority: "Authority") -> "Token":
    from watcher.tokens import Access, TokenFile

    return Access(TokenFile(state, account), username, authority)


def _own_folder(house: House) -> Path | None:
    return None if house.path is None else house.path.absolute().parent


def mailbox_secret(source: SecretSource) -> str:
    """Fetch a mailbox's secret; its refusal counts as trouble with signing in, so it is tried again later."""
    try:
        return fetch_secret(source)
    except SecretError as error:
        raise MailboxError(error.sentence, error.remedy, kind=Trouble.LOGIN) from None


def channels_of(house: House, around: Surroundings) -> tuple[Channel, ...]:
    """Every configured channel by its name; raises StopError where one can't work as configured."""
    tables = [_channel(house, name, table) for name, table in house.settings.named_channels]
    try:
        return build_channels(tables, around)
    except ChannelError as error:
        raise StopError(error.sentence, error.remedy, WRONG) from None


def _channel(house: House, name: str, table: "ChannelTable") -> dict[str, Any]:
    fields: dict[str, Any] = {**table.model_dump(by_alias=True), "name": name}
    if isinstance(table, EmailChannel):
        source = table.secret
        fields["port"] = table.port_number
        fields["password"] = (lambda: _channel_secret(source)) if source else None
        fields["token"] = _channel_token(house, table)
    if isinstance(table, AppriseChannel):
        fields["url"] = table.url or (lambda: _channel_secret(_address_source(name, table)))
    return fields


def _channel_token(house: House, table: EmailChannel) -> Callable[[], str] | None:
    if table.auth != "oauth2":
        return None
    account = next(each for each in house.settings.account if each.name == table.account)
    assert isinstance(account, ImapAccount), "the configuration was checked"

    def token() -> str:
        try:
            give = token_of(account, house.settings.state_folder, _own_folder(house))
            assert give is not None, "the configuration was checked"
            return give()[1]
        except MailboxError as error:
            raise ChannelError(error.sentence, error.remedy) from None

    return token


def _address_source(name: str, table: AppriseChannel) -> SecretSource:
    if table.url_file is not None:
        return SecretSource(f'channel "{name}"', "file", (str(table.url_file),), prefix="url")
    return SecretSource(f'channel "{name}"', "env", (table.url_env or "",), prefix="url")


def _channel_secret(source: SecretSource) -> str:
    try:
        return fetch_secret(source)
    except SecretError as error:
        raise ChannelError(error.sentence, error.remedy) from None


def surroundings_of(
    house: House, store: Store | None = None, on_action: OnAction | None = None
) -> Surroundings:
    """What channels need to know; with a store, whether a mail of ours has shown up in a mailbox."""
    probe = store.own_mail.probe if store is not None else None
    return Surroundings(utc_now, house.zone, house.settings.language, probe, on_action)


def probed(house: House) -> frozenset[str]:
    """The email channels whose mails land in a mailbox that we watch ourselves."""
    watched = {each.username.lower() for each in house.settings.account if isinstance(each, ImapAccount)}
    return frozenset(
        name
        for name, table in house.settings.named_channels
        if isinstance(table, EmailChannel) and {address.lower() for address in table.to} & watched
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


def app_of(house: House, store: Store, channels: Sequence[Channel], readers: Readers) -> "App":
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
