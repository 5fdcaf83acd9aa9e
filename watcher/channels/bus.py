"""A line to the user's session bus: calls with a deadline, signals to a callback, quiet when it breaks."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any

# jeepney comes without type information
from jeepney import HeaderFields, MatchRule, Message, MessageType  # type: ignore[import-untyped]
from jeepney.bus import get_connectable_addresses  # type: ignore[import-untyped]
from jeepney.bus_messages import message_bus  # type: ignore[import-untyped]
from jeepney.io.blocking import prep_socket  # type: ignore[import-untyped]
from jeepney.io.threading import DBusConnection, ReceiveStopped  # type: ignore[import-untyped]

_AUTHENTICATION = 3.0  # seconds

OnSignal = Callable[[str, tuple[Any, ...]], None]


class BusError(Exception):
    """The bus can't be reached, or what was called refused.

    `name` is the name of the D-Bus error, or "" where the line itself failed.
    """

    def __init__(self, text: str, name: str = "") -> None:
        super().__init__(text)
        self.name = name


class Bus:
    """One connection with a reading thread of its own; signals arrive in that thread, so be brief there."""

    def __init__(self, address: str, on_signal: OnSignal, patience: float) -> None:
        """Connect and say hello; raises BusError when that takes longer than `patience` seconds."""
        self._patience = patience
        self._on_signal = on_signal
        self._waiting: dict[int, Future[Message]] = {}
        self._lock = threading.Lock()
        self._over = False
        try:
            path = next(iter(get_connectable_addresses(address)))
            self._line = DBusConnection(prep_socket(path, timeout=_AUTHENTICATION))
        except (OSError, RuntimeError, ValueError, TimeoutError) as error:
            raise BusError(str(error)) from None
        self._reader = threading.Thread(target=self._read, name="session-bus", daemon=True)
        self._reader.start()
        try:
            self.call(message_bus.Hello())
        except BusError:
            self.close()
            raise

    @property
    def alive(self) -> bool:
        """Whether calls can still be made."""
        return not self._over and self._reader.is_alive()

    def listen(self, rule: MatchRule) -> None:
        """Have the signals that fit the rule sent to us; raises BusError."""
        self.call(message_bus.AddMatch(rule))

    def call(self, message: Message, patience: float | None = None) -> tuple[Any, ...]:
        """Call a method and return what it answers; raises BusError when it refuses or is too slow."""
        answer: Future[Message] = Future()
        serial = next(self._line.outgoing_serial)
        with self._lock:
            self._waiting[serial] = answer
        try:
            if not self.alive:
                raise BusError("the connection broke")
            self._line.send(message, serial=serial)
            reply = answer.result(patience or self._patience)
        except TimeoutError:
            raise BusError("no answer in time") from None
        except OSError as error:
            raise BusError(str(error)) from None
        finally:
            with self._lock:
                self._waiting.pop(serial, None)
        if reply.header.message_type is MessageType.error:
            text = str(reply.body[0]) if reply.body else ""
            raise BusError(text, str(reply.header.fields.get(HeaderFields.error_name, "")))
        return tuple(reply.body)

    def close(self) -> None:
        """Let go of the connection; never raises, and may be called twice."""
        if self._over:
            return
        self._over = True
        with suppress(OSError):
            self._line.interrupt()
        if threading.current_thread() is not self._reader:
            self._reader.join(self._patience)
        with suppress(OSError, ValueError, KeyError):
            self._line.close()

    def _read(self) -> None:
        try:
            while True:
                self._sort(self._line.receive())
        except (ReceiveStopped, OSError):
            pass  # closed by us, or the bus went away: whoever waits is told below
        except Exception as error:  # what else the bus may send that is no D-Bus message
            self._fail(BusError(type(error).__name__))
        self._fail(BusError("the connection broke"))

    def _sort(self, message: Message) -> None:
        fields = message.header.fields
        if message.header.message_type is MessageType.signal:
            self._on_signal(str(fields.get(HeaderFields.member, "")), tuple(message.body))
            return
        with self._lock:
            answer = self._waiting.get(int(fields.get(HeaderFields.reply_serial, -1)))
        if answer is not None and not answer.done():
            answer.set_result(message)

    def _fail(self, error: BusError) -> None:
        with self._lock:
            waiting, self._waiting = list(self._waiting.values()), {}
        for answer in waiting:
            if not answer.done():
                answer.set_exception(error)


def session_address() -> str | None:
    """Where the session bus listens: as the environment says, else the user's own runtime folder."""
    given = os.environ.get("DBUS_SESSION_BUS_ADDRESS")
    if given:
        return given
    folder = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    return f"unix:path={folder}/bus" if Path(folder, "bus").is_socket() else None
