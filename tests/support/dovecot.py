"""A real Dovecot 2.3 on loopback for tests: own folder, own ports, several users, every command on record.

    with Dovecot() as server:
        server.deliver(raw)                       # into alice's INBOX, as an LMTP server would leave it
        server.host, server.port, server.tls_port, server.ca_file, server.user, server.password

Runs as root (the mail then belongs to `nobody`) and as an ordinary user (it belongs to that user).
"""

import contextlib
import getpass
import imaplib
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path
from types import TracebackType

import trustme

APT = "apt-get install --no-install-recommends dovecot-core dovecot-imapd dovecot-lmtpd"
PASSWORD = "swordfish"
FURNISHED = 20  # users with a mailbox from the start; further ones get theirs with their first mail
_UNIQUE = count(1)
_COMMAND = re.compile(rb"^(?:\d+\.\d+ )?\S+ (?P<command>UID [A-Z]+|[A-Z]+)\b", re.I)

_CONFIG = """
protocols = imap lmtp
listen = {host}
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/log
ssl = {ssl}
ssl_cert = <{home}/server.pem
ssl_key = <{home}/server.key
ssl_dh =
disable_plaintext_auth = no
auth_mechanisms = {mechanisms}
default_login_user = {login_user}
default_internal_user = {internal_user}
default_internal_group = {internal_group}
first_valid_uid = 0
last_valid_uid = 0
first_valid_gid = 0
mail_location = maildir:{home}/mail/%u
mail_max_userip_connections = {connections}
maildir_stat_dirs = yes
rawlog_dir = %h/dovecot.rawlog
{capability}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {home}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={home}/mail/%u
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox {junk} {{
    auto = create
    {special}
  }}
  mailbox Archive {{
    auto = create
  }}
}}
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    address = {host}
    port = {port}
  }}
  inet_listener imaps {{
    address = {host}
    port = {tls_port}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = {host}
    port = {lmtp_port}
  }}
}}
service stats {{
  chroot =
}}
protocol imap {{
  imap_idle_notify_interval = 2 mins
}}
"""


class DovecotMissingError(RuntimeError):
    """Dovecot is not installed, or would not start."""


class Dovecot:
    """One server. `start` and `stop` may be called in turn; what was delivered stays."""

    host = "127.0.0.1"

    def __init__(
        self,
        *,
        users: Iterable[str] = ("alice", "bob"),
        capability: str | None = None,
        special_use: bool = True,
        junk: str = "Junk",
        mechanisms: str = "plain login",
        tls: bool = True,
        connections: int = 10,
        passwords: dict[str, str] | None = None,
    ) -> None:
        """`capability` overrides what is advertised. Without `special_use` `junk` bears no flag."""
        if shutil.which("dovecot") is None or shutil.which("doveadm") is None:
            raise DovecotMissingError(f"Dovecot is not installed. Run: {APT}")
        self.users = tuple(users)
        self.user = self.users[0]
        self.password = PASSWORD
        self.junk = junk
        self._passwords = dict.fromkeys(self.users, PASSWORD) | (passwords or {})
        self._owner = pwd.getpwnam("nobody" if os.geteuid() == 0 else getpass.getuser())
        self.home = Path(tempfile.mkdtemp(prefix="dovecot-", dir="/tmp"))
        self.home.chmod(0o755)
        self.port, self.tls_port, self.lmtp_port = _free_ports(3)
        self.ca_file = str(self.home / "ca.pem")
        self._log = self.home / "rawlogs"
        self._settings = {
            "capability": f"imap_capability = {capability}" if capability else "",
            "special": "special_use = \\Junk" if special_use else "",
            "junk": f'"{junk}"',
            "mechanisms": mechanisms,
            "ssl": "yes" if tls else "no",
            "connections": str(connections),
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._lay_out()

    def __enter__(self) -> "Dovecot":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    def start(self) -> None:
        """Start the server and return once it greets. Raises `DovecotMissingError` with its log."""
        self._process = subprocess.Popen(
            ["dovecot", "-F", "-c", str(self.home / "dovecot.conf")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        until = time.monotonic() + 20
        while time.monotonic() < until and self._process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection((self.host, self.port), 2) as sock:
                sock.settimeout(5)
                if sock.recv(10).startswith(b"* OK"):
                    return
            time.sleep(0.02)
        said = self.log() + (self._process.stderr.read().decode() if self._process.poll() else "")
        self.stop()
        raise DovecotMissingError(f"Dovecot did not start: {said[-2000:]}")

    def stop(self) -> None:
        """Stop the server, sessions and all; start it again with `start`."""
        process, self._process = self._process, None
        if process is None:
            return
        self.kill_sessions()
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stderr:
            process.stderr.close()

    def kill_sessions(self) -> None:
        """Kill every imap process of this server, as if each had crashed."""
        self.signal_sessions(signal.SIGKILL)

    def signal_sessions(self, number: int) -> None:
        """Send every imap process of this server a signal: SIGSTOP freezes it with the line open."""
        for pid in self.sessions():
            with contextlib.suppress(ProcessLookupError):  # it has just ended by itself
                os.kill(pid, number)

    def sessions(self) -> list[int]:
        """Return the process ids that hold signed-in connections."""
        return [int(pid) for pid in self._children() if _program(pid) == "imap"]

    def deliver(self, raw: bytes, folder: str = "INBOX", user: str | None = None) -> Path:
        """Put a mail into new/ of a folder the way a delivery agent does; returns its file."""
        place = self.maildir(folder, user)
        name = f"{time.time_ns() // 10**9}.M{next(_UNIQUE)}P{os.getpid()}.test"
        made, final = place / "tmp" / name, place / "new" / name
        made.write_bytes(raw)
        self._own(made)
        made.rename(final)
        return final

    def append(
        self,
        raw: bytes,
        folder: str = "INBOX",
        user: str | None = None,
        received: str | None = None,
    ) -> None:
        """Add a mail by another session's APPEND; `received` as IMAP writes it, quotes included."""
        with self.other_session(user) as imap:
            typ, data = imap.append(f'"{folder}"', "", received or "", raw)
            assert typ == "OK", data

    @contextlib.contextmanager
    def other_session(self, user: str | None = None) -> Iterator[imaplib.IMAP4]:
        """Yield an imaplib session of another mail program, signed in, nothing selected."""
        with imaplib.IMAP4(self.host, self.port, timeout=20) as imap:
            name = user or self.user
            imap.login(name, self._passwords[name])
            yield imap

    def maildir(self, folder: str = "INBOX", user: str | None = None) -> Path:
        """Return a folder's Maildir, made, as the user's record of commands is, when it is not there."""
        root = self.home / "mail" / (user or self.user)
        place = root if folder == "INBOX" else root / ("." + folder.replace("/", "."))
        rooms = (place / "tmp", place / "new", place / "cur")
        for part in (root, self._rawlogs(user), place, *rooms):
            if not part.exists():
                part.mkdir(parents=True)
                self._own(part)
        return place

    def snapshot(self, folder: str = "INBOX", user: str | None = None) -> dict[bytes, tuple[bytes, bytes]]:
        """Return, by UID and by another session, every mail's flags and bytes: to prove nothing changed."""
        with self.other_session(user) as imap:
            imap.select(f'"{folder}"', readonly=True)
            _, data = imap.uid("FETCH", "1:*", "(FLAGS BODY.PEEK[])")
        found = {}
        for prefix, body in (piece for piece in data if isinstance(piece, tuple)):
            uid, flags = re.search(rb"UID (\d+)", prefix), re.search(rb"FLAGS \(([^)]*)\)", prefix)
            assert uid is not None
            assert flags is not None
            found[uid[1]] = (flags[1].replace(b"\\Recent", b"").strip(), body)
        return found

    def renumber(self, folder: str = "INBOX", user: str | None = None) -> None:
        """Make the server forget its numbers (UIDVALIDITY changes), as a rebuild does. Stop it first."""
        assert self._process is None, "stop the server first"
        for path in self.maildir(folder, user).glob("dovecot*"):
            if path.is_file():
                path.unlink()

    def commands(self, user: str | None = None) -> list[str]:
        """Return every command that signed-in clients sent, in upper case ("UID FETCH", "EXAMINE", ...)."""
        found = []
        for path in sorted(self._rawlogs(user).glob("*.in"), key=lambda path: path.stat().st_mtime):
            for line in path.read_bytes().splitlines():
                if (match := _COMMAND.match(line)) and match["command"].upper() != b"DONE":
                    found.append(match["command"].decode().upper())
        return found

    def forget_commands(self, user: str | None = None) -> None:
        """Drop the record of commands of sessions that have ended."""
        for path in self._rawlogs(user).glob("*"):
            path.unlink()

    def log(self) -> str:
        """Return Dovecot's own log."""
        path = self.home / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def set_password(self, password: str, user: str | None = None) -> None:
        """Change what the server accepts, at once."""
        self._passwords[user or self.user] = password
        self._write_users()

    def _rawlogs(self, user: str | None) -> Path:
        return self.home / "mail" / (user or self.user) / "dovecot.rawlog"

    def _children(self) -> Iterator[str]:
        if self._process is None:
            return
        for path in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError, IndexError):
                if path.joinpath("stat").read_text().rsplit(")", 1)[1].split()[1] == str(self._process.pid):
                    yield path.name

    def _lay_out(self) -> None:
        ca = trustme.CA()
        ca.cert_pem.write_to_path(self.ca_file)
        certificate = ca.issue_cert("127.0.0.1", "localhost")
        certificate.private_key_pem.write_to_path(str(self.home / "server.key"))
        certificate.cert_chain_pems[0].write_to_path(str(self.home / "server.pem"))
        self._write_users()
        for user in self.users[:FURNISHED]:
            self.maildir("INBOX", user)
        root = os.geteuid() == 0
        mine = getpass.getuser()
        (self.home / "dovecot.conf").write_text(
            _CONFIG.format(
                home=self.home,
                host=self.host,
                port=self.port,
                tls_port=self.tls_port,
                lmtp_port=self.lmtp_port,
                uid=self._owner.pw_uid,
                gid=self._owner.pw_gid,
                login_user="dovenull" if root else mine,
                internal_user="dovecot" if root else mine,
                internal_group="dovecot" if root else _group(),
                **self._settings,
            )
        )

    def _write_users(self) -> None:
        lines = (f"{user}:{{PLAIN}}{password}" for user, password in self._passwords.items())
        (self.home / "users").write_text("\n".join(lines) + "\n")
        (self.home / "users").chmod(0o644)

    def _own(self, path: Path) -> None:
        if os.geteuid() == 0:
            os.chown(path, self._owner.pw_uid, self._owner.pw_gid)


def _program(pid: str) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return ""


def _group() -> str:
    import grp

    return grp.getgrgid(os.getegid()).gr_name


def _free_ports(how_many: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        socks = [stack.enter_context(socket.socket()) for _ in range(how_many)]
        for sock in socks:
            sock.bind(("127.0.0.1", 0))
        return [sock.getsockname()[1] for sock in socks]
