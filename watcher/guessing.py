"""Guesses a mail server from the user's own mail domain, by asking the two names that most of them use."""

import re
import socket
import ssl

PATIENCE = 4.0  # seconds for each name
_DOMAIN = re.compile(
    r"(?=.{3,253}$)([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]", re.I
)


def guessed_server(domain: str) -> str | None:
    """Return the first of imap.DOMAIN and mail.DOMAIN that answers to IMAP with a right certificate."""
    if not _DOMAIN.fullmatch(domain) or domain.lower().endswith((".example", ".invalid", ".test", ".local")):
        return None
    return next((host for host in (f"imap.{domain}", f"mail.{domain}") if _answers(host)), None)


def _answers(host: str) -> bool:
    try:
        with (
            socket.create_connection((host, 993), timeout=PATIENCE) as line,
            ssl.create_default_context().wrap_socket(line, server_hostname=host) as secured,
        ):
            return secured.recv(8).startswith(b"* ")
    except (OSError, ValueError):
        return False
