"""What an exception of the mail connection means for a person: a sentence, a remedy, and whether to retry.

Law: only the server's own word counts as a wrong password. A connection cut while signing in, a limit,
or an answer that we don't know says nothing about it.
"""

import re
import socket
import ssl

from imapclient.exceptions import LoginError  # type: ignore[import-untyped]  # imapclient ships no types

from watcher.mailboxes import MailboxError, Trouble
from watcher.providers import shipped

_BAD_CODES = re.compile(
    r"\[(AUTHENTICATIONFAILED|AUTHORIZATIONFAILED|EXPIRED|PRIVACYREQUIRED|CONTACTADMIN)", re.I
)
_AGAIN = "Try again in a minute; a running `watch` does so by itself."
_BUSY = re.compile(
    r"\[(UNAVAILABLE|LIMIT|INUSE|OVERQUOTA|THROTTLED)"
    r"|too many|maximum number|limit|\brate\b|try again|temporar|not connected|overload|busy",
    re.I,
)
_BAD_WORDS = re.compile(
    r"fail|invalid|incorrect|denied|password|credential|rejected|not accepted|refused", re.I
)


def trouble_of(
    error: BaseException, server: str, account: str, signing_in: bool, by_token: bool = False
) -> MailboxError:
    """Return the `MailboxError` for whatever ended a session with `server`; never raises.

    `by_token`: it was signed in with a token (OAuth2), not with a password.
    """
    if isinstance(error, MailboxError):
        return error
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate(error, server)
    if _cut(error):
        return _network(error, server, signing_in)
    if isinstance(error, ssl.SSLError):
        return MailboxError(
            f"{server} does not speak TLS as expected ({said(error)}).",
            f"Check `port` and `security` of account {account}: 993 is tls, 143 is starttls.",
            permanent=True,
            kind=Trouble.TLS,
        )
    if signing_in or isinstance(error, LoginError):
        return _refused(said(error), server, account, by_token)
    if _BUSY.search(said(error)):
        return _busy(said(error), server)
    return MailboxError(
        f"{server} gave an answer that can't be used ({said(error)}).",
        "If it stays so, `offerwatch doctor` shows what the server can do.",
        kind=Trouble.SERVER,
    )


def said(error: BaseException | bytes | str) -> str:
    """Return what a server said as one short, printable line."""
    text = error.decode("utf-8", "replace") if isinstance(error, bytes) else str(error)
    if text.startswith("b'") and text.endswith("'"):
        text = text[2:-1]
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return text[:200] or type(error).__name__


def _cut(error: BaseException) -> bool:
    """Return whether the connection itself ended, though imapclient may call it something else."""
    seen: BaseException | None = error
    while seen is not None:
        # imaplib names its exceptions by nested classes: `abort` is the cut, `error` an answer.
        if type(seen).__name__ == "abort" or isinstance(seen, ssl.SSLEOFError | ssl.SSLZeroReturnError):
            return True
        if isinstance(seen, OSError) and not isinstance(seen, ssl.SSLError):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def _network(error: BaseException, server: str, signing_in: bool) -> MailboxError:
    if _BUSY.search(said(error)) and not isinstance(error, OSError):
        return _busy(said(error), server)
    if signing_in and not isinstance(error, socket.gaierror | ConnectionRefusedError):
        sentence = f"The connection to {server} was cut while signing in ({said(error)})."
        return MailboxError(sentence, f"The password may be right. {_AGAIN}", kind=Trouble.LOGIN_CUT)
    if not isinstance(error, OSError):
        sentence = f"The connection to {server} was cut ({said(error)})."
        return MailboxError(sentence, _AGAIN, kind=Trouble.NETWORK)
    reasons: dict[type[BaseException], str] = {
        socket.gaierror: "its name can't be resolved",
        ConnectionRefusedError: "it refuses the connection",
        TimeoutError: "it does not answer",
    }
    why = reasons.get(type(error), said(error))
    remedy = f"Look at the network, and at `host` and `port`. {_AGAIN}"
    return MailboxError(f"{server} can't be reached ({why}).", remedy, kind=Trouble.NETWORK)


def _certificate(error: ssl.SSLCertVerificationError, server: str) -> MailboxError:
    return MailboxError(
        f"The certificate of {server} can't be trusted ({error.verify_message or said(error)}).",
        "Check `host`; for a server with a certificate of its own set `ca_file`. Nothing was sent.",
        permanent=True,
        kind=Trouble.TLS,
    )


def _refused(text: str, server: str, account: str, by_token: bool) -> MailboxError:
    if not _BAD_CODES.search(text) and _BUSY.search(text):
        return _busy(text, server)
    if by_token and (_BAD_CODES.search(text) or _BAD_WORDS.search(text)):
        return MailboxError(
            f"{server} refuses the sign-in that it gave us ({text}).",
            f"Run `offerwatch account login {account}`, with the address of this very mailbox; "
            "IMAP must be allowed for it.",
            permanent=True,
            kind=Trouble.LOGIN,
        )
    refused = _BAD_CODES.search(text) or _BAD_WORDS.search(text)
    known = shipped().refusal(server, account, text)
    if known is None and refused:
        known = shipped().advice(server, account) or (
            f"{server} refuses the user name or the password.",
            f"Run `offerwatch account login {account}`; big providers want an app password or OAuth.",
        )
    if known is not None:
        sentence = f"{known[0].removesuffix('.')} ({text})."
        return MailboxError(sentence, known[1], permanent=True, kind=Trouble.LOGIN)
    return MailboxError(f"{server} did not let us in ({text}).", _AGAIN, kind=Trouble.SERVER)


def _busy(text: str, server: str) -> MailboxError:
    return MailboxError(
        f"{server} is busy or allows no further session ({text}).",
        f"Close other mail programs if it stays so. {_AGAIN}",
        kind=Trouble.LIMIT,
    )
