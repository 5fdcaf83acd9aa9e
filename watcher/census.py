"""What occurs in the mails of AliExpress that a mailbox holds: who vouches, who signed, where links lead."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import Message as Head
from email.parser import BytesHeaderParser
from email.policy import compat32

from watcher.commands import House
from watcher.mailboxes import Cursor, Mailbox, Message
from watcher.settings import Account
from watcher.terminal import one_line

RECENT = timedelta(days=90)
NEWEST = 2000  # mails of a folder among which AliExpress's are looked for
ENOUGH = 25  # of AliExpress's
_SHOWN = 5
_HEAD = 65536


@dataclass(slots=True)
class Census:
    """How often each name was met; host names alone, nothing else of a mail is kept."""

    mails: int = 0
    servers: Counter[str] = field(default_factory=Counter)
    signers: Counter[str] = field(default_factory=Counter)
    hosts: Counter[str] = field(default_factory=Counter)

    def told(self) -> str:
        """All of it in one line."""
        parts = [
            f"{what} {', '.join(f'{name} ({times})' for name, times in counted.most_common(_SHOWN))}"
            for what, counted in (
                ("results by", self.servers),
                ("signed by", self.signers),
                ("links to", self.hosts),
            )
            if counted
        ]
        return "; ".join([f"{self.mails} among the newest mails", *parts])


def census(house: House, account: Account, mailbox: Mailbox, now: datetime) -> Census:
    """Look through a folder's newest mails for those of AliExpress; keeps nothing. Raises MailboxError."""
    from watcher.inbound import recipe_of
    from watcher.readers import Readers

    found, recipe = Census(), recipe_of(house, account)
    with Readers(lambda name: recipe) as read:
        for item in mailbox.look(_Newest(), now - RECENT):
            if isinstance(item, Message) and b"aliexpress" in item.raw[:_HEAD].lower():
                _count(found, item.raw, read(item).anchors)
                if found.mails == ENOUGH:
                    break
    return found


def _count(found: Census, raw: bytes, anchors: Iterable[object]) -> None:
    from parsers.authresults import parse_results
    from rules.addresses import host_of, open_wrapped

    head = BytesHeaderParser(policy=compat32).parsebytes(raw[:_HEAD])
    found.mails += 1
    found.servers.update(
        {_name(parse_results(value).server) for value in _all(head, "Authentication-Results")}
    )
    found.signers.update(
        {_name(domain) for value in _all(head, "DKIM-Signature") if (domain := _signer(value))}
    )
    hrefs = [getattr(anchor, "href", None) for anchor in anchors]
    hosts = [host_of(open_wrapped(href).url) for href in hrefs if href]
    found.hosts.update({_name(host) for host in hosts if host})


def _all(head: Head, name: str) -> list[str]:
    return [str(value) for value in head.get_all(name, [])][:20]


def _signer(signature: str) -> str:
    tags = (part.partition("=") for part in signature.split(";"))
    return next(("".join(value.split()) for name, _, value in tags if name.strip().lower() == "d"), "")


def _name(text: str) -> str:
    return one_line(text.lower(), 80)


class _Newest:
    """A memory that has seen everything but the newest mails."""

    def unseen(self, account: str, folder: str, uidvalidity: int, uids: Sequence[int]) -> list[int]:
        return sorted(uids)[-NEWEST:]

    def cursor(self, account: str, folder: str) -> Cursor | None:
        return None
