"""The look at hosts: a name and a handshake, verdicts told apart, and in no mode a request or an address."""

import contextlib
import inspect
import itertools
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import trustme

import watcher.probe
from rules.alerts import due
from rules.facts import Anchor, Kind, Link, LinkReason, LinkVerdict, Role
from rules.links import look as judged
from rules.policy import Ringing
from rules.probing import APART, Finding, Look, Seen, conclude, marked
from rules.telling import tell
from support.judgement import POLICY, at, notice, only, words
from watcher.clock import monotonic
from watcher.database import Database
from watcher.diary import Diary
from watcher.doctor import _PROBED
from watcher.probe import SIBLING, Host, Probe, findings, is_public, look, remembered

NOW = datetime(2025, 3, 8, 12, 0, tzinfo=UTC)
PUBLIC = "93.184.215.14"
ACTION = "https://www.aliexpress.com/issue/accept.htm?orderId=8123456789012345&token=t"


class Shop:
    """A shop on loopback where every GET and HEAD acts; it keeps what it is sent after the handshake."""

    def __init__(self, certificate: trustme.LeafCert | None, mute: bool = False) -> None:
        self.accepted: list[bytes] = []
        self.handshakes: list[str | None] = []
        self._mute = mute
        self._held: list[socket.socket] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if certificate else None
        if self._context is not None and certificate is not None:
            certificate.configure_cert(self._context)
            self._context.sni_callback = lambda sock, name, context: self.handshakes.append(name)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                plain, _ = self._listening.accept()
            except OSError:
                return
            plain.settimeout(5)
            try:
                if self._mute:
                    self._held.append(plain)
                    continue
                talking = self._context.wrap_socket(plain, server_side=True) if self._context else plain
                with talking:
                    self._act(talking)
            except OSError:
                plain.close()

    def _act(self, talking: socket.socket) -> None:
        got = talking.recv(65536)
        if got and (self._context or got.startswith((b"GET", b"HEAD"))):
            self.accepted.append(got)  # the offer is accepted: what must never happen
        elif got:
            talking.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    def connect(self, address: str, seconds: float) -> socket.socket:
        """Stand for the public address that was asked for."""
        assert address == PUBLIC
        return socket.create_connection(("127.0.0.1", self.port), timeout=seconds)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._listening.close()
        self._thread.join(6)
        for plain in self._held:
            plain.close()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture
def opened() -> Iterator[Callable[..., Shop]]:
    shops: list[Shop] = []

    def make(*arguments: object, **more: object) -> Shop:
        shops.append(Shop(*arguments, **more))  # type: ignore[arg-type]
        return shops[-1]

    yield make
    for shop in shops:
        shop.close()


def resolver(*addresses: str) -> Callable[[str], Sequence[str]]:
    return lambda name: addresses


def failing(code: int) -> Callable[[str], Sequence[str]]:
    def resolve(name: str) -> Sequence[str]:
        raise socket.gaierror(code, "no")

    return resolve


def never(address: str, seconds: float) -> socket.socket:
    raise AssertionError(f"connected to {address}")


def test_a_host_is_up_after_a_handshake_and_nothing_was_asked(authority, trusting, opened) -> None:
    shop = opened(authority.issue_cert(*[host.value for host in Host]))
    for host in Host:
        assert look(host, resolver(PUBLIC), shop.connect, trusting) is Seen.UP
    shop.close()
    assert shop.handshakes == [host.value for host in Host]
    assert shop.accepted == []


def test_in_no_outcome_is_a_request_sent(authority, trusting, opened) -> None:
    good = authority.issue_cert(Host.WWW.value)
    shops = {
        Seen.UP: opened(good),
        Seen.BAD_CERTIFICATE: opened(authority.issue_cert("login.portal.example")),
        Seen.NOT_TLS: opened(None),
        Seen.UNREACHABLE: opened(None, mute=True),
    }
    for expected, shop in shops.items():
        assert look(Host.WWW, resolver(PUBLIC), shop.connect, trusting, patience=1.0) is expected
    unknown = opened(trustme.CA().issue_cert(Host.WWW.value))
    assert look(Host.WWW, resolver(PUBLIC), unknown.connect, trusting) is Seen.BAD_CERTIFICATE
    for shop in (*shops.values(), unknown):
        shop.close()
        assert shop.accepted == []


def test_the_test_shop_does_act_on_a_get_and_a_head(authority, trusting, opened) -> None:
    shop = opened(authority.issue_cert(Host.WWW.value))
    for method in (b"GET", b"HEAD"):
        with (
            shop.connect(PUBLIC, 5) as plain,
            trusting.wrap_socket(plain, server_hostname=Host.WWW.value) as talking,
        ):
            talking.sendall(method + b" /accept HTTP/1.1\r\n\r\n")
            talking.recv(1)
    shop.close()
    assert len(shop.accepted) == 2


def test_a_dead_line_ends_in_time(trusting, opened) -> None:
    shop = opened(None, mute=True)

    def refused(address: str, seconds: float) -> socket.socket:
        raise ConnectionRefusedError

    assert look(Host.WWW, resolver(PUBLIC), refused, trusting) is Seen.UNREACHABLE
    began = monotonic()
    assert look(Host.WWW, resolver(PUBLIC), shop.connect, trusting, patience=0.3) is Seen.UNREACHABLE
    assert monotonic() - began < 3


@pytest.mark.parametrize(
    ("resolve", "seen"),
    [
        (resolver("0.0.0.0"), Seen.SINKHOLE),
        (resolver("::"), Seen.SINKHOLE),
        (resolver("127.0.0.1"), Seen.SINKHOLE),
        (resolver(PUBLIC, "0.0.0.0"), Seen.SINKHOLE),
        (resolver("192.168.1.2"), Seen.PRIVATE),
        (resolver(PUBLIC, "10.0.0.1"), Seen.PRIVATE),
        (resolver("fd00::1"), Seen.PRIVATE),
        (resolver("fe80::1%eth0"), Seen.PRIVATE),
        (resolver("169.254.169.254"), Seen.PRIVATE),
        (resolver("100.64.0.1"), Seen.PRIVATE),
        (resolver("64:ff9b::7f00:1"), Seen.PRIVATE),
        (resolver("2002:7f00:1::"), Seen.PRIVATE),
        (resolver("::ffff:10.0.0.1"), Seen.PRIVATE),
        (resolver("224.0.0.1"), Seen.PRIVATE),
        (resolver(), Seen.NO_ADDRESS),
        (failing(socket.EAI_NONAME), Seen.NO_NAME),
        (failing(-5), Seen.NO_ADDRESS),
        (failing(socket.EAI_AGAIN), Seen.NO_RESOLVER),
    ],
)
def test_only_public_addresses_are_ever_connected_to(resolve, seen) -> None:
    assert look(Host.WWW, resolve, never) is seen


def test_a_public_address_is_public_in_both_families() -> None:
    assert is_public(PUBLIC)
    assert is_public("2600:1f18::1")
    assert is_public(f"::ffff:{PUBLIC}")


def test_the_address_resolved_is_the_one_connected_to() -> None:
    tried: list[str] = []

    def connect(address: str, seconds: float) -> socket.socket:
        tried.append(address)
        raise TimeoutError

    names = iter([[PUBLIC, "2600:1f18::1", "93.184.215.15"], ["127.0.0.1"]])
    assert look(Host.WWW, lambda name: next(names), connect) is Seen.UNREACHABLE
    assert sorted(tried) == ["2600:1f18::1", PUBLIC]


def test_a_resolver_that_hangs_is_not_waited_for() -> None:
    stuck = threading.Event()

    def resolve(name: str) -> Sequence[str]:
        stuck.wait(20)
        return [PUBLIC]

    try:
        answers = [look(Host.WWW, resolve, never, patience=0.05) for _ in range(4)]
        assert answers == [Seen.NO_RESOLVER] * 4
        assert sum(thread.name == "resolving" for thread in threading.enumerate()) <= 2
    finally:
        stuck.set()


@pytest.mark.parametrize("given", [ACTION, "www.aliexpress.com", "evil.example", None, b"www"])
def test_nothing_but_a_host_of_our_list_can_be_looked_at(given) -> None:
    with pytest.raises(TypeError):
        look(given, resolver(PUBLIC), never)


def test_the_module_knows_no_way_to_ask_for_a_page() -> None:
    source = inspect.getsource(watcher.probe)
    for word in ("http.client", "urllib", "requests", "httpx", ".send(", ".sendall(", ".write("):
        assert word not in source


# what follows from the looks


def one(seen: Seen, sibling_up: bool = False, ago: timedelta = timedelta()) -> Look:
    return Look(Host.WWW.value, seen, NOW - ago, sibling_up)


@pytest.mark.parametrize(
    ("look", "mail", "finding"),
    [
        (one(Seen.UP), False, Finding.HOST_UP),
        (one(Seen.SINKHOLE), False, Finding.DNS_FILTER),
        (one(Seen.PRIVATE), True, Finding.DNS_FILTER),
        (one(Seen.PRIVATE, True), False, Finding.DNS_FILTER),
        (one(Seen.PRIVATE), False, Finding.CAPTIVE_PORTAL),
        (one(Seen.BAD_CERTIFICATE), False, Finding.CAPTIVE_PORTAL),
        (one(Seen.BAD_CERTIFICATE), True, Finding.INTERCEPTED),
        (one(Seen.NOT_TLS, True), False, Finding.INTERCEPTED),
        (one(Seen.NO_ADDRESS, True), False, Finding.DNS_FILTER),
        (one(Seen.NO_ADDRESS), True, Finding.UNREACHABLE),
        (one(Seen.NO_NAME, True), True, Finding.UNSURE),
        (one(Seen.NO_NAME), True, Finding.UNREACHABLE),
        (one(Seen.NO_NAME), False, Finding.OFFLINE),
        (one(Seen.NO_RESOLVER), False, Finding.OFFLINE),
        (one(Seen.UNREACHABLE), False, Finding.OFFLINE),
        (one(Seen.UNREACHABLE), True, Finding.UNREACHABLE),
    ],
)
def test_each_cause_is_told_apart(look: Look, mail: bool, finding: Finding) -> None:
    assert conclude(look, [], mail) is finding


def test_a_host_is_gone_only_with_its_sibling_up_and_two_looks_apart() -> None:
    waits = [timedelta(), timedelta(minutes=14, seconds=59), APART, timedelta(hours=6), timedelta(days=1)]
    for first, second, up_then, up_now, wait, mail in itertools.product(
        Seen, Seen, (True, False), (True, False), waits, (True, False)
    ):
        found = conclude(one(second, up_now), [one(first, up_then, wait)], mail)
        proven = (
            first is second is Seen.NO_NAME and up_then and up_now and APART <= wait <= timedelta(hours=6)
        )
        assert (found is Finding.HOST_GONE) == proven


def test_another_hosts_look_confirms_nothing() -> None:
    other = Look(Host.TRADE.value, Seen.NO_NAME, NOW - APART, True)
    assert conclude(one(Seen.NO_NAME, True), [other], True) is Finding.UNSURE


def a_link(verdict: LinkVerdict = LinkVerdict.PLAUSIBLE, role: Role = Role.ACCEPT) -> Link:
    return Link(role, ACTION, "Accept", verdict)


@pytest.mark.parametrize("finding", Finding)
def test_a_finding_never_makes_a_link_better(finding: Finding) -> None:
    found = {Host.WWW.value: finding}
    (link,) = marked([a_link()], found)
    expected = {
        Finding.DNS_FILTER: (LinkVerdict.BLOCKED_HERE, LinkReason.DNS_FILTER),
        Finding.HOST_GONE: (LinkVerdict.BROKEN, LinkReason.HOST_GONE),
    }
    assert (link.verdict, link.reason) == expected.get(finding, (LinkVerdict.PLAUSIBLE, None))
    worse = [a_link(LinkVerdict.BROKEN), a_link(LinkVerdict.SUSPICIOUS), a_link(role=Role.OTHER)]
    assert list(marked(worse, found)) == worse


@pytest.mark.parametrize("locale", ["en", "es"])
def test_an_alert_says_that_the_filter_blocks_it_and_shows_no_address(locale: str) -> None:
    case = only(notice(Kind.OFFER, anchors=(Anchor(ACTION, "Accept", Role.ACCEPT),)))
    links = judged(case.anchors, case.orders, at(minutes=2), POLICY.hosts)
    rung = due(case, at(minutes=2), Ringing(), ())
    assert rung is not None

    def told(finding: Finding) -> str:
        found = marked(links, {Host.WWW.value: finding})
        return tell(rung, case, found, words(locale), ZoneInfo("UTC"), at(minutes=2)).body

    assert "DNS" in told(Finding.DNS_FILTER)
    assert "Pi-hole" in told(Finding.DNS_FILTER)
    assert words(locale).say("note.gone", host=Host.WWW.value) in told(Finding.HOST_GONE)
    assert words(locale).say("note.broken") not in told(Finding.HOST_GONE)
    assert "DNS" not in told(Finding.HOST_UP)
    assert "token" not in told(Finding.DNS_FILTER)


# now and then


@pytest.fixture
def diary(tmp_path) -> Iterator[Diary]:
    database = Database(tmp_path)
    yield Diary(database)
    database.close()


class Steps:
    """A clock and a network that tests turn by hand."""

    def __init__(self, diary: Diary, wanted: bool = True) -> None:
        self.at = NOW
        self.seen = dict.fromkeys(Host, Seen.UP)
        self.looks: list[datetime] = []
        self.wanted = wanted
        self.probe = Probe(diary, lambda: self.wanted, lambda: True, lambda: self.at, self._look)

    def _look(self, host: Host) -> Seen:
        self.looks.append(self.at)
        return self.seen[host]

    def pass_by(self, minutes: int) -> None:
        for _ in range(minutes // 5):
            self.at += timedelta(minutes=5)
            self.probe.look_if_due()


def test_looks_are_few_and_only_while_something_is_open(diary: Diary) -> None:
    steps = Steps(diary)
    steps.pass_by(24 * 60)
    assert len(steps.looks) == 24 * len(Host)
    steps.wanted = False
    steps.pass_by(24 * 60)
    assert len(steps.looks) == 24 * len(Host)


def test_a_host_without_a_name_is_gone_at_the_second_look(diary: Diary) -> None:
    steps = Steps(diary)
    steps.seen[Host.TRADE] = Seen.NO_NAME
    steps.pass_by(5)
    assert findings(diary, steps.at)[Host.TRADE.value] is Finding.UNSURE
    steps.pass_by(20)
    assert findings(diary, steps.at)[Host.TRADE.value] is Finding.HOST_GONE
    assert findings(diary, steps.at)[Host.WWW.value] is Finding.HOST_UP


def test_old_or_torn_findings_say_nothing(diary: Diary) -> None:
    steps = Steps(diary)
    steps.pass_by(5)
    assert findings(diary, steps.at + timedelta(hours=4)) == {}
    assert findings(diary, steps.at - timedelta(hours=1)) == {}
    diary.put("probe_findings", '{"at": 3}')
    diary.put("probe_looks", "[{}]")
    assert findings(diary, steps.at) == {}
    assert remembered(diary) == []


def test_few_looks_are_remembered(diary: Diary) -> None:
    steps = Steps(diary)
    steps.pass_by(3 * 24 * 60)
    assert len(remembered(diary)) <= 13 * len(Host)


def test_every_host_has_another_as_its_sibling_and_every_finding_a_word() -> None:
    assert all(SIBLING[host] is not host for host in Host)
    assert set(_PROBED) == {finding.value for finding in Finding}
