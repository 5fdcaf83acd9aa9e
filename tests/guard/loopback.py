"""A guard inside a Python process: it may talk to this machine alone, and what else it tries is on record.

Every attempt to reach another machine (a connection, a datagram, a name looked up, a port opened to the
network) is refused before a packet leaves, and written as one line to the file that OFFERWATCH_GUARD names.
Connections on this machine are written too where OFFERWATCH_GUARD_ALL is set. Every Python process that is
started from here is guarded the same way, however clean its environment. What is not Python is not seen.
"""

import ipaddress
import os
import socket
import sys
from pathlib import Path

RECORD = "OFFERWATCH_GUARD"
ALL = "OFFERWATCH_GUARD_ALL"
HERE = str(Path(__file__).parent)
_OWN_NAMES = {"", "localhost", "ip6-localhost", "ip6-loopback"}
_NOBODYS = (".invalid", ".test")  # names that exist nowhere, by RFC 6761: answered here, nobody is asked
_TALKS = {"socket.connect", "socket.sendto", "socket.sendmsg", "socket.bind"}
_ASKS = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}
_armed = False


def arm(record: Path | None = None) -> None:
    """Guard this process and those it starts; `record` is where refusals are written from now on."""
    global _armed
    if record is not None:
        os.environ[RECORD] = str(record)
    os.environ["PYTHONPATH"] = _with_guard(os.environ.get("PYTHONPATH"))
    if not _armed:
        _armed = True
        sys.addaudithook(_watch)


def _with_guard(path: str | None) -> str:
    rooms = [room for room in (path or "").split(os.pathsep) if room and room != HERE]
    return os.pathsep.join([HERE, *rooms])


def _watch(event: str, args: tuple[object, ...]) -> None:
    if event in _TALKS:
        _talk(event, args[1])
    elif event in _ASKS:
        _ask(event, args[0])
    elif event == "subprocess.Popen" and isinstance(args[3], dict):
        _guard_child(args[3])


def _guard_child(environment: dict[str, str]) -> None:
    """A child with an environment of its own is guarded as we are; what it was given for itself stays."""
    environment["PYTHONPATH"] = _with_guard(environment.get("PYTHONPATH"))
    for name in (RECORD, ALL):
        if name in os.environ:
            environment.setdefault(name, os.environ[name])


def _talk(event: str, address: object) -> None:
    if not isinstance(address, tuple):
        return  # a socket file, or a kind that leaves no machine
    where = f"{event.removeprefix('socket.')} {address[0]}:{address[1]}"
    if _is_here(str(address[0])):
        if os.environ.get(ALL):
            _write(f"allowed {where}")
    elif str(address[0]).endswith(_NOBODYS):
        raise socket.gaierror(socket.EAI_NONAME, "a name that exists nowhere")
    else:
        _refuse(where)
        raise PermissionError(f"the guard of the tests refused to {where}")


def _ask(event: str, name: object) -> None:
    told = name.decode("ascii", "replace") if isinstance(name, bytes) else str(name or "")
    if _is_here(told):
        return
    if not told.endswith(_NOBODYS):
        _refuse(f"{event.removeprefix('socket.')} {told}")
    raise socket.gaierror(socket.EAI_NONAME, "the guard of the tests knows no other machine")


def _is_here(host: str) -> bool:
    if host.lower() in _OWN_NAMES or host.lower() == socket.gethostname().lower():
        return True
    try:
        return ipaddress.ip_address(host.split("%")[0]).is_loopback
    except ValueError:
        return False


def _refuse(what: str) -> None:
    _write(f"refused {what} by {' '.join(sys.orig_argv)[:200]}")


def _write(line: str) -> None:
    record = os.environ.get(RECORD)
    if record:
        with open(record, "a", encoding="utf-8", errors="replace") as file:
            file.write(" ".join(line.split()) + "\n")
