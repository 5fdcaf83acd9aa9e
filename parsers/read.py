"""The one door of the parsers: bytes of a mail in, one notice out, with the trace that explains it."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo

from parsers.bodies import Body, visible
from parsers.clauses import Clause, Passage, clauses, rejoin
from parsers.cleaning import clean
from parsers.forwards import Original, innermost
from parsers.gate import could_matter
from parsers.kinds import DISPUTE_KINDS, YOURS, Scores, Sighting, decide, smells_of_dispute, weigh
from parsers.labels import missing_buttons, role_of
from parsers.languages import language_of
from parsers.lexicon import Language, Lexicon
from parsers.message import Message, dissect
from parsers.numbers import Numbers, numbers
from parsers.offers import Amounts, amounts
from parsers.origin import Origin, Provider, origin
from parsers.plaintext import links_in_text, visible_text
from parsers.windows import Candidate, buyers_times, candidates, other_clocks
from rules.addresses import host_of, is_ours, open_wrapped, parameters
from rules.facts import Anchor, Authenticity, Kind, Notice, Outcome, Reason, Role, Trust
from rules.policy import Hosts

_LONG_ENOUGH = 40  # shorter passages are taken to be in the mail's main language


@dataclass(frozen=True, slots=True)
class Sign:
    """One line of the trace: where it was seen, what it is, how heavy, and what it speaks for."""

    where: str
    what: str
    weight: float
    note: str


@dataclass(frozen=True, slots=True)
class Reading:
    """A notice and why it reads so."""

    notice: Notice
    trace: tuple[Sign, ...]


@dataclass(frozen=True, slots=True)
class _Part:
    """One body, the HTML or the text one, taken apart."""

    passages: tuple[Passage, ...]
    anchors: tuple[Anchor, ...]


def read(raw: bytes, received_at: datetime, lexicon: Lexicon, provider: Provider, hosts: Hosts) -> Reading:
    """Read one mail. Total: never raises for any bytes.

    `received_at` is when the mailbox got it, aware UTC. `provider` says whose Authentication-Results count
    and who forwards. The notice's outcome tells whether it matters at all.
    """
    if not could_matter(raw):
        return _ignored(_bare_notice(raw, received_at), Reason.STRANGER, "gate", "no word of AliExpress anywhere")
    message = dissect(raw)
    original = innermost(message, lambda text, zone: _quoted_instant(text, zone, lexicon))
    whose = origin(message, provider, original)
    notice = _frame(raw, message, original, whose, received_at)
    if not whose.is_ours:
        reason = Reason.SUSPICIOUS if notice.authenticity.verdict is Trust.SUSPICIOUS else Reason.STRANGER
        return _ignored(notice, reason, "sender", f"{whose.sender or 'nobody'} is not AliExpress")
    if notice.authenticity.verdict is Trust.FORGED:
        return _ignored(notice, Reason.FORGED, "sender", "your provider says that it is forged")
    if notice.authenticity.verdict is Trust.SUSPICIOUS:
        return _ignored(notice, Reason.SUSPICIOUS, "sender", ", ".join(notice.authenticity.reasons))
    return _Reader(message, original, whose, notice, lexicon, hosts).reading()


def identity(message: Message) -> str:
    """Return the same short hash for copies of one mail wherever they lie: of ids, sender, date, subject and body."""
    parts = (
        message.message_id or "",
        " ".join(f"{author.address}" for author in message.authors),
        message.headers.first("date"),
        message.subject,
        " ".join(message.text.split()),
        " ".join(message.html.split()),
        *(part.hex() for part in message.attached),
    )
    return hashlib.sha256("\x00".join(parts).encode("utf-8", "replace")).hexdigest()[:32]
