"""Fixtures and their goldens: read a mail as `scan --all` would and compare field by field."""

import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from parsers.lexicon import Lexicon
from parsers.origin import Provider
from parsers.read import read
from parsers.reading import Reading
from rules.policy import Policy
from watcher.loading import load_lexicon, load_policy, load_words
from watcher.mailboxes.receipt import receipt
from watcher.present import mail_json

FIXTURES = Path(__file__).parents[2] / "fixtures"


def fixtures(pattern: str = "*.eml") -> list[Path]:
    """Every fixture mail whose name fits, sorted."""
    return sorted(FIXTURES.rglob(pattern))


def expected_of(mail: Path) -> dict[str, Any]:
    """The golden beside a fixture."""
    data: dict[str, Any] = json.loads(mail.with_suffix(".json").read_text("utf-8"))
    return data


def languages() -> list[str]:
    """The languages that there is a phrase file for."""
    return sorted(path.stem for path in (FIXTURES.parent / "parsers" / "phrases").glob("*.toml"))


@cache
def lexicon() -> Lexicon:
    """The shipped lexicon, loaded once."""
    return load_lexicon()


@cache
def policy() -> Policy:
    """The shipped policy, loaded once."""
    return load_policy()


def now_of(expected: Mapping[str, Any]) -> datetime:
    """The instant at which a golden is to be looked at."""
    return datetime.fromisoformat(expected["now"].replace("Z", "+00:00"))


def raw_reading(raw: bytes, expected: Mapping[str, Any], words: Lexicon | None = None) -> Reading:
    """The reading of bytes under the conditions that a golden names."""
    provider = Provider(tuple(expected.get("authserv_ids", ())), ())
    received = receipt(raw) or now_of(expected)
    return read(raw, received, words or lexicon(), provider, policy().hosts, thorough=True)


def reading_of(mail: Path, expected: Mapping[str, Any]) -> dict[str, Any]:
    """What `scan --format json --all` prints for a fixture."""
    reading = raw_reading(mail.read_bytes(), expected)
    return mail_json(reading.notice, policy(), load_words("en"), now_of(expected))


def compare(expected: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """Every field of the golden that was read otherwise, in words; fields left out are not compared."""
    out = []
    for key, wanted in expected.items():
        if key in ("now", "schema", "authserv_ids"):
            continue
        got = _like(wanted, found.get(key))
        if got != wanted:
            out.append(f"{key}: expected {wanted!r}, read {got!r}")
    return out


def misread_fields(expected: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """The names of the fields that were read otherwise."""
    return [line.partition(":")[0] for line in compare(expected, found)]


def _like(wanted: Any, got: Any) -> Any:
    """`got` cut down to the keys that the golden names, at every level."""
    if isinstance(wanted, dict) and isinstance(got, dict):
        return {key: _like(value, got.get(key)) for key, value in wanted.items()}
    if isinstance(wanted, list) and isinstance(got, list) and len(wanted) == len(got):
        return [_like(one, other) for one, other in zip(wanted, got, strict=True)]
    return got
