"""Shows a case's timeline on a terminal, and the code by which the phone opens its order."""

from collections.abc import Iterable
from datetime import datetime, tzinfo

from watcher.paper import Paper
from watcher.tables import WHOSE, moment
from watcher.terminal import one_line
from watcher.timeline import Event


def show_story(
    to: Paper, events: Iterable[Event], zone: tzinfo, now: datetime, head: str, note: str | None
) -> None:
    """Print mails, deadline and clocks in the order of time, with a mark where we stand."""
    to.line(f"\n{head}", "bold")
    for event in events:
        at = moment(event.at, zone, now)
        if event.mark == "now":
            to.line(f"  {at:<18} ── now ──", "bold")
        elif event.mark == "mail":
            to.line(f"  {at:<18} {event.what}  [{one_line(event.source or '', 120)}]")
        elif event.mark == "deadline":
            to.line(f"  {at:<18} {event.what}", "bold yellow")
        else:
            whose = f" ({WHOSE[event.who.value]})" if event.who else ""
            to.line(f"  {at:<18} {event.what}{whose}", "dim" if event.at <= now else "")
    if note:
        to.line(f"  {note}", "yellow")


def show_code(to: Paper, url: str | None, caption: str) -> None:
    """Print the code of an order's page; nothing where there is no single order."""
    from watcher.qr import for_terminal

    code = for_terminal(url)
    if code:
        to.line(f"\n{caption}", "bold")
        to.line(code, whole=True)
