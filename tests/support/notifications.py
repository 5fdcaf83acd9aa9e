"""A session bus and a notification server of the tests' own: what a desktop would be asked to show."""

import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from jeepney import DBusAddress, HeaderFields, MessageType, new_method_return, new_signal
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import Proxy, open_dbus_connection

SERVICE = "org.freedesktop.Notifications"
_PATH = "/org/freedesktop/Notifications"


@contextmanager
def session_bus(folder: Path) -> Iterator[str]:
    """Run a bus of its own, without services to start, for as long as the block lasts; yields its address."""
    config = folder / "bus.conf"
    config.write_text(
        '<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" '
        '"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">'
        f"<busconfig><type>session</type><listen>unix:path={folder}/bus.socket</listen>"
        '<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>'
        '<allow own="*"/></policy></busconfig>'
    )
    daemon = shutil.which("dbus-daemon")
    assert daemon is not None, "install dbus (dbus-daemon) to run these tests"
    process = subprocess.Popen(
        [daemon, "--nofork", f"--config-file={config}", "--print-address=1"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


@dataclass(frozen=True)
class Notification:
    """One call of Notify, as it came over the bus."""

    program: str
    replaces: int
    icon: str
    summary: str
    body: str
    actions: tuple[str, ...]
    hints: dict[str, Any]
    expires: int


@dataclass
class NotificationServer:
    """`with NotificationServer(address) as server:` owns the service and keeps what it is asked to show.

    `capabilities` is what it says that it can; `silent` never answers Notify; `answer` is the number it
    gives (0 stands for a server that showed nothing), by default one that counts up.
    """

    address: str
    capabilities: tuple[str, ...] = ("body", "body-markup", "actions", "persistence")
    silent: bool = False
    answer: int | None = None
    shown: list[Notification] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._line = open_dbus_connection(self.address)
        reply = Proxy(message_bus, self._line, timeout=5).RequestName(SERVICE)
        assert reply == (1,)
        self._news = threading.Condition()
        self._over = threading.Event()
        self._count = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join(5)
        self._line.close()

    def wait_for(self, count: int, seconds: float = 10) -> list[Notification]:
        """What was shown, once there are so many of them."""
        with self._news:
            assert self._news.wait_for(lambda: len(self.shown) >= count, seconds), self.shown
            return list(self.shown)

    def press(self, number: int, action: str) -> None:
        """Press a button as a user would: the signal, then the notification is gone."""
        self._signal("ActionInvoked", "us", (number, action))
        self.close_notification(number)

    def close_notification(self, number: int) -> None:
        self._signal("NotificationClosed", "uu", (number, 2))

    def _signal(self, name: str, signature: str, body: tuple[Any, ...]) -> None:
        self._line.send(new_signal(DBusAddress(_PATH, interface=SERVICE), name, signature, body))

    def _serve(self) -> None:
        while not self._over.is_set():
            try:
                message = self._line.receive(timeout=0.1)
            except TimeoutError:
                continue
            except OSError:
                return
            if message.header.message_type is MessageType.method_call:
                self._answer(message)

    def _answer(self, message: Any) -> None:
        member = message.header.fields[HeaderFields.member]
        if member == "GetCapabilities":
            self._line.send(new_method_return(message, "as", (list(self.capabilities),)))
        elif member == "Notify" and not self.silent:
            number = self._keep(message.body)
            self._line.send(new_method_return(message, "u", (number,)))

    def _keep(self, body: tuple[Any, ...]) -> int:
        program, replaces, icon, summary, text, actions, hints, expires = body
        plain = {key: value for key, (_, value) in hints.items()}
        with self._news:
            self.shown.append(
                Notification(program, replaces, icon, summary, text, tuple(actions), plain, expires)
            )
            self._news.notify_all()
        self._count += 0 if replaces else 1
        return self.answer if self.answer is not None else replaces or self._count
