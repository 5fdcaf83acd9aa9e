"""Whether this machine's clock is right, judged by what other machines wrote on mail and answers.

Law: a mail received in our future means that our clock is slow; an alert of ours received before it was
sent means that it is fast. Evidence of a right clock takes the complaint back.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from watcher.clock import instant, maybe_instant, stamp
from watcher.diary import Diary
from watcher.mailboxes import Message

BEARABLE = timedelta(minutes=2)
FRESH = timedelta(minutes=10)
_NAME = "clock_off"
_HEAD = 64 * 1024


@dataclass(frozen=True, slots=True)
class ClockTrouble:
    """By how many whole minutes the clock is wrong, to which side, and when that was found out."""

    minutes: int
    slow: bool
    at: datetime


def clock_trouble(diary: Diary, now: datetime) -> ClockTrouble | None:
    """Return what is known to be wrong with the clock, None where nothing is. Raises StoreError."""
    found = diary.get(_NAME)
    if not found:
        return None
    told = json.loads(found)
    return ClockTrouble(abs(int(told["seconds"])) // 60, told["seconds"] < 0, instant(told["at"]))


def clock_said(diary: Diary, now: datetime) -> str | None:
    """Return in one sentence what is wrong with the clock, None where nothing is known to be.
    Raises StoreError."""
    if trouble := clock_trouble(diary, now):
        side = "slow" if trouble.slow else "fast"
        return f"This machine's clock is {side} by about {trouble.minutes} min."
    ticked_at = maybe_instant(diary.get("last_tick_at"))
    if ticked_at is not None and ticked_at - now > BEARABLE:
        minutes = int((ticked_at - now).total_seconds() // 60)
        return f"This machine's clock was {minutes} min later when it was last looked at."
    return None


class Timekeeper:
    """Compares our clock with others'; what it finds is in the store, for `status` and `doctor`."""

    def __init__(self, diary: Diary) -> None:
        self._diary = diary
        self._known = bool(diary.get(_NAME))

    def received(self, message: Message, now: datetime) -> None:
        """A mail was handed over: its receipt by the server can't be in our future. Raises StoreError."""
        slow = message.received_at - now
        if slow > BEARABLE:
            self._note(-slow, now)
        elif self._known and slow > -FRESH:
            self._trust_again(slow)

    def came_back(self, message: Message, now: datetime) -> None:
        """An alert of ours was received: it can't have been sent later than that. Raises StoreError."""
        sent_at = _sent_at(message.raw)
        if sent_at is None or abs(now - sent_at) > FRESH:
            return
        ahead = sent_at - message.received_at
        if ahead > BEARABLE:
            self._note(ahead, now)
        elif self._known and abs(ahead) <= BEARABLE:
            self._right()

    def heard(self, told: datetime, now: datetime) -> None:
        """Another machine's clock says `told` at our `now` (both aware). Raises StoreError."""
        if abs(now - told) > BEARABLE:
            self._note(now - told, now)
        elif self._known:
            self._right()

    def _trust_again(self, slow: timedelta) -> None:
        # A mail from a while ago proves nothing about a clock that is fast.
        trouble = json.loads(self._diary.get(_NAME) or "{}")
        if trouble.get("seconds", 0) < 0 and abs(slow) <= BEARABLE:
            self._right()

    def _note(self, ahead: timedelta, now: datetime) -> None:
        self._diary.put(_NAME, json.dumps({"seconds": int(ahead.total_seconds()), "at": stamp(now)}))
        self._known = True

    def _right(self) -> None:
        self._diary.drop(_NAME)
        self._known = False


def _sent_at(raw: bytes) -> datetime | None:
    from email.parser import BytesHeaderParser  # 20 ms that `status` does not pay
    from email.policy import compat32
    from email.utils import parsedate_to_datetime

    head = BytesHeaderParser(policy=compat32).parsebytes(raw[:_HEAD])
    if head.get("X-Offerwatch-Key") is None:
        return None
    try:
        sent_at = parsedate_to_datetime(str(head.get("Date", "")))
    except ValueError:
        return None
    return sent_at.astimezone(UTC) if sent_at.tzinfo else None
