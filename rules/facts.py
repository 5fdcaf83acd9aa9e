"""The nouns of the product, all frozen: what one mail says, and what was printed in it.

Law: every instant is an aware UTC datetime, every amount a Decimal with the digits printed,
and nothing here decides anything.
"""

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum


class Outcome(StrEnum):
    """What became of a mail once it was read."""

    NOTICE = "notice"
    UNCLEAR = "unclear"
    IGNORED = "ignored"


class Reason(StrEnum):
    """Why a mail was ignored, or why it stayed unclear."""

    STRANGER = "stranger"
    SUSPICIOUS = "suspicious"
    FORGED = "forged"
    MARKETING = "marketing"
    ACCOUNT = "account"
    SURVEY = "survey"
    MESSAGE = "message"
    NO_ORDER = "no_order"
    NO_KIND = "no_kind"
    MALFORMED = "malformed"


class Kind(StrEnum):
    """What a notice says, in the words of the contract."""

    OFFER = "offer"
    OFFER_REMINDER = "offer_reminder"
    DECLINED = "declined"
    EVIDENCE_REQUESTED = "evidence_requested"
    JUDGEMENT = "judgement"
    RETURN_REQUESTED = "return_requested"
    DISPUTE_OPENED = "dispute_opened"
    ESCALATED = "escalated"
    REFUND_ISSUED = "refund_issued"
    DISPUTE_CLOSED = "dispute_closed"
    ORDER_COMPLETING = "order_completing"
    ORDER_COMPLETED = "order_completed"
    ORDER_CLOSED = "order_closed"
    ORDER_SHIPPED = "order_shipped"
    ORDER_DELIVERED = "order_delivered"
    ORDER_UPDATE = "order_update"


class Turn(StrEnum):
    """Who must act."""

    YOURS = "yours"
    SELLER = "seller"
    PLATFORM = "platform"
    NOBODY = "nobody"


class Basis(StrEnum):
    """On what a deadline rests."""

    STATED = "stated"
    RELATIVE = "relative"
    POLICY = "policy"
    USER = "user"


class Trust(StrEnum):
    """How sure it is that AliExpress sent a mail."""

    VERIFIED = "verified"
    UNVERIFIED = "unverified"
    SUSPICIOUS = "suspicious"
    FORGED = "forged"


class Role(StrEnum):
    """What a link in a mail is for."""

    ACCEPT = "accept"
    REJECT = "reject"
    DISPUTE = "dispute"
    ORDER = "order"
    OTHER = "other"


class LinkVerdict(StrEnum):
    """What can be said of a link by looking alone; never that it works."""

    PLAUSIBLE = "plausible"
    BROKEN = "broken"
    SUSPICIOUS = "suspicious"
    BLOCKED_HERE = "blocked_here"  # by looking at its host: a filter of the user's own network


class LinkReason(StrEnum):
    """Why a link is broken or suspicious; where several fit, the first in this order counts."""

    MISSING = "missing"
    EMPTY = "empty"
    FRAGMENT = "fragment"
    SCRIPT = "script"
    PLACEHOLDER = "placeholder"
    DAMAGED = "damaged"
    MALFORMED = "malformed"
    RELATIVE = "relative"
    APP_ONLY = "app_only"
    IP_HOST = "ip_host"
    LOOKALIKE_HOST = "lookalike_host"
    MISMATCH = "mismatch"
    FOREIGN_HOST = "foreign_host"
    INSECURE = "insecure"
    WRONG_ORDER = "wrong_order"
    EXPIRED = "expired"
    REPORTED = "reported"
    HOST_GONE = "host_gone"  # the last two only by looking at the host
    DNS_FILTER = "dns_filter"


class Remedy(StrEnum):
    """What a proposal consists of."""

    REFUND = "refund"
    RETURN = "return"
    REPLACEMENT = "replacement"


class Party(StrEnum):
    """Who proposed or decided."""

    SELLER = "seller"
    PLATFORM = "platform"


class Answer(StrEnum):
    """What the buyer says they did in the app."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    COUNTERED = "countered"
    EVIDENCE_SENT = "evidence_sent"
    RETURNED = "returned"
    ESCALATED = "escalated"
    APPEALED = "appealed"
    OPENED = "opened"
    CANCELLED = "cancelled"
    SATISFIED = "satisfied"


@dataclass(frozen=True, slots=True)
class Money:
    """An amount as printed; `currency` is an ISO 4217 code where it could be told."""

    amount: Decimal
    currency: str | None


@dataclass(frozen=True, slots=True)
class Offer:
    """What is on the table, was decided or was paid, as far as it is printed."""

    by: Party | None
    remedy: Remedy | None
    amount: Decimal | None
    currency: str | None


@dataclass(frozen=True, slots=True)
class Authenticity:
    """A verdict about the sender, with its reasons as short codes."""

    verdict: Trust
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Day:
    """A calendar day as printed; `year` is None and `month` 0 where none was printed."""

    year: int | None
    month: int
    day: int


@dataclass(frozen=True, slots=True)
class Ahead:
    """A day named from the day of sending: 0 is today, 1 tomorrow."""

    days: int


@dataclass(frozen=True, slots=True)
class Weekday:
    """A day named by its weekday (Monday is 0): the first one on or after the day of sending."""

    weekday: int


@dataclass(frozen=True, slots=True)
class By:
    """A printed date: one reading of its day, or two where it can be read two ways.

    `at` is the wall-clock time, None where none (or only "midnight") is printed. `zone` is an IANA
    name or an offset such as "+08:00"; None where none is printed, which means Pacific time. `in_text`
    marks what stands in the text part beside an HTML part.
    """

    days: tuple[Day | Ahead | Weekday, ...]
    at: time | None
    zone: str | None
    quote: str
    in_text: bool = False


@dataclass(frozen=True, slots=True)
class Within:
    """A printed duration, or a range of two; `business` where it counts working days."""

    short: timedelta
    long: timedelta
    business: bool
    quote: str
    in_text: bool = False


Printed = By | Within


@dataclass(frozen=True, slots=True)
class OtherClock:
    """A time printed for somebody else's act, by the seller or AliExpress: shown, never rung."""

    who: Turn
    printed: Printed


@dataclass(frozen=True, slots=True)
class Anchor:
    """A link or button as the mail shows it, not yet judged.

    `href` is the target as printed, or None where the text names a button that is not there.
    `says` is the role that the label alone gives it. `in_text` marks one that stands only in the
    text part.
    """

    href: str | None
    label: str
    says: Role | None = None
    in_text: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """What one message says: facts only, no judgement.

    `identity` is the same for copies of one mail wherever they lie. `sent_at` is when the innermost
    original was sent, `received_at` when the mailbox got the message that carried it. `printed` has
    every time printed for the buyer's own act, of both the HTML and the text part.
    """

    identity: str
    outcome: Outcome
    reason: Reason | None
    kind: Kind | None
    sent_at: datetime
    received_at: datetime
    authenticity: Authenticity
    source: str = ""
    message_id: str | None = None
    subject: str = ""
    locale: str | None = None
    orders: tuple[str, ...] = ()
    dispute: str | None = None
    offer: Offer | None = None
    asked: Money | None = None
    paid: Money | None = None
    printed: tuple[Printed, ...] = ()
    others: tuple[OtherClock, ...] = ()
    anchors: tuple[Anchor, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """A link after it was looked at: unwrapped address, verdict and reason."""

    role: Role
    url: str | None
    label: str
    verdict: LinkVerdict
    reason: LinkReason | None = None


@dataclass(frozen=True, slots=True)
class Deadline:
    """Until when, on what basis; `at` is the earliest plausible instant, `latest` the last."""

    at: datetime
    latest: datetime
    basis: Basis
    quote: str | None = None


@dataclass(frozen=True, slots=True)
class Clock:
    """A time that is shown but not rung, and whose it is."""

    name: str
    at: datetime
    who: Turn


@dataclass(frozen=True, slots=True)
class Route:
    """One way to the same buttons without the mail's link."""

    name: str
    title: str
    steps: tuple[str, ...]
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Instruction:
    """What to do now, and every way there."""

    headline: str
    routes: tuple[Route, ...]


@dataclass(frozen=True, slots=True)
class Act:
    """Something the buyer told us about a case, at the instant they did."""

    verb: str  # "answered" | "due" | "broken" | "ack" | "snooze"
    at: datetime
    answer: Answer | None = None
    until: datetime | None = None


class About(StrEnum):
    """What a case is about."""

    DISPUTE = "dispute"
    ORDER = "order"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Case:
    """One dispute of an order, or the order's own clocks, computed from all its notices.

    `since` is when the mailbox received the mail that made the present deadline known.
    `asked_at` is when the mail that made the case what it is was sent. `settled` means that nothing can
    be due any more. `history` is in the order of sending.
    """

    id: str
    about: About
    orders: tuple[str, ...]
    dispute: str | None
    kind: Kind | None
    turn: Turn
    deadline: Deadline | None
    since: datetime
    settled: bool
    offer: Offer | None
    asked: Money | None
    paid: Money | None
    anchors: tuple[Anchor, ...]
    authenticity: Authenticity
    locale: str | None
    clocks: tuple[Clock, ...]
    history: tuple[Notice, ...]
    odd: bool = False
    reported_broken: bool = False
    acked_at: datetime | None = None
    snoozed_until: datetime | None = None
    answered: Answer | None = None
    asked_at: datetime | None = None


class Urgency(StrEnum):
    """How loud an alert is, quietest first."""

    INFO = "info"
    SOON = "soon"
    URGENT = "urgent"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Due:
    """What is to be said about a case now: one rung; `key` is unique for case, deadline and rung."""

    key: str
    rung: str
    urgency: Urgency
    late: bool


class AlertAbout(StrEnum):
    """What an alert is about."""

    CASE = "case"
    UNCLEAR = "unclear"
    WARNING = "warning"
    HEALTH = "health"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Alert:
    """What we tell the user, in their language, ready for any channel."""

    key: str
    about: AlertAbout
    urgency: Urgency
    headline: str
    body: str
    created_at: datetime
    case: str | None = None
    order: str | None = None
    orders: tuple[str, ...] = ()
    kind: Kind | None = None
    rung: str | None = None
    late: bool = False
    deadline: Deadline | None = None
    turn: Turn | None = None
    routes: tuple[Route, ...] = ()
    links: tuple[Link, ...] = field(default=())
    authenticity: Authenticity | None = None
