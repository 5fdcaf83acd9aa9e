"""Adds a mailbox to the configuration: the address first, the rest filled in, tried before it is written."""

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from watcher.commands import WRONG, StopError, listed, say
from watcher.commands.asking import Asker
from watcher.commands.entry import Entry, place_secret, tried_entry
from watcher.commands.ringing import add_channel
from watcher.configfile import ConfigFile, free_name
from watcher.providers import FILE_NAME, MailProvider, Providers, Server, providers_of
from watcher.whereabouts import default_path, find_config

_SOURCES = ("password_command", "password_credential", "password_file", "password_env")


@dataclass(frozen=True, slots=True)
class Wish:
    """What the flags said; None where a question, or the table of providers, must tell."""

    address: str | None = None
    provider: str | None = None
    name: str | None = None
    maildir: Path | None = None
    host: str | None = None
    port: int | None = None
    security: str | None = None
    ca_file: Path | None = None
    username: str | None = None
    auth: str | None = None
    folders: tuple[str, ...] = ()
    password_command: str | None = None
    password_credential: str | None = None
    password_file: Path | None = None
    password_env: str | None = None
    password_stdin: bool = False
    store: str = "auto"
    alert: str | None = None
    client_id: str | None = None
    client_secret_file: Path | None = None
    paste: bool = False
    browser: bool = True
    test: bool = True
    yes: bool = False

    def source(self) -> dict[str, Any]:
        """The secret's source as the configuration names it; empty where a typed secret must be kept."""
        given: dict[str, Any] = {
            name: value for name in _SOURCES if (value := getattr(self, name)) is not None
        }
        if len(given) > 1:
            flags = listed(f"--{name.replace('_', '-')}" for name in given)
            raise StopError(f"{flags} can't be given together.", "Name one source of the secret.", WRONG)
        if self.password_command is not None:
            given["password_command"] = shlex.split(self.password_command)
        if self.password_file is not None:
            given["password_file"] = str(self.password_file.expanduser().absolute())
        return given


def config_to_change(config: Path | None) -> ConfigFile:
    """The configuration in force, or the one that will be: raises SettingsError where it has mistakes."""
    return ConfigFile(find_config(config) or default_path())


def add(config: Path | None, wish: Wish) -> None:
    """Ask what is missing, try the login, find the folders, keep the secret, write the configuration."""
    file, asker = config_to_change(config), Asker(wish.yes or wish.password_stdin)
    entry = _on_server(file, asker, wish) if wish.maildir is None else _maildir(file, wish)
    entry = tried_entry(file, asker, entry, wish.test)
    secret = place_secret(file, entry, wish.store)
    file.add("account", {**entry.fields(), **secret})
    said = add_channel(file, asker, entry, secret, wish.alert)
    file.save()
    say(f"Account {entry.name} is in {file.path}, watching {listed(entry.folders)}.")
    for line in said:
        say(line)
    say("Next: offerwatch alert test; then offerwatch install-service, or offerwatch watch.")


def _maildir(file: ConfigFile, wish: Wish) -> Entry:
    path = (wish.maildir or Path()).expanduser().absolute()
    if not path.is_dir():
        raise StopError(f"{path} is no folder.", "Name a Maildir: a folder with cur, new and tmp.", WRONG)
    name = _name(file, wish, "maildir")
    return Entry(name, wish.address or "", {"kind": "maildir", "path": str(path)}, wish.folders or ("INBOX",))


def _on_server(file: ConfigFile, asker: Asker, wish: Wish) -> Entry:
    providers = providers_of(file.path.absolute().parent / FILE_NAME)
    address = _address(asker, wish)
    provider = _provider(providers, wish, address)
    if provider is not None and provider.no_imap and wish.host is None:
        raise StopError(f"{provider.name} can't be watched.", provider.no_imap, WRONG)
    server = _server(asker, wish, provider, address)
    provider = provider or providers.of_host(server.host)
    auth = _auth(wish, provider)
    if provider is not None:
        _explain(provider, auth, wish)
    names = provider.sign_in_names(address) if provider else (address,)
    fields: dict[str, Any] = {
        "host": server.host,
        "port": server.port,
        "security": server.security,
        "ca_file": str(wish.ca_file.expanduser().absolute()) if wish.ca_file else None,
        "username": wish.username or names[0],
    }
    if auth == "oauth2":
        fields |= {"auth": "oauth2", "provider": _authority(provider, wish)}
    return Entry(
        _name(file, wish, provider.id if provider else address.rpartition("@")[2].partition(".")[0]),
        address,
        fields,
        wish.folders,
        source=wish.source(),
        usernames=(wish.username,) if wish.username else names,
        provider=provider,
        wish=wish,
    )


def _address(asker: Asker, wish: Wish) -> str:
    address = wish.address or asker.text("Your mail address", "the address as first argument")
    local, at, domain = address.strip().rpartition("@")
    if not (local and at and "." in domain) and wish.host is None:
        example = "It looks like buyer@example.org; for a server of your own give --host and --username too."
        raise StopError(f'"{address}" is not a mail address.', example, WRONG)
    return address.strip()


def _provider(providers: Providers, wish: Wish, address: str) -> MailProvider | None:
    if wish.provider is not None:
        if (found := providers.named(wish.provider)) is None:
            known = listed(sorted(each.id for each in providers.all))
            raise StopError(f'No provider is called "{wish.provider}".', f"Known are {known}.", WRONG)
        return found
    return providers.of_address(address) if wish.host is None else providers.of_host(wish.host)


def _server(asker: Asker, wish: Wish, provider: MailProvider | None, address: str) -> Server:
    known = provider.imap if provider else None
    host = wish.host or (known.host if known else None)
    security = wish.security or (known.security if known else "tls")
    if host is None:
        from watcher.guessing import guessed_server

        domain = address.rpartition("@")[2]
        guess = guessed_server(domain)
        if guess is None and not asker.can:
            remedy = "Give --host, or --provider (gmail, microsoft365, zoho, ... for a domain of your own)."
            raise StopError(f"The IMAP server of {domain} is not known.", remedy, WRONG)
        host = asker.text("IMAP server (host, or host:port)", "--host", guess)
    host, port = _parted(host)
    usual = known.port if known and known.security == security else 993 if security == "tls" else 143
    return Server(host, wish.port or port or usual, security)


def _parted(host: str) -> tuple[str, int | None]:
    """A host as people write it, with its port behind it or not."""
    name, colon, port = host.rpartition(":")
    if colon and port.isdecimal() and ":" not in name:
        return name, int(port)
    return host, None


def _auth(wish: Wish, provider: MailProvider | None) -> str:
    ways = provider.auth if provider else ("password", "oauth2")
    auth = wish.auth or ways[0]
    if auth not in ways and provider is not None:
        hints = " ".join(provider.hints)
        raise StopError(f"{provider.name} does not take --auth {auth}.", hints, WRONG)
    return auth


def _authority(provider: MailProvider | None, wish: Wish) -> str:
    if provider is None or provider.oauth is None:
        name = provider.name if provider else "this server"
        raise StopError(f"It is not known where tokens for {name} come from.", "Give --provider.", WRONG)
    return provider.oauth


def _explain(provider: MailProvider, auth: str, wish: Wish) -> None:
    say(f"{provider.name}: it wants {provider.secret if auth == 'password' else 'a sign-in in a browser'}.")
    if wish.yes and not sys.stdin.isatty():
        return
    for hint in provider.hints:
        say(f"  {hint}")
    if provider.page:
        say(f"  {provider.page}")


def _name(file: ConfigFile, wish: Wish, usual: str) -> str:
    taken = {account.name for account in file.settings.account}
    if wish.name is not None:
        if wish.name in taken:
            raise StopError(f'There is an account "{wish.name}" already.', "Give another --name.", WRONG)
        return wish.name
    return free_name(usual or "home", taken)


def remove(config: Path | None, name: str, yes: bool) -> None:
    """Take an account out of the configuration, and its secret out of where we had put it."""
    from watcher.commands.entry import forget_account

    file, asker = config_to_change(config), Asker(yes)
    account = next((each for each in file.settings.account if each.name == name), None)
    if account is None:
        known = listed(each.name for each in file.settings.account)
        raise StopError(f'There is no account "{name}".', f"The configuration has {known}.", WRONG)
    if not asker.agreed(f"Take account {name} out of {file.path}"):
        say("Nothing was changed.")
        return
    file.remove("account", name)
    file.save()
    for line in forget_account(file, account):
        say(line)
    say(f"Account {name} is no longer watched. What is known of its cases stays; restart watch.")
