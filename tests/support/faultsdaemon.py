"""The watcher of a plan as a process of its own, to be killed, frozen and told to stop.

The processes are forked from one that has imported everything and read a first mail, so that a thousand of
them cost minutes; each is a process like any other, with its own memory, its own handlers and its own end.
"""

import contextlib
import multiprocessing
import os
import signal
import sys
import tempfile
from multiprocessing.connection import Connection
from pathlib import Path

from support.faults import Plan, build, short_pauses
from watcher.crash import VARIABLE
from watcher.daemon import AlreadyWatchingError

_FORK = multiprocessing.get_context("forkserver")
_FORK.set_forkserver_preload([__name__ + "_warm"])


class Spawned:
    """One watcher in a process of its own; `said` is what it wrote to standard error."""

    def __init__(self, plan: Plan, crash_at: str = "") -> None:
        self._said = Path(tempfile.mkstemp(prefix="said-")[1])
        self._ready, theirs = _FORK.Pipe(duplex=False)
        self._process = _FORK.Process(
            target=_watch, args=(plan, crash_at, str(self._said), theirs), daemon=True
        )
        self._process.start()
        theirs.close()
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    def ready(self, seconds: float) -> bool:
        """Wait until it is put together and about to watch; False where it is not in time."""
        return self._ready.poll(seconds)

    def poll(self) -> int | None:
        """Its exit code, None while it runs."""
        return self._process.exitcode

    def wait(self, seconds: float) -> int:
        """Wait for its end; return the exit code."""
        self._process.join(seconds)
        code = self._process.exitcode
        assert code is not None, f"it still runs after {seconds} s"
        return code

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Kill it if it still runs; may be called twice."""
        self._process.kill()
        self._process.join(10)

    def said(self) -> str:
        return self._said.read_text(errors="replace")

    def forget(self) -> None:
        """End it and leave nothing behind."""
        self.kill()
        self._process.close()
        self._ready.close()
        self._said.unlink(missing_ok=True)


def _watch(plan: Plan, crash_at: str, said: str, ready: Connection) -> None:
    """The process: watch as planned, and end with the daemon's exit code."""
    os.dup2(os.open(said, os.O_WRONLY), 2)
    sys.stderr = os.fdopen(2, "w", closefd=False)
    os.environ[VARIABLE] = crash_at
    with short_pauses() if plan.hasty else contextlib.nullcontext():
        try:
            daemon = build(plan).daemon
            ready.send(None)
            sys.exit(daemon.run())
        except AlreadyWatchingError as error:
            sys.stderr.write(f"{error}\n")
            sys.stderr.flush()
            sys.exit(error.exit_code)
