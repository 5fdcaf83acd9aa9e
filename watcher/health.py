"""What is wrong with the watcher itself: blind, refused at the door, a clock that is wrong."""

import json
from collections.abc import Callable, Collection, Iterator
from datetime import datetime, timedelta

from rules.facts import Alert
from watcher.clock import instant, stamp
from watcher.diary import Diary, FolderState
from watcher.sayings import Speech
from watcher.timekeeping import clock_trouble

_REFUSED = "refused "


class Health:
    """Turns lasting trouble into alerts, each said once and again every day that it lasts.

    `watched` names every account and folder that must be looked at. What the server refuses for good is
    kept in the store, so that a restart does not say it again.
    """

    def __init__(
        self,
        diary: Diary,
        speech: Speech,
        watched: Collection[tuple[str, str]],
        blind_after: timedelta,
        awake_since: datetime,
        forget: Callable[[str, str, datetime], None],
    ) -> None:
        self._diary = diary
        self._speech = speech
        self._watched = tuple(watched)
        self._blind_after = blind_after
        self._awake_since = awake_since
        self._forget = forget  # drops waiting alerts by the beginning of their key: prefix, why, now
        self._blind: set[str] = set()
        # Which folders of each account are refused; after a restart all may be, until each is looked at.
        self._refused: dict[str, set[str]] = {}
        for account, folder in self._watched:
            if diary.get(_REFUSED + account):
                self._refused.setdefault(account, set()).add(folder)
        self._let_in: set[str] = set()

    def woke(self, now: datetime) -> None:
        """The machine slept, or its clock was set: nobody was blind for that time."""
        self._awake_since = now

    def refused(self, account: str, folder: str, error: str, now: datetime) -> None:
        """A server refuses an account or one folder of it until a person acts; said at once.
        Raises StoreError."""
        self._let_in.discard(account)
        if account not in self._refused:
            self._diary.put(_REFUSED + account, json.dumps({"since": stamp(now), "error": error}))
        self._refused.setdefault(account, set()).add(folder)

    def let_in(self, account: str, folder: str) -> None:
        """A look at a folder was completed; the account is seen again when that is true of all of them."""
        if account in self._refused:
            self._refused[account].discard(folder)
            if not self._refused[account]:
                self._let_in.add(account)

    def alarms(self, now: datetime) -> Iterator[Alert]:
        """Yield what every channel must say now. Raises StoreError."""
        blind = self._now_blind(now)
        for account, state in blind.items():
            if account not in self._refused:
                since = state.last_look_at or self._awake_since
                key = f"health/blind/{account}/{since:%Y%m%dT%H%M%SZ}/{(now - since).days}"
                yield self._speech.blind(key, account, state.last_look_at, state.error, now)
        for account in sorted(set(self._refused) - self._let_in):
            told = json.loads(self._diary.get(_REFUSED + account) or "{}")
            since = instant(told["since"])
            key = f"health/refused/{account}/{since:%Y%m%dT%H%M%SZ}/{(now - since).days}"
            last = next((s.last_look_at for s in self._diary.folders() if s.account == account), None)
            yield self._speech.blind(key, account, last, told["error"], now)
        if trouble := clock_trouble(self._diary, now):
            yield self._speech.clock(f"health/clock/{now:%Y%m%d}", trouble.minutes, trouble.slow, now)

    def all_clears(self, now: datetime) -> Iterator[Alert]:
        """Yield the word that an account is seen again, for each that was not. Raises StoreError."""
        seen_again = (self._blind - set(self._now_blind(now))) | self._let_in
        for account in sorted(seen_again):
            for trouble in ("blind", "refused"):
                self._forget(f"health/{trouble}/{account}/", "the account is seen again", now)
            self._diary.drop(_REFUSED + account)
            self._refused.pop(account, None)
            self._let_in.discard(account)
            self._blind.discard(account)
            key = f"health/seen/{account}/{now:%Y%m%dT%H%M%SZ}"
            yield self._speech.sighted(key, account, now, now)
        self._blind |= set(self._now_blind(now))

    def _now_blind(self, now: datetime) -> dict[str, FolderState]:
        states = {(state.account, state.folder): state for state in self._diary.folders()}
        blind: dict[str, FolderState] = {}
        for account, folder in self._watched:
            state = states.get((account, folder)) or FolderState(account, folder, None, None, None)
            seen_at = max(state.last_look_at or self._awake_since, self._awake_since)
            if now - seen_at > self._blind_after:
                blind.setdefault(account, state)
        return blind
