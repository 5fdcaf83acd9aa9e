"""How the mails of one source are read: whose results count, who forwards, which phrases."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parsers.lexicon import Lexicon
    from parsers.reading import Reading
    from rules.policy import Policy


@dataclass(frozen=True, slots=True)
class Recipe:
    """Calling it with a mail's bytes and its receipt (aware) gives the reading.

    It holds plain values only, so it can be handed to another process, which loads the data itself.
    """

    phrases: Path | None = None
    authserv_ids: tuple[str, ...] = ()
    forwarders: tuple[str, ...] = ()

    def __call__(self, raw: bytes, received_at: datetime) -> "Reading":
        from parsers.origin import Provider
        from parsers.read import read

        provider = Provider(self.authserv_ids, self.forwarders)
        return read(raw, received_at, _lexicon(self.phrases), provider, _policy().hosts)

    def check(self) -> None:
        """Raise DataError now if the user's own phrases can't be used; those that are shipped are tested."""
        if self.phrases is not None and self.phrases.is_dir():
            self.prepare()

    def prepare(self) -> None:
        """Load the data now, in the process that reads, so that the first mail need not wait for it."""
        _lexicon(self.phrases)
        _policy()


@cache
def _lexicon(phrases: Path | None) -> "Lexicon":
    from watcher.loading import load_lexicon

    return load_lexicon(phrases, hasty=True)


@cache
def _policy() -> "Policy":
    from watcher.loading import load_policy

    return load_policy()


def forget() -> None:
    """Let go of the data that `prepare` loaded."""
    _lexicon.cache_clear()
    _policy.cache_clear()
