"""How the connection to a mail server is protected, and the refusal to go without."""

import functools
import ipaddress
import ssl

from watcher.mailboxes import MailboxError, Trouble


def tls_context(host: str, security: str, account: str, ca_file: str | None) -> ssl.SSLContext | None:
    """Return the context to check `host`'s certificate with, shared by all accounts; None for "none".

    Raises `MailboxError` (tls) for "none" beyond this machine, and for a `ca_file` that can't be used.
    """
    if security == "none":
        if not on_loopback(host):
            raise MailboxError(
                f"Account {account} would send its password to {host} without encryption.",
                'Set `security` to "tls" or "starttls"; "none" is for servers on this machine.',
                permanent=True,
                kind=Trouble.TLS,
            )
        return None
    try:
        return _context(ca_file)
    except (OSError, ValueError) as error:
        raise MailboxError(
            f"The certificates in {ca_file} can't be read ({getattr(error, 'strerror', None) or error}).",
            f"Set `ca_file` of account {account} to a PEM file, or leave it out.",
            permanent=True,
            kind=Trouble.TLS,
        ) from None


def on_loopback(host: str) -> bool:
    """Return whether a host name or address is this machine itself."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


@functools.cache
def _context(ca_file: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
