"""Reads each account's mail by its own recipe, in a child process that no hostile mail can get out of."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any

from rules.facts import Notice, Outcome, Reason
from watcher.mailboxes import Message
from watcher.reading import Reader, ReadingStoppedError, Unread
from watcher.recipe import Recipe

if TYPE_CHECKING:
    from parsers.reading import Reading

_READ_AS_NOTHING = (Reason.MARKETING, Reason.ACCOUNT, Reason.SURVEY, Reason.MESSAGE)
"""Why a mail of AliExpress's is ignored; the other reasons say that it is not AliExpress's."""


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
        reader = self._readers.setdefault(recipe, Reader(recipe, plain))
        try:
            return notice_of(reader.read(message.raw, message.received_at), message)
        except ReadingStoppedError:
            raise SystemExit from None

    def close(self) -> None:
        """End the child processes now, even in the middle of a mail."""
        for reader in tuple(self._readers.values()):
            reader.close()


def plain(raw: bytes, received_at: datetime) -> "Reading":
    """What a child reads with where the careful reader fails."""
    from parsers.plainly import read_plainly

    return read_plainly(raw, received_at)


def reading_of(answer: "Reading | Unread", message: Message) -> "Reading":
    """The reading of an answer; where every reader failed, that of the brand and the sender alone."""
    if isinstance(answer, Unread):
        from parsers.plainly import read_blindly

        answer = read_blindly(message.raw, message.received_at)
    notice = replace(answer.notice, source=message.source)
    if message.size > len(message.raw) and notice.reason in _READ_AS_NOTHING:
        # What was cut off may have been the part that asks for an answer.
        notice = replace(notice, outcome=Outcome.UNCLEAR, reason=Reason.MALFORMED, kind=None)
    return replace(answer, notice=notice)


def notice_of(answer: "Reading | Unread", message: Message) -> Notice:
    """The notice of an answer; a mail that could not be read, or was cut, is unclear if it may be ours."""
    return reading_of(answer, message).notice
