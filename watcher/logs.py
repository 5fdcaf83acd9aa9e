"""The log of the daemon: one line an event, fit for journald, without a secret and without a mail's text."""

import logging
import os
import sys
from pathlib import Path
from types import TracebackType

from watcher.terminal import one_line

DEBUG = "OFFERWATCH_DEBUG"
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


def _place(trace: TracebackType | None) -> str:
    if trace is None:
        return "?"
    while trace.tb_next is not None:
        trace = trace.tb_next
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"


def start_log() -> None:
    """Log to standard error; what libraries have to say only where it is an error. With OFFERWATCH_DEBUG
    set in the environment everything is told, tracebacks and mails' words too."""
    handler = logging.StreamHandler(sys.stderr)
    if os.environ.get(DEBUG):
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    else:
        handler.setFormatter(OneLine("JOURNAL_STREAM" in os.environ))
        handler.addFilter(_ours_or_bad)
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)


def _ours_or_bad(record: logging.LogRecord) -> bool:
    return record.name.startswith("offerwatch") or record.levelno >= logging.ERROR
