"""A program of ours as a process of its own: started, told to stop, and killed where it still runs."""

import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def started(
    command: Sequence[str | Path],
    home: Path | str,
    environ: Mapping[str, str] | None = None,
    stderr: int | IO[str] = subprocess.PIPE,
) -> Iterator[subprocess.Popen[str]]:
    """It runs in `home` for as long as the block lasts, and not a moment longer."""
    with subprocess.Popen(
        [str(word) for word in command], cwd=home, env=environ, stderr=stderr, encoding="utf-8"
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def stop(
    process: subprocess.Popen[str], seconds: float = 20.0, number: signal.Signals = signal.SIGTERM
) -> str:
    """Tell it to stop: it ends in time, with 0 and without a traceback; return what it wrote to the pipe."""
    process.send_signal(number)
    _, said = process.communicate(timeout=seconds)
    assert "Traceback" not in (said or ""), said
    assert process.returncode == 0, said
    return said or ""
