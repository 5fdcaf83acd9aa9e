"""The reading process survives every mail, and nothing of it survives us."""

import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import pytest

from support.readers import collecting, length, minus_one, process
from watcher.reading import Reader, ReadingStoppedError, Unread, read_many

NOW = datetime(2026, 1, 5, tzinfo=UTC)


def until(condition: Callable[[], bool], seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


def gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


def test_mails_are_read_in_another_process_that_stays() -> None:
    with Reader(process) as reader:
        first, second = reader.read(b"a", NOW), reader.read(b"b", NOW)
    assert first == second
    assert first != os.getpid()


def test_a_process_that_reads_for_months_takes_its_garbage_away_whatever_started_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A child begins by importing what started its parent, and the command line switches collecting off.
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", find_spec("watcher.cli"))
    with Reader(collecting) as reader:
        assert reader.read(b"a", NOW) is True


def test_who_is_only_told_of_readings_does_not_load_what_reads() -> None:
    code = """
        import sys
        from datetime import UTC, datetime
        from watcher.readers import plain
        from watcher.reading import Reader
        from watcher.recipe import Recipe

        if __name__ == "__main__":
            with Reader(Recipe(), plain) as reader:
                found = reader.read(b"hello", datetime(2026, 1, 5, tzinfo=UTC))
            assert found.notice.outcome == "ignored", found
            heavy = {"bs4", "lxml", "mailparser", "babel", "parsers.read"} & set(sys.modules)
            assert not heavy, heavy
    """
    run = [sys.executable, "-c", textwrap.dedent(code)]
    subprocess.run(run, check=True, cwd=Path(__file__).parents[1])


@pytest.mark.parametrize("mail", [b"die", b"raise", b"eat", b"deep"])
def test_a_mail_that_breaks_the_reader_is_said_to_be_unread_and_the_next_one_is_read(mail: bytes) -> None:
    with Reader(length) as reader:
        assert isinstance(reader.read(mail, NOW), Unread)
        assert reader.read(b"fine mail", NOW) == 9


def test_a_mail_that_hangs_is_given_up_in_time() -> None:
    with Reader(length, seconds=1) as reader:
        reader.read(b"warm up", NOW)
        start = time.monotonic()
        assert reader.read(b"hang", NOW) == Unread("reading took too long")
        assert time.monotonic() - start < 4
        assert reader.read(b"fine mail", NOW) == 9


def test_the_plain_reader_is_asked_where_the_careful_one_fails() -> None:
    with Reader(length, minus_one, seconds=1) as reader:
        assert [reader.read(mail, NOW) for mail in (b"die", b"hang", b"raise", b"ok")] == [-1, -1, -1, 2]


def test_a_mail_cannot_make_the_reader_write_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "written"
    monkeypatch.setenv("OFFERWATCH_TEST_FILE", str(target))
    with Reader(length) as reader:
        assert isinstance(reader.read(b"write", NOW), Unread)
    assert not target.exists() or target.stat().st_size == 0


def test_closing_ends_a_mail_being_read_and_leaves_no_process() -> None:
    reader = Reader(process)
    pid = reader.read(b"", NOW)
    assert isinstance(pid, int)
    reader.close()
    assert until(lambda: gone(pid))
    with pytest.raises(ReadingStoppedError):
        reader.read(b"", NOW)


def test_close_from_another_thread_stops_at_once() -> None:
    reader = Reader(length, seconds=30)
    reader.read(b"warm up", NOW)
    caught: list[BaseException] = []

    def work() -> None:
        try:
            reader.read(b"hang", NOW)
        except ReadingStoppedError as error:
            caught.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    start = time.monotonic()
    reader.close()
    thread.join(10)
    assert not thread.is_alive()
    assert caught
    assert time.monotonic() - start < 5


def test_many_threads_may_share_one_reader() -> None:
    with Reader(length) as reader:
        answers: list[int | Unread] = []
        threads = [
            threading.Thread(target=lambda n=n: answers.append(reader.read(b"x" * n, NOW))) for n in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert sorted(answers, key=str) == list(range(8))


def test_a_scan_keeps_the_order_although_some_mails_break_the_reader() -> None:
    mails = [(number, b"die" if number % 17 == 5 else b"y" * number, NOW) for number in range(60)]
    answers = list(read_many(iter(mails), length, minus_one, workers=2))
    assert [tag for tag, _ in answers] == list(range(60))
    assert all(answer == (-1 if tag % 17 == 5 else tag) for tag, answer in answers)


def test_a_scan_draws_only_what_it_needs() -> None:
    drawn = 0

    def endless() -> object:
        nonlocal drawn
        while True:
            drawn += 1
            yield drawn, b"mail", NOW

    answers = read_many(endless(), length, workers=2)  # type: ignore[arg-type]  # a plain generator
    assert [next(answers) for _ in range(3)] == [(1, 4), (2, 4), (3, 4)]
    answers.close()  # type: ignore[attr-defined]  # generators have it
    assert drawn < 500
