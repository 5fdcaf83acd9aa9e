"""Tells a dead-man service of the user's own choosing that a look was completed."""

import http.client
import logging
import ssl
import threading
from collections.abc import Callable
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from watcher.database import StoreError

log = logging.getLogger("offerwatch")

TIMEOUT = 10.0


class Ping:
    """Requests one configured address, never one from a mail, in a thread of its own, one at a time."""

    def __init__(self, url: str, told: Callable[[datetime], None] = lambda at: None) -> None:
        """`told` gets what the service's own clock says, an aware instant."""
        self._url = urlsplit(url)
        self._told = told
        self._busy = threading.Lock()

    def __call__(self) -> None:
        """Start a request unless one is still on its way; never raises, never waits."""
        if self._busy.acquire(blocking=False):
            threading.Thread(target=self._request, name="ping", daemon=True).start()

    def _request(self) -> None:
        try:
            status, date = self._ask()
            if date is not None:
                self._told(date)
            if status >= 400:
                log.warning("The ping_url answered %d: check the address in [health].", status)
        except (OSError, http.client.HTTPException, ValueError, StoreError) as error:
            log.warning("The ping_url could not be reached (%s).", type(error).__name__)
        finally:
            self._busy.release()

    def _ask(self) -> tuple[int, datetime | None]:
        """Return the status of one GET and the answer's Date; redirects are not followed."""
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
            answer = connection.getresponse()
            return answer.status, _date(answer.getheader("Date"))
        finally:
            connection.close()


def _date(text: str | None) -> datetime | None:
    try:
        at = parsedate_to_datetime(text) if text else None
    except ValueError:
        return None
    return at if at is not None and at.tzinfo else None
