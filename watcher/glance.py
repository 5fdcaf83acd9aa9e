"""What a quick look needs of the configuration, without checking again what was checked before.

`status` is asked by shells, bars and cron; the full check costs half of its time. A file whose very bytes
passed the check before is believed; every other file is checked whole.
"""

import hashlib
import json
import os
import tomllib
from contextlib import suppress
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from watcher.settings import Settings

STAMP = "checked.json"
_CHECKERS = ("settings.py", "fields.py", "mistakes.py")


@dataclass(frozen=True, slots=True)
class Glance:
    """Where the state lies, the user's zone (None: the system's), and each account with its folders."""

    state: Path
    zone: tzinfo | None
    folders: tuple[tuple[str, tuple[str, ...]], ...]


def glance(path: Path) -> Glance | None:
    """Return what a configuration says if these very bytes were checked before, else None; never raises."""
    try:
        raw = path.read_bytes()
        state = _state(tomllib.loads(raw.decode("utf-8")), path)
        stamp = json.loads((state / STAMP).read_text(encoding="utf-8"))
        if stamp["of"] != _print_of(raw):
            return None
        zone = ZoneInfo(stamp["zone"]) if stamp["zone"] else None
        return Glance(state, zone, tuple((name, tuple(folders)) for name, folders in stamp["folders"]))
    except (OSError, ValueError, KeyError, TypeError, RuntimeError):
        return None


def glance_of(settings: "Settings") -> Glance:
    """Return the same of a configuration that was checked just now."""
    folders = tuple((account.name, tuple(account.folders)) for account in settings.account)
    return Glance(settings.state_folder, settings.timezone, folders)


def remember(path: Path, seen: Glance) -> None:
    """Note that this file was checked and found right; where that can't be noted, nothing is lost."""
    with suppress(OSError):
        if seen.state.is_dir():
            zone = None if seen.zone is None else str(seen.zone)
            stamp = {"of": _print_of(path.read_bytes()), "zone": zone, "folders": seen.folders}
            new = seen.state / f"{STAMP}.{os.getpid()}"
            new.write_text(json.dumps(stamp), encoding="utf-8")
            new.replace(seen.state / STAMP)


def _print_of(raw: bytes) -> str:
    """A print of the file's bytes and of what checks them: an update of ours checks everything anew."""
    checkers = [Path(__file__).with_name(name).stat() for name in _CHECKERS]
    ours = " ".join(f"{each.st_mtime_ns}/{each.st_size}" for each in checkers)
    return hashlib.sha256(ours.encode() + b"\0" + raw).hexdigest()


def _state(data: dict[str, Any], path: Path) -> Path:
    if "state_dir" not in data:
        import platformdirs

        return platformdirs.user_data_path("offerwatch")
    return path.absolute().parent / Path(data["state_dir"]).expanduser()
