"""The house stands: imports run down, the lower floors touch nothing, and the packages are ours."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import parsers
import rules
import watcher

ROOT = Path(__file__).parents[1]
LINT = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]

# What must never come in, and the contract that has to break.
BREACHES = [
    ("rules/facts.py", "import socket", "rules: the standard library only"),
    ("rules/facts.py", "from parsers import read", "Three floors"),
    ("rules/facts.py", "import watcher.store", "Three floors"),
    ("parsers/read.py", "import watcher.store", "Three floors"),
    ("parsers/read.py", "import sqlite3", "parsers: parsing libraries"),
    ("parsers/read.py", "import rules.cases", "parsers borrow the nouns"),
]


def _lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(LINT, cwd=folder, capture_output=True, text=True, timeout=100, check=False)


def test_the_floors_hold() -> None:
    done = _lint(ROOT)

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(("module", "line", "contract"), BREACHES)
def test_a_broken_floor_is_found(tmp_path: Path, module: str, line: str, contract: str) -> None:
    for package in ("rules", "parsers", "watcher"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    target = tmp_path / module
    target.write_text(target.read_text("utf-8") + f"\n{line}\n", "utf-8")

    done = _lint(tmp_path)

    assert done.returncode != 0
    broken = [row for row in done.stdout.splitlines() if row.endswith("BROKEN")]
    assert any(row.startswith(contract) for row in broken), done.stdout


def test_the_three_packages_are_ours_and_not_a_namesake() -> None:
    assert {package.HOUSE for package in (rules, parsers, watcher)} == {"offerwatch"}


def test_every_module_says_in_one_sentence_what_it_is_for() -> None:
    for package in ("rules", "parsers", "watcher"):
        for module in (ROOT / package).rglob("*.py"):
            first = module.read_text("utf-8").lstrip().split("\n", 1)[0]
            assert first.startswith('"""'), module
            assert len(first) > 12, module


def test_the_wheel_holds_the_code_and_the_data_beside_it() -> None:
    data = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))

    assert data["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == ["watcher", "parsers", "rules"]
    assert data["project"]["scripts"] == {"offerwatch": "watcher.__main__:main"}
