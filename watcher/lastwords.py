"""Says on every channel that the watcher can't even start, since nobody looks at a service that is gone."""

import hashlib
import os
import tempfile
import threading
from contextlib import suppress
from datetime import timedelta
from email.utils import make_msgid
from pathlib import Path

from watcher import outbound, wiring
from watcher.channels import Attempt, Channel, close_channels
from watcher.clock import monotonic, utc_now
from watcher.commands import House, StopError
from watcher.database import StoreError
from watcher.emergency import send_now
from watcher.loading import OwnDataError
from watcher.mailboxes import MailboxError

EVERY = timedelta(hours=1)
WAIT = 20.0  # seconds for all channels together


def tell_everyone(house: House, error: StoreError | MailboxError | OwnDataError) -> None:
    """Say by every channel why the watcher can't begin; at most once an hour, however often a service
    manager starts us again. Never raises for a channel that fails."""
    if not _first_in_a_while(house.settings.state_folder):
        return
    with suppress(StopError):  # channels that can't work as configured: that is said at the next start
        channels = outbound.channels_of(house, outbound.surroundings_of(house))
        try:
            _tell(channels, house, error)
        finally:
            close_channels(channels)


def _tell(
    channels: tuple[Channel, ...], house: House, error: StoreError | MailboxError | OwnDataError
) -> None:
    now = utc_now()
    key = f"health/start/{now:%Y%m%dT%H%M%SZ}"
    plain = House(None, house.settings)  # a mistake in a file of the user's own must not silence this
    alert = wiring.speech_of(plain).broken(key, error.sentence, error.remedy, now)
    until = monotonic() + WAIT
    works = []
    for channel in channels:
        attempt = Attempt(make_msgid(domain="offerwatch.invalid"))
        works.append(threading.Thread(target=send_now, args=(channel, alert, attempt), daemon=True))
        works[-1].start()
    for work in works:
        work.join(max(0.0, until - monotonic()))


def _first_in_a_while(state: Path) -> bool:
    """Note beside all states, in the temporary folder, that we spoke; the state folder may be unwritable."""
    name = hashlib.sha256(str(state.absolute()).encode()).hexdigest()[:16]
    path = Path(tempfile.gettempdir()) / f"offerwatch-{os.getuid()}-{name}.told"
    with suppress(OSError):
        if utc_now().timestamp() - path.lstat().st_mtime < EVERY.total_seconds():
            return False
    with suppress(OSError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600))
        os.utime(path)
    return True
