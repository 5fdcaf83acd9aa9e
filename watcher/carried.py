"""The alerts that go past the store while it can't be written: under way, arrived, or nobody knows."""

import threading

from watcher.clock import monotonic

DOUBT = 600.0  # seconds before what may have arrived is carried again past the store

Pair = tuple[str, str]
"""The key of an alert and the name of a channel."""


class Carried:
    """What is carried past the store while it can't be written, by key and channel; safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: set[Pair] = set()
        self._arrived: set[Pair] = set()
        self._doubtful: dict[Pair, float] = {}  # since when (monotonic seconds)

    def take(self, pair: Pair) -> bool:
        """Set out with a word; False where it has arrived, may have arrived lately, or is under way."""
        with self._lock:
            doubted = self._doubtful.get(pair)
            lately = doubted is not None and monotonic() - doubted < DOUBT
            if lately or pair in self._arrived or pair in self._under_way:
                return False
            self._under_way.add(pair)
            return True

    def put_down(self, pair: Pair, arrived: bool | None) -> None:
        """It arrived, or did not; None where nobody knows."""
        with self._lock:
            self._under_way.discard(pair)
            if arrived:
                self._arrived.add(pair)
            if arrived is None:
                self._doubtful[pair] = monotonic()

    def arrived(self, pair: Pair) -> bool:
        with self._lock:
            return pair in self._arrived

    def doubtful(self, pair: Pair) -> bool:
        with self._lock:
            return pair in self._doubtful

    def hand_back_doubt(self, pair: Pair) -> bool:
        """Tell whether it may have arrived, and leave that question to the outbox from now on."""
        with self._lock:
            return self._doubtful.pop(pair, None) is not None

    def under_way(self, channel: str) -> list[str]:
        """Return the keys that are on their way by this channel right now."""
        with self._lock:
            return [key for key, name in self._under_way if name == channel]
