"""A mail server of the tests' own on loopback: keeps what it takes, and misbehaves as told."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from types import SimpleNamespace, TracebackType
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

DROP_BEFORE = "drop before"  # cut the connection, and keep nothing
DROP_AFTER = "drop after"  # keep the mail, but cut the connection before the 250


@dataclass
class Taken:
    """One mail as it arrived: envelope, bytes and parsed message."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        parsed = BytesParser(policy=policy.default).parsebytes(self.raw)
        assert isinstance(parsed, EmailMessage)
        return parsed


@dataclass
class SmtpSink:
    """`with SmtpSink() as sink:` listens on `sink.host`, `sink.port`; `sink.taken` has the mails in order.

    `script` answers the DATA of each further mail in turn: a reply such as "451 later", DROP_BEFORE,
    DROP_AFTER, or "" to take it; when it is used up every mail is taken. `refuse_to` maps a recipient
    to the refusal it gets, `delay` waits before each answer to DATA. With `tls` it speaks TLS at once,
    with `starttls` when asked; `login` is the only name and password that it accepts.
    """

    script: list[str] = field(default_factory=list)
    refuse_to: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    tls: ssl.SSLContext | None = None
    starttls: ssl.SSLContext | None = None
    login: tuple[str, str] | None = None
    hostname: str = "127.0.0.1"
    taken: list[Taken] = field(default_factory=list)
    greetings: list[str] = field(default_factory=list)
    sessions: int = 0

    @property
    def messages(self) -> list[EmailMessage]:
        return [each.message for each in self.taken]

    @property
    def host(self) -> str:
        return self.hostname

    @property
    def port(self) -> int:
        return self._port

    def __enter__(self) -> Self:
        listener = socket.create_server(("127.0.0.1", 0))
        self._port = int(listener.getsockname()[1])
        listener.close()
        # aiosmtpd asks its handler for every attribute at every connection: it is given the hooks alone.
        names = ("handle_EHLO", "handle_RCPT", "handle_DATA")
        hooks = SimpleNamespace(**{name: getattr(self, name) for name in names})
        self._controller = Controller(
            hooks, hostname="127.0.0.1", port=self._port, ssl_context=self.tls, **self._options()
        )
        self._controller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._controller.stop()

    def _options(self) -> dict[str, Any]:
        options: dict[str, Any] = {"timeout": 20}
        if self.starttls is not None:
            options |= {"tls_context": self.starttls, "require_starttls": True}
        if self.login is not None:
            options |= {
                "authenticator": self._authenticate,
                "auth_required": True,
                "auth_require_tls": self.starttls is not None,
            }
        return options

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        given = (data.login.decode(), data.password.decode()) if isinstance(data, LoginPassword) else None
        return AuthResult(success=given == self.login, handled=False)

    async def handle_EHLO(  # noqa: N802  (aiosmtpd finds its hooks by these names)
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: Sequence[str]
    ) -> list[str]:
        session.host_name = hostname
        self.greetings.append(hostname)
        self.sessions += 1
        return list(responses)

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refuse_to:
            return self.refuse_to[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.delay:
            await asyncio.sleep(self.delay)
        answer = self.script.pop(0) if self.script else ""
        if answer in ("", DROP_AFTER):
            raw = envelope.content if isinstance(envelope.content, bytes) else b""
            self.taken.append(Taken(envelope.mail_from or "", tuple(envelope.rcpt_tos), raw))
        if answer in (DROP_BEFORE, DROP_AFTER):
            with contextlib.suppress(AttributeError):
                server.transport.abort()
            return "421 gone"
        return answer or "250 OK"
