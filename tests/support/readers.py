"""Readers that behave badly, for the process that must survive them."""

import gc
import os
import time
from datetime import datetime


def length(raw: bytes, received_at: datetime) -> int:
    """Says how long a mail is; some first words make it misbehave."""
    word = raw[:5].strip()
    if word == b"die":
        os._exit(9)
    if word == b"hang":
        time.sleep(60)
    if word == b"raise":
        raise RuntimeError("broken mail")
    if word == b"eat":
        return len(bytearray(3 * 1024**3))
    if word == b"write":
        with open(os.environ["OFFERWATCH_TEST_FILE"], "wb") as sink:
            sink.write(b"x" * 10)
    if word == b"deep":
        return length(raw, received_at) + 1
    return len(raw)


def minus_one(raw: bytes, received_at: datetime) -> int:
    """A plain reader that always works."""
    return -1


def process(raw: bytes, received_at: datetime) -> int:
    """The id of the process that reads."""
    return os.getpid()


def collecting(raw: bytes, received_at: datetime) -> bool:
    """Whether the process that reads takes its garbage away."""
    return gc.isenabled()
