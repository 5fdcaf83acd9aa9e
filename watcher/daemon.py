"""The daemon: a thread for each folder, a tick for the clock, and proof that both are alive.

Law: a look counts when it was completed, a tick when it came back; nothing else feeds the watchdog or
the dead-man ping. It may be killed at any point: what was not committed is read again.
"""

import fcntl
import logging
import os
import select
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from types import FrameType

from watcher.app import App
from watcher.clock import monotonic
from watcher.database import StoreError
from watcher.delivery import Delivery
from watcher.early import let_through
from watcher.emergency import Emergency
from watcher.looking import Looker, Watch
from watcher.systemd import notify, watchdog_seconds

log = logging.getLogger("offerwatch")

TICK = 30.0
PROBING = 300.0
BEAT = 2.0
DRIFT = 5.0  # seconds that wall clock and monotonic clock may part before we look at the clock at once
STOPPING = 3.0
STUCK = timedelta(hours=1)


class AlreadyWatchingError(Exception):
    """Another daemon has this state: what happened, and what to do. The exit code for it is 4."""

    exit_code = 4

    def __init__(self, state_dir: Path) -> None:
        self.sentence = f"Another offerwatch is already watching with {state_dir}."
        self.remedy = "Stop that one first, or give this one a state_dir of its own."
        super().__init__(f"{self.sentence} {self.remedy}")


@contextmanager
def only_one(state_dir: Path) -> Iterator[None]:
    """Hold the lock of a state folder; the system lets go of it however we die.

    Raises AlreadyWatchingError, or StoreError where the folder can't be written.
    """
    try:
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(state_dir / "watch.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        sentence = f"{state_dir} can't be used: {error.strerror}."
        raise StoreError(sentence, "Check the folder and its rights.") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise AlreadyWatchingError(state_dir) from None
    try:
        yield
    finally:
        os.close(lock)


class Daemon:
    """Runs until it is told to stop. `ping` is called after each proven look, `keep` after each look at the
    clock.

    `probe` is called every few minutes, and decides itself whether anything is to be looked at.
    """

    def __init__(
        self,
        app: App,
        watches: Sequence[Watch],
        delivery: Delivery,
        emergency: Emergency,
        state_dir: Path,
        *,
        ping: Callable[[], None] | None = None,
        probe: Callable[[], object] | None = None,
        keep: Callable[[], None] | None = None,
        tick_every: float = TICK,
    ) -> None:
        self._app = app
        self._delivery = delivery
        self._emergency = emergency
        self._state_dir = state_dir
        self._ping = ping
        self._probe = probe
        self._reload: Callable[[], object] | None = None
        self._keep = keep
        self._tick_every = tick_every
        self._asked = threading.Event()
        self._told = self._hung_up = False  # set by signals
        self._bell: int | None = None
        self._ticked_at = monotonic()
        self._drift = self._wall() - monotonic()
        self._fed_at = 0.0
        self._lookers = [Looker(app, watch, emergency, self._proved) for watch in watches]
        delivery.looked_at = self._oldest_look
        delivery.on_failure = lambda: app.look_at_clock(only=())
        app.on_birth = delivery.wake

    def run(self) -> int:
        """Watch until SIGTERM, SIGINT or `stop`; return the exit code 0.

        Raises AlreadyWatchingError where another daemon has the state, StoreError where it can't be used.
        """
        with only_one(self._state_dir), self._signals():
            ticker = self._start()
            try:
                self._beat_until_stopped()
            finally:
                notify("STOPPING=1")
                self._stop(ticker)
        return 0

    def on_hang_up(self, reload: Callable[[], object]) -> None:
        """Call `reload` on SIGHUP; what it raises is logged, and the daemon goes on as it was."""
        self._reload = reload

    def stop(self) -> None:
        """Ask the daemon to stop; safe in any thread and in a signal handler."""
        self._asked.set()

    def tick(self) -> None:
        """Look at the clock once; a failing store is said, and tried again at the next tick."""
        try:
            self._app.look_at_clock()
        except StoreError as error:
            self._emergency.store_failed(error)
            self._emergency.clock()
        except Exception:  # a tick that dies is a deadline that passes in silence
            log.exception("A look at the clock stumbled; the next one comes in %d s.", self._tick_every)
        else:
            self._ticked_at = monotonic()
            self._keep_calendar()

    def _keep_calendar(self) -> None:
        try:
            if self._keep is not None:
                self._keep()
        except StoreError as error:
            self._emergency.store_failed(error)
        except Exception:  # the calendar is a courtesy; the ringing must go on
            log.exception("The calendar could not be kept; it is tried again.")

    def _look_at_hosts(self) -> None:
        try:
            if self._probe is not None:
                self._probe()
        except Exception as error:  # a hint to the buyer, never worth more than a line
            log.warning("The look at AliExpress's hosts failed (%s).", type(error).__name__)

    def _start(self) -> Callable[[], None]:
        # 100 ms of import, and without type information
        from apscheduler.schedulers.background import BackgroundScheduler  # type: ignore[import-untyped]

        self._delivery.start()
        self._woke()
        self.tick()
        scheduler = BackgroundScheduler(timezone="UTC")
        scheduler.add_job(
            self.tick,
            "interval",
            seconds=self._tick_every,
            misfire_grace_time=None,
            coalesce=True,
            max_instances=1,
        )
        if self._probe is not None:
            scheduler.add_job(
                self._look_at_hosts,
                "interval",
                seconds=PROBING,
                misfire_grace_time=None,
                coalesce=True,
                max_instances=1,
            )
        scheduler.start()
        for looker in self._lookers:
            looker.start()
        notify("READY=1", f"STATUS={self._status()}")
        log.info("Watching %d folders.", len(self._lookers))
        return lambda: scheduler.shutdown(wait=False)

    def _stop(self, stop_ticker: Callable[[], None]) -> None:
        until = monotonic() + STOPPING
        self._app.store.database.hurry()
        stop_ticker()
        for looker in self._lookers:
            looker.ask_to_stop()
        self._delivery.stop(max(0.0, until - monotonic()))
        late = [looker.name for looker in self._lookers if not looker.gone(max(0.0, until - monotonic()))]
        for name in late:
            log.warning("A mail of %s was still being read; it is read again next time.", name)
        if not late:
            self._app.store.close()

    def _beat_until_stopped(self) -> None:
        while not (self._told or self._asked.is_set()):
            self._wait_for_bell()
            if self._hung_up:
                self._hung_up = False
                self._hang_up()
            self._mind_the_clock()
            self._feed()

    def _wait_for_bell(self) -> None:
        if self._bell is None:
            self._asked.wait(BEAT)
        elif select.select([self._bell], [], [], BEAT)[0]:
            os.read(self._bell, 4096)

    def _mind_the_clock(self) -> None:
        """After a sleep or a jump of the wall clock the scheduler waits for the old time: tick at once."""
        drift = self._wall() - monotonic()
        if abs(drift - self._drift) > DRIFT:
            log.info("The clock jumped by %d s; looking at it at once.", drift - self._drift)
            self._drift = drift
            self._woke()
            for looker in self._lookers:
                looker.look_now()
            self.tick()

    def _woke(self) -> None:
        try:
            self._app.woke(self._app.now())
            self._delivery.hasten()
        except StoreError as error:
            self._emergency.store_failed(error)

    def _feed(self) -> None:
        """Tell systemd that we live, if the clock and every folder prove it."""
        every = watchdog_seconds()
        if every is None or monotonic() - self._fed_at < min(every / 3, 30.0):
            return
        if self._ticking() and all(looker.alive() for looker in self._lookers):
            self._fed_at = monotonic()
            notify("WATCHDOG=1", f"STATUS={self._status()}")

    def _proved(self, after_trouble: bool) -> None:
        """A look was completed: tell the dead-man service if all folders are seen lately, the clock was
        looked at, and alerts get out by one channel or another. After trouble the network may be back for
        the channels too: what failed is tried again at once."""
        if after_trouble:
            self._delivery.hasten()
        if self._oldest_look() is not None:
            self._delivery.wake()  # what waited for the first look
        if self._ping is None or not (self._ticking() and all(looker.fresh() for looker in self._lookers)):
            return
        stuck = self._app.store.said.stuck_since()
        if stuck is None or self._app.now() - stuck < STUCK:
            self._ping()

    def _ticking(self) -> bool:
        return monotonic() - self._ticked_at < self._tick_every * 4

    def _oldest_look(self) -> datetime | None:
        looks = [looker.looked_at for looker in self._lookers]
        return None if None in looks else min((at for at in looks if at is not None), default=None)

    def _status(self) -> str:
        looked = self._oldest_look()
        seen = f"all looked at {looked:%H:%M:%S} UTC" if looked else "not all looked at yet"
        return f"{len(self._lookers)} folders, {seen}"

    def _wall(self) -> float:
        return self._app.now().timestamp()

    def _hang_up(self) -> None:
        if self._reload is not None:
            try:
                self._reload()
            except Exception as error:
                why = " ".join(str(error).split())
                log.error("The configuration was not read again, the old one stays in force: %s", why)
        for looker in self._lookers:
            looker.look_now()

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Turn signals into flags and a byte in a pipe, which wakes the beat; nothing happens in handlers."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        self._bell = reading
        before_fd = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        names = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        before = {name: signal.signal(name, self._on_signal) for name in names}
        try:
            with let_through():
                yield
        finally:
            signal.set_wakeup_fd(before_fd)
            for name, handler in before.items():
                signal.signal(name, handler)
            self._bell = None
            os.close(reading)
            os.close(writing)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGHUP:
            self._hung_up = True
        else:
            self._told = True
