"""Stand-ins round the watcher: mails made of facts, a folder as a mailbox, a file as a channel, a clock."""

import json
import os
import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from rules.alerts import due as due_now
from rules.cases import judge as judge_cases
from rules.facts import (
    Act,
    Alert,
    AlertAbout,
    Authenticity,
    By,
    Case,
    Day,
    Due,
    Kind,
    Notice,
    Outcome,
    Reason,
    Trust,
    Urgency,
    Within,
)
from rules.policy import Policy, Ringing
from watcher import records
from watcher.cautions import Warn
from watcher.channels import Attempt, ChannelError, Probe
from watcher.loading import load_policy
from watcher.mailboxes import Item, Looked, Memory, Message, Place
from watcher.store import Store

START = datetime(2025, 3, 8, 12, 0, tzinfo=UTC)
ORDER = "8150004417231188"
ONCE = "X-Test-Notice: "


@cache
def policy() -> Policy:
    """The policy as it ships."""
    return load_policy()


def judge(notices: Any, acts: Mapping[str, Sequence[Act]], names: Mapping[str, str]) -> tuple[Case, ...]:
    """The real judge with the policy as it ships."""
    return judge_cases(notices, acts, names, policy())


def summary(case: Case) -> str:
    """A short ready-made JSON of a case."""
    return json.dumps({"case": case.id, "orders": list(case.orders), "turn": case.turn.value})


def open_store(folder: Path) -> Store:
    """A store that can judge."""
    return Store(folder, judge, summary)


class Hands:
    """A clock that tests turn by hand."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)


def a_notice(identity: str = "one", kind: Kind | None = Kind.OFFER, **changes: Any) -> Notice:
    """A verified offer with five days to answer, received at START, with its fields changed as given."""
    notice = Notice(
        identity=identity,
        outcome=Outcome.NOTICE if kind else Outcome.UNCLEAR,
        reason=None if kind else Reason.NO_KIND,
        kind=kind,
        sent_at=START,
        received_at=START,
        authenticity=Authenticity(Trust.VERIFIED),
        orders=(ORDER,),
        printed=(Within(timedelta(days=5), timedelta(days=5), False, "within 5 days"),) if kind else (),
    )
    return replace(notice, **changes)


def an_ignored(identity: str, reason: Reason, **changes: Any) -> Notice:
    """A mail that was ignored for this reason."""
    trust = {Reason.FORGED: Trust.FORGED, Reason.SUSPICIOUS: Trust.SUSPICIOUS}.get(reason, Trust.UNVERIFIED)
    return a_notice(
        identity,
        **{
            "outcome": Outcome.IGNORED,
            "kind": None,
            "reason": reason,
            "authenticity": Authenticity(trust),
            "printed": (),
            **changes,
        },
    )


def a_mail(notice: Notice, uid: int = 1, folder: str = "INBOX", validity: int = 7) -> Message:
    """A message whose bytes carry the facts of a notice, for `read_facts` to read."""
    raw = f"From: offers@example.org\nSubject: test\n{ONCE}{records.dump(notice)}\n\nbody\n".encode()
    place = Place("home", folder, validity, uid)
    return Message(raw, notice.received_at, f"test:{folder}/{validity}/{uid}", place, len(raw))


def read_facts(message: Message) -> Notice:
    """Read the facts that `a_mail` put in."""
    for line in message.raw.decode().splitlines():
        if line.startswith(ONCE):
            return records.notice(line.removeprefix(ONCE))
    return replace(an_ignored(message.source, Reason.STRANGER), orders=())


class PlainSpeech:
    """Says when the real rules say, in words of no language."""

    def __init__(self, ringing: Ringing | None = None) -> None:
        self.ringing = ringing or Ringing()

    def due(self, case: Case, now: datetime, said: Collection[str], known_since: datetime) -> Due | None:
        return due_now(case, now, self.ringing, said, known_since=known_since)

    def case(self, due: Due, case: Case, now: datetime) -> Alert:
        return Alert(
            key=due.key,
            about=AlertAbout.CASE,
            urgency=due.urgency,
            headline=f"{case.kind} {due.rung}",
            body="",
            created_at=now,
            case=case.id,
            orders=case.orders,
            kind=case.kind,
            rung=due.rung,
            late=due.late,
            deadline=case.deadline,
            turn=case.turn,
            authenticity=case.authenticity,
        )

    def warning(self, key: str, warn: Warn, now: datetime) -> Alert:
        return Alert(key, AlertAbout.WARNING, Urgency.INFO, warn.reason, "", now, orders=warn.orders)

    def flood(self, key: str, waiting: int, now: datetime) -> Alert:
        return Alert(key, AlertAbout.WARNING, Urgency.SOON, f"flood {waiting}", "", now)

    def blind(
        self, key: str, account: str, last_look_at: datetime | None, error: str | None, now: datetime
    ) -> Alert:
        return Alert(key, AlertAbout.HEALTH, Urgency.URGENT, f"blind {account}", error or "", now)

    def sighted(self, key: str, account: str, last_look_at: datetime | None, now: datetime) -> Alert:
        return Alert(key, AlertAbout.HEALTH, Urgency.INFO, f"sighted {account}", "", now)

    def broken(self, key: str, sentence: str, remedy: str, now: datetime) -> Alert:
        return Alert(key, AlertAbout.HEALTH, Urgency.CRITICAL, sentence, remedy, now)

    def clock(self, key: str, minutes: int, slow: bool, now: datetime) -> Alert:
        return Alert(key, AlertAbout.HEALTH, Urgency.URGENT, f"clock {minutes} {slow}", "", now)

    def test(self, key: str, now: datetime) -> Alert:
        return Alert(key, AlertAbout.TEST, Urgency.INFO, "test", "", now)


@dataclass
class Recorder:
    """A channel that remembers what it was handed, and fails as often as `failures` says."""

    name: str = "recorder"
    min_urgency: Urgency = Urgency.INFO
    failures: list[Exception] = field(default_factory=list)
    handed: list[tuple[Alert, Attempt]] = field(default_factory=list)

    def send(self, alert: Alert, attempt: Attempt) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.handed.append((alert, attempt))

    @property
    def keys(self) -> list[str]:
        return [alert.key for alert, _ in self.handed]


def refusals(count: int) -> list[Exception]:
    """So many plain refusals."""
    return [ChannelError("It is closed.", "Open it.") for _ in range(count)]


class FolderMailbox:
    """A folder of `<uid>.eml` files as a mailbox; what lies there can be read again for ever."""

    account = "home"

    def __init__(self, folder: Path, poll: float = 0.05) -> None:
        self._folder = folder
        self._poll = poll
        self.closed = False

    def look(self, memory: Memory, since: datetime) -> Iterator[Item]:
        uids = sorted(int(path.stem) for path in self._folder.glob("*.eml"))
        for uid in memory.unseen("home", "INBOX", 7, uids):
            path = self._folder / f"{uid}.eml"
            received = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            raw = path.read_bytes()
            yield Message(raw, received, str(path), Place("home", "INBOX", 7, uid), len(raw))
        yield Looked("home", "INBOX", 7, max(uids, default=0) + 1, len(uids))

    def wait(self, seconds: float, stop: threading.Event) -> None:
        before = len(list(self._folder.glob("*.eml")))
        for _ in range(int(seconds / self._poll)):
            if stop.wait(self._poll) or len(list(self._folder.glob("*.eml"))) != before:
                return

    def close(self) -> None:
        self.closed = True


def post(folder: Path, uid: int, raw: bytes) -> None:
    """Put a mail into a folder at once and whole."""
    folder.mkdir(exist_ok=True)
    waiting = folder / f"{uid}.part"
    waiting.write_bytes(raw)
    waiting.rename(folder / f"{uid}.eml")


class FileChannel:
    """A channel whose deliveries are lines of a file, synced, so that they outlive a kill."""

    min_urgency = Urgency.INFO

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self._path = path

    def send(self, alert: Alert, attempt: Attempt) -> None:
        with self._path.open("a") as file:
            file.write(json.dumps(_delivery(alert, attempt)) + "\n")
            file.flush()
            os.fsync(file.fileno())


class MailChannel:
    """A channel that puts its mails into the watched folder at once and whole, as a mail server would."""

    min_urgency = Urgency.INFO

    def __init__(self, name: str, mailbox: Path, probe: Probe) -> None:
        self.name = name
        self._mailbox = mailbox
        self._probe = probe

    def send(self, alert: Alert, attempt: Attempt) -> None:
        if attempt.in_doubt and self._probe(attempt.message_id):
            return
        told = json.dumps(_delivery(alert, attempt))
        raw = f"Message-ID: {attempt.message_id}\nX-Told: {told}\n\nbody\n".encode()
        post(self._mailbox, 10**6 + time.time_ns() % 10**15, raw)


def _delivery(alert: Alert, attempt: Attempt) -> dict[str, Any]:
    return {"key": alert.key, "id": attempt.message_id, "in_doubt": attempt.in_doubt}


def mails_sent(mailbox: Path) -> list[dict[str, Any]]:
    """What MailChannels put into a folder so far."""
    texts = [path.read_text() for path in sorted(mailbox.glob("*.eml")) if int(path.stem) >= 10**6]
    return [json.loads(text.split("X-Told: ")[1].splitlines()[0]) for text in texts]


def deliveries(path: Path) -> list[dict[str, Any]]:
    """What a FileChannel delivered so far."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def stated(day: int, month: int = 3, year: int = 2025) -> tuple[By, ...]:
    """A printed date alone."""
    return (By((Day(year, month, day),), None, None, f"{year}-{month}-{day}"),)
