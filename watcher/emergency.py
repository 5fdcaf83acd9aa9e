"""When the store fails: say so, and what the mail says, straight through the channels."""

import logging
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from rules.facts import Alert, Outcome
from watcher.app import App
from watcher.casebook import Judge
from watcher.channels import Attempt, Channel, ChannelError
from watcher.database import StoreError
from watcher.mailboxes import Message

log = logging.getLogger("offerwatch")

EVERY = timedelta(hours=1)


class Emergency:
    """Speaks without the store, so it remembers only for itself: each mail once, the failure once an hour."""

    def __init__(self, app: App, channels: Sequence[Channel], judge: Judge) -> None:
        self._app = app
        self._channels = tuple(channels)
        self._judge = judge
        self._said: set[str] = set()
        self._failure_said_at: datetime | None = None
        self._lock = threading.Lock()

    def store_failed(self, error: StoreError) -> None:
        """Say that nothing can be recorded, and what to do about it."""
        log.error("%s %s", error.sentence, error.remedy)
        now = self._app.now()
        with self._lock:
            if self._failure_said_at is not None and now - self._failure_said_at < EVERY:
                return
            self._failure_said_at = now
        key = f"health/store/{now:%Y%m%dT%H%M%SZ}"
        self._send(self._app.speech.broken(key, error.sentence, error.remedy, now))

    def mail(self, message: Message) -> None:
        """Say what is due about a mail that could not be recorded; it is read again when that works."""
        notice = self._app.read(message)
        with self._lock:
            if notice.outcome is Outcome.IGNORED or notice.identity in self._said:
                return
            self._said.add(notice.identity)
        now = self._app.now()
        for case in self._judge((notice,), {}, {}):
            due = self._app.speech.due(case, now, (), now)
            if due is not None:
                alert = self._app.speech.case(due, case, now)
                self._send(replace(alert, key=due.key, case=case.id))

    def _send(self, alert: Alert) -> None:
        for channel in self._channels:
            attempt = Attempt(self._app.store.own_mail.loose_id())
            work = threading.Thread(
                target=self._send_by, args=(channel, alert, attempt), name="emergency", daemon=True
            )
            work.start()

    def _send_by(self, channel: Channel, alert: Alert, attempt: Attempt) -> None:
        if send_now(channel, alert, attempt):  # once the store works again the outbox need not say it again
            self._app.store.outbox.handed.add((alert.key, channel.name))


def send_now(channel: Channel, alert: Alert, attempt: Attempt) -> bool:
    """Hand an alert to a channel past the outbox; False, and a line in the log, where it failed."""
    try:
        channel.send(alert, attempt)
        return True
    except ChannelError as error:
        log.error("%s could not say it either: %s", channel.name, error)
    except Exception as error:
        log.error("%s could not say it either (%s).", channel.name, type(error).__name__)
    return False
