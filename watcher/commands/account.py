"""The configured mailboxes: which there are, and whether each can be signed in to and opened."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from watcher.clock import utc_now
from watcher.commands import DONE, FAILED, WRONG, House, StopError, listed, open_house, print_json, say
from watcher.commands.look import status_of
from watcher.glance import glance_of
from watcher.mailboxes import Cursor, Looked, Mailbox, MailboxError, Trouble
from watcher.settings import Account, ImapAccount
from watcher.store import Store

_OF_THE_SERVER = {Trouble.NETWORK, Trouble.LOGIN, Trouble.LOGIN_CUT, Trouble.LIMIT, Trouble.TLS}


def list_accounts(config: Path | None, as_json: bool) -> None:
    """Print every account with its folders; as JSON one account a line, as `status` has it."""
    house, now = open_house(config), utc_now()
    store = Store(house.settings.state_folder)
    try:
        shown = status_of(store, glance_of(house.settings), now)["accounts"]
    finally:
        store.close()
    if as_json:
        for each in shown:
            print_json(each)
        return
    if not shown:
        say("No account is configured yet. Run: offerwatch account add")
    for account, each in zip(house.settings.account, shown, strict=True):
        say(f"{account.name}: {where(account)}")
        _say_folders(each)


def _say_folders(account: Mapping[str, Any]) -> None:
    from watcher.paper import Paper
    from watcher.tables import folder_line

    for folder in account["folders"]:
        Paper(sys.stdout).line(*folder_line(account["name"], folder, utc_now()))


def where(account: Account) -> str:
    """Where an account lies, in a few words without secrets."""
    if isinstance(account, ImapAccount):
        secured = "" if account.security == "tls" else f", {account.security}"
        return (
            f"{account.username} on {account.host}:{account.port_number}{secured}; secret: {account.secret}"
        )
    return f"Maildir {account.path}"


def test_accounts(config: Path | None, name: str | None) -> int:
    """Sign in to each account and open each folder; returns 1 if anything fails."""
    house = open_house(config)
    accounts = house.settings.account
    chosen = [each for each in accounts if name in (None, each.name)]
    if not chosen:
        known = listed(each.name for each in accounts)
        raise StopError(f'There is no account "{name or ""}".', f"The configuration has {known}.", WRONG)
    worked = [_test(house, account) for account in chosen]
    return DONE if all(worked) else FAILED


def _test(house: House, account: Account) -> bool:
    from watcher.inbound import mailboxes_of

    say(f"{account.name}: {where(account)}")
    try:
        mailboxes = mailboxes_of(house, account)
    except MailboxError as error:
        say(f"  FAILED  {error.sentence} {error.remedy}")
        return False
    worked = True
    for mailbox, folder in zip(mailboxes, account.folders, strict=True):
        try:
            say(f"  ok  {folder}: {opened_folder(mailbox)}")
        except MailboxError as error:
            worked = False
            if error.kind in _OF_THE_SERVER:  # every folder would say the same, and each try counts there
                say(f"  FAILED  {error.sentence} {error.remedy}")
                break
            say(f"  FAILED  {folder}: {error.sentence} {error.remedy}")
        else:
            _tell_met(house, account, folder)
    return worked


def _tell_met(house: House, account: Account, folder: str) -> None:
    """What AliExpress's mails in a folder carry: names of hosts alone, to set `authserv_id` by."""
    from watcher.census import census
    from watcher.inbound import mailboxes_of

    (mailbox,) = mailboxes_of(house, account, [folder])
    try:
        met = census(house, account, mailbox, utc_now())
    except MailboxError:
        return  # it was opened a moment ago: what is wrong is told by the next test
    finally:
        mailbox.close()
    if met.mails:
        say(f"      mails of AliExpress: {met.told()}")


def opened_folder(mailbox: Mailbox) -> str:
    """Look at a folder as the daemon does, keeping nothing; returns what was there. Raises MailboxError."""
    try:
        for item in mailbox.look(_AllSeen(), utc_now()):
            if isinstance(item, Looked):
                return f"{item.exists} mail{'s' * (item.exists != 1)} in {item.folder}"
    finally:
        mailbox.close()
    raise MailboxError("The look did not come to its end.", "Run: offerwatch doctor")


class _AllSeen:
    """The memory of somebody who has seen everything: a look goes all the way and fetches no mail."""

    def unseen(self, account: str, folder: str, uidvalidity: int, uids: Sequence[int]) -> list[int]:
        return []

    def cursor(self, account: str, folder: str) -> Cursor | None:
        return None
