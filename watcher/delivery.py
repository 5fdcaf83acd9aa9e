"""Carries what waits in the outbox to its channels: a thread each, so that none can hold another up."""

import logging
import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from watcher import crash
from watcher.channels import Attempt, Channel, ChannelError
from watcher.clock import monotonic, utc_now
from watcher.database import StoreError
from watcher.outbox import Outbox, Row

log = logging.getLogger("offerwatch")

BACK_OFF = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(minutes=30),
)
NAP = 30.0  # seconds without a wake


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a mail in doubt may take to show up in the mailbox: a look that began `grace` after the
    doubt settles it, and after `at_most` it is sent again, labelled."""

    grace: timedelta = timedelta(seconds=10)
    at_most: timedelta = timedelta(minutes=2)


class Delivery:
    """Drains the outbox. `probed` names the channels whose mails may show up in a watched mailbox;
    `looked_at` tells when the oldest of the last completed looks began, None before all were looked at.
    `on_failure` is called after a channel failed, so that others can be brought in."""

    def __init__(
        self,
        outbox: Outbox,
        channels: Sequence[Channel],
        *,
        probed: Collection[str] = (),
        looked_at: Callable[[], datetime | None] = lambda: None,
        on_failure: Callable[[], object] = lambda: None,
        patience: Patience | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._outbox = outbox
        self._channels = tuple(channels)
        self._probed = frozenset(probed)
        self._patience = patience or Patience()
        self._now = now
        self.looked_at = looked_at
        self.on_failure = on_failure
        self._stop = threading.Event()
        self._bells = {channel.name: threading.Event() for channel in self._channels}
        self._threads: list[threading.Thread] = []
        self._began: float | None = None

    def start(self) -> None:
        """Put in doubt what a dead daemon was sending, then start one thread a channel.
        Raises StoreError."""
        self._began = monotonic()
        self._outbox.doubt(self._now())
        self._outbox.drop_channels_but([channel.name for channel in self._channels], self._now())
        for channel in self._channels:
            thread = threading.Thread(target=self._run, args=(channel,), name=channel.name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def wake(self) -> None:
        """Something new waits: look at once."""
        for bell in self._bells.values():
            bell.set()

    def hasten(self) -> None:
        """What failed is tried again at once: the network is back, or the machine woke. Raises StoreError."""
        self._outbox.hasten(self._now())
        self.wake()

    def stop(self, seconds: float) -> None:
        """Stop the threads; a send still going on after `seconds` stays in doubt for the next start."""
        self._stop.set()
        self.wake()
        until = monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, until - monotonic()))

    def _run(self, channel: Channel) -> None:
        bell = self._bells[channel.name]
        while not self._stop.is_set():
            bell.clear()
            pause = NAP
            try:
                while not self._stop.is_set() and self.deliver_one(channel):
                    pass
                pause = self._pause(channel)
            except StoreError as error:
                log.error("%s %s", error.sentence, error.remedy)
            except Exception:  # a thread that dies is a channel that is silent for ever
                log.exception("The channel %s stumbled; it goes on.", channel.name)
            bell.wait(pause)

    def _pause(self, channel: Channel) -> float:
        following = self._outbox.next_try(channel.name)
        if following is None:
            return NAP
        if self._must_look_first(channel):
            return 1.0  # rung for as well, once the look is done
        return min(NAP, max(0.2, (following - self._now()).total_seconds()))

    def deliver_one(self, channel: Channel) -> bool:
        """Try the most urgent row that waits for a channel; False where there is none to try now.

        Raises StoreError.
        """
        row = self._outbox.claim(
            channel.name, self._now(), self._doubt_settled(channel), self._must_look_first(channel)
        )
        if row is None:
            return False
        crash.reach("before_send")
        try:
            channel.send(row.alert, Attempt(row.message_id, row.in_doubt, row.tries, row.thread))
        except ChannelError as error:
            self._failed(row, f"{error.sentence} {error.remedy}".strip(), error.in_doubt)
            return True
        except Exception as error:
            self._failed(row, f"The channel failed unexpectedly ({type(error).__name__}).", in_doubt=True)
            return True
        crash.reach("after_send")
        crash.reach("before_mark")
        self._insist(lambda: self._outbox.sent(row, self._now()))
        return True

    def _must_look_first(self, channel: Channel) -> bool:
        """Whether words about cases wait for the first look of this run: after a store was lost or put back
        from a backup the mailbox shows what was sent already. Bounded: a blind watcher must still speak."""
        if channel.name not in self._probed or self._began is None or self.looked_at() is not None:
            return False
        return monotonic() - self._began < self._patience.at_most.total_seconds()

    def _doubt_settled(self, channel: Channel) -> datetime | None:
        """Return the instant before which doubt is settled by looking, None where doubt is no reason to
        wait."""
        if channel.name not in self._probed:
            return None
        now = self._now()
        enough = now - self._patience.at_most
        looked = self.looked_at()
        return enough if looked is None else max(enough, looked - self._patience.grace)

    def _failed(self, row: Row, error: str, in_doubt: bool) -> None:
        now = self._now()
        pause = BACK_OFF[min(row.tries, len(BACK_OFF) - 1)]
        self._insist(lambda: self._outbox.failed(row, error, now + pause, now, in_doubt))
        log.warning("%s could not deliver an alert: %s Next try in %s.", row.channel, error, pause)
        try:
            self.on_failure()
        except StoreError as trouble:
            log.error("%s", trouble)

    def _insist(self, mark: Callable[[], None]) -> None:
        """Mark a row, however long the store refuses: unmarked it stays in doubt until a restart."""
        while True:
            try:
                return mark()
            except StoreError as error:
                log.error("%s %s", error.sentence, error.remedy)
                if self._stop.wait(1.0):
                    raise
