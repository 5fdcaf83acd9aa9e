"""Starts the daemon from the configuration; everything it needs is made here and handed to it."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from rules.facts import Act, Alert
from watcher import outbound, wiring
from watcher.app import App
from watcher.channels import Channel, OnAction
from watcher.commands import WRONG, House, StopError, open_house
from watcher.database import StoreError
from watcher.loading import OwnDataError
from watcher.logs import start_log
from watcher.mailboxes import MailboxError
from watcher.store import Store

if TYPE_CHECKING:
    from watcher.daemon import Daemon

SNOOZE = timedelta(hours=6)
log = logging.getLogger("offerwatch")


def run(config: Path | None) -> int:
    """Watch until told to stop; returns the exit code."""
    house = _fit_to_watch(config)
    start_log()
    waiting = [house]
    code = 0
    while waiting:
        code = watch(waiting.pop(), lambda: waiting.append(_fit_to_watch(config)))
    return code


def _fit_to_watch(config: Path | None) -> House:
    """The configuration as it is now; raises where a daemon could not begin with it."""
    house = open_house(config)
    if not house.settings.account:
        raise StopError("No account is configured.", "Run: offerwatch account add", WRONG)
    if not house.settings.channel:
        raise StopError("No channel is configured, so nothing could ring.", "Add a [[channel]].", WRONG)
    return house


class Buttons:
    """What the buttons of a notification do; the app is known only after the channels are made."""

    def __init__(self) -> None:
        self.app: App | None = None

    def __call__(self, action: str, alert: Alert) -> None:
        """Acknowledge or snooze the case of an alert; called in a thread of the channel's own."""
        if self.app is None or alert.case is None or action not in {"ack", "snooze"}:
            return
        now = self.app.now()
        until = now + SNOOZE if action == "snooze" else None
        self.app.store.act(alert.case, Act(action, now, until=until))


def watch(house: House, read_again: Callable[[], object] | None = None) -> int:
    """Make the daemon and run it in this thread; returns its exit code.

    On SIGHUP `read_again` is called: where it raises, the daemon says why not and goes on as it was; where
    it returns, the daemon ends in good order, for its successor to begin.
    """

    def configured(store: Store, act: OnAction) -> tuple[Channel, ...]:
        return outbound.channels_of(house, outbound.surroundings_of(house, store, act))

    try:
        with daemon_of(house, configured) as daemon:
            if read_again is not None:

                def hang_up() -> None:
                    read_again()
                    log.info("The configuration was read again; the daemon begins anew with it.")
                    daemon.stop()

                daemon.on_hang_up(hang_up)
            return daemon.run()
    except (StoreError, MailboxError, OwnDataError) as error:
        from watcher.lastwords import tell_everyone

        tell_everyone(house, error)
        raise


@contextmanager
def daemon_of(
    house: House, make_channels: Callable[[Store, OnAction], tuple[Channel, ...]]
) -> Iterator["Daemon"]:
    """The daemon with everything it needs, not yet running; what it held open is closed at the end.

    `make_channels` is given the store and what a notification's buttons do. Raises MailboxError,
    StoreError, DataError and StopError where something can't work as configured.
    """
    from watcher.channels import close_channels
    from watcher.daemon import Daemon
    from watcher.delivery import Delivery
    from watcher.emergency import Emergency
    from watcher.ping import Ping

    watches = wiring.watches_of(house)
    store, buttons = wiring.store_of(house), Buttons()
    channels = make_channels(store, buttons)
    url = house.settings.health.ping_url
    try:
        with wiring.readers_of(house) as readers:
            wiring.judge_again_if_changed(house, store, readers)
            probe = wiring.probe_of(house, store)
            app = buttons.app = wiring.app_of(house, store, channels, readers)
            calendar = wiring.calendar_of(house, store)
            yield Daemon(
                app,
                watches,
                Delivery(store.outbox, channels, probed=outbound.probed(house)),
                Emergency(app, channels, wiring.judge_of(house)),
                house.settings.state_folder,
                ping=Ping(url, app.heard) if url else None,
                probe=probe.look_if_due if probe else None,
                keep=calendar.keep if calendar else None,
            )
    finally:
        close_channels(channels)
