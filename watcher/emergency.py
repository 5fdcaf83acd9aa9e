"""When the store fails: say so, and what mail and clock demand, straight through the channels.

Law: what can't be written down is said all the same. A word goes out under the key and Message-ID that it
would have had, so that neither the outbox nor a restart says it again where a mailbox shows it.
"""

import logging
import threading
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from queue import SimpleQueue

from rules.facts import Alert, Outcome
from watcher.app import App
from watcher.carried import Pair
from watcher.casebook import Judge
from watcher.channels import Attempt, Channel, ChannelError
from watcher.database import StoreError
from watcher.mailboxes import Message

log = logging.getLogger("offerwatch")

EVERY = timedelta(hours=1)

_Line = SimpleQueue[tuple[Alert, Pair]]


class Emergency:
    """Speaks without the store, so it remembers only for itself: each word once a channel, and again until
    that channel takes it; the failure itself once an hour."""

    def __init__(self, app: App, channels: Sequence[Channel], judge: Judge) -> None:
        self._app = app
        self._channels = tuple(channels)
        self._judge = judge
        self._failure: tuple[datetime, Alert] | None = None
        self._tries: dict[Pair, int] = {}
        self._lines: dict[str, _Line] = {}
        self._lock = threading.Lock()

    def store_failed(self, error: StoreError) -> None:
        """Say that nothing can be recorded, and what to do about it."""
        log.error("%s %s", error.sentence, error.remedy)
        now = self._app.now()
        with self._lock:
            if self._failure is None or abs(now - self._failure[0]) >= EVERY:
                key = f"health/store/{now:%Y%m%dT%H%M%SZ}"
                self._failure = (now, self._app.speech.broken(key, error.sentence, error.remedy, now))
            failure = self._failure[1]
        self._send(failure)

    def mail(self, message: Message) -> None:
        """Say what is due about a mail that could not be recorded; it is read again when that works."""
        notice = self._app.read(message)
        if notice.outcome is Outcome.IGNORED:
            return
        now = self._app.now()
        for case in self._judge((notice,), {}, {}):
            due = self._app.speech.due(case, now, (), now)
            if due is not None:
                alert = self._app.speech.case(due, case, now)
                self._send(replace(alert, key=due.key, case=case.id))

    def clock(self) -> None:
        """Say what is due by the clock, and what waits to be sent, as long as the store can be read."""
        try:
            unrecorded = self._app.unrecorded()
        except StoreError:
            return  # that it fails is said by `store_failed`
        for alert, names in unrecorded:
            self._send(alert, names)

    def _send(self, alert: Alert, names: Collection[str] | None = None) -> None:
        for channel in self._channels:
            pair = (alert.key, channel.name)
            if (names is None or channel.name in names) and self._app.store.outbox.carried.take(pair):
                self._line_of(channel).put((alert, pair))

    def _line_of(self, channel: Channel) -> _Line:
        """The queue of a channel, and a thread that works it off: one word at a time, as servers expect."""
        with self._lock:
            if channel.name not in self._lines:
                line = self._lines[channel.name] = SimpleQueue()
                work = threading.Thread(
                    target=self._work, args=(channel, line), name="emergency", daemon=True
                )
                work.start()
            return self._lines[channel.name]

    def _work(self, channel: Channel, line: _Line) -> None:
        while True:
            try:
                self._send_by(channel, *line.get())
            except Exception:  # a thread that dies is a channel that is silent for ever
                log.exception("The channel %s stumbled; it goes on.", channel.name)

    def _send_by(self, channel: Channel, alert: Alert, pair: Pair) -> None:
        store = self._app.store
        tries = self._tries.get(pair, 0)
        self._tries[pair] = tries + 1
        attempt = Attempt(store.own_mail.message_id(*pair), store.outbox.carried.doubtful(pair), tries)
        store.outbox.carried.put_down(pair, send_now(channel, alert, attempt))


def send_now(channel: Channel, alert: Alert, attempt: Attempt) -> bool | None:
    """Hand an alert to a channel past the outbox; False, and a line in the log, where it failed, None where
    it may have arrived all the same."""
    try:
        channel.send(alert, attempt)
        return True
    except ChannelError as error:
        log.error("%s could not say it either: %s", channel.name, error)
        return None if error.in_doubt else False
    except Exception as error:
        log.error("%s could not say it either (%s).", channel.name, type(error).__name__)
        return None
