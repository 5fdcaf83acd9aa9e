"""From a checked account to its mailboxes: the server, how to sign in, and how its mail is read."""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from watcher.commands import House
from watcher.mailboxes import Mailbox, MailboxError, Trouble
from watcher.recipe import Recipe
from watcher.secrets import SecretError, SecretSource, fetch_secret
from watcher.settings import ImapAccount, MaildirAccount

if TYPE_CHECKING:
    from watcher.mailboxes.imap import ImapMailbox
    from watcher.mailboxes.wire import Timeouts
    from watcher.providers import Authority
    from watcher.settings import Account

Token = Callable[[], tuple[str, str]]
"""What gives a user's name and a fresh token."""


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
    token = token_of(account, house.settings.state_folder, own_folder(house))
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


def own_folder(house: House) -> Path | None:
    return None if house.path is None else house.path.absolute().parent


def mailbox_secret(source: SecretSource) -> str:
    """Fetch a mailbox's secret; its refusal counts as trouble with signing in, so it is tried again later."""
    try:
        return fetch_secret(source)
    except SecretError as error:
        raise MailboxError(error.sentence, error.remedy, kind=Trouble.LOGIN) from None
