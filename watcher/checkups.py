"""The single looks of `doctor`: each says what was found, and what to do where it isn't well."""

import os
import platform
import pwd
import shutil
import sqlite3
import ssl
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from watcher.commands import House
from watcher.secrets import SecretError, fetch_secret, keyring_name
from watcher.settings import EmailChannel, ImapAccount

# Below these the library has a hole that hostile mail could use, or lacks what we rely on.
FLOORS = {
    "imapclient": (4, 1, 0),
    "mail-parser": (4, 8, 0),
    "beautifulsoup4": (4, 13, 0),
    "soupsieve": (2, 9, 0),
    "lxml": (6, 1, 0),
    "APScheduler": (3, 11, 0),
    "keyring": (25, 0, 0),
    "pydantic": (2, 10, 0),
}
_REMOTE = ("nfs", "cifs", "smb", "9p", "fuse.sshfs", "afs", "ceph", "glusterfs")
_ROOM = 100 * 1024 * 1024  # bytes; a store of ten years is smaller


class State(StrEnum):
    """How a look ended."""

    WELL = "ok"
    NOTE = "note"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One look: its name, how it ended, what was seen, and what to do (None: nothing)."""

    name: str
    state: State
    told: str
    todo: str | None = None


def versions() -> Iterator[Finding]:
    """Python, SQLite, TLS and the libraries, against the floors below which they are not safe."""
    told = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {ssl.OPENSSL_VERSION}"
    yield Finding("offerwatch", State.WELL, f"{_installed('offerwatch') or 'not installed'}; {told}")
    old = []
    for name, floor in FLOORS.items():
        found = _installed(name)
        if found is None or _numbers(found) < floor:
            old.append(f"{name} {found or 'missing'} (needs {'.'.join(map(str, floor))})")
    if (python := _python()) is not None:
        yield python
    if old:
        yield Finding(
            "libraries", State.WRONG, ", ".join(old), "Install offerwatch again: pip install -U offerwatch"
        )
    else:
        yield Finding("libraries", State.WELL, "none older than it should be")


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(piece) if piece.isdigit() else 0 for piece in text.split(".")[:3])


def data_files(house: House) -> Finding:
    """Whether policy, words and phrases load, the user's own phrases included."""
    from watcher.loading import DataError, load_lexicon

    try:
        load_lexicon(house.phrases)
        own = "with your own phrases" if house.phrases and house.phrases.is_dir() else "as shipped"
        told = f"policy, words ({house.settings.language}) and phrases load, {own}"
        return Finding("words", State.WELL, told)
    except DataError as error:
        return Finding("words", State.WRONG, str(error), "Mend or remove that file.")


_PYTHON = {(3, 13): (3, 13, 15), (3, 14): (3, 14, 7)}  # the first of each line with all mends known to us


def state_folder(folder: Path) -> Iterator[Finding]:
    """Whether our memory can be kept there: writable, private, on a disk of this machine, with room."""
    standing = folder if folder.exists() else _standing(folder)
    if not os.access(standing, os.W_OK | os.X_OK):
        yield Finding(
            "state", State.WRONG, f"{folder} can't be written", "Change its owner, or set state_dir."
        )
        return
    kind = _filesystem(standing)
    if kind.startswith(_REMOTE):
        todo = "Set state_dir to a folder on a local disk: locks can't be trusted over a network."
        yield Finding("state", State.WRONG, f"{folder} is on a network disk ({kind})", todo)
    elif folder.exists() and folder.stat().st_mode & 0o077:
        yield Finding("state", State.NOTE, f"{folder} can be entered by others", f"Run: chmod 700 {folder}")
    elif shutil.disk_usage(standing).free < _ROOM:
        yield Finding("state", State.WRONG, f"the disk of {folder} is nearly full", "Make room on it.")
    else:
        yield Finding("state", State.WELL, f"{folder} on {kind}")


def _standing(folder: Path) -> Path:
    return next(parent for parent in folder.absolute().parents if parent.exists())


def _filesystem(folder: Path) -> str:
    """The kind of file system that a folder lies on; "a local disk" where the system doesn't tell."""
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return "a local disk"
    inside = [fields for line in mounts if (fields := line.split()) and folder.is_relative_to(fields[1])]
    return max(inside, key=lambda fields: len(fields[1]))[2] if inside else "a local disk"


def secrets(house: House) -> Iterator[Finding]:
    """Whether each account's and channel's secret can be had; the keyring's backend by name."""
    sources = [
        account.secret
        for account in house.settings.account
        if isinstance(account, ImapAccount) and (account.auth == "password" or account.has_source)
    ]
    for channel in house.settings.channel:
        if isinstance(channel, EmailChannel) and channel.secret is not None:
            sources.append(channel.secret)
    if any(source.way == "keyring" for source in sources):
        yield Finding("keyring", State.WELL, keyring_name())
    for source in sources:
        name = f"secret of {source.whose}"
        try:
            fetch_secret(source)
            yield Finding(name, State.WELL, f"there, from {source}")
        except SecretError as error:
            yield Finding(name, State.WRONG, error.sentence, error.remedy)


def _python() -> Finding | None:
    """Whether Python's own parsers have the mends against hostile mail; only noted."""
    here = sys.version_info[:3]
    if here < min(_PYTHON):
        told = f"{platform.python_version()} has only the mends that your system brings; 3.13.15 has them all"
        return Finding("python", State.NOTE, told)
    wanted = _PYTHON.get(here[:2])
    if wanted is None or here >= wanted:
        return None
    told = f"{platform.python_version()} lacks mends against hostile HTML and mail"
    remedy = f"Take {'.'.join(map(str, wanted))} or newer as soon as your system has it."
    return Finding("python", State.NOTE, f"{told}; mails are read in a child process with limits", remedy)


def sign_ins(house: House, now: datetime) -> Iterator[Finding]:
    """Whether each account that signs in by tokens of ours has a sign-in, and when it was last renewed."""
    from watcher.clock import instant
    from watcher.mailboxes import MailboxError
    from watcher.tokens import TokenFile

    for account in house.settings.account:
        if not isinstance(account, ImapAccount) or account.auth != "oauth2" or account.has_source:
            continue
        name, todo = f"sign-in of {account.name}", f"Run: offerwatch account login {account.name}"
        try:
            found = TokenFile(house.settings.state_folder, account.name).load()
        except MailboxError as error:
            yield Finding(name, State.WRONG, error.sentence, error.remedy)
            continue
        if found is None:
            yield Finding(name, State.WRONG, "nobody has signed in yet", todo)
            continue
        days = (now - instant(found.refreshed_at or found.signed_in_at)).days
        yield Finding(name, State.WELL, f"with {found.provider} as {found.username}, renewed {days} days ago")


def service() -> Iterator[Finding]:
    """Whether a user's own service outlives the login, where one is installed."""
    unit = Path.home() / ".config/systemd/user/offerwatch.service"
    if not unit.exists():
        return
    try:
        lingers = (Path("/var/lib/systemd/linger") / pwd.getpwuid(os.getuid()).pw_name).exists()
    except KeyError:
        return
    if lingers:
        yield Finding("service", State.WELL, f"{unit}, also while nobody is logged in")
    else:
        told = f"{unit} ends when you log out"
        yield Finding("service", State.NOTE, told, "Run: loginctl enable-linger")


def clock(newest: datetime | None, now: datetime) -> Finding:
    """Whether the newest mail comes from our future, which means that our clock is slow."""
    if newest is not None and newest - now > timedelta(minutes=2):
        told = f"this machine's clock is at least {int((newest - now).total_seconds() // 60)} min slow"
        return Finding("clock", State.WRONG, told, "Set the clock, and let it be kept by NTP.")
    return Finding("clock", State.WELL, "no mail comes from the future")
