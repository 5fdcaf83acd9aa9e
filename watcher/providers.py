"""The mail providers we know: their servers, how to sign in, where tokens come from, what refusals mean."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from watcher.fields import is_loopback

FILE_NAME = "providers.toml"
Way = Literal["password", "oauth2"]
_SECURITIES = ("tls", "starttls", "none")
_LISTS = {"domains", "auth", "usernames", "hints", "authserv_ids"}
_TEXTS = {"oauth", "secret", "page", "no_imap"}


class ProvidersError(Exception):
    """The user's own providers.toml can't be used: what is wrong, and what to do."""

    code = 2

    def __init__(self, path: Path, sentence: str) -> None:
        self.sentence = f"{path}: {sentence}."
        self.remedy = "Mend the file, or move it away: the shipped table is used then."
        super().__init__(f"{self.sentence} {self.remedy}")


@dataclass(frozen=True, slots=True)
class Server:
    """Where one of a provider's servers is reached."""

    host: str
    port: int
    security: str


@dataclass(frozen=True, slots=True)
class MailProvider:
    """One provider as the table has it; `imap` is None where mail can't be read (`no_imap` says why)."""

    id: str
    name: str
    domains: tuple[str, ...] = ()
    imap: Server | None = None
    smtp: Server | None = None
    servers: tuple[str, ...] = ()
    auth: tuple[str, ...] = ("password",)
    oauth: str | None = None
    usernames: tuple[str, ...] = ("address",)
    secret: str = "your password"
    page: str | None = None
    hints: tuple[str, ...] = ()
    no_imap: str | None = None
    authserv_ids: tuple[str, ...] = ()

    def sign_in_names(self, address: str) -> tuple[str, ...]:
        """What to sign in as with this address, the likeliest first."""
        ways = {"address": address, "local": address.rpartition("@")[0] or address}
        return tuple(dict.fromkeys(ways[name] for name in self.usernames))


@dataclass(frozen=True, slots=True)
class Authority:
    """Where tokens come from: `device` and `authorize` are the two ways to be granted the first one."""

    id: str
    token: str
    scopes: tuple[str, ...]
    device: str | None = None
    authorize: str | None = None
    needs_secret: bool = False
    client: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a provider's words mean: `host` is None where any provider may say them."""

    pattern: re.Pattern[str]
    sentence: str
    remedy: str
    host: str | None = None


@dataclass(frozen=True, slots=True)
class Providers:
    """The whole table."""

    all: tuple[MailProvider, ...]
    authorities: Mapping[str, Authority]
    refusals: tuple[Refusal, ...]

    def of_address(self, address: str) -> MailProvider | None:
        """The provider whose domain a mail address has."""
        domain = address.rpartition("@")[2].lower().rstrip(".")
        return next((each for each in self.all if domain in each.domains), None)

    def of_host(self, host: str) -> MailProvider | None:
        """The provider that an IMAP server's name belongs to."""
        name = host.lower().rstrip(".")
        return next((each for each in self.all if name in each.servers), None)

    def named(self, name: str) -> MailProvider | None:
        """The provider of this id or name, however it is written."""
        wanted = name.strip().lower()
        return next((each for each in self.all if wanted in (each.id.lower(), each.name.lower())), None)

    def refusal(self, host: str, account: str, words: str) -> tuple[str, str] | None:
        """The sentence and the remedy for what a server said; None where nothing is known about it."""
        provider = self.of_host(host)
        name, page = (provider.name, provider.page) if provider else (host, None)
        asked = provider.imap.host if provider and provider.imap else host.lower()
        for each in self.refusals:
            if each.host in (None, asked) and each.pattern.search(words):
                holes = {"name": name, "account": account, "page": page or "your provider's settings"}
                return each.sentence.format(**holes), each.remedy.format(**holes)
        return None

    def advice(self, host: str, account: str) -> tuple[str, str] | None:
        """The same for a plain refusal of name or password, where there is more to know than that."""
        provider = self.of_host(host)
        if provider is None or not provider.hints:
            return None
        remedy = f"{' '.join(provider.hints)} Then run: offerwatch account login {account}"
        return f"{provider.name} refuses the user name or the password.", remedy


@cache
def shipped() -> Providers:
    """The table beside the code."""
    data = tomllib.loads(files("watcher").joinpath(FILE_NAME).read_text(encoding="utf-8"))
    return _table(data)


def providers_of(own: Path | None) -> Providers:
    """The table with what a file of the user's adds or replaces; `own` need not exist.

    Raises ProvidersError.
    """
    if own is None or not own.is_file():
        return shipped()
    try:
        data = tomllib.loads(own.read_bytes().decode("utf-8"))
        added = _table(data)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, re.error) as error:
        raise ProvidersError(own, f"it can't be used ({type(error).__name__}: {error})") from None
    ours = {each.id: each for each in (*shipped().all, *added.all)}
    theirs = [each.id for each in added.all]  # the user's own come first: a domain may move
    ordered = [*(ours[name] for name in theirs), *(each for each in shipped().all if each.id not in theirs)]
    authorities = {**shipped().authorities, **added.authorities}
    return Providers(tuple(ordered), authorities, (*added.refusals, *shipped().refusals))


def _table(data: Mapping[str, Any]) -> Providers:
    return Providers(
        tuple(_provider(each) for each in data.get("provider", [])),
        {name: _authority(name, each) for name, each in data.get("oauth", {}).items()},
        tuple(_refusal(each) for each in data.get("refusal", [])),
    )


def _provider(table: Mapping[str, Any]) -> MailProvider:
    more: dict[str, Any] = {name: tuple(table[name]) for name in _LISTS & set(table)}
    more |= {name: str(table[name]) for name in _TEXTS & set(table)}
    imap, smtp = _server(table, "host", "port", "security", 993), None
    if "smtp" in table:
        smtp = _server(table, "smtp", "smtp_port", "smtp_security", 465)
    shared = table.get("shared_host", False)
    servers = () if imap is None or shared else (imap.host, *table.get("servers", []))
    return MailProvider(
        id=str(table["id"]), name=str(table["name"]), imap=imap, smtp=smtp, servers=servers, **more
    )


def _server(table: Mapping[str, Any], host: str, port: str, security: str, usual: int) -> Server | None:
    if not table.get(host):
        return None
    kind = table.get(security, "tls")
    if kind not in _SECURITIES:
        raise ValueError(f"{security} is one of {', '.join(_SECURITIES)}")
    return Server(str(table[host]), int(table.get(port, usual)), kind)


def _authority(name: str, table: Mapping[str, Any]) -> Authority:
    device, authorize = table.get("device"), table.get("authorize")
    for url in (table["token"], device, authorize):
        _check(url)
    return Authority(
        name,
        table["token"],
        tuple(table["scopes"]),
        device,
        authorize,
        bool(table.get("needs_secret", False)),
        str(table.get("client", "")),
    )


def _check(url: str | None) -> None:
    """Secrets travel encrypted, or not at all off this machine."""
    if url is None:
        return
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        raise ValueError(f"{url} must begin with https://")


def _refusal(table: Mapping[str, Any]) -> Refusal:
    pattern = re.compile(table["pattern"], re.IGNORECASE)
    return Refusal(pattern, table["sentence"], table["remedy"], table.get("host"))


def ids_of(providers: Providers, host: str) -> Sequence[str]:
    """Whose Authentication-Results to trust for a mailbox on this server; nobody's where it is unknown."""
    found = providers.of_host(host)
    return found.authserv_ids if found else ()
