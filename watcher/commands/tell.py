"""What the buyer tells us about a case: an answer, the app's own deadline, a dead link, "I know", "later"."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rules.facts import Act, Answer, Case, Turn
from watcher.clock import utc_now
from watcher.commands import WRONG, House, StopError, listed, open_house, open_store, say, span_given
from watcher.commands.cases import find_case
from watcher.commands.when import read_when
from watcher.store import Store
from watcher.tables import left, moment, what

_NOW = {
    Turn.YOURS: "It is still your turn",
    Turn.SELLER: "It is the seller's turn now",
    Turn.PLATFORM: "It is AliExpress's turn now",
    Turn.NOBODY: "Nobody has to act now",
}


def answered(config: Path | None, ref: str, answer: str, undo: bool) -> None:
    """Note, or with `undo` take back, what the buyer answered in the app."""
    try:
        given = Answer(answer.lower().replace("-", "_"))
    except ValueError:
        known = listed(each.value for each in Answer)
        raise StopError(f'"{answer}" is not an answer.', f"The answers are {known}.", WRONG) from None
    with _at(config, ref) as (house, store, case, now):
        if undo:
            _undo(house, store, case, given, now)
            return
        after = store.act(case.id, Act("answered", now, answer=given)) or case
        _tell(house, after, f"noted: {given.value.replace('_', ' ')}.", now)


def _undo(house: House, store: Store, case: Case, answer: Answer, now: datetime) -> None:
    if case.answered is not answer:
        last = f"The last one noted is {case.answered.value}." if case.answered else "None is noted."
        raise StopError(f'Case {case.id} was not answered with "{answer.value}".', last, WRONG)
    store.undo(case.id, "answered", now)
    _tell(house, store.case(case.id) or case, f"taken back: {answer.value.replace('_', ' ')}.", now)


def due(config: Path | None, ref: str, when: str) -> None:
    """Note the deadline that the app itself shows."""
    with _at(config, ref) as (house, store, case, now):
        try:
            until = read_when(when, now, house.zone).astimezone(UTC)
        except ValueError as error:
            raise StopError(f'"{when}" is not understood.', f"Write {error}.", WRONG) from None
        if until <= now:
            passed = f'"{when}" is {moment(until, house.zone, now)}, which is past.'
            raise StopError(passed, "Write what the app shows as still left.", WRONG)
        after = store.act(case.id, Act("due", now, until=until)) or case
        _tell(house, after, "noted what the app shows.", now)


def broken(config: Path | None, ref: str) -> None:
    """Note that the links of a case's mail lead nowhere, and show the way around them."""
    with _at(config, ref) as (house, store, case, now):
        after = store.act(case.id, Act("broken", now)) or case
        _tell(house, after, "its links are noted as broken.", now)
        say(f"The way without them: offerwatch case {case.id}")


def ack(config: Path | None, ref: str) -> None:
    """Be quiet about a case until the next rung."""
    with _at(config, ref) as (house, store, case, now):
        after = store.act(case.id, Act("ack", now)) or case
        _tell(house, after, "quiet until the next rung; the last one always rings.", now)


def snooze(config: Path | None, ref: str, length: str) -> None:
    """Be quiet about a case for a while."""
    quiet = span_given(length, "The length")
    if not timedelta() < quiet <= timedelta(days=60):
        raise StopError(f'"{length}" is no time to be quiet for.', 'Give one such as "6h".', WRONG)
    with _at(config, ref) as (house, store, case, now):
        until = now + quiet
        after = store.act(case.id, Act("snooze", now, until=until)) or case
        note = f"quiet until {moment(until, house.zone, now)}, but what is critical rings all the same."
        _tell(house, after, note, now)


@contextmanager
def _at(config: Path | None, ref: str) -> Iterator[tuple[House, Store, Case, datetime]]:
    house, now = open_house(config), utc_now()
    store = open_store(house)
    try:
        yield house, store, find_case(store, house, ref, now), now
    finally:
        store.close()


def _tell(house: House, case: Case, note: str, now: datetime) -> None:
    from watcher.present import case_json

    shown = case_json(case, house.policy, house.words, now)
    say(f"Case {case.id} ({what(shown)}): {note}")
    until = shown["deadline"]
    if case.deadline is None or until is None:
        say(f"{_NOW[case.turn]}.")
        return
    at = moment(case.deadline.at, house.zone, now)
    say(f"{_NOW[case.turn]}, until {at}: {left(until, now)}.")
