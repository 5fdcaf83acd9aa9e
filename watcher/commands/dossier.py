"""One folder for a case: its mails as they came, the story to print, the proof that is there, the letters."""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rules.deadlines import PACIFIC
from rules.facts import Case, Money
from rules.responses import Said, draft
from rules.routes import capital
from watcher import evidence
from watcher.advice import Advice, Tongue, advice_json, advise
from watcher.alertjson import instant
from watcher.clock import utc_now
from watcher.commands import WRONG, House, StopError, open_house, open_store, say
from watcher.commands.cases import find_case
from watcher.commands.respond import reason_given, tongue_of
from watcher.commands.subject import raw_mails
from watcher.dossierpage import Pages, Row, page
from watcher.evidence import File, Item
from watcher.mailwords import words_of_all
from watcher.present import plain
from watcher.store import Store
from watcher.tables import WHOSE, moment, what
from watcher.terminal import one_line
from watcher.timeline import Event, events, order_cases


@dataclass(frozen=True, slots=True)
class Kept:
    """What the store had of the case: the case, its order's own clocks, its mails by file name."""

    case: Case
    others: tuple[Case, ...]
    mails: tuple[tuple[str, bytes], ...]
    text: str


def run(
    config: Path | None, ref: str, output: Path, folder: Path | None, reason: str | None, defect: str | None
) -> None:
    """Write the dossier of a case into a new folder; nothing leaves this machine."""
    house, now = open_house(config), utc_now()
    chosen = reason_given(reason)
    files = _files(folder)
    kept = _kept(house, ref, now, guess=chosen is None)
    _make(output)
    user, english = tongue_of(house), _in_english(house)
    advice = advise(kept.case, user, now, chosen, kept.text)
    told = advise(kept.case, english, now, advice.ground.name if advice.ground else None)
    items = _items(advice, files, told)
    there = tuple(at for at, item in enumerate(items) if item.state is not evidence.State.MISSING)
    said = Said(advice.ground.name if advice.ground else None, defect, proofs=there if folder else None)
    letters = [
        made for each in advice.choices if (made := draft(each.name, kept.case, said, english.answers))
    ]
    story = events(kept.case, kept.others, english.words, english.answers.texts, now)
    _write(output / "mails", kept.mails)
    _write(output / "drafts", [(f"{each.choice}.txt", each.text.encode()) for each in letters])
    data = {
        **advice_json(advice, user, now, letters, stored=True),
        "made_at": instant(now),
        "timeline": [_event(event) for event in story],
        "checklist": [plain(item) for item in items],
        "files": [plain(file) for file in files],
    }
    shown = _pages(kept.case, told, story, items, files, letters, house, now)
    _write(
        output,
        [
            ("timeline.html", page(shown).encode()),
            ("timeline.json", json.dumps(data, ensure_ascii=False, indent=1).encode("utf-8", "replace")),
            ("checklist.txt", "\n".join(_checklist(advice, user, files)).encode()),
        ],
    )
    _tell(output, kept, items, folder)


def _in_english(house: House) -> Tongue:
    """The dossier is read by AliExpress, a bank or a lawyer: the page is in English."""
    from watcher.loading import load_answers, load_words

    return Tongue(load_words("en"), load_answers("en"), house.policy, house.zone)


def _files(folder: Path | None) -> list[File]:
    if folder is None:
        return []
    if not folder.is_dir():
        raise StopError(f"{folder} is not a folder.", "Name the folder with your photos and videos.", WRONG)
    try:
        return evidence.files_in(folder)
    except OSError as error:
        raise StopError(f"{folder} can't be read: {error.strerror}.", "Check its rights.") from None


def _kept(house: House, ref: str, now: datetime, guess: bool) -> Kept:
    store = open_store(house)
    try:
        case = find_case(store, house, ref, now)
        others = order_cases(store, case)
        mails = tuple(_mails(store, case))
        newest = raw_mails(store, reversed(case.history)) if guess else []
    finally:
        store.close()
    return Kept(case, others, mails, words_of_all(newest))


def _mails(store: Store, case: Case) -> Iterator[tuple[str, bytes]]:
    for number, notice in enumerate(case.history, 1):
        raw = store.raw(notice.identity)
        if raw is not None:
            kind = notice.kind.value if notice.kind else "unclear"
            yield f"{number:02}-{notice.sent_at:%Y-%m-%d}-{kind}.eml", raw


def _make(output: Path) -> None:
    """Make the folder, for its owner alone; one that holds something is left alone."""
    try:
        output.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(output.iterdir()):
            raise StopError(f"{output} is not empty.", "Name a new folder with --output.", WRONG)
        output.chmod(0o700)
    except OSError as error:
        told = f"{output} can't be used: {error.strerror}."
        raise StopError(told, "Name another folder with --output.", WRONG) from None


def _write(folder: Path, contents: Sequence[tuple[str, bytes]]) -> None:
    """Write files that only their owner can read."""
    try:
        if contents:
            folder.mkdir(mode=0o700, exist_ok=True)
        for name, data in contents:
            number = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(number, "wb") as file:
                file.write(data)
    except OSError as error:
        raise StopError(
            f"{folder} can't be written: {error.strerror}.", "Make room, or name another."
        ) from None


def _items(advice: Advice, files: Sequence[File], told: Advice) -> list[Item]:
    ground = advice.ground
    if ground is None or not told.evidence:
        return []
    return evidence.checklist(ground, told.evidence, files)


def _event(event: Event) -> dict[str, Any]:
    return {
        "at": instant(event.at),
        "mark": event.mark,
        "what": event.what,
        "who": plain(event.who),
        "source": event.source,
    }


def _pages(
    case: Case,
    told: Advice,
    story: Sequence[Event],
    items: Sequence[Item],
    files: Sequence[File],
    letters: Sequence[Any],
    house: House,
    now: datetime,
) -> Pages:
    orders = ", ".join(case.orders) or "not known"
    facts = [("Order", orders), *([("Dispute", case.dispute)] if case.dispute else [])]
    facts += [("State", what({"kind": plain(case.kind), "offer": plain(case.offer)}))]
    facts += [("Turn", WHOSE[case.turn.value])]
    facts += [
        (name, money_said(money)) for name, money in (("Asked", case.asked), ("Paid", case.paid)) if money
    ]
    if case.deadline is not None:
        until = case.deadline.at
        pacific = f"{until.astimezone(PACIFIC):%Y-%m-%d %H:%M} Pacific"
        facts += [("Answer until", f"{until.astimezone(house.zone):%Y-%m-%d %H:%M} ({pacific})")]
    return Pages(
        title=f"AliExpress order {orders}: the case so far",
        facts=tuple(facts),
        rows=tuple(_row(event, house, now) for event in story),
        zone=str(house.zone),
        reason=told.ground.name.replace("_", " ") if told.ground else None,
        items=tuple(items),
        files=tuple((file.name, size_said(file.size), file.fault or "fit to upload") for file in files),
        drafts=tuple((f"{each.choice} (to {each.to})", each.text) for each in letters),
        made=f"Made by offerwatch from the mails of this case on {moment(now, house.zone, now)} {now.year}.",
    )


def _row(event: Event, house: House, now: datetime) -> Row:
    said = event.what if event.mark != "clock" or event.who is None else f"{event.what} ({WHOSE[event.who]})"
    at, pacific = event.at.astimezone(house.zone), event.at.astimezone(PACIFIC)
    return Row(f"{at:%Y-%m-%d %H:%M}", f"{pacific:%Y-%m-%d %H:%M}", capital(said), event.mark)


def _checklist(advice: Advice, tongue: Tongue, files: Sequence[File]) -> Iterator[str]:
    """The checklist in the user's own language."""
    texts, ground = tongue.answers.texts, advice.ground
    if ground is not None and advice.evidence:
        yield texts.say("screen.evidence", reason=texts.say(f"reasons.{ground.name}.title"))
        for item in evidence.checklist(ground, advice.evidence, files):
            yield f"  [{texts.say(f'screen.{item.state.value}')}] {item.what}"
            yield from (f"      {name}" for name in item.files)
    else:
        yield texts.say("screen.reasons")
    yield ""
    yield texts.say("screen.limits")
    yield from (f"  - {line}" for line in advice.limits)
    if files:
        yield ""
        yield from (
            f"  {one_line(file.name)}  {size_said(file.size)}  {file.fault or 'ok'}" for file in files
        )
    yield ""


def money_said(money: Money) -> str:
    """An amount with its currency."""
    return f"{money.amount:f} {money.currency or ''}".strip()


def size_said(size: int) -> str:
    """A size as people read it, such as "3.4 MB"."""
    for unit, most in (("B", 1000), ("kB", 1000**2), ("MB", 1000**3)):
        if size < most:
            return f"{size / (most / 1000):.{0 if unit == 'B' else 1}f} {unit}"
    return f"{size / 1000**3:.1f} GB"


def _tell(output: Path, kept: Kept, items: Sequence[Item], folder: Path | None) -> None:
    say(f"{output}: {len(kept.mails)} mails, timeline.html, timeline.json, checklist.txt, drafts.")
    if kept.case.history and len(kept.mails) < len(kept.case.history):
        say(f"{len(kept.case.history) - len(kept.mails)} older mails were no longer kept.")
    missing = sum(item.state is evidence.State.MISSING for item in items)
    if not items:
        say("The reason is not known, so the proof could not be checked: name it with --reason.")
    elif folder is None:
        say("To check your photos and videos too: --evidence FOLDER.")
    else:
        say(f"Of {len(items)} proofs {missing} are missing." if missing else "No proof is missing.")
