"""Shows the whole of it on built-in mails: the real daemon on a Maildir of its own, nothing configured."""

import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

from rules.facts import Alert, Urgency
from watcher.channels import Attempt
from watcher.clock import monotonic, utc_now
from watcher.commands import DONE, FAILED, House, open_house, say
from watcher.settings import settings_from
from watcher.terminal import lines

ORDER, DISPUTE = "8123456700001234", "6212345600001234"
PATIENCE = 8.0  # seconds for one step; each takes about one
PACIFIC = ZoneInfo("America/Los_Angeles")
SPAN = timedelta(days=2, hours=17)  # as the offer prints it
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


@dataclass(slots=True)
class Screen:
    """A channel that keeps and prints what it is given."""

    name: str = "screen"
    min_urgency: Urgency = Urgency.INFO
    got: list[Alert] = field(default_factory=list)
    news: threading.Condition = field(default_factory=threading.Condition)

    def send(self, alert: Alert, attempt: Attempt) -> None:
        """Print an alert as a mail or a notification would carry it."""
        with self.news:
            frame = "=" * 78
            say(f"\n{frame}\n[{alert.urgency.value}] {lines(alert.headline)}\n{frame}\n{lines(alert.body)}\n")
            self.got.append(alert)
            self.news.notify_all()

    def waits_for(self, wanted: Callable[[Alert], bool]) -> bool:
        """Wait until an alert was shown that is as wanted; False if none came in time."""
        until = monotonic() + PATIENCE
        with self.news:
            while not any(wanted(alert) for alert in self.got):
                if not self.news.wait(max(0.0, until - monotonic())):
                    return False
        return True


@dataclass(frozen=True, slots=True)
class Step:
    """One mail that arrives, and what must come of it."""

    mail: str
    tells: str
    proof: str
    sent_at: datetime
    until: datetime
    wanted: Callable[[Alert], bool]


def run(once: bool, config: Path | None = None) -> int:
    """Play all steps; returns 1 if one did not show what it must. Without `once` goes on watching.

    `config` gives language and time zone, no more.
    """
    tongue = {}
    if config is not None:
        settings = open_house(config).settings
        tongue = {"language": settings.language, "timezone": settings.timezone and str(settings.timezone)}
    with tempfile.TemporaryDirectory(prefix="offerwatch-demo-") as folder:
        root = Path(folder)
        for room in ("cur", "new", "tmp"):
            (root / "Maildir" / room).mkdir(parents=True)
        return _play(root, once, _house(root, tongue))


def _play(root: Path, once: bool, house: House) -> int:
    from watcher.commands.watch import daemon_of

    screen = Screen()
    with daemon_of(house, lambda store, act: (screen,)) as daemon:
        thread = threading.Thread(target=daemon.run, name="demo", daemon=True)
        thread.start()
        try:
            worked = all(_shown(step, root, screen) for step in steps(utc_now()))
            if worked:
                say("That was all of it: an offer rang, a reminder moved its deadline, a closing settled it.")
                _go_on(root, once)
        except KeyboardInterrupt:
            worked = True
        finally:
            daemon.stop()
            thread.join(6)
    return DONE if worked else FAILED


def _go_on(root: Path, once: bool) -> None:
    if once:
        return
    say(f"It goes on watching: put a mail into {root / 'Maildir' / 'new'}. Ctrl-C ends it.")
    threading.Event().wait()


def _house(root: Path, tongue: Mapping[str, object]) -> House:
    table = {
        **{name: value for name, value in tongue.items() if value is not None},
        "state_dir": "state",
        "account": [
            {
                "kind": "maildir",
                "name": "demo",
                "path": "Maildir",
                "poll_every": "1s",
                "authserv_id": "mx.demo.example",
            }
        ],
    }
    return House(None, settings_from(table, root / "config.toml"))


def steps(now: datetime) -> tuple[Step, ...]:
    """The three mails of one dispute, as if they came within these minutes; `now` is aware."""
    base = now.astimezone(UTC).replace(microsecond=0)
    offered, reminded, closed = (base - timedelta(minutes=minutes) for minutes in (3, 2, 1))
    earlier = base.replace(minute=0, second=0) + timedelta(hours=23)  # a whole hour, about a day ahead
    if earlier.astimezone(PACIFIC).fold:
        earlier += timedelta(hours=1)  # printed without its offset, the repeated hour would read as the first
    return (
        Step(
            "1-offer",
            "A mail arrives: the seller offers a part of the money. Its buttons are broken, as so often.",
            "the offer rang, with a countdown and the way without the mail's buttons",
            offered,
            offered + SPAN,
            lambda alert: _rings_until(alert, offered + SPAN),
        ),
        Step(
            "2-reminder",
            "Another mail: a reminder, and it names an earlier time.",
            "the deadline moved, and it rang again",
            reminded,
            earlier,
            lambda alert: _rings_until(alert, earlier),
        ),
        Step(
            "3-closed",
            "A last mail: the dispute was closed.",
            "the case is settled and will be silent",
            closed,
            earlier,
            lambda alert: alert.rung == "settled" and ORDER in alert.orders,
        ),
    )


def _rings_until(alert: Alert, at: datetime) -> bool:
    deadline = alert.deadline
    return deadline is not None and deadline.at == at and bool(alert.routes) and ORDER in alert.orders


def _shown(step: Step, root: Path, screen: Screen) -> bool:
    say(f"--> {step.tells}")
    _deliver(step, root)
    if screen.waits_for(step.wanted):
        say(f"ok: {step.proof}.")
        return True
    say(f"FAILED: within {PATIENCE:.0f} s it was not so that {step.proof}. Run: offerwatch doctor")
    return False


def _deliver(step: Step, root: Path) -> None:
    """Put a mail into the Maildir as a mail server does: written aside, then moved in whole."""
    mail = (
        files("watcher.demo")
        .joinpath(f"{step.mail}.eml")
        .read_text(encoding="utf-8")
        .format(
            date=format_datetime(step.sent_at),
            stamp=f"{step.sent_at:%Y%m%d%H%M%S}",
            order=ORDER,
            dispute=DISPUTE,
            span="2 days and 17 hours",
            until=_printed(step.until),
        )
    )
    aside = root / "Maildir" / "tmp" / step.mail
    aside.write_bytes(mail.replace("\n", "\r\n").encode("utf-8"))
    aside.rename(root / "Maildir" / "new" / step.mail)


def _printed(at: datetime) -> str:
    local = at.astimezone(PACIFIC)
    return f"{_MONTHS[local.month - 1]} {local.day}, {local.year} {local:%H:%M}"
