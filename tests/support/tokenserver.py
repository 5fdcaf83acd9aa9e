"""An OAuth2 server of the tests' own on loopback: device code, redirect with PKCE, refresh with rotation."""

import base64
import hashlib
import http.server
import json
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

Answer = tuple[int, dict[str, Any] | bytes]


class TokenServer:
    """`with TokenServer() as server:` answers at `server.url`; `asked` has every form that was sent.

    `on` replaces what a grant ("refresh_token", "device_code", "authorization_code") is answered with.
    Every refresh gives a new refresh token and ends the one before, as the strictest providers do.
    """

    def __init__(self, lasts: int = 3600, pending: int = 1) -> None:
        self.lasts = lasts
        self.pending = pending  # how often a device code is answered with "not yet"
        self.on: dict[str, Callable[[dict[str, str]], Answer]] = {}
        self.asked: list[dict[str, str]] = []
        self.valid: str | None = None  # the one refresh token that counts
        self.access: list[str] = []  # every access token given, newest last
        self._codes: dict[str, dict[str, str]] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                size = int(self.headers["Content-Length"])
                form = {key: value[0] for key, value in parse_qs(self.rfile.read(size).decode()).items()}
                status, body = outer._answer(self.path, form)
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None:
                """Be quiet."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def table(self, name: str, device: bool = True) -> str:
        """The `[oauth.NAME]` of a providers.toml that leads here."""
        way = f'device = "{self.url}/device"' if device else f'authorize = "{self.url}/authorize"'
        return f'[oauth.{name}]\ntoken = "{self.url}/token"\n{way}\nscopes = ["mail", "offline_access"]\n'

    def refreshes(self) -> int:
        return sum(form.get("grant_type") == "refresh_token" for form in self.asked)

    def sign_in(self) -> str:
        """A sign-in that happened before: the refresh token that counts now."""
        self.valid = "refresh-0"
        return self.valid

    def consent(self, page: str) -> str:
        """What a browser does with the page: the person agrees, and it is sent back to this address."""
        query = {key: value[0] for key, value in parse_qs(urlsplit(page).query).items()}
        code = f"code-{len(self._codes)}"
        self._codes[code] = query
        return f"{query['redirect_uri']}?{urlencode({'state': query['state'], 'code': code})}"

    def _answer(self, path: str, form: dict[str, str]) -> Answer:
        with self._lock:
            self.asked.append(form)
            if path == "/device":
                told = {"user_code": "ABCD-1234", "device_code": "device-1", "interval": 0, "expires_in": 60}
                return 200, {**told, "verification_uri": "https://login.example/device"}
            grant = form.get("grant_type", "").rpartition(":")[2]
            ways = {
                "refresh_token": self._refresh,
                "device_code": self._device,
                "authorization_code": self._code,
            }
            return self.on.get(grant, ways.get(grant, self._unknown))(form)

    def _unknown(self, form: dict[str, str]) -> Answer:
        return 400, {"error": "unsupported_grant_type"}

    def _refresh(self, form: dict[str, str]) -> Answer:
        if form["refresh_token"] != self.valid:
            return 400, {"error": "invalid_grant", "error_description": "AADSTS70000: it has ended"}
        return self.granted()

    def _device(self, form: dict[str, str]) -> Answer:
        if self.pending > 0:
            self.pending -= 1
            return 400, {"error": "authorization_pending"}
        return self.granted()

    def _code(self, form: dict[str, str]) -> Answer:
        begun = self._codes.pop(form["code"], None)
        digest = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest())
        proved = begun is not None and begun["code_challenge"] == digest.rstrip(b"=").decode()
        if begun is None or not proved or begun["redirect_uri"] != form["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        return self.granted()

    def granted(self) -> Answer:
        """A new pair of tokens; the refresh token before ends."""
        self.valid = f"refresh-{len(self.access) + 1}"
        self.access.append(f"access-{len(self.access) + 1}")
        told = {"access_token": self.access[-1], "refresh_token": self.valid, "expires_in": self.lasts}
        return 200, {**told, "token_type": "Bearer"}
