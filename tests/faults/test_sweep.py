"""The stream of one whole session ended at every byte of it: nothing is lost, torn or said twice."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import pytest

from support.fake_mailbox import FakeMemory
from support.faults import Chaos, mailbox
from watcher.clock import utc_now
from watcher.mailboxes import MailboxError, Message

LONG = os.environ.get("OFFERWATCH_FAULTS") == "long"
POSITIONS = {"cut": 8, "reset": 8, "hole": 4}  # in the quick pass; in the long one every byte
AT_ONCE = 8  # sessions: a hole costs a time-out each


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", POSITIONS)
def test_f45_a_session_is_ended_at_every_byte(stage, dovecot, count, kind, seeds):
    """The seeds share the bytes out: together they end a session at every one of them."""
    with Chaos(dovecot.port) as proxy:
        scene = stage(port=proxy.port, read=0.3)
        bodies = sorted(scene.offer().raw.strip() for _ in range(3))
        whole = looked_at(scene.plan)
        assert sorted(each.raw.strip() for each in whole) == bodies
        length = proxy.down
    assert length > 3000
    step = len(seeds) if LONG else length // POSITIONS[kind]
    positions = list(range(1 + scene.seed % step, length, step))
    with ThreadPoolExecutor(AT_ONCE) as threads:
        answers = threads.map(partial(ended_at, scene, dovecot, kind), positions)
        for at, got in zip(positions, answers, strict=True):
            assert got == bodies, (kind, at)
            count(3, 3)


def ended_at(scene, dovecot, kind, at):
    """What looks hand over, the first of which is ended after so many bytes."""
    with Chaos(dovecot.port) as proxy:
        proxy.suffer(kind, at, times=1)
        return sorted(each.raw.strip() for each in looked_at(replace(scene.plan, imap_port=proxy.port)))


def looked_at(plan):
    """Look until a look is complete, as the daemon does; return every mail that was handed over."""
    box, memory, got = mailbox(plan), FakeMemory(), []
    since = utc_now().replace(year=utc_now().year - 1)
    for _ in range(4):
        try:
            for item in box.look(memory, since):
                memory.take(item)
                got += [item] if isinstance(item, Message) else []
        except MailboxError:
            continue
        break
    box.close()
    return got
