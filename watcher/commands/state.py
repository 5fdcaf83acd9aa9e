"""What is kept of mails and alerts: written out, copied while in use, and let go when it is old."""

import json
import os
import sys
from datetime import timedelta
from pathlib import Path

from watcher.clock import utc_now
from watcher.commands import WRONG, House, StopError, json_line, open_house, open_store, say, span_given
from watcher.commands.asking import Asker
from watcher.privatefile import write_whole
from watcher.upkeep import SLACK, YOUNGEST, backup, exported, prune


def export(config: Path | None, output: Path | None) -> None:
    """Write all that is known as one JSON object, to a private file or to standard output."""
    from watcher.present import case_json

    house, now = open_house(config), utc_now()
    store = open_store(house)
    try:
        told = exported(store, lambda case: json.dumps(case_json(case, house.policy, house.words, now)), now)
    finally:
        store.close()
    if output is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(json_line(told))
        return
    try:
        write_whole(output.expanduser(), json_line(told))
    except OSError as error:
        raise StopError(f"{output} can't be written: {error.strerror}.", "Name another --output.") from None
    say(f"{len(told['cases'])} cases and {len(told['alerts'])} alerts are in {output}.")


def back_up(config: Path | None, target: Path) -> None:
    """Copy the store to a file, whether a watch is running or not."""
    house = open_house(config)
    target = target.expanduser().absolute()
    if target.is_dir():
        target = target / f"offerwatch-{utc_now():%Y%m%dT%H%M%SZ}.sqlite3"
    store = open_store(house)
    ours = store.database.path
    try:
        if os.path.realpath(target) == os.path.realpath(ours):
            raise StopError(f"{target} is the store itself.", "Name another file.", WRONG)
        size = backup(store.database, target)
    finally:
        store.close()
    say(f"{target} holds the store ({max(1, size // 1024)} KiB); only you can read it.")
    say(f"To go back to it: stop watch, copy it to {ours}, remove {ours.name}-wal and -shm, start again.")


def let_go(config: Path | None, older_than: str, yes: bool) -> None:
    """Remove what was over so long ago."""
    house, now = open_house(config), utc_now()
    span, least = span_given(older_than, "--older-than"), _least(house)
    if span < least:
        raise StopError(
            f'--older-than "{older_than}" is too near.',
            f'Younger mails may be read again (backfill): give at least "{least.days}d".',
            WRONG,
        )
    if not Asker(yes).agreed(f"Forget what was over before {now - span:%Y-%m-%d}"):
        say("Nothing was changed.")
        return
    store = open_store(house)
    try:
        gone = prune(store.database, now - span)
    finally:
        store.close()
    say(f"Let go: {gone['cases']} cases, {gone['alerts']} alerts, the places of {gone['mails']} mails.")


def _least(house: House) -> timedelta:
    """Younger than this a mail might be read anew, and be taken for news."""
    return max([YOUNGEST, *(account.backfill + SLACK for account in house.settings.account)])
