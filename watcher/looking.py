"""One thread for one folder: look, take each mail in, wait; trouble is written down and tried again."""

import logging
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from watcher.app import App
from watcher.clock import monotonic
from watcher.database import StoreError
from watcher.emergency import Emergency
from watcher.mailboxes import Item, Looked, Mailbox, MailboxError, Message, Passed, Trouble, Unreadable

log = logging.getLogger("offerwatch")

NETWORK_PAUSE = 30.0
REFUSED_PAUSE = 300.0
STORE_PAUSE = 15.0
HANGING = 600.0
BLIND = 7200.0  # seconds without a completed look; then a restart may help, and the watchdog gets no more

_SOON = (Trouble.NETWORK, Trouble.LOGIN_CUT, Trouble.SERVER)


@dataclass(frozen=True, slots=True)
class Watch:
    """A folder to watch: its names as configured, its mailbox, how far back and how often to look."""

    account: str
    folder: str
    mailbox: Mailbox
    backfill: timedelta = timedelta(days=90)
    poll_every: timedelta = timedelta(minutes=5)


class Looker:
    """Watches one folder. `looked_at` is when the last completed look began."""

    def __init__(
        self,
        app: App,
        watch: Watch,
        emergency: Emergency,
        proved: Callable[[bool], None] = lambda after_trouble: None,
    ) -> None:
        """`proved` is called after each completed look, and told whether it is the first after trouble."""
        self.name = f"{watch.account}/{watch.folder}"
        self.looked_at: datetime | None = None
        self._app = app
        self._watch = watch
        self._emergency = emergency
        self._proved = proved
        self._stop = threading.Event()
        self._nudge = threading.Event()  # what a waiting mailbox watches: set to stop it, or to look now
        self._turned_at = self._proved_at = monotonic()
        self._in_trouble = False
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)

    def start(self) -> None:
        """Begin to look, in a thread of its own."""
        self._thread.start()

    def look_now(self) -> None:
        """Look again at once instead of waiting."""
        self._nudge.set()

    def ask_to_stop(self) -> None:
        """Stop after the mail that is being read."""
        self._stop.set()
        self._nudge.set()

    def gone(self, seconds: float) -> bool:
        """Wait for the thread to end; False if it still runs after `seconds`."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def alive(self) -> bool:
        """Tell whether looks still come to an end, and one was completed within BLIND (since the start)."""
        patience = self._watch.poll_every.total_seconds() + HANGING
        now = monotonic()
        return self._thread.is_alive() and now - self._turned_at < patience and now - self._proved_at < BLIND

    def fresh(self) -> bool:
        """Tell whether a look was completed lately enough to vouch for it to others."""
        patience = self._watch.poll_every.total_seconds() + HANGING
        return self.looked_at is not None and monotonic() - self._proved_at < patience

    def _run(self) -> None:
        failures = 0
        while not self._stop.is_set():
            pause = self._one_turn(failures)
            self._turned_at = monotonic()
            failures = failures + 1 if pause else 0
            if pause:
                self._nudge.wait(pause)
            if not self._stop.is_set():
                self._nudge.clear()
        self._watch.mailbox.close()

    def _one_turn(self, failures: int) -> float:
        """Look and wait; return how many seconds to pause because of trouble, 0 where there was none."""
        try:
            if not self.look():
                return STORE_PAUSE
            self._turned_at = monotonic()
            self._watch.mailbox.wait(self._watch.poll_every.total_seconds(), self._nudge)
        except MailboxError as error:
            self._in_trouble = True
            self._note(f"{error.sentence} {error.remedy}".strip(), error.permanent)
            return pause_after(error, failures)
        except StoreError as error:
            self._watch.mailbox.close()
            if not self._stop.is_set():
                self._emergency.store_failed(error)
            return STORE_PAUSE
        except Exception as error:  # a thread that dies is a folder that nobody watches
            log.exception("Looking at %s stumbled; it is tried again.", self.name)
            self._watch.mailbox.close()
            self._note(f"Looking failed unexpectedly ({type(error).__name__}). Please report this.")
            return NETWORK_PAUSE
        return 0.0

    def look(self) -> bool:
        """Look once and take in what is new; False where something could not be recorded.

        Raises MailboxError and StoreError.
        """
        began = self._app.now()
        recorded = True
        for item in self._watch.mailbox.look(self._app.store, began - self._watch.backfill):
            if self._stop.is_set():
                return True
            self._turned_at = monotonic()  # ten thousand mails take long; each of them shows that we live
            try:
                self._take(item, began, recorded)
            except StoreError as error:
                recorded = False
                if not self._stop.is_set():
                    self._emergency.store_failed(error)
                    if isinstance(item, Message):
                        self._emergency.mail(item)
        return recorded

    def _take(self, item: Item, began: datetime, recorded: bool) -> None:
        store = self._app.store
        if isinstance(item, Message):
            self._app.take_in(item)
        elif isinstance(item, Unreadable):
            log.warning("A mail in %s can't be read now: %s", self.name, item.error)
            store.set_aside(item, self._app.now())
        elif isinstance(item, Passed):
            store.passed(item, self._app.now())
        elif isinstance(item, Looked) and recorded:
            store.diary.looked(self._watch.folder, item, self._app.now())
            self._app.health.let_in(self._watch.account, self._watch.folder)
            self.looked_at, self._proved_at = began, monotonic()
            self._proved(self._in_trouble)
            self._in_trouble = False

    def _note(self, error: str, refused: bool = False) -> None:
        log.warning("%s: %s", self.name, error)
        account, now = self._watch.account, self._app.now()
        try:
            self._app.store.diary.failed(account, self._watch.folder, error, now)
            if refused:  # nobody but a person can change that: say so at once, not after hours
                self._app.health.refused(account, self._watch.folder, error, now)
                self._app.look_at_clock()
        except StoreError as trouble:
            if not self._stop.is_set():
                self._emergency.store_failed(trouble)


def pause_after(error: MailboxError, failures: int) -> float:
    """Return how many seconds to wait: a full-jitter back-off up to 30 s for the network, 5 minutes where
    the server refuses and trying again soon would only annoy it."""
    if error.permanent or error.kind not in _SOON:
        return REFUSED_PAUSE
    return random.uniform(1.0, max(1.5, min(NETWORK_PAUSE, 2.0**failures)))
