"""An account on its way into the configuration: its login tried, its folders found, its secret kept."""

import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from watcher.commands import FAILED, WRONG, StopError, listed, say
from watcher.commands.asking import Asker
from watcher.configfile import ConfigFile
from watcher.mailboxes import MailboxError, Trouble
from watcher.privatefile import private_folder, write_whole
from watcher.providers import MailProvider
from watcher.secrets import (
    LONGEST,
    SecretError,
    SecretSource,
    fetch_secret,
    forget_secret,
    keep_secret,
    keyring_works,
)

if TYPE_CHECKING:
    from watcher.commands.enroll import Wish
    from watcher.settings import Account, ImapAccount

JUNK = "\\Junk"
TRIES = 3  # wrong passwords typed at a terminal; then it is better to look at the provider's page
SECRETS = "secrets"
_OTHER_SERVER = "If the server is another, name it: --host, --port, --security."


@dataclass(frozen=True)
class Entry:
    """What will be one `[[account]]`. `source` names where the secret comes from; empty: `typed` is kept."""

    name: str
    address: str
    server: dict[str, Any]
    folders: tuple[str, ...] = ()
    source: dict[str, Any] = field(default_factory=dict)
    usernames: tuple[str, ...] = ()
    provider: MailProvider | None = None
    wish: "Wish | None" = None
    typed: str | None = field(default=None, repr=False)

    @property
    def is_maildir(self) -> bool:
        return self.server.get("kind") == "maildir"

    @property
    def by_token(self) -> bool:
        return self.server.get("auth") == "oauth2"

    def fields(self) -> dict[str, Any]:
        """The keys of the table, in the order people read them; no secret among them."""
        usual = {"port": 993, "security": "tls"}
        if self.server.get("security") in ("starttls", "none"):
            usual = {"port": 143}
        said = {name: value for name, value in self.server.items() if usual.get(name) != value}
        return {"name": self.name, **said, "folders": list(self.folders)}


def tried_entry(file: ConfigFile, asker: Asker, entry: Entry, test: bool) -> Entry:
    """Sign in as the entry says, asking for the secret where none is named; return it with what was found.

    Raises StopError where it does not work.
    """
    if entry.is_maildir:
        _checked(file, entry)
        return entry
    if entry.by_token:
        return _by_token(file, asker, entry, test)
    attempt = 0
    while True:
        attempt += 1
        entry = _with_secret(asker, entry)
        if not test:
            return replace(entry, folders=entry.folders or ("INBOX", JUNK))
        try:
            return _signed_in(file, asker, entry)
        except MailboxError as error:
            say(f"  FAILED  {error.sentence} {_without_login(error.remedy, entry.name)}")
            again = error.kind is Trouble.LOGIN and asker.can and not entry.source and attempt < TRIES
            if not again:
                remedy = "" if error.kind is Trouble.LOGIN else _OTHER_SERVER
                raise StopError("The login does not work, so nothing was written.", remedy, FAILED) from None
            entry = replace(entry, typed=None)


def _without_login(remedy: str, name: str) -> str:
    """Here there is no account yet that one could sign in to again."""
    cut = remedy.split(f"offerwatch account login {name}")[0].removesuffix("Then run: ")
    return cut.removesuffix(", then run: ").removesuffix("Run: ").removesuffix("Run `").strip(" ,")


def _by_token(file: ConfigFile, asker: Asker, entry: Entry, test: bool) -> Entry:
    from watcher.commands.login import sign_in

    if entry.source:  # another program keeps the tokens; it prints one when asked
        return _signed_in(file, asker, entry) if test else _with_folders(entry)
    account = _checked(file, entry)
    wish = entry.wish
    assert wish is not None
    sign_in(file, account, asker, wish.client_id, wish.client_secret_file, wish.paste, wish.browser)
    return _signed_in(file, asker, entry) if test else _with_folders(entry)


def _with_folders(entry: Entry) -> Entry:
    return replace(entry, folders=entry.folders or ("INBOX", JUNK))


def _with_secret(asker: Asker, entry: Entry) -> Entry:
    if entry.source or entry.typed:
        return entry
    if entry.wish is not None and entry.wish.password_stdin:
        return replace(entry, typed=_one_line(sys.stdin.readline(LONGEST)))
    what = entry.provider.secret if entry.provider else "your password"
    question = f"{what[0].upper()}{what[1:]}"
    flags = "--password-command, --password-file, --password-env, --password-credential or --password-stdin"
    typed = asker.hidden(question, flags)
    # Google and others print app passwords in groups; the blanks are no part of them
    joined = typed.replace(" ", "")
    grouped = len(joined) == 16 and joined.isalnum() and typed.count(" ") == 3
    return replace(entry, typed=joined if grouped else typed)


def _one_line(text: str) -> str:
    line = text.rstrip("\r\n")
    if not line:
        raise StopError("Standard input has no password.", "Give it as one line.", WRONG)
    return line


def _checked(file: ConfigFile, entry: Entry) -> "Account":
    """The account as the configuration would have it. Raises SettingsError."""
    trial = ConfigFile(file.path)
    fields = entry.fields()
    trial.add("account", {**fields, **entry.source, "folders": fields["folders"] or ["INBOX"]})
    return trial.checked().account[-1]


def _signed_in(file: ConfigFile, asker: Asker, entry: Entry) -> Entry:
    """Sign in, by each way to write the user name, and choose the folders. Raises MailboxError."""
    names = entry.usernames or (entry.server["username"],)
    for number, username in enumerate(names, 1):
        entry = replace(entry, server={**entry.server, "username": username})
        try:
            listing = _listing(file, entry)
        except MailboxError as error:
            if error.kind is not Trouble.LOGIN or number == len(names):
                raise
            continue
        say(f"  ok  signed in to {entry.server['host']} as {username}")
        return replace(entry, folders=_folders(asker, entry, listing))
    raise AssertionError("there is always one user name")


def _listing(file: ConfigFile, entry: Entry) -> list[tuple[tuple[bytes, ...], str]]:
    from watcher.inbound import imap_mailbox, mailbox_secret, token_of

    account: Any = _checked(file, entry)
    typed = entry.typed
    mailbox = imap_mailbox(
        account,
        "INBOX",
        (lambda: typed) if typed is not None else (lambda: mailbox_secret(account.secret)),
        token=token_of(account, file.settings.state_folder, file.path.absolute().parent),
    )
    try:
        return mailbox.listing()
    finally:
        mailbox.close()


def _folders(asker: Asker, entry: Entry, listing: list[tuple[tuple[bytes, ...], str]]) -> tuple[str, ...]:
    from watcher.mailboxes.folders import resolve

    names = [name for _, name in listing]
    say(f"  ok  {len(names)} folders: {listed(names[:20])}{', ...' if len(names) > 20 else ''}")
    host = entry.server["host"]
    for wanted in entry.folders:
        if not wanted.startswith("\\") and wanted.upper() != "INBOX" and wanted not in names:
            raise StopError(f"There is no folder {wanted} on {host}.", "Give --folder as listed.", WRONG)
    try:
        junk = resolve(JUNK, listing, entry.name, host)
        say(f"  ok  junk mail lies in {junk}: it is watched too, since offers end up there")
        usual: tuple[str, ...] = ("INBOX", JUNK)
    except MailboxError:
        say("  note  no folder for junk mail was found: name it with --folder if there is one")
        usual = ("INBOX",)
    if entry.folders:
        return entry.folders
    while True:
        answer = asker.text("Folders to watch, with commas between them", "--folder", ", ".join(usual))
        chosen = tuple(dict.fromkeys(piece.strip() for piece in answer.split(",") if piece.strip()))
        missing = [each for each in chosen if each not in (*names, *usual) and each.upper() != "INBOX"]
        if not missing:
            return chosen or usual
        say(f"There is no folder {listed(missing)} on {host}. Press Enter for the usual ones.")


def place_secret(file: ConfigFile, entry: Entry, store: str) -> dict[str, Any]:
    """Keep a typed secret where `store` says ("auto": the keyring if it works, else a private file).

    Returns what the configuration says about it; nothing for the keyring. Raises SecretError, StopError.
    """
    if entry.typed is None:
        return entry.source
    return keep_typed(file.path, entry.name, entry.server["username"], entry.typed, store)


def keep_typed(config: Path, name: str, username: str, secret: str, store: str) -> dict[str, Any]:
    """The same for any entry by its name."""
    if store == "keyring" or (store == "auto" and keyring_works()):
        keep_secret(SecretSource(f'"{name}"', "keyring", (f"offerwatch/{name}",), username), secret)
        say("  ok  the password is in the keyring")
        return {}
    path = secret_path(config, name)
    try:
        private_folder(path.parent)
        path.unlink(missing_ok=True)  # an old file's rights must not decide about the new one's
        write_whole(path, secret.encode("utf-8") + b"\n")
    except OSError as error:
        raise StopError(f"{path} can't be written: {error.strerror}.", "Look at the folder.") from None
    say(f"  ok  the password is in {path}, which only you can read")
    return {"password_file": f"{SECRETS}/{path.name}"}


def secret_path(config: Path, name: str) -> Path:
    """Where the secret of an entry lies that was typed to us and put into a file."""
    return config.absolute().parent / SECRETS / name


def forget_account(file: ConfigFile, account: "Account") -> list[str]:
    """Remove what we had put away for an account that is gone; return what was done, in sentences."""
    from watcher.settings import ImapAccount
    from watcher.tokens import TokenFile

    if not isinstance(account, ImapAccount):
        return []
    done = []
    if TokenFile(file.settings.state_folder, account.name).forget():
        done.append(
            "Its sign-in was forgotten here; the provider's page of connected apps ends it there too."
        )
    ours, still = secret_path(file.path, account.name), _still_used(file)
    if account.password_file == ours and ours not in still and ours.exists():
        ours.unlink()
        done.append(f"{ours} was removed.")
    if account.secret.way == "keyring" and account.auth == "password" and forget_secret(account.secret):
        done.append("Its password was removed from the keyring.")
    return done


def _still_used(file: ConfigFile) -> set[Path | None]:
    entries: list[Any] = [*file.settings.account, *file.settings.channel]
    return {getattr(each, "password_file", None) for each in entries}


def secret_of(account: "ImapAccount") -> str | None:
    """A configured secret, None where it can't be had now."""
    try:
        return fetch_secret(account.secret)
    except SecretError:
        return None
