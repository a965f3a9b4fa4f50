"""What the command line starts, by entry point: `retail_hub.processes`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import partial

from hub.config import load_settings
from hub.patience import step_back
from hub.queue import ROLES, Role
from worker import crew
from worker.consumer import consume
from worker.schedule import schedule
from worker.wiring import preload


def work(processes: Mapping[Role, int], *, scheduler: bool = False) -> None:
    """Runs so many workers of each role (and a scheduler) until SIGTERM."""
    start_log()
    step_back(load_settings().worker_nice)
    preload()
    members: list[tuple[str, Callable[[], None]]] = [
        (role, partial(consume, role)) for role in ROLES for _ in range(processes.get(role, 0))
    ]
    if scheduler:
        members.append(("scheduler", schedule))
    crew.run(members)


def run_scheduler() -> None:
    """Runs a scheduler alone until SIGTERM."""
    start_log()
    schedule()


def start_log() -> None:
    """Log lines on standard error, from the level of the settings on."""
    level = load_settings().log_level.upper()
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
