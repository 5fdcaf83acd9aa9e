"""Reading a whole account once, for `scan`: every folder since a day, nothing remembered."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from watcher.mailboxes import Cursor, Item, Looked, Mailbox, MailboxError, Message, Passed, Unreadable


class NoMemory:
    """The memory of somebody who was never here: everything is unseen."""

    def unseen(self, account: str, folder: str, uidvalidity: int, uids: Sequence[int]) -> list[int]:
        return list(uids)

    def cursor(self, account: str, folder: str) -> Cursor | None:
        return None


def scan_account(
    mailboxes: Sequence[Mailbox], since: datetime, fast: bool = False
) -> Iterator[Message | Unreadable | Passed | MailboxError]:
    """Yield the mails received since then (aware), folder by folder; a folder's trouble comes in its place.

    `fast` trusts the server's sender search where there is one, and so misses forwarded and relayed mail.
    Every mailbox is closed when its turn is over.
    """
    for mailbox in mailboxes:
        try:
            for item in _items(mailbox, since, fast):
                if isinstance(item, Looked) or (isinstance(item, Message) and item.received_at < since):
                    continue
                yield item
        except MailboxError as error:
            yield error
        finally:
            mailbox.close()


def _items(mailbox: Mailbox, since: datetime, fast: bool) -> Iterator[Item]:
    search = getattr(mailbox, "search_sender", None)
    if fast and search is not None:
        yield from search(since)
    else:
        yield from mailbox.look(NoMemory(), since)
