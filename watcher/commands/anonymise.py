"""Writes a mail fit to publish, or says what stands in the way."""

import secrets
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from rules.facts import Notice
from watcher.clock import utc_now
from watcher.commands import WRONG, House, StopError, hint, listed, open_house
from watcher.commands.subject import one_mail
from watcher.readers import notice_of
from watcher.reading import Reader
from watcher.recipe import Recipe

_REMEDY = "Take it out of the file with an editor and run this again; nothing was written."
_TOLD = (
    "Names, addresses, numbers, prices and keys were replaced, pictures and attachments emptied. "
    "Words were not: read it yourself before you publish it."
)


def run(config: Path | None, mail: str, output: Path | None, seed: str | None) -> None:
    """Anonymise one mail (a file, or - for standard input); raises StopError where that is not safe."""
    house = open_house(config, needed=False)
    if (
        output is not None
        and mail != "-"
        and output.expanduser().absolute() == Path(mail).expanduser().absolute()
    ):
        raise StopError(
            "--output is the mail itself.", "Name another file: the original is not overwritten.", WRONG
        )
    now = utc_now()
    message = one_mail(mail, now)
    clean = _clean(house, message.raw, seed)
    differing = _differences(house, message.raw, clean, message.received_at)
    if differing:
        hint(
            f"The new mail reads otherwise than the original: {listed(differing)}. "
            "Look at it with `offerwatch explain`."
        )
    _write(clean, output)
    hint(_TOLD)


def _clean(house: House, raw: bytes, seed: str | None) -> bytes:
    from parsers.anonymise import AnonymiseError, anonymise
    from watcher.loading import load_lexicon, load_people

    key = seed.encode("utf-8", "surrogateescape") if seed else secrets.token_bytes(32)
    try:
        return anonymise(raw, key, load_lexicon(house.phrases, hasty=True), load_people()).raw
    except AnonymiseError as error:
        raise StopError(
            f"This mail can't be made fit to publish: in {error.where}, {error.what}.", _REMEDY
        ) from None


def _differences(house: House, before: bytes, after: bytes, received_at: datetime) -> list[str]:
    """What is read otherwise from the new mail, in the contract's words."""
    recipe = Recipe(house.phrases, (), tuple(house.settings.forwarders))
    with Reader(recipe) as reader:
        notices = []
        for raw in (before, after):
            from watcher.mailboxes import Message

            answer = reader.read(raw, received_at)
            notices.append(notice_of(answer, Message(raw, received_at, "", None, len(raw))))
    one, other = (list(_told(notice)) for notice in notices)
    return [name for (name, was), (_, now) in zip(one, other, strict=True) if was != now]


def _told(notice: Notice) -> Iterator[tuple[str, object]]:
    """What must be the same in both mails: everything but the values that were replaced."""
    yield "outcome", notice.outcome
    yield "reason", notice.reason
    yield "kind", notice.kind
    yield "sent_at", notice.sent_at
    yield "locale", notice.locale
    yield "number of orders", len(notice.orders)
    yield "dispute", notice.dispute is None
    yield "offer", notice.offer and (notice.offer.by, notice.offer.remedy, notice.offer.currency)
    yield "deadline", notice.printed
    yield "links", [anchor.says for anchor in notice.anchors if anchor.says]


def _write(clean: bytes, output: Path | None) -> None:
    if output is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(clean)
        sys.stdout.buffer.flush()
        return
    try:
        output.expanduser().write_bytes(clean)
    except OSError as error:
        raise StopError(f"{output} can't be written: {error.strerror}.", "Name another --output.") from None
