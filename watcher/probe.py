"""The opt-in look at AliExpress's hosts: a name resolved and a TLS handshake, nothing asked, nothing sent.

Law: what is looked at is a host of our own list, never an address: no function here takes one. Only public
addresses are connected to, each pinned as it was resolved; looks are few, and each ends within seconds.
"""

import ipaddress
import json
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from enum import StrEnum

from rules.probing import Finding, Look, Seen, conclude
from watcher.clock import instant, monotonic, stamp
from watcher.diary import Diary

PORT = 443
PATIENCE = 5.0  # seconds for the name, and again for each address
EVERY = timedelta(hours=1)
AGAIN = timedelta(minutes=20)  # sooner where a name was not there: the second look decides
FRESH = timedelta(hours=3)  # older findings say nothing any more
_KEPT = 12  # looks remembered of each host
_ADDRESSES = 2  # tried at most, one of each family

# Not public, though the standard library's older tables call some of them so.
_ALSO_NOT_PUBLIC = [
    ipaddress.ip_network(each)
    for each in (
        "100.64.0.0/10", "192.88.99.0/24", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32",
        "3fff::/20", "5f00::/16",
    )
]  # fmt: skip


class Host(StrEnum):
    """All hosts that are ever looked at."""

    WWW = "www.aliexpress.com"
    TRADE = "trade.aliexpress.com"
    LOGIN = "login.aliexpress.com"


SIBLING: Mapping[Host, Host] = {Host.WWW: Host.TRADE, Host.TRADE: Host.WWW, Host.LOGIN: Host.WWW}

Resolve = Callable[[str], Sequence[str]]
Connect = Callable[[str, float], socket.socket]


def look(
    host: Host,
    resolve: Resolve | None = None,
    connect: Connect | None = None,
    context: ssl.SSLContext | None = None,
    patience: float = PATIENCE,
) -> Seen:
    """Resolve a host of our list and shake hands by TLS; at most `patience` seconds for each step."""
    if not isinstance(host, Host):
        raise TypeError("only a host of our own list is looked at")
    found = _addresses(host, resolve or _resolve, patience)
    if isinstance(found, Seen):
        return found
    seen = Seen.UNREACHABLE
    for address in found:
        seen = _handshake(
            host, address, connect or _connect, context or ssl.create_default_context(), patience
        )
        if seen is not Seen.UNREACHABLE:
            break
    return seen


def is_public(address: str) -> bool:
    """Whether an address is one of the open network; a v4 address inside a v6 one counts as itself."""
    parsed = ipaddress.ip_address(address)
    inner = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    meant = inner or parsed
    inside = any(meant.version == net.version and meant in net for net in _ALSO_NOT_PUBLIC)
    return meant.is_global and not meant.is_multicast and not inside


def _addresses(host: Host, resolve: Resolve, patience: float) -> list[str] | Seen:
    """The public addresses to try, one of each family; or what the resolver's answer means."""
    answer = _in_time(lambda: resolve(host.value), patience)
    if isinstance(answer, socket.gaierror):
        missing = {socket.EAI_NONAME: Seen.NO_NAME, _NODATA: Seen.NO_ADDRESS}
        return missing.get(answer.errno or 0, Seen.NO_RESOLVER)
    if answer is None or isinstance(answer, Exception):
        return Seen.NO_RESOLVER
    if not answer:
        return Seen.NO_ADDRESS
    parsed = [ipaddress.ip_address(each.partition("%")[0]) for each in answer]
    if any(each.is_unspecified or each.is_loopback for each in parsed):
        return Seen.SINKHOLE
    if not all(is_public(str(each)) for each in parsed):
        return Seen.PRIVATE
    first_of_each = {each.version: str(each) for each in reversed(parsed)}
    return list(first_of_each.values())[:_ADDRESSES]


_NODATA: int = getattr(socket, "EAI_NODATA", -5)  # not every system has it
_resolving = threading.BoundedSemaphore(2)


def _in_time(work: Callable[[], Sequence[str]], seconds: float) -> Sequence[str] | Exception | None:
    """The answer of a resolver that can't be told to hurry; None where it, or two others, are late."""
    if not _resolving.acquire(blocking=False):
        return None
    got: list[Sequence[str] | Exception] = []

    def run() -> None:
        try:
            got.append(work())
        except Exception as error:
            got.append(error)
        finally:
            _resolving.release()

    thread = threading.Thread(target=run, name="resolving", daemon=True)
    thread.start()
    thread.join(seconds)
    return got[0] if got else None


def _resolve(name: str) -> Sequence[str]:
    found = socket.getaddrinfo(name, PORT, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


def _connect(address: str, seconds: float) -> socket.socket:
    return socket.create_connection((address, PORT), timeout=seconds)


def _handshake(host: Host, address: str, connect: Connect, context: ssl.SSLContext, patience: float) -> Seen:
    until = monotonic() + patience
    try:
        with connect(address, patience) as plain:
            plain.setblocking(False)
            with context.wrap_socket(
                plain, server_hostname=host.value, do_handshake_on_connect=False
            ) as secured:
                return _shake(secured, until)
    except ssl.SSLCertVerificationError:
        return Seen.BAD_CERTIFICATE
    except ssl.SSLEOFError:
        return Seen.UNREACHABLE
    except ssl.SSLError:
        return Seen.NOT_TLS
    except OSError:
        return Seen.UNREACHABLE


def _shake(secured: ssl.SSLSocket, until: float) -> Seen:
    """Shake hands and leave: not a byte of any request follows."""
    while (left := until - monotonic()) > 0:
        try:
            secured.do_handshake()
        except ssl.SSLWantReadError:
            select.select([secured], [], [], left)
        except ssl.SSLWantWriteError:
            select.select([], [secured], [], left)
        else:
            return Seen.UP
    return Seen.UNREACHABLE


class Probe:
    """Looks now and then while something is open, and remembers what was found.

    `wanted` tells whether a case waits for the buyer, `mail_alive` whether mail came through of late.
    """

    def __init__(
        self,
        diary: Diary,
        wanted: Callable[[], bool],
        mail_alive: Callable[[], bool],
        now: Callable[[], datetime],
        look: Callable[[Host], Seen] = look,
    ) -> None:
        self._diary = diary
        self._wanted = wanted
        self._mail_alive = mail_alive
        self._now = now
        self._look = look

    def look_if_due(self) -> None:
        """Look at every host of the list once an hour, sooner where the second look decides."""
        now, looks = self._now(), remembered(self._diary)
        if not self._wanted() or not _is_due(looks, now):
            return
        self.look_now()

    def look_now(self) -> Mapping[Host, Finding]:
        """Look at every host of the list; raises StoreError."""
        now, looks = self._now(), remembered(self._diary)
        seen = {host: self._look(host) for host in Host}
        fresh = [Look(host, seen[host], now, seen[SIBLING[host]] is Seen.UP) for host in Host]
        alive = self._mail_alive()
        found = {Host(each.host): conclude(each, looks, alive) for each in fresh}
        kept = [each for host in Host for each in _of(looks, host)[-_KEPT:]]
        self._diary.put("probe_looks", json.dumps([_written(each) for each in (*kept, *fresh)]))
        self._diary.put(
            "probe_findings", json.dumps({"at": stamp(now), **{host.value: found[host] for host in Host}})
        )
        return found


def findings(diary: Diary, now: datetime) -> Mapping[str, Finding]:
    """What is known of each host at `now`, nothing where the last look is too old; raises StoreError."""
    with suppress(ValueError, KeyError, TypeError):
        told = json.loads(diary.get("probe_findings") or "{}")
        if timedelta() <= now - instant(told["at"]) <= FRESH:
            return {host.value: Finding(told[host.value]) for host in Host}
    return {}


def remembered(diary: Diary) -> list[Look]:
    """The looks remembered, oldest first; raises StoreError."""
    with suppress(ValueError, KeyError, TypeError):
        rows = json.loads(diary.get("probe_looks") or "[]")
        return [Look(row["host"], Seen(row["seen"]), instant(row["at"]), row["sibling_up"]) for row in rows]
    return []


def _written(look: Look) -> dict[str, object]:
    return {"host": look.host, "seen": look.seen, "at": stamp(look.at), "sibling_up": look.sibling_up}


def _is_due(looks: Iterable[Look], now: datetime) -> bool:
    last = max(looks, key=lambda each: each.at, default=None)
    if last is None or last.at > now:
        return True
    newest = [each for each in looks if each.at == last.at]
    doubtful = any(each.seen is Seen.NO_NAME for each in newest)
    return now - last.at >= (AGAIN if doubtful else EVERY)


def _of(looks: Iterable[Look], host: Host) -> list[Look]:
    return sorted((each for each in looks if each.host == host), key=lambda each: each.at)
