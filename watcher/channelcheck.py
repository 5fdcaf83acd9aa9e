"""The looks of `doctor` at all that goes out: each channel up to its login, the calendar, the dead man."""

import os
import socket
from collections.abc import Iterator
from datetime import datetime
from urllib.parse import urlsplit

from watcher.channels import Channel, ChannelError, close_channels
from watcher.checkups import Finding, State
from watcher.commands import House, StopError
from watcher.terminal import one_line

PATIENCE = 10.0  # seconds


def channels(house: House, now: datetime, loud: bool) -> Iterator[Finding]:
    """Whether each channel could ring: reached and signed in to, without sending; with `loud` by sending."""
    from watcher.outbound import channels_of, surroundings_of

    if not house.settings.channel:
        yield Finding("channels", State.WRONG, "none is configured: nothing could ring", "Add a [[channel]].")
        return
    try:
        made = channels_of(house, surroundings_of(house))
    except StopError as error:
        yield Finding("channels", State.WRONG, error.sentence, error.remedy)
        return
    try:
        for channel in made:
            yield _sent(house, channel, now) if loud else _reached(channel)
    finally:
        close_channels(made)
    yield from _returns(house)


def _reached(channel: Channel) -> Finding:
    name = f"channel {channel.name}"
    check = getattr(channel, "check", None)
    try:
        told = check() if check is not None else "is configured"
    except ChannelError as error:
        return Finding(name, State.WRONG, error.sentence, error.remedy or "Mend it: offerwatch alert test")
    return Finding(name, State.WELL, f"{told}; to prove the rest: offerwatch doctor --loud")


def _sent(house: House, channel: Channel, now: datetime) -> Finding:
    from watcher.commands.alert import message_id, tried
    from watcher.wiring import speech_of

    name = f"channel {channel.name}"
    alert = speech_of(house).test(f"test/{now:%Y%m%dT%H%M%SZ}", now)
    trouble = tried(channel, alert, message_id(house))
    if trouble:
        return Finding(name, State.WRONG, trouble, "Mend it, then run: offerwatch doctor --loud")
    return Finding(name, State.WELL, "took a test alert: did it reach you?")


def _returns(house: House) -> Iterator[Finding]:
    """Mails to a mailbox that is watched come back to us; they are known by their Message-ID, and a proof."""
    from watcher.outbound import probed

    for name in sorted(probed(house)):
        told = "its mails land in a mailbox that is watched: known as ours, and proof that they arrived"
        yield Finding(f"channel {name} loop", State.WELL, told)


def calendar(house: House) -> Iterator[Finding]:
    """Whether the calendar file can be kept where it is wanted."""
    path = house.settings.calendar.path
    if path is None:
        return
    if path.parent.is_dir() and os.access(path.parent, os.W_OK | os.X_OK):
        yield Finding(
            "calendar", State.WELL, f"kept in {path}" if path.exists() else f"{path}, not yet there"
        )
    else:
        todo = "Create the folder for the user that runs offerwatch, or change [calendar] path."
        yield Finding("calendar", State.WRONG, f"{path.parent} can't be written", todo)


def dead_man(house: House) -> Finding:
    """Whether the dead-man service can be reached; it is not pinged, since only a proven look may do that."""
    url = house.settings.health.ping_url
    if url is None:
        return Finding("dead man", State.NOTE, "nobody notices if this machine is off: see ping_url")
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((host, port), timeout=PATIENCE).close()
    except OSError as error:
        why = one_line(error.strerror or str(error), 80)
        return Finding("dead man", State.WRONG, f"{host} can't be reached ({why})", "Look at ping_url.")
    return Finding("dead man", State.WELL, f"{host} can be reached")
