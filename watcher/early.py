"""Signals that come while the daemon is being made: told to stop, it ends well; told to reload, later."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def heeded() -> Iterator[None]:
    """Until the daemon's own handlers stand, and after they are gone, SIGTERM and SIGINT end with exit 0.

    At once, as if killed: nothing needs to be put away, and an exception raised here would be swallowed by
    callbacks of imports, or wrapped as a failure of what was being built.
    SIGHUP waits in the kernel until a daemon can act on it. Main thread only.
    """
    names = (signal.SIGTERM, signal.SIGINT)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    before = {name: signal.signal(name, _end) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


@contextmanager
def let_through() -> Iterator[None]:
    """Let a SIGHUP that waited come now; afterwards it is held back again as before. Main thread only."""
    mask = signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _end(number: int, frame: FrameType | None) -> None:
    os._exit(0)
