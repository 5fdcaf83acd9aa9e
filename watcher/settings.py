"""The whole configuration, read from one TOML file and checked; all mistakes are told at once."""

import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError

from rules.facts import Urgency
from watcher.fields import (
    Address,
    Addresses,
    AnyPath,
    Breaks,
    ClockName,
    ExistingFile,
    Flag,
    FolderName,
    Host,
    LookBack,
    Name,
    Patience,
    PollSpan,
    Port,
    Quiet,
    Rung,
    TestSpan,
    Text,
    Texts,
    Url,
    Zone,
)
from watcher.mistakes import Mistake, SettingsError, cross_checked, from_pydantic
from watcher.secrets import SecretSource

_PORTS = {
    "imap": {"tls": 993, "starttls": 143, "none": 143},
    "smtp": {"tls": 465, "starttls": 587, "none": 25},
}
Security = Literal["tls", "starttls", "none"]


class _Table(BaseModel):
    """One table of the file: unknown keys are mistakes, values never change afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, defer_build=True)


class _WithSecret(_Table):
    """A table that may name where its password comes from."""

    password_command: Annotated[list[Text], Field(min_length=1)] | None = None
    password_credential: Text | None = None
    password_file: AnyPath | None = None
    password_env: Text | None = None
    allow_insecure_keyring: Flag = False

    @property
    def has_source(self) -> bool:
        """Whether a source of the secret is named; without one it is what we keep ourselves."""
        named = (self.password_command, self.password_credential, self.password_file, self.password_env)
        return any(each is not None for each in named)

    def _source(self, whose: str, entry: str, username: str) -> SecretSource:
        given: dict[str, tuple[str, ...]] = {}
        if self.password_command is not None:
            given["command"] = tuple(self.password_command)
        if self.password_credential is not None:
            given["credential"] = (self.password_credential,)
        if self.password_file is not None:
            given["file"] = (str(self.password_file),)
        if self.password_env is not None:
            given["env"] = (self.password_env,)
        way, value = next(iter(given.items()), ("keyring", (f"offerwatch/{entry}",)))
        return SecretSource(whose, way, value, username, self.allow_insecure_keyring)


class ImapAccount(_WithSecret):
    """A mailbox on a server."""

    kind: Literal["imap"] = "imap"
    name: Name
    host: Host
    port: Annotated[Port, Field(ge=1, le=65535)] | None = None
    security: Security = "tls"
    ca_file: ExistingFile | None = None
    username: Text
    folders: Annotated[list[FolderName], Field(min_length=1)] = ["INBOX", "\\Junk"]
    poll_every: PollSpan = timedelta(minutes=5)
    backfill: LookBack = timedelta(days=90)
    authserv_id: Texts = []
    auth: Literal["password", "oauth2"] = "password"
    provider: Literal["google", "microsoft"] | None = None
    client_id: Text | None = None

    @property
    def secret(self) -> SecretSource:
        """Where this account's password, or its access token with oauth2, comes from."""
        return self._source(f'account "{self.name}"', self.name, self.username)

    @property
    def port_number(self) -> int:
        """The port given, or the usual one for this kind of security."""
        return self.port or _PORTS["imap"][self.security]


class MaildirAccount(_Table):
    """A mailbox that lies on this machine as a Maildir."""

    kind: Literal["maildir"]
    name: Name
    path: AnyPath
    folders: Annotated[list[FolderName], Field(min_length=1)] = ["INBOX"]
    poll_every: PollSpan = timedelta(minutes=5)
    backfill: LookBack = timedelta(days=90)
    authserv_id: Texts = []


class _Channel(_Table):
    name: Name | None = None
    min_urgency: Urgency = Urgency.INFO


class DesktopChannel(_Channel):
    """Notifications on this desktop."""

    kind: Literal["desktop"]


class EmailChannel(_WithSecret, _Channel):
    """A mail sent through an SMTP server."""

    kind: Literal["email"]
    host: Host
    port: Annotated[Port, Field(ge=1, le=65535)] | None = None
    security: Security = "tls"
    ca_file: ExistingFile | None = None
    username: Text | None = None
    auth: Literal["password", "oauth2"] = "password"
    account: Name | None = None
    sender: Annotated[Address, Field(alias="from")]
    to: Annotated[Addresses, Field(min_length=1)]

    @property
    def secret(self) -> SecretSource | None:
        """Where this channel's password comes from; None where it signs in to nothing, or by an account's
        tokens."""
        if self.username is None or self.auth == "oauth2":
            return None
        name = self.name or "email"
        return self._source(f'channel "{name}"', f"channel-{name}", self.username)

    @property
    def port_number(self) -> int:
        """The port given, or the usual one for this kind of security."""
        return self.port or _PORTS["smtp"][self.security]


class AppriseChannel(_Channel):
    """Any service that Apprise can reach; its address is a secret."""

    kind: Literal["apprise"]
    url: Text | None = Field(default=None, repr=False)
    url_env: Text | None = None
    url_file: AnyPath | None = None


class CommandChannel(_Channel):
    """A program of the user's own, run without a shell."""

    kind: Literal["command"]
    run: Annotated[list[Text], Field(min_length=1)]
    timeout: Patience = timedelta(seconds=10)


class Alerts(_Table):
    """When we speak."""

    ladder: Annotated[list[Rung], Field(min_length=1)] = [timedelta(hours=h) for h in (72, 24, 6, 1)]
    order_ladder: Annotated[list[Rung], Field(min_length=1)] = [timedelta(hours=24)]
    quiet: Quiet | None = None
    quiet_breaks: Breaks = timedelta(hours=6)
    test_every: TestSpan | None = None
    announce: list[ClockName] = []


class Health(_Table):
    """Who is told that we are awake."""

    ping_url: Url | None = Field(default=None, repr=False)


class CalendarFile(_Table):
    """Where the daemon keeps a calendar of the deadlines, for others to share."""

    path: AnyPath | None = None


class Probe(_Table):
    """Whether AliExpress's host names may be looked at over the network."""

    enabled: Flag = False


def _account_kind(value: Any) -> str:
    kind = value.get("kind", "imap") if isinstance(value, dict) else getattr(value, "kind", "imap")
    return kind if isinstance(kind, str) else "?"


def _channel_kind(value: Any) -> str:
    kind = value.get("kind", "?") if isinstance(value, dict) else getattr(value, "kind", "?")
    return kind if isinstance(kind, str) else "?"


Account = Annotated[
    Annotated[ImapAccount, Tag("imap")] | Annotated[MaildirAccount, Tag("maildir")],
    Discriminator(_account_kind),
]
Channel = Annotated[
    Annotated[DesktopChannel, Tag("desktop")]
    | Annotated[EmailChannel, Tag("email")]
    | Annotated[AppriseChannel, Tag("apprise")]
    | Annotated[CommandChannel, Tag("command")],
    Discriminator(_channel_kind),
]


class Settings(_Table):
    """Everything the user can say, with the defaults of what was not said."""

    language: Text = "en"
    timezone: Zone | None = None
    state_dir: AnyPath | None = None
    forwarders: Addresses = []
    account: list[Account] = []
    alerts: Alerts = Alerts()
    health: Health = Health()
    probe: Probe = Probe()
    calendar: CalendarFile = CalendarFile()
    channel: list[Channel] = []

    @classmethod
    def defaults(cls) -> Self:
        """What holds where there is no configuration at all."""
        return cls()

    @property
    def state_folder(self) -> Path:
        """Where our own memory lies: as configured, or the platform's data folder."""
        if self.state_dir is not None:
            return self.state_dir
        import platformdirs

        return platformdirs.user_data_path("offerwatch")

    @property
    def ladder(self) -> tuple[timedelta, ...]:
        """The rungs before a deadline, farthest first, each once."""
        return tuple(sorted(set(self.alerts.ladder), reverse=True))

    @property
    def order_ladder(self) -> tuple[timedelta, ...]:
        """The rungs before one of the order's own clocks, farthest first, each once."""
        return tuple(sorted(set(self.alerts.order_ladder), reverse=True))

    @property
    def named_channels(self) -> tuple[tuple[str, "Channel"], ...]:
        """Every channel with its name: the one given, else its kind (numbered from the second on)."""
        taken = {each.name for each in self.channel if each.name}
        named = []
        for each in self.channel:
            name, number = each.name or each.kind, 1
            while each.name is None and name in taken:
                number += 1
                name = f"{each.kind}-{number}"
            taken.add(name)
            named.append((name, each))
        return tuple(named)


def load_settings(path: Path) -> Settings:
    """Read and check one file; raises SettingsError with every mistake: key, value, what is allowed."""
    try:
        data = tomllib.loads(path.read_bytes().decode("utf-8"))
    except OSError as error:
        wanted = "a file that can be read; see offerwatch doctor for where it is looked for"
        raise SettingsError(path, [Mistake("", error.strerror or "unreadable", wanted)]) from None
    except UnicodeDecodeError:
        raise SettingsError(path, [Mistake("", "bytes that are not UTF-8", "TOML in UTF-8")]) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(path, [Mistake("", str(error), "TOML, see https://toml.io")]) from None
    return settings_from(data, path)


def settings_from(data: dict[str, Any], path: Path) -> Settings:
    """Check what a file said; `path` is what relative paths count from. Raises SettingsError."""
    mistakes = cross_checked(data)
    settings = None
    try:
        settings = Settings.model_validate(data, context={"base": path.absolute().parent})
    except ValidationError as error:
        mistakes = from_pydantic(error, data, Settings) + mistakes
    if settings is None or mistakes:
        raise SettingsError(path, mistakes)
    return settings
