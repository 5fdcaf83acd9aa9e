"""The few words that frame an alert in a mail or a notification, in the user's language."""

import string
import tomllib
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from typing import Any

FALLBACK = "en"
_FILE = "labels.toml"
_HOLES = {"left": {"time"}}


class LabelsError(Exception):
    """The label file is not as it should be: what, where, and what is expected."""


@dataclass(frozen=True, slots=True)
class Labels:
    """One language's labels; `left` has the hole `{time}`."""

    language: str
    direction: str
    info: str
    soon: str
    urgent: str
    critical: str
    left: str
    deadline: str
    order: str
    steps: str
    other: str
    open_order: str
    scan: str
    details: str
    repeat: str
    footer: str
    ack: str
    snooze: str
    show: str

    def urgency(self, name: str) -> str:
        """The word for an urgency, given by its value ("soon")."""
        return {"info": self.info, "soon": self.soon, "urgent": self.urgent, "critical": self.critical}[name]


def labels_for(language: str) -> Labels:
    """The labels of a language ("es", "es-MX"), English where it has none."""
    known = _all()
    primary = language.replace("_", "-").split("-")[0].lower()
    return known.get(language) or known.get(primary) or known[FALLBACK]


def labels_from(data: dict[str, Any]) -> dict[str, Labels]:
    """Check a label file's tables and make labels of them; raises LabelsError naming language and key."""
    made = {language: _one(language, table) for language, table in data.items()}
    if FALLBACK not in made:
        raise LabelsError(f"{_FILE}: [{FALLBACK}] is missing; every other language falls back to it.")
    return made


@cache
def _all() -> dict[str, Labels]:
    return labels_from(tomllib.loads(files("watcher").joinpath(_FILE).read_text(encoding="utf-8")))


def _one(language: str, table: dict[str, Any]) -> Labels:
    wanted = {each.name for each in fields(Labels)} - {"language"}
    for key in sorted(wanted ^ set(table)):
        what = "is missing" if key in wanted else "is not a label"
        raise LabelsError(f"{_FILE}: [{language}] {key} {what}; the keys are those of [{FALLBACK}].")
    for key, text in table.items():
        holes = {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
        if holes != _HOLES.get(key, set()):
            expected = ", ".join(f"{{{hole}}}" for hole in sorted(_HOLES.get(key, set()))) or "none"
            raise LabelsError(f"{_FILE}: [{language}] {key} has other holes than expected: {expected}.")
    return Labels(language=language, **table)
