"""Mail in files: one mail a file, mbox, Maildir, folders of any of these, or standard input.

Law: what is named is tried, what is merely met is sniffed; nothing is left out in silence.
"""

import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from watcher.mailboxes import CAP, Message
from watcher.mailboxes.maildir import files_of, is_maildir, read_file
from watcher.mailboxes.mbox import pieces
from watcher.mailboxes.receipt import from_line, receipt

STDIN = "-"
SNIFF = 8 * 1024

_HEADER = re.compile(rb"^([!-9;-~]{1,76})[ \t]*:", re.M)
_USUAL = {
    b"from", b"to", b"date", b"subject", b"received", b"return-path", b"delivered-to", b"message-id",
    b"mime-version", b"x-mozilla-status", b"dkim-signature", b"authentication-results",
}  # fmt: skip
_MBOX = (".mbox", ".mbx")
_MAIL = (".eml",)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file met in a folder that is no mail."""

    source: str


@dataclass(frozen=True, slots=True)
class Failed:
    """Something that should have been read and could not be: what happened, and what to do."""

    source: str
    sentence: str
    remedy: str


def walk(
    sources: Sequence[str | Path], stdin: BinaryIO, now: datetime
) -> Iterator[Message | Skipped | Failed]:
    """Yield the mails of all sources in the order given, folders in the order of their names.

    `stdin` is read for "-"; its mail counts as received at `now` (aware) where it doesn't tell. Never
    raises for what is in the sources: what can't be read comes as `Failed`, and the rest follows.
    """
    for source in sources:
        if str(source) == STDIN:
            yield _stdin(stdin, now)
        else:
            yield from _given(Path(source), str(source))


def _stdin(stdin: BinaryIO, now: datetime) -> Message | Failed:
    try:
        raw = stdin.read(CAP)
        size = len(raw) + _drained(stdin)
    except OSError as error:
        return _failed(STDIN, error)
    if not raw.strip():
        return Failed(STDIN, "There is no mail on standard input.", "Pipe one mail in, as `cat mail.eml |`.")
    return Message(raw, _told(raw) or now.astimezone(UTC), STDIN, None, size)


def _given(path: Path, source: str) -> Iterator[Message | Skipped | Failed]:
    try:
        if path.is_dir():
            yield from _folder(path)
        elif _mbox_by_name(path) or (path.suffix.lower() not in _MAIL and _sniffed_mbox(path)):
            yield from _mbox(path, source)
        else:
            message = _mail(path, source)
            if message.raw.strip():
                yield message
            else:
                yield Failed(source, f"{source} is empty.", "Save the mail again as a file with its source.")
    except OSError as error:
        yield _failed(source, error)


def _folder(folder: Path) -> Iterator[Message | Skipped | Failed]:
    try:
        paths = sorted(folder.iterdir())
        mails = files_of(folder) if is_maildir(folder) else []
    except OSError as error:
        yield _failed(str(folder), error)
        return
    rooms = {"cur", "new", "tmp"} if is_maildir(folder) else set()
    for mail in mails:
        yield from _met(mail, sure=True)
    for path in paths:
        if path.name in rooms:
            continue
        if path.is_dir() and not path.is_symlink():
            yield from _folder(path)
        else:
            yield from _met(path)


def _met(path: Path, sure: bool = False) -> Iterator[Message | Skipped | Failed]:
    """Yield what a file found in a folder holds; `sure` where its place says that it is a mail."""
    source = str(path)
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            yield Skipped(source)  # a pipe or device would hold us
        elif sure or path.suffix.lower() in _MAIL:
            yield _mail(path, source)
        elif _mbox_by_name(path) or (_nameless(path) and _sniffed_mbox(path)):
            yield from _mbox(path, source)
        elif _nameless(path) and _looks_like_mail(_head(path)):
            yield _mail(path, source)
        else:
            yield Skipped(source)
    except OSError as error:
        yield _failed(source, error)


def _mail(path: Path, source: str) -> Message:
    message = read_file(path, source)
    told = _told(message.raw)
    return replace(message, received_at=told) if told else message


def _mbox(path: Path, source: str) -> Iterator[Message]:
    with path.open("rb") as file:
        written = datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC)
        for index, piece in enumerate(pieces(file), start=1):
            at = receipt(piece.raw) or piece.at or written
            yield Message(piece.raw, at, f"{source}#{index}", None, piece.size)


def _told(raw: bytes) -> datetime | None:
    """Return when a mail says that it was received: by its header lines, else by its From_ line."""
    first = raw[:1000].split(b"\n", 1)[0]
    return receipt(raw) or (from_line(first) if first.startswith(b"From ") else None)


def _mbox_by_name(path: Path) -> bool:
    return path.suffix.lower() in _MBOX


def _nameless(path: Path) -> bool:
    """Whether a name tells nothing: no extension, or one that is only a number."""
    suffix = path.suffix[1:]
    return not suffix or suffix.isdigit()


def _sniffed_mbox(path: Path) -> bool:
    head = _head(path)
    line, _, rest = head.partition(b"\n")
    return line.startswith(b"From ") and _looks_like_mail(rest)


def _looks_like_mail(head: bytes) -> bool:
    """Whether bytes begin with header lines of which one is usual in mail."""
    if not _HEADER.match(head):
        return False
    block = re.split(rb"\r?\n\r?\n", head, maxsplit=1)[0]
    return any(name.lower() in _USUAL for name in _HEADER.findall(block))


def _head(path: Path) -> bytes:
    if not path.is_file():
        return b""  # what a pipe gave would be gone
    with path.open("rb") as file:
        return file.read(SNIFF)


def _drained(stream: BinaryIO) -> int:
    size = 0
    while chunk := stream.read(1024 * 1024):
        size += len(chunk)
    return size


def _failed(source: str, error: OSError) -> Failed:
    if isinstance(error, FileNotFoundError):
        return Failed(source, f"{source} does not exist.", "Check the path.")
    if isinstance(error, PermissionError):
        return Failed(source, f"{source} may not be read.", "Check its rights, or run as its owner.")
    return Failed(source, f"{source} can't be read ({error.strerror or error}).", "Check the file or disk.")
