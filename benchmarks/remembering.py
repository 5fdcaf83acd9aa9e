"""Ten years of one person's mail in the store: a look at the clock, and `status`."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from statistics import median

from measure import Row, against, best, offerwatch

from rules.facts import Kind
from support.watching import START, PlainSpeech, a_mail, a_notice, read_facts
from watcher import wiring
from watcher.app import App
from watcher.clock import utc_now
from watcher.commands import House, open_house
from watcher.mailboxes import Passed
from watcher.store import Store

STRANGERS, CASES, OPEN = 100_000, 2_000, 10


def _house(folder: Path) -> House:
    folder.mkdir()
    (folder / "config.toml").write_text(
        f'state_dir = "{folder}/state"\n[[account]]\nname = "home"\nkind = "maildir"\n'
        f'path = "{folder}/Maildir"\n'
        '[[channel]]\nkind = "command"\nrun = ["/bin/true"]\n'
    )
    return open_house(folder / "config.toml")


def _fill(store: Store, cases: int, waiting: int) -> None:
    """So many cases of which `waiting` wait for the buyer now; the others were closed long ago."""
    now = utc_now().replace(microsecond=0)
    for number in range(cases):
        order = f"81{number:014}"
        sent = now - timedelta(hours=1) if number < waiting else START
        offer = a_notice(f"o{number}", sent_at=sent, received_at=sent, orders=(order,))
        store.take_in(a_mail(offer, 2 * number + 1), offer, now)
        if number >= waiting:
            later = sent + timedelta(days=1)
            end = replace(
                a_notice(f"c{number}", Kind.DISPUTE_CLOSED, orders=(order,), printed=()),
                sent_at=later, received_at=later,
            )  # fmt: skip
            store.take_in(a_mail(end, 2 * number + 2), end, now)


def rows(folder: Path, mails: int) -> Iterator[Row]:
    """Rows for a full store, `status` compared with one of as many open cases and no past."""
    full, fresh = _house(folder / "full"), _house(folder / "fresh")
    with_past, without = wiring.store_of(full), wiring.store_of(fresh)
    for start in range(0, STRANGERS, 5000):
        uids = tuple(range(10**6 + start, 10**6 + start + 5000))
        with_past.passed(Passed("home", "INBOX", 7, uids), START)
    _fill(with_past, CASES, OPEN)
    _fill(without, OPEN, OPEN)
    app = App(with_past, PlainSpeech(), read_facts)
    app.look_at_clock()
    looks = []
    for _ in range(20):
        began = time.process_time()
        app.look_at_clock()
        looks.append(time.process_time() - began)
    with_past.close()
    without.close()
    yield against(f"a look at the clock, {CASES} cases", median(looks) * 1000, 20, "ms")
    status = [
        best(offerwatch("status", "--config", f"{folder}/{name}/config.toml"), codes=(0, 3)).cpu
        for name in ("full", "fresh")
    ]
    yield against("`status` with ten years, beside `status` with ten cases", status[0] / status[1], 1.1)
