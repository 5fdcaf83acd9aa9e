"""Hands one mail in at an SMTP server, and says in a sentence why it was not taken."""

import ipaddress
import logging
import smtplib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage

from watcher.channels import ChannelError
from watcher.terminal import one_line

log = logging.getLogger("offerwatch")

SECURITIES = ("tls", "starttls", "none")
_WHOLE = 3  # a whole delivery may last this many times what one answer may
_GREETING = "[127.0.0.1]"  # the machine's own name is nobody's business, and looking it up may take long


@dataclass(frozen=True, slots=True)
class Server:
    """Where mail is handed in; `password` is text or a callable that fetches it.

    `timeout` is in seconds and for one answer.
    """

    host: str
    port: int
    security: str = "tls"
    username: str | None = None
    password: str | Callable[[], str] | None = field(default=None, repr=False)
    ca_file: str | None = None
    timeout: float = 30.0
    token: Callable[[], str] | None = field(default=None, repr=False)  # signs in instead of the password


class Delivery:
    """Delivers mails of one channel: connects for each, since they are few and far between."""

    def __init__(self, name: str, server: Server) -> None:
        _check_security(name, server)
        self.name = name
        self._server = server

    def hand_in(self, sender: Address, to: tuple[Address, ...], mail: EmailMessage) -> None:
        """Deliver one mail; raises ChannelError, `in_doubt` where the server may have taken it."""
        with self._connected() as smtp:
            self._hand_over(smtp, sender, to, mail)

    def check(self) -> None:
        """Connect and sign in, and hand in nothing; raises ChannelError."""
        with self._connected():
            pass

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        server = self._server
        context = self._context()
        smtp = _client(server, context)
        over = threading.Event()
        threading.Thread(target=_cut, args=(smtp, over, server.timeout * _WHOLE), daemon=True).start()
        try:
            self._greet(smtp, context)
            yield smtp
        finally:
            over.set()
            _leave(smtp)

    def _greet(self, smtp: smtplib.SMTP, context: ssl.SSLContext | None) -> None:
        server = self._server
        with self._explained("could not be reached"):
            code, words = smtp.connect(server.host, server.port)
            if code != 220:
                raise smtplib.SMTPConnectError(code, words)
            smtp.ehlo_or_helo_if_needed()
            if server.security == "starttls":
                smtp.starttls(context=context)
                smtp.ehlo()
        if server.username and server.token:
            token = server.token()
            with self._explained("did not accept the login"):
                _bearer_login(smtp, server.username, token)
        elif server.username:
            password = self._password()
            with self._explained("did not accept the login"):
                smtp.login(server.username, password)

    def _hand_over(
        self, smtp: smtplib.SMTP, sender: Address, to: tuple[Address, ...], mail: EmailMessage
    ) -> None:
        with self._explained("did not take the mail"):
            code, words = smtp.mail(sender.addr_spec)
            if code != 250:
                raise smtplib.SMTPResponseException(code, words)
            self._name_recipients(smtp, to)
        with self._explained("did not confirm the mail", in_doubt=True):
            code, words = smtp.data(mail.as_bytes())
            if code != 250:
                raise smtplib.SMTPResponseException(code, words)

    def _name_recipients(self, smtp: smtplib.SMTP, to: tuple[Address, ...]) -> None:
        refused: list[tuple[int, bytes]] = []
        for each in to:
            code, words = smtp.rcpt(each.addr_spec)
            if code not in (250, 251):
                refused.append((code, words))
                log.warning("Channel %s: %s is refused with %d", self.name, each.addr_spec, code)
        if len(refused) == len(to):  # where one is taken, the others' refusal must not repeat it
            raise smtplib.SMTPResponseException(*refused[0])

    def _context(self) -> ssl.SSLContext | None:
        if self._server.security == "none":
            return None
        try:
            return ssl.create_default_context(cafile=self._server.ca_file)
        except (OSError, ssl.SSLError):
            raise ChannelError(
                f"Channel {self.name}: ca_file {self._server.ca_file} can't be read.",
                "It must be a PEM file with the certificate of the authority that signed the server's.",
                permanent=True,
            ) from None

    def _password(self) -> str:
        secret = self._server.password
        if secret is None:
            raise ChannelError(
                f"Channel {self.name} has a username but no password.", "Name one secret source.", True
            )
        if isinstance(secret, str):
            return secret
        try:
            return secret()
        except Exception as error:  # whatever a secret source raises, its text may hold the secret
            sentence = getattr(error, "sentence", f"The password of channel {self.name} can't be fetched.")
            remedy = getattr(error, "remedy", "Look at its secret source in the configuration.")
            raise ChannelError(str(sentence), str(remedy)) from None

    @contextmanager
    def _explained(self, what: str, in_doubt: bool = False) -> Iterator[None]:
        """Turn what smtplib and ssl raise into one sentence and one remedy; no secret is ever in it."""
        place = f"Channel {self.name}: {self._server.host}:{self._server.port}"
        try:
            yield
        except ssl.SSLCertVerificationError as error:
            why = one_line(error.verify_message or "not trusted", 120)
            raise ChannelError(
                f"{place} has a certificate that is not accepted ({why}).",
                "Use the name that the certificate is for, or set ca_file to your own authority.",
                permanent=True,
            ) from None
        except smtplib.SMTPNotSupportedError:
            raise ChannelError(
                f"{place} does not offer what the configuration asks for ({self._server.security}, login).",
                'Set security to "tls" or "starttls" as the provider says, with the port that belongs to it.',
                permanent=True,
            ) from None
        except smtplib.SMTPResponseException as error:
            raise _refusal(f"{place} {what}", error) from None
        except (smtplib.SMTPException, OSError, ValueError) as error:
            raise ChannelError(
                f"{place} {what}: {_reason(error)}.",
                "It will be tried again; look at host, port and security if it stays so.",
                in_doubt=in_doubt,
            ) from None


def _client(server: Server, context: ssl.SSLContext | None) -> smtplib.SMTP:
    if server.security == "tls":
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(
            local_hostname=_GREETING, timeout=server.timeout, context=context
        )
    else:
        smtp = smtplib.SMTP(local_hostname=_GREETING, timeout=server.timeout)
    # smtplib checks certificates against this name but sets it only when it connects at once, which
    # would leave no object to cut when a server drips its greeting.
    smtp._host = server.host  # type: ignore[attr-defined]
    return smtp


def _bearer_login(smtp: smtplib.SMTP, username: str, token: str) -> None:
    """Sign in by XOAUTH2; a further challenge is the server's refusal, to be heard out in silence."""
    answer = f"user={username}\1auth=Bearer {token}\1\1"

    def respond(challenge: bytes | None = None) -> str:
        return "" if challenge else answer

    if not smtp.has_extn("auth"):
        raise smtplib.SMTPNotSupportedError
    smtp.auth("XOAUTH2", respond)


def _cut(smtp: smtplib.SMTP, over: threading.Event, seconds: float) -> None:
    """Break the connection when the whole delivery lasts too long: each answer alone may be in time."""
    if over.wait(seconds):
        return
    while not over.wait(0.5):
        with suppress(OSError, AttributeError):
            smtp.sock.shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr]


def _leave(smtp: smtplib.SMTP) -> None:
    """Say good-bye; what happens now can't change whether the mail was taken."""
    with suppress(smtplib.SMTPException, OSError, ValueError):
        if smtp.sock is not None:
            smtp.sock.settimeout(2)
            smtp.quit()
    smtp.close()


def _refusal(what: str, error: smtplib.SMTPResponseException) -> ChannelError:
    raw = error.smtp_error
    words = one_line(raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(raw), 200)
    permanent = error.smtp_code >= 500
    remedy = "It will be tried again."
    if permanent:
        remedy = "Look at the address, the login and what the provider allows."
    if isinstance(error, smtplib.SMTPAuthenticationError):
        remedy = "Look at username and password; many providers want an app password here."
    return ChannelError(f"{what} ({error.smtp_code} {words}).", remedy, permanent)


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):  # smtplib wraps it
        return "no answer in time"
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return "the connection broke"
    if isinstance(error, OSError) and error.strerror:
        return one_line(error.strerror, 120)
    return type(error).__name__


def _check_security(name: str, server: Server) -> None:
    if server.security not in SECURITIES:
        raise ChannelError(
            f"Channel {name}: security is {one_line(server.security, 40)}.",
            "It is tls, starttls or none.",
            permanent=True,
        )
    if server.security == "none" and not _is_loopback(server.host):
        raise ChannelError(
            f"Channel {name}: security none would send mail readable for all to {one_line(server.host)}.",
            "Use tls or starttls; none is for this machine only.",
            True,
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.rstrip(".").lower() == "localhost"
