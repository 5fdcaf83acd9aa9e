"""The two verbs of the shell: take a mail in, look at the clock.

Law: facts change cases, only the clock makes alerts. Outbox rows are born in `look_at_clock` and nowhere
else. Both verbs may run at any time, any number of times, in any order, and be killed at any point.
"""

import hashlib
import logging
import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from rules.announcing import ripe, waits
from rules.facts import (
    Alert,
    AlertAbout,
    Case,
    Clock,
    Due,
    Notice,
    Trust,
    Urgency,
)
from watcher import crash
from watcher.cautions import Warn
from watcher.channels import Channel
from watcher.clock import EVER, stamp, utc_now
from watcher.database import StoreError
from watcher.health import Health
from watcher.mailboxes import Message, Unreadable
from watcher.outbox import Birth
from watcher.readers import notice_of
from watcher.reading import Unread
from watcher.sayings import Speech
from watcher.store import Open, Store, Taken
from watcher.timekeeping import Timekeeper
from watcher.truth import LOUDNESS

log = logging.getLogger("offerwatch")

Read = Callable[[Message], Notice]

_REST_AFTER = timedelta(days=3)
"""So long after the last plausible instant a case may still have a word held back by quiet hours."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How often we speak at most, after how long we say that we are blind, which clocks are announced."""

    unverified_per_hour: int = 30
    warnings_per_day: int = 3
    blind_after: timedelta = timedelta(hours=2)
    test_every: timedelta | None = None
    announce: frozenset[str] = frozenset()


class App:
    """Mail in, alerts out. `watched` names every account and folder that must be looked at; `channels`
    are only asked for their names and minimum urgency here, never to send."""

    def __init__(
        self,
        store: Store,
        speech: Speech,
        read: Read,
        channels: Sequence[Channel] = (),
        *,
        watched: Collection[tuple[str, str]] = (),
        limits: Limits | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.store = store
        self.speech = speech
        self.now = now
        self.on_birth: Callable[[], None] = lambda: None
        self._read = read
        self._channels = tuple(channels)
        self._limits = limits or Limits()
        self.health = Health(
            store.diary, speech, watched, self._limits.blind_after, now(), store.outbox.drop_keys
        )
        self._timekeeper = Timekeeper(store.diary)
        self._turn = threading.RLock()  # one look at a time, so that no two decide about one case

    def take_in(self, message: Message) -> Taken:
        """Keep what a mail says, then look at the clock for the cases it touched. Raises StoreError.

        A mail that makes us stumble is set aside and warned of, so that it can't block those after it.
        """
        try:
            return self._take_in(message)
        except StoreError:
            raise
        except Exception as error:
            log.exception("A mail could not be taken in.")
            if message.place is None:
                raise
            name = type(error).__name__
            self.store.set_aside(Unreadable(message.place, message.source, name, None), self.now())
            return Taken(new=False)

    def _take_in(self, message: Message) -> Taken:
        if self.store.own(message, self.now()):
            self._timekeeper.came_back(message, self.now())
            return Taken(new=False)
        self._timekeeper.received(message, self.now())
        crash.reach("after_fetch")
        notice = self.read(message)
        crash.reach("after_read")
        taken = self.store.take_in(message, notice, self.now())
        if taken.cases:
            self.look_at_clock(only=taken.cases)
        return taken

    def read(self, message: Message) -> Notice:
        """Return what a mail says; a reader that fails makes an unclear notice, never a lost mail."""
        try:
            notice = self._read(message)
        except Exception as error:
            log.error("A mail made the reader fail (%s); it counts as unclear.", type(error).__name__)
            notice = notice_of(Unread(type(error).__name__), message)
        return notice if notice.source else replace(notice, source=message.source)

    def woke(self, now: datetime) -> None:
        """The machine slept, or its clock was set: nobody was blind meanwhile, and what a clock that was
        wrong took for over is looked at again. Raises StoreError."""
        self.health.woke(now)
        self.store.rouse(now - _REST_AFTER, now)

    def heard(self, at: datetime) -> None:
        """Another machine's clock says `at` (aware) just now. Raises StoreError."""
        self._timekeeper.heard(at, self.now())

    def look_at_clock(self, now: datetime | None = None, only: Collection[str] | None = None) -> int:
        """Say what is due at `now` (of `only` these cases if given); return how many alerts were born.

        Raises StoreError.
        """
        with self._turn:
            at = now or self.now()
            births = self._about_cases(at, only)
            warns = self._worth_warning(at) if only is None else []
            if only is None:
                births += [self._quiet(self.speech.warning(_warning_key(warn), warn, at)) for warn in warns]
                births += [*self._health(at), *self._tests(at), *self._clocks(at)]
            born = self.store.outbox.bear(births, at) if births else 0
            if warns:  # ticked off after birth: a kill between the two repeats a key, which is born once
                self.store.cautions.done(warns, at, said=True)
            self.store.outbox.drop_untrue(at)
            born += self.store.outbox.hand_over([channel.name for channel in self._channels], at)
            if only is None:
                self.store.diary.put("last_tick_at", stamp(at))
        if born:
            self.on_birth()
        return born

    def unrecorded(self) -> list[tuple[Alert, tuple[str, ...]]]:
        """Return what must be said now although nothing can be written: what is due by the clock, and what
        waits to be sent; each with its channels. Raises StoreError where the store can't even be read."""
        now = self.now()
        with self._turn:
            ripe, _ = self._ripe(now, None)
            births = self._within_limit(sorted(ripe, key=_most_urgent_first), now)
            return [(birth.alert, birth.channels) for birth in births] + self.store.said.due(now)

    def _about_cases(self, now: datetime, only: Collection[str] | None) -> list[Birth]:
        ripe, resting = self._ripe(now, only)
        if resting:
            self.store.rest(resting)
        return self._within_limit(sorted(ripe, key=_most_urgent_first), now) if ripe else []

    def _ripe(self, now: datetime, only: Collection[str] | None) -> tuple[list[tuple[Open, Due]], list[Open]]:
        """Return the cases with what is due about them, and those that need not be looked at again."""
        ripe: list[tuple[Open, Due]] = []
        resting: list[Open] = []
        for each in self.store.open_cases(only):
            said = self.store.said.keys_about(each.case.id)
            try:
                due = self.speech.due(each.case, now, said, each.known_since)
            except Exception:  # one odd case must not silence all the others
                log.exception("Nobody knows what is due about case %s.", each.case.id)
                continue
            if due is not None and due.key not in said:
                ripe.append((each, due))
            elif _may_rest(each, said, now) and not waits(each.case, now, self._limits.announce):
                resting.append(each)
        return ripe, resting

    def _within_limit(self, ripe: Iterable[tuple[Open, Due]], now: datetime) -> list[Birth]:
        """Hold unverified words back above the hourly limit; what is held is due again at the next look."""
        left = self._limits.unverified_per_hour - self.store.said.limited_since(now - timedelta(hours=1))
        births: list[Birth] = []
        held = 0
        for each, due in ripe:
            limited = each.case.authenticity.verdict is not Trust.VERIFIED
            if limited and left <= 0:
                held += 1
                continue
            left -= limited
            alert = replace(self._say(due, each.case, now), key=due.key, case=each.case.id)
            births.append(Birth(alert, self._names(alert.urgency), limited))
        key = f"warning/flood/{now:%Y%m%dT%H}"
        if held and not self.store.said.knows(key):
            births.append(self._quiet(self.speech.flood(key, held, now)))
        return births

    def _say(self, due: Due, case: Case, now: datetime) -> Alert:
        """Return the alert for what is due; a few bare words are better than a deadline passed in silence."""
        try:
            return self.speech.case(due, case, now)
        except Exception:
            log.exception("The words for case %s could not be found.", case.id)
        return Alert(
            key=due.key,
            about=AlertAbout.CASE,
            urgency=due.urgency,
            headline=f"AliExpress: it is your turn ({', '.join(case.orders) or case.id})",
            body="Open the AliExpress app yourself and look at this order.",
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

    def _worth_warning(self, now: datetime) -> list[Warn]:
        """Return what to warn of, a few a day; those who pretend can't use up what is for mails that can't
        be read, or three of them would hide an offer."""
        unsaid = self.store.cautions.unsaid()
        if not unsaid:
            return []
        known = [replace(warn, orders=self.store.known_orders(warn.orders)) for warn in unsaid]
        chosen: list[Warn] = []
        for unreadable in (True, False):
            said = self.store.cautions.said_since(now - timedelta(days=1), unreadable)
            worth = [warn for warn in known if (warn.reason == "unreadable") == unreadable]
            worth = [warn for warn in worth if warn.reason != "forged" or warn.orders]
            chosen += worth[: max(0, self._limits.warnings_per_day - said)]
        self.store.cautions.done([warn for warn in known if warn not in chosen], now, said=False)
        return chosen

    def _health(self, now: datetime) -> Iterable[Birth]:
        yield from map(self._quiet, self.health.all_clears(now))
        yield from map(self._loud, self.health.alarms(now))

    def _clocks(self, now: datetime) -> Iterable[Birth]:
        """Announce the chosen clocks whose time has come, each once."""
        chosen = self._limits.announce
        for each in self.store.open_cases() if chosen else ():
            for clock in ripe(each.case, now, chosen, each.known_since):
                key = f"clock/{each.case.id}/{clock.at:%Y%m%dT%H%M%SZ}/{clock.name}"
                if self._is_idle(each.case, clock) or self.store.said.knows(key):
                    continue
                if (alert := self.speech.announce(key, clock, each.case, now)) is not None:
                    yield self._quiet(alert)

    def _is_idle(self, case: Case, clock: Clock) -> bool:
        """Tell whether a clock is of no use: the button for a dispute where there is one already."""
        opens = clock.name == "dispute_button_opens"
        return opens and any(name != case.id for order in case.orders for name in self.store.find(order))

    def _tests(self, now: datetime) -> Iterable[Birth]:
        every = self._limits.test_every
        if every is None:
            return
        last = self.store.said.last_about(AlertAbout.TEST)
        if last is None or now - last >= every:
            yield self._loud(self.speech.test(f"test/{now:%Y%m%dT%H%M%SZ}", now))

    def _names(self, urgency: Urgency) -> tuple[str, ...]:
        loud = LOUDNESS.index(urgency)
        return tuple(each.name for each in self._channels if LOUDNESS.index(each.min_urgency) <= loud)

    def _quiet(self, alert: Alert) -> Birth:
        return Birth(alert, self._names(alert.urgency))

    def _loud(self, alert: Alert) -> Birth:
        return Birth(alert, tuple(channel.name for channel in self._channels))


def _most_urgent_first(pair: tuple[Open, Due]) -> tuple[bool, int, datetime]:
    each, due = pair
    deadline = each.case.deadline
    verified = each.case.authenticity.verdict is Trust.VERIFIED
    return not verified, -LOUDNESS.index(due.urgency), deadline.at if deadline else EVER


def _may_rest(each: Open, said: Collection[str], now: datetime) -> bool:
    """Tell whether nothing can be due about a case any more until a mail or an act touches it."""
    case = each.case
    if case.deadline is None:
        return not said or now - each.changed_at > _REST_AFTER
    if case.snoozed_until is not None and case.snoozed_until > now:
        return False
    return now - case.deadline.latest > _REST_AFTER


def _warning_key(warn: Warn) -> str:
    return f"warning/{warn.reason}/{hashlib.sha256(warn.identity.encode()).hexdigest()[:12]}"
