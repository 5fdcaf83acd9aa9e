"""Every mistake of a configuration as a sentence: which key, what it says, what is allowed."""

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from watcher.fields import is_loopback

_SOURCES = ("password_command", "password_credential", "password_file", "password_env")
_URLS = ("url", "url_env", "url_file")
_HIDDEN = re.compile(r"pass|pwd|secret|token|key|cred|url", re.IGNORECASE)
_PLAIN = {  # pydantic's own complaint -> what is allowed
    "string_type": "text in quotes",
    "int_type": "a whole number without quotes",
    "int_from_float": "a whole number without quotes",
    "bool_type": "true or false, without quotes",
    "list_type": "a list in square brackets",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "too_short": "at least one entry",
    "string_too_short": "text that is not empty",
    "string_pattern_mismatch": "letters, digits and . _ - @, at most 64",
}


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake: the key's path, the value as it may be shown, and what is allowed."""

    key: str
    value: str | None
    allowed: str

    def __str__(self) -> str:
        shown = "" if self.value is None else f" = {self.value}" if self.key else f"{self.value}"
        return f"{self.key}{shown}: {self.allowed}"


class SettingsError(Exception):
    """A configuration with mistakes, all of them; `str()` is ready to be printed."""

    def __init__(self, path: Path, mistakes: list[Mistake]) -> None:
        self.path = path
        self.mistakes = tuple(mistakes)
        lines = "\n".join(f"  {mistake}" for mistake in mistakes)
        count = "a mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
        super().__init__(f"The configuration {path} has {count}:\n{lines}")


def from_pydantic(error: ValidationError, data: Mapping[str, Any], model: type[BaseModel]) -> list[Mistake]:
    """Put pydantic's errors in our words; `data` is what the file said."""
    return [_mistake(each, data, model) for each in error.errors(include_url=False, include_input=False)]


def _mistake(error: Any, data: Mapping[str, Any], model: type[BaseModel]) -> Mistake:
    path, value, table = _walk(error["loc"], data, model)
    kind: str = error["type"]
    if kind == "extra_forbidden":
        return Mistake(path, shown(path, value), _unknown(str(error["loc"][-1]), table))
    if kind == "missing":
        return Mistake(path, None, "is needed here")
    if kind in {"union_tag_invalid", "union_tag_not_found"}:
        return _wrong_kind(path, value, error)
    return Mistake(path, shown(path, value), f"must be {_allowed(error)}")


def _allowed(error: Any) -> str:
    kind: str = error["type"]
    context: Mapping[str, Any] = error.get("ctx", {})
    if kind == "value_error":
        return str(context.get("error", error["msg"]))
    if kind in {"literal_error", "enum"}:
        return f"one of {context.get('expected', '')}".replace(" or ", ", ").replace("'", '"')
    if kind in {"greater_than_equal", "less_than_equal"}:
        return "a number from 1 to 65535"
    return _PLAIN.get(kind, str(error["msg"]))


def _wrong_kind(path: str, value: Any, error: Any) -> Mistake:
    kinds = str(error.get("ctx", {}).get("expected_tags", "")).replace("'", '"')
    kinds = kinds or '"desktop", "email", "apprise", "command"'
    given = value.get("kind") if isinstance(value, dict) else value
    said = None if given is None else shown("kind", given)
    return Mistake(f"{path}.kind", said, f"must be one of {kinds}")


def _walk(loc: tuple[Any, ...], data: Any, model: Any) -> tuple[str, Any, Any]:
    """Follow pydantic's path through the file: the key as people write it, its value, its table."""
    path, value = "", data
    table = model
    for step in loc:
        if isinstance(step, int):
            path += f"[{step + 1}]"
            value = value[step] if isinstance(value, list) and step < len(value) else value
        elif isinstance(value, Mapping) and step in value:
            path, value = f"{path}.{step}" if path else step, value[step]
            table = _inner(table, step) or table
        elif tag := _tagged(table, step):
            table = tag
        elif not (isinstance(value, (list, str, int)) or step in {"function-before", "constrained-str"}):
            path, value = f"{path}.{step}" if path else step, None
    return path, value, table


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


def _inner(table: Any, key: str) -> Any:
    """Return what a key of a table holds: a model, or an annotation with several of them."""
    fields = getattr(table, "model_fields", {})
    return fields[key].annotation if key in fields and any(_models(fields[key].annotation)) else None


def _tagged(table: Any, tag: str) -> type[BaseModel] | None:
    for model in _models(table):
        kind = model.model_fields.get("kind")
        if kind is not None and tag in get_args(kind.annotation):
            return model
    return None


def _unknown(key: str, table: Any) -> str:
    if re.fullmatch(r"password|passwd|pass|secret", key, re.IGNORECASE):
        return f"secrets don't belong in this file: use one of {', '.join(_SOURCES)}, or none for the keyring"
    fields = getattr(table, "model_fields", {})
    known = [field.alias or name for name, field in fields.items()]
    close = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
    return (
        f'is not known here - did you mean "{close[0]}"?' if close else f"is not known here; {_list(known)}"
    )


def _list(known: list[str]) -> str:
    return f"known: {', '.join(sorted(known))}" if known else "nothing is allowed"


def shown(key: str, value: Any) -> str | None:
    """Show a value in an error: short, one line, never a secret."""
    if value is None:
        return None
    if _HIDDEN.search(key.rsplit(".", 1)[-1]):
        return "(not shown)"
    text = json.dumps(value, ensure_ascii=False, default=str)
    text = "".join(letter if letter.isprintable() else "?" for letter in text)
    return text if len(text) <= 60 else f"{text[:57]}..."


def cross_checked(data: Mapping[str, Any]) -> list[Mistake]:
    """Check what one key alone can't tell: names, secrets, plain connections; works on unchecked data."""
    accounts, channels = _tables(data, "account"), _tables(data, "channel")
    mistakes = [*_language(data), *_names("account", accounts), *_names("channel", channels)]
    for where, table in [*_numbered("account", accounts), *_numbered("channel", channels)]:
        mistakes += [*_secret(where, table), *_plain(where, table)]
    for where, table in _numbered("account", accounts):
        mistakes += _provider(where, table)
    for where, table in _numbered("channel", channels):
        mistakes += [*_address(where, table), *_by_token(where, table, accounts)]
    return mistakes


def _tables(data: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    found = data.get(key, [])
    return [each if isinstance(each, dict) else {} for each in found] if isinstance(found, list) else []


def _numbered(key: str, tables: list[Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    return ((f"{key}[{number}]", table) for number, table in enumerate(tables, 1))


def _language(data: Mapping[str, Any]) -> Iterator[Mistake]:
    from watcher.loading import languages

    said, known = data.get("language"), languages()
    if isinstance(said, str) and said.strip() not in known:
        yield Mistake("language", shown("language", said), f"must be one of {', '.join(known)}")


def _names(key: str, tables: list[Mapping[str, Any]]) -> Iterator[Mistake]:
    seen: set[str] = set()
    for where, table in _numbered(key, tables):
        name = table.get("name")
        if isinstance(name, str) and name in seen:
            yield Mistake(
                f"{where}.name", shown("name", name), f"is the name of another {key}; names must differ"
            )
        seen.add(str(name))


def _secret(where: str, table: Mapping[str, Any]) -> Iterator[Mistake]:
    given = [key for key in _SOURCES if key in table]
    if len(given) > 1:
        yield Mistake(where, None, f"has {' and '.join(given)}; only one of them is allowed")
    if given and table.get("kind") == "email" and "username" not in table:
        yield Mistake(f"{where}.username", None, f"is needed beside {given[0]}")


def _plain(where: str, table: Mapping[str, Any]) -> Iterator[Mistake]:
    host = table.get("host")
    if table.get("security") == "none" and isinstance(host, str) and not is_loopback(host):
        yield Mistake(
            f"{where}.security", '"none"', 'only for a server on this machine; use "tls" or "starttls"'
        )


def _provider(where: str, table: Mapping[str, Any]) -> Iterator[Mistake]:
    if table.get("auth") == "oauth2" and "provider" not in table:
        yield Mistake(f"{where}.provider", None, 'is needed with auth = "oauth2": "google" or "microsoft"')
    if "provider" in table and table.get("auth") != "oauth2":
        yield Mistake(f"{where}.provider", shown("provider", table["provider"]), 'needs auth = "oauth2"')


def _by_token(where: str, table: Mapping[str, Any], accounts: list[Mapping[str, Any]]) -> Iterator[Mistake]:
    if table.get("kind") != "email" or table.get("auth") != "oauth2":
        return
    known = [str(each.get("name")) for each in accounts if each.get("auth") == "oauth2"]
    if table.get("account") not in known:
        allowed = f'the name of an account with auth = "oauth2": {", ".join(known) or "there is none"}'
        yield Mistake(f"{where}.account", shown("account", table.get("account")), allowed)
    if "username" not in table:
        yield Mistake(f"{where}.username", None, 'is needed with auth = "oauth2"')


def _address(where: str, table: Mapping[str, Any]) -> Iterator[Mistake]:
    given = [key for key in _URLS if key in table]
    if table.get("kind") == "apprise" and len(given) != 1:
        said = " and ".join(given) if given else "none"
        yield Mistake(where, None, f"needs exactly one of {', '.join(_URLS)}; it has {said}")
