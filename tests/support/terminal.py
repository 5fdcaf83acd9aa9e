"""A person at a terminal: runs the installed script on a pty, waits for a question, types an answer."""

import os
import pty
import select
import time
from collections.abc import Sequence
from pathlib import Path

from support.outsider import SCRIPT, environment


def typed(
    home: Path, arguments: Sequence[str], answers: Sequence[tuple[str, str]], **more: str
) -> tuple[int, str]:
    """Run it; after each question (a piece of its text) type the answer. Returns exit code and the screen."""
    pid, line = pty.fork()
    if pid == 0:
        os.chdir(home)
        os.execve(str(SCRIPT), [str(SCRIPT), *arguments], environment(home, TERM="dumb", **more))
    screen, seen = "", 0
    try:
        for question, answer in answers:
            while question not in screen[seen:]:
                piece = _read(line)
                assert piece, f"it ended before it asked {question!r}:\n{screen}"
                screen += piece
            seen = len(screen)
            os.write(line, answer.encode() + b"\n")
        while piece := _read(line):
            screen += piece
    finally:
        os.close(line)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status), screen.replace("\r\n", "\n")


def _read(line: int, seconds: float = 30.0) -> str:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if select.select([line], [], [], 0.2)[0]:
            try:
                return os.read(line, 65536).decode("utf-8", "replace")
            except OSError:  # the other side is gone
                return ""
    raise AssertionError("nothing was said for too long")
