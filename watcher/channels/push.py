"""Sends an alert by any service that Apprise knows, and tells a failure in the service's own words."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

from rules.facts import Alert, Urgency
from watcher.channels import Attempt, ChannelError, Surroundings
from watcher.labels import labels_for
from watcher.mailtext import order_page
from watcher.terminal import lines, one_line

_PRIORITIES = {  # by the scheme, quietest first; a priority in the user's own address wins
    "ntfy": ("low", "default", "high", "max"),
    "ntfys": ("low", "default", "high", "max"),
    "gotify": ("low", "normal", "high", "emergency"),
    "gotifys": ("low", "normal", "high", "emergency"),
    "pover": ("low", "normal", "high", "high"),  # emergency there repeats until acknowledged: we do that
}
_CLICKED = ("ntfy", "ntfys")
_WEBHOOKS = ("json", "jsons", "form", "forms", "xml", "xmls")
_KINDS = {Urgency.INFO: "info", Urgency.SOON: "info", Urgency.URGENT: "warning", Urgency.CRITICAL: "failure"}
_SHORTEST_SECRET = 4  # shorter parts of an address ("api", "v1") are words, not secrets
_LONGEST_BODY = 3000


class AppriseChannel:
    """One Apprise address; it holds tokens, so it is never printed."""

    def __init__(
        self,
        name: str,
        url: str | Callable[[], str],
        around: Surroundings,
        min_urgency: Urgency = Urgency.INFO,
    ) -> None:
        if not url:
            raise ChannelError(f"Channel {name} has no address.", "Set url, url_env or url_file.", True)
        self.name = name
        self.min_urgency = min_urgency
        self._url = url
        self._labels = labels_for(around.language)

    def send(self, alert: Alert, attempt: Attempt) -> None:
        """Deliver one alert; raises ChannelError unless the service said that it took it."""
        url = self._address()
        service = self._service(addressed(url, alert, attempt))
        body = "\n\n".join([alert.body, *([self._labels.repeat] if attempt.in_doubt else [])])
        with _EAR.listening() as words:
            try:
                taken = service.notify(
                    title=one_line(alert.headline, 200),
                    body=lines(body, _LONGEST_BODY),
                    notify_type=_KINDS[alert.urgency],
                    body_format="text",
                )
            except Exception as error:  # a hundred services by a hundred authors: anything can be raised
                taken = False
                words.append(type(error).__name__)
        if taken is not True:
            raise self._failure(url, words)

    def check(self) -> str:
        """Look at the address without asking its service; raises ChannelError."""
        self._service(self._address())
        return "its address is understood"

    def _address(self) -> str:
        if isinstance(self._url, str):
            return self._url.strip()
        try:
            return self._url().strip()
        except Exception as error:  # whatever a secret source raises, its text may hold the secret
            sentence = getattr(error, "sentence", f"The address of channel {self.name} can't be fetched.")
            remedy = getattr(error, "remedy", "Look at url, url_env or url_file in the configuration.")
            raise ChannelError(str(sentence), str(remedy)) from None

    def _service(self, url: str) -> Any:
        try:
            import apprise
        except ImportError:
            raise ChannelError(
                f"Channel {self.name} needs Apprise, which is not installed.",
                "Install offerwatch with its extra: offerwatch[apprise].",
                permanent=True,
            ) from None
        with _EAR.listening():  # what it says about a wrong address holds the address
            service = apprise.Apprise.instantiate(url, asset=_asset(apprise))
        if service is None:
            raise ChannelError(
                f"Channel {self.name} has an address that Apprise does not understand.",
                "Compare it with Apprise's page about that service; it begins with a scheme such as ntfy://.",
                permanent=True,
            )
        return service

    def _failure(self, url: str, words: list[str]) -> ChannelError:
        said = hidden(one_line(" ".join(words)), url)[:200] if words else "it gave no reason"
        return ChannelError(
            f"Channel {self.name}: the service did not take the alert ({said.rstrip('. ')}).",
            "It will be tried again; look at the address and at the service if it stays so.",
        )


def _asset(apprise: Any) -> Any:
    """Our name instead of Apprise's, no picture for clients to fetch, nothing kept on disk."""
    return apprise.AppriseAsset(
        app_id="offerwatch",
        app_desc="offerwatch",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        storage_mode="memory",
    )


def addressed(url: str, alert: Alert, attempt: Attempt) -> str:
    """The user's address, with what its service can carry besides: loudness, order page, idempotency key."""
    scheme, colon, rest = url.partition("://")
    bare, _, query = rest.partition("?")
    given = parse_qsl(query, keep_blank_values=True)
    extra = _extras(scheme.lower(), alert, attempt)
    names = {name.lower() for name, _ in given}
    added = [(name, value) for name, value in extra if name.lower() not in names]
    if not colon or not added:
        return url
    # The user's own part is left as it is written: only what is added gets encoded.
    tail = "&".join([part for part in (query, urlencode(added, quote_via=quote)) if part])
    return f"{scheme}://{bare}?{tail}"


def hidden(text: str, url: str) -> str:
    """The text with every part of the address blotted out that may be a token, longest first."""
    rest = url.partition("://")[2]
    found = {rest, url}
    for part in rest.replace("?", "/").replace("&", "/").replace("@", "/").replace("=", "/").split("/"):
        found |= {part, unquote(part), *part.split(":")}
    for secret in sorted(found, key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, "***")
    return text


def _extras(scheme: str, alert: Alert, attempt: Attempt) -> list[tuple[str, str]]:
    extra: list[tuple[str, str]] = []
    if scheme in _PRIORITIES:
        loudness = list(Urgency).index(alert.urgency)
        extra.append(("priority", _PRIORITIES[scheme][loudness]))
    page = order_page(alert.routes)
    if scheme in _CLICKED and page:
        extra.append(("click", page))
    if scheme in _WEBHOOKS:
        extra.append(("+Idempotency-Key", one_line(attempt.message_id).strip("<>")))
    return extra


class _Ear(logging.Handler):
    """Hears what Apprise logs, each thread its own; addresses may be in it, so it goes nowhere else."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._heard = threading.local()
        logger = logging.getLogger("apprise")
        logger.setLevel(logging.WARNING)
        logger.propagate = False
        logger.addHandler(self)
        logging.getLogger("urllib3").setLevel(logging.WARNING)  # it logs paths, and tokens are in some

    def emit(self, record: logging.LogRecord) -> None:
        words: list[str] | None = getattr(self._heard, "words", None)
        if words is not None:
            words.append(one_line(record.getMessage(), 200))

    @contextmanager
    def listening(self) -> Iterator[list[str]]:
        """The words of this thread, as long as the block lasts."""
        words: list[str] = []
        self._heard.words = words
        try:
            yield words
        finally:
            self._heard.words = None


_EAR = _Ear()
