"""Signals: SIGHUP reads the configuration again or says why not; told to stop as it begins, it ends well."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

WATCH = [sys.executable, "-m", "watcher.cli"]
ROOT = Path(__file__).parents[1]
PATIENCE = 30.0  # seconds for a loaded machine


def _wait_for(log: Path, words: str) -> str:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        text = log.read_text("utf-8")
        if words in text:
            return text
        time.sleep(0.05)
    pytest.fail(f"{words!r} never came: {log.read_text('utf-8')}")


def _configuration(folder: Path, name: str) -> str:
    return (
        f'state_dir = "{folder / "state"}"\n[[account]]\nname = "{name}"\nkind = "maildir"\n'
        f'path = "{folder / "Maildir"}"\n[[channel]]\nkind = "command"\nrun = ["/bin/true"]\n'
    )


def test_a_hang_up_takes_the_new_configuration_and_keeps_the_old_one_where_it_is_wrong(
    tmp_path: Path,
) -> None:
    for part in ("new", "cur", "tmp"):
        (tmp_path / "Maildir" / part).mkdir(parents=True)
    config, log = tmp_path / "config.toml", tmp_path / "log"
    config.write_text(_configuration(tmp_path, "first"), "utf-8")
    with log.open("w") as out:
        watch = subprocess.Popen([*WATCH, "watch", "--config", config], stderr=out, stdout=out, cwd=ROOT)
    try:
        _wait_for(log, "Watching 1 folders")
        config.write_text(_configuration(tmp_path, "second").replace("maildir", "maildri"), "utf-8")
        watch.send_signal(signal.SIGHUP)
        assert "maildri" in _wait_for(log, "the old one stays in force")
        assert watch.poll() is None

        config.write_text(_configuration(tmp_path, "second"), "utf-8")
        watch.send_signal(signal.SIGHUP)
        _wait_for(log, "begins anew")
        end = time.monotonic() + PATIENCE
        seen = ""
        while "second" not in seen and time.monotonic() < end:
            status = [*WATCH, "status", "--config", config]
            seen = subprocess.run(status, capture_output=True, text=True, check=False, cwd=ROOT).stdout
        assert "second" in seen
    finally:
        watch.terminate()
        assert watch.wait(10) == 0


def _catches(process: "subprocess.Popen[bytes]", number: signal.Signals) -> bool:
    """Whether a process has a handler for a signal, as the kernel tells."""
    for line in Path(f"/proc/{process.pid}/status").read_text("ascii").splitlines():
        if line.startswith("SigCgt:"):
            return bool(int(line.split()[1], 16) >> (number - 1) & 1)
    return False


def _began(folder: Path, log: Path) -> "subprocess.Popen[bytes]":
    """A daemon that has just begun: its first handlers stand, nothing else does."""
    for part in ("new", "cur", "tmp"):
        (folder / "Maildir" / part).mkdir(parents=True, exist_ok=True)
    config = folder / "config.toml"
    config.write_text(_configuration(folder, "first"), "utf-8")
    with log.open("w") as out:
        watch = subprocess.Popen([*WATCH, "watch", "--config", config], stderr=out, stdout=out, cwd=ROOT)
    end = time.monotonic() + PATIENCE
    while not _catches(watch, signal.SIGTERM) and time.monotonic() < end:
        time.sleep(0.001)
    return watch


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
@pytest.mark.parametrize("after", [0.0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.2, 0.4, 0.8])
def test_told_to_stop_while_it_begins_it_ends_with_0_and_without_a_traceback(
    tmp_path: Path, after: float, name: str
) -> None:
    log = tmp_path / "log"
    watch = _began(tmp_path, log)
    time.sleep(after)
    watch.send_signal(getattr(signal, name))

    assert watch.wait(10) == 0
    assert "Traceback" not in log.read_text("utf-8")


def test_a_hang_up_while_it_begins_waits_until_it_can_be_heeded(tmp_path: Path) -> None:
    log = tmp_path / "log"
    watch = _began(tmp_path, log)
    watch.send_signal(signal.SIGHUP)
    try:
        assert "begins anew" in _wait_for(log, "begins anew")
    finally:
        watch.terminate()
        assert watch.wait(10) == 0
