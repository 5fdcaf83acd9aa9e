"""Keeps a mailbox's sign-in (OAuth2): refreshed ahead of time, a rotated token saved before it is used.

Law: the refresh token on the disk is never older than the one in use. A sign-in that has ended is not
tried again until a person has signed in anew; a server that is not reached has ended nothing.
"""

import fcntl
import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path

from watcher import crash
from watcher.clock import monotonic, stamp, utc_now
from watcher.mailboxes import MailboxError, Trouble
from watcher.oauth import Client, Granted, OAuthError, refreshed
from watcher.privatefile import private_folder, write_whole
from watcher.providers import Authority

FOLDER = "oauth"
AHEAD = 300.0  # seconds before its end that an access token is replaced
AGAIN = 600.0  # seconds between two tokens fetched only because a server refused the first


@dataclass(frozen=True, slots=True)
class SignIn:
    """What a sign-in left behind; the access token is not part of it."""

    provider: str
    username: str
    client_id: str
    refresh_token: str = field(repr=False)
    signed_in_at: str
    client_secret: str | None = field(default=None, repr=False)
    refreshed_at: str | None = None


class TokenFile:
    """Where one account's sign-in lies: a file in the state folder that only its owner can read."""

    def __init__(self, state: Path, account: str) -> None:
        self.account = account
        self.path = state / FOLDER / f"{account}.json"

    def load(self) -> SignIn | None:
        """Return what is there, None where nobody has signed in. Raises MailboxError."""
        try:
            return SignIn(**json.loads(self.path.read_bytes()))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as error:
            why = getattr(error, "strerror", None) or "it is damaged"
            raise MailboxError(
                f"The sign-in of account {self.account} in {self.path} can't be read ({why}).",
                f"Run: offerwatch account login {self.account}",
                permanent=True,
                kind=Trouble.LOGIN,
            ) from None

    def save(self, sign_in: SignIn) -> None:
        """Keep it, on the disk when this returns. Raises OSError."""
        private_folder(self.path.parent)
        write_whole(self.path, json.dumps(asdict(sign_in)).encode("utf-8"))

    def forget(self) -> bool:
        """Remove it; False where there was none."""
        with suppress(OSError):
            self.path.with_suffix(".lock").unlink(missing_ok=True)
            self.path.unlink()
            return True
        return False

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock that keeps two processes from spending one refresh token. Raises OSError."""
        private_folder(self.path.parent)
        lock = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


class Access:
    """Gives (user, access token) to every folder of one account; safe for threads and processes."""

    def __init__(
        self,
        file: TokenFile,
        username: str,
        authority: Authority,
        now: Callable[[], datetime] = utc_now,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._file = file
        self._username = username
        self._authority = authority
        self._now = now
        self._clock = clock
        self._turn = threading.Lock()
        self._access: str | None = None
        self._until = 0.0
        self._ended: SignIn | None = None  # the sign-in that its server has ended
        self._ended_by: OAuthError | None = None
        self._unsaved: SignIn | None = None
        self._forced_at: float | None = None

    def __call__(self) -> tuple[str, str]:
        """Return the user name and an access token that lasts for minutes. Raises MailboxError."""
        with self._turn:
            if self._access is None or self._clock() > self._until - AHEAD:
                self._refresh()
            assert self._access is not None
            return self._username, self._access

    def refused(self) -> bool:
        """A mail server did not take the token: fetch another one, once in a while; True where there is one.

        Raises MailboxError.
        """
        with self._turn:
            recently = self._forced_at is not None and self._clock() - self._forced_at < AGAIN
            if self._access is None or recently:
                return False
            self._forced_at = self._clock()
            self._refresh()
            return True

    def _refresh(self) -> None:
        try:
            with self._file.locked():
                self._refresh_alone()
        except OSError as error:
            self._access = None
            raise MailboxError(
                f"The sign-in of account {self._file.account} can't be kept"
                f" ({error.strerror or type(error).__name__}).",
                f"Look at the disk and the rights of {self._file.path.parent}; nothing is lost meanwhile.",
                kind=Trouble.SERVER,
            ) from None

    def _refresh_alone(self) -> None:
        """Within the lock: what lies in the file counts, for another process may have been here first."""
        sign_in = self._file.load()
        if sign_in is None:
            raise self._nobody()
        if self._unsaved is not None:
            if self._unsaved.signed_in_at == sign_in.signed_in_at:  # else a person has signed in meanwhile
                self._file.save(self._unsaved)
                sign_in = self._unsaved
            self._unsaved = None
        if sign_in == self._ended:
            raise self._over()
        self._access = None
        granted = self._asked(sign_in)
        self._keep(sign_in, granted)
        self._access, self._until = granted.access, self._clock() + granted.lasts

    def _asked(self, sign_in: SignIn) -> Granted:
        client = Client(sign_in.client_id, sign_in.client_secret)
        try:
            return refreshed(self._authority, client, sign_in.refresh_token)
        except OAuthError as error:
            if not error.permanent:
                raise MailboxError(error.sentence, error.remedy, kind=Trouble.NETWORK) from None
            self._ended, self._ended_by = sign_in, error
            raise self._over() from None

    def _keep(self, sign_in: SignIn, granted: Granted) -> None:
        kept = replace(
            sign_in,
            refresh_token=granted.refresh or sign_in.refresh_token,
            refreshed_at=stamp(self._now()),
        )
        crash.reach("before_token_saved")
        try:
            self._file.save(kept)
        except OSError:
            if granted.refresh:
                self._unsaved = kept  # the old one may be spent: this must not be lost while we live
            raise
        crash.reach("after_token_saved")

    def _over(self) -> MailboxError:
        why = self._ended_by.sentence if self._ended_by else "The sign-in has ended."
        return MailboxError(
            why, f"Run: offerwatch account login {self._file.account}", permanent=True, kind=Trouble.LOGIN
        )

    def _nobody(self) -> MailboxError:
        return MailboxError(
            f"Nobody has signed in for account {self._file.account} yet.",
            f"Run: offerwatch account login {self._file.account}",
            permanent=True,
            kind=Trouble.LOGIN,
        )
