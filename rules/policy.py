"""Windows, clocks and hosts: everything nobody prints, checked once and passed in as one value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, time, timedelta, tzinfo
from typing import TypeVar, cast

from rules.facts import Kind, Turn

# Every kind that has a deadline, and None for an unclear mail: each needs a window of its own.
WINDOWED: tuple[Kind | None, ...] = (
    Kind.OFFER,
    Kind.OFFER_REMINDER,
    Kind.DECLINED,
    Kind.EVIDENCE_REQUESTED,
    Kind.JUDGEMENT,
    Kind.RETURN_REQUESTED,
    Kind.ORDER_COMPLETING,
    Kind.ORDER_COMPLETED,
    None,
)
UNCLEAR = "unclear"
LONGEST_DAYS = 3650
_Choice = TypeVar("_Choice", Kind, Turn)


@dataclass(frozen=True, slots=True)
class Hosts:
    """Registrable domains: `ours` are AliExpress itself, `group` the same house's other services."""

    ours: tuple[str, ...]
    group: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Window:
    """How long the buyer has where nothing is printed: the shortest and the longest plausible."""

    kind: Kind | None
    short: timedelta
    long: timedelta
    source: str


@dataclass(frozen=True, slots=True)
class ClockRule:
    """A time that is shown after a mail of the kind `after`, and whose it is."""

    name: str
    after: Kind
    who: Turn
    short: timedelta
    long: timedelta
    business: bool
    source: str


@dataclass(frozen=True, slots=True)
class Ringing:
    """When alerts may speak: steps before a deadline, and quiet hours in wall time of `zone`."""

    ladder: tuple[timedelta, ...] = (
        timedelta(hours=72),
        timedelta(hours=24),
        timedelta(hours=6),
        timedelta(hours=1),
    )
    order_ladder: tuple[timedelta, ...] = (timedelta(hours=24),)
    quiet: tuple[time, time] | None = None
    quiet_breaks: timedelta = timedelta(hours=6)
    zone: tzinfo = field(default=UTC)


@dataclass(frozen=True, slots=True)
class Policy:
    """All windows, clocks and hosts of policy.toml, frozen."""

    windows: tuple[Window, ...]
    clocks: tuple[ClockRule, ...]
    hosts: Hosts

    def window(self, kind: Kind | None) -> Window | None:
        """The window of a kind (None: of an unclear mail), or None where the kind has no deadline."""
        return next((window for window in self.windows if window.kind is kind), None)


class PolicyError(ValueError):
    """A policy that can't be used; `mistakes` names every bad key with its remedy."""

    def __init__(self, mistakes: tuple[str, ...]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


def policy_from(data: Mapping[str, object], file: str = "policy.toml") -> Policy:
    """The policy that a parsed TOML file describes; raises PolicyError listing every bad key."""
    reading = _Reading(file)
    windows = tuple(_windows(reading, reading.table(data, "windows", "")))
    clocks = tuple(_clocks(reading, reading.table(data, "clocks", "")))
    hosts = _hosts(reading, reading.table(data, "hosts", ""))
    reading.only(data, ("windows", "clocks", "hosts"), "")
    if reading.mistakes:
        raise PolicyError(tuple(reading.mistakes))
    return Policy(windows, clocks, hosts)


class _Reading:
    """Collects mistakes while values are taken out of the file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.mistakes: list[str] = []

    def wrong(self, key: str, remedy: str) -> None:
        self.mistakes.append(f"{self.file}: {key}: {remedy}")

    def only(self, data: Mapping[str, object], known: tuple[str, ...], prefix: str) -> None:
        for key in data:
            if key not in known:
                self.wrong(f"{prefix}{key}", f"unknown; known here: {', '.join(known)}")

    def table(self, data: Mapping[str, object], key: str, prefix: str) -> Mapping[str, object]:
        value = data.get(key)
        if isinstance(value, Mapping) and value:
            return cast(Mapping[str, object], value)
        self.wrong(f"{prefix}{key}", "write a table of this name")
        return {}

    def text(self, data: Mapping[str, object], key: str, prefix: str) -> str:
        value = data.get(key)
        if isinstance(value, str) and value.strip():
            return value
        self.wrong(f"{prefix}{key}", "write a text in quotes")
        return ""

    def span(self, data: Mapping[str, object], prefix: str) -> tuple[timedelta, timedelta]:
        value = data.get("days")
        if isinstance(value, list) and len(value) == 2 and all(_is_days(entry) for entry in value):
            short, long = value
            if short <= long:
                return timedelta(days=short), timedelta(days=long)
        self.wrong(f"{prefix}days", f"write [shortest, longest], each 1 to {LONGEST_DAYS}, shortest first")
        return timedelta(days=1), timedelta(days=1)

    def domains(self, data: Mapping[str, object], key: str) -> tuple[str, ...]:
        value = data.get(key)
        if isinstance(value, list) and value and all(_is_domain(entry) for entry in value):
            return tuple(value)
        self.wrong(f"hosts.{key}", 'write a list of lower-case domains such as ["aliexpress.com"]')
        return ()


def _is_days(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= LONGEST_DAYS


def _is_domain(value: object) -> bool:
    if not isinstance(value, str) or value != value.lower() or "." not in value:
        return False
    return all(label.replace("-", "").isalnum() for label in value.split("."))


def _windows(reading: _Reading, data: Mapping[str, object]) -> list[Window]:
    found = []
    names = tuple(UNCLEAR if kind is None else kind.value for kind in WINDOWED)
    reading.only(data, names, "windows.")
    for kind, name in zip(WINDOWED, names, strict=True):
        prefix = f"windows.{name}."
        entry = reading.table(data, name, "windows.")
        if not entry:
            continue
        reading.only(entry, ("days", "source"), prefix)
        short, long = reading.span(entry, prefix)
        found.append(Window(kind, short, long, reading.text(entry, "source", prefix)))
    return found


def _clocks(reading: _Reading, data: Mapping[str, object]) -> list[ClockRule]:
    found = []
    for name in data:
        prefix = f"clocks.{name}."
        entry = reading.table(data, name, "clocks.")
        if not entry:
            continue
        reading.only(entry, ("after", "who", "days", "business", "source"), prefix)
        short, long = reading.span(entry, prefix)
        after = _one_of(reading, entry, "after", prefix, Kind.ORDER_UPDATE)
        who = _one_of(reading, entry, "who", prefix, Turn.NOBODY)
        business = entry.get("business", False)
        if not isinstance(business, bool):
            reading.wrong(f"{prefix}business", "write true or false")
        source = reading.text(entry, "source", prefix)
        found.append(ClockRule(name, after, who, short, long, business is True, source))
    return found


def _one_of(
    reading: _Reading, entry: Mapping[str, object], key: str, prefix: str, otherwise: _Choice
) -> _Choice:
    """The word under a key as one of the kind that `otherwise` is, which stands for it where it is wrong."""
    choices = type(otherwise)
    try:
        return choices(cast(str, entry.get(key)))
    except ValueError:
        reading.wrong(f"{prefix}{key}", f"write one of: {', '.join(choices)}")
        return otherwise


def _hosts(reading: _Reading, data: Mapping[str, object]) -> Hosts:
    if not data:
        return Hosts(())
    reading.only(data, ("ours", "group"), "hosts.")
    return Hosts(reading.domains(data, "ours"), reading.domains(data, "group"))
