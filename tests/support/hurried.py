"""The program as installed, but for its clock, which a file moves on: so that a day passes in seconds."""

import sys
from datetime import UTC, datetime, timedelta
from os import environ
from pathlib import Path

import watcher.clock

AHEAD = "OFFERWATCH_TEST_AHEAD"


def _ahead() -> datetime:
    """The real time, and as many hours more as the file says."""
    return datetime.now(UTC) + timedelta(hours=float(Path(environ[AHEAD]).read_text()))  # noqa: TID251


watcher.clock.utc_now = _ahead  # before anything else takes its name from there

if __name__ == "__main__":
    import watcher.daemon
    from watcher.cli import main

    watcher.daemon.BEAT = 0.1
    sys.exit(main())
