"""Looks through a folder of evidence: which proof is there, which is missing, which files won't do.

Only names, sizes and the first bytes are looked at; nothing is copied, changed or sent.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from rules.answers import Ground
from rules.responses import VIDEO_BYTES

_MOST_FILES = 2000
_HEAD = 16
# What a file must begin with to be what its name says; None: text of any kind.
_SIGNS: dict[str, tuple[str, tuple[tuple[int, bytes], ...]]] = {
    ".jpg": ("photo", ((0, b"\xff\xd8\xff"),)),
    ".jpeg": ("photo", ((0, b"\xff\xd8\xff"),)),
    ".png": ("photo", ((0, b"\x89PNG\r\n\x1a\n"),)),
    ".webp": ("photo", ((8, b"WEBP"),)),
    ".heic": ("photo", ((4, b"ftyp"),)),
    ".heif": ("photo", ((4, b"ftyp"),)),
    ".mp4": ("video", ((4, b"ftyp"),)),
    ".m4v": ("video", ((4, b"ftyp"),)),
    ".mov": ("video", ((4, b"ftyp"), (4, b"moov"), (4, b"wide"), (4, b"mdat"), (4, b"free"))),
    ".avi": ("video", ((8, b"AVI "),)),
    ".mkv": ("video", ((0, b"\x1aE\xdf\xa3"),)),
    ".webm": ("video", ((0, b"\x1aE\xdf\xa3"),)),
    ".3gp": ("video", ((4, b"ftyp"),)),
    ".pdf": ("document", ((0, b"%PDF-"),)),
    ".txt": ("document", ()),
}
# Formats that phones make and upload pages often refuse.
_CONVERT = {".heic": "JPEG", ".heif": "JPEG", ".webp": "JPEG", ".avi": "MP4", ".mkv": "MP4", ".webm": "MP4"}


class State(StrEnum):
    """Whether a proof is there: by name, perhaps (only a file of its kind), or not at all."""

    THERE = "there"
    MAYBE = "maybe"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class File:
    """One file: its name below the folder, what it holds, its size in bytes, and what is wrong with it."""

    name: str
    kind: str
    size: int
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One proof that helps, in the words given, whether it is there, and which files may be it."""

    what: str
    state: State
    files: tuple[str, ...] = ()


def files_in(folder: Path) -> list[File]:
    """Every file in a folder and below, by name; links are not followed. Raises OSError."""
    return [_file(path, folder) for path in _paths(folder)]


def checklist(ground: Ground, told: Sequence[str], files: Sequence[File]) -> list[Item]:
    """Each proof for a reason, in the words `told`, against the files that are fit to be uploaded."""
    fit = [file for file in files if file.fault is None]
    named: dict[int, list[File]] = {
        place: [file for file in fit if file.kind in proof.kinds and _is_named(file, proof.files)]
        for place, proof in enumerate(ground.items)
    }
    taken = {file.name for found in named.values() for file in found}
    items = []
    for place, proof in enumerate(ground.items):
        spare = [file for file in fit if file.kind in proof.kinds and file.name not in taken]
        found, state = named[place], State.THERE
        if not found:
            found, state = spare, State.MAYBE if spare else State.MISSING
        items.append(Item(told[place], state, tuple(file.name for file in found)))
    return items


def _is_named(file: File, needles: Sequence[str]) -> bool:
    return any(needle in file.name.casefold() for needle in needles)


def _paths(folder: Path) -> Iterator[Path]:
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())
    for number, path in enumerate(found):
        if number >= _MOST_FILES:
            return
        if not path.name.startswith("."):
            yield path


def _file(path: Path, folder: Path) -> File:
    name, suffix = path.relative_to(folder).as_posix(), path.suffix.lower()
    kind, signs = _SIGNS.get(suffix, ("other", ()))
    try:
        size = path.stat().st_size
        with path.open("rb") as opened:
            head = opened.read(_HEAD)
    except OSError as error:
        return File(name, kind, 0, f"can't be read ({error.strerror})")
    return File(name, kind, size, _fault(kind, suffix, size, head, signs))


def _fault(
    kind: str, suffix: str, size: int, head: bytes, signs: tuple[tuple[int, bytes], ...]
) -> str | None:
    if kind == "other":
        return "is no photo, video or document that can be uploaded"
    if size == 0:
        return "is empty"
    if signs and not any(head[start:].startswith(sign) for start, sign in signs):
        return f"is not what its name says ({suffix[1:]})"
    if kind == "video" and size > VIDEO_BYTES:
        return "is larger than 2 GB: put it online and write the link into the description"
    if suffix in _CONVERT:
        return f"is often refused: save it as {_CONVERT[suffix]}"
    return None
