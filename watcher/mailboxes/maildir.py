"""A Maildir on disk, watched without moving, flagging or writing anything in it.

Law: new/ is listed before cur/, so a mail that another program moves meanwhile is met twice rather than
never. A mail is known by the part of its name before ":2,", which outlives moves and flags.
"""

import hashlib
import os
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from imapclient import imap_utf7  # type: ignore[import-untyped]  # imapclient ships no types

from watcher.mailboxes import (
    CAP,
    Item,
    Looked,
    MailboxError,
    Memory,
    Message,
    Passed,
    Place,
    Trouble,
    Unreadable,
)
from watcher.mailboxes.folders import missing, resolve

TICK = 1.0  # seconds between two looks at the folders' clocks while waiting
UID_BITS = 53  # so that a number survives any JSON reader

_Signature = tuple[int, int, frozenset[str]]


class MaildirMailbox:
    """One folder of a Maildir; a `Mailbox`. Sub-folders are those of Maildir++ (".Junk") or plain ones."""

    def __init__(
        self,
        account: str,
        path: str | Path,
        folder: str = "INBOX",
        *,
        poll_every: timedelta = timedelta(minutes=5),
        tick: float = TICK,
    ) -> None:
        """`folder` is INBOX (the Maildir itself), a sub-folder's name or a special-use flag."""
        self.account = account
        self.folder = folder
        self._root = Path(path).expanduser()
        self._poll_every = poll_every.total_seconds()
        self._tick = tick
        self._signature: _Signature | None = None

    def look(self, memory: Memory, since: datetime) -> Iterator[Item]:
        """Yield what is unseen, `Looked` last; see `Mailbox.look`.

        A first look passes over what is older than `since`, so that later only what is new is unseen.
        """
        name, place = self._find()
        signature = _signature(place)
        files = _listed(place, self.account)
        unseen = memory.unseen(self.account, name, 0, list(files))
        first = memory.cursor(self.account, name) is None
        old: list[int] = []
        for uid in unseen:
            if first and _is_older(files[uid], since):
                old.append(uid)
            elif item := self._read(name, place, uid, files[uid]):
                yield item
        if old:
            yield Passed(self.account, name, 0, tuple(old))
        self._signature = signature
        yield Looked(self.account, name, 0, 0, len(files))

    def wait(self, seconds: float, stop: threading.Event) -> None:
        """Return when the folder is no longer as it was when the last look began."""
        _, place = self._find()
        until = time.monotonic() + min(seconds, self._poll_every)
        while not stop.is_set() and (left := until - time.monotonic()) > 0:
            if self._signature is not None and _signature(place) != self._signature:
                return
            stop.wait(min(left, self._tick))

    def close(self) -> None:
        """Nothing is held open."""

    def cut(self) -> None:
        """Nothing is held open."""

    def names(self) -> list[str]:
        """Return the names of all folders of the account. Raises `MailboxError`."""
        self._find_root()
        return ["INBOX", *sorted(folder_names(self._root))]

    def _find(self) -> tuple[str, Path]:
        self._find_root()
        if self.folder.upper() == "INBOX":
            return "INBOX", self._root
        folders = folder_names(self._root)
        name = self.folder
        if name.startswith("\\"):
            name = resolve(name, [((), n) for n in folders], self.account, str(self._root))
        if name not in folders:
            raise missing(name, ["INBOX", *folders], self.account, str(self._root))
        return name, folders[name]

    def _find_root(self) -> None:
        if not is_maildir(self._root):
            raise MailboxError(
                f"{self._root} is not a Maildir: it has no cur and new.",
                f"Set `path` of account {self.account} to the folder that holds cur, new and tmp.",
                permanent=True,
                kind=Trouble.FOLDER,
            )

    def _read(self, name: str, folder: Path, uid: int, path: Path) -> Message | Unreadable | None:
        place = Place(self.account, name, 0, uid)
        try:
            return read_file(path, str(path), place)
        except FileNotFoundError:
            moved = _moved(folder, path)
            try:
                return read_file(moved, str(moved), place) if moved else None
            except FileNotFoundError:
                return None  # moved twice or removed: the next look will tell
            except OSError as error:
                return Unreadable(place, str(path), error.strerror or str(error), None)
        except OSError as error:
            return Unreadable(place, str(path), error.strerror or str(error), _mtime(path))


def is_maildir(path: Path) -> bool:
    """Return whether a folder has the two rooms that mail is read from."""
    return (path / "cur").is_dir() and (path / "new").is_dir()


def folder_names(root: Path) -> dict[str, Path]:
    """Return the sub-folders of a Maildir by their readable names, "/" between levels."""
    found: dict[str, Path] = {}
    for path in sorted(p for p in root.iterdir() if p.is_dir() and is_maildir(p)):
        if path.name.startswith("."):
            found[_decoded(path.name[1:]).replace(".", "/")] = path
        else:
            found.setdefault(path.name, path)
    return found


def files_of(folder: Path) -> list[Path]:
    """Return the files of all mails in one Maildir folder, each mail once, in the order of their names.

    Raises OSError where the folder can't be listed.
    """
    found: dict[str, Path] = {}
    for room in ("new", "cur"):
        with os.scandir(folder / room) as entries:
            found.update({_unique(e.name): Path(e.path) for e in entries if not e.name.startswith(".")})
    return [found[unique] for unique in sorted(found)]


def read_file(path: Path, source: str, place: Place | None = None) -> Message:
    """Return a file as a message received when it was written. Raises OSError."""
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        raw = file.read(CAP)
    return Message(raw, _instant(status.st_mtime), source, place, max(status.st_size, len(raw)))


def uid_of(name: str) -> int:
    """Return the stable number of a mail file: a hash of the part of its name that never changes."""
    digest = hashlib.sha256(os.fsencode(_unique(name))).digest()
    return int.from_bytes(digest[:8]) >> (64 - UID_BITS)


def _listed(folder: Path, account: str) -> dict[int, Path]:
    try:
        return {uid_of(path.name): path for path in files_of(folder)}
    except OSError as error:
        raise MailboxError(
            f"{folder} can't be listed ({error.strerror or error}).",
            f"Check the rights of account {account}'s Maildir.",
            kind=Trouble.FOLDER,
        ) from None


def _signature(folder: Path) -> _Signature | None:
    """Return what changes when mail comes. The names in new/ tell what a coarse clock would not."""
    try:
        new, cur = folder / "new", folder / "cur"
        clocks = new.stat().st_mtime_ns, cur.stat().st_mtime_ns
        return *clocks, frozenset(os.listdir(new))
    except OSError:
        return None


def _moved(folder: Path, path: Path) -> Path | None:
    try:
        return next((p for p in files_of(folder) if _unique(p.name) == _unique(path.name)), None)
    except OSError:
        return None


def _unique(name: str) -> str:
    # ":" can't stand in names on some file systems; then programs use ";" or "!" before the flags.
    for mark in (":2,", ";2,", "!2,"):
        name = name.split(mark, 1)[0]
    return name


def _is_older(path: Path, since: datetime) -> bool:
    at = _mtime(path)
    return at is not None and at < since


def _mtime(path: Path) -> datetime | None:
    try:
        return _instant(path.stat().st_mtime)
    except OSError:
        return None


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _decoded(name: str) -> str:
    try:
        decoded: str = imap_utf7.decode(name.encode())
    except (ValueError, UnicodeError):
        return name
    return decoded
