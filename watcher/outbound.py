"""From the checked table of a channel to the channel: its secret, its token, and what it needs to know."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from watcher.channels import Channel, ChannelError, OnAction, Surroundings, build_channels
from watcher.clock import utc_now
from watcher.commands import WRONG, House, StopError
from watcher.inbound import own_folder, token_of
from watcher.mailboxes import MailboxError
from watcher.secrets import SecretError, SecretSource, fetch_secret
from watcher.settings import AppriseChannel, EmailChannel, ImapAccount
from watcher.store import Store

if TYPE_CHECKING:
    from watcher.settings import Channel as ChannelTable


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
            give = token_of(account, house.settings.state_folder, own_folder(house))
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
