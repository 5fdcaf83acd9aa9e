"""One IMAP connection's socket: own time limits, own buffer, and lines that may come in pieces."""

import imaplib
import select
import socket
import ssl
import time
from dataclasses import dataclass
from typing import Any

from imapclient import IMAPClient, SocketTimeout  # type: ignore[import-untyped]  # imapclient ships no types

LONGEST_LINE = 16 * 1024 * 1024  # a SEARCH answer of two million numbers; more is a broken server
CHUNK = 64 * 1024
SLOWEST = 16 * 1024  # bytes a second that an answer must come at in the long run


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Every limit in seconds, so that nothing waits for ever and tests need not wait at all.

    `window` is how long one IDLE lasts: NAT boxes forget a silent connection after about 5 minutes.
    `full_every` is how often the whole range is compared even though nothing seems new. `age` is when a
    session is replaced by a fresh one. `body_search` is for a server that reads every body to answer.
    `command` is how long one command's answer may take, beside the time that its bytes need at `SLOWEST`:
    `read` alone never ends where a byte drips in now and then.
    """

    connect: float = 15.0
    read: float = 30.0
    body_search: float = 120.0
    command: float = 180.0
    window: float = 240.0
    slice: float = 0.5
    full_every: float = 3600.0
    age: float = 12 * 3600.0
    age_oauth: float = 50 * 60.0


class Wire(imaplib.IMAP4):
    """imaplib's protocol on a socket of our own.

    imaplib reads through a buffered file that is useless after a time-out and hides what has arrived
    from `poll`; here every byte received lies in `_buffer`, where it can be looked at.
    """

    def __init__(self, host: str, port: int, context: ssl.SSLContext | None, limits: Timeouts) -> None:
        self._context = context
        self._limits = limits
        self._buffer = bytearray()
        self._asked_at = time.monotonic()
        self._got = 0  # bytes since then
        super().__init__(host, port)

    def open(self, host: str = "", port: int = 0, timeout: float | None = None) -> None:
        """Connect, by TLS where there is a context. Raises OSError."""
        self.host, self.port = host, port
        sock = socket.create_connection((host, port), timeout=self._limits.connect)
        try:
            _tune(sock, self._limits.read)
            self.sock = self._context.wrap_socket(sock, server_hostname=host) if self._context else sock
        except BaseException:
            sock.close()
            raise
        # The greeting belongs to connecting: a silent peer must not hold us any longer than a dead one.
        self.sock.settimeout(self._limits.connect)

    def starttls(self, ssl_context: ssl.SSLContext | None = None) -> Any:
        """Encrypt from here on. What came in clear after the server's OK is somebody else's: refused."""
        assert ssl_context is not None, "a context that checks certificates is always given"
        typ, data = self._simple_command("STARTTLS")
        if typ != "OK":
            raise self.error("the server refuses STARTTLS")
        if self._buffer:
            raise self.abort("data before the encryption began")
        self.sock = ssl_context.wrap_socket(self.sock, server_hostname=self.host)
        return typ, data

    def read(self, size: int) -> bytes:
        """Return exactly `size` bytes; fewer only at the end of the stream."""
        while len(self._buffer) < size and self._fill_in_time():
            pass
        return self._cut(size)

    def readline(self) -> bytes:
        """Return one line with its end, however many pieces it comes in; less at the end of the stream."""
        searched = 0
        while (end := self._buffer.find(b"\n", searched)) < 0:
            searched = len(self._buffer)
            if searched > LONGEST_LINE:
                raise self.abort("a line without end")
            if not self._fill_in_time():
                return self._cut(searched)
        return self._cut(end + 1)

    def line_ready(self, seconds: float) -> bool:
        """Return whether a whole line is at hand, after waiting at most `seconds` for more bytes.

        Raises `abort` when the server has hung up.
        """
        if b"\n" in self._buffer:
            return True
        if not self._pending():
            poller = select.poll()
            poller.register(self.sock.fileno(), select.POLLIN)
            if not poller.poll(seconds * 1000):
                return False
        self._fill_at_once()
        return b"\n" in self._buffer

    def send(self, data: bytes) -> None:  # type: ignore[override]  # typeshed asks for a wider buffer
        self._asked_at, self._got = time.monotonic(), 0
        self.sock.sendall(data)

    def shutdown(self) -> None:
        """Hang up, so that a thread still reading wakes up too."""
        hang_up(self.sock)

    def _pending(self) -> bool:
        return isinstance(self.sock, ssl.SSLSocket) and self.sock.pending() > 0

    def _fill(self) -> bool:
        chunk = self.sock.recv(CHUNK)
        self._buffer += chunk
        self._got += len(chunk)
        return bool(chunk)

    def _fill_in_time(self) -> bool:
        """Wait for more of an answer. Raises `abort` where it drips."""
        taken = time.monotonic() - self._asked_at
        if taken > self._limits.command + self._got / SLOWEST:
            raise self.abort(f"the server's answer drips: {self._got} bytes in {taken:.0f} s")
        return self._fill()

    def _fill_at_once(self) -> None:
        self.sock.settimeout(0)
        try:
            # TLS wakes us for records of its own as well; then there is nothing to read.
            if not self._fill():
                raise self.abort("the server has hung up")
        except (BlockingIOError, ssl.SSLWantReadError):
            pass
        finally:
            self.sock.settimeout(self._limits.read)

    def _cut(self, size: int) -> bytes:
        piece = bytes(memoryview(self._buffer)[:size])
        del self._buffer[:size]
        return piece


class Client(IMAPClient):  # type: ignore[misc]  # untyped, see above
    """imapclient on a `Wire`, with the settings that it needs to tell the truth."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext | None, limits: Timeouts) -> None:
        self._limits = limits
        super().__init__(
            host,
            port,
            ssl=context is not None,
            ssl_context=context,
            timeout=SocketTimeout(limits.connect, limits.read),
        )
        self.normalise_times = False  # or INTERNALDATE comes as naive local time
        self._imap.debug = 0  # or every mail is formatted for a log that nobody reads

    def _create_IMAP4(self) -> Wire:  # noqa: N802  # the name is imapclient's
        return Wire(self.host, self.port, self.ssl_context if self.ssl else None, self._limits)

    @property
    def wire(self) -> Wire:
        wire = self._imap
        assert isinstance(wire, Wire)
        return wire


def hang_up(sock: socket.socket) -> None:
    """End a connection now. Without `shutdown` no FIN leaves while another thread is reading."""
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # it was closed already
    finally:
        sock.close()


def _tune(sock: socket.socket, read: float) -> None:
    """Let the kernel find a dead peer by itself, as far as this system offers it, and delay nothing."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    # imaplib sends an answer and its line end apart; the kernel would hold the second one back 40 ms.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    wanted = (
        ("TCP_KEEPIDLE", 60),
        ("TCP_KEEPINTVL", 15),
        ("TCP_KEEPCNT", 4),
        ("TCP_USER_TIMEOUT", int(read * 1000)),
    )
    for name, value in wanted:
        if (option := getattr(socket, name, None)) is not None:
            sock.setsockopt(socket.IPPROTO_TCP, option, value)
