"""A folder on an IMAP server: looked at in full, waited on by IDLE, never changed.

Law: what counts as new is decided by comparing the folder's numbers with those the store has seen, never
by a flag, a push or a highest number alone. A look that ends early has no `Looked`, so the next one
starts from the same cursor. A mail is handed over only with every byte it should have.
"""

import imaplib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from watcher.mailboxes import Item, Looked, MailboxError, Memory, Message, Trouble, Unreadable
from watcher.mailboxes.answers import since_day
from watcher.mailboxes.fetching import Bodies, Folder
from watcher.mailboxes.folders import missing, resolve
from watcher.mailboxes.session import Examined, ImapSession, RefusedError, Server
from watcher.mailboxes.skim import BRAND
from watcher.mailboxes.tls import tls_context
from watcher.mailboxes.troubles import trouble_of
from watcher.mailboxes.wire import Timeouts

OVERLAP = 200  # numbers below the cursor that every look compares again
SEARCH_WINDOW = 50_000  # mails one SEARCH may answer with: well under a megabyte
ZONE_SLACK = timedelta(days=2)  # SINCE goes by the server's own day and zone
ENDS = (imaplib.IMAP4.error, OSError, ValueError, RecursionError, AssertionError, KeyError, RefusedError)


@dataclass(frozen=True, slots=True)
class _Standing:
    """What the last completed look of this object found, and when (monotonic seconds)."""

    at: float
    state: Examined


class ImapMailbox:
    """One folder of one account on a server; a `Mailbox`."""

    def __init__(
        self,
        account: str,
        host: str,
        port: int,
        security: str,
        username: str,
        secret: Callable[[], str] | None,
        folder: str = "INBOX",
        *,
        ca_file: str | None = None,
        token: Callable[[], tuple[str, str]] | None = None,
        poll_every: timedelta = timedelta(minutes=5),
        idle: bool = True,
        forwarders: tuple[str, ...] = (),
        timeouts: Timeouts | None = None,
    ) -> None:
        """`security` is "tls", "starttls" or "none" (loopback only). `secret` gives the password each
        time one is needed, `token` (user, access token) instead. `folder` is a name or a special-use flag.
        With `idle` false the session is given up between looks. Nothing is connected yet.
        Raises `MailboxError` (tls).
        """
        self.account = account
        self.folder = folder
        self._limits = timeouts or Timeouts()
        self._poll_every = poll_every.total_seconds()
        self._keep = idle
        context = tls_context(host, security, account, ca_file)
        self._server = Server(account, host, port, security, username, secret, token, context)
        self._bodies = Bodies(tuple(f.lower() for f in forwarders), self._limits)
        self._real: str | None = None
        self._session: ImapSession | None = None
        self._idles = True
        self._last: _Standing | None = None

    def look(self, memory: Memory, since: datetime) -> Iterator[Item]:
        """Yield what is unseen, `Looked` last; see `Mailbox.look`."""
        with self._guarded():
            session, state = self._open()
            folder = self._named(state)
            uids = self._candidates(session, state, memory, since)
            unseen = memory.unseen(folder.account, folder.name, folder.uidvalidity, uids) if uids else []
            yield from self._bodies.of(session, folder, unseen)
        self._last = _Standing(time.monotonic(), state)
        uidnext = state.uidnext or max(uids, default=0) + 1
        yield Looked(folder.account, folder.name, folder.uidvalidity, uidnext, state.exists)

    def search_sender(self, since: datetime) -> Iterator[Message | Unreadable | Looked]:
        """Yield what the server's own sender search finds since then: quick, blind to forwards and relays."""
        with self._guarded():
            session, state = self._open()
            folder = self._named(state)
            day = since_day((since - ZONE_SLACK).date())
            uids = session.search("FROM", BRAND, "SINCE", day, patience=self._limits.body_search)
            yield from self._bodies.whole(session, folder, uids)
        yield Looked(folder.account, folder.name, folder.uidvalidity, state.uidnext or 0, state.exists)

    def wait(self, seconds: float, stop: threading.Event) -> None:
        """Idle for at most one window, or sleep until the next poll where the server has no IDLE."""
        session = self._session
        if not self._keep:
            self.close()  # the login may be needed for another folder
        if session is None or not self._keep or not self._idles or not session.can("IDLE"):
            stop.wait(min(seconds, self._poll_every))
            return
        with self._guarded():
            try:
                session.idle(min(seconds, self._limits.window, self._poll_every), stop)
            except RefusedError:
                self._idles = False
        if stop.is_set():
            self._session = None

    def close(self) -> None:
        """Sign out; never raises."""
        session, self._session = self._session, None
        if session is not None:
            session.leave()

    def cut(self) -> None:
        """Hang up at once, from any thread: a look or wait under way ends with a `MailboxError`."""
        if (session := self._session) is not None:
            session.hang_up()

    def names(self) -> list[str]:
        """Return the names of all folders of the account. Raises `MailboxError`."""
        with self._guarded():
            session, _ = self._open()
            return [name for _, name in session.folders()]

    def listing(self) -> list[tuple[tuple[bytes, ...], str]]:
        """Return flags and name of every folder of the account. Raises `MailboxError`."""
        with self._guarded():
            session, _ = self._open()
            return session.folders()

    def capabilities(self) -> frozenset[str]:
        """Return what the server says it can do, after signing in. Raises `MailboxError`."""
        with self._guarded():
            session, _ = self._open()
            return frozenset(c.decode("ascii", "replace") for c in session.capabilities)

    def protection(self) -> str | None:
        """Return by which version of TLS the connection is protected, None without. Raises `MailboxError`."""
        with self._guarded():
            session, _ = self._open()
            return session.protection()

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Turn whatever ends a session into a `MailboxError`, with the session gone."""
        try:
            yield
        except (MailboxError, *ENDS) as error:
            session, self._session = self._session, None
            if session is not None:
                session.hang_up()
            raise trouble_of(error, self._server.host, self.account, signing_in=False) from None

    def _open(self) -> tuple[ImapSession, Examined]:
        """Return a session with the folder freshly examined: the one at hand, or else a new one."""
        if self._session is not None and self._session.too_old:
            self.close()
        if self._session is not None:
            try:
                return self._session, self._session.examine(self._real or self.folder)
            except ENDS:
                self._session.hang_up()  # it died since the last look; a fresh one tells whether all is well
                self._session = None
        session = self._session = self._signed_in()
        if self._real is None:
            self._real = self._resolved(session)
        try:
            return session, session.examine(self._real)
        except RefusedError as error:
            trouble = trouble_of(error, self._server.host, self.account, signing_in=False)
            if trouble.kind is Trouble.LIMIT:
                raise trouble from None
            self._real = None
            names = (name for _, name in session.folders())
            raise missing(self.folder, names, self.account, self._server.host) from None

    def _signed_in(self) -> ImapSession:
        """Return a new session. A refused token is replaced by a fresh one once, and tried again."""
        try:
            return ImapSession(self._server, self._limits)
        except MailboxError as error:
            renew = getattr(self._server.token, "refused", None)
            if error.kind is not Trouble.LOGIN or renew is None or not renew():
                raise
        return ImapSession(self._server, self._limits)

    def _resolved(self, session: ImapSession) -> str:
        if not self.folder.startswith("\\"):
            return self.folder
        return resolve(self.folder, session.folders(), self.account, self._server.host)

    def _named(self, state: Examined) -> Folder:
        name = self._real or self.folder
        return Folder(self.account, name, state.uidvalidity, self._server.username, self._server.host)

    def _candidates(
        self, session: ImapSession, state: Examined, memory: Memory, since: datetime
    ) -> list[int]:
        """Return the numbers to compare with memory: all in range, or the newest where they suffice."""
        if not state.exists:
            return []
        day = since_day((since - ZONE_SLACK).date())
        cursor = memory.cursor(self.account, self._real or self.folder)
        known = cursor is not None and cursor.uidvalidity == state.uidvalidity
        if cursor is None or not known or (state.uidnext or cursor.uidnext) < cursor.uidnext:
            # First look, renumbered, or counting again from below: what was seen is told by memory alone.
            return _since(session, state.exists, day)
        first_new = cursor.uidnext
        if self._must_compare_all(state):
            self._bodies.forgive()
            found = set(_since(session, state.exists, day))
        else:
            near = f"{max(1, first_new - OVERLAP)}:{max(1, first_new - 1)}"
            found = set(session.search("UID", near, "SINCE", day))
        if self._last is None or self._last.state != state or state.uidnext is None:
            # "n:*" names the last mail even when it is below n.
            found.update(uid for uid in session.search("UID", f"{first_new}:*") if uid >= first_new)
        return sorted(found)

    def _must_compare_all(self, state: Examined) -> bool:
        """Whether the numbers alone don't prove that everything older has been compared lately."""
        if self._last is None or time.monotonic() - self._last.at > self._limits.full_every:
            return True
        last = self._last.state
        if state.uidnext is None or last.uidnext is None or last.uidvalidity != state.uidvalidity:
            return True
        return state.exists - last.exists > state.uidnext - last.uidnext


def _since(session: ImapSession, exists: int, day: str) -> list[int]:
    """Return the numbers of all mails since a day, in answers of bounded length.

    Windows go by position and from the top down: a mail removed meanwhile only moves later ones down,
    into positions that are compared twice, never past them.
    """
    if exists <= SEARCH_WINDOW:
        return session.search("SINCE", day)
    found: set[int] = set()
    for top in range(exists, 0, -SEARCH_WINDOW):
        found.update(session.search(f"{max(1, top - SEARCH_WINDOW + 1)}:{top}", "SINCE", day))
    return sorted(found)
