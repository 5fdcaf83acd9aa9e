"""What is left running: a unit that systemd accepts and that lets nothing through, and a container alike."""

import os
import socket
import subprocess
from pathlib import Path

import pytest

from support.outsider import environment, offerwatch
from support.processes import started, stop
from watcher.commands.service import checked
from watcher.unit import Unit, quoted

ROOT = Path(__file__).parents[1]
WORST = 3.0  # of 10; systemd calls it OK below 4.5


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with blanks in its name, a Maildir and a configuration at the usual place."""
    home = tmp_path / "a home"
    for room in ("cur", "new", "tmp"):
        (home / "Maildir" / room).mkdir(parents=True)
    (home / ".config/offerwatch").mkdir(parents=True)
    (home / ".config/offerwatch/config.toml").write_text(
        f'[[account]]\nname = "home"\nkind = "maildir"\npath = "{home}/Maildir"\npoll_every = "1s"\n'
        '[[channel]]\nkind = "command"\nrun = ["cat"]\n'
    )
    return home


def settings(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(key, []).append(value)
    return found


@pytest.mark.parametrize("system", [False, True])
def test_systemd_says_nothing_bad_about_the_unit(home: Path, system: bool) -> None:
    flags = ("--system", "--run-as", "daemon") if system else ()
    ran = offerwatch(home, "install-service", "--print", *flags)
    assert (ran.code, ran.err) == (0, "")
    complaints, exposure = checked(ran.out, system)
    assert complaints == ""
    assert float(exposure.split()[0]) <= WORST, exposure


def test_a_complaint_of_systemd_is_heard() -> None:
    assert (
        "offerwatch.service:4: Failed to parse"
        in checked("[Service]\nType=notify\nExecStart=/bin/true\nRestartSec=soon\n", True)[0]
    )


def test_the_unit_is_written_where_the_users_manager_looks_and_says_how_to_start_it(home: Path) -> None:
    ran = offerwatch(home, "install-service")
    assert ran.code == 0, ran.err
    text = (home / ".config/systemd/user/offerwatch.service").read_text()
    assert "enable --now offerwatch.service" in ran.out
    assert "enable-linger" in ran.out
    said = settings(text)
    assert said["Type"] == ["notify"]
    assert "PYTHONSAFEPATH=1" in said["Environment"][0]
    assert said["ReadWritePaths"] == [f'"{home}/.local/share/offerwatch"']
    assert int(said["WatchdogSec"][0]) >= 60
    assert {"NoNewPrivileges", "ProtectSystem", "SystemCallFilter", "MemoryDenyWriteExecute"} <= set(said)


def test_what_the_unit_starts_says_that_it_is_ready_and_stops_when_told(home: Path, tmp_path: Path) -> None:
    assert offerwatch(home, "install-service").code == 0
    said = settings((home / ".config/systemd/user/offerwatch.service").read_text())
    command = subprocess.run(
        ["sh", "-c", f"printf '%s\\n' {said['ExecStart'][0]}"], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(30)
        environ = environment(
            home,
            NOTIFY_SOCKET=str(tmp_path / "notify"),
            WATCHDOG_USEC="3000000",
            JOURNAL_STREAM="8:1",
            PYTHONSAFEPATH="1",
        )
        with started(command, "/", environ) as process:
            assert b"READY=1" in manager.recv(4096)
            while b"WATCHDOG=1" not in manager.recv(4096):
                pass
            log = stop(process, 10)
    assert log.splitlines()
    for line in log.splitlines():  # the journal reads the level, and adds the time
        assert line.startswith(("<3>", "<4>", "<6>")), line


def test_credentials_are_handed_over_by_name_or_file(home: Path) -> None:
    with (home / ".config/offerwatch/config.toml").open("a") as config:
        config.write(
            '[[account]]\nname = "far"\nhost = "imap.example.org"\nusername = "b"\n'
            'password_credential = "far"\n[[channel]]\nkind = "email"\nhost = "smtp.example.org"\n'
            'username = "b"\npassword_credential = "smtp"\nfrom = "b@example.org"\nto = "b@example.org"\n'
        )
    (home / "word").write_text("x")
    ran = offerwatch(home, "install-service", "--print", "--credential", "far=word")
    said = settings(ran.out)
    assert said["LoadCredential"] == [f"far:{home}/word"]
    assert said["LoadCredentialEncrypted"] == ["smtp"]
    assert checked(ran.out, system=False)[0] == ""
    assert offerwatch(home, "install-service", "--print", "--credential", "far=nowhere").code == 2


def test_a_service_of_roots_needs_somebody_else_to_run_it(home: Path) -> None:
    ran = offerwatch(home, "install-service", "--print", "--system")
    if os.getuid() == 0:
        assert ran.code == 2
        assert "--run-as" in ran.err
    else:
        assert settings(ran.out)["User"]
    assert offerwatch(home, "install-service", "--print", "--run-as", "daemon").code == 2


def test_with_nothing_to_run_there_is_no_service(tmp_path: Path) -> None:
    (tmp_path / "conf.toml").write_text('language = "en"\n')
    ran = offerwatch(tmp_path, "install-service", "--print", "--config", "conf.toml")
    assert ran.code == 2
    assert "account add" in ran.err


def test_enable_says_what_the_manager_refuses(home: Path, tmp_path: Path) -> None:
    fake = tmp_path / "bin/systemctl"
    fake.parent.mkdir()
    fake.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\ntest "$2" != enable || {{ echo no >&2; exit 1; }}\n'
    )
    fake.chmod(0o755)
    ran = offerwatch(
        home, "install-service", "--enable", more={"PATH": f"{fake.parent}:{os.environ['PATH']}"}
    )
    assert ran.code == 1
    assert "enable --now offerwatch.service failed: no" in ran.err
    assert (tmp_path / "asked").read_text().splitlines()[0] == "--user daemon-reload"


def test_words_with_specifiers_and_variables_stay_what_they_are() -> None:
    assert quoted("/a b/%i", command=False) == '"/a b/%%i"'
    assert quoted("$HOME", command=True) == "$$HOME"
    unit = Unit(Path("/usr/bin/true"), Path("/a %b/c.toml"), (Path("/x"),))
    assert "%%b" in unit.text()


# the container, as far as it can be looked at without running it


def test_the_container_runs_as_nobody_in_particular_and_is_healthy_as_status_says() -> None:
    lines = (ROOT / "packaging/Containerfile").read_text().splitlines()
    assert [line for line in lines if line.startswith("USER")] == ["USER 10001:10001"]
    assert any("offerwatch" in line and '"status"' in line for line in lines)
    assert not [line for line in lines if line.startswith("ADD")]
    copied = [line.split()[1:-1] for line in lines if line.startswith("COPY") and "--from" not in line]
    for name in (name for names in copied for name in names):
        assert (ROOT / name).exists(), name


def test_the_compose_file_is_read_only_and_keeps_secrets_in_files() -> None:
    yaml = __import__("yaml")
    service = yaml.safe_load((ROOT / "packaging/compose.yaml").read_text())["services"]["offerwatch"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["user"] not in {"0", "root", "0:0"}
    assert "TZ" in service["environment"]
    assert "PASSWORD" not in str(service["environment"])
    assert service["healthcheck"]["test"][-1] == "status"
