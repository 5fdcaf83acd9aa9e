"""Tells systemd that we are ready, alive and what we do; silent where there is no systemd."""

import os
import socket
from contextlib import suppress


def notify(*lines: str) -> bool:
    """Send lines such as "READY=1" to the service manager; False where there is none. Never raises."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return False
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
        line.settimeout(1.0)
        # "@" stands for the zero byte of an abstract address
        line.sendto("\n".join(lines).encode(), "\0" + address[1:] if address[0] == "@" else address)
        return True
    return False


def watchdog_seconds() -> float | None:
    """Return how often systemd wants proof of life at least, None where it wants none of this process."""
    micros, pid = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", "")
    if not micros.isdecimal() or (pid and pid != str(os.getpid())):
        return None
    return int(micros) / 1_000_000
