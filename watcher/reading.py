"""Reads mails in child processes with hard limits, so that no mail can hang, crash or fill the program."""

import contextlib
import gc
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Generic, TypeVar

R = TypeVar("R")
T = TypeVar("T")
Read = Callable[[bytes, datetime], R]

CAREFUL_SECONDS = 4.0
PLAIN_SECONDS = 2.0
START_SECONDS = 60.0
_CPU_SECONDS = 20
_MEMORY = 1024 * 1024 * 1024
_FILES = 32
_BATCH = 32
_ALONE = 64  # so many mails one process reads alone: to start another would cost more than it saves
_BATCH_SECONDS = 0.25  # what each mail of a batch adds to the time allowed
_BATCH_BYTES = 1024 * 1024
_SPAWN = multiprocessing.get_context("spawn")  # a fork would copy our threads' locks and connections


class ReadingStoppedError(Exception):
    """The reader was closed while a mail was being read: leave that mail for the next time."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A mail that could not be read, and why in a few words; the caller records it as unclear."""

    why: str


class _ChildGoneError(Exception):
    """The child died or took too long; it has been killed."""


class Reader(Generic[R]):
    """Reads one mail after the other in one child process; may be used from any thread.

    `careful(raw, received_at)` is the real reader. Where it takes longer than `seconds`, crashes or
    raises, `plain` (if given) is asked in a fresh child, and if that fails too the answer is Unread.
    Both must be importable by a new process (top-level functions, or plain values that can be called).
    """

    def __init__(
        self, careful: Read[R], plain: Read[R] | None = None, seconds: float = CAREFUL_SECONDS
    ) -> None:
        self._readers = [careful] if plain is None else [careful, plain]
        self._seconds = (seconds, min(seconds, PLAIN_SECONDS))
        self._lock = threading.Lock()
        self._child: _Child[R] | None = None
        self._closed = threading.Event()

    def __enter__(self) -> "Reader[R]":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def read(self, raw: bytes, received_at: datetime) -> R | Unread:
        """Read one mail; raises ReadingStoppedError where `close` is called meanwhile, nothing else."""
        with self._lock:
            return self._read(raw, received_at)

    def read_all(self, mails: list[tuple[bytes, datetime]]) -> list[R | Unread]:
        """Read several mails in one go, which saves the trips; where that fails, one by one."""
        with self._lock:
            if len(mails) > 1:
                try:
                    answers = self._running().ask(0, mails, self._seconds[0] + len(mails) * _BATCH_SECONDS)
                    return [self._again(mail) if isinstance(one, Unread) else one
                            for mail, one in zip(mails, answers, strict=True)]  # fmt: skip
                except _ChildGoneError:
                    self._forget()
            return [self._read(raw, received_at) for raw, received_at in mails]

    def close(self) -> None:
        """End the child now, even in the middle of a mail."""
        self._closed.set()
        child = self._child
        if child is not None:
            child.kill()

    def _read(self, raw: bytes, received_at: datetime) -> R | Unread:
        for attempt in range(len(self._readers)):
            answer = self._try(attempt, raw, received_at)
            if not isinstance(answer, Unread):
                return answer
        return answer

    def _again(self, mail: tuple[bytes, datetime]) -> R | Unread:
        return self._try(1, *mail) if len(self._readers) > 1 else Unread("the reader failed")

    def _try(self, which: int, raw: bytes, received_at: datetime) -> R | Unread:
        try:
            return self._running().ask(which, [(raw, received_at)], self._seconds[which])[0]
        except _ChildGoneError as gone:
            self._forget()
            return Unread(str(gone))

    def _running(self) -> "_Child[R]":
        self._stop_if_closed()
        if self._child is None:
            self._child = _Child(self._readers)
            self._stop_if_closed()
        return self._child

    def _forget(self) -> None:
        if self._child is not None:
            self._child.kill()
        self._child = None
        self._stop_if_closed()

    def _stop_if_closed(self) -> None:
        if self._closed.is_set():
            if self._child is not None:
                self._child.kill()
            raise ReadingStoppedError


class _Child(Generic[R]):
    """One child process and the pipe to it."""

    def __init__(self, readers: list[Read[R]]) -> None:
        self._pipe, theirs = _SPAWN.Pipe()
        self._process = _SPAWN.Process(target=_serve, args=(readers, theirs), daemon=True)
        self._process.start()
        theirs.close()
        self._ready = False
        self._killed = threading.Lock()

    def ask(self, which: int, mails: list[tuple[bytes, datetime]], seconds: float) -> list[R | Unread]:
        """The answers for some mails; where none come, the child is killed: _ChildGoneError."""
        try:
            if not self._ready:  # importing takes its time, which is not the mail's fault
                if not self._pipe.poll(START_SECONDS):
                    raise _ChildGoneError("the reading process did not start")
                self._pipe.recv()
                self._ready = True
            self._pipe.send((which, mails))
            if not self._pipe.poll(seconds):
                raise _ChildGoneError("reading took too long")
            answers: list[R | Unread] = self._pipe.recv()
        except _ChildGoneError:
            self.kill()
            raise
        except (
            Exception
        ) as error:  # EOF, reset, unpicklable: whatever it is, this child is of no use any more
            self.kill()
            raise _ChildGoneError("the reading process died") from error
        return answers

    def kill(self) -> None:
        """End the process and leave no zombie; may be called twice, from two threads."""
        with self._killed:
            if self._process.is_alive():
                self._process.kill()
            self._process.join(5)
        with contextlib.suppress(OSError):
            self._pipe.close()


def _serve(readers: list[Read[R]], pipe: Connection) -> None:
    """The child: answer until the pipe closes, which it does when the parent dies, however it dies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115  # for the whole life of the process
    for each in readers:
        prepare = getattr(each, "prepare", None)
        if callable(prepare):
            with contextlib.suppress(Exception):  # told by the first mail, or by the parent's own check
                prepare()
    gc.enable()  # the command line that started us may have switched it off
    gc.freeze()  # the words stay to the end; there is no use in looking through them
    _confine()
    with contextlib.suppress(EOFError, OSError):
        pipe.send(None)
        while True:
            which, mails = pipe.recv()
            pipe.send([_answer(readers[which], raw, received_at) for raw, received_at in mails])


def _answer(read: Read[R], raw: bytes, received_at: datetime) -> R | Unread:
    _renew_cpu()
    try:
        return read(raw, received_at)
    except Exception as error:  # a mail may break any parser; MemoryError and RecursionError too
        return Unread(type(error).__name__)


def _confine() -> None:
    """Little memory above what the libraries took, few files, no writing; only where the system can."""
    try:
        import resource
    except ImportError:
        return
    limits = ((resource.RLIMIT_AS, _memory_now() + _MEMORY), (resource.RLIMIT_NOFILE, _FILES))
    for what, most in (*limits, (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0)):
        with contextlib.suppress(ValueError, OSError):
            _, hard = resource.getrlimit(what)
            allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(what, (allowed, hard if what == resource.RLIMIT_CPU else allowed))


def _renew_cpu() -> None:
    try:
        import resource
    except ImportError:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + _CPU_SECONDS, hard))


def _memory_now() -> int:
    with contextlib.suppress(OSError, ValueError, IndexError), open("/proc/self/statm") as statm:
        return int(statm.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    return _MEMORY


Mail = tuple[T, bytes, datetime]


@dataclass(frozen=True, slots=True)
class _Work(Generic[T, R]):
    """A batch that was given to one of the readers."""

    batch: list[Mail[T]]
    reader: int
    future: Future[list[R | Unread]]

    def answers(self) -> Iterator[tuple[T, R | Unread]]:
        for (tag, _, _), answer in zip(self.batch, self.future.result(), strict=True):
            yield tag, answer


def read_many(
    mails: Iterable[Mail[T]], careful: Read[R], plain: Read[R] | None = None, workers: int | None = None
) -> Iterator[tuple[T, R | Unread]]:
    """Read (tag, raw, received_at) after the other on all cores; (tag, answer) in the order of the input.

    The input is drawn as needed: only a few batches are held at a time, however long it is.
    """
    count = workers or max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2)
    readers: list[Reader[R]] = [Reader(careful, plain) for _ in range(count)]
    pools = [ThreadPoolExecutor(1, thread_name_prefix="reading") for _ in readers]
    waiting: deque[_Work[T, R]] = deque()
    drawn = 0
    try:
        for batch in _batches(mails):
            drawn += len(batch)
            idlest = _idlest(waiting, count if drawn > _ALONE else 1)
            given = [(raw, received_at) for _, raw, received_at in batch]
            waiting.append(_Work(batch, idlest, pools[idlest].submit(readers[idlest].read_all, given)))
            if len(waiting) > 2 * count:
                yield from waiting.popleft().answers()
        while waiting:
            yield from waiting.popleft().answers()
    finally:
        for reader in readers:
            reader.close()
        for pool in pools:
            pool.shutdown(wait=True, cancel_futures=True)
        for reader in readers:
            reader.close()


def _idlest(waiting: Iterable[_Work[T, R]], among: int) -> int:
    """The reader with the fewest mails before it, of the first so many."""
    left = [0] * among
    for work in waiting:
        if work.reader < among and not work.future.done():
            left[work.reader] += len(work.batch)
    return left.index(min(left))


def _batches(mails: Iterable[Mail[T]]) -> Iterator[list[Mail[T]]]:
    """Small batches first, so that the first answers come at once."""
    batch: list[Mail[T]] = []
    size, most = 0, 1
    for mail in mails:
        batch.append(mail)
        size += len(mail[1])
        if len(batch) >= most or size >= _BATCH_BYTES:
            yield batch
            batch, size, most = [], 0, min(_BATCH, most * 2)
    if batch:
        yield batch
