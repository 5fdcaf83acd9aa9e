"""What every mailbox promises: a fake in memory, a Maildir and a real Dovecot pass the same suite."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from support.dovecot import Dovecot
from support.fake_mailbox import FakeMailbox, FakeMemory
from watcher.mailboxes import Item, Looked, Mailbox, Message, Passed
from watcher.mailboxes.imap import ImapMailbox
from watcher.mailboxes.maildir import MaildirMailbox

NOW = datetime.now(UTC)  # noqa: TID251  # servers stamp mail by the real clock
SINCE = NOW - timedelta(days=90)


@dataclass
class Subject:
    """A mailbox under test, and how mail gets into it."""

    mailbox: Mailbox
    fresh: Callable[[], Mailbox]
    put: Callable[[bytes, datetime], object]
    state: Callable[[], object]


def _mail(number: int) -> bytes:
    return f"From: shop{number}@example.org\r\nSubject: mail {number}\r\n\r\nbody {number}\r\n".encode()


def _fake() -> Iterator[Subject]:
    box = FakeMailbox()
    yield Subject(box, lambda: box, lambda raw, at: box.put(raw, at), lambda: None)


def _maildir(root: Path) -> Iterator[Subject]:
    for room in ("tmp", "new", "cur"):
        (root / room).mkdir()

    def put(raw: bytes, at: datetime) -> None:
        name = f"{time.monotonic_ns()}.M1P1.test"
        (root / "tmp" / name).write_bytes(raw)
        os.utime(root / "tmp" / name, (at.timestamp(), at.timestamp()))
        (root / "tmp" / name).rename(root / "new" / name)

    def state() -> object:
        return sorted((str(p), p.read_bytes(), p.stat().st_mtime) for p in root.rglob("*") if p.is_file())

    yield Subject(MaildirMailbox("home", root, tick=0.02), lambda: MaildirMailbox("home", root), put, state)


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    with Dovecot(users=[f"user{n}" for n in range(20)]) as server:
        yield server


_users = iter(range(20))


def _imap(server: Dovecot) -> Iterator[Subject]:
    user = f"user{next(_users)}"

    def fresh() -> ImapMailbox:
        return ImapMailbox("home", server.host, server.port, "none", user, lambda: server.password)

    def put(raw: bytes, at: datetime) -> None:
        server.append(raw, user=user, received=at.strftime('"%d-%b-%Y %H:%M:%S +0000"'))

    box = fresh()
    yield Subject(box, fresh, put, lambda: server.snapshot(user=user))
    box.close()
    wrote = set(server.commands(user)) & {
        "SELECT",
        "STORE",
        "UID STORE",
        "COPY",
        "UID COPY",
        "MOVE",
        "EXPUNGE",
    }
    assert not wrote, "only the test's own session may write, and only by APPEND"


@pytest.fixture(params=["fake", "maildir", "imap"])
def subject(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Subject]:
    if request.param == "fake":
        yield from _fake()
    elif request.param == "maildir":
        yield from _maildir(tmp_path)
    else:
        yield from _imap(request.getfixturevalue("dovecot"))


def _bodies(items: list[Item]) -> list[bytes]:
    return sorted(item.raw for item in items if isinstance(item, Message))


def test_a_look_hands_over_every_mail_whole_and_says_so_last(subject: Subject) -> None:
    for number in range(3):
        subject.put(_mail(number), NOW)
    items = FakeMemory().look(subject.mailbox, SINCE)
    assert _bodies(items) == [_mail(n) for n in range(3)]
    assert isinstance(items[-1], Looked)
    assert items[-1].exists == 3
    assert sum(isinstance(item, Looked) for item in items) == 1


def test_every_message_knows_its_place_its_size_and_when_it_came(subject: Subject) -> None:
    at = (NOW - timedelta(days=3)).replace(microsecond=0)
    subject.put(_mail(1), at)
    [message] = [i for i in FakeMemory().look(subject.mailbox, SINCE) if isinstance(i, Message)]
    assert message.place is not None
    assert (message.place.account, message.place.folder) == ("home", "INBOX")
    assert message.size == len(_mail(1))
    assert message.received_at.utcoffset() == timedelta(0)
    assert abs(message.received_at - at) < timedelta(seconds=2)
    assert message.source


def test_what_was_taken_in_is_not_handed_over_again(subject: Subject) -> None:
    memory = FakeMemory()
    subject.put(_mail(1), NOW)
    memory.look(subject.mailbox, SINCE)
    assert _bodies(memory.look(subject.mailbox, SINCE)) == []
    subject.put(_mail(2), NOW)
    assert _bodies(memory.look(subject.mailbox, SINCE)) == [_mail(2)]
    assert _bodies(memory.look(subject.fresh(), SINCE)) == []


def test_a_look_that_was_broken_off_hands_over_the_rest_next_time(subject: Subject) -> None:
    memory = FakeMemory()
    for number in range(4):
        subject.put(_mail(number), NOW)
    looking = subject.mailbox.look(memory, SINCE)
    first = next(looking)
    memory.take(first)
    looking.close()
    rest = memory.look(subject.mailbox, SINCE)
    assert sorted([*_bodies([first]), *_bodies(rest)]) == [_mail(n) for n in range(4)]


def test_a_first_look_goes_back_only_as_far_as_asked(subject: Subject) -> None:
    subject.put(_mail(1), NOW - timedelta(days=200))
    subject.put(_mail(2), NOW - timedelta(days=10))
    assert _bodies(FakeMemory().look(subject.mailbox, SINCE)) == [_mail(2)]


def test_a_new_mail_counts_however_old_it_says_it_is(subject: Subject) -> None:
    memory = FakeMemory()
    subject.put(_mail(1), NOW)
    memory.look(subject.mailbox, SINCE)
    subject.put(_mail(2), NOW - timedelta(days=400))
    assert _bodies(memory.look(subject.mailbox, SINCE)) == [_mail(2)]


def test_a_mail_of_no_bytes_is_a_mail(subject: Subject) -> None:
    memory = FakeMemory()
    subject.put(b"\r\n", NOW)
    assert _bodies(memory.look(subject.mailbox, SINCE)) == [b"\r\n"]


def test_an_empty_mailbox_is_a_completed_look(subject: Subject) -> None:
    [looked] = FakeMemory().look(subject.mailbox, SINCE)
    assert isinstance(looked, Looked)
    assert looked.exists == 0


def test_looking_and_waiting_change_nothing(subject: Subject) -> None:
    subject.put(_mail(1), NOW)
    memory = FakeMemory()
    memory.look(subject.mailbox, SINCE)
    before = subject.state()
    memory.look(subject.mailbox, SINCE)
    subject.mailbox.wait(0.05, threading.Event())
    FakeMemory().look(subject.fresh(), SINCE)
    assert subject.state() == before


def test_waiting_ends_when_mail_comes(subject: Subject) -> None:
    memory = FakeMemory()
    memory.look(subject.mailbox, SINCE)
    threading.Timer(0.1, subject.put, (_mail(1), NOW)).start()
    began = time.monotonic()
    subject.mailbox.wait(20, threading.Event())
    assert time.monotonic() - began < 5
    assert _bodies(memory.look(subject.mailbox, SINCE)) == [_mail(1)]


def test_mail_that_came_between_look_and_wait_is_not_slept_over(subject: Subject) -> None:
    memory = FakeMemory()
    memory.look(subject.mailbox, SINCE)
    subject.put(_mail(1), NOW)
    began = time.monotonic()
    subject.mailbox.wait(20, threading.Event())
    assert time.monotonic() - began < 5
    assert _bodies(memory.look(subject.mailbox, SINCE)) == [_mail(1)]


def test_waiting_ends_within_a_second_of_stop(subject: Subject) -> None:
    FakeMemory().look(subject.mailbox, SINCE)
    stop = threading.Event()
    threading.Timer(0.1, stop.set).start()
    began = time.monotonic()
    subject.mailbox.wait(20, stop)
    assert time.monotonic() - began < 1.1


def test_waiting_ends_when_the_time_is_up(subject: Subject) -> None:
    FakeMemory().look(subject.mailbox, SINCE)
    began = time.monotonic()
    subject.mailbox.wait(0.2, threading.Event())
    assert 0.15 < time.monotonic() - began < 3


def test_a_closed_mailbox_opens_again_by_itself(subject: Subject) -> None:
    memory = FakeMemory()
    memory.look(subject.mailbox, SINCE)
    subject.mailbox.close()
    subject.mailbox.close()
    subject.put(_mail(1), NOW)
    assert _bodies(memory.look(subject.mailbox, SINCE)) == [_mail(1)]


def test_many_unseen_mails_are_all_accounted_for(subject: Subject) -> None:
    for number in range(30):
        subject.put(_mail(number), NOW)
    memory = FakeMemory()
    items = memory.look(subject.mailbox, SINCE)
    passed = sum(len(item.uids) for item in items if isinstance(item, Passed))
    assert len(_bodies(items)) + passed == 30
    assert memory.look(subject.mailbox, SINCE)[:-1] == []
