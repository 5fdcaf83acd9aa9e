"""The systemd unit of the watcher: notify and watchdog, credentials, and no more rights than it needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

NAME = "offerwatch.service"
WATCHDOG = 300  # seconds; the daemon proves that it lives at least every 30
STOPPING = 15  # seconds; it stops within 5

_HARDENING = """\
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
ProtectHostname=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
SystemCallErrorNumber=EPERM
UMask=0077
"""
# A user's own manager can do these only with user namespaces; where they are forbidden it would not start.
_WITH_NAMESPACES = """\
CapabilityBoundingSet=
AmbientCapabilities=
PrivateMounts=yes
PrivateUsers=yes
ProtectClock=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
"""
_SYSTEM_ONLY = """\
PrivateDevices=yes
ProtectProc=invisible
ProcSubset=pid
RemoveIPC=yes
"""


@dataclass(frozen=True, slots=True)
class Unit:
    """What differs from one installation to the next. `user` is None in a user's own service manager.

    `credentials` are (name, file): an empty file means that systemd finds it in its credential stores.
    """

    program: Path
    config: Path
    writable: tuple[Path, ...]
    user: str | None = None
    credentials: tuple[tuple[str, str], ...] = ()
    environment_file: Path | None = None
    namespaces: bool = True  # whether this machine lets users have namespaces of their own

    def text(self) -> str:
        """The whole file."""
        network = "Wants=network-online.target\nAfter=network-online.target\n" if self.user else ""
        start = " ".join(
            quoted(part, command=True) for part in (str(self.program), "watch", "--config", str(self.config))
        )
        return (
            "# written by: offerwatch install-service\n"
            "[Unit]\n"
            "Description=offerwatch: rings before AliExpress dispute deadlines pass\n"
            f"{network}"
            "StartLimitIntervalSec=0\n"
            "\n[Service]\n"
            "Type=notify\n"
            f"ExecStart={start}\n"
            f"{_lines('User', [self.user] if self.user else [])}"
            "Restart=always\n"
            "RestartSec=10\n"
            "# 2: a mistake in the configuration, 4: another watch has this state; neither mends itself\n"
            "RestartPreventExitStatus=2 4\n"
            f"WatchdogSec={WATCHDOG}\n"
            f"TimeoutStopSec={STOPPING}\n"
            "# what was said to nobody's avail at a failing start is remembered from one start to the next\n"
            "RuntimeDirectory=offerwatch\n"
            "RuntimeDirectoryPreserve=restart\n"
            "Environment=PYTHONSAFEPATH=1 PYTHONDONTWRITEBYTECODE=1 TMPDIR=%t/offerwatch\n"
            f"{_environment(self.environment_file)}"
            f"{''.join(_credential(*each) for each in self.credentials)}"
            "\n# No more than it needs: the network, its own state, and reading the home folder\n"
            f"{_lines('ReadWritePaths', self.writable)}"
            f"{_HARDENING}"
            f"{_WITH_NAMESPACES if self.user or self.namespaces else ''}"
            f"{_SYSTEM_ONLY if self.user else ''}"
            "\n[Install]\n"
            f"WantedBy={'multi-user.target' if self.user else 'default.target'}\n"
        )


def _lines(key: str, values: Sequence[object]) -> str:
    return "".join(f"{key}={quoted(str(value))}\n" for value in values)


def _environment(path: Path | None) -> str:
    # no quotes here, and a missing file is told by the watcher itself, with the name of what it lacks
    return f"EnvironmentFile=-{str(path).replace('%', '%%')}\n" if path else ""


def _credential(name: str, file: str) -> str:
    return (
        f"LoadCredential={name}:{file.replace('%', '%%')}\n" if file else f"LoadCredentialEncrypted={name}\n"
    )


def quoted(word: str, command: bool = False) -> str:
    """A word as a unit file wants it: specifiers disarmed (in a command variables too), in quotes where
    it has blanks."""
    safe = word.replace("\\", "\\\\").replace("%", "%%").replace('"', '\\"')
    safe = safe.replace("$", "$$") if command else safe
    return f'"{safe}"' if any(letter.isspace() or letter in "'\";" for letter in word) else safe
