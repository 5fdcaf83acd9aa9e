"""Hands an alert to a program of the user's own: JSON on its standard input, and exit 0 means delivered."""

import json
import os
import shutil
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import IO

from rules.facts import Alert, Urgency
from watcher.alertjson import alert_json
from watcher.channels import Attempt, ChannelError
from watcher.terminal import last_line, one_line

_KEPT = 8  # blocks of standard error that are remembered: the last words are what counts
_BLOCK = 4096  # bytes
_GRACE = 0.5  # seconds between asking a program to end and ending it
_LAST_WORDS = 0.5  # seconds to wait for standard error after a failure; a grandchild may hold it open


class CommandChannel:
    """Runs one program an alert, without a shell, in a process group of its own."""

    def __init__(
        self, name: str, run: tuple[str, ...], min_urgency: Urgency = Urgency.INFO, timeout: float = 10.0
    ) -> None:
        if not run or not run[0]:
            raise ChannelError(
                f"Channel {name} has no program to run.", 'Set run = ["/path/to/program"].', True
            )
        self.name = name
        self.min_urgency = min_urgency
        self._run = run
        self._timeout = timeout

    def check(self) -> str:
        """Look whether the program is there, without running it; raises ChannelError."""
        if shutil.which(self._run[0]) is None:
            raise ChannelError(
                f"Channel {self.name}: {self._run[0]} is not a program that can be run.",
                "Give its whole path, and make it executable.",
                permanent=True,
            )
        return "its program is there"

    def send(self, alert: Alert, attempt: Attempt) -> None:
        """Deliver one alert; raises ChannelError unless the program exits 0 within the time-out.

        Where an earlier try may have succeeded, the object has `"repeat": true` besides.
        """
        data = alert_json(alert) | ({"repeat": True} if attempt.in_doubt else {})
        line = json.dumps(data, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        process = self._start()
        words: deque[bytes] = deque(maxlen=_KEPT)
        listener = _in_background(_listen, process.stderr, words)
        _in_background(_speak, process.stdin, line)
        try:
            code = process.wait(self._timeout)
        except subprocess.TimeoutExpired:
            _end_group(process)
            raise self._overrun() from None
        if code != 0:
            listener.join(_LAST_WORDS)
            raise self._failure(code, last_line(b"".join(words)))

    def _start(self) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                self._run,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                start_new_session=True,  # so that an overrun ends its children too
            )
        except (OSError, ValueError) as error:
            why = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else "bad argument"
            raise ChannelError(
                f"Channel {self.name} could not start {one_line(self._run[0])}: {why}.",
                "Give the whole path of a program that this user may run, as the first item of run.",
                permanent=True,
            ) from None

    def _overrun(self) -> ChannelError:
        return ChannelError(
            f"Channel {self.name}: {one_line(self._run[0])} did not end within {self._timeout:g} s "
            "and was stopped.",
            "Make it faster, or raise timeout of this channel.",
            in_doubt=True,
        )

    def _failure(self, code: int, words: str) -> ChannelError:
        how = f"exited with {code}" if code > 0 else f"was ended by {_signal_name(-code)}"
        said = f": {words}" if words else " and said nothing on standard error"
        return ChannelError(
            f"Channel {self.name}: {one_line(self._run[0])} {how}{said}.".replace("..", "."),
            "Run it by hand with an alert on standard input (offerwatch alerts --format json prints some).",
        )


def _in_background(job: Callable[..., None], *arguments: object) -> threading.Thread:
    thread = threading.Thread(target=job, args=arguments, name="command", daemon=True)
    thread.start()
    return thread


def _speak(stdin: IO[bytes], line: bytes) -> None:
    with suppress(OSError), stdin:  # a program may end without reading all: its exit code decides
        stdin.write(line)


def _listen(stderr: IO[bytes], words: deque[bytes]) -> None:
    with suppress(OSError, ValueError), stderr:
        while block := os.read(stderr.fileno(), _BLOCK):
            words.append(block)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    # Until the process is waited for, its group id can't belong to anybody else: so signal first, wait last.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGTERM)
    threading.Event().wait(_GRACE)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
