"""Thousands of mails that nobody here wrote: no crash, no false alarm, each read in time."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from rules.facts import Outcome
from support.goldens import FIXTURES
from watcher.mailboxes import Message
from watcher.mailboxes.files import walk
from watcher.readers import notice_of, plain
from watcher.reading import Reader, Unread
from watcher.recipe import Recipe

NOW = datetime(2026, 1, 5, tzinfo=UTC)
SECONDS = 5.0
FOLDER = os.environ.get("OFFERWATCH_CORPORA")


def corpora() -> Iterator[Message]:
    """The mails of the folder that OFFERWATCH_CORPORA names; without it our own strangers' mails."""
    if FOLDER is None:
        print("OFFERWATCH_CORPORA is not set: only our own fixtures of ignored mail are read")  # noqa: T201  # for -rP
        sources = [str(FIXTURES / "ignored")]
    else:
        sources = [FOLDER]
    for item in walk(sources, open(os.devnull, "rb"), NOW):  # noqa: SIM115  # never read: no source is "-"
        if isinstance(item, Message):
            yield item


@pytest.mark.timeout(1800)
def test_no_mail_of_a_stranger_breaks_the_reader_takes_long_or_rings() -> None:
    broken, loud, slow, count = [], [], [], 0
    recipe = Recipe()
    recipe.prepare()
    for message in corpora():
        count += 1
        began = time.process_time()
        try:
            notice = recipe(message.raw, message.received_at).notice
        except Exception as error:
            broken.append(f"{message.source}: {type(error).__name__}")
            continue
        if time.process_time() - began > SECONDS:
            slow.append(message.source)
        if notice.outcome is not Outcome.IGNORED:
            loud.append(message.source)

    assert count > 20
    assert (broken, loud, slow) == ([], [], [])


BOMBS = {
    "tags": b"From: a@notice.aliexpress.com\nContent-Type: text/html\n\n" + b"<a " * 300_000,
    "parts": b"From: a@notice.aliexpress.com\nContent-Type: multipart/mixed; boundary=e\n\n"
    + b"--e\n\nx\n" * 50_000,
    "words": b"From: a@notice.aliexpress.com\nSubject: " + b"=?utf-8?B?YQ==?= " * 50_000 + b"\n\nx",
    "numbers": b"From: a@notice.aliexpress.com\n\n" + b"8175503318827740 " * 100_000,
    "dates": b"From: a@notice.aliexpress.com\n\n"
    + b"dispute by Jan 1, 2026, 10:00 PST in 5 days $1.00; " * 30_000,
    "one line": b"From: a@notice.aliexpress.com\n\n" + b"x" * 2_000_000,
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_from_aliexpress_s_address_is_read_in_the_worker_and_never_ignored(name: str) -> None:
    raw = BOMBS[name]
    with Reader(Recipe(), plain) as reader:
        reader.read(b"From: a@b.c\n\nwarm up", NOW)
        began = time.monotonic()
        answer = reader.read(raw, NOW)
        spent = time.monotonic() - began
        again = reader.read(b"From: a@b.c\n\nthe next one", NOW)

    assert spent < 12
    assert notice_of(answer, Message(raw, NOW, "here", None, len(raw))).outcome is Outcome.UNCLEAR
    assert not isinstance(again, Unread)
