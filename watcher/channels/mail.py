"""Sends an alert as a mail: one Message-ID for every try, never twice where a mailbox shows the first."""

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from rules.facts import Alert, Urgency
from watcher.calendar import calendar_of, entry_of_alert
from watcher.channels import Attempt, ChannelError, Surroundings
from watcher.channels.smtp import Delivery, Server
from watcher.labels import labels_for
from watcher.mailtext import render
from watcher.terminal import one_line

_POLICY = SMTP.clone(cte_type="7bit")  # quoted-printable or base64: no server needs 8BITMIME for it
_THREAD_DOMAIN = "offerwatch.invalid"


class EmailChannel:
    """Sends each alert to the same few addresses."""

    def __init__(
        self,
        name: str,
        server: Server,
        sender: str,
        to: tuple[str, ...],
        around: Surroundings,
        min_urgency: Urgency = Urgency.INFO,
    ) -> None:
        self.name = name
        self.min_urgency = min_urgency
        self._delivery = Delivery(name, server)
        self._around = around
        self._sender = _address(name, "from", sender, "offerwatch")
        self._to = tuple(_address(name, "to", each) for each in to)
        if not self._to:
            raise ChannelError(f"Channel {name} has nobody to write to.", "Set to = an address.", True)

    def send(self, alert: Alert, attempt: Attempt) -> None:
        """Deliver one alert; raises ChannelError unless the server takes it or a mailbox shows it."""
        seen = self._seen_before(attempt)
        if seen:
            return
        mail = self.message(alert, attempt, repeat=attempt.in_doubt and seen is None)
        self._delivery.hand_in(self._sender, self._to, mail)

    def check(self) -> str:
        """Sign in without sending; returns what was proved, raises ChannelError."""
        self._delivery.check()
        return "its server was reached and signed in to"

    def message(self, alert: Alert, attempt: Attempt, repeat: bool = False) -> EmailMessage:
        """The mail as it is sent; `repeat` says in it that the user may have had it before."""
        now = self._around.now()
        labels = labels_for(self._around.language)
        content = render(alert, labels, self._around.zone, now, repeat)
        mail = EmailMessage(policy=_POLICY)
        mail["From"] = self._sender
        mail["To"] = self._to
        mail["Subject"] = content.subject
        mail["Date"] = format_datetime(now)
        mail["Message-ID"] = _bracketed(attempt.message_id)
        _thread(mail, alert, attempt)
        _mark(mail, alert, labels.language)
        mail.set_content(content.text)
        mail.add_alternative(content.html, subtype="html")
        _attach_calendar(mail, alert)
        return mail

    def _seen_before(self, attempt: Attempt) -> bool | None:
        """Whether an earlier try arrived: True, False, or None where nobody can tell."""
        if not (attempt.in_doubt or attempt.tries) or self._around.probe is None:
            return None
        return self._around.probe(attempt.message_id)


def _address(name: str, key: str, text: str, called: str = "") -> Address:
    shown, spec = parseaddr(one_line(text))
    local, at, domain = spec.rpartition("@")
    try:
        if not (local and at and domain):
            raise ValueError
        ascii_spec = f"{local}@{domain.encode('idna').decode('ascii')}"
        ascii_spec.encode("ascii")
        return Address(display_name=one_line(shown) or called, addr_spec=ascii_spec)
    except (ValueError, IndexError):  # an Address parses eagerly and raises either
        raise ChannelError(
            f"Channel {name}: {key} is not a mail address: {one_line(text, 80) or 'empty'}.",
            'Write it as buyer@example.org or "Name <buyer@example.org>".',
            True,
        ) from None


def _bracketed(message_id: str) -> str:
    return f"<{one_line(message_id).strip('<>')}>"


def _thread(mail: EmailMessage, alert: Alert, attempt: Attempt) -> None:
    """Let mail programs show one case as one conversation, under its first alert where that is known."""
    if alert.case is None:
        return
    first = _bracketed(attempt.thread or f"case-{one_line(alert.case)}@{_THREAD_DOMAIN}")
    if first != mail["Message-ID"]:
        mail["In-Reply-To"] = first
        mail["References"] = first


def _mark(mail: EmailMessage, alert: Alert, language: str) -> None:
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail["X-Offerwatch-Key"] = one_line(alert.key, 200)
    mail["Content-Language"] = language
    if alert.urgency is Urgency.CRITICAL:
        mail["Importance"] = "high"
        mail["Priority"] = "urgent"
        mail["X-Priority"] = "1 (Highest)"


def _attach_calendar(mail: EmailMessage, alert: Alert) -> None:
    entry = entry_of_alert(alert)
    if entry is not None:
        mail.add_attachment(
            calendar_of([entry]),
            maintype="text",
            subtype="calendar",
            filename=f"{one_line(alert.order or alert.case or 'deadline', 40)}.ics".replace("/", "-"),
            params={"charset": "utf-8"},
        )
