"""An IMAP server that behaves, except where a test scripts it not to: for what Dovecot won't do.

def idle(talk, tag, rest): talk.send(b"+ idling\\r\\n* 4 EXISTS\\r\\n"); ...
with ScriptedImap({1: b"..."}, on={"IDLE": idle}) as server: ... connect to server.port ...
"""

import base64
import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from types import TracebackType

CAPABILITY = "IMAP4rev1 IDLE AUTH=PLAIN"
INTERNALDATE = '"08-Mar-2025 15:37:28 +0000"'


class Talk:
    """One connection, as a script sees it."""

    def __init__(self, server: "ScriptedImap", sock: socket.socket) -> None:
        self.server = server
        self.sock = sock
        self._file = sock.makefile("rb")

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def line(self) -> bytes:
        """Return the client's next line without its end. Raises EOFError."""
        line = self._file.readline()
        if not line:
            raise EOFError
        return line.rstrip(b"\r\n")

    def ok(self, tag: str, text: str = "done") -> None:
        self.send(f"{tag} OK {text}\r\n".encode())

    def no(self, tag: str, text: str) -> None:
        self.send(f"{tag} NO {text}\r\n".encode())

    def until_done(self, tag: str) -> None:
        """Wait for DONE and end the IDLE."""
        assert self.line().upper() == b"DONE"
        self.ok(tag)

    def hang_up(self) -> None:
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        raise EOFError


Script = Callable[[Talk, str, str], None]


class ScriptedImap:
    """Serves one folder of mails by UID; `on` replaces what a command ("UID FETCH", "IDLE") does."""

    host = "127.0.0.1"

    def __init__(
        self,
        mails: Mapping[int, bytes] | None = None,
        *,
        on: Mapping[str, Script] | None = None,
        capability: str = CAPABILITY,
        greeting: bytes = b"* OK ready\r\n",
        uidnext: int | None = None,
        uidvalidity: int = 7,
        context: ssl.SSLContext | None = None,
    ) -> None:
        """With `context` it speaks TLS from the first byte."""
        self.mails = dict(mails or {})
        self.on = dict(on or {})
        self.capability = capability
        self.greeting = greeting
        self.uidnext = uidnext
        self.uidvalidity = uidvalidity
        self._context = context
        self.commands: list[str] = []
        self._closing = threading.Event()
        self._socks: list[socket.socket] = []
        self._listener = socket.create_server((self.host, 0))
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> "ScriptedImap":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        for sock in [self._listener, *self._socks]:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def hang_up(self) -> None:
        """End every session that is open now."""
        for sock in self._socks:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def sent(self, command: str) -> list[str]:
        """Return the lines of one command that clients sent."""
        return [line for line in self.commands if line.upper().startswith(command)]

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socks.append(sock)
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with contextlib.suppress(EOFError, OSError):
            if self._context:
                sock = self._context.wrap_socket(sock, server_side=True)
                self._socks.append(sock)
            talk = Talk(self, sock)
            talk.send(self.greeting)
            while True:
                tag, _, rest = talk.line().decode("utf-8", "replace").partition(" ")
                self.commands.append(rest)
                words = rest.split(" ", 2)
                name = words[0].upper()
                if name == "UID":
                    name, words = f"UID {words[1].upper()}", ["UID", *words[2:]]
                arguments = " ".join(words[1:])
                self.on.get(name, _DEFAULTS.get(name, _bad))(talk, tag, arguments)
        sock.close()


def fetched(seq: int, uid: int, raw: bytes, items: str) -> bytes:
    """Return the line that answers a FETCH of one mail for those items."""
    parts = [f"UID {uid}".encode()]
    if "RFC822.SIZE" in items:
        parts.append(f"RFC822.SIZE {len(raw)}".encode())
    if "INTERNALDATE" in items:
        parts.append(f"INTERNALDATE {INTERNALDATE}".encode())
    if header := re.search(r"BODY\.PEEK(\[HEADER\.FIELDS [^\]]*\])", items):
        head = raw.split(b"\r\n\r\n", 1)[0] + b"\r\n\r\n"
        parts.append(f"BODY{header[1]} {{{len(head)}}}\r\n".encode() + head)
    elif "BODY.PEEK[]" in items:
        parts.append(f"BODY[]<0> {{{len(raw)}}}\r\n".encode() + raw)
    return f"* {seq} FETCH (".encode() + b" ".join(parts) + b")\r\n"


def in_set(numbers: str, uids: list[int]) -> list[int]:
    """Return those of ascending `uids` that an IMAP set names, "*" being the last."""
    found: set[int] = set()
    for piece in numbers.split(","):
        low, _, high = piece.partition(":")
        ends = [uids[-1] if uids and e == "*" else int(e.replace("*", "0")) for e in (low, high or low)]
        found.update(uid for uid in uids if min(ends) <= uid <= max(ends))
    return sorted(found)


def _bad(talk: Talk, tag: str, rest: str) -> None:
    talk.send(f"{tag} BAD unknown command\r\n".encode())


def _capability(talk: Talk, tag: str, rest: str) -> None:
    talk.send(f"* CAPABILITY {talk.server.capability}\r\n".encode())
    talk.ok(tag)


def _ok(talk: Talk, tag: str, rest: str) -> None:
    talk.ok(tag)


def _authenticate(talk: Talk, tag: str, rest: str) -> None:
    talk.send(b"+ \r\n")
    talk.server.commands.append("SASL " + base64.b64decode(talk.line()).decode())
    talk.ok(tag)


def _list(talk: Talk, tag: str, rest: str) -> None:
    talk.send(b'* LIST () "/" "INBOX"\r\n')
    talk.ok(tag)


def _examine(talk: Talk, tag: str, rest: str) -> None:
    server = talk.server
    uidnext = server.uidnext or max(server.mails, default=0) + 1
    talk.send(
        f"* {len(server.mails)} EXISTS\r\n* 0 RECENT\r\n* FLAGS ()\r\n"
        f"* OK [UIDVALIDITY {server.uidvalidity}] ok\r\n* OK [UIDNEXT {uidnext}] ok\r\n".encode()
    )
    talk.ok(tag, "[READ-ONLY] examined")


def _search(talk: Talk, tag: str, rest: str) -> None:
    uids = sorted(talk.server.mails)
    if match := re.match(r"UID (\S+)", rest):
        uids = in_set(match[1], uids)
    if match := re.search(r"(BODY|FROM) (\S+)", rest):
        uids = [uid for uid in uids if match[2].encode() in talk.server.mails[uid]]
    talk.send(f"* SEARCH {' '.join(map(str, uids))}".rstrip().encode() + b"\r\n")
    talk.ok(tag)


def _fetch(talk: Talk, tag: str, rest: str) -> None:
    numbers, _, items = rest.partition(" ")
    uids = sorted(talk.server.mails)
    for uid in in_set(numbers, uids):
        talk.send(fetched(uids.index(uid) + 1, uid, talk.server.mails[uid], items))
    talk.ok(tag)


def _idle(talk: Talk, tag: str, rest: str) -> None:
    talk.send(b"+ idling\r\n")
    talk.until_done(tag)


def _logout(talk: Talk, tag: str, rest: str) -> None:
    talk.send(b"* BYE\r\n")
    talk.ok(tag)
    talk.hang_up()


_DEFAULTS: dict[str, Script] = {
    "CAPABILITY": _capability,
    "LOGIN": _ok,
    "AUTHENTICATE": _authenticate,
    "ID": _ok,
    "NOOP": _ok,
    "LIST": _list,
    "EXAMINE": _examine,
    "UID SEARCH": _search,
    "UID FETCH": _fetch,
    "IDLE": _idle,
    "LOGOUT": _logout,
}
