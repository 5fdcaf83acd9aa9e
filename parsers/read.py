"""The one door of the parsers: bytes of a mail in, one notice out, with the trace that explains it."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta, timezone, tzinfo
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from parsers.bodies import visible
from parsers.forwards import Original, innermost
from parsers.gate import could_matter
from parsers.interpret import Told, interpret
from parsers.languages import language_of
from parsers.layout import Layout, lay_out, main_text
from parsers.levelling import level
from parsers.lexicon import Language, Lexicon
from parsers.message import Message, dissect
from parsers.origin import Origin, Provider, origin
from parsers.plaintext import plain
from parsers.reading import Reading, Sign
from rules.facts import Authenticity, By, Day, Notice, Outcome, Reason, Trust
from rules.policy import Hosts

_SKEW = timedelta(minutes=10)  # a Date this little later than receipt is a clock that is off, not a lie


def read(
    raw: bytes,
    received_at: datetime,
    lexicon: Lexicon,
    provider: Provider,
    hosts: Hosts,
    *,
    thorough: bool = False,
) -> Reading:
    """Read one mail. Total: any bytes give a reading.

    `received_at` is when the mailbox got it, aware UTC. `provider` says whose Authentication-Results count
    and who forwards. The notice's outcome tells whether it matters at all. Mails that plainly don't are
    dismissed by a glance, unless `thorough` asks for their date, id and language too.
    """
    if not thorough and not could_matter(raw):
        return _dismissed(raw, received_at)
    message = dissect(raw)
    original = innermost(message, lambda text, zone: quoted_instant(text, zone, lexicon))
    whose = origin(message, provider, original)
    layout = _layout(message, original)
    frame = replace(
        _frame(message, original, whose, received_at), locale=language_of(main_text(layout), lexicon.tongues)
    )
    verdict = frame.authenticity.verdict
    if verdict is Trust.SUSPICIOUS:
        return _ignored(frame, Reason.SUSPICIOUS, f"{whose.sender}: {', '.join(frame.authenticity.reasons)}")
    if verdict is Trust.FORGED:
        return _ignored(frame, Reason.FORGED, "your provider says that the sender is forged")
    if not whose.is_ours:
        return _ignored(frame, Reason.STRANGER, f"{whose.sender or 'the sender'} is not AliExpress")
    told = interpret(
        layout,
        frame.locale,
        sender_class(whose, lexicon),
        frame.sent_at,
        lexicon,
        hosts,
        bool(message.damaged),
    )
    return Reading(_noticed(frame, told), _trace(whose, told))


def identity(message: Message) -> str:
    """Return a hash that is the same for copies of one mail wherever they lie, and no other mail's."""
    parts = (
        message.message_id or "",
        " ".join(author.address for author in message.authors),
        message.headers.first("date"),
        message.subject,
        " ".join(message.text.split()),
        " ".join(message.html.split()),
        *(hashlib.sha256(part).hexdigest() for part in message.attached),
    )
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:32]


def sender_class(whose: Origin, lexicon: Lexicon) -> str:
    """Return what this sender is known to send ("order" where nothing is known); see senders.toml."""
    address = whose.sender.lower()
    for pattern, what in lexicon.senders:
        if fnmatchcase(address, pattern):
            return what
    return "order"


def quoted_instant(text: str, zone: tzinfo, lexicon: Lexicon) -> datetime | None:
    """Return the instant (UTC) that the Date line of a quoted mail names, in any of our languages.

    `zone` is what counts where the line names none: the zone of the outer mail's own Date.
    """
    levelled = level(text)
    best: tuple[int, datetime] | None = None
    for language in sorted(lexicon.languages.values(), key=lambda each: not _names_half_days(each, levelled)):
        for found in language.dates.find(levelled, text):
            instant = _instant(found.by, zone)
            length = found.end - found.start
            if instant is not None and (best is None or length > best[0]):
                best = (length, instant)
    return best[1] if best else None


def _names_half_days(language: Language, levelled: str) -> bool:
    """Whether a language's own word for a.m. or p.m. stands in a text: only it can read the hour right."""
    return any(word in levelled for word in (*language.date_words.am, *language.date_words.pm))


def _instant(by: By, zone: tzinfo) -> datetime | None:
    day = by.days[0]
    if not isinstance(day, Day) or day.year is None:
        return None
    try:
        clock = by.at
        midnight = datetime(day.year, day.month, day.day, tzinfo=_zone(by.zone) or zone)
        return datetime.combine(midnight, clock or time(), midnight.tzinfo).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _zone(name: str | None) -> tzinfo | None:
    if name is None:
        return None
    if name[0] in "+-":
        sign = -1 if name[0] == "-" else 1
        hours, _, minutes = name[1:].partition(":")
        return timezone(sign * timedelta(hours=int(hours), minutes=int(minutes or 0)))
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return None


def _dismissed(raw: bytes, received_at: datetime) -> Reading:
    """The reading of a mail that the gate turned away: only its bytes tell it from others."""
    notice = Notice(
        identity=hashlib.sha256(raw).hexdigest()[:32],
        outcome=Outcome.IGNORED,
        reason=Reason.STRANGER,
        kind=None,
        sent_at=received_at,
        received_at=received_at,
        authenticity=Authenticity(Trust.UNVERIFIED, ("stranger",)),
    )
    return Reading(notice, (Sign("gate", "no word of AliExpress anywhere", 0.0, "ignored: stranger"),))


def _frame(message: Message, original: Original | None, whose: Origin, received_at: datetime) -> Notice:
    forwarded = original is not None and whose.via in ("forward", "forwarder")
    date = original.date if forwarded and original is not None else message.date
    if date is None or date > received_at + _SKEW:
        date = received_at if message.date is None or message.date > received_at + _SKEW else message.date
    return Notice(
        identity=identity(message),
        outcome=Outcome.IGNORED,
        reason=None,
        kind=None,
        sent_at=date,
        received_at=received_at,
        authenticity=whose.authenticity,
        message_id=message.message_id,
        subject=(original.subject if forwarded and original is not None else "") or message.subject,
    )


def _layout(message: Message, original: Original | None) -> Layout:
    if original is not None:
        return lay_out(original.subject or message.subject, original.html, original.text)
    html = visible(message.html) if message.html.strip() else None
    return lay_out(message.subject, html, plain(message.text) if message.text.strip() else None)


def _ignored(frame: Notice, reason: Reason, why: str) -> Reading:
    return Reading(replace(frame, reason=reason), (Sign("sender", why, 0.0, f"ignored: {reason}"),))


def _noticed(frame: Notice, told: Told) -> Notice:
    return replace(
        frame,
        outcome=told.outcome,
        reason=told.reason,
        kind=told.kind,
        locale=told.locale,
        orders=told.orders,
        dispute=told.dispute,
        offer=told.offer,
        asked=told.asked,
        paid=told.paid,
        printed=told.printed,
        others=told.others,
        anchors=told.anchors,
    )


def _trace(whose: Origin, told: Told) -> tuple[Sign, ...]:
    via = f" by way of a {whose.via}" if whose.via else ""
    reasons = ", ".join(whose.authenticity.reasons)
    first = Sign(reasons, f"{whose.sender}{via}: {whose.authenticity.verdict}", 0.0, "sender")
    return (first, *(Sign(s.where, s.note, s.weight, s.kind) for s in told.seen))
