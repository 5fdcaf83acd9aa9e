"""The visible words of a mail, read in a child process like everything that strangers write."""

from collections.abc import Iterable
from datetime import datetime

from watcher.reading import Reader, Unread

_LONGEST = 60_000  # letters of one mail that a reason is looked for in


def words_of(raw: bytes, received_at: datetime) -> str:
    """The subject and the visible text of one mail; for the child process."""
    from parsers.bodies import visible
    from parsers.message import dissect

    message = dissect(raw)
    shown = visible(message.html).text if message.has_html else message.text
    return f"{message.subject}\n{shown}"[:_LONGEST]


def words_of_all(mails: Iterable[tuple[bytes, datetime]]) -> str:
    """The words of several mails, one after the other; nothing of one that can't be read."""
    found = list(mails)
    if not found:
        return ""
    with Reader(words_of) as reader:
        told = reader.read_all(found)
    return "\n".join(text for text in told if not isinstance(text, Unread))
