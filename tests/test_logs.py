"""The daemon's log: one line an event, whatever happened, and nothing in it that came by mail."""

import logging

from watcher.logs import OneLine

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
