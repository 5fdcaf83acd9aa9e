"""Shows how one mail was read: what was seen where, what decided, what was unsure, and what follows."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rules.facts import Notice, Outcome
from watcher.clock import utc_now
from watcher.commands import House, instant_given, open_house, say
from watcher.commands.subject import one_mail
from watcher.readers import plain, reading_of
from watcher.reading import Reader
from watcher.recipe import Recipe
from watcher.tables import BASIS, WHAT, WHOSE, left, moment, read_instant
from watcher.terminal import one_line

if TYPE_CHECKING:
    from parsers.read import Sign

Json = Mapping[str, Any]


def run(config: Path | None, mail: str, authserv_ids: tuple[str, ...], now: str | None) -> None:
    """Read one mail (a file, or - for standard input) and print how it was understood."""
    house = open_house(config, needed=False)
    at = instant_given(now, "--now", house.zone) if now else utc_now()
    message = one_mail(mail, at)
    recipe = Recipe(house.phrases, authserv_ids, tuple(house.settings.forwarders))
    recipe.prepare()
    with Reader(recipe, plain) as reader:
        reading = reading_of(reader.read(message.raw, message.received_at), message)
    for line in _lines(house, reading.notice, reading.trace, at):
        say(line)


def _lines(house: House, notice: Notice, trace: "tuple[Sign, ...]", now: datetime) -> Iterator[str]:
    from watcher.present import mail_json

    shown = mail_json(notice, house.policy, house.words, now)
    yield f"Subject   {notice.subject or '(none)'}"
    yield f"Sent      {moment(notice.sent_at, house.zone, now)} ({house.zone})"
    reasons = ", ".join(notice.authenticity.reasons)
    yield f"Sender    {notice.authenticity.verdict.value}{': ' + reasons if reasons else ''}"
    yield f"Language  {notice.locale or 'not told'}"
    yield ""
    yield "What was seen (heavier counts more; a minus speaks against)"
    for sign in dict.fromkeys(trace):
        weight = f"{sign.weight:+.1f}" if sign.weight else ""
        note = one_line(sign.note, 40)
        yield f"  {weight:>5}  {note:<14} {one_line(sign.what, 60)}  [{one_line(sign.where, 70)}]"
    yield ""
    yield from _verdict(house, notice, shown, now)


def _verdict(house: House, notice: Notice, shown: Json, now: datetime) -> Iterator[str]:
    if notice.outcome is Outcome.IGNORED:
        yield f"Ignored: {shown['reason']}. It makes no case and rings nobody."
        return
    sure = "" if notice.outcome is Outcome.NOTICE else f" - UNCLEAR ({shown['reason']}): look for yourself"
    yield f"It says   {WHAT[shown['kind']]}{sure}"
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
