"""What something costs, and whether that meets a goal: measured in a process of its own, told as a ratio."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}:{ROOT / 'benchmarks'}",
    "PYTHONSAFEPATH": "1",
}
_LOOK = 0.05


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds by the wall and of processors, and the most memory (MB, shared parts counted once)."""

    wall: float
    cpu: float
    memory: float
    output: bytes


@dataclass(frozen=True, slots=True)
class Row:
    """One goal: what was measured against it, in words, and whether it was met (None: no goal)."""

    what: str
    found: str
    goal: str
    met: bool | None


def python(code: str, *words: str) -> list[str]:
    """The command that runs this Python code with words as its arguments."""
    return [sys.executable, "-c", code, *words]


def offerwatch(*words: str) -> list[str]:
    """The command line of offerwatch as it stands in this folder."""
    return [sys.executable, "-m", "watcher", *words]


def cost(command: Sequence[str], more: Mapping[str, str] | None = None, codes: Sequence[int] = (0,)) -> Cost:
    """Run a command to its end and return what it and its children cost; it must end with one of `codes`."""
    before, began = os.times(), time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env={**ENVIRONMENT, **(more or {})})
    most = [0.0]
    done = threading.Event()
    watcher = threading.Thread(target=_watch, args=(process.pid, most, done))
    watcher.start()
    output, _ = process.communicate()
    wall = time.perf_counter() - began
    done.set()
    watcher.join()
    after = os.times()
    if process.returncode not in codes:
        raise SystemExit(f"{' '.join(command[:4])} ended with {process.returncode}")
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return Cost(wall, spent, most[0], output)


def best(command: Sequence[str], times: int = 5, codes: Sequence[int] = (0,)) -> Cost:
    """The cheapest of several runs, by processor time: what is left when the machine was least busy."""
    return min((cost(command, codes=codes) for _ in range(times)), key=lambda each: each.cpu)


def memory_of(root: int) -> float:
    """Megabytes of a process and all below it, memory that they share counted once."""
    kilobytes = 0
    for pid in _tree(root):
        try:
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines():
                if line.startswith("Pss:"):
                    kilobytes += int(line.split()[1])
        except OSError:
            continue
    return kilobytes / 1024


def _watch(pid: int, most: list[float], done: threading.Event) -> None:
    while not done.wait(_LOOK):
        most[0] = max(most[0], memory_of(pid))


def _tree(root: int) -> list[int]:
    found = [root]
    for pid in found:
        try:
            tasks = Path(f"/proc/{pid}/task").iterdir()
            found += [int(c) for task in tasks for c in (task / "children").read_text("ascii").split()]
        except OSError:
            continue
    return found


def against(what: str, ratio: float, most: float, unit: str = "x") -> Row:
    """A row for a ratio that must not be over `most`."""
    return Row(what, f"{ratio:.2f} {unit}", f"<= {most:g} {unit}", ratio <= most)


def at_least(what: str, ratio: float, least: float, unit: str = "x") -> Row:
    """A row for a ratio that must be at least `least`."""
    return Row(what, f"{ratio:.1f} {unit}", f">= {least:g} {unit}", ratio >= least)
