"""Adding a mailbox as a new user does: the address first, the rest filled in, tried before it is kept."""

import stat
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.dovecot import Dovecot
from support.outsider import Ran, offerwatch
from support.terminal import typed
from watcher.configfile import ConfigFile
from watcher.mailboxes.troubles import trouble_of
from watcher.providers import ProvidersError, providers_of, shipped

CONF = {"OFFERWATCH_CONFIG": "conf/config.toml"}


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    with Dovecot() as running:
        yield running


def reached(server: Dovecot) -> list[str]:
    return ["--host", server.host, "--port", str(server.tls_port), "--ca-file", server.ca_file]


def configured(home: Path) -> dict[str, Any]:
    return tomllib.loads((home / "conf/config.toml").read_text())


def add(home: Path, *arguments: str, stdin: bytes = b"") -> Ran:
    return offerwatch(home, "account", "add", *arguments, more=CONF, stdin=stdin)


# with flags


def test_a_script_needs_one_line_and_the_account_then_works(tmp_path: Path, server: Dovecot) -> None:
    ran = add(tmp_path, server.user, *reached(server), "--password-stdin", stdin=server.password.encode())
    assert (ran.code, ran.err) == (0, "")
    (account,) = configured(tmp_path)["account"]
    assert account["folders"] == ["INBOX", "\\Junk"]
    assert account["password_file"] == f"secrets/{account['name']}"
    secret = tmp_path / "conf/secrets" / account["name"]
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert stat.S_IMODE(secret.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "conf/config.toml").stat().st_mode) == 0o600
    assert server.password not in ran.out + (tmp_path / "conf/config.toml").read_text()
    assert offerwatch(tmp_path, "account", "test", more=CONF).code == 0


def test_a_wrong_password_is_told_and_nothing_is_written(tmp_path: Path, server: Dovecot) -> None:
    ran = add(tmp_path, server.user, *reached(server), "--password-stdin", stdin=b"wrong\n")
    assert ran.code == 1
    assert "refuses the user name or the password" in ran.out
    assert "account login" not in ran.out, "there is no account yet to sign in to"
    assert "nothing was written" in ran.err
    assert not (tmp_path / "conf").exists()


@pytest.mark.parametrize(
    ("flags", "key", "value"),
    [
        (("--password-command", "cat 'my secret'"), "password_command", ["cat", "my secret"]),
        (("--password-env", "MAILWORD"), "password_env", "MAILWORD"),
        (("--password-file", "my secret"), "password_file", None),
        (("--password-credential", "mailword"), "password_credential", "mailword"),
    ],
)
def test_each_source_of_a_secret_is_tried_and_named(
    tmp_path: Path, server: Dovecot, flags: tuple[str, ...], key: str, value: object
) -> None:
    for name in ("my secret", "mailword"):
        (tmp_path / name).write_text(server.password)
        (tmp_path / name).chmod(0o600)
    environment = {**CONF, "MAILWORD": server.password, "CREDENTIALS_DIRECTORY": str(tmp_path)}
    ran = offerwatch(tmp_path, "account", "add", server.user, *reached(server), *flags, more=environment)
    assert ran.code == 0, ran.err + ran.out
    (account,) = configured(tmp_path)["account"]
    assert account[key] == (value or str(tmp_path / "my secret"))
    assert not (tmp_path / "conf/secrets").exists()


def test_what_was_written_by_hand_stays_with_its_comments(tmp_path: Path, server: Dovecot) -> None:
    (tmp_path / "conf").mkdir()
    path = tmp_path / "conf/config.toml"
    path.write_text(
        '# mine\nlanguage = "en"  # for now\n\n[[account]]\nname = "old"  # keep\nkind = "maildir"\n'
        'path = "/tmp"\n\n[alerts]\nquiet = "23:00-07:00" # I sleep\n[[channel]]\nkind = "command"\n'
        'run = ["true"]\n'
    )
    before = path.read_text().splitlines()
    ran = add(tmp_path, server.user, *reached(server), "--name", "new", "--password-env", "W", "--no-test")
    assert ran.code == 0, ran.err
    after = path.read_text().splitlines()
    assert [line for line in before if line not in after] == []
    assert [each["name"] for each in configured(tmp_path)["account"]] == ["old", "new"]

    assert offerwatch(tmp_path, "account", "remove", "new", more=CONF).code == 0
    assert [line for line in path.read_text().splitlines() if line] == [line for line in before if line]


def test_removing_an_account_removes_the_secret_that_was_kept_for_it(tmp_path: Path, server: Dovecot) -> None:
    arguments = (server.user, *reached(server), "--name", "home", "--password-stdin")
    assert add(tmp_path, *arguments, stdin=server.password.encode()).code == 0
    assert (tmp_path / "conf/secrets/home").exists()
    assert offerwatch(tmp_path, "account", "remove", "home", more=CONF).code == 0
    assert not (tmp_path / "conf/secrets/home").exists()
    assert "account" not in configured(tmp_path)
    assert offerwatch(tmp_path, "account", "remove", "home", more=CONF).code == 2


def test_a_new_password_is_taken_and_proved(tmp_path: Path, server: Dovecot) -> None:
    arguments = (server.user, *reached(server), "--name", "home", "--password-stdin", "--no-test")
    assert add(tmp_path, *arguments, stdin=b"old one").code == 0
    assert offerwatch(tmp_path, "account", "test", more=CONF).code == 1
    ran = offerwatch(
        tmp_path, "account", "login", "--password-stdin", more=CONF, stdin=server.password.encode() + b"\n"
    )
    assert ran.code == 0, ran.err + ran.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nobody",), "is not a mail address"),
        (("b@nowhere.example",), "Give --host, or --provider"),
        (("b@tuta.com",), "offers no IMAP"),
        (("b@example.org", "--provider", "gogle"), "Known are"),
        (("b@gmail.com",), "--password-stdin"),
        (("b@gmail.com", "--password-env", "A", "--password-file", "B"), "can't be given together"),
        (("b@hotmail.com", "--auth", "password"), "Outlook no longer takes passwords"),
        (("b@gmail.com", "--password-env", "A", "--no-test", "--alert", "bells"), "is not known"),
    ],
)
def test_what_is_missing_or_wrong_is_told_with_the_flag_that_helps(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    ran = add(tmp_path, *arguments)
    assert ran.code == 2
    assert said in ran.err
    assert "Traceback" not in ran.err
    assert not (tmp_path / "conf/config.toml").exists()


def test_the_big_providers_are_filled_in_from_the_address_alone(tmp_path: Path) -> None:
    for address, host, more in (
        ("b@gmail.com", "imap.gmail.com", {}),
        ("b@web.de", "imap.web.de", {}),
        ("b@icloud.com", "imap.mail.me.com", {"username": "b"}),
        ("b@pm.me", "127.0.0.1", {"port": 1143, "security": "starttls"}),
    ):
        ran = add(tmp_path, address, "--password-env", "W", "--no-test", "--alert", "none")
        assert ran.code == 0, ran.err
        account = configured(tmp_path)["account"][-1]
        assert account["host"] == host
        assert account.items() >= {"username": address, **more}.items()


def test_an_account_brings_the_means_to_ring_where_there_is_none(tmp_path: Path) -> None:
    ran = add(tmp_path, "b@gmail.com", "--password-env", "W", "--no-test", "--alert", "email")
    assert ran.code == 0, ran.err
    (channel,) = configured(tmp_path)["channel"]
    assert channel.items() >= {"kind": "email", "host": "smtp.gmail.com", "password_env": "W"}.items()
    assert channel["to"] == ["b@gmail.com"]
    ran = add(tmp_path, "c@gmail.com", "--password-env", "W", "--no-test", "--alert", "ntfy://h/topic-secret")
    assert "topic-secret" not in ran.out + (tmp_path / "conf/config.toml").read_text()
    assert (tmp_path / "conf/secrets/channel-push").read_text() == "ntfy://h/topic-secret\n"
    assert len(configured(tmp_path)["channel"]) == 2


def test_a_maildir_needs_no_server(tmp_path: Path) -> None:
    for room in ("cur", "new", "tmp"):
        (tmp_path / "Maildir" / room).mkdir(parents=True)
    assert add(tmp_path, "--maildir", "Maildir", "--alert", "none").code == 0
    assert offerwatch(tmp_path, "account", "test", more=CONF).code == 0


def test_junk_that_bears_no_flag_and_another_language_is_found_too(tmp_path: Path) -> None:
    with Dovecot(special_use=False, junk="Spamverdacht") as server:
        ran = add(tmp_path, server.user, *reached(server), "--password-stdin", stdin=server.password.encode())
        assert ran.code == 0, ran.err
        assert "Spamverdacht" in ran.out
        assert configured(tmp_path)["account"][0]["folders"] == ["INBOX", "\\Junk"]
        tested = offerwatch(tmp_path, "account", "test", more=CONF)
        assert tested.code == 0, tested.out


def test_adding_an_account_changes_nothing_in_the_mailbox(tmp_path: Path) -> None:
    with Dovecot() as server:
        server.deliver(b"Subject: hello\r\n\r\nhello\r\n")
        before = server.snapshot()
        server.forget_commands()
        add(tmp_path, server.user, *reached(server), "--password-stdin", stdin=server.password.encode())
        sent = set(server.commands())
        assert server.snapshot() == before
        assert "EXAMINE" in sent
        assert not sent & {"SELECT", "STORE", "UID STORE", "APPEND", "CREATE", "EXPUNGE"}


# at a terminal


def test_at_a_terminal_the_address_and_the_password_are_all_that_must_be_typed(
    tmp_path: Path, server: Dovecot
) -> None:
    code, screen = typed(
        tmp_path,
        ["account", "add", "--username", server.user, *reached(server)],
        [
            ("Your mail address", "buyer@example.org"),
            ("password (not shown)", "wrong"),
            ("password (not shown)", server.password),
            ("Folders to watch", ""),
            ("How to ring", "none"),
        ],
        **CONF,
    )
    assert code == 0, screen
    assert server.password not in screen
    assert configured(tmp_path)["account"][0]["folders"] == ["INBOX", "\\Junk"]


# the table and its sentences


def test_every_provider_has_a_server_or_a_reason_and_no_domain_twice() -> None:
    table = shipped()
    domains = [domain for each in table.all for domain in each.domains]
    assert len(domains) == len(set(domains))
    assert len({each.id for each in table.all}) == len(table.all) >= 40
    for each in table.all:
        assert (each.imap is None) == (each.no_imap is not None), each.id
        assert set(each.auth) <= {"password", "oauth2"}
        assert ("oauth2" in each.auth) == (each.oauth in table.authorities), each.id


@pytest.mark.parametrize(
    ("host", "words", "said", "step"),
    [
        (
            "outlook.office365.com",
            "AUTHENTICATE failed.",
            "Outlook no longer takes passwords",
            "account login",
        ),
        ("imap.gmail.com", "[ALERT] Application-specific password required", "app password", "apppasswords"),
        ("imap.gmail.com", "[WEBALERT https://x] Web login required.", "confirm the sign-in", "account test"),
        ("imap.gmx.net", "authentication failed", "GMX refuses", "POP3 & IMAP"),
        (
            "imap.zoho.eu",
            "[ALERT] Your account does not have IMAP access enabled, enable IMAP",
            "IMAP",
            "Switch",
        ),
        ("mail.example.org", "[AUTHENTICATIONFAILED] no", "refuses the user name", "account login"),
    ],
)
def test_a_providers_refusal_is_a_sentence_with_the_next_step(
    host: str, words: str, said: str, step: str
) -> None:
    error = trouble_of(RuntimeError(words), host, "home", signing_in=True)
    assert said in error.sentence
    assert step in error.remedy
    assert error.permanent


def test_a_busy_provider_has_refused_nothing() -> None:
    error = trouble_of(RuntimeError("[UNAVAILABLE] try again"), "imap.gmx.net", "home", signing_in=True)
    assert not error.permanent


def test_a_providers_file_of_ones_own_adds_and_replaces(tmp_path: Path) -> None:
    own = tmp_path / "providers.toml"
    own.write_text(
        '[[provider]]\nid = "work"\nname = "Work"\ndomains = ["gmail.com"]\nhost = "imap.work.example"\n'
    )
    table = providers_of(own)
    found = table.of_address("b@gmail.com")
    assert found is not None
    assert found.id == "work"
    assert table.named("Gmail") is not None
    own.write_text('[oauth.microsoft]\ntoken = "http://login.example/token"\nscopes = []\n')
    with pytest.raises(ProvidersError, match="https://"):
        providers_of(own)


def test_a_change_that_would_not_load_is_never_written(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('language = "en"\n')
    file = ConfigFile(path)
    file.add("account", {"name": "home", "host": "imap.example.org", "port": 0, "username": "b"})
    with pytest.raises(Exception, match="port"):
        file.save()
    assert path.read_text() == 'language = "en"\n'


def test_a_refused_sign_in_is_told_once_and_tried_once(tmp_path: Path) -> None:
    with Dovecot(tls=False) as server:
        (tmp_path / "conf.toml").write_text(
            f'[[account]]\nname = "home"\nhost = "127.0.0.1"\nport = {server.port}\nsecurity = "none"\n'
            'username = "alice"\npassword_env = "WRONG"\n'
        )
        more = {"OFFERWATCH_CONFIG": "conf.toml", "WRONG": "not-the-password"}
        ran = offerwatch(tmp_path, "account", "test", more=more)
        tried = server.log().count("auth failed")
    assert ran.code == 1
    assert ran.out.count("  FAILED  ") == 1
    assert tried == 1
    assert "not-the-password" not in ran.out + ran.err
