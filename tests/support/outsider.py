"""The installed console script, used as anybody would: by its arguments, its output and its exit code."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCRIPT = Path(sys.executable).parent / "offerwatch"


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run left behind."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[Any]:
        """Its output as JSON, one object a line."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def row(self) -> Any:
        """Its output as the one JSON object that it is."""
        (found,) = self.rows
        return found


def environment(home: Path, **more: str) -> dict[str, str]:
    """A clean environment: nothing of the tester's own configuration, no desktop, an odd zone."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "LD_LIBRARY_PATH"}}
    return {**kept, "HOME": str(home), "TZ": "Pacific/Kiritimati", "LC_ALL": "C.UTF-8", **more}


def offerwatch(
    home: Path, *arguments: str | Path, stdin: bytes = b"", more: Mapping[str, str] | None = None
) -> Ran:
    """Run it in `home` and wait for its end."""
    assert SCRIPT.exists(), f"{SCRIPT} is missing: install the checkout with `make venv`"
    done = subprocess.run(
        [str(SCRIPT), *map(str, arguments)],
        input=stdin,
        capture_output=True,
        timeout=60,
        cwd=home,
        env=environment(home, **(more or {})),
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8"))
