"""Sends a test alert by every channel at once, outside the store, and tells which ones took it."""

import uuid
from pathlib import Path

from rules.facts import Alert
from watcher.channels import Attempt, Channel, ChannelError, close_channels
from watcher.clock import utc_now
from watcher.commands import DONE, FAILED, WRONG, House, StopError, listed, open_house, say


def run(config: Path | None, only: str | None) -> int:
    """Send it by each configured channel, or by the one named; returns 1 if one fails."""
    from watcher.outbound import channels_of, surroundings_of
    from watcher.wiring import speech_of

    house, now = open_house(config), utc_now()
    channels = channels_of(house, surroundings_of(house))
    chosen = [channel for channel in channels if only in (None, channel.name)]
    if not channels:
        raise StopError("No channel is configured.", "Add a [[channel]] to the configuration.", WRONG)
    if not chosen:
        known = listed(channel.name for channel in channels)
        raise StopError(f'There is no channel "{only}".', f"The configuration has {known}.", WRONG)
    alert = speech_of(house).test(f"test/{now:%Y%m%dT%H%M%SZ}", now)
    try:
        took = [_send(channel, alert, message_id(house)) for channel in chosen]
    finally:
        close_channels(channels)
    return DONE if all(took) else FAILED


def message_id(house: House) -> str:
    """A Message-ID that a watch of this state knows as ours when the mail comes back to the mailbox."""
    from watcher.store import Store, StoreError

    try:
        store = Store(house.settings.state_folder)
    except StoreError:  # then nobody watches with it either
        return f"<{uuid.uuid4().hex}@test.offerwatch.invalid>"
    try:
        return store.own_mail.loose_id()
    finally:
        store.close()


def _send(channel: Channel, alert: Alert, name: str) -> bool:
    trouble = tried(channel, alert, name)
    say(f"FAILED  {channel.name}: {trouble}" if trouble else f"ok      {channel.name} took the test alert")
    return trouble is None


def tried(channel: Channel, alert: Alert, message_id: str) -> str | None:
    """Send one alert by one channel; returns what went wrong, None where it was taken."""
    try:
        channel.send(alert, Attempt(message_id))
    except ChannelError as error:
        return f"{error.sentence} {error.remedy}".strip()
    return None
