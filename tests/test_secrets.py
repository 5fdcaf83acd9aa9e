"""Secrets: one way each, refused in a sentence with a remedy, never shown, never waited for without end."""

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import keyring
import keyring.backend
import pytest

from watcher import secrets
from watcher.secrets import SecretError, SecretSource, fetch_secret

SECRET = "corréct horse"


def source(way: str, *value: str, username: str = "b@example.org", insecure: bool = False) -> SecretSource:
    return SecretSource('account "home"', way, value, username, insecure)


def refused(wanted: SecretSource, environ: dict[str, str] | None = None) -> SecretError:
    with pytest.raises(SecretError) as caught:
        fetch_secret(wanted, environ or {})
    assert caught.value.sentence.endswith((".", "!"))
    assert caught.value.remedy
    assert SECRET not in str(caught.value)
    return caught.value


def test_a_command_prints_the_password_on_its_first_line() -> None:
    script = f"print({SECRET!r}); print('login: b')"
    assert fetch_secret(source("command", sys.executable, "-X", "utf8", "-c", script)) == SECRET


def test_a_command_is_run_without_a_shell(tmp_path: Path) -> None:
    assert fetch_secret(source("command", "/bin/echo", "$HOME; touch x")) == "$HOME; touch x"


def test_a_command_that_fails_says_so_without_what_it_printed() -> None:
    script = f"import sys; print({SECRET!r}); sys.exit(3)"
    assert "ended with 3" in refused(source("command", sys.executable, "-c", script)).sentence


def test_a_command_that_is_not_there_is_named() -> None:
    assert "not installed" in refused(source("command", "/nowhere/pass")).sentence


def test_a_command_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "COMMAND_PATIENCE", 0.2)
    assert "did not answer" in refused(source("command", "sleep", "30")).sentence


def test_a_command_that_prints_nothing_is_refused() -> None:
    assert "empty" in refused(source("command", "true")).sentence


def test_a_private_file_gives_its_first_line(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text(f"{SECRET}\r\nsecond\n", encoding="utf-8")
    path.chmod(0o600)
    assert fetch_secret(source("file", str(path))) == SECRET


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644, 0o610])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "secret"
    path.write_text(SECRET)
    path.chmod(mode)
    assert f"chmod 600 {path}" in refused(source("file", str(path))).remedy


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert "No such file" in refused(source("file", str(tmp_path / "none"))).sentence


def test_the_environment_gives_a_password_or_says_which_name_is_missing() -> None:
    assert fetch_secret(source("env", "OW"), {"OW": SECRET}) == SECRET
    assert "OW" in refused(source("env", "OW")).sentence


def test_a_credential_of_systemd_is_read_from_its_folder(tmp_path: Path) -> None:
    (tmp_path / "imap").write_text(SECRET, encoding="utf-8")
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert fetch_secret(source("credential", "imap"), environ) == SECRET
    assert "LoadCredential" in refused(source("credential", "other"), environ).remedy
    assert "CREDENTIALS_DIRECTORY" in refused(source("credential", "imap")).sentence
    assert refused(source("credential", "../imap"), environ)


class Vault(keyring.backend.KeyringBackend):
    """A keyring that protects what it stores, as far as its module's name tells."""

    priority = 5.0
    kept: str | None = SECRET

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept if (service, username) == ("offerwatch/home", "b@example.org") else None

    def set_password(self, service: str, username: str, password: str) -> None:
        raise AssertionError("fetching a secret never stores one")


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> Iterator[Vault]:
    vault = Vault()
    monkeypatch.setattr(keyring, "get_keyring", lambda: vault)
    return vault


def module(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(Vault, "__module__", name)


def test_the_keyring_gives_the_password_of_its_entry(ring: Vault) -> None:
    assert fetch_secret(source("keyring", "offerwatch/home")) == SECRET


def test_a_keyring_without_the_entry_says_how_to_make_it(ring: Vault) -> None:
    error = refused(source("keyring", "offerwatch/other"))
    assert "keyring set offerwatch/other b@example.org" in error.remedy


@pytest.mark.parametrize("name", ["keyrings.alt.file", "keyrings.alt.file_base"])
def test_a_keyring_in_the_clear_is_refused_unless_asked_for(
    ring: Vault, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    module(monkeypatch, name)
    assert "does not protect" in refused(source("keyring", "offerwatch/home")).sentence
    assert fetch_secret(source("keyring", "offerwatch/home", insecure=True)) == SECRET


@pytest.mark.parametrize("name", ["keyring.backends.fail", "keyring.backends.null"])
def test_a_machine_without_a_keyring_is_told_even_if_insecure_ones_are_allowed(
    ring: Vault, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    module(monkeypatch, name)
    assert "no keyring" in refused(source("keyring", "offerwatch/home", insecure=True)).sentence


def test_of_several_keyrings_the_first_that_protects_is_named_and_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clear = type("Clear", (Vault,), {"__module__": "keyrings.alt.file", "kept": "wrong"})()
    safe = type("Safe", (Vault,), {"__module__": "keyring.backends.SecretService"})()
    chain = type("Chain", (Vault,), {"__module__": "keyring.backends.chainer", "backends": [clear, safe]})()
    monkeypatch.setattr(keyring, "get_keyring", lambda: chain)
    assert fetch_secret(source("keyring", "offerwatch/home")) == SECRET
    assert secrets.keyring_name() == "keyring.backends.SecretService.Safe"


def test_a_keyring_that_hangs_is_given_up(ring: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    monkeypatch.setattr(Vault, "get_password", lambda *_: released.wait(30) and None)
    monkeypatch.setattr(secrets, "KEYRING_PATIENCE", 0.2)
    assert "did not answer" in refused(source("keyring", "offerwatch/home")).sentence
    released.set()


def test_a_keyring_that_raises_is_a_sentence(ring: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(*_: object) -> None:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(Vault, "get_password", locked)
    assert "RuntimeError" in refused(source("keyring", "offerwatch/home")).sentence


def test_a_source_shows_where_it_leads_and_nothing_more() -> None:
    assert SECRET not in repr(source("env", "OW"))
    assert str(source("command", "pass")) == "password_command"
