"""Writes a systemd unit for the watcher, and checks it before it is put in place."""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from watcher.commands import FAILED, WRONG, House, StopError, open_house, say
from watcher.mailboxes.tls import on_loopback
from watcher.privatefile import write_whole
from watcher.settings import DesktopChannel, EmailChannel, ImapAccount
from watcher.unit import NAME, Unit

PATIENCE = 60.0
SYSTEM = Path("/etc/systemd/system")


def install(
    config: Path | None,
    system: bool,
    run_as: str | None,
    print_only: bool,
    enable: bool,
    credentials: tuple[str, ...],
    writable: tuple[Path, ...],
) -> None:
    """Write the unit for this configuration, check it, and say what starts it. Raises StopError."""
    house = open_house(config)
    if not house.settings.account or not house.settings.channel:
        raise StopError(
            "There is nothing to run yet: it takes an account and a channel.",
            "Run: offerwatch account add",
            WRONG,
        )
    unit = unit_for(house, _user(house, system, run_as), credentials, writable)
    if print_only:
        sys.stdout.write(unit.text())
        return
    complaints, exposure = checked(unit.text(), system)
    if complaints:
        raise StopError(f"systemd finds fault with the unit: {complaints}", "Please report this.", FAILED)
    path = (SYSTEM if system else _user_units()) / NAME
    _write(path, unit.text())
    say(f"{path} is written{f', and systemd rates its exposure {exposure} (of 10)' if exposure else ''}.")
    for note in _notes(house, system):
        say(f"Note: {note}")
    _start(system, enable)


def unit_for(
    house: House, user: str | None, credentials: tuple[str, ...] = (), writable: tuple[Path, ...] = ()
) -> Unit:
    """The unit of a configuration; `user` is whose it is in the system's manager. Raises StopError."""
    assert house.path is not None, "there are accounts"
    config = house.path.absolute()
    rooms = [house.settings.state_folder, *(each.expanduser().absolute() for each in writable)]
    if house.settings.calendar.path is not None:
        rooms.append(house.settings.calendar.path.parent)
    for room in rooms[:1]:
        room.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Unit(
        program=_program(),
        config=config,
        writable=tuple(dict.fromkeys(rooms)),
        user=user,
        credentials=_credentials(house, credentials),
        environment_file=_environment_file(house),
        namespaces=_namespaces(),
    )


def _namespaces() -> bool:
    """Whether an ordinary user may make namespaces here: some systems forbid it."""
    program = shutil.which("unshare")
    return program is not None and _run([program, "--user", "--map-root-user", "true"]).returncode == 0


def _program() -> Path:
    """The console script beside the Python that runs us, as far as it is there; else the one on the path."""
    beside = Path(sys.executable).with_name("offerwatch")
    found = str(beside) if beside.exists() else shutil.which("offerwatch")
    if found is None:
        raise StopError("The program offerwatch is not installed.", "Run: pipx install .", WRONG)
    return Path(found).absolute()


def _credentials(house: House, given: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Every credential that the configuration names, with its file from --credential NAME=FILE."""
    files = {}
    for each in given:
        name, equals, file = each.partition("=")
        path = Path(file).expanduser().absolute()
        if not equals or not path.is_file():
            raise StopError(f'--credential "{each}" names no file.', "Write it as NAME=FILE.", WRONG)
        files[name] = str(path)
    named = [getattr(each, "password_credential", None) for each in _entries(house)]
    return tuple((name, files.get(name, "")) for name in dict.fromkeys(each for each in named if each))


def _entries(house: House) -> list[object]:
    return [*house.settings.account, *house.settings.channel]


def _environment_file(house: House) -> Path | None:
    """A file for the variables that secrets are read from; only where there are any."""
    by_name = any(
        getattr(each, name, None) for each in _entries(house) for name in ("password_env", "url_env")
    )
    return house.path.absolute().parent / "environment" if by_name and house.path else None


def _user(house: House, system: bool, run_as: str | None) -> str | None:
    if not system:
        if run_as is not None:
            raise StopError("--run-as is for --system.", "A user's own service runs as that user.", WRONG)
        return None
    assert house.path is not None
    try:
        found = pwd.getpwnam(run_as) if run_as else pwd.getpwuid(house.path.stat().st_uid)
    except KeyError:
        raise StopError(f'There is no user "{run_as}".', "Give one that exists.", WRONG) from None
    if found.pw_uid == 0 and run_as is None:
        raise StopError(
            f"{house.path} belongs to root, and offerwatch needs no such power.",
            "Give --run-as USER; a user for it alone: useradd --system --create-home offerwatch",
            WRONG,
        )
    return found.pw_name


def checked(text: str, system: bool) -> tuple[str, str]:
    """What systemd complains about in a unit, and how exposed it finds it; both "" where it is not here."""
    program = shutil.which("systemd-analyze")
    if program is None:
        return "", ""
    with tempfile.TemporaryDirectory(prefix="offerwatch-") as folder:
        path = Path(folder) / NAME
        path.write_text(text, encoding="utf-8")
        manager = [] if system else ["--user"]
        verified = _run([program, *manager, "verify", "--man=no", str(path)], folder)
        rated = _run([program, *manager, "security", "--offline=yes", "--no-pager", str(path)], folder)
    said = verified.stderr.strip() or ("" if verified.returncode == 0 else verified.stdout.strip())
    said = said.replace(f"{folder}/", "")
    last = rated.stdout.strip().splitlines()[-1:] if rated.returncode == 0 else []
    return said, " ".join(last[0].partition(": ")[2].split()[:2]) if last else ""


def _run(command: list[str], runtime: str = "") -> subprocess.CompletedProcess[str]:
    runtime = os.environ.get("XDG_RUNTIME_DIR") or runtime  # without one a user's manager is not imagined
    more = {"LC_ALL": "C.UTF-8", "SYSTEMD_COLORS": "0", "SYSTEMD_URLIFY": "0", "XDG_RUNTIME_DIR": runtime}
    try:
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **{name: value for name, value in more.items() if value}},
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(command, 1, "", type(error).__name__)


def _user_units() -> Path:
    configured = os.environ.get("XDG_CONFIG_HOME")
    return (Path(configured) if configured else Path.home() / ".config") / "systemd/user"


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text.encode("utf-8"), 0o644)
    except OSError as error:
        remedy = "Run it as root, or use --print and put it there yourself."
        raise StopError(f"{path} can't be written: {error.strerror}.", remedy) from None


def _notes(house: House, system: bool) -> list[str]:
    """What works at a terminal and won't in the service."""
    notes = []
    for account in house.settings.account:
        if (
            isinstance(account, ImapAccount)
            and account.auth == "password"
            and account.secret.way == "keyring"
        ):
            where = "the system's manager has no keyring" if system else "it must be unlocked: log in once"
            notes.append(f"the password of account {account.name} is in the keyring; {where}.")
    if any(each.password_env for each in house.settings.account if isinstance(each, ImapAccount)):
        notes.append(f"put NAME=value lines for the secrets into {_environment_file(house)}, mode 0600.")
    if system and any(isinstance(each, DesktopChannel) for each in house.settings.channel):
        notes.append("no desktop can be reached from the system's manager: install it without --system.")
    for each in house.settings.channel:
        if isinstance(each, EmailChannel) and on_loopback(each.host):
            notes.append(f"alerts by mail need the server on {each.host} to be running.")
    return notes


def _start(system: bool, enable: bool) -> None:
    manager = [] if system else ["--user"]
    steps = [["systemctl", *manager, "daemon-reload"], ["systemctl", *manager, "enable", "--now", NAME]]
    if not enable:
        say("Start it:")
        for step in steps:
            say(f"  {' '.join(step)}")
        if not system:
            say("  loginctl enable-linger    # or it ends when you log out")
        say(
            "Watch it: journalctl --user -u offerwatch"
            if not system
            else "Watch it: journalctl -u offerwatch"
        )
        return
    if shutil.which("systemctl") is None:
        raise StopError("There is no systemd here to start it.", "Run: offerwatch watch", FAILED)
    for step in steps:
        done = _run(step)
        if done.returncode != 0:
            told = done.stderr.strip().splitlines()[-1:] or ["it gave no reason"]
            raise StopError(f"{' '.join(step)} failed: {told[0]}", "Is systemd running here?", FAILED)
    say("It is running, and starts by itself from now on.")
