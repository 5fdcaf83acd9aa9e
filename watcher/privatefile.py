"""Files that are whole or not there at all: written aside, forced to the disk, then renamed into place."""

import os
from contextlib import suppress
from pathlib import Path


def write_whole(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Replace a file's content in one step; a reader sees the old bytes or the new ones. Raises OSError.

    A link is followed, so that a file kept elsewhere stays there. `mode` counts for a new file and never
    widens an old one's.
    """
    target = Path(os.path.realpath(path))
    with suppress(FileNotFoundError):
        mode = target.stat().st_mode & 0o777
    aside = target.with_name(f".{target.name}.{os.getpid()}.new")
    with suppress(FileNotFoundError):
        aside.unlink()
    try:
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
        with open(handle, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, target)
    except BaseException:
        with suppress(OSError):
            aside.unlink()
        raise
    with suppress(OSError):  # the rename itself, where the file system lets us
        force_to_disk(target.parent)


def private_folder(path: Path) -> Path:
    """Make a folder that only its owner may enter, if it is not there yet. Raises OSError."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def force_to_disk(path: Path) -> None:
    """Return only when the disk has what a file, or a folder's list of files, holds. Raises OSError."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
