"""Talks to the one server that gives tokens (OAuth2): by device code, by redirect with PKCE, by refreshing.

Law: only addresses from the table of providers are asked, redirects are not followed, and an answer that
did not come says nothing about the sign-in.
"""

import base64
import hashlib
import http.client
import json
import secrets
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from watcher.providers import Authority
from watcher.terminal import one_line

TIMEOUT = 20.0  # seconds
LONGEST = 1_000_000  # bytes of an answer
USUAL_LIFE = 3600.0  # seconds that an access token lasts where the server doesn't say
# The person must sign in again; RFC 6749, OpenID Connect and Microsoft's own words for it.
_OVER = {"invalid_grant", "interaction_required", "consent_required", "login_required", "access_denied"}
_CLIENT = {
    "invalid_client",
    "unauthorized_client",
    "invalid_scope",
    "unsupported_grant_type",
    "invalid_request",
}


class OAuthError(Exception):
    """No token: what happened, what to do, and the server's own `code` ("" where it did not answer).

    `over` says that the sign-in has ended and only a person can sign in again; `permanent` that asking
    again is useless until something is changed.
    """

    def __init__(self, sentence: str, remedy: str, code: str = "") -> None:
        super().__init__(f"{sentence} {remedy}")
        self.sentence = sentence
        self.remedy = remedy
        self.error = code
        self.over = code in _OVER
        self.permanent = self.over or code in _CLIENT


@dataclass(frozen=True, slots=True)
class Client:
    """Who asks: the user's own registration with the provider."""

    id: str
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Granted:
    """What the server gave: how long `access` lasts in seconds, and the new `refresh` token if any."""

    access: str = field(repr=False)
    lasts: float
    refresh: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Device:
    """A sign-in under way by device code: what to tell the person, and how to ask whether it is done."""

    url: str
    user_code: str
    code: str = field(repr=False)
    every: float
    lasts: float


@dataclass(frozen=True, slots=True)
class Redirect:
    """A sign-in under way by redirect: the page to open, and what proves that the answer belongs to it."""

    url: str
    back: str
    state: str = field(repr=False)
    verifier: str = field(repr=False)


def refreshed(authority: Authority, client: Client, refresh: str) -> Granted:
    """Exchange a refresh token for an access token. Raises OAuthError."""
    return _granted(
        authority,
        {
            "grant_type": "refresh_token",
            "refresh_token": refresh,
            "scope": " ".join(authority.scopes),
            **_who(client),
        },
    )


def device_begun(authority: Authority, client: Client) -> Device:
    """Begin a sign-in by device code. Raises OAuthError."""
    assert authority.device is not None, "the table says so"
    told = _asked(authority.device, {"client_id": client.id, "scope": " ".join(authority.scopes)})
    try:
        return Device(
            url=one_line(str(told.get("verification_uri") or told["verification_url"]), 200),
            user_code=one_line(str(told["user_code"]), 40),
            code=str(told["device_code"]),
            every=max(0.05, float(told.get("interval", 5))),
            lasts=float(told.get("expires_in", 900)),
        )
    except (KeyError, ValueError, TypeError):
        raise _strange(authority.device) from None


def device_done(authority: Authority, client: Client, device: Device) -> Granted | None:
    """Ask once whether the person has signed in; None for not yet. Raises OAuthError ("slow_down" too)."""
    fields = {
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
        "device_code": device.code,
        **_who(client),
    }
    try:
        return _granted(authority, fields)
    except OAuthError as error:
        if error.error == "authorization_pending":
            return None
        raise


def redirect_begun(authority: Authority, client: Client, back: str, hint: str) -> Redirect:
    """Begin a sign-in by redirect to `back`, with PKCE; `hint` is the address to sign in with."""
    assert authority.authorize is not None, "the table says so"
    verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(24)
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    fields = {
        "client_id": client.id,
        "redirect_uri": back,
        "response_type": "code",
        "scope": " ".join(authority.scopes),
        "state": state,
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii"),
        "code_challenge_method": "S256",
        "access_type": "offline",
        "prompt": "consent",
        "login_hint": hint,
    }
    return Redirect(f"{authority.authorize}?{urlencode(fields)}", back, state, verifier)


def redirect_done(authority: Authority, client: Client, redirect: Redirect, address: str) -> Granted:
    """Exchange what the browser was sent back with (a whole address, or its query). Raises OAuthError."""
    query = parse_qs(urlsplit(address.strip()).query or address.strip().lstrip("?"))
    if query.get("error"):
        raise _refusal(authority.authorize or "", {"error": query["error"][0]})
    state, code = query.get("state", [""])[0], query.get("code", [""])[0]
    if not code or not secrets.compare_digest(state.encode(), redirect.state.encode()):
        raise OAuthError(
            "That is not the answer to this sign-in.",
            "Open the page again and paste the whole address that the browser ends at.",
        )
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect.back,
        "code_verifier": redirect.verifier,
        **_who(client),
    }
    return _granted(authority, fields)


def _who(client: Client) -> dict[str, str]:
    return {"client_id": client.id, **({"client_secret": client.secret} if client.secret else {})}


def _granted(authority: Authority, fields: Mapping[str, str]) -> Granted:
    told = _asked(authority.token, fields)
    access, refresh = told.get("access_token"), told.get("refresh_token")
    if not isinstance(access, str) or not access.isprintable() or not access.isascii():
        raise _strange(authority.token)
    try:
        lasts = float(told.get("expires_in") or USUAL_LIFE)
    except (ValueError, TypeError):
        lasts = USUAL_LIFE
    return Granted(access, lasts, refresh if isinstance(refresh, str) and refresh else None)


def _asked(url: str, fields: Mapping[str, str]) -> dict[str, Any]:
    """POST a form and return the JSON of a 200; raises OAuthError for everything else."""
    host = urlsplit(url).hostname or ""
    try:
        status, body = _post(url, urlencode(fields))
    except (OSError, http.client.HTTPException) as error:
        why = one_line(getattr(error, "strerror", None) or type(error).__name__, 80)
        raise OAuthError(f"{host} can't be reached ({why}).", "It is tried again.") from None
    try:
        told = json.loads(body)
    except ValueError:
        told = None
    if status == 200 and isinstance(told, dict):
        return told
    if status >= 500 or status == 429 or not isinstance(told, dict):
        raise OAuthError(f"{host} can't give a token now (it answered {status}).", "It is tried again.")
    raise _refusal(url, told)


def _post(url: str, form: str) -> tuple[int, bytes]:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        secure = ssl.create_default_context()
        connection = http.client.HTTPSConnection(host, port, timeout=TIMEOUT, context=secure)
    else:  # a server on this machine: the table allows no other
        connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT)
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Accept": "application/json",
        "User-Agent": "offerwatch",
    }
    try:
        connection.request("POST", parts.path or "/", form.encode("ascii"), headers)
        answer = connection.getresponse()
        return answer.status, answer.read(LONGEST)
    finally:
        connection.close()


_SAID = {
    "invalid_grant": "has ended this sign-in",
    "access_denied": "was told no",
    "authorization_declined": "was told no",
    "expired_token": "waited too long for the sign-in",
    "invalid_client": "does not know this client id, or its secret is wrong",
    "unauthorized_client": "does not allow this client to sign in so",
}


def _refusal(url: str, told: Mapping[str, Any]) -> OAuthError:
    host, code = urlsplit(url).hostname or "", one_line(str(told.get("error", "")), 60)
    words = one_line(str(told.get("error_description") or ""), 160)
    said = _SAID.get(code, "gives no token")
    detail = ": ".join(part for part in (code, words) if part) or "no reason given"
    remedy = "Sign in again."
    if code in _CLIENT:
        remedy = "Look at the client's registration with the provider: its id, its secret, what it may do."
    return OAuthError(f"{host} {said} ({detail}).", remedy, code)


def _strange(url: str) -> OAuthError:
    host = urlsplit(url).hostname or ""
    return OAuthError(f"{host} gave an answer without a token.", "It is tried again.")
