"""The daemon's log: one line an event, whatever happened, and nothing in it that came by mail."""

import logging
import os
import time

from watcher.logs import NeverWaiting, OneLine

POISON = "Order 1\r\n<0>fake\x1b[2J"


def told(record: logging.LogRecord, journal: bool = True) -> str:
    return OneLine(journal).format(record)


def record(
    text: str, *arguments: object, level: int = logging.WARNING, name: str = "offerwatch"
) -> logging.LogRecord:
    return logging.LogRecord(name, level, "x.py", 1, text, arguments, None)


def test_an_event_is_one_line_with_a_level_that_the_journal_reads() -> None:
    line = told(record("a mail %s", POISON))
    assert line.startswith("<4>a mail Order 1")
    assert len(line.splitlines()) == 1
    assert "\x1b" not in line


def test_an_exception_is_its_type_and_place_and_never_its_words() -> None:
    try:
        raise ValueError("Dear buyer, your secret offer")
    except ValueError as error:
        failed = record("It stumbled.", level=logging.ERROR)
        failed.exc_info = (type(error), error, error.__traceback__)
    line = told(failed)
    assert line.startswith("<3>It stumbled. (ValueError in test_logs.py:")
    assert "secret" not in line
    assert len(line.splitlines()) == 1


def test_without_a_journal_the_line_bears_time_and_level() -> None:
    assert " WARNING hello" in told(record("hello"), journal=False)


def test_where_nobody_reads_the_log_it_waits_for_nobody_and_says_later_what_was_lost() -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    log = NeverWaiting(writing, room=10)
    log.setFormatter(OneLine(journal=True))
    began = time.monotonic()
    for n in range(2000):
        log.emit(record(f"{n} " + "x" * 200))
    assert time.monotonic() - began < 2
    text = b""
    until = time.monotonic() + 10
    while b"lines of the log were lost" not in text and time.monotonic() < until:
        try:
            text += os.read(reading, 1 << 20)
        except BlockingIOError:
            time.sleep(0.01)
            log.emit(record("again"))
    assert text.startswith(b"<4>0 xxx")
    assert b"lines of the log were lost" in text
    log.flush()
    os.close(writing)
    os.close(reading)
