"""The plain reader, for mails on which the careful one fails: by sender and brand alone, cheap and total."""

import hashlib
from datetime import datetime

from parsers.gate import could_matter
from parsers.headers import Headers, addresses, header_end, parse_date, parse_headers
from parsers.people import is_feigned
from parsers.reading import Reading, Sign
from parsers.relays import is_ours, recovered
from rules.facts import Authenticity, Notice, Outcome, Reason, Trust


def read_plainly(raw: bytes, received_at: datetime) -> Reading:
    """Read one mail without looking into it: unclear if it may be AliExpress's, else ignored.

    `received_at` is aware UTC. Forwards and encoded parts are looked through for the brand.
    """
    return _reading(raw, received_at, could_matter(raw))


def read_blindly(raw: bytes, received_at: datetime) -> Reading:
    """The same where even the plain reader failed: nothing is decoded any more. Never raises."""
    return _reading(raw, received_at, b"aliexpress" in raw.lower())


def _reading(raw: bytes, received_at: datetime, branded: bool) -> Reading:
    headers = parse_headers(raw[: header_end(raw)[0]])
    reason = _reason(headers, branded)
    unclear = reason is Reason.MALFORMED
    date = parse_date(headers.first("date"))
    notice = Notice(
        identity=hashlib.sha256(raw).hexdigest()[:32],
        outcome=Outcome.UNCLEAR if unclear else Outcome.IGNORED,
        reason=reason,
        kind=None,
        sent_at=min(date[0], received_at) if date else received_at,
        received_at=received_at,
        authenticity=Authenticity(
            Trust.SUSPICIOUS if reason is Reason.SUSPICIOUS else Trust.UNVERIFIED, ("unreadable",)
        ),
        message_id=headers.first("message-id") or None,
        subject=headers.first("subject"),
    )
    what = "too broken or too costly to read: told by its sender and the brand alone"
    return Reading(notice, (Sign("the whole mail", what, 0.0, str(reason)),))


def _reason(headers: Headers, branded: bool) -> Reason:
    authors = [recovered(one) or one for value in headers.raw("from") for one in addresses(value)]
    if any(is_feigned(one) for one in authors):
        return Reason.SUSPICIOUS
    ours = any(is_ours(one.host) for one in authors)
    return Reason.MALFORMED if ours or branded else Reason.STRANGER
