"""Tells a dead-man service of the user's own choosing that a look was completed."""

import http.client
import logging
import ssl
import threading
from urllib.parse import urlsplit

log = logging.getLogger("offerwatch")

TIMEOUT = 10.0


class Ping:
    """Requests one configured address, never one from a mail, in a thread of its own, one at a time."""

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)
        self._busy = threading.Lock()

    def __call__(self) -> None:
        """Start a request unless one is still on its way; never raises, never waits."""
        if self._busy.acquire(blocking=False):
            threading.Thread(target=self._request, name="ping", daemon=True).start()

    def _request(self) -> None:
        try:
            status = self._ask()
            if status >= 400:
                log.warning("The ping_url answered %d: check the address in [health].", status)
        except (OSError, http.client.HTTPException, ValueError) as error:
            log.warning("The ping_url could not be reached (%s).", type(error).__name__)
        finally:
            self._busy.release()

    def _ask(self) -> int:
        """Return the status of one GET; redirects are not followed."""
        host, port = self._url.hostname or "", self._url.port
        connection: http.client.HTTPConnection
        if self._url.scheme == "https":
            secure = ssl.create_default_context()
            connection = http.client.HTTPSConnection(host, port, timeout=TIMEOUT, context=secure)
        else:
            connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT)
        try:
            query = f"?{self._url.query}" if self._url.query else ""
            connection.request("GET", (self._url.path or "/") + query, headers={"User-Agent": "offerwatch"})
            return connection.getresponse().status
        finally:
            connection.close()
