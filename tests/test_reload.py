"""SIGHUP: the configuration is read again, or it is said why not and the old one stays in force."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

OFFERWATCH = Path(sys.executable).with_name("offerwatch")
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
        watch = subprocess.Popen([OFFERWATCH, "watch", "--config", config], stderr=out, stdout=out)
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
            status = [OFFERWATCH, "status", "--config", config]
            seen = subprocess.run(status, capture_output=True, text=True, check=False).stdout
        assert "second" in seen
    finally:
        watch.terminate()
        assert watch.wait(10) == 0
