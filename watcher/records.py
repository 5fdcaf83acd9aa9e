"""Facts to JSON and back, so that what a mail said is kept whole."""

import dataclasses
from functools import cache
from typing import TYPE_CHECKING, Any

from rules.facts import Case, Notice

if TYPE_CHECKING:
    from pydantic import TypeAdapter


def dump(fact: Notice | Case) -> str:
    """Return a fact as JSON text that `notice` or `case` reads back as an equal value."""
    adapter: TypeAdapter[Any] = _notices() if isinstance(fact, Notice) else _cases()
    try:
        return adapter.dump_json(fact).decode()
    except ValueError:  # a lone surrogate slipped through: SQLite and JSON can't hold it
        return adapter.dump_json(_storable(fact)).decode()


def notice(text: str) -> Notice:
    """Read a notice from JSON. Raises ValueError if it is none."""
    return _notices().validate_json(text)


def case(text: str) -> Case:
    """Read a case from JSON. Raises ValueError if it is none."""
    return _cases().validate_json(text)


# pydantic is imported late: 80 ms that `status` does not pay
@cache
def _notices() -> "TypeAdapter[Notice]":
    from pydantic import TypeAdapter

    return TypeAdapter(Notice)


@cache
def _cases() -> "TypeAdapter[Case]":
    from pydantic import TypeAdapter

    return TypeAdapter(Case)


def storable(text: str) -> str:
    """Return text without lone surrogates, which neither SQLite nor UTF-8 can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return type(value)(storable(value))
    if isinstance(value, tuple):
        return tuple(_storable(item) for item in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        return type(value)(**{field.name: _storable(getattr(value, field.name)) for field in fields})
    return value
