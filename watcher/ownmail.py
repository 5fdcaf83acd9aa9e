"""Our own alert mails, recognised where they lie in a mailbox that we read."""

import hashlib
import hmac
import os
import re
import secrets
import sqlite3
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from watcher.clock import stamp
from watcher.database import Database
from watcher.diary import Diary

HEAD = 64 * 1024
"""How far into a mail we look for its headers."""

_NAME = re.compile(r"[0-9a-f]{32}")
_BRAND = re.compile(r"aliexpress|alibaba", re.IGNORECASE)


class OwnMail:
    """The Message-IDs of our alerts: how they are made, and what was seen of them in the mailbox."""

    def __init__(self, database: Database, installation: str) -> None:
        self._database = database
        self._installation = installation
        domain = re.escape(f"@{installation}.offerwatch.invalid").encode()
        self._pattern = re.compile(rb"<[0-9a-f]{32}" + domain + rb">")

    def message_id(self, key: str, channel: str) -> str:
        """Return the one Message-ID that this alert has on this channel, however often it is tried."""
        digest = hashlib.sha256(f"{self._installation}\n{channel}\n{key}".encode()).hexdigest()
        return f"<{digest[:16]}{self._seal(digest[:16])}@{self._installation}.offerwatch.invalid>"

    def loose_id(self) -> str:
        """Return a new Message-ID for an alert that is not in the outbox; we know it again by its seal."""
        nonce = secrets.token_hex(8)
        return f"<{nonce}{self._seal(nonce)}@{self._installation}.offerwatch.invalid>"

    def _seal(self, nonce: str) -> str:
        return hmac.new(self._installation.encode(), nonce.encode(), hashlib.sha256).hexdigest()[:16]

    def recognise(self, raw: bytes, now: datetime) -> bool:
        """Tell whether a mail is an alert of ours, or a reply or bounce to one, and note what that proves.

        Only ids that we gave out count, and never for a mail that says it comes from AliExpress: nothing
        printed in a mail can hide a real notice. Raises StoreError.
        """
        found = self._pattern.search(raw)
        if found is None:
            return False
        from email.parser import BytesHeaderParser  # 20 ms that `status` does not pay
        from email.policy import compat32

        head = BytesHeaderParser(policy=compat32).parsebytes(raw[:HEAD])
        own = self._known(str(head.get("Message-ID", "")).strip())
        if own is not None:
            self._seen(own, now)
            return True
        if _BRAND.search(str(head.get("From", ""))):
            return False
        ids = {match.decode() for match in self._pattern.findall(raw)}
        known = [message_id for message_id in sorted(ids) if self._known(message_id)]
        if known and _is_bounce(str(head.get("Content-Type", ""))):
            self._returned(known[0], now)
            return True
        answered = f"{head.get('References', '')} {head.get('In-Reply-To', '')}"
        return any(message_id in answered for message_id in known)

    def probe(self, message_id: str) -> bool | None:
        """Tell whether a mail of ours arrived: True if it was seen in a mailbox that we read; False if all
        folders were looked at since it was in doubt, and this channel's mails do show up there; else None,
        nobody can know. Raises StoreError."""
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT o.state = 'sent', m.value IS NOT NULL AND o.doubt_at <"
                " (SELECT min(coalesce(last_look_at, '')) FROM looks)"
                " FROM outbox o LEFT JOIN meta m ON m.name = 'shows_up ' || o.channel"
                " WHERE o.message_id = ?",
                (message_id,),
            ).fetchone()
        if row is None:
            return None
        return True if row[0] else (False if row[1] else None)

    def _known(self, message_id: str) -> str | None:
        if message_id[17:33] == self._seal(message_id[1:17]) and self._pattern.fullmatch(message_id.encode()):
            return message_id
        with self._database.reading() as connection:
            return _is_in_outbox(connection, message_id)

    def _seen(self, message_id: str, now: datetime) -> None:
        with self._database.writing() as connection:
            if _is_in_outbox(connection, message_id) is None:  # of a store that was lost, or rolled back
                connection.execute(
                    "INSERT OR IGNORE INTO meta VALUES (?, ?)", (f"came {message_id}", stamp(now))
                )
            connection.execute(
                "UPDATE outbox SET state = 'sent', error = NULL, next_try = NULL, at = ?"
                " WHERE message_id = ? AND state IN ('queued', 'sending')",
                (stamp(now), message_id),
            )
            connection.execute(
                "INSERT OR IGNORE INTO meta SELECT 'shows_up ' || channel, '1' FROM outbox"
                " WHERE message_id = ?",
                (message_id,),
            )

    def _returned(self, message_id: str, now: datetime) -> None:
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE outbox SET state = 'returned', error = 'the mail came back undelivered', at = ?"
                " WHERE message_id = ?",
                (stamp(now), message_id),
            )


def _is_in_outbox(connection: sqlite3.Connection, message_id: str) -> str | None:
    row = connection.execute("SELECT message_id FROM outbox WHERE message_id = ?", (message_id,)).fetchone()
    return row[0] if row else None


def kept_installation(diary: Diary, state_dir: Path) -> str:
    """Return this installation's own name, which all our Message-IDs bear.

    It lies beside the store too: a store that was lost is made anew under the old name, and so knows the
    alerts that it sent before. Raises StoreError.
    """
    ours = diary.get("installation") or ""
    beside = state_dir / "installation"
    with suppress(OSError):
        kept = beside.read_text("ascii").strip() if beside.exists() else ""
        if _NAME.fullmatch(kept) and kept != ours and diary.get("last_tick_at") is None:
            diary.put("installation", kept)
            return kept
        if kept != ours:
            new = beside.with_name(f"installation.{os.getpid()}")
            new.touch(mode=0o600)
            new.write_text(ours, "ascii")
            new.replace(beside)
    return ours


def _is_bounce(content_type: str) -> bool:
    kind = content_type.lower()
    return kind.startswith("multipart/report") and "delivery-status" in kind
