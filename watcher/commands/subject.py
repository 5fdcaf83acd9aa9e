"""What is to be answered: a case that we keep, or a mail never stored, judged as a case of its own."""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from rules.facts import Case, Notice, Outcome
from rules.probing import Finding
from watcher.commands import WRONG, House, StopError, open_house, open_store
from watcher.commands.cases import find_case
from watcher.mailboxes import Message
from watcher.store import Store

_NEWEST = 8  # mails of a case in which the reason is looked for


@dataclass(frozen=True, slots=True)
class Subject:
    """A case to be answered; `ref` is how the user named it, `mails` its newest raw mails, newest first.

    `stored` tells that it is one of the cases that we keep, so that an answer can be noted.
    """

    house: House
    case: Case
    ref: str
    mails: tuple[tuple[bytes, datetime], ...]
    stored: bool
    findings: Mapping[str, Finding] = field(default_factory=dict)


def subject_of(config: Path | None, ref: str, now: datetime) -> Subject:
    """Find the case, or read the mail, that `ref` means; raises StopError, StoreError and SettingsError."""
    if ref == "-" or Path(ref).is_file():
        return _of_mail(open_house(config, needed=False), ref, now)
    from watcher.probe import findings

    house = open_house(config)
    store = open_store(house)
    try:
        case = find_case(store, house, ref, now)
        mails = tuple(raw_mails(store, reversed(case.history)))
        found = findings(store.diary, now) if house.settings.probe.enabled else {}
        return Subject(house, case, case.id, mails, True, found)
    finally:
        store.close()


def raw_mails(store: Store, notices: Iterable[Notice]) -> list[tuple[bytes, datetime]]:
    """The kept bytes of these notices' mails, at most a few."""
    found: list[tuple[bytes, datetime]] = []
    for notice in notices:
        raw = store.raw(notice.identity)
        if raw is not None and len(found) < _NEWEST:
            found.append((raw, notice.received_at))
    return found


def _of_mail(house: House, ref: str, now: datetime) -> Subject:
    from rules.cases import judge

    message = one_mail(ref, now)
    notice = _read(house, message)
    if notice.outcome is Outcome.IGNORED:
        why = notice.reason.value if notice.reason else "unknown"
        told = f"This mail asks nothing of you that could be answered ({why})."
        raise StopError(told, "See how it was read: offerwatch explain MAIL", WRONG)
    (case,) = judge([notice], {}, {}, house.policy)
    return Subject(house, case, ref, ((message.raw, message.received_at),), False)


def _read(house: House, message: Message) -> Notice:
    from watcher.readers import notice_of
    from watcher.reading import Reader
    from watcher.recipe import Recipe

    recipe = Recipe(house.phrases, (), tuple(house.settings.forwarders))
    recipe.check()
    with Reader(recipe) as reader:
        return notice_of(reader.read(message.raw, message.received_at), message)


def one_mail(ref: str, now: datetime) -> Message:
    """The one mail of a file, or of standard input where `ref` is "-"; raises StopError."""
    from watcher.mailboxes.files import Failed, walk

    found = list(walk([ref], sys.stdin.buffer, now))
    for item in found:
        if isinstance(item, Failed):
            raise StopError(item.sentence, item.remedy)
    messages = [item for item in found if isinstance(item, Message)]
    if len(messages) != 1:
        raise StopError(f"{ref} holds {len(messages)} mails, not one.", "Give one mail.", WRONG)
    return messages[0]
