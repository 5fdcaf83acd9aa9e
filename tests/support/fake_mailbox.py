"""A mailbox that is only a list, and a memory that is only a set: what `Mailbox` and `Memory` mean."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from watcher.mailboxes import (
    Cursor,
    Item,
    Looked,
    MailboxError,
    Memory,
    Message,
    Passed,
    Place,
    Unreadable,
)


@dataclass
class FakeMemory:
    """Remembers what was taken in, as the store does."""

    seen: set[Place] = field(default_factory=set)
    cursors: dict[tuple[str, str], Cursor] = field(default_factory=dict)

    def unseen(self, account: str, folder: str, uidvalidity: int, uids: Sequence[int]) -> list[int]:
        return [uid for uid in uids if Place(account, folder, uidvalidity, uid) not in self.seen]

    def cursor(self, account: str, folder: str) -> Cursor | None:
        return self.cursors.get((account, folder))

    def take(self, item: Item) -> None:
        """Record an item the way the daemon does."""
        if isinstance(item, Message) and item.place:
            self.seen.add(item.place)
        elif isinstance(item, Passed):
            self.seen.update(Place(item.account, item.folder, item.uidvalidity, uid) for uid in item.uids)
        elif isinstance(item, Looked):
            self.cursors[item.account, item.folder] = Cursor(item.uidvalidity, item.uidnext)

    def look(self, mailbox: object, since: datetime) -> list[Item]:
        """Look once, take in everything, return it."""
        found = []
        for item in mailbox.look(self, since):  # type: ignore[attr-defined]
            self.take(item)
            found.append(item)
        return found


class FakeMailbox:
    """A folder in memory. `put` mails in; set `trouble` to make the next look or wait fail with it."""

    def __init__(self, account: str = "home", folder: str = "INBOX") -> None:
        self.account = account
        self.folder = folder
        self.uidvalidity = 1
        self.trouble: MailboxError | None = None
        self.closed = 0
        self._mails: dict[int, tuple[bytes, datetime]] = {}
        self._broken: set[int] = set()
        self._next = 1
        self._news = threading.Event()

    def put(self, raw: bytes, received_at: datetime, broken: bool = False) -> int:
        """Add a mail, `broken` if it can't be read; returns its number."""
        uid, self._next = self._next, self._next + 1
        self._mails[uid] = raw, received_at
        if broken:
            self._broken.add(uid)
        self._news.set()
        return uid

    def remove(self, uid: int) -> None:
        del self._mails[uid]

    def look(self, memory: Memory, since: datetime) -> Iterator[Item]:
        self._fail()
        self._news.clear()
        exists, uidnext = len(self._mails), self._next
        cursor = memory.cursor(self.account, self.folder)
        new = cursor.uidnext if cursor and cursor.uidvalidity == self.uidvalidity else uidnext
        uids = [uid for uid, (_, at) in self._mails.items() if at >= since or uid >= new]
        for uid in memory.unseen(self.account, self.folder, self.uidvalidity, uids):
            raw, at = self._mails[uid]
            place = Place(self.account, self.folder, self.uidvalidity, uid)
            source = f"fake://{self.account}/{self.folder}/{uid}"
            if uid in self._broken:
                yield Unreadable(place, source, "broken on purpose", at)
            else:
                yield Message(raw, at, source, place, len(raw))
        yield Looked(self.account, self.folder, self.uidvalidity, uidnext, exists)

    def wait(self, seconds: float, stop: threading.Event) -> None:
        self._fail()
        remaining = seconds
        while remaining > 0 and not stop.is_set() and not self._news.wait(min(remaining, 0.05)):
            remaining -= 0.05

    def close(self) -> None:
        self.closed += 1

    def _fail(self) -> None:
        trouble, self.trouble = self.trouble, None
        if trouble is not None:
            raise trouble
