"""Where a password comes from: a command, a credential, a file, the environment or the keyring."""

import os
import stat
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

COMMAND_PATIENCE = 30.0  # seconds; an agent may ask its user for a pass phrase
KEYRING_PATIENCE = 10.0  # seconds; a locked collection may otherwise block for ever
LONGEST = 16_384  # bytes of one secret; an access token is the longest honest one

_IN_THE_CLEAR = ("keyrings.alt",)  # files, encrypted at best with a pass phrase asked on a terminal
_NO_BACKEND = ("keyring.backends.fail", "keyring.backends.null")


class SecretError(Exception):
    """A secret that could not be had: one sentence, and what to do about it."""

    def __init__(self, sentence: str, remedy: str) -> None:
        super().__init__(f"{sentence} {remedy}")
        self.sentence = sentence
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class SecretSource:
    """Which one way leads to one entry's secret; `whose` is how messages name the entry.

    `way` is "command", "credential", "file", "env" or "keyring"; `value` its argument (for the
    keyring: the service). Holds no secret itself, so it may be shown.
    """

    whose: str
    way: str
    value: tuple[str, ...]
    username: str = ""
    insecure_keyring: bool = False
    prefix: str = "password"  # of the configuration's key: password_env, url_env

    def __str__(self) -> str:
        return {"keyring": f"keyring, entry {self.value[0]}"}.get(self.way, f"{self.prefix}_{self.way}")


@dataclass(slots=True)
class _Answer:
    """What a thread brought back; the secret is kept out of its repr."""

    secret: str | None = field(default=None, repr=False)
    error: Exception | None = None


def fetch_secret(source: SecretSource, environ: Mapping[str, str] | None = None) -> str:
    """Fetch the secret of one entry; raises SecretError with a sentence and a remedy."""
    where = os.environ if environ is None else environ
    ways: dict[str, Callable[[], str]] = {
        "command": lambda: _from_command(source, where),
        "credential": lambda: _from_credential(source, where),
        "file": lambda: _from_file(source, Path(source.value[0])),
        "env": lambda: _from_environment(source, where),
        "keyring": lambda: _from_keyring(source),
    }
    secret = ways[source.way]()
    if not secret:
        raise SecretError(f"The {source.prefix} of {source.whose} is empty.", f"Look at what {source} gives.")
    if "\x00" in secret or len(secret) > LONGEST:
        raise SecretError(
            f"What {source} gives for {source.whose} is no password.", "It must be one line of text."
        )
    return secret


def _first_line(data: bytes, source: SecretSource) -> str:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise SecretError(
            f"The password of {source.whose} from {source} is not UTF-8 text.", "Store it as plain text."
        ) from None
    return text.split("\n", 1)[0].rstrip("\r")


def _from_command(source: SecretSource, environ: Mapping[str, str]) -> str:
    done = _run(source.value, source, environ)
    if done.returncode != 0:
        raise SecretError(
            f"password_command of {source.whose} ({source.value[0]}) ended with {done.returncode}.",
            "Run it by hand in the same account: it must print the password on one line and exit 0.",
        )
    return _first_line(done.stdout, source)


def _run(
    command: Sequence[str], source: SecretSource, environ: Mapping[str, str]
) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # some helpers print the secret there when they fail
            timeout=COMMAND_PATIENCE,
            env=dict(environ),
            check=False,
        )
    except FileNotFoundError:
        sentence = f"password_command of {source.whose} names {command[0]}, which is not installed."
        raise SecretError(sentence, "Give the whole path of the program.") from None
    except subprocess.TimeoutExpired:
        sentence = f"password_command of {source.whose} did not answer within {COMMAND_PATIENCE:.0f} s."
        raise SecretError(sentence, "It must not wait for a terminal: unlock its agent first.") from None
    except OSError as error:
        sentence = f"password_command of {source.whose} could not be started: {error.strerror}."
        raise SecretError(sentence, f"Look at {command[0]}: is it a program you may run?") from None


def _from_credential(source: SecretSource, environ: Mapping[str, str]) -> str:
    name = source.value[0]
    folder = environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        raise SecretError(
            f"{source} of {source.whose} needs systemd, and $CREDENTIALS_DIRECTORY is not set.",
            f"Put LoadCredentialEncrypted={name} in the unit, or use password_command or password_file.",
        )
    if "/" in name or name in {".", ".."}:
        raise SecretError(f"{source} of {source.whose} is not a credential's name.", "It has no slash.")
    path = Path(folder) / name
    if not path.is_file():
        raise SecretError(
            f"systemd gave no credential called {name} for {source.whose}.",
            f"Put LoadCredentialEncrypted={name} in the unit and start it again.",
        )
    return _read(path, source)  # systemd itself keeps this folder private


def _from_file(source: SecretSource, path: Path) -> str:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise SecretError(
            f"{source} of {source.whose}, {path}, can't be read: {error.strerror}.",
            "Create it with the password as its only line, and chmod 600 it.",
        ) from None
    if stat.S_IMODE(mode) & 0o077:
        raise SecretError(
            f"{source} of {source.whose}, {path}, can be read by others (mode {stat.S_IMODE(mode):04o}).",
            f"Run: chmod 600 {path}",
        )
    return _read(path, source)


def _read(path: Path, source: SecretSource) -> str:
    try:
        with path.open("rb") as handle:
            return _first_line(handle.read(LONGEST + 1), source)
    except OSError as error:
        raise SecretError(
            f"The password of {source.whose} in {path} can't be read: {error.strerror}.",
            "Look at the owner of the file and of its folder.",
        ) from None


def _from_environment(source: SecretSource, environ: Mapping[str, str]) -> str:
    name = source.value[0]
    if name not in environ:
        raise SecretError(
            f"{source} of {source.whose} names {name}, which is not set.",
            f"Set {name} where offerwatch is started, or use password_command.",
        )
    return environ[name]


def _from_keyring(source: SecretSource) -> str:
    answer = _within(lambda: _ask_keyring(source), KEYRING_PATIENCE)
    if answer is None:
        raise SecretError(
            f"The keyring did not answer within {KEYRING_PATIENCE:.0f} s for {source.whose}.",
            "Unlock it in your desktop session; on a server use password_command or password_file.",
        )
    if isinstance(answer.error, SecretError):
        raise answer.error
    if answer.error is not None:
        raise SecretError(
            f"The keyring can't be used for {source.whose} ({type(answer.error).__name__}).",
            "Unlock it in your desktop session; on a server use password_command or password_file.",
        )
    if answer.secret is None:
        raise SecretError(
            f"The keyring holds no password for {source.whose}.",
            f"Run: keyring set {source.value[0]} {source.username} - or configure another source.",
        )
    return answer.secret


def _ask_keyring(source: SecretSource) -> str | None:
    backend, complaint = chosen_backend()
    if backend is None or (complaint and not source.insecure_keyring):
        raise SecretError(
            f"{complaint}, so the password of {source.whose} is not taken from it.",
            "Use password_command, password_file or password_credential instead.",
        )
    secret = backend.get_password(source.value[0], source.username)
    return None if secret is None else str(secret)


def chosen_backend() -> tuple[Any, str | None]:
    """Choose one keyring backend by name: the first that protects what it stores, else the first.

    Returns it (None where there is none) and what is wrong with it. The chainer, which asks one
    backend after the other and may end in a file in the clear, is never used itself.
    """
    import keyring

    chosen = keyring.get_keyring()
    offered = [chosen]
    if type(chosen).__module__.startswith("keyring.backends.chainer"):
        offered = list(getattr(chosen, "backends", ()))
    usable = [each for each in offered if not type(each).__module__.startswith(_NO_BACKEND)]
    safe = [each for each in usable if not type(each).__module__.startswith(_IN_THE_CLEAR)]
    if safe:
        return safe[0], None
    if usable:
        return usable[0], f"The keyring {type(usable[0]).__module__} does not protect what it stores"
    return None, "This machine has no keyring that works here"


def keyring_works() -> bool:
    """Tell whether a keyring that protects what it stores answers within the deadline; never raises."""
    answer = _within(_probe_keyring, KEYRING_PATIENCE)
    return answer is not None and answer.error is None


def _probe_keyring() -> None:
    backend, complaint = chosen_backend()
    if backend is None or complaint:
        raise LookupError
    backend.get_password("offerwatch", "probe")  # a locked one says so here


def keep_secret(source: SecretSource, secret: str) -> None:
    """Store a secret in the keyring and read it back; raises SecretError with a sentence and a remedy."""
    answer = _within(lambda: _put(source, secret), KEYRING_PATIENCE)
    if answer is None or answer.error is not None:
        raise SecretError(
            f"The keyring did not take the password of {source.whose}.",
            "Unlock it in your desktop session, or keep the password in a file: --store file.",
        )


def _put(source: SecretSource, secret: str) -> None:
    backend, complaint = chosen_backend()
    if backend is None or (complaint and not source.insecure_keyring):
        raise LookupError
    backend.set_password(source.value[0], source.username, secret)
    if backend.get_password(source.value[0], source.username) != secret:
        raise LookupError


def forget_secret(source: SecretSource) -> bool:
    """Remove a secret from the keyring; False where it was not there or could not be removed."""
    answer = _within(lambda: _drop(source), KEYRING_PATIENCE)
    return answer is not None and answer.error is None


def _drop(source: SecretSource) -> None:
    backend, _ = chosen_backend()
    if backend is None:
        raise LookupError
    backend.delete_password(source.value[0], source.username)


def keyring_name() -> str:
    """Name the keyring backend for `doctor`, within the same deadline; never raises."""
    answer = _within(_describe_keyring, KEYRING_PATIENCE)
    if answer is None:
        return "does not answer"
    return answer.secret or f"not usable ({type(answer.error).__name__})"


def _describe_keyring() -> str:
    backend, complaint = chosen_backend()
    return complaint or f"{type(backend).__module__}.{type(backend).__name__}"


def _within(ask: Callable[[], str | None], seconds: float) -> _Answer | None:
    """Ask in a thread of its own; None when it is still waiting at the deadline."""
    answer = _Answer()

    def run() -> None:
        try:
            answer.secret = ask()
        except Exception as error:  # any backend may raise anything
            answer.error = error

    thread = threading.Thread(target=run, name="secret", daemon=True)
    thread.start()
    thread.join(seconds)
    return None if thread.is_alive() else answer
