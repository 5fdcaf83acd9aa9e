"""The doctor looks at everything that offerwatch depends on, changes nothing, and ends in what to do."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.dovecot import Dovecot
from support.outsider import SCRIPT, environment, offerwatch
from support.smtp import SmtpSink

CONF = {"OFFERWATCH_CONFIG": "conf.toml"}


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    with Dovecot() as running:
        yield running


def configured(home: Path, server: Dovecot, sink: SmtpSink, folders: str, word: str = "smtp word") -> None:
    for name, secret in (("imap", server.password), ("smtp", word)):
        (home / name).write_text(secret)
        (home / name).chmod(0o600)
    (home / "conf.toml").write_text(
        f'state_dir = "state"\n[[account]]\nname = "home"\nhost = "127.0.0.1"\nport = {server.tls_port}\n'
        f'ca_file = "{server.ca_file}"\nusername = "{server.user}"\npassword_file = "imap"\n'
        f'folders = {folders}\n[[channel]]\nkind = "email"\nhost = "127.0.0.1"\nport = {sink.port}\n'
        'security = "none"\nusername = "b"\npassword_file = "smtp"\nfrom = "b@example.org"\n'
        'to = "b@example.org"\n[health]\nping_url = "http://127.0.0.1:1/ping"\n'
    )


def findings(home: Path, *flags: str) -> dict[str, Any]:
    row = offerwatch(home, "doctor", "--format", "json", *flags, more=CONF).row
    assert {todo.partition(": ")[0] for todo in row["todo"]} == {
        each["name"] for each in row["findings"] if each["todo"]
    }
    return {each["name"]: each for each in row["findings"]}


def test_it_signs_in_everywhere_and_sends_nothing_unless_told_to(tmp_path: Path, server: Dovecot) -> None:
    with SmtpSink(login=("b", "smtp word")) as sink:
        configured(tmp_path, server, sink, '["INBOX", "\\\\Junk"]')
        found = findings(tmp_path)
        assert found["channel email"]["state"] == "ok"
        assert "signed in" in found["channel email"]["told"]
        assert sink.taken == []
        assert "TLSv1" in found["home server connection"]["told"]
        assert "SPECIAL-USE" in found["home server abilities"]["told"]
        assert found["home junk"]["state"] == "ok"
        assert found["state"]["state"] == "ok"
        assert found["dead man"]["state"] == "wrong", "nobody listens on port 1"
        assert "authserv_id" in found["home sender checks"]["todo"]

        loud = findings(tmp_path, "--loud")
        assert "did it reach you" in loud["channel email"]["told"]
        assert len(sink.taken) == 1
        (mail,) = sink.messages
        assert mail["Message-ID"].endswith(".offerwatch.invalid>")
        assert "test.offerwatch" not in mail["Message-ID"], "a watch of this state knows it as its own"


def test_a_wrong_password_for_alerts_is_found_before_the_day_it_counts(
    tmp_path: Path, server: Dovecot
) -> None:
    with SmtpSink(login=("b", "smtp word")) as sink:
        configured(tmp_path, server, sink, '["INBOX"]', word="wrong")
        found = findings(tmp_path)
    assert found["channel email"]["state"] == "wrong"
    assert "535" in found["channel email"]["told"]
    assert found["home junk"]["todo"] == 'Add "\\\\Junk" to folders of account home.'


def test_an_account_on_a_desktop_keeps_its_password_in_the_keyring(tmp_path: Path, server: Dovecot) -> None:
    script = f"""
    echo | gnome-keyring-daemon --unlock --components=secrets >/dev/null
    ow={SCRIPT}
    echo {server.password} | $ow account add {server.user} --host 127.0.0.1 --port {server.tls_port} \
      --ca-file {server.ca_file} --name home --password-stdin --alert desktop || exit 1
    $ow account test || exit 2
    $ow doctor | grep '^ok *keyring: .*SecretService' || exit 3
    $ow account remove home --yes | grep 'removed from the keyring' || exit 4
    """
    done = subprocess.run(
        ["dbus-run-session", "--", "sh", "-c", script],
        capture_output=True,
        text=True,
        timeout=100,
        cwd=tmp_path,
        env=environment(tmp_path, **CONF),
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the password is in the keyring" in done.stdout
    assert not (tmp_path / "secrets").exists()
