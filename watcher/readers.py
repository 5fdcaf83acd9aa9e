"""Reads each account's mail by its own recipe, in a child process that no hostile mail can get out of."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any

from rules.facts import Authenticity, Notice, Outcome, Reason, Trust
from watcher.mailboxes import Message
from watcher.reading import Reader, ReadingStoppedError, Unread
from watcher.recipe import Recipe

if TYPE_CHECKING:
    from parsers.read import Reading


class Readers:
    """The `read` of the app: one child process for each recipe, started by the first mail that needs it.

    `recipe_for` gives an account's recipe by its name (None: a mail from nowhere).
    """

    def __init__(self, recipe_for: Callable[[str | None], Recipe]) -> None:
        self._recipe_for = recipe_for
        self._readers: dict[Recipe, Reader[Any]] = {}

    def __enter__(self) -> "Readers":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __call__(self, message: Message) -> Notice:
        """Return what a mail says. Once `close` was called it ends the thread that asks, so that a mail
        still being read is left unrecorded, for the next time."""
        recipe = self._recipe_for(message.place.account if message.place else None)
        reader = self._readers.setdefault(recipe, Reader(recipe))
        try:
            return notice_of(reader.read(message.raw, message.received_at), message)
        except ReadingStoppedError:
            raise SystemExit from None

    def close(self) -> None:
        """End the child processes now, even in the middle of a mail."""
        for reader in tuple(self._readers.values()):
            reader.close()


def notice_of(answer: "Reading | Unread", message: Message) -> Notice:
    """The notice of an answer; a mail that could not be read is unclear if it may be AliExpress's."""
    if not isinstance(answer, Unread):
        return replace(answer.notice, source=message.source)
    ours = b"aliexpress" in message.raw.lower()
    return Notice(
        identity=hashlib.sha256(message.raw).hexdigest()[:32],
        outcome=Outcome.UNCLEAR if ours else Outcome.IGNORED,
        reason=Reason.MALFORMED if ours else Reason.STRANGER,
        kind=None,
        sent_at=message.received_at,
        received_at=message.received_at,
        authenticity=Authenticity(Trust.UNVERIFIED, ("unreadable",)),
        source=message.source,
    )
