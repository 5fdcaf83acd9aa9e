"""Writes the mail of an alert: what to do first, until when, the order to copy, no link to press."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from rules.facts import Alert, Route
from watcher.labels import Labels
from watcher.mailpage import Page, page
from watcher.terminal import lines, one_line

ORDER_PAGES = "https://www.aliexpress.com/p/order/"  # the only pages that a mail of ours leads to
_UNTIL = " - "  # how a headline is joined to its deadline
_BULLETS = "0123456789.)-–•* \t"
_LONGEST_SUBJECT = 180


@dataclass(frozen=True, slots=True)
class MailText:
    """An alert rendered as a mail: its subject, the plain text and the HTML."""

    subject: str
    text: str
    html: str


def render(alert: Alert, labels: Labels, zone: tzinfo, now: datetime, repeat: bool = False) -> MailText:
    """Render an alert in the user's language and zone as of `now`; `repeat`: it may be known already."""
    shown = _page(alert, labels, zone, now, repeat)
    return MailText(_subject(alert, labels, now), _text(shown, labels), page(shown, labels))


def order_page(routes: Iterable[Route]) -> str | None:
    """The address of the order's own page among the routes; anything else is not let through."""
    urls = (route.url for route in routes if route.url)
    return next((url for url in urls if url.startswith(ORDER_PAGES) and url == one_line(url)), None)


def time_left(left: timedelta, language: str) -> str:
    """A duration in the words of a language, rounded down so that it never promises more than there is."""
    from babel.units import format_unit

    minutes = int(left.total_seconds()) // 60
    days, hours = minutes // 1440, minutes // 60
    pairs = [("duration-day", days), ("duration-hour", hours % 24)] if days >= 2 else _small(minutes, hours)
    locale = _locale(language)
    said = [format_unit(count, unit, length="long", locale=locale) for unit, count in pairs if count]
    return " ".join(said) or format_unit(0, "duration-minute", length="long", locale=locale)


def local_time(at: datetime, zone: tzinfo, language: str) -> str:
    """An instant as people write it in a zone: weekday, date, time to the minute and the zone's name."""
    from babel.dates import format_date, format_time

    there = at.astimezone(zone)
    day = format_date(there.date(), "full", locale=_locale(language))
    clock = format_time(there.time(), "short", locale=_locale(language))
    return f"{day}, {clock} {there.tzname() or ''}".replace("\u202f", " ").strip()


def _small(minutes: int, hours: int) -> list[tuple[str, int]]:
    exact = [("duration-hour", hours), ("duration-minute", minutes % 60)]
    return exact if hours < 6 else exact[:1]


def _locale(language: str) -> str:
    from babel import Locale, UnknownLocaleError

    try:
        return str(Locale.parse(language.replace("-", "_")))
    except (UnknownLocaleError, ValueError):
        return "en"


def _left(alert: Alert, labels: Labels, now: datetime) -> str | None:
    if alert.deadline is None or alert.deadline.at <= now:
        return None
    return labels.left.format(time=time_left(alert.deadline.at - now, labels.language))


def _subject(alert: Alert, labels: Labels, now: datetime) -> str:
    left = _left(alert, labels, now)
    mark = ", ".join([part for part in (labels.urgency(alert.urgency.value), left) if part])
    return one_line(f"[{mark}] {_headline(alert)}", _LONGEST_SUBJECT)


def _page(alert: Alert, labels: Labels, zone: tzinfo, now: datetime, repeat: bool) -> Page:
    lead, details = _led(told_otherwise(alert), alert, zone)
    return Page(
        urgency=alert.urgency,
        headline=_headline(alert),
        lead=lead,
        left=_left(alert, labels, now),
        deadline=local_time(alert.deadline.at, zone, labels.language) if alert.deadline else None,
        orders=tuple(one_line(order) for order in alert.orders or ((alert.order,) if alert.order else ())),
        first=alert.routes[0] if alert.routes else None,
        others=alert.routes[1:],
        order_page=order_page(alert.routes),
        details=details,
        repeat=labels.repeat if repeat else None,
    )


def told_otherwise(alert: Alert) -> tuple[str, ...]:
    """The paragraphs of the body, without the lines that repeat the headline, a step or a route's title."""
    told = {_bare(alert.headline)}
    told |= {_bare(text) for route in alert.routes for text in (route.title, *route.steps)}
    kept = [line for line in lines(alert.body).split("\n") if _bare(line) not in told]
    paragraphs = "\n".join(kept).split("\n\n")
    return tuple(text.strip("\n") for text in paragraphs if text.strip())


def _led(details: tuple[str, ...], alert: Alert, zone: tzinfo) -> tuple[str | None, tuple[str, ...]]:
    """What is on the table, apart from the rest: the body's first line, if it isn't that of the deadline."""
    first, _, rest = details[0].partition("\n") if details else ("", "", "")
    if not rest or alert.deadline is None or f"{alert.deadline.at.astimezone(zone):%H:%M}" in first:
        return None, details
    return first, (rest, *details[1:])


def _headline(alert: Alert) -> str:
    """The headline without its end " - until ...": a mail has a place for that, reckoned when it is sent."""
    headline = one_line(alert.headline)
    what, dash, until = headline.rpartition(_UNTIL)
    timed = alert.deadline is not None and dash and any(char.isdigit() for char in until)
    return what if timed else headline


def _bare(line: str) -> str:
    return one_line(line).lstrip(_BULLETS).rstrip(" :.").casefold()


def _text(shown: Page, labels: Labels) -> str:
    blocks = [shown.headline, *([shown.lead] if shown.lead else [])]
    if shown.deadline:
        until = f"{labels.deadline}: {shown.deadline}"
        blocks.append(until + (f"\n{shown.left}" if shown.left else ""))
    if shown.first:
        blocks.append(f"{labels.steps.upper()}\n{_route_text(shown.first)}")
    if shown.orders:
        blocks.append(f"{labels.order}:\n" + "\n".join(shown.orders))
    if shown.order_page:
        blocks.append(f"{labels.open_order}:\n{shown.order_page}")
    blocks += [shown.repeat] if shown.repeat else []
    blocks += shown.details
    if shown.others:
        blocks.append(f"{labels.other}:")
        blocks += [_route_text(route) for route in shown.others]
    return "\n\n".join([*blocks, f"-- \n{labels.footer}"]) + "\n"


def _route_text(route: Route) -> str:
    steps = [f"{number}. {one_line(step)}" for number, step in enumerate(route.steps, 1)]
    return "\n".join([one_line(route.title), *steps])
