"""The configuration: everything in the contract is understood, and every mistake is told at once."""

from datetime import time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.facts import Urgency
from watcher.fields import duration, quiet_hours
from watcher.mistakes import SettingsError
from watcher.settings import (
    CommandChannel,
    EmailChannel,
    ImapAccount,
    MaildirAccount,
    Settings,
    load_settings,
    settings_from,
)
from watcher.whereabouts import find_config

WHOLE = """
language = "es"
timezone = "Europe/Madrid"
state_dir = "state"
forwarders = ["me@example.org"]

[[account]]
name = "home"
host = "imap.example.org"
port = 143
security = "starttls"
ca_file = "ca.pem"
username = "buyer@example.org"
folders = ["INBOX", "\\\\junk"]
poll_every = "5m"
backfill = "90d"
password_command = ["pass", "show", "mail/x"]
authserv_id = "mx.example.org"

[[account]]
name = "work"
host = "outlook.office365.com"
username = "b@example.com"
auth = "oauth2"
provider = "microsoft"
password_env = "TOKEN"

[[account]]
kind = "maildir"
name = "local"
path = "~/Maildir"

[alerts]
ladder = ["6h", "72h", "1h", "24h", "24h"]
order_ladder = ["24h"]
quiet = "23:00-07:00"
quiet_breaks = "6h"
test_every = "7d"

[health]
ping_url = "https://ping.example.org/abc"

[probe]
enabled = true

[[channel]]
kind = "desktop"
min_urgency = "urgent"
[[channel]]
kind = "email"
name = "mail"
host = "smtp.example.org"
username = "buyer@example.org"
password_file = "smtp.secret"
from = "alerts@example.org"
to = ["me@example.org"]
[[channel]]
kind = "apprise"
url_env = "NTFY_URL"
[[channel]]
kind = "command"
run = ["/usr/local/bin/ring", "--json"]
timeout = "10s"
[[channel]]
kind = "command"
run = ["true"]
"""


def config(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def mistakes_of(folder: Path, text: str) -> dict[str, str]:
    with pytest.raises(SettingsError) as caught:
        load_settings(config(folder, text))
    return {mistake.key: str(mistake) for mistake in caught.value.mistakes}


@pytest.fixture
def whole(tmp_path: Path) -> Settings:
    (tmp_path / "ca.pem").write_text("x")
    return load_settings(config(tmp_path, WHOLE))


def test_the_whole_configuration_of_the_contract_is_understood(whole: Settings, tmp_path: Path) -> None:
    home, work, local = whole.account
    assert isinstance(home, ImapAccount)
    assert isinstance(work, ImapAccount)
    assert isinstance(local, MaildirAccount)
    assert (home.port_number, home.security, home.folders) == (143, "starttls", ["INBOX", "\\Junk"])
    assert home.authserv_id == ["mx.example.org"]
    assert home.ca_file == tmp_path / "ca.pem"
    assert (home.secret.way, home.secret.value) == ("command", ("pass", "show", "mail/x"))
    assert (work.port_number, work.auth, work.provider, work.secret.way) == (
        993,
        "oauth2",
        "microsoft",
        "env",
    )
    assert local.path == Path.home() / "Maildir"
    assert str(whole.timezone) == "Europe/Madrid"
    assert whole.alerts.quiet == (time(23), time(7))
    assert whole.health.ping_url == "https://ping.example.org/abc"
    assert whole.probe.enabled


def test_a_relative_path_counts_from_the_configuration_file(whole: Settings, tmp_path: Path) -> None:
    assert whole.state_folder == tmp_path / "state"
    mail = whole.channel[1]
    assert isinstance(mail, EmailChannel)
    assert mail.secret is not None
    assert mail.secret.value == (str(tmp_path / "smtp.secret"),)


def test_the_ladder_is_sorted_and_says_nothing_twice(whole: Settings) -> None:
    assert whole.ladder == tuple(timedelta(hours=h) for h in (72, 24, 6, 1))
    assert whole.order_ladder == (timedelta(hours=24),)


def test_every_channel_has_a_name_of_its_own(whole: Settings) -> None:
    assert [name for name, _ in whole.named_channels] == [
        "desktop",
        "mail",
        "apprise",
        "command",
        "command-2",
    ]
    assert whole.channel[0].min_urgency is Urgency.URGENT
    ring = whole.channel[3]
    assert isinstance(ring, CommandChannel)
    assert ring.timeout == timedelta(seconds=10)


def test_a_language_without_words_is_a_mistake_that_names_those_there_are(tmp_path: Path) -> None:
    assert "en, es" in mistakes_of(tmp_path, 'language = "tlh"')["language"]


def test_an_empty_file_has_the_defaults_of_the_contract(tmp_path: Path) -> None:
    settings = load_settings(config(tmp_path, ""))
    assert settings == Settings.defaults()
    assert settings.language == "en"
    assert settings.ladder == tuple(timedelta(hours=h) for h in (72, 24, 6, 1))
    assert settings.alerts.quiet is None
    assert not settings.probe.enabled
    assert settings.state_folder.name == "offerwatch"


def test_an_account_that_names_no_secret_uses_the_keyring(tmp_path: Path) -> None:
    text = '[[account]]\nname = "home"\nhost = "imap.example.org"\nusername = "b@example.org"\n'
    (account,) = load_settings(config(tmp_path, text)).account
    assert isinstance(account, ImapAccount)
    assert (account.secret.way, account.secret.value) == ("keyring", ("offerwatch/home",))
    assert account.folders == ["INBOX", "\\Junk"]
    assert account.backfill == timedelta(days=90)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = """
    langage = "en"
    timezone = "Europe/Madridd"
    [[account]]
    name = "home"
    host = "https://imap.example.org"
    prt = 993
    port = "993"
    security = "ssl"
    username = "b"
    password_env = "A"
    password_file = "x"
    folders = ["INBOX", "\\\\Jnk"]
    [[account]]
    kind = "maildir"
    name = "home"
    [[account]]
    kind = "pop3"
    [[account]]
    name = "c"
    host = "imap.example.org"
    username = "x"
    security = "none"
    auth = "oauth2"
    [alerts]
    ladder = ["72h", "1"]
    quiet = "23-7"
    quiet_breaks = "30m"
    [[channel]]
    kind = "email"
    from = "x"
    [[channel]]
    name = "no kind"
    [[channel]]
    kind = "apprise"
    min_urgency = "loud"
    """
    told = mistakes_of(tmp_path, text)
    assert 'did you mean "language"?' in told["langage"]
    assert 'did you mean "port"?' in told["account[1].prt"]
    assert "whole number" in told["account[1].port"]
    assert '"tls", "starttls", "none"' in told["account[1].security"]
    assert "\\Junk" in told["account[1].folders[2]"]
    assert "only one of them" in told["account[1]"]
    assert "is needed" in told["account[2].path"]
    assert "names must differ" in told["account[2].name"]
    assert '"imap", "maildir"' in told["account[3].kind"]
    assert "on this machine" in told["account[4].security"]
    assert "google" in told["account[4].provider"]
    assert '"command"' in told["channel[2].kind"]
    assert "exactly one" in told["channel[3]"]
    assert {
        "timezone", "account[1].host", "alerts.ladder[2]", "alerts.quiet", "alerts.quiet_breaks",
        "channel[1].host", "channel[1].to", "channel[1].from", "channel[3].min_urgency",
    } <= set(told)  # fmt: skip


def test_a_mistake_names_file_key_value_and_what_is_allowed(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(config(tmp_path, 'timezone = "Mars/Olympus"'))
    said = str(caught.value)
    assert str(tmp_path / "config.toml") in said
    assert 'timezone = "Mars/Olympus"' in said
    assert "Europe/Madrid" in said


def test_no_secret_is_ever_repeated_in_a_mistake(tmp_path: Path) -> None:
    text = """
    [health]
    ping_url = "ftp://s3cret"
    [[account]]
    name = "home"
    host = "imap.example.org"
    username = "b"
    password = "s3cret"
    [[channel]]
    kind = "apprise"
    url = 5
    urll = "s3cret"
    password_comand = ["echo", "s3cret"]
    """
    with pytest.raises(SettingsError) as caught:
        load_settings(config(tmp_path, text))
    assert "s3cret" not in str(caught.value)
    assert "password_command, password_credential" in str(caught.value)


def test_addresses_that_are_secrets_are_not_in_the_repr(tmp_path: Path) -> None:
    text = '[health]\nping_url = "https://ping.example.org/s3cret"\n'
    text += '[[channel]]\nkind = "apprise"\nurl = "ntfy://s3cret"\n'
    assert "s3cret" not in repr(load_settings(config(tmp_path, text)))


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "127.9.9.9"])
def test_a_plain_connection_is_allowed_to_this_machine(tmp_path: Path, host: str) -> None:
    text = f'[[account]]\nname = "t"\nhost = "{host}"\nusername = "b"\nsecurity = "none"\n'
    assert len(load_settings(config(tmp_path, text)).account) == 1


@pytest.mark.parametrize(
    "host", ["imap.example.org", "127.0.0.1.example.org", "10.0.0.1", "localhost.example"]
)
def test_a_plain_connection_is_refused_to_any_other(tmp_path: Path, host: str) -> None:
    text = f'[[account]]\nname = "t"\nhost = "{host}"\nusername = "b"\nsecurity = "none"\n'
    assert set(mistakes_of(tmp_path, text)) == {"account[1].security"}


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"[[account]", b'language = "en"\nlanguage = "es"', b"= 5", b"\x00"]
)
def test_a_file_that_is_no_toml_is_a_mistake_not_a_crash(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(content)
    with pytest.raises(SettingsError):
        load_settings(path)


def test_a_file_that_is_not_there_is_a_mistake_not_a_crash(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="No such file"):
        load_settings(tmp_path / "none.toml")


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
KEYS = st.sampled_from(
    ["account", "channel", "alerts", "health", "probe", "name", "kind", "host", "port", "ladder", "quiet",
     "security", "username", "folders", "path", "url", "run", "timezone", "password_command", "provider",
     "auth", "to", "from", "state_dir", "forwarders", "enabled"]
)  # fmt: skip
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=20,
)


@given(data=st.dictionaries(KEYS, ANYTHING, max_size=6))
def test_whatever_a_file_says_the_answer_is_settings_or_mistakes(data: dict[str, object]) -> None:
    try:
        settings = settings_from(data, Path("/nowhere/config.toml"))
    except SettingsError as error:
        told = len(error.mistakes)
    else:
        told = len(settings.ladder)
    assert told > 0


@pytest.mark.parametrize(
    ("text", "hours"), [("72h", 72), ("90d", 2160), ("1h30m", 1.5), ("2w", 336), (" 60m ", 1), ("3600s", 1)]
)
def test_durations_are_read(text: str, hours: float) -> None:
    assert duration(text) == timedelta(hours=hours)


@pytest.mark.parametrize("text", ["", "5", "h", "5 minutes", "-5h", "5h h", "1.5h", "h5", "5H6", "५h6"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        duration(text)


@pytest.mark.parametrize("text", ["23-7", "25:00-07:00", "23:00", "23:60-07:00", "07:00-07:00", ""])
def test_what_is_no_quiet_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="time"):
        quiet_hours(text)


def test_the_option_comes_before_the_environment_and_both_before_the_default(tmp_path: Path) -> None:
    option, named = tmp_path / "option.toml", tmp_path / "named.toml"
    environ = {"OFFERWATCH_CONFIG": str(named)}
    assert find_config(option, environ) == option
    assert find_config(None, environ) == named
    assert find_config(Path("~/x.toml"), {}) == Path.home() / "x.toml"
