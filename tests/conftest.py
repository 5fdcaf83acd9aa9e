"""Shared surroundings of every test: none of them, nor what it starts, reaches another machine."""

import os
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "guard"))
import loopback

_handle, _name = tempfile.mkstemp(prefix="offerwatch-guard-")
os.close(_handle)
RECORD = Path(_name)
loopback.arm(RECORD)


def _tried() -> list[str]:
    """What reached for another machine since the last look."""
    lines = RECORD.read_text("utf-8").splitlines() if RECORD.stat().st_size else []
    RECORD.write_bytes(b"")
    return [line for line in lines if line.startswith("refused ")]


@pytest.fixture(autouse=True)
def _stays_at_home():
    yield
    tried = _tried()
    assert not tried, "this test, or one shortly before it, reached for another machine:\n" + "\n".join(tried)


def pytest_sessionfinish(session):
    """What a process tried after its test had ended counts as well."""
    late = _tried()
    RECORD.unlink(missing_ok=True)
    if late:
        sys.stderr.write("\n".join(["", "another machine was reached for:", *late, ""]))
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
