"""From the one thing that is due to the alert that says it, in the user's language."""

import tomllib
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime, tzinfo
from functools import cache
from importlib.resources import files

from rules.alerts import due, is_quiet
from rules.facts import (
    Alert,
    AlertAbout,
    Authenticity,
    Case,
    Clock,
    Due,
    Notice,
    Outcome,
    Reason,
    Trust,
    Urgency,
)
from rules.links import look
from rules.policy import Hosts, Ringing
from rules.probing import Finding, marked
from rules.routes import Words
from rules.telling import announce, health, tell, test, warning
from watcher.cautions import Warn

ENGLISH = "en"


class HouseSpeech:
    """The real words: the ladder of `ringing`, links judged by `hosts`, times in `zone`.

    `probed` gives what looking at hosts found, where that was asked for.
    """

    def __init__(
        self,
        ringing: Ringing,
        words: Words,
        hosts: Hosts,
        zone: tzinfo,
        language: str = ENGLISH,
        probed: Callable[[datetime], Mapping[str, Finding]] = lambda now: {},
    ) -> None:
        self._ringing = ringing
        self._words = words
        self._hosts = hosts
        self._zone = zone
        self._probed = probed
        self._own = own_words(language)

    def due(self, case: Case, now: datetime, said: Collection[str], known_since: datetime) -> Due | None:
        """Return the one thing to say about a case now, None where there is nothing."""
        return due(case, now, self._ringing, said, known_since=known_since)

    def case(self, due: Due, case: Case, now: datetime) -> Alert:
        """Return the alert that says it; of the links only what looking at them told."""
        links = look(case.anchors, case.orders, now, self._hosts, case.reported_broken)
        return tell(due, case, marked(links, self._probed(now)), self._words, self._zone, now)

    def announce(self, key: str, clock: Clock, case: Case, now: datetime) -> Alert | None:
        """Return the word that a chosen clock has come; None in quiet hours, which it never breaks."""
        if is_quiet(now, self._ringing):
            return None
        return announce(key, clock, case, self._words, self._zone, now)

    def warning(self, key: str, warn: Warn, now: datetime) -> Alert:
        """Return the quiet word about a mail that pretends, or that can't be read."""
        if warn.reason == "unreadable":
            return self._plain(key, AlertAbout.WARNING, Urgency.SOON, "unreadable", now, source=warn.source)
        return replace(warning(_shadow(warn), warn.orders, self._words, self._zone, now), key=key)

    def flood(self, key: str, waiting: int, now: datetime) -> Alert:
        """Return the summary said in place of `waiting` alerts of unverified senders."""
        return self._plain(key, AlertAbout.WARNING, Urgency.SOON, "flood", now, waiting=str(waiting))

    def blind(
        self, key: str, account: str, last_look_at: datetime | None, error: str | None, now: datetime
    ) -> Alert:
        """Return the alarm that an account was not looked at since then (None: never)."""
        return replace(health(account, last_look_at, error, self._words, self._zone, now), key=key)

    def sighted(self, key: str, account: str, last_look_at: datetime | None, now: datetime) -> Alert:
        """Return the all-clear after an alarm of blindness."""
        alert = health(account, last_look_at, None, self._words, self._zone, now, recovered=True)
        return replace(alert, key=key)

    def broken(self, key: str, sentence: str, remedy: str, now: datetime) -> Alert:
        """Return the alarm that the watcher itself can't do its work."""
        about, urgency = AlertAbout.HEALTH, Urgency.CRITICAL
        return self._plain(key, about, urgency, "broken", now, sentence=sentence, remedy=remedy)

    def clock(self, key: str, minutes: int, slow: bool, now: datetime) -> Alert:
        """Return the alarm that this machine's clock is wrong by so many minutes."""
        name = "clock_slow" if slow else "clock_fast"
        return self._plain(key, AlertAbout.HEALTH, Urgency.URGENT, name, now, minutes=str(minutes))

    def test(self, key: str, now: datetime) -> Alert:
        """Return the proof that a channel works."""
        return replace(test(key, self._words, self._zone, now), key=key)

    def _plain(
        self, key: str, about: AlertAbout, urgency: Urgency, name: str, now: datetime, **holes: str
    ) -> Alert:
        headline, body = self._own[f"{name}_headline"].format(**holes), self._own[name].format(**holes)
        return Alert(key=key, about=about, urgency=urgency, headline=headline, body=body, created_at=now)


@cache
def all_own_words() -> dict[str, dict[str, str]]:
    """Return the watcher's own sentences, by language and name."""
    return tomllib.loads(files("watcher").joinpath("speech.toml").read_text("utf-8"))


def own_words(language: str) -> dict[str, str]:
    """Return the watcher's own sentences in a language, in English where they are in no such language."""
    words = all_own_words()
    return words.get(language, words[ENGLISH])


def _shadow(warn: Warn) -> Notice:
    """Return as much of the mail as was kept: that it came, when, and why it is not believed."""
    trust = Trust.FORGED if warn.reason == Reason.FORGED.value else Trust.SUSPICIOUS
    return Notice(
        identity=warn.identity,
        outcome=Outcome.IGNORED,
        reason=Reason(warn.reason),
        kind=None,
        sent_at=warn.at,
        received_at=warn.at,
        authenticity=Authenticity(trust),
        orders=warn.orders,
    )
