"""Reads the data beside the code (policy, words, phrases) and what the user laid over it."""

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from parsers.lexicon import Lexicon
    from parsers.people import People
    from rules.answers import Answers
    from rules.policy import Policy
    from rules.routes import Words


_YOURS = "your phrases/"


class DataError(Exception):
    """A data file that can't be used: which one, what is wrong, what to do."""


class OwnDataError(DataError):
    """A file of the user's own that can't be used: a mistake in the configuration."""

    code = 2

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.remedy = "Mend or remove that file, then run `offerwatch doctor`."


def load_policy(own: Path | None = None) -> "Policy":
    """Read rules/policy.toml, and over it the windows of the user's `own` file if it is there; DataError."""
    from rules.policy import PolicyError, policy_from

    source = files("rules").joinpath("policy.toml")
    shipped = _toml(source)
    if own is None or not own.is_file():
        try:
            return policy_from(shipped)
        except PolicyError as error:
            raise DataError(f"{source}: {error}") from error
    windows = _own_windows(own, shipped["windows"])
    try:
        return policy_from({**shipped, "windows": windows}, str(own))
    except PolicyError as error:
        raise OwnDataError(str(error)) from error


def _own_windows(own: Path, shipped: Mapping[str, Any]) -> dict[str, Any]:
    """The shipped windows with the user's own laid over them; raises OwnDataError."""
    data = _own_toml(own)
    windows = data.get("windows", {})
    wrong = [
        f"{own}: {key}: only [windows.<kind>] can be changed; remove it" for key in data if key != "windows"
    ]
    if not isinstance(windows, dict):
        wrong.append(f"{own}: windows: write tables such as [windows.offer] with days = [2, 7]")
        windows = {}
    for name, entry in windows.items():
        if not isinstance(entry, dict):
            wrong.append(f"{own}: windows.{name}: write a table [windows.{name}] with days = [2, 7]")
    if wrong:
        raise OwnDataError("\n".join(wrong))
    laid = {name: {"source": "your own policy.toml", **entry} for name, entry in windows.items()}
    return {**shipped, **laid}


def languages() -> tuple[str, ...]:
    """The languages that alerts and instructions exist in, sorted."""
    return tuple(sorted(name for name, _ in _tomls(files("rules").joinpath("words"))))


def load_words(locale: str) -> "Words":
    """Read rules/words/<locale>.toml; raises DataError, also for a language that is not there."""
    from rules.routes import WordsError, words_from

    source = files("rules").joinpath("words", f"{locale}.toml")
    if locale not in languages():
        raise DataError(f"There are no words for {locale}; there are: {', '.join(languages())}.")
    try:
        return words_from(_toml(source))
    except WordsError as error:
        raise DataError(f"{source}: {error}") from error


def load_answers(locale: str) -> "Answers":
    """Read rules/answers/<locale>.toml (English where it is not there), the drafts and reasons; DataError."""
    from rules.answers import answers_from
    from rules.wording import WordsError

    room = files("rules")
    known = dict(_tomls(room.joinpath("answers")))
    texts = _toml(known.get(locale, known["en"]))
    try:
        return answers_from(
            texts, _toml(room.joinpath("drafts.toml")), _toml(room.joinpath("reasons.toml")), locale
        )
    except WordsError as error:
        raise DataError(f"{room}: {error}") from error


def load_lexicon(user_folder: Path | None = None, *, hasty: bool = False) -> "Lexicon":
    """Read every phrase file, the user's own (<locale>.toml in `user_folder`) last; raises DataError.

    `hasty`: what is shipped is not checked, and a language is read when the first mail in it comes.
    """
    from parsers.lexicon import LexiconError, lexicon_from

    try:
        if hasty:
            return lexicon_from({**_common_files(), **_own_files(user_folder)}, _shipped())
        return lexicon_from(phrase_files(user_folder))
    except LexiconError as error:
        own = any(mistake.startswith(_YOURS) for mistake in error.mistakes)
        raise (OwnDataError if own else DataError)(str(error)) from error


def load_people() -> "People":
    """Read parsers/people.toml, by which `anonymise` finds names and postal addresses; raises DataError."""
    from parsers.people import PeopleError, people_from

    try:
        return people_from(_toml(files("parsers").joinpath("people.toml")))
    except PeopleError as error:
        raise DataError(str(error)) from error


def phrase_files(user_folder: Path | None = None) -> Mapping[str, Mapping[str, Any]]:
    """Every phrase file by name; "your phrases/..." are the user's own, so that errors tell whose it is."""
    shipped = {f"phrases/{name}.toml": parse() for name, parse in _shipped().items()}
    return {**_common_files(), **shipped, **_own_files(user_folder)}


def _common_files() -> dict[str, dict[str, Any]]:
    return {f"{name}.toml": _toml(source) for name, source in _tomls(files("parsers"))}


def _shipped() -> dict[str, Callable[[], dict[str, Any]]]:
    """The languages that are shipped, each with what parses its file."""
    return {name: partial(_toml, source) for name, source in _tomls(files("parsers").joinpath("phrases"))}


def _own_files(user_folder: Path | None) -> dict[str, dict[str, Any]]:
    if user_folder is None or not user_folder.is_dir():
        return {}
    return {f"{_YOURS}{path.name}": _own_toml(path) for path in sorted(user_folder.glob("*.toml"))}


def _tomls(folder: Traversable) -> Iterator[tuple[str, Traversable]]:
    for each in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if each.name.endswith(".toml"):
            yield each.name.removesuffix(".toml"), each


def _own_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8"))
    except OSError as error:
        raise OwnDataError(f"{path} can't be read: {error.strerror}.") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise OwnDataError(f"{path} is not TOML: {error}.") from error


def _toml(source: Traversable | Path) -> dict[str, Any]:
    try:
        return tomllib.loads(source.read_bytes().decode("utf-8"))
    except OSError as error:
        raise DataError(f"{source} can't be read: {error.strerror}. Install offerwatch again.") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DataError(f"{source} is not TOML: {error}. Mend it or take it away.") from error


def rules_print(locale: str, own_policy: Path | None = None) -> str:
    """A short print of everything that judging and its words depend on: it changes when any of it does."""
    own = [own_policy] if own_policy is not None and own_policy.is_file() else []
    return _print_of([*_code("rules"), files("rules").joinpath("words", f"{locale}.toml"), *own])


def parsers_print(user_folder: Path | None = None) -> str:
    """The same for everything that reading depends on, the user's own phrases included."""
    own = sorted(user_folder.glob("*.toml")) if user_folder is not None else []
    phrases = [source for _, source in _tomls(files("parsers").joinpath("phrases"))]
    return _print_of([*_code("parsers"), *phrases, *own])


def _code(package: str) -> list[Traversable]:
    inside = sorted(files(package).iterdir(), key=lambda entry: entry.name)
    return [each for each in inside if each.name.endswith((".py", ".toml"))]


def _print_of(sources: Iterable[Traversable | Path]) -> str:
    import hashlib

    data = hashlib.sha256()
    for source in sources:
        data.update(source.read_bytes() + b"\0")
    return data.hexdigest()
