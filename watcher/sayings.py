"""Everything that an alert can say: the one protocol between deciding and words."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from rules.facts import Alert, Case, Clock, Due
from watcher.cautions import Warn


class Speech(Protocol):
    """What to say, in the user's language: one method for each thing that an alert can be about."""

    def due(self, case: Case, now: datetime, said: Collection[str], known_since: datetime) -> Due | None:
        """Return the one thing to say about a case now, None where there is nothing."""
        ...

    def case(self, due: Due, case: Case, now: datetime) -> Alert:
        """Return the alert that says it."""
        ...

    def announce(self, key: str, clock: Clock, case: Case, now: datetime) -> Alert | None:
        """Return the word that a chosen clock has come, None where it must wait."""
        ...

    def warning(self, key: str, warn: Warn, now: datetime) -> Alert:
        """Return the quiet word about a mail that pretends, or that can't be read."""
        ...

    def flood(self, key: str, waiting: int, now: datetime) -> Alert:
        """Return the summary said in place of `waiting` alerts of unverified senders."""
        ...

    def blind(
        self, key: str, account: str, last_look_at: datetime | None, error: str | None, now: datetime
    ) -> Alert:
        """Return the alarm that an account was not looked at since then (None: never)."""
        ...

    def sighted(self, key: str, account: str, last_look_at: datetime | None, now: datetime) -> Alert:
        """Return the all-clear after an alarm of blindness."""
        ...

    def broken(self, key: str, sentence: str, remedy: str, now: datetime) -> Alert:
        """Return the alarm that the watcher itself can't do its work."""
        ...

    def clock(self, key: str, minutes: int, slow: bool, now: datetime) -> Alert:
        """Return the alarm that this machine's clock is wrong by so many minutes."""
        ...

    def test(self, key: str, now: datetime) -> Alert:
        """Return the proof that a channel works."""
        ...
