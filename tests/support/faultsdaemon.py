"""The watcher of a plan as a process of its own, to be killed, frozen and told to stop."""

import json
import sys

from support.faults import Plan, build, short_pauses
from watcher.daemon import AlreadyWatchingError


def main(plan: str) -> int:
    """Watch by a plan given as JSON; returns the exit code."""
    fields = json.loads(plan)
    with short_pauses():
        try:
            return build(Plan(**{**fields, "folders": tuple(fields["folders"])})).daemon.run()
        except AlreadyWatchingError as error:
            sys.stderr.write(f"{error}\n")
            return error.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
