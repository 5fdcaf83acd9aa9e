"""Where mail comes from: one protocol for every mailbox, and the nouns that all of them share.

Law: a look at a mailbox changes nothing in it, and `Looked` comes last, only after every mail in range
was handed over. Who stops half-way has not looked.
"""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

CAP = 2 * 1024 * 1024
"""How many bytes of one mail are read; `Message.size` tells when there was more."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one mail lies. In a Maildir `uidvalidity` is 0 and `uid` a 53-bit hash of the file's name."""

    account: str
    folder: str
    uidvalidity: int
    uid: int


@dataclass(frozen=True, slots=True)
class Message:
    """One mail: its bytes, cut at `CAP`, and its envelope; `size` is the uncut length in bytes.

    `received_at` is aware UTC. `source` is what the contract prints. A mail from a file has no place.
    """

    raw: bytes
    received_at: datetime
    source: str
    place: Place | None
    size: int


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A mail that is there and that could not be read; the next look tries it again while it is unseen."""

    place: Place
    source: str
    error: str
    received_at: datetime | None


@dataclass(frozen=True, slots=True)
class Passed:
    """Mails left unread in a large look because nothing about them could be AliExpress's: seen, in bulk."""

    account: str
    folder: str
    uidvalidity: int
    uids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Looked:
    """Proof of a completed look: how the folder stood when it began."""

    account: str
    folder: str
    uidvalidity: int
    uidnext: int
    exists: int


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far the last completed look at a folder came."""

    uidvalidity: int
    uidnext: int


class Memory(Protocol):
    """What a mailbox asks of the store."""

    def unseen(self, account: str, folder: str, uidvalidity: int, uids: Sequence[int]) -> list[int]:
        """Return those of `uids` that were never taken in, in the order given."""
        ...

    def cursor(self, account: str, folder: str) -> Cursor | None:
        """Return how far the last completed look came, None before the first."""
        ...


Item = Message | Unreadable | Passed | Looked


class Mailbox(Protocol):
    """One folder of one account. Any `MailboxError` leaves it closed, and the next look opens it again."""

    @property
    def account(self) -> str:
        """The account's name in the configuration."""
        ...

    def look(self, memory: Memory, since: datetime) -> Iterator[Item]:
        """Yield every unseen mail that is new, or that was received at or after `since` (aware), oldest
        place first; `Passed` where many were left unread; `Looked` last. Raises `MailboxError`.
        """
        ...

    def wait(self, seconds: float, stop: threading.Event) -> None:
        """Return when something may be new, when `seconds` are over, or within 1 s of `stop`.

        A hint, never evidence: look afterwards whatever happened. Raises `MailboxError`.
        """
        ...

    def close(self) -> None:
        """Let go of connections and files; never raises, may be called twice."""
        ...


class Trouble(StrEnum):
    """What kind of trouble a mailbox is in, so that the daemon knows how long to wait."""

    NETWORK = "network"  # not reached, cut or silent: try again soon
    LOGIN = "login"  # the server says that name or password are wrong: a person must act
    LOGIN_CUT = "login_cut"  # the connection ended while signing in: says nothing about the password
    LIMIT = "limit"  # too many sessions, rate limit, mailbox in use: try again later
    FOLDER = "folder"  # the folder is not there, or may not be opened
    TLS = "tls"  # no encryption, or a certificate that can't be trusted
    SERVER = "server"  # it answered, but not with what was asked for


class MailboxError(Exception):
    """A mailbox that can't be read now: what happened, what to do about it, and of which kind it is.

    `permanent` where trying again changes nothing until a person has acted.
    """

    def __init__(
        self, sentence: str, remedy: str, permanent: bool = False, kind: Trouble = Trouble.SERVER
    ) -> None:
        super().__init__(f"{sentence} {remedy}")
        self.sentence = sentence
        self.remedy = remedy
        self.permanent = permanent
        self.kind = kind
