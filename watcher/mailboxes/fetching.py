"""Which of a folder's unseen mails to read, and reading them whole or saying that it can't be done.

A look at few mails reads every one of them, and rests on nothing. A look at many (a first look back over
months) reads header lines in windows first and leaves out bulk mail of others. Of mail from people with no
mark of ours in its header lines it reads what the server's own body search finds; where the server can't
search, all of it. So completeness rests on that search for one thing only: a forward whose subject was
rewritten, among hundreds of unseen mails.
"""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from watcher.mailboxes import CAP, Message, Passed, Place, Unreadable
from watcher.mailboxes.answers import Fetched
from watcher.mailboxes.receipt import receipt
from watcher.mailboxes.session import BODY, ImapSession, RefusedError
from watcher.mailboxes.skim import BRAND, FIELDS, Could, could
from watcher.mailboxes.troubles import said
from watcher.mailboxes.wire import Timeouts

FEW = 200  # unseen mails that are all read: an ordinary day's, or a week's
WINDOW = 5000  # mails whose header lines one command asks for
BATCH = 50  # bodies a command
BATCH_BYTES = 8 * 1024 * 1024
UNSIZED = 8  # so few that their sizes need not be asked first
SKIMS = 2  # times a window of header lines may end the connection before its mails are all read
CUTS = 3  # times a mail may end the connection before it is called unreadable
REST = 300.0  # seconds before such a mail is asked for once more: the line may have been to blame
_USER = "-._~!$'()*+,&="  # RFC 5092: what needs no escape in a user name


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder as it is now, to name its mails by."""

    account: str
    name: str
    uidvalidity: int
    user: str
    host: str

    def place(self, uid: int) -> Place:
        return Place(self.account, self.name, self.uidvalidity, uid)

    def source(self, uid: int) -> str:
        """Return the mail's address with RFC 5092 escapes."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        path = quote(self.name, safe=_USER + ":@/")
        return f"imap://{quote(self.user, safe=_USER)}@{host}/{path};UIDVALIDITY={self.uidvalidity};UID={uid}"


class Bodies:
    """Reads mails of one mailbox, and remembers which of them end the connection."""

    def __init__(self, forwarders: tuple[str, ...], limits: Timeouts) -> None:
        self._forwarders = forwarders
        self._limits = limits
        self._cuts: Counter[int] = Counter()
        self._cut_at: dict[int, float] = {}  # monotonic seconds
        self._body_search = True
        self._cut_sizing = False  # the last look ended when it asked for sizes: one mail may be to blame
        self._cut_skims: Counter[int] = Counter()  # by the first number of a window

    def forgive(self) -> None:
        """Try again even what ended the connection before."""
        self._cuts.clear()
        self._cut_skims.clear()

    def of(
        self, session: ImapSession, folder: Folder, unseen: Sequence[int]
    ) -> Iterator[Message | Unreadable | Passed]:
        """Yield every unseen mail that could matter, and of many the rest as `Passed`."""
        if len(unseen) <= FEW:
            yield from self.whole(session, folder, unseen)
            return
        for start in range(0, len(unseen), WINDOW):
            window = unseen[start : start + WINDOW]
            sizes, wanted, gone = self._skim(session, window)
            yield from self.whole(session, folder, sorted(wanted), sizes)
            passed = tuple(uid for uid in window if uid not in wanted and uid not in gone)
            if passed:
                yield Passed(folder.account, folder.name, folder.uidvalidity, passed)

    def whole(
        self,
        session: ImapSession,
        folder: Folder,
        uids: Sequence[int],
        sizes: Mapping[int, int] | None = None,
    ) -> Iterator[Message | Unreadable]:
        """Yield each of these mails with all its bytes up to `CAP`; nothing for one that is gone."""
        if sizes is None:
            sizes = self._sizes(session, [uid for uid in uids if not self._cuts[uid]])
        for batch in _batches([uid for uid in uids if not self._cuts[uid]], sizes):
            try:
                answers = self._ask(session, batch)
            except RefusedError:
                answers = {}  # the server keeps all of them back for the sake of one
            for uid in batch:
                message = _message(folder, uid, answers.pop(uid, None))
                yield from [message] if message else self._alone(session, folder, uid)
        for uid in [uid for uid in uids if self._cuts[uid]]:
            yield from self._alone(session, folder, uid)

    def _alone(self, session: ImapSession, folder: Folder, uid: int) -> Iterator[Message | Unreadable]:
        if self._cuts[uid] >= CUTS and time.monotonic() - self._cut_at.get(uid, 0.0) < REST:
            yield _unreadable(folder, uid, "the server hangs up when it is asked for this mail", None)
            return
        try:
            first = self._ask(session, [uid]).get(uid)
            if message := _message(folder, uid, first):
                yield message
            elif session.still_there(uid):
                second = self._ask(session, [uid]).get(uid)
                yield _message(folder, uid, second) or _insisted(folder, uid, first, second)
        except RefusedError as error:
            if session.still_there(uid):
                yield _unreadable(folder, uid, said(error), None)

    def _ask(self, session: ImapSession, uids: Sequence[int]) -> dict[int, Fetched]:
        try:
            answers = session.fetch(uids, "RFC822.SIZE", "INTERNALDATE", BODY)
        except RefusedError:
            raise
        except Exception:
            self._cuts.update(uids)
            self._cut_at.update(dict.fromkeys(uids, time.monotonic()))
            raise
        for uid in uids:
            self._cuts.pop(uid, None)
            self._cut_at.pop(uid, None)
        return answers

    def _sizes(self, session: ImapSession, uids: Sequence[int]) -> dict[int, int]:
        """Return the sizes of many mails; of none where asking ended the last look, so that reading them in
        batches tells which one does it."""
        if len(uids) <= UNSIZED or self._cut_sizing:
            self._cut_sizing = False
            return {}
        try:
            answers = session.fetch(uids, "RFC822.SIZE")
        except RefusedError:
            return {}
        except Exception:
            self._cut_sizing = True
            raise
        return {uid: answer.size for uid, answer in answers.items() if answer.size is not None}

    def _skim(self, session: ImapSession, window: Sequence[int]) -> tuple[dict[int, int], set[int], set[int]]:
        """Return sizes, the mails to read, and those that are gone."""
        if self._cut_skims[window[0]] >= SKIMS:
            return {}, set(window), set()  # one of them ends the connection: read all, to find out which
        try:
            answers = session.fetch(window, "RFC822.SIZE", f"BODY.PEEK[HEADER.FIELDS ({FIELDS})]")
        except RefusedError:
            return {}, set(window), set()
        except Exception:
            self._cut_skims[window[0]] += 1
            raise
        sizes = {uid: answer.size for uid, answer in answers.items() if answer.size is not None}
        verdicts = {uid: could(answer.body or b"", self._forwarders) for uid, answer in answers.items()}
        wanted = {uid for uid, verdict in verdicts.items() if verdict is Could.YES}
        maybe = [uid for uid, verdict in verdicts.items() if verdict is Could.MAYBE]
        return sizes, wanted | self._by_body(session, maybe), set(window) - set(answers)

    def _by_body(self, session: ImapSession, maybe: Sequence[int]) -> set[int]:
        if not maybe or not self._body_search:
            return set(maybe)
        try:
            return set(session.search_body(maybe, BRAND, self._limits.body_search))
        except RefusedError:
            return set(maybe)
        except TimeoutError:
            self._body_search = False  # this look is over; the next one reads them all
            raise


def _message(folder: Folder, uid: int, got: Fetched | None) -> Message | None:
    """Return the mail where every byte of it is there, else None."""
    if got is None or got.body is None or got.size is None or len(got.body) != min(got.size, CAP):
        return None
    return _made(folder, uid, got.body, got.size, got)


def _made(folder: Folder, uid: int, body: bytes, size: int, got: Fetched) -> Message | None:
    received_at = got.received_at or receipt(body)
    if received_at is None:
        return None
    return Message(body, received_at, folder.source(uid), folder.place(uid), size)


def _insisted(
    folder: Folder, uid: int, first: Fetched | None, second: Fetched | None
) -> Message | Unreadable:
    """Take what a server that miscounts gives twice alike; anything else can't be read."""
    if first and second and first.body and first.body == second.body:
        size = max(len(first.body), (second.size or 0) if len(first.body) == CAP else 0)
        if message := _made(folder, uid, first.body, size, second):
            return message
    got = len(second.body or b"") if second else 0
    return _unreadable(folder, uid, f"the server gave {got} bytes that don't make a mail", second)


def _unreadable(folder: Folder, uid: int, error: str, got: Fetched | None) -> Unreadable:
    return Unreadable(folder.place(uid), folder.source(uid), error, got.received_at if got else None)


def _batches(uids: Sequence[int], sizes: Mapping[int, int]) -> Iterator[list[int]]:
    batch: list[int] = []
    total = 0
    for uid in uids:
        size = min(sizes.get(uid, CAP if sizes else 0), CAP)
        if batch and (len(batch) >= BATCH or total + size > BATCH_BYTES):
            yield batch
            batch, total = [], 0
        batch.append(uid)
        total += size
    if batch:
        yield batch
