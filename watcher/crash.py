"""Named points at which tests let the process die as if it had been killed."""

import os

VARIABLE = "OFFERWATCH_CRASH_AT"
POINTS = (
    "after_fetch",
    "after_read",
    "before_commit",
    "after_commit",
    "after_birth",
    "before_send",
    "after_send",
    "before_mark",
)
TOKEN_POINTS = ("before_token_saved", "after_token_saved")


def reach(point: str) -> None:
    """End the process at once, with nothing tidied up, if the environment names this point."""
    if os.environ.get(VARIABLE) == point:
        os._exit(137)
