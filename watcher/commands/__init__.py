"""What every command shares: the configuration at hand, the user's zone, and how a command stops."""

import json
import os
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from rules.policy import Policy
    from rules.routes import Words
    from watcher.settings import Settings
    from watcher.store import Store

DONE, FAILED, WRONG, BLIND, TAKEN = 0, 1, 2, 3, 4

_FIRST_CONFIG = """\
Run `offerwatch account add`: it asks for your mail address and fills in the rest.
Or put this into {path} and change it:

    [[account]]
    name = "home"
    host = "imap.example.org"
    username = "you@example.org"
    password_command = ["pass", "show", "mail/home"]   # or password_file, password_env; none = keyring

    [[channel]]
    kind = "desktop"

then run: offerwatch doctor"""


class StopError(Exception):
    """A command that can't go on: one sentence what happened, one what to do, and the exit code."""

    def __init__(self, sentence: str, remedy: str = "", code: int = FAILED) -> None:
        super().__init__(f"{sentence} {remedy}".strip())
        self.sentence = sentence
        self.remedy = remedy
        self.code = code


@dataclass(frozen=True)
class House:
    """The configuration in force, and what is made of it when it is asked for."""

    path: Path | None
    settings: "Settings"

    @cached_property
    def zone(self) -> tzinfo:
        """The user's zone: configured, or the system's."""
        return self.settings.timezone or system_zone()

    @cached_property
    def policy(self) -> "Policy":
        """The windows, clocks and hosts of rules/policy.toml, the user's own windows over them."""
        from watcher.loading import load_policy

        return load_policy(self.own_policy)

    @property
    def own_policy(self) -> Path | None:
        """Where the user's own windows lie, beside the configuration."""
        return None if self.path is None else self.path.absolute().parent / "policy.toml"

    @cached_property
    def words(self) -> "Words":
        """The words of the user's language."""
        from watcher.loading import load_words

        return load_words(self.settings.language)

    @property
    def phrases(self) -> Path | None:
        """Where the user's own phrase files lie, beside the configuration."""
        return None if self.path is None else self.path.absolute().parent / "phrases"


def open_house(config: Path | None, needed: bool = True) -> House:
    """Load the configuration; without one stop with how to make it, or use defaults if not `needed`.

    Raises SettingsError (every mistake at once) and StopError.
    """
    from watcher.settings import Settings, load_settings
    from watcher.whereabouts import default_path, find_config

    path = find_config(config)
    if path is None:
        if needed:
            raise StopError(
                "There is no configuration yet.", _FIRST_CONFIG.format(path=default_path()), WRONG
            )
        return House(None, Settings.defaults())
    return House(path, load_settings(path))


def open_store(house: House) -> "Store":
    """Open the state of this configuration, ready to judge again; raises StoreError and StopError."""
    from watcher.wiring import store_of

    return store_of(house)


def system_zone() -> tzinfo:
    """The zone this machine is set to: TZ, else what /etc/localtime is a link to; UTC where neither tells."""
    named = os.environ.get("TZ", "").lstrip(":")
    linked = os.path.realpath("/etc/localtime")
    for name in (named, linked.partition("/zoneinfo/")[2].removeprefix("posix/")):
        with suppress(KeyError, ValueError, OSError):
            if name:
                return ZoneInfo(name)
    with suppress(ValueError, OSError), open("/etc/localtime", "rb") as rules:
        return ZoneInfo.from_file(rules, "local time")
    return ZoneInfo("UTC")


def span_given(text: str, option: str) -> timedelta:
    """Read a duration from the command line; raises StopError."""
    from watcher.fields import duration

    try:
        return duration(text)
    except ValueError as error:
        raise StopError(f'{option} "{text}" is not understood.', f"Give {error}.", WRONG) from None


def instant_given(text: str, option: str, zone: tzinfo) -> datetime:
    """Read an ISO instant from the command line, in `zone` where it names none; raises StopError."""
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        example = 'Give an instant such as "2025-03-12T18:00:00Z" or "2025-03-12 18:00".'
        raise StopError(f'{option} "{text}" is not understood.', example, WRONG) from None
    return at if at.tzinfo else at.replace(tzinfo=zone)


def json_line(value: Mapping[str, Any]) -> bytes:
    """One JSON object on one line, in UTF-8 whatever the locale."""
    line = json.dumps(value, ensure_ascii=False)
    # A lone surrogate (a file name in no known charset) becomes the JSON escape that stands for it.
    return line.encode("utf-8", "backslashreplace") + b"\n"


def print_json(value: Mapping[str, Any]) -> None:
    """Print one JSON object on a line, at once."""
    sys.stdout.flush()
    sys.stdout.buffer.write(json_line(value))
    sys.stdout.buffer.flush()


def say(text: str) -> None:
    """Print lines for people on standard output, harmless to a terminal."""
    sys.stdout.write(_harmless(text) + "\n")


def hint(text: str) -> None:
    """Print lines for people on standard error, harmless to a terminal."""
    sys.stderr.write(_harmless(text) + "\n")


def _harmless(text: str) -> str:
    """The text with its line ends and blanks, but without escapes, controls and marks that nobody sees."""
    return "\n".join("".join(c if c.isprintable() else " " for c in line) for line in text.split("\n"))


def listed(names: Iterable[str]) -> str:
    """Names as "a, b and c"."""
    *most, last = list(names) or ["nothing"]
    return f"{', '.join(most)} and {last}" if most else last
