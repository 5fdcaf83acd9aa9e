"""A byte-level TCP proxy on loopback that counts what passes and fails wherever a test says.

with Proxy(server.port, cut_after=1000) as proxy: ... connect to proxy.port ...
"""

import contextlib
import socket
import struct
import threading
from types import TracebackType


class Proxy:
    """Forwards to a port on loopback; each fault counts the bytes that the server sent, per connection."""

    host = "127.0.0.1"

    def __init__(
        self,
        target: int,
        *,
        cut_after: int | None = None,
        reset_after: int | None = None,
        hole_after: int | None = None,
        one_byte: bool = False,
        times: int | None = None,
    ) -> None:
        """End with FIN, with RST, or go silent after so many bytes; `one_byte` sends each byte by itself.

        `times` is how many connections suffer the fault; later ones pass. None: all of them.
        """
        self._target = target
        self._limit = next((n for n in (cut_after, reset_after, hole_after) if n is not None), None)
        self._reset = reset_after is not None
        self._hole = hole_after is not None
        self._one_byte = one_byte
        self._times = times
        self._drip = 0.0  # seconds before each byte
        self._flows = threading.Event()
        self._flows.set()
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._socks: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._last_up = False
        self.connections = 0
        self.down = 0
        self.up = 0
        self.round_trips = 0
        self._listener = socket.create_server((self.host, 0))
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> "Proxy":
        self._spawn(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._flows.set()
        _shut(self._listener)
        self.cut_all()
        for thread in list(self._threads):
            thread.join(5)

    def cut_all(self) -> None:
        """End every connection that is open now."""
        with self._lock:
            socks, self._socks = self._socks, []
        for sock in socks:
            _shut(sock)

    def pull(self) -> None:
        """Pull the plug: nothing passes either way, nothing is ended, nothing is answered."""
        self._flows.clear()

    def plug_in(self) -> None:
        """What was under way goes on, as far as its ends still wait for it."""
        self._flows.set()

    def forget(self) -> None:
        """Count from nought again."""
        with self._lock:
            self.down = self.up = self.round_trips = 0
            self._last_up = False

    def _spawn(self, target: object, *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._flows.wait()
            self.connections += 1
            try:
                server = socket.create_connection((self.host, self._target), 5)
            except OSError:
                _shut(client)
                continue
            server.settimeout(None)
            for sock in (client, server):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._socks += [client, server]
            faulty = self._times is None or self.connections <= self._times
            idle = threading.Event()
            self._spawn(self._upward, client, server, idle)
            way = (self._limit, self._drip) if faulty else (None, 0.0)
            self._spawn(self._downward, server, client, idle, *way)

    def _upward(self, client: socket.socket, server: socket.socket, idle: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                with self._lock:
                    self.up += len(data)
                    self.round_trips += not self._last_up
                    self._last_up = True
                self._flows.wait()
                server.sendall(data)
        idle.set()
        _shut(server)

    def _downward(
        self,
        server: socket.socket,
        client: socket.socket,
        idle: threading.Event,
        limit: int | None,
        drip: float,
    ) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while data := server.recv(65536):
                if limit is not None:
                    data = data[: limit - passed]
                passed += len(data)
                with self._lock:
                    self.down += len(data)
                    self._last_up = False
                self._flows.wait()
                single = self._one_byte or drip
                for piece in (data[i : i + 1] for i in range(len(data))) if single else (data,):
                    if drip and self._closing.wait(drip):
                        break
                    client.sendall(piece)
                if limit is not None and passed >= limit:
                    break
        if limit is not None and passed >= limit and self._hole:
            self._closing.wait(60)  # silent, and open
        if limit is not None and self._reset:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RD)  # no RST leaves while the other thread is reading
                idle.wait(5)
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
        else:
            _shut(client)
        _shut(server)


def _shut(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
    sock.close()
