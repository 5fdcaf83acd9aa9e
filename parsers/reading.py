"""What reading a mail gives: one notice, and the trace that explains it.

It stands alone so that a process which is only told of readings need not load what reads.
"""

from dataclasses import dataclass

from rules.facts import Notice


@dataclass(frozen=True, slots=True)
class Sign:
    """One line of the trace: where it was seen, what it is, how heavy, and what it speaks for."""

    where: str
    what: str
    weight: float
    note: str


@dataclass(frozen=True, slots=True)
class Reading:
    """A notice and why it reads so."""

    notice: Notice
    trace: tuple[Sign, ...]
