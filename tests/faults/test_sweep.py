"""The stream of one whole session ended at every byte of it: nothing is lost, torn or said twice."""

import os

import pytest

from support.fake_mailbox import FakeMemory
from support.faults import Chaos, mailbox
from watcher.clock import utc_now
from watcher.mailboxes import MailboxError, Message

LONG = os.environ.get("OFFERWATCH_FAULTS") == "long"
POSITIONS = {"cut": 8, "reset": 8, "hole": 2}  # in the quick pass
EVERY = {"cut": 1, "reset": 1, "hole": 25}  # bytes, in the long pass; a hole costs a time-out each


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", POSITIONS)
def test_f45_a_session_is_ended_at_every_byte(stage, dovecot, count, kind):
    with Chaos(dovecot.port) as proxy:
        scene = stage(port=proxy.port, read=0.3)
        bodies = {scene.offer().raw.strip() for _ in range(3)}
        whole = looked_at(scene)
        assert {each.raw.strip() for each in whole} == bodies
        length = proxy.down
        step = EVERY[kind] if LONG else length // POSITIONS[kind]
        for at in range(1 + scene.seed % step, length, step):
            proxy.suffer(kind, at, times=1)
            got = looked_at(scene)
            assert sorted(each.raw.strip() for each in got) == sorted(bodies), (kind, at)
            count(3, 3)


def looked_at(scene):
    """Look until a look is complete, as the daemon does; return every mail that was handed over."""
    box, memory, got = mailbox(scene.plan), FakeMemory(), []
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
