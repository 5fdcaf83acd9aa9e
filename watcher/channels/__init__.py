"""What carries an alert to the user: one protocol with one method, and four ways to keep it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, is_dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any, Protocol

from rules.facts import Alert, Urgency

Probe = Callable[[str], bool | None]
OnAction = Callable[[str, Alert], None]


class ChannelError(Exception):
    """An alert that was not delivered: one sentence, what to do about it, and whether waiting can help.

    `permanent` says that the same attempt will fail again until somebody changes something.
    `in_doubt` says that it may have been delivered all the same: the link broke before the answer.
    """

    def __init__(
        self, sentence: str, remedy: str = "", permanent: bool = False, in_doubt: bool = False
    ) -> None:
        super().__init__(f"{sentence} {remedy}".strip())
        self.sentence = sentence
        self.remedy = remedy
        self.permanent = permanent
        self.in_doubt = in_doubt


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to deliver one alert by one channel.

    `message_id` is the same in every try. `in_doubt` says that an earlier try may have succeeded;
    `tries` counts the earlier ones. `thread` is the message id of the case's first alert, if known.
    """

    message_id: str
    in_doubt: bool = False
    tries: int = 0
    thread: str | None = None


class Channel(Protocol):
    """Carries alerts; returning from `send` means delivered, ChannelError means not."""

    @property
    def name(self) -> str: ...

    @property
    def min_urgency(self) -> Urgency: ...

    def send(self, alert: Alert, attempt: Attempt) -> None: ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What channels need to know of the house: the clock, the user's zone and language, and two hooks.

    `probe` tells whether a message id was seen in a mailbox that we read (None: can't tell).
    `on_action` is called with "ack", "snooze" or "steps" and the alert whose button was pressed.
    """

    now: Callable[[], datetime]
    zone: tzinfo
    language: str = "en"
    probe: Probe | None = None
    on_action: OnAction | None = None


def build_channels(configs: Iterable[Any], around: Surroundings) -> tuple[Channel, ...]:
    """Make a channel of each entry: a mapping or a dataclass with the keys of `[[channel]]`.

    A secret is given resolved: `password` and `url` are text, or a callable that fetches it when it is
    needed. Entries without a name are named after their kind ("email", "email-2"). Raises ChannelError,
    naming the entry, where one can't work as it stands.
    """
    built: list[Channel] = []
    for config in configs:
        fields = _fields(config)
        name = _name(fields, {channel.name for channel in built})
        maker = _MAKERS.get(str(fields.get("kind")))
        if maker is None:
            allowed = ", ".join(_MAKERS)
            raise ChannelError(f"Channel {name} has no known kind.", f"kind is one of {allowed}.", True)
        built.append(maker(name, Urgency(fields.get("min_urgency") or Urgency.INFO), fields, around))
    return tuple(built)


def close_channels(channels: Iterable[Channel]) -> None:
    """Let go of what channels hold open (the desktop's line to its bus); never raises."""
    for channel in channels:
        close = getattr(channel, "close", None)
        if callable(close):
            close()


def _fields(config: Any) -> dict[str, Any]:
    if isinstance(config, Mapping):
        return dict(config)
    if is_dataclass(config) and not isinstance(config, type):
        return asdict(config)
    return dict(config.model_dump(by_alias=True))


def _name(fields: Mapping[str, Any], taken: set[str]) -> str:
    name = str(fields.get("name") or fields.get("kind"))
    count = 2
    unique = name
    while unique in taken:
        unique, count = f"{name}-{count}", count + 1
    return unique


def _seconds(value: Any, default: float) -> float:
    if value is None:
        return default
    return value.total_seconds() if isinstance(value, timedelta) else float(value)


def _texts(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value or ())


def _command(name: str, floor: Urgency, fields: Mapping[str, Any], around: Surroundings) -> Channel:
    from watcher.channels.command import CommandChannel

    return CommandChannel(name, _texts(fields.get("run")), floor, _seconds(fields.get("timeout"), 10.0))


def _email(name: str, floor: Urgency, fields: Mapping[str, Any], around: Surroundings) -> Channel:
    from watcher.channels.mail import EmailChannel
    from watcher.channels.smtp import Server

    server = Server(
        host=str(fields["host"]),
        port=int(fields.get("port") or {"tls": 465, "starttls": 587}.get(fields.get("security", "tls"), 25)),
        security=str(fields.get("security") or "tls"),
        username=fields.get("username") or None,
        password=fields.get("password"),
        ca_file=str(fields["ca_file"]) if fields.get("ca_file") else None,
        timeout=_seconds(fields.get("timeout"), 30.0),
        token=fields.get("token"),
    )
    sender = fields.get("from") or fields.get("from_") or fields.get("sender") or fields.get("username")
    return EmailChannel(name, server, str(sender or ""), _texts(fields.get("to")), around, floor)


def _desktop(name: str, floor: Urgency, fields: Mapping[str, Any], around: Surroundings) -> Channel:
    from watcher.channels.desktop import DesktopChannel

    return DesktopChannel(name, around, floor, _seconds(fields.get("timeout"), 10.0))


def _apprise(name: str, floor: Urgency, fields: Mapping[str, Any], around: Surroundings) -> Channel:
    from watcher.channels.push import AppriseChannel

    return AppriseChannel(name, fields.get("url") or "", around, floor)


_MAKERS: dict[str, Callable[[str, Urgency, Mapping[str, Any], Surroundings], Channel]] = {
    "desktop": _desktop,
    "email": _email,
    "apprise": _apprise,
    "command": _command,
}
