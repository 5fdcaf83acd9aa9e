"""One case on a terminal, in the user's language: whose turn, until when, the way, the links, the story."""

from collections.abc import Iterable
from datetime import datetime

from rules.facts import Link, Role, Turn
from rules.routes import name_of
from rules.spoken import moment, plain
from watcher.advice import Advice, Tongue
from watcher.paper import Paper
from watcher.terminal import one_line
from watcher.timeline import Event

_PAGES = {Role.DISPUTE: "dispute_page", Role.ORDER: "order_page"}


class CasePage:
    """Writes what is known of a case on paper."""

    def __init__(self, to: Paper, advice: Advice, tongue: Tongue, now: datetime) -> None:
        self._to = to
        self._advice = advice
        self._case = advice.case
        self._tongue = tongue
        self._texts = tongue.answers.texts
        self._now = now

    def facts(self) -> None:
        """Whose turn it is, who offers what, until when, and what to mind; then the numbers, to be copied."""
        case = self._case
        self._to.line(self._say("head", case=case.id, what=self._say(f"kinds.{name_of(case.kind)}")), "bold")
        style = "bold yellow" if case.turn is Turn.YOURS else "bold green"
        self._to.line(f"  {self._say(case.turn.value)}", style)
        for line in self._advice.facts:
            self._to.line(f"  {line}")
        if case.answered is not None:
            self._to.line(f"  {self._texts.say('screen.answered', answer=case.answered.value)}", "yellow")
        for order in case.orders:
            self._to.line(f"  {self._say('order', order=plain(order))}")
        if case.dispute:
            self._to.line(f"  {self._say('dispute', dispute=plain(case.dispute))}")

    def ways(self) -> None:
        """Every way to the buttons, the surest first; nothing where nobody needs one."""
        if self._case.deadline is None:
            return
        self._to.line(f"\n{self._advice.instruction.headline}", "bold")
        for number, route in enumerate(self._advice.instruction.routes, 1):
            self._to.line(f"  {number}. {route.title}", "bold" if number == 1 else "")
            for step in route.steps:
                self._to.line(f"     - {step}")
            if route.url:
                self._to.line(f"     {one_line(route.url)}")

    def links(self) -> None:
        """What looking alone told of the mail's buttons; no address."""
        told = ", ".join(map(self._link, self._advice.links))
        if told:
            self._to.line(f"\n{self._say('links', links=told)}", "dim")

    def story(self, events: Iterable[Event], note: str | None) -> None:
        """Mails, deadline and clocks in the order of time, with a mark where we stand."""
        self._to.line(f"\n{self._texts.say('screen.timeline')}", "bold")
        for event in events:
            at = moment_said(event.at, self._tongue, self._now)
            self._to.line(f"  {at:<20}  {self._event(event)}", self._style(event))
        if note:
            self._to.line(f"  {note}", "yellow")

    def _event(self, event: Event) -> str:
        if event.mark == "now":
            return f"── {self._say('now')} ──"
        if event.mark == "mail":
            return f"{event.what}  [{one_line(event.source or '', 120)}]"
        whose = {
            Turn.YOURS: self._say("you"),
            Turn.SELLER: self._texts.say("screen.seller"),
            Turn.PLATFORM: self._texts.say("screen.platform"),
        }
        who = whose.get(event.who) if event.who and event.mark == "clock" else None
        return f"{event.what} ({who})" if who else event.what

    def _style(self, event: Event) -> str:
        if event.mark == "clock":
            return "dim" if event.at <= self._now else ""
        return {"now": "bold", "deadline": "bold yellow"}.get(event.mark, "")

    def _link(self, link: Link) -> str:
        role = self._say(_PAGES.get(link.role, link.role.value))
        reason = f" [{link.reason.value}]" if link.reason else ""
        return f"{role}: {self._say(link.verdict.value)}{reason}"

    def _say(self, key: str, **holes: object) -> str:
        return self._texts.say(f"case.{key}", **holes)


def moment_said(at: datetime, tongue: Tongue, now: datetime) -> str:
    """An instant on the user's wall clock; the year only where it isn't this one."""
    this_year = at.astimezone(tongue.zone).year == now.astimezone(tongue.zone).year
    return moment(at, tongue.words, tongue.zone, brief=this_year)
