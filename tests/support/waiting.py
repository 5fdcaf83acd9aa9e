"""Waiting for what another thread or process is to do, with an end to the patience."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def until(true: Callable[[], Found], seconds: float = 45.0) -> Found:
    """Return what was found as soon as there is something; so many seconds are for a busy machine."""
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, "it did not happen in time"
        threading.Event().wait(0.02)
    return found
