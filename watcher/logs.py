"""The log of the daemon: one line an event, fit for journald, without a secret and without a mail's text.

Law: logging never waits. Where nobody reads what we write (a pipe that is full, a terminal on hold) lines are
lost, and the watching goes on.
"""

import logging
import os
import sys
import threading
from contextlib import suppress
from pathlib import Path
from queue import Full, Queue
from types import TracebackType

from watcher.terminal import one_line

DEBUG = "OFFERWATCH_DEBUG"
ROOM = 1000  # lines that may wait to be written
FLUSH = 1.0  # seconds at the end
_LONGEST = 1000
_SYSLOG = {logging.CRITICAL: 2, logging.ERROR: 3, logging.WARNING: 4, logging.INFO: 6, logging.DEBUG: 7}


class OneLine(logging.Formatter):
    """A record on one line; of an exception only its type and place, for its words may be a mail's."""

    def __init__(self, journal: bool) -> None:
        """With `journal` a line begins with its level as journald reads it, else with time and level."""
        super().__init__()
        self._journal = journal

    def format(self, record: logging.LogRecord) -> str:
        text = record.getMessage()
        if record.exc_info and record.exc_info[0] is not None:
            text += f" ({record.exc_info[0].__name__} in {_place(record.exc_info[2])})"
        if not record.name.startswith("offerwatch"):
            text = f"{record.name}: {text}"
        told = one_line(text, _LONGEST)
        if self._journal:
            return f"<{_SYSLOG.get(record.levelno, 6)}>{told}"
        return f"{self.formatTime(record)} {record.levelname} {told}"


class NeverWaiting(logging.Handler):
    """Hands lines to a thread that writes them; drops them where it is held up, and says how many."""

    def __init__(self, descriptor: int, room: int = ROOM) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._lines: Queue[str] = Queue(room)
        self._lost = 0
        self._written = threading.Event()
        self._written.set()
        threading.Thread(target=self._write, name="log", daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        """Leave a line to be written; never waits, never raises."""
        try:
            self._written.clear()
            self._lines.put_nowait(self.format(record))
        except Full:
            self._lost += 1
        except Exception:
            self.handleError(record)

    def flush(self) -> None:
        """Wait for what is to be written, but not for long: we may be about to end."""
        self._written.wait(FLUSH)

    def _write(self) -> None:
        while True:
            line = self._lines.get()
            lost, self._lost = self._lost, 0
            more = f"{lost} lines of the log were lost: nobody read them.\n" if lost else ""
            with suppress(OSError):  # nobody is there any more
                # not by sys.stderr: a thread held up in it would not let the interpreter end
                os.write(self._descriptor, f"{line}\n{more}".encode("utf-8", "replace"))
            if self._lines.empty():
                self._written.set()


def _place(trace: TracebackType | None) -> str:
    if trace is None:
        return "?"
    while trace.tb_next is not None:
        trace = trace.tb_next
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"


def start_log() -> None:
    """Log to standard error; what libraries have to say only where it is an error. With OFFERWATCH_DEBUG
    set in the environment everything is told, tracebacks and mails' words too."""
    handler = NeverWaiting(_standard_error())
    if os.environ.get(DEBUG):
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    else:
        handler.setFormatter(OneLine("JOURNAL_STREAM" in os.environ))
        handler.addFilter(_ours_or_bad)
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)


def _standard_error() -> int:
    with suppress(OSError, ValueError, AttributeError):
        return sys.stderr.fileno()
    return 2


def _ours_or_bad(record: logging.LogRecord) -> bool:
    return record.name.startswith("offerwatch") or record.levelno >= logging.ERROR
