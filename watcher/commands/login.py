"""Signs in to a mailbox anew: with a browser where tokens are used, else by asking for the password."""

import http.server
import os
import threading
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from watcher.clock import monotonic, stamp, utc_now
from watcher.commands import FAILED, WRONG, StopError, listed, say
from watcher.commands.asking import Asker
from watcher.configfile import ConfigFile
from watcher.mailboxes import MailboxError
from watcher.oauth import (
    Client,
    Device,
    Granted,
    OAuthError,
    device_begun,
    device_done,
    redirect_begun,
    redirect_done,
)
from watcher.providers import FILE_NAME, Authority, providers_of
from watcher.secrets import fetch_secret
from watcher.settings import Account, ImapAccount
from watcher.tokens import SignIn, TokenFile

PATIENCE = 600.0  # seconds a browser may take
SLOWER = 5.0  # seconds more between two questions when the server says that we ask too often
_DONE = b"<!doctype html><title>offerwatch</title><p>Done. You can close this page.</p>"


def login(
    config: Path | None,
    name: str | None,
    client_id: str | None,
    client_secret_file: Path | None,
    paste: bool,
    browser: bool,
    password_stdin: bool,
) -> None:
    """Sign in to a configured account again and prove it; raises StopError where that fails."""
    from watcher.commands.account import test_accounts
    from watcher.commands.enroll import config_to_change

    file = config_to_change(config)
    account = _account(file, name)
    asker = Asker(password_stdin)
    if account.auth == "oauth2":
        if account.has_source:
            raise StopError(
                f"The tokens of account {account.name} come from {account.secret}.",
                "Sign in with that program, or take the key out of the configuration to have it done here.",
                WRONG,
            )
        sign_in(file, account, asker, client_id, client_secret_file, paste, browser)
    else:
        _password(file, account, asker, password_stdin)
    if test_accounts(config, account.name):
        raise StopError("The sign-in is kept, but the mailbox can't be opened with it.", "See above.", FAILED)


def _account(file: ConfigFile, name: str | None) -> ImapAccount:
    accounts: list[Account] = [each for each in file.settings.account if isinstance(each, ImapAccount)]
    chosen = [each for each in accounts if name in (None, each.name)]
    if len(chosen) != 1 or not isinstance(chosen[0], ImapAccount):
        known = listed(each.name for each in accounts)
        told = f'There is no account "{name}" to sign in to.' if name else "Which account?"
        raise StopError(told, f"The configuration has {known}.", WRONG)
    return chosen[0]


def _password(file: ConfigFile, account: ImapAccount, asker: Asker, from_stdin: bool) -> None:
    """Ask for a password that we keep ourselves; one that is kept elsewhere is changed there."""
    import sys

    from watcher.commands.entry import keep_typed, secret_path

    ours = secret_path(file.path, account.name)
    if account.secret.way != "keyring" and account.password_file != ours:
        raise StopError(
            f"The password of account {account.name} comes from {account.secret}.",
            f"Change it there, then run: offerwatch account test {account.name}",
            WRONG,
        )
    typed = sys.stdin.readline() if from_stdin else asker.hidden("The password", "--password-stdin")
    word = typed.rstrip("\r\n")
    store = "keyring" if account.secret.way == "keyring" else "file"
    keep_typed(file.path, account.name, account.username, word, store)
    fetch_secret(account.secret)


def sign_in(
    file: ConfigFile,
    account: Account,
    asker: Asker,
    client_id: str | None,
    client_secret_file: Path | None,
    paste: bool,
    browser: bool,
) -> None:
    """Have a person sign in with the provider, and keep what it gives. Raises StopError."""
    assert isinstance(account, ImapAccount)
    authority = _authority(file, account)
    tokens = TokenFile(file.settings.state_folder, account.name)
    client = _client(tokens, account, authority, asker, client_id, client_secret_file)
    try:
        if authority.device is not None and not paste:
            granted = _by_device(authority, client)
        elif authority.authorize is not None:
            granted = _by_redirect(authority, client, account.username, asker, paste, browser)
        else:
            raise StopError(f"{authority.id} has no page to sign in by.", "Leave --paste out.", WRONG)
    except OAuthError as error:
        raise StopError(error.sentence, error.remedy, FAILED) from None
    if granted.refresh is None:
        remedy = "End offerwatch's access on the provider's page of connected apps, then sign in again."
        raise StopError("The provider gave no lasting sign-in.", remedy, FAILED)
    now = stamp(utc_now())
    kept = SignIn(authority.id, account.username, client.id, granted.refresh, now, client.secret)
    try:
        with tokens.locked():
            tokens.save(kept)
    except OSError as error:
        raise StopError(f"{tokens.path} can't be written: {error.strerror}.", "Look at it.") from None
    say(f"  ok  signed in as {account.username}; it lasts until the provider ends it")


def _authority(file: ConfigFile, account: ImapAccount) -> Authority:
    providers = providers_of(file.path.absolute().parent / FILE_NAME)
    return providers.authorities[account.provider or ""]


def _client(
    tokens: TokenFile,
    account: ImapAccount,
    authority: Authority,
    asker: Asker,
    client_id: str | None,
    client_secret_file: Path | None,
) -> Client:
    """The user's own registration: by flag, as used before, as configured, or asked for."""
    try:
        before = tokens.load()
    except MailboxError:
        before = None
    known = Client(before.client_id, before.client_secret) if before else Client(account.client_id or "")
    chosen = client_id or account.client_id or known.id
    if not chosen:
        say(f"  {authority.client}")
        chosen = asker.text("Client id", "--client-id")
    client = Client(chosen, known.secret if chosen == known.id else None)
    if client_secret_file is not None:
        return replace(client, secret=_secret_in(client_secret_file))
    if authority.needs_secret and client.secret is None:
        return replace(client, secret=asker.hidden("Client secret", "--client-secret-file"))
    return client


def _secret_in(path: Path) -> str:
    try:
        found = path.expanduser().read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not text"
        raise StopError(
            f"{path} can't be read: {why}.", "Give a file with the secret alone.", WRONG
        ) from None
    if not found or "\n" in found:
        raise StopError(f"{path} does not hold a client secret.", "Give a file with it alone.", WRONG)
    return found


def _by_device(authority: Authority, client: Client) -> Granted:
    device = device_begun(authority, client)
    say(f"Open {device.url} on any device, enter the code {device.user_code} and sign in. Waiting ...")
    return _waited_for(authority, client, device)


def _waited_for(authority: Authority, client: Client, device: Device) -> Granted:
    until, every = monotonic() + device.lasts, device.every
    while monotonic() < until:
        threading.Event().wait(every)
        try:
            granted = device_done(authority, client, device)
        except OAuthError as error:
            if error.error == "slow_down":
                every += SLOWER
            elif error.error:
                raise
            continue  # not reached this time: the code still counts
        if granted is not None:
            return granted
    raise OAuthError("The code was not used in time.", "Run it again.", "expired_token")


def _by_redirect(
    authority: Authority, client: Client, username: str, asker: Asker, paste: bool, browser: bool
) -> Granted:
    if paste:
        redirect = redirect_begun(authority, client, "http://127.0.0.1:1/", username)
        say(f"Open this page in a browser and sign in:\n\n{redirect.url}\n")
        say("It ends at a page that can't be shown. Copy that page's whole address from the browser's bar.")
        try:
            answer = asker.text("That address", "it on standard input") if asker.can else input()
        except EOFError:
            raise StopError("No address was given.", "Paste it as one line.", WRONG) from None
        return redirect_done(authority, client, redirect, answer)
    with _Listener() as listener:
        redirect = redirect_begun(authority, client, listener.address, username)
        say("Open this page in a browser on this machine and sign in (for another machine: --paste):")
        say(f"\n{redirect.url}\n")
        if browser and (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            _open(redirect.url)
        return redirect_done(authority, client, redirect, listener.wait(PATIENCE))


def _open(url: str) -> None:
    import webbrowser

    threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()


class _Listener:
    """Waits on loopback for the one request that a browser is sent back with."""

    def __enter__(self) -> "_Listener":
        self._came = threading.Event()
        self._path = ""
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                # a browser asks for an icon too; only the answer has these
                if any(f"{name}=" in urlsplit(self.path).query for name in ("code", "error")):
                    outer._path = self.path
                    outer._came.set()
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(_DONE)))
                self.end_headers()
                self.wfile.write(_DONE)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing: the request holds the code."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/"

    def wait(self, seconds: float) -> str:
        """Return the path and query that came. Raises OAuthError."""
        if not self._came.wait(seconds):
            raise OAuthError("The browser did not come back in time.", "Run it again.", "expired_token")
        return self._path
