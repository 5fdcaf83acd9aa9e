"""Measures offerwatch beside what people use today: `make bench`, or a part: `python benchmarks reading`."""

import argparse
import importlib
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "tests")]

PARTS = ("starting", "reading", "offline", "remembering", "watching", "scanning")


def main() -> int:
    """Run the parts asked for and print a row a goal; returns 1 where a goal was missed."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("part", nargs="*", choices=[*PARTS, []], help="default: all of them")
    asked.add_argument("--mails", type=int, default=5000, help="in the mailbox and in the files (5000)")
    words = asked.parse_args()
    missed = 0
    for name in words.part or PARTS:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            for row in importlib.import_module(name).rows(Path(folder), words.mails):
                mark = {True: "met", False: "MISSED", None: ""}[row.met]
                print(f"{row.what:<72} {row.found:>18}  {row.goal:<12} {mark}", flush=True)
                missed += row.met is False
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
