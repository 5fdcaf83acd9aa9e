"""Plants ten known bugs, one at a time, in a copy of the tree: each must turn its fault red.

python tests/faults/plant.py [NAME...]: exits 1 if the suite stayed green under any of them. A patch that
no longer fits is an error too: mend it, so that the suite is still proven to be able to fail.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATCHES = Path(__file__).parent / "planted"
PYTEST = (sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider")
COPIED = ("rules", "parsers", "watcher", "tests", "pyproject.toml")


def main(names: list[str]) -> int:
    """Plant all bugs, or those named."""
    patches = sorted(p for p in PATCHES.glob("*.patch") if not names or p.stem in names)
    with tempfile.TemporaryDirectory(prefix="planted-") as folder:
        verdicts = {patch.stem: planted(patch, Path(folder) / patch.stem) for patch in patches}
    say(f"{'planted bug':<20} {'verdict':<12} red because")
    for name, (red, why) in verdicts.items():
        say(f"{name:<20} {'red' if red else 'NOT SEEN':<12} {why}")
    return 0 if verdicts and all(red for red, _ in verdicts.values()) else 1


def planted(patch: Path, copy: Path) -> tuple[bool, str]:
    """Copy the tree, plant one bug, run its fault; return whether a test went red, and which."""
    copy.mkdir()
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy / name)
    fits = subprocess.run(
        ["git", "apply", "--unsafe-paths", str(patch)], cwd=copy, capture_output=True, text=True
    )
    if fits.returncode:
        return False, f"the patch no longer fits: {fits.stderr.strip()[:200]}"
    match = re.search(r"^Turns red: (\S+) -k (.+)$", patch.read_text("utf-8"), re.M)
    assert match is not None, f"{patch.name} does not name its fault"
    ran = subprocess.run(
        [*PYTEST, f"tests/faults/{match[1]}", "-k", match[2]],
        cwd=copy,
        env={**os.environ, "OFFERWATCH_SLACK": "2"},  # what will never happen need not be waited for for long
        capture_output=True,
        text=True,
    )
    failed = re.search(r"^FAILED \S+::(\S+)", ran.stdout, re.M)
    why = re.search(r"^E +(.{0,110})", ran.stdout, re.M)
    if ran.returncode != 1 or failed is None:
        last = ran.stdout.strip().splitlines()[-1:] or ["no output"]
        return False, f"pytest ended with {ran.returncode}: {last[0]}"
    return True, f"{failed[1]}: {why[1] if why else ''}"


def say(line: str) -> None:
    """Print one line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
