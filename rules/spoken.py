"""Instants, spans and clocks in the user's language, and outside text made harmless."""

import re
import unicodedata
from datetime import datetime, timedelta, tzinfo

from rules.deadlines import bounded
from rules.wording import Words

LONGEST_QUOTE = 80
# Whatever a program could turn into something to press: an address, a bare host, a mailbox.
PRESSABLE = re.compile(r"://|@|^www\.|[^\W\d]\.[^\W\d]{2,}", re.IGNORECASE)


def moment(instant: datetime, words: Words, zone: tzinfo, brief: bool = False) -> str:
    """An instant as wall time of `zone`, such as "Fri 14 Mar 2025, 18:00"; `brief` leaves the year out."""
    local = bounded(instant).astimezone(zone)
    return words.say(
        "calendar.brief" if brief else "calendar.moment",
        weekday=words.lists["calendar.weekdays"][local.weekday()],
        day=local.day,
        month=words.lists["calendar.months"][local.month - 1],
        year=local.year,
        time=f"{local:%H:%M}",
    )


def left(span: timedelta, words: Words) -> str:
    """How long a span is, in its two greatest units, such as "2 days 5 hours left"."""
    minutes = max(span // timedelta(minutes=1), 0)
    counted = (("day", minutes // 1440), ("hour", minutes // 60 % 24), ("minute", minutes % 60))
    told = [
        words.say(f"left.{name}") if number == 1 else words.say(f"left.{name}s", n=number)
        for name, number in counted
        if number
    ]
    if not told:
        return words.say("left.none")
    if minutes >= 1440 and not counted[1][1]:
        told = told[:1]  # "2 days 3 minutes" says no more than "2 days"
    first, second = told[0], told[1] if len(told) > 1 else None
    span_said = first if second is None else words.say("left.two", first=first, second=second)
    return words.say("left.left", span=span_said)


def clock_name(name: str, words: Words) -> str:
    """A clock's name in the user's language; one of the user's own policy stands as it is."""
    if f"clocks.{name}" in words.texts:
        return words.say(f"clocks.{name}")
    base, _, end = name.rpartition("_")
    if base and end in ("from", "until"):
        return words.say(f"clocks.{end}", clock=clock_name(base, words))
    return plain(name.replace("_", " "))


def plain(text: str, limit: int = LONGEST_QUOTE) -> str:
    """Text from outside on one line, without control characters, and nothing that could be pressed."""
    visible = "".join(" " if unicodedata.category(char)[0] in "CZ" else char for char in text)
    return " ".join(word for word in visible.split() if not PRESSABLE.search(word))[:limit]
