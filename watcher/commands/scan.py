"""Reads mail once and prints what it says: nothing is stored, nothing sent, nothing changed."""

import csv
import io
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any

from rules.facts import About, Case, Notice, Outcome, Reason
from watcher.clock import utc_now
from watcher.commands import (
    WRONG,
    House,
    StopError,
    hint,
    instant_given,
    json_line,
    listed,
    open_house,
    span_given,
)
from watcher.mailboxes import MailboxError, Message, Passed, Unreadable
from watcher.mailboxes.files import Failed, Skipped, walk
from watcher.recipe import Recipe

BACKFILL = timedelta(days=90)
_SOME = 8  # failures told in full; the rest is counted

Item = Message | Unreadable | Passed | Skipped | Failed | MailboxError


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line asked for, as it was typed."""

    sources: tuple[str, ...]
    form: str = "table"
    by_case: bool = False
    everything: bool = False
    since: str | None = None
    now: str | None = None
    authserv_ids: tuple[str, ...] = ()
    output: Path | None = None
    account: str | None = None
    folder: str | None = None
    fast: bool = False


@dataclass(slots=True)
class _Tally:
    """What was met on the way; `failures` are told at the end."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    reasons: Counter[Reason] = field(default_factory=Counter)
    skipped: int = 0
    failures: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Scan:
    """One run: the wish understood."""

    wish: Wish
    house: House
    now: datetime
    since: datetime | None
    tally: _Tally


def run(wish: Wish, config: Path | None) -> None:
    """Do what the wish says; raises StopError at the end if a source could not be read."""
    house = open_house(config, needed=not wish.sources)
    now = instant_given(wish.now, "--now", house.zone) if wish.now else utc_now()
    since = now - span_given(wish.since, "--since") if wish.since else None
    scan = _Scan(_checked(wish), house, now, since, _Tally())
    with _target(wish.output) as target:
        _print(scan, target)
    _close(scan)


def _checked(wish: Wish) -> Wish:
    if wish.sources and (wish.account or wish.folder or wish.fast):
        told = "--account, --folder and --fast are for a mailbox, not for files."
        raise StopError(told, "Name either sources or an account.", WRONG)
    return wish


def _target(output: Path | None) -> AbstractContextManager[IO[bytes]]:
    if output is None:
        sys.stdout.flush()
        return nullcontext(sys.stdout.buffer)
    try:
        return output.expanduser().open("wb")
    except OSError as error:
        raise StopError(f"{output} can't be written: {error.strerror}.", "Name another --output.") from None


def _print(scan: _Scan, target: IO[bytes]) -> None:
    form = scan.wish.form
    if form in {"json", "csv"} and not scan.wish.by_case:
        _print_mails(scan, target)
        return
    cases = _cases(scan)
    if form == "ics":
        target.write(_calendar(scan, cases))
    elif form == "table":
        _print_table(scan, cases, target)
    else:
        _print_cases(scan, cases, target)


def _print_mails(scan: _Scan, target: IO[bytes]) -> None:
    from watcher.present import MAIL_COLUMNS, csv_row, mail_json

    as_csv = scan.wish.form == "csv"
    if as_csv:
        target.write(_csv(list(MAIL_COLUMNS)))
    for notice in _notices(scan):
        if notice.outcome is Outcome.IGNORED and not scan.wish.everything:
            continue
        row = mail_json(notice, scan.house.policy, scan.house.words, scan.now)
        target.write(_csv(csv_row(row, MAIL_COLUMNS)) if as_csv else json_line(row))
        target.flush()  # whoever reads along sees each mail as it is read


def _print_cases(scan: _Scan, cases: tuple[Case, ...], target: IO[bytes]) -> None:
    from watcher.present import CASE_COLUMNS, csv_row

    as_csv = scan.wish.form == "csv"
    if as_csv:
        target.write(_csv(list(CASE_COLUMNS)))
    for row in _rows(scan, cases):
        target.write(_csv(csv_row(row, CASE_COLUMNS)) if as_csv else json_line(row))


def _print_table(scan: _Scan, cases: tuple[Case, ...], target: IO[bytes]) -> None:
    from watcher.paper import Paper
    from watcher.tables import show_cases

    shown = [case for case in cases if scan.wish.everything or _matters(case)]
    text = io.TextIOWrapper(target, encoding="utf-8", errors="replace", write_through=True)
    to = Paper(sys.stdout if target is sys.stdout.buffer else text)
    if shown:
        show_cases(to, _rows(scan, tuple(shown)), scan.house.zone, scan.now)
    else:
        to.line("Nothing to answer in these mails.")
    if rest := len(cases) - len(shown):
        to.line(f"{rest} more with nothing to do: --all shows them.")
    text.detach()


def _matters(case: Case) -> bool:
    """A dispute is always worth a line; the order's own clocks only while they run."""
    return case.deadline is not None or case.about is not About.ORDER


def _rows(scan: _Scan, cases: tuple[Case, ...]) -> list[dict[str, Any]]:
    from watcher.present import case_json

    return [case_json(case, scan.house.policy, scan.house.words, scan.now) for case in cases]


def _cases(scan: _Scan) -> tuple[Case, ...]:
    from rules.cases import judge

    return judge(list(_notices(scan)), {}, {}, scan.house.policy)


def _calendar(scan: _Scan, cases: tuple[Case, ...]) -> bytes:
    from rules.routes import instruct
    from watcher.calendar import calendar_of, entry_of_case

    entries = [
        entry_of_case(case, instruct(case.kind, case.orders, case.dispute, scan.house.words))
        for case in cases
        if _matters(case)
    ]
    return calendar_of([entry for entry in entries if entry is not None])


def _csv(cells: list[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue().encode("utf-8", "replace")


def _notices(scan: _Scan) -> Iterator[Notice]:
    """Every mail's notice in the order read, counted, with its source."""
    from watcher.progress import progress
    from watcher.readers import notice_of, plain
    from watcher.reading import read_many

    sources = [_from_files(scan)] if scan.wish.sources else _from_accounts(scan)
    with progress("mails read") as step:
        for recipe, items in sources:
            mails = ((message, message.raw, message.received_at) for message in _messages(scan, items))
            for message, answer in read_many(mails, recipe, plain):
                step()
                notice = notice_of(answer, message)
                if scan.since is None or message.place is not None or notice.sent_at >= scan.since:
                    _count_in(scan.tally, notice)
                    yield notice


def _count_in(tally: _Tally, notice: Notice) -> None:
    tally.outcomes[notice.outcome] += 1
    if notice.reason is not None:
        tally.reasons[notice.reason] += 1


def _messages(scan: _Scan, items: Iterable[Item]) -> Iterator[Message]:
    """The mails among what was met; the rest is counted, and failures are kept for the end."""
    tally = scan.tally
    for item in items:
        if isinstance(item, Message):
            yield item
        elif isinstance(item, Skipped):
            tally.skipped += 1
        elif isinstance(item, Passed):
            tally.outcomes[Outcome.IGNORED] += len(item.uids)
            tally.reasons[Reason.STRANGER] += len(item.uids)
        elif isinstance(item, Unreadable):
            tally.failures.append(f"{item.source} can't be read: {item.error}")
        else:
            tally.failures.append(f"{item.sentence} {item.remedy}".strip())


def _from_files(scan: _Scan) -> tuple[Recipe, Iterator[Item]]:
    forwarders = tuple(scan.house.settings.forwarders)
    recipe = Recipe(scan.house.phrases, scan.wish.authserv_ids, forwarders)
    recipe.check()
    return recipe, walk(scan.wish.sources, sys.stdin.buffer, scan.now)


def _from_accounts(scan: _Scan) -> Iterator[tuple[Recipe, Iterator[Item]]]:
    from watcher.inbound import mailboxes_of, recipe_of
    from watcher.mailboxes.account import scan_account

    accounts = scan.house.settings.account
    chosen = [each for each in accounts if scan.wish.account in (None, each.name)]
    if not chosen:
        known = listed(each.name for each in accounts)
        what = f'"{scan.wish.account}"' if scan.wish.account else "to scan"
        raise StopError(f"There is no account {what}.", f"The configuration has {known}.", WRONG)
    for account in chosen:
        recipe = recipe_of(scan.house, account, scan.wish.authserv_ids)
        recipe.check()
        mailboxes = mailboxes_of(scan.house, account, [scan.wish.folder] if scan.wish.folder else None)
        yield recipe, scan_account(mailboxes, scan.since or scan.now - BACKFILL, scan.wish.fast)


def _close(scan: _Scan) -> None:
    """Tell the count, then what could not be read; raises StopError for the latter."""
    tally = scan.tally
    counts = tally.outcomes
    ignored = ", ".join(
        f"{tally.reasons[reason]} {reason.value}"
        for reason in (Reason.SUSPICIOUS, Reason.FORGED)
        if tally.reasons[reason]
    )
    hint(
        f"{_count(sum(counts.values()), 'mail')} read: {_count(counts[Outcome.NOTICE], 'notice')}, "
        f"{counts[Outcome.UNCLEAR]} unclear, {counts[Outcome.IGNORED]} ignored"
        + (f" ({ignored})" if ignored else "")
        + (f"; {_count(tally.skipped, 'other file')} skipped" if tally.skipped else "")
        + "."
    )
    if tally.failures:
        for failure in tally.failures[:_SOME]:
            hint(failure)
        more = len(tally.failures) - _SOME
        told = f"{_count(len(tally.failures), 'source')} could not be read"
        told += f" ({more} not shown)." if more > 0 else "."
        raise StopError(told, "Everything else was read and printed.")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
