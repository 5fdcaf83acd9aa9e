"""A Maildir is watched without a trace, whatever other programs do to it meanwhile."""

import os
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from support.fake_mailbox import FakeMemory
from watcher.mailboxes import Item, MailboxError, Message, Passed, Trouble
from watcher.mailboxes.maildir import MaildirMailbox, uid_of

SINCE = datetime(2025, 1, 1, tzinfo=UTC)
RAW = b"From: a@example.org\r\nSubject: one\r\n\r\nbody\r\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return _made(tmp_path / "Maildir")


def _made(place: Path) -> Path:
    for room in ("tmp", "new", "cur"):
        (place / room).mkdir(parents=True)
    return place


def _put(place: Path, name: str = "1.M1.host", room: str = "new", raw: bytes = RAW) -> Path:
    path = place / room / name
    path.write_bytes(raw)
    return path


def _bodies(items: list[Item]) -> list[bytes]:
    return [item.raw for item in items if isinstance(item, Message)]


def test_a_mail_keeps_its_number_when_it_is_read_and_flagged(root: Path) -> None:
    memory, box = FakeMemory(), MaildirMailbox("home", root)
    path = _put(root)
    assert _bodies(memory.look(box, SINCE)) == [RAW]
    path.rename(root / "cur" / "1.M1.host:2,S")
    assert _bodies(memory.look(box, SINCE)) == []
    (root / "cur" / "1.M1.host:2,S").rename(root / "cur" / "1.M1.host:2,FS")
    assert _bodies(memory.look(box, SINCE)) == []
    assert uid_of("1.M1.host") == uid_of("1.M1.host:2,FS") < 2**53


def test_a_mail_moved_between_listing_and_reading_is_read_where_it_went(root: Path) -> None:
    path = _put(root)

    class Moving(FakeMemory):
        def unseen(self, account: str, folder: str, uidvalidity: int, uids: Sequence[int]) -> list[int]:
            path.rename(root / "cur" / "1.M1.host:2,S")
            return list(uids)

    assert _bodies(Moving().look(MaildirMailbox("home", root), SINCE)) == [RAW]


def test_a_mail_removed_between_listing_and_reading_is_simply_gone(root: Path) -> None:
    path = _put(root)
    _put(root, "2.M2.host")

    class Removing(FakeMemory):
        def unseen(self, account: str, folder: str, uidvalidity: int, uids: Sequence[int]) -> list[int]:
            path.unlink()
            return list(uids)

    assert _bodies(Removing().look(MaildirMailbox("home", root), SINCE)) == [RAW]


def test_a_mail_that_stands_in_both_rooms_is_one_mail(root: Path) -> None:
    _put(root)
    _put(root, "1.M1.host:2,S", "cur")
    items = FakeMemory().look(MaildirMailbox("home", root), SINCE)
    assert len(_bodies(items)) == 1


def test_half_written_and_hidden_files_are_not_mail(root: Path) -> None:
    _put(root, room="tmp")
    _put(root, ".nfs0001", "cur")
    assert _bodies(FakeMemory().look(MaildirMailbox("home", root), SINCE)) == []


def test_what_a_first_look_passes_over_stays_passed_and_what_comes_later_does_not(root: Path) -> None:
    old = (SINCE - timedelta(days=5)).timestamp()
    os.utime(_put(root, "1.M1.host"), (old, old))
    memory, box = FakeMemory(), MaildirMailbox("home", root)
    items = memory.look(box, SINCE)
    assert [i.uids for i in items if isinstance(i, Passed)] == [(uid_of("1.M1.host"),)]
    os.utime(_put(root, "2.M2.host"), (old, old))
    assert len(_bodies(memory.look(box, SINCE))) == 1


@pytest.mark.parametrize(
    ("wanted", "directory"),
    [
        ("\\Junk", ".Junk"),
        ("\\Junk", ".Spamverdacht"),
        ("Orders/2025", ".Orders.2025"),
        ("Käufe", ".K&AOQ-ufe"),
    ],
)
def test_sub_folders_are_found_by_use_and_by_name(root: Path, wanted: str, directory: str) -> None:
    _put(_made(root / directory))
    [message, _] = FakeMemory().look(MaildirMailbox("home", root, wanted), SINCE)
    assert isinstance(message, Message)
    assert message.raw == RAW
    assert str(root / directory) in message.source


def test_a_folder_that_is_not_there_is_named_with_those_that_are(root: Path) -> None:
    _made(root / ".Archive")
    with pytest.raises(MailboxError, match="Archive") as caught:
        FakeMemory().look(MaildirMailbox("home", root, "Offers"), SINCE)
    assert caught.value.kind is Trouble.FOLDER


def test_a_path_that_is_no_maildir_says_so(tmp_path: Path) -> None:
    with pytest.raises(MailboxError, match="not a Maildir"):
        FakeMemory().look(MaildirMailbox("home", tmp_path), SINCE)


def test_a_large_mail_is_cut_and_says_how_large_it_was(root: Path) -> None:
    _put(root, raw=RAW + b"x" * 3_000_000)
    [message, _] = FakeMemory().look(MaildirMailbox("home", root), SINCE)
    assert isinstance(message, Message)
    assert (len(message.raw), message.size) == (2_097_152, len(RAW) + 3_000_000)


def test_delivery_wakes_a_waiting_mailbox_and_flags_do_no_harm(root: Path) -> None:
    box, memory = MaildirMailbox("home", root, tick=0.02), FakeMemory()
    memory.look(box, SINCE)
    threading.Timer(0.1, _put, (root,)).start()
    began = time.monotonic()
    box.wait(20, threading.Event())
    assert 0.05 < time.monotonic() - began < 3
    assert _bodies(memory.look(box, SINCE)) == [RAW]


def test_a_maildir_that_vanishes_while_waiting_is_an_error_at_the_next_look(root: Path) -> None:
    box = MaildirMailbox("home", root, tick=0.02)
    FakeMemory().look(box, SINCE)
    root.rename(root.with_name("gone"))
    with pytest.raises(MailboxError):
        box.wait(1, threading.Event())
