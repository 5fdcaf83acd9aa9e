"""One signed-in IMAP session: the only place that gives a mail server commands, all of them read-only.

Law: EXAMINE, never SELECT; BODY.PEEK, never BODY; no command that stores, copies, moves or expunges is
written here. No value from a mail is ever sent. IDLE is read line by line from our own buffer, so nothing
that arrives with, before or after the server's "+" is lost, nor a line that comes in pieces.
"""

import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from imapclient.exceptions import LoginError  # type: ignore[import-untyped]  # imapclient ships no types

from watcher.mailboxes import CAP, MailboxError, Trouble
from watcher.mailboxes.answers import Fetched, mails, numbers, sets
from watcher.mailboxes.troubles import trouble_of
from watcher.mailboxes.wire import Client, Timeouts, Wire

BODY = f"BODY.PEEK[]<0.{CAP}>"
_NEWS = re.compile(rb"\* \d+ (EXISTS|RECENT)\b", re.I)


@dataclass(frozen=True, slots=True)
class Server:
    """Where to sign in and how. `secret` gives the password, `token` the OAuth pair (user, access token)."""

    account: str
    host: str
    port: int
    security: str  # "tls" | "starttls" | "none"
    username: str
    secret: Callable[[], str] | None
    token: Callable[[], tuple[str, str]] | None = None
    context: ssl.SSLContext | None = None


@dataclass(frozen=True, slots=True)
class Examined:
    """How a folder stands. `uidnext` is None where the server keeps it to itself."""

    uidvalidity: int
    uidnext: int | None
    exists: int


class RefusedError(Exception):
    """The server answered NO or BAD: the session goes on, the question stays open."""


class ImapSession:
    """One connection, signed in. Any exception but `RefusedError` means that it is over."""

    def __init__(self, server: Server, limits: Timeouts) -> None:
        """Connect and sign in. Raises OSError, imaplib's errors, LoginError, MailboxError."""
        self._limits = limits
        self._born = time.monotonic()
        self._old = limits.age_oauth if server.token else limits.age
        # A token may have to be fetched first; where that is refused, the mail server is not bothered at all.
        self._pair = server.token() if server.token else None
        self.client: Any = Client(
            server.host, server.port, server.context if server.security == "tls" else None, limits
        )
        try:
            self._enter(server)
        except BaseException:
            self.hang_up()
            raise

    @property
    def too_old(self) -> bool:
        """Whether it is time for a fresh session, before the server or its token ends this one."""
        return time.monotonic() - self._born > self._old

    def can(self, capability: str) -> bool:
        return capability.encode() in self.capabilities

    def protection(self) -> str | None:
        """Return the version of TLS in use, None where there is none."""
        sock = self._wire.sock
        return sock.version() if isinstance(sock, ssl.SSLSocket) else None

    def folders(self) -> list[tuple[tuple[bytes, ...], str]]:
        """Return every folder's flags and name."""
        return [(tuple(flags), str(name)) for flags, _, name in self.client.list_folders()]

    def examine(self, folder: str) -> Examined:
        """Open a folder read-only. Raises `RefusedError`."""
        with self._refusable():
            answer = self.client.select_folder(folder, readonly=True)
        return Examined(answer.get(b"UIDVALIDITY", 0), answer.get(b"UIDNEXT"), answer[b"EXISTS"])

    def search(self, *criteria: str, patience: float | None = None) -> list[int]:
        """Return the UIDs that match, ascending; `patience` in seconds replaces the read limit."""
        sock = self._wire.sock
        sock.settimeout(patience or self._limits.read)
        try:
            lines = self._uid("SEARCH", *criteria)
        finally:
            sock.settimeout(self._limits.read)
        return numbers(lines)

    def search_body(self, uids: Sequence[int], word: str, patience: float) -> set[int]:
        """Return those of `uids` whose text holds `word`, by the server's own search."""
        found: set[int] = set()
        for some in sets(uids):
            found.update(self.search("UID", some, "BODY", word, patience=patience))
        return found & set(uids)

    def fetch(self, uids: Sequence[int], *items: str) -> dict[int, Fetched]:
        """Return what there is of each mail. Raises `RefusedError` where one is refused."""
        wanted = set(uids)
        found: dict[int, Fetched] = {}
        for some in sets(uids):
            answer = self._uid("FETCH", some, f"({' '.join(items)})")
            got = mails(answer)
            found.update({uid: data for uid, data in got.items() if uid in wanted})
        return found

    def still_there(self, uid: int) -> bool:
        """Whether a mail is still in the folder, after the server has told what it removed."""
        self.client.noop()
        return uid in self.search("UID", str(uid))

    def idle(self, seconds: float, stop: threading.Event) -> bool:
        """Wait until the server reports mail, `seconds` are over or `stop` is set; True for mail.

        Raises `RefusedError` where the server will not idle, else whatever shows that the connection is dead.
        """
        wire = self._wire
        tag: bytes = wire._command("IDLE")  # imaplib has no public IDLE before 3.14
        news = self._until_plus(tag)
        until = time.monotonic() + seconds
        while not news and not stop.is_set() and (left := until - time.monotonic()) > 0:
            if wire.line_ready(min(left, self._limits.slice)):
                news = self._tells(self._line())
        if stop.is_set():
            self.hang_up()  # nobody waits for a polite end: the server may be silent for long
            return news
        wire.send(b"DONE\r\n")
        while not (line := self._line()).startswith(tag + b" "):
            news = self._tells(line) or news
        wire.tagged_commands.pop(tag, None)
        return news

    def leave(self) -> None:
        """Sign out, or hang up where that fails; never raises."""
        try:
            self._wire.sock.settimeout(min(2.0, self._limits.read))
            self.client.logout()
        except Exception:
            self.hang_up()

    def hang_up(self) -> None:
        """End the connection at once; never raises, safe from any thread."""
        self._wire.shutdown()

    @property
    def _wire(self) -> Wire:
        wire: Wire = self.client.wire
        return wire

    def _enter(self, server: Server) -> None:
        if server.security == "starttls":
            if not self.client.has_capability("STARTTLS"):
                raise _no_starttls(server)
            self.client.starttls(server.context)
        before = frozenset(self.client.capabilities())
        pair = self._pair
        user, word = pair or (server.username, server.secret() if server.secret else "")
        try:
            if pair:
                self.client.sasl_login("XOAUTH2", _Bearer(_safe(user), _safe(word)))
            else:
                self._password(before, _safe(user), _safe(word))
        except Exception as error:
            raise trouble_of(error, server.host, server.account, True, by_token=pair is not None) from None
        self.capabilities = frozenset(self.client.capabilities())
        if self.can("ID"):
            self.client.id_({"name": "offerwatch"})

    def _password(self, capabilities: frozenset[bytes], user: str, password: str) -> None:
        if b"AUTH=PLAIN" in capabilities:
            self.client.plain_login(user, password)
        elif b"LOGINDISABLED" in capabilities:
            raise MailboxError(
                "The server accepts no password on this connection.",
                'Set `security` to "tls" or "starttls", or `auth` to "oauth2".',
                permanent=True,
                kind=Trouble.LOGIN,
            )
        elif (user + password).isascii():
            self.client.login(user, password)
        else:
            self._login_unicode(user, password)

    def _login_unicode(self, user: str, password: str) -> None:
        """Sign in by LOGIN with UTF-8 in quotes, which imaplib itself will not send."""
        wire: Any = self._wire
        typ, data = wire._simple_command("LOGIN", _quoted(user), _quoted(password))
        if typ != "OK":
            raise LoginError(data[0].decode("utf-8", "replace"))
        wire.state = "AUTH"

    @contextmanager
    def _refusable(self) -> Iterator[None]:
        """A server's NO or BAD is a refusal of this one command; a line that broke stays what it is."""
        try:
            yield
        except self._wire.abort:
            raise
        except self._wire.error as error:
            raise RefusedError(str(error)) from None

    def _uid(self, command: str, *args: str) -> list[Any]:
        _safe("".join(args))
        with self._refusable():
            typ, data = self._wire.uid(command, *args)
        if typ != "OK":
            raise RefusedError(str(data[0]))
        return [piece for piece in data if piece is not None]

    def _line(self) -> bytes:
        line: bytes = self._wire._get_line()  # raises at the end of the stream
        return line

    def _until_plus(self, tag: bytes) -> bool:
        news = False
        while not (line := self._line()).startswith(b"+"):
            if line.startswith(tag + b" "):
                self._wire.tagged_commands.pop(tag, None)
                raise RefusedError(line.decode("utf-8", "replace"))
            news = self._tells(line) or news
        return news

    def _tells(self, line: bytes) -> bool:
        """Whether a line heard while idling tells of mail. Raises `abort` when the server says good-bye."""
        if line[:5].upper() == b"* BYE":
            raise self._wire.abort(line[6:].decode("utf-8", "replace"))
        return bool(_NEWS.match(line))


class _Bearer:
    """XOAUTH2: the token first; a second challenge is the server's refusal, to be heard out in silence."""

    def __init__(self, user: str, token: str) -> None:
        self._answer = f"user={user}\1auth=Bearer {token}\1\1".encode()

    def __call__(self, challenge: bytes) -> bytes:
        answer, self._answer = self._answer, b""
        return answer


def _safe(value: str) -> str:
    if any(c in value for c in "\r\n\0"):
        raise MailboxError(
            "A user name, password or folder holds a line end.",
            "Check the secret's source: it must be one line.",
            permanent=True,
            kind=Trouble.LOGIN,
        )
    return value


def _quoted(value: str) -> bytes:
    return b'"' + value.encode().replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def _no_starttls(server: Server) -> MailboxError:
    return MailboxError(
        f"{server.host} offers no encryption on port {server.port}.",
        'Set `security = "tls"` and `port = 993`; without encryption nothing is sent.',
        permanent=True,
        kind=Trouble.TLS,
    )
