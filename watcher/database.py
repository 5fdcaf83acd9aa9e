"""One SQLite file, private to its owner, that survives a kill at any point and serves several processes."""

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from watcher.clock import monotonic
from watcher.migrations import STEPS

FILE_NAME = "offerwatch.sqlite3"
PATIENCE = 3.0  # seconds that a lock of another program is waited for
HURRY = 0.3  # seconds instead, once we are to end: a daemon told to stop must be gone within 5
_NEVER = threading.Event()  # a sleep that works under a faked clock, too


class StoreError(Exception):
    """The store can't be read or written now: what happened, and what to do."""

    def __init__(self, sentence: str, remedy: str) -> None:
        super().__init__(f"{sentence} {remedy}")
        self.sentence = sentence
        self.remedy = remedy


class Database:
    """One connection behind a lock, safe for threads; other processes may use the same file meanwhile.

    `steps` are the migrations to bring the file up to. Raises StoreError.
    """

    def __init__(self, folder: Path, steps: Sequence[Sequence[str]] = STEPS) -> None:
        self.path = folder / FILE_NAME
        self._lock = threading.RLock()
        self._depth = 0
        self._hurried = False
        with self._explained():
            _private(folder, self.path)
            self._connection = sqlite3.connect(
                self.path, timeout=PATIENCE, isolation_level=None, check_same_thread=False
            )
        try:
            self._prepare(steps)
        except BaseException:
            self._connection.close()
            raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Lend the connection for a few statements that belong to no transaction. Raises StoreError."""
        with self._lock, self._explained():
            yield self._connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Lend the connection for one transaction: all of it is kept, or nothing. Nested use joins the
        outer one. Raises StoreError."""
        with self._lock, self._explained():
            if self._depth == 0:
                self._begin()
            self._depth += 1
            try:
                yield self._connection
                if self._depth == 1:
                    self._connection.execute("COMMIT")
            except BaseException:
                if self._depth == 1:
                    with suppress(sqlite3.Error):  # SQLite has already rolled back after a full disk
                        self._connection.execute("ROLLBACK")
                raise
            finally:
                self._depth -= 1

    def hurry(self) -> None:
        """From now on wait for nobody, in whatever thread: we are to end."""
        self._hurried = True

    def _begin(self) -> None:
        """Begin to write. The waiting is done here and not by SQLite, so that it can be cut short."""
        began = monotonic()
        while True:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
                if not busy or monotonic() - began > (HURRY if self._hurried else PATIENCE):
                    raise
            _NEVER.wait(0.02)

    def close(self) -> None:
        """Let go of the file; may be called twice."""
        with self._lock, suppress(sqlite3.Error):
            self._connection.close()

    def _prepare(self, steps: Sequence[Sequence[str]]) -> None:
        with self._explained():
            for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
                self._connection.execute(f"PRAGMA {pragma}")
            if self._version(steps) < len(steps):
                self._upgrade(steps)
            self._connection.execute("PRAGMA busy_timeout = 50")

    def _version(self, steps: Sequence[Sequence[str]]) -> int:
        found = int(self._connection.execute("PRAGMA user_version").fetchone()[0])
        if found > len(steps):
            raise StoreError(
                f"{self.path} was made by a newer offerwatch.",
                "Install that version again, or name another state_dir in the configuration.",
            )
        return found

    def _upgrade(self, steps: Sequence[Sequence[str]]) -> None:
        before = self._version(steps)
        if before:
            self._copy(self.path.with_name(f"{FILE_NAME}.v{before}.bak"))
        with self.writing() as connection:
            for step in steps[self._version(steps) :]:  # asked again: another process may have been first
                for statement in step:
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {len(steps)}")

    def _copy(self, target: Path) -> None:
        _private(target.parent, target)
        with sqlite3.connect(target) as copy:
            self._connection.backup(copy)
        copy.close()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise _explain(error, self.path) from error


def _private(folder: Path, path: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)


_REASONS = {
    sqlite3.SQLITE_FULL: ("The disk is full: {path} can't be written.", "Make room on that disk."),
    sqlite3.SQLITE_READONLY: (
        "{path} is read-only.",
        "Give the user that runs offerwatch the right to write there, or name another state_dir.",
    ),
    sqlite3.SQLITE_BUSY: (
        "{path} is locked by another program.",
        "End what holds it open (a backup, a database browser); offerwatch tries again by itself.",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "{path} can't be opened.",
        "Check that its folder exists and belongs to the user that runs offerwatch.",
    ),
    sqlite3.SQLITE_IOERR: ("The disk failed while {path} was used.", "Check that disk, then start again."),
    sqlite3.SQLITE_NOTADB: (
        "{path} is not an offerwatch store.",
        "Move it away and start again: the mailbox is then read anew.",
    ),
    sqlite3.SQLITE_CORRUPT: (
        "{path} is damaged.",
        "Move it away and start again: the mailbox is then read anew.",
    ),
}


def _explain(error: sqlite3.Error | OSError, path: Path) -> StoreError:
    if isinstance(error, OSError):
        sentence = f"{path} can't be used: {error.strerror or error}."
        return StoreError(sentence, "Check the folder and its rights, or name another state_dir.")
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    sentence, remedy = _REASONS.get(
        code, (f"{{path}} can't be used: {error}.", "Run `offerwatch doctor`, and report this if it stays.")
    )
    return StoreError(sentence.replace("{path}", str(path)), remedy)
