"""The daemon on a real Dovecot: from delivery to alert, a look with nothing new, and how quiet it is."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from letters import mailbox, order_mail
from measure import ENVIRONMENT, Row, against, memory_of

from support.dovecot import Dovecot
from support.fake_mailbox import FakeMemory
from watcher import inbound
from watcher.clock import utc_now
from watcher.commands import open_house

HOLD = 0.5  # seconds that Dovecot keeps a notice back
OFFERS = 20
IDLE = 60.0
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class _Daemon:
    pid: int
    rung: Path

    def until(self, lines: int) -> None:
        """Wait until so many alerts were handed over."""
        _until(lambda: self.rung.exists() and len(self.rung.read_text().splitlines()) >= lines)

    def cpu(self) -> float:
        """Seconds of processor that it and its children took."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        kids = [
            Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        ]
        return sum(int(each[11]) + int(each[12]) for each in (fields, *kids)) / TICKS


def _until(true: Callable[[], bool], seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise SystemExit("The daemon did not do in time what it was to do.")
        threading.Event().wait(0.005)


def _config(folder: Path, server: Dovecot, rung: Path) -> Path:
    write = f"import sys, time; sys.stdin.read(); open({str(rung)!r}, 'a').write(f'{{time.time()}}\\n')"
    (folder / "password").write_text(server.password)
    (folder / "password").chmod(0o600)
    path = folder / "watch.toml"
    path.write_text(
        f'state_dir = "{folder}/watched"\n[[account]]\nname = "home"\nhost = "127.0.0.1"\n'
        f"port = {server.port}\n"
        f'security = "none"\nusername = "{server.user}"\npassword_file = "{folder}/password"\n'
        f'folders = ["INBOX"]\n[[channel]]\nkind = "command"\n'
        f"run = [\"{sys.executable}\", \"-S\", \"-c\", '''{write}''']\n"
    )
    return path


def rows(folder: Path, mails: int) -> Iterator[Row]:
    """Rows for one account with one folder."""
    rung = folder / "rung"
    with Dovecot(users=("alice",)) as server:
        config = _config(folder, server, rung)
        command = [sys.executable, "-m", "watcher", "watch", "--config", str(config)]
        with (folder / "log").open("w") as log:
            process = subprocess.Popen(command, env=ENVIRONMENT, stderr=log)
        try:
            daemon = _Daemon(process.pid, rung)
            _until(lambda: "IDLE" in server.commands())
            yield against(
                "from delivery to the channel, p95, beyond the server's hold",
                _latency(server, daemon),
                150,
                "ms",
            )
            before = daemon.cpu()
            threading.Event().wait(IDLE)
            yield against("idle, of one core", (daemon.cpu() - before) / IDLE * 100, 0.05, "%")
            for raw in mailbox(1000):
                server.deliver(raw)
            threading.Event().wait(IDLE / 2)
            yield against("memory after 1,000 mails", memory_of(process.pid), 75, "MB")
        finally:
            process.terminate()
            process.wait(10)
        yield from _nothing_new(server, config)


def _latency(server: Dovecot, daemon: _Daemon) -> float:
    """Milliseconds, p95, from a mail in the Maildir to a program that has read the alert, less the hold."""
    import random

    rng, waits = random.Random(3), []
    for number in range(OFFERS):
        began = time.time()
        server.deliver(_now(order_mail(rng, number * 4)))
        daemon.until(number + 1)
        waits.append(float(daemon.rung.read_text().splitlines()[number]) - began - HOLD)
    return sorted(waits)[int(OFFERS * 0.95) - 1] * 1000


def _now(raw: bytes) -> bytes:
    from email.utils import format_datetime

    head, date, rest = raw.partition(b"Date: ")
    return head + date + format_datetime(utc_now()).encode() + b"\n" + rest.partition(b"\n")[2]


def _nothing_new(server: Dovecot, config: Path) -> Iterator[Row]:
    house, memory = open_house(config), FakeMemory()
    (box,) = inbound.mailboxes_of(house, house.settings.account[0])
    since = utc_now()
    memory.look(box, since)
    box.close()
    server.forget_commands()
    memory.look(box, since)
    box.close()
    logs = list((server.home / "mail" / "alice" / "dovecot.rawlog").glob("*.out"))
    yield against(
        "a look with nothing new, its own connection: round trips", len(server.commands()) + 1, 8, ""
    )
    yield against("the same, from the server", sum(path.stat().st_size for path in logs) / 1024, 3, "KB")
