"""Shows how one mail was read: what was seen where, what decided, what was unsure, and what follows."""

from collections.abc import Container, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rules.facts import Notice, Outcome
from watcher.clock import utc_now
from watcher.commands import House, instant_given, open_house, say
from watcher.commands.subject import one_mail
from watcher.commands.teaching import lessons, sign_lines, sums, why, why_trusted
from watcher.loading import load_lexicon
from watcher.readers import plain, reading_of
from watcher.reading import Reader
from watcher.recipe import Recipe
from watcher.tables import BASIS, WHAT, WHOSE, left, moment, read_instant

if TYPE_CHECKING:
    from parsers.reading import Sign

Json = Mapping[str, Any]


def run(config: Path | None, mail: str, authserv_ids: tuple[str, ...], now: str | None) -> None:
    """Read one mail (a file, or - for standard input) and print how it was understood."""
    house = open_house(config, needed=False)
    at = instant_given(now, "--now", house.zone) if now else utc_now()
    message = one_mail(mail, at)
    recipe = Recipe(house.phrases, authserv_ids, tuple(house.settings.forwarders))
    recipe.check()
    with Reader(recipe, plain) as reader:
        reading = reading_of(reader.read(message.raw, message.received_at), message)
    known = load_lexicon(house.phrases, hasty=True).languages
    for line in _lines(house, reading.notice, reading.trace, known, at):
        say(line)


def _lines(
    house: House, notice: Notice, trace: "tuple[Sign, ...]", known: Container[str | None], now: datetime
) -> Iterator[str]:
    from watcher.present import mail_json

    shown = mail_json(notice, house.policy, house.words, now)
    yield f"Subject   {notice.subject or '(none)'}"
    yield f"Sent      {moment(notice.sent_at, house.zone, now)} ({house.zone})"
    yield f"Sender    {why_trusted(notice)}"
    yield f"Language  {notice.locale or 'not told'}"
    yield ""
    yield "What was seen: weight, what it speaks for, what it is [where]"
    yield from sign_lines(trace)
    yield ""
    yield from sums(trace)
    yield from _verdict(house, notice, shown, now)
    yield from lessons(house, notice, trace, notice.locale in known)


def _verdict(house: House, notice: Notice, shown: Json, now: datetime) -> Iterator[str]:
    if notice.outcome is Outcome.IGNORED:
        yield f"Ignored: {shown['reason']}, {why(notice.reason)}. It makes no case and rings nobody."
        return
    if notice.outcome is Outcome.NOTICE:
        yield f"It says   {WHAT[shown['kind']]}"
    else:
        yield f"UNCLEAR   ({shown['reason']}) {why(notice.reason)}: look for yourself"
    yield f"Orders    {' '.join(shown['orders']) or 'none named'}"
    if shown["dispute"]:
        yield f"Dispute   {shown['dispute']}"
    for key, label in (("offer", "Offer"), ("asked", "You asked"), ("paid", "You paid")):
        if shown[key]:
            told = " ".join(str(each) for each in shown[key].values() if each)
            yield f"{label:<9} {told or 'no amount printed'}"
    yield f"Turn      {WHOSE[shown['turn']]}"
    yield from _deadline(house, shown["deadline"], now)
    for link in shown["links"]:
        reason = f" ({link['reason']})" if link["reason"] else ""
        yield f"Link      {link['role']}: {link['verdict']}{reason}; looked at, never pressed"


def _deadline(house: House, deadline: Json | None, now: datetime) -> Iterator[str]:
    if deadline is None:
        yield "Deadline  none for you"
        return
    at, latest = read_instant(deadline["at"]), read_instant(deadline["latest"])
    yield f"Deadline  {moment(at, house.zone, now)} ({left(deadline, now)}): {BASIS[deadline['basis']]}"
    if deadline["quote"]:
        yield f'          read from "{deadline["quote"]}"'
    if latest > at:
        yield f"          unsure: perhaps only {moment(latest, house.zone, now)}; the earlier one counts"
