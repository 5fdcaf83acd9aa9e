"""Looks at everything that offerwatch depends on, and ends in a list of what to do."""

import fcntl
import os
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from watcher import channelcheck, checkups
from watcher.census import Census, census
from watcher.checkups import Finding, State
from watcher.clock import utc_now
from watcher.commands import BLIND, DONE, FAILED, House, open_house, print_json
from watcher.commands.account import where
from watcher.commands.look import is_awake
from watcher.database import StoreError
from watcher.glance import glance_of
from watcher.mailboxes import Cursor, Looked, Mailbox, MailboxError, Message
from watcher.paper import Paper
from watcher.settings import Account
from watcher.store import Store
from watcher.timekeeping import clock_said

RECENT = timedelta(days=30)
_COLOURS = {State.WELL: "", State.NOTE: "yellow", State.WRONG: "bold red"}


def run(config: Path | None, as_json: bool, loud: bool = False) -> int:
    """Print every finding as it is made; returns 3 when blind, 1 when something is wrong, else 0.

    With `loud` every channel is asked to carry a test alert; without, nothing is sent.
    """
    house, now = open_house(config, needed=False), utc_now()
    findings, paper = [], Paper(sys.stdout)
    for finding in _findings(house, now, loud):
        findings.append(finding)
        if not as_json:
            paper.line(f"{finding.state.value:<6}{finding.name}: {finding.told}", _COLOURS[finding.state])
    awake = not house.settings.account or _awake(house, now)
    todo = [f"{each.name}: {each.todo}" for each in findings if each.todo]
    if as_json:
        print_json(
            {"schema": 1, "awake": awake, "findings": [_json(each) for each in findings], "todo": todo}
        )
    else:
        _say_todo(paper, todo)
    if not awake:
        return BLIND
    return FAILED if any(each.state is State.WRONG for each in findings) else DONE


def _json(finding: Finding) -> dict[str, Any]:
    return {
        "name": finding.name,
        "state": finding.state.value,
        "told": finding.told,
        "todo": finding.todo,
    }


def _say_todo(paper: Paper, todo: list[str]) -> None:
    paper.line()
    if not todo:
        paper.line("Nothing to do: all is well.", "bold green")
        return
    paper.line("What to do:", "bold")
    for number, each in enumerate(todo, 1):
        paper.line(f"{number:>3}. {each}")


def _findings(house: House, now: datetime, loud: bool) -> Iterator[Finding]:
    yield from checkups.versions()
    yield _configuration(house)
    yield checkups.data_files(house)
    yield from checkups.state_folder(house.settings.state_folder)
    yield from checkups.secrets(house)
    yield from checkups.sign_ins(house, now)
    if house.path is not None:
        yield from channelcheck.channels(house, now, loud)
        yield from channelcheck.calendar(house)
    for account in house.settings.account:
        yield from _account(house, account, now)
    if house.settings.account:
        yield _watching(house)
        yield from _looks(house, now)
    yield from _probe(house)
    if house.path is not None:
        yield channelcheck.dead_man(house)
        yield from checkups.service()


_PROBED = {
    "host_up": (State.WELL, "answers", None),
    "offline": (State.NOTE, "can't be reached, and nothing else either", "Check this machine's network."),
    "captive_portal": (State.NOTE, "a portal answers in its place", "Sign in to this network."),
    "dns_filter": (
        State.NOTE,
        "your DNS filter blocks it: links to it open a blank page",
        "Allow it in Pi-hole, AdGuard or the like, or use the app over mobile data.",
    ),
    "unreachable": (State.NOTE, "is out of reach from here", "Use the app over mobile data."),
    "intercepted": (
        State.NOTE,
        "its certificate is not AliExpress's: something stands in between, or this machine's clock is wrong",
        "Check the clock, and who filters this network.",
    ),
    "unsure": (State.NOTE, "has no name just now; a second look decides", None),
    "host_gone": (State.NOTE, "does not exist any more", None),
}


def _probe(house: House) -> Iterator[Finding]:
    """Look at AliExpress's hosts, if that was asked for: names and TLS handshakes, no request."""
    from watcher.wiring import probe_of

    if not house.settings.probe.enabled:
        return
    try:
        store = Store(house.settings.state_folder)
    except StoreError:
        return  # told of elsewhere
    try:
        probe = probe_of(house, store)
        for host, found in (probe.look_now() if probe else {}).items():
            yield Finding(f"probe {host.value}", *_PROBED[found.value])
    finally:
        store.close()


def _configuration(house: House) -> Finding:
    from watcher.whereabouts import default_path

    if house.path is None:
        todo = f"Run: offerwatch account add (it writes {default_path()})"
        return Finding("configuration", State.NOTE, "there is none yet", todo)
    if not house.settings.account:
        told = f"{house.path} has no account"
        return Finding("configuration", State.WRONG, told, "Run: offerwatch account add")
    return Finding("configuration", State.WELL, f"{house.path}, times shown in {house.zone}")


def _account(house: House, account: Account, now: datetime) -> Iterator[Finding]:
    from watcher.inbound import mailboxes_of

    yield Finding(f"account {account.name}", State.WELL, where(account))
    try:
        mailboxes = mailboxes_of(house, account)
    except MailboxError as error:
        yield Finding(f"account {account.name}", State.WRONG, error.sentence, error.remedy)
        return
    for number, (mailbox, folder) in enumerate(zip(mailboxes, account.folders, strict=True)):
        yield from _folder(house, account, mailbox, folder, now, first=number == 0)


def _folder(
    house: House, account: Account, mailbox: Mailbox, folder: str, now: datetime, first: bool
) -> Iterator[Finding]:
    name = f"{account.name} {folder}"
    newest: Message | None = None
    try:
        for item in mailbox.look(_Newest(), now - RECENT):
            if isinstance(item, Message):
                newest = item
            elif isinstance(item, Looked):
                yield Finding(name, State.WELL, f"opened read-only as {item.folder}, {_mails(item.exists)}")
        if first:
            yield from _server(account, mailbox)
            yield checkups.clock(newest.received_at if newest else None, now)
            yield from _trust(house, account, census(house, account, mailbox, now))
    except MailboxError as error:
        yield Finding(name, State.WRONG, error.sentence, error.remedy)
    finally:
        mailbox.close()


def _server(account: Account, mailbox: Mailbox) -> Iterator[Finding]:
    ask = getattr(mailbox, "capabilities", None)
    if ask is None:
        return
    can = {str(each).upper() for each in ask()}
    name = f"{account.name} server"
    if "IDLE" in can:
        yield Finding(name, State.WELL, "has IDLE: a new mail is seen at once")
    else:
        every = int(account.poll_every.total_seconds() // 60)
        yield Finding(name, State.NOTE, f"has no IDLE: a new mail is seen within {every} min (poll_every)")
    known = [each for each in ("UIDPLUS", "SPECIAL-USE", "CONDSTORE", "X-GM-EXT-1") if each in can]
    yield Finding(f"{name} abilities", State.WELL, ", ".join(known) or "none beyond the plainest")
    secured = getattr(mailbox, "protection", lambda: None)()
    told = f"{secured}, certificate trusted" if secured else "no encryption: the server is this machine"
    yield Finding(f"{name} connection", State.WELL, told)
    yield from _junk(account, mailbox)


def _junk(account: Account, mailbox: Mailbox) -> Iterator[Finding]:
    """Offers filed as spam are the ones that get missed: say so where that folder isn't watched."""
    from watcher.mailboxes.folders import resolve

    listing = getattr(mailbox, "listing", None)
    if listing is None:
        return
    name = f"{account.name} junk"
    try:
        junk = resolve("\\Junk", listing(), account.name, "this server")
    except MailboxError:
        yield Finding(
            name, State.NOTE, "no folder for junk mail was found; if there is one, name it in folders"
        )
        return
    if {"\\junk", junk.lower()} & {each.lower() for each in account.folders}:
        yield Finding(name, State.WELL, f"{junk} is watched")
    else:
        todo = f'Add "\\\\Junk" to folders of account {account.name}.'
        yield Finding(name, State.NOTE, f"{junk} is not watched, and offers end up there", todo)


def _trust(house: House, account: Account, met: Census) -> Iterator[Finding]:
    """Say what AliExpress's mails carry, and whose results among that are trusted."""
    from parsers.authresults import Results
    from watcher.inbound import recipe_of

    name = f"{account.name} sender checks"
    if met.mails:
        yield Finding(f"{account.name} mails of AliExpress", State.WELL, met.told())
    ids, seen = recipe_of(house, account).authserv_ids, ", ".join(met.servers)
    if not ids:
        told = "no sender can be verified: it is not known whose Authentication-Results to trust"
        shown = f" Their mails carry: {seen}." if seen else ""
        todo = f"If your provider adds them, set authserv_id of account {account.name} to its name.{shown}"
        yield Finding(name, State.NOTE, told, todo)
        return
    told = f"trusts Authentication-Results of {', '.join(ids)}"
    if not met.mails or any(Results(server, ()).said_by(ids) for server in met.servers):
        yield Finding(name, State.WELL, told)
        return
    todo = f"Compare authserv_id of account {account.name} with what they carry: {seen or 'nothing'}."
    yield Finding(name, State.NOTE, f"{told}, but no mail of AliExpress here carries one", todo)


class _Newest:
    """A memory that has seen everything but the newest mail: one mail is fetched, nothing is kept."""

    def unseen(self, account: str, folder: str, uidvalidity: int, uids: Sequence[int]) -> list[int]:
        return [max(uids)] if uids else []

    def cursor(self, account: str, folder: str) -> Cursor | None:
        return None


def _watching(house: House) -> Finding:
    """Whether a daemon holds this state's lock; the lock is only tried, never kept."""
    path = house.settings.state_folder / "watch.lock"
    try:
        lock = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return Finding("watch", State.WRONG, "is not running, and never was", "Start: offerwatch watch")
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return Finding("watch", State.WELL, "is running")
    finally:
        os.close(lock)
    return Finding("watch", State.WRONG, "is not running", "Start: offerwatch watch")


def _awake(house: House, now: datetime) -> bool:
    try:
        store = Store(house.settings.state_folder)
    except StoreError:
        return False
    try:
        return is_awake(store, glance_of(house.settings), now)
    finally:
        store.close()


def _looks(house: House, now: datetime) -> Iterator[Finding]:
    from watcher.commands.look import status_of
    from watcher.tables import read_instant, span

    try:
        store = Store(house.settings.state_folder)
    except StoreError as error:
        yield Finding("store", State.WRONG, error.sentence, error.remedy)
        return
    shown = status_of(store, glance_of(house.settings), now)
    counters = store.diary.counters()
    wrong_clock = clock_said(store.diary, now)
    store.close()
    for account in shown["accounts"]:
        for folder in account["folders"]:
            at, fault = folder["last_look_at"], folder["error"]
            told = f"{span(now - read_instant(at))} ago" if at else "never"
            trouble = f" - {fault}" if fault else ""
            state = State.NOTE if fault or not at else State.WELL
            yield Finding(f"last look at {account['name']} {folder['name']}", state, told + trouble)
    if wrong_clock:
        yield Finding("clock of the watch", State.WRONG, wrong_clock, "Set the clock, and let NTP keep it.")
    waiting = shown["outbox"]["waiting"]
    yield Finding("outbox", State.WELL, f"{waiting} alerts wait" if waiting else "nothing waits")
    yield Finding(
        "deceit", State.WELL, f"{counters['forged']} forged, {counters['suspicious']} suspicious mails"
    )


def _mails(count: int) -> str:
    return "1 mail" if count == 1 else f"{count} mails"
