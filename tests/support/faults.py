"""A whole watcher between a real mail server and a real mail sink, with an oracle: offers in, alerts out.

Law: the oracle knows nothing of the watcher's memory. It counts what was put into the mailbox and what the
sink took: an offer without an alert is missed, a second mail with the same key is doubled.
"""

import contextlib
import os
import random
import re
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import compat32
from email.utils import format_datetime
from functools import cache
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from rules.policy import Ringing
from support.dovecot import Dovecot
from support.proxy import Proxy
from support.smtp import SmtpSink
from support.watching import judge, policy, summary
from watcher import daemon as daemon_module
from watcher import delivery as delivery_module
from watcher import diary as diary_module
from watcher import looking as looking_module
from watcher.app import App
from watcher.channels import Attempt, Channel, Surroundings
from watcher.channels.mail import EmailChannel
from watcher.channels.smtp import Server
from watcher.clock import stamp, utc_now
from watcher.daemon import Daemon
from watcher.delivery import Delivery, Patience
from watcher.emergency import Emergency
from watcher.loading import load_words
from watcher.looking import Watch
from watcher.mailboxes import Message
from watcher.mailboxes import fetching as fetching_module
from watcher.mailboxes.imap import ImapMailbox
from watcher.mailboxes.wire import Timeouts
from watcher.providers import Authority
from watcher.readers import notice_of
from watcher.recipe import Recipe
from watcher.speech import HouseSpeech
from watcher.store import FILE_NAME, Store
from watcher.tokens import Access, SignIn, TokenFile

AUTHSERV = "mx.faults.example"
SLACK = float(
    os.environ.get("OFFERWATCH_SLACK", "4")
)  # how much longer everything may take, where unpromised
ALLOWED = {
    "CAPABILITY", "ID", "LIST", "EXAMINE", "NOOP", "IDLE", "LOGOUT", "UID SEARCH", "UID FETCH",
    "AUTHENTICATE", "LOGIN", "STARTTLS", "DONE",
}  # fmt: skip
_PART = """<html><body><h2>The seller has proposed a solution</h2>
<p>The seller answered your dispute and offers you a partial refund of US $12.50.</p>
<table><tr><td>Order number</td><td>{order}</td></tr><tr><td>Dispute ID</td><td>{dispute}</td></tr></table>
<p>You have {span} left to accept or reject this proposal.</p></body></html>
"""


@dataclass(frozen=True)
class Offer:
    """A mail that must ring, and the order by which its alert is known."""

    order: str
    raw: bytes


def an_offer(
    number: int,
    span: str = "5 days",
    sent_at: datetime | None = None,
    *,
    date: bool = True,
    message_id: str | None = "",
    text: str | None = None,
    verified: bool = True,
) -> Offer:
    """An offer for the order of this number; with `text` a text part stands beside the HTML.
    `message_id` None leaves the header out, as `date` false does."""
    order, dispute = str(8150004417000000 + number), str(6215520774000000 + number)
    mail = EmailMessage()
    if verified:
        result = "dkim=pass header.d=notice.aliexpress.com; dmarc=pass header.from=notice.aliexpress.com"
        mail["Authentication-Results"] = f"{AUTHSERV}; {result}"
    mail["From"] = "AliExpress <transaction@notice.aliexpress.com>"
    mail["To"] = "buyer@example.org"
    mail["Subject"] = f"The seller made you an offer for order {order}"
    if date:
        mail["Date"] = format_datetime(sent_at or utc_now())
    if message_id is not None:
        mail["Message-ID"] = message_id or f"<offer-{number}@notice.aliexpress.com>"
    html = _PART.format(order=order, dispute=dispute, span=span)
    if text is None:
        mail.set_content(html, subtype="html")
    else:
        mail.set_content(text)
        mail.add_alternative(html, subtype="html")
    return Offer(order, mail.as_bytes().replace(b"\n", b"\r\n"))


class Postman(SmtpSink):
    """A sink that also drops what it takes into the watched mailbox, as the user's own provider does."""

    into: Callable[[bytes], object] | None = None

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        before = len(self.taken)
        answer = await super().handle_DATA(server, session, envelope)
        if self.into is not None:
            for taken in self.taken[before:]:
                self.into(taken.raw)
        return answer


class Chaos(Proxy):
    """A proxy whose fault can be changed while it runs."""

    def suffer(self, kind: str, after: int = 0, times: int | None = None) -> None:
        """The next `times` connections (None: all) are "cut", "reset" or a "hole" after so many bytes."""
        self._limit, self._reset, self._hole = after, kind == "reset", kind == "hole"
        self._times = None if times is None else self.connections + times

    def drip(self, seconds: float, times: int | None = None) -> None:
        """To the next `times` connections (None: all) every byte comes so many seconds after the last."""
        self._limit, self._drip = None, seconds
        self._times = None if times is None else self.connections + times

    def heal(self) -> None:
        """New connections pass unharmed again."""
        self._limit, self._reset, self._hole, self._drip = None, False, False, 0.0

    def aim(self, port: int) -> None:
        """New connections go to another port."""
        self._target = port


@dataclass(frozen=True)
class Plan:
    """How to watch; plain values only, so that a process of its own can be given it."""

    state: str
    imap_port: int
    smtp_port: int
    user: str
    password: str = "swordfish"
    folders: tuple[str, ...] = ("INBOX",)
    window: float = 60.0
    read: float = 1.0
    command: float = 180.0
    full_every: float = 3600.0
    tick_every: float = 0.5
    poll_every: float = 60.0
    grace: float = 0.0
    at_most: float = 20.0
    backfill: float = 90 * 86400.0
    probed: bool = True
    tokens: str = ""  # where tokens come from, instead of the password
    hasty: bool = True  # whether a process of its own makes its pauses short


@dataclass
class Built:
    """A watcher put together, with the parts that tests look into."""

    store: Store
    app: App
    daemon: Daemon
    channels: tuple[Channel, ...]
    emergency: Emergency


@cache
def _recipe() -> Recipe:
    return Recipe(None, (AUTHSERV,))


def read(message: Message) -> Any:
    """The real reader, in this process."""
    return notice_of(_recipe()(message.raw, message.received_at), message)


def warm_up() -> None:
    """Load all that a watcher loads with its first mail and its first alert."""
    raw = an_offer(1).raw
    notice = read(Message(raw, utc_now(), "warm-up", None, len(raw)))
    speech = HouseSpeech(Ringing(), load_words("en"), policy().hosts, UTC)
    for case in judge((notice,), {}, {}):
        due = speech.due(case, utc_now(), (), utc_now())
        assert due is not None
        around = Surroundings(utc_now, UTC)
        server = Server("127.0.0.1", 9, "none")
        channel = EmailChannel("email", server, "offerwatch@example.org", ("buyer@example.org",), around)
        channel.message(speech.case(due, case, utc_now()), Attempt("<warm-up@example.org>")).as_bytes()


def mailbox(plan: Plan, folder: str = "INBOX", **changes: Any) -> ImapMailbox:
    """The real mailbox of a plan."""
    limits = Timeouts(
        connect=2.0,
        read=plan.read,
        body_search=5.0,
        command=plan.command,
        window=plan.window,
        slice=0.05,
        full_every=plan.full_every,
    )
    settings: dict[str, Any] = {"secret": lambda: plan.password, "timeouts": limits}
    if plan.tokens:
        settings |= {"secret": None, "token": access(plan)}
    poll = timedelta(seconds=plan.poll_every)
    return ImapMailbox(
        "home", "127.0.0.1", plan.imap_port, "none", plan.user, folder=folder, poll_every=poll,
        **(settings | changes),
    )  # fmt: skip


def access(plan: Plan, clock: Callable[[], float] = time.monotonic) -> Access:
    """The real sign-in of a plan, kept in its state folder."""
    authority = Authority("microsoft", plan.tokens, ("mail",))
    return Access(sign_in_file(plan), plan.user, authority, utc_now, clock)


def sign_in_file(plan: Plan) -> TokenFile:
    return TokenFile(Path(plan.state), "home")


def signed_in(plan: Plan, refresh_token: str) -> None:
    """What a person who signs in leaves behind."""
    sign_in_file(plan).save(SignIn("microsoft", plan.user, "client", refresh_token, stamp(utc_now())))


def build(
    plan: Plan,
    now: Callable[[], datetime] = utc_now,
    more: Sequence[Channel] = (),
    make_mailbox: Callable[[Plan, str], Any] = mailbox,
    ringing: Ringing | None = None,
    **options: Any,
) -> Built:
    """Put the real watcher together; `more` channels stand beside the email channel."""
    store = Store(Path(plan.state), judge, summary)
    around = Surroundings(now, UTC, "en", store.own_mail.probe, None)
    server = Server("127.0.0.1", plan.smtp_port, "none", timeout=3.0)
    email = EmailChannel("email", server, "offerwatch@example.org", ("buyer@example.org",), around)
    channels = (email, *more)
    speech = HouseSpeech(ringing or Ringing(), load_words("en"), policy().hosts, UTC)
    app = App(store, speech, read, channels, watched=[("home", f) for f in plan.folders], now=now)
    emergency = Emergency(app, channels, judge)
    watches = [
        Watch(
            "home",
            folder,
            make_mailbox(plan, folder),
            backfill=timedelta(seconds=plan.backfill),
            poll_every=timedelta(seconds=plan.poll_every),
        )
        for folder in plan.folders
    ]
    patience = Patience(timedelta(seconds=plan.grace), timedelta(seconds=plan.at_most))
    probed = ["email"] if plan.probed else []
    delivery = Delivery(store.outbox, channels, probed=probed, patience=patience, now=now)
    daemon = Daemon(
        app, watches, delivery, emergency, Path(plan.state), tick_every=plan.tick_every, **options
    )
    return Built(store, app, daemon, channels, emergency)


_PAUSES = {
    (looking_module, "pause_after"): lambda error, failures: min(0.2, _pause_after(error, failures)),
    (looking_module, "STORE_PAUSE"): 0.2,
    (looking_module, "NETWORK_PAUSE"): 0.2,
    (delivery_module, "BACK_OFF"): (timedelta(seconds=0.2), timedelta(seconds=0.4)),
    (delivery_module, "NAP"): 1.0,
    (daemon_module, "BEAT"): 0.2,
    (fetching_module, "REST"): 0.5,
    (diary_module, "AGAIN"): timedelta(seconds=0.5),
}
_pause_after = looking_module.pause_after
_AS_USERS_HAVE_THEM = {(module, name): getattr(module, name) for module, name in _PAUSES}


def short_pauses() -> contextlib.AbstractContextManager[None]:
    """Every pause after trouble shortened, so that a run of a test lasts seconds; none left out."""
    return _pauses(_PAUSES)


def patient() -> contextlib.AbstractContextManager[None]:
    """Every pause as users have it."""
    return _pauses(_AS_USERS_HAVE_THEM)


@contextlib.contextmanager
def _pauses(wanted: dict[tuple[Any, str], Any]) -> Iterator[None]:
    before = {(module, name): getattr(module, name) for module, name in wanted}
    for (module, name), value in wanted.items():
        setattr(module, name, value)
    try:
        yield
    finally:
        for (module, name), value in before.items():
            setattr(module, name, value)


@dataclass(frozen=True)
class Tally:
    """What the oracle counted in one run of one fault."""

    fault: str
    seed: int
    injected: int
    delivered: int
    missed: int
    doubled: int


@dataclass
class Scene:
    """One mailbox, one sink, one watcher that may come and go, and what was put in."""

    fault: str
    seed: int
    server: Any
    plan: Plan
    sink: Postman
    options: dict[str, Any] = field(default_factory=dict)
    offers: list[Offer] = field(default_factory=list)
    built: Built | None = None
    untouched: bool = True
    tallies: list[Tally] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self._thread: threading.Thread | None = None
        self._codes: list[int] = []
        self._parsed: list[tuple[str, frozenset[str]]] = []
        self._parser = BytesParser(policy=compat32)  # ten times as quick as the modern one

    # the watcher

    def start(self, **options: Any) -> Built:
        """Start the watcher in a thread of this process."""
        built = self.built = build(self.plan, **{**self.options, **options})
        self._thread = threading.Thread(target=lambda: self._codes.append(built.daemon.run()), daemon=True)
        self._thread.start()
        return built

    def stop(self) -> None:
        """Stop it, which must work within 5 s in whatever state it is."""
        if self.built is None or self._thread is None:
            return
        began = time.monotonic()
        self.built.daemon.stop()
        self._thread.join(8)
        assert self._codes == [0], "the watcher did not end"
        assert time.monotonic() - began < 5, "the watcher took more than 5 s to end"
        self._codes, self.built, self._thread = [], None, None

    @contextlib.contextmanager
    def watching(self, **options: Any) -> Iterator[Built]:
        """The watcher, for as long as the block lasts."""
        built = self.start(**options)
        try:
            yield built
        finally:
            self.stop()

    # the mail

    def number(self) -> int:
        """A number that no other offer of this run has."""
        return self.seed % 400 * 1000 + len(self.offers) + 1

    def offer(self, folder: str = "INBOX", user: str | None = None, **kind: Any) -> Offer:
        """Put one offer into the mailbox as a delivery agent does."""
        made = an_offer(self.number(), **kind)
        self.expect(made)
        self.server.deliver(made.raw, folder, self.plan.user if user is None else user)
        return made

    def expect(self, made: Offer) -> Offer:
        """From now on this offer must ring."""
        self.offers.append(made)
        return made

    def offers_of(self, count: int, folder: str = "INBOX") -> list[Offer]:
        return [self.offer(folder) for _ in range(count)]

    # the oracle

    def alerts(self) -> list[tuple[str, frozenset[str]]]:
        """Key and named orders of every alert that the sink took."""
        while len(self._parsed) < len(self.sink.taken):
            mail = self._parser.parsebytes(self.sink.taken[len(self._parsed)].raw)
            texts = (part for part in mail.walk() if part.get_content_type() == "text/plain")
            body = next(texts, mail).get_payload(decode=True)
            text = body.decode("utf-8", "replace") if isinstance(body, bytes) else ""
            orders = frozenset(re.findall(r"\b81500044\d{8}\b", f"{mail['Subject']} {text}"))
            self._parsed.append(("".join(str(mail["X-Offerwatch-Key"]).split()), orders))
        return list(self._parsed)

    def rung(self) -> set[str]:
        """The orders about which an alert was taken."""
        return {order for _, orders in self.alerts() for order in orders}

    def rows(self, query: str) -> list[Any]:
        """What the watcher's own store says; the oracle does not use it."""
        with contextlib.closing(sqlite3.connect(Path(self.plan.state) / FILE_NAME, timeout=5)) as connection:
            return connection.execute(query).fetchall()

    def all_rung(self) -> bool:
        return {each.order for each in self.offers} <= self.rung()

    def nothing_waits(self) -> bool:
        return self.rows("SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending')") == [(0,)]

    def settle(self, seconds: float = 20.0) -> None:
        """Wait until every offer rang and nothing waits, then have the mailbox looked at once more; what
        has not rung by then is missed: the second look is only for what would ring twice."""
        patience = seconds + len(self.offers)  # each alert is a mail, on a machine that may be busy
        self.wait_for(lambda: self.all_rung() and self.nothing_waits(), patience, strict=False)
        if not self.all_rung():
            self.verdict()
        if self.built is not None:
            self.look_again()

    def wait_for(
        self, true: Callable[[], bool], seconds: float = 10.0, strict: bool = True, exact: bool = False
    ) -> bool:
        """Wait for a condition; with `strict` its absence is a failure of the run. A machine may be busy, so
        `seconds` are stretched, unless they are `exact`: the promise itself."""
        until = time.monotonic() + seconds * (1.0 if exact else SLACK)
        while not true():
            if time.monotonic() > until:
                assert not strict, f"{self.fault}: it did not happen within {seconds} s"
                return False
            time.sleep(0.02)
        return True

    def look_again(self) -> None:
        """Have every folder looked at once more, and wait for it."""
        assert self.built is not None
        lookers = self.built.daemon._lookers
        before = [looker.looked_at for looker in lookers]
        for looker in lookers:
            looker.look_now()
        self.wait_for(
            lambda: all(
                looker.looked_at is not None and looker.looked_at != at
                for looker, at in zip(lookers, before, strict=True)
            ),
            10,
            strict=False,
        )
        time.sleep(0.05)

    def looked(self) -> bool:
        """Whether every folder was looked at since the start."""
        return self.built is not None and all(one.looked_at is not None for one in self.built.daemon._lookers)

    def verdict(self, known: int = 0) -> Tally:
        """Count and assert: missed 0, doubled 0, no alert about our own alerts, not a flag changed.

        `known` repeats are forgiven, where the fault takes the watcher's whole memory.
        """
        alerts = self.alerts()
        wanted = {each.order for each in self.offers}
        missed = wanted - self.rung()
        keys = Counter(key for key, orders in alerts if orders)
        doubled = sum(count - 1 for count in keys.values())
        tally = Tally(self.fault, self.seed, len(wanted), len(wanted - missed), len(missed), doubled)
        self.tallies.append(tally)
        assert not missed, f"{self.fault} seed {self.seed}: missed {sorted(missed)}"
        assert doubled <= known, (
            f"{self.fault} seed {self.seed}: doubled {[k for k, n in keys.items() if n > 1]}"
        )
        strangers = {order for _, orders in alerts for order in orders} - wanted
        assert not strangers, f"{self.fault}: alerts about what nobody offered: {strangers}"
        if self.untouched and isinstance(self.server, Dovecot):
            for folder in self.plan.folders:
                flags = {flags for flags, _ in self.server.snapshot(folder, self.plan.user).values()}
                assert flags <= {b""}, f"{self.fault}: flags were set: {flags}"
        return tally

    def replan(self, **changes: Any) -> None:
        """Watch in another way from the next start on."""
        self.plan = replace(self.plan, **changes)


@contextlib.contextmanager
def another_program(server: Dovecot, user: str) -> Iterator[Any]:
    """A session of another mail program, which says so: what it does is not laid at our door."""
    with server.other_session(user) as imap:
        imap.xatom("ID", '("name" "another program")')
        yield imap


def our_commands(server: Dovecot, user: str) -> Counter[str]:
    """Every command that we ourselves gave for a user, by its name."""
    found: Counter[str] = Counter()
    for path in (server.home / "mail" / user / "dovecot.rawlog").glob("*.in"):
        raw = path.read_bytes()
        if b'"another program"' in raw:
            continue
        for line in raw.splitlines():
            match = re.match(rb"(?:\d+\.\d+ )?[A-Z]{4}\d+ (UID [A-Z]+|[A-Z]+)\b", line)
            if match:
                found[match[1].decode().upper()] += 1
    return found
