"""Questions at the terminal, each with a flag that answers it, so that scripts need no terminal."""

import getpass
import sys

from watcher.commands import WRONG, StopError, say


class Asker:
    """Asks where somebody can answer; elsewhere a default counts, and what has none must be a flag."""

    def __init__(self, quiet: bool = False) -> None:
        """With `quiet` nothing is asked even at a terminal."""
        self.can = not quiet and sys.stdin.isatty()

    def text(self, question: str, flag: str, default: str | None = None) -> str:
        """Return the answer, or the default for an empty one. Raises StopError."""
        if not self.can:
            return _or_stop(default, question, flag)
        shown = f" [{default}]" if default else ""
        while True:
            try:
                answer = input(f"{question}{shown}: ").strip()
            except EOFError:
                return _or_stop(default, question, flag)
            if answer or default is not None:
                return answer or str(default)

    def hidden(self, question: str, flag: str) -> str:
        """Return an answer that is not shown while it is typed. Raises StopError."""
        if not self.can:
            return _or_stop(None, question, flag)
        while True:
            try:
                answer = getpass.getpass(f"{question} (not shown): ")
            except EOFError:
                return _or_stop(None, question, flag)
            if answer:
                return answer

    def agreed(self, question: str) -> bool:
        """Return whether the answer is yes; nobody to ask counts as yes."""
        return not self.can or self.text(f"{question} (y/n)", "--yes", "y").lower().startswith("y")

    def one_of(self, question: str, flag: str, known: tuple[str, ...], default: str | None) -> str:
        """Return one of the known answers. Raises StopError where nobody can be asked."""
        while (answer := self.text(f"{question} ({', '.join(known)})", flag, default)) not in known:
            if not self.can:
                raise StopError(f'{flag} "{answer}" is not known.', f"Known are {', '.join(known)}.", WRONG)
            say(f"Please answer with one of {', '.join(known)}.")
        return answer


def _or_stop(default: str | None, question: str, flag: str) -> str:
    if default is None:
        raise StopError(f"{question}: nobody is here to answer.", f"Give {flag}.", WRONG)
    return default
