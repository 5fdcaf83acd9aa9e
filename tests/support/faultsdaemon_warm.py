"""Imported once by the process that the fault suite forks its watchers from: all that loads lazily."""

import apscheduler.schedulers.background  # noqa: F401

from support.faults import warm_up

warm_up()
