"""The scheduler: looks into Postgres every few seconds and starts what is due. Any number of them may run."""

from __future__ import annotations

import logging
import random

from hub.errors import HubError
from hub.flow.context import Hub
from hub.queue import ROLES, Role
from hub.store.due import is_due
from worker.life import Life
from worker.wiring import open_hub

# Jitter keeps several schedulers, and hubs that were started together, from looking at the same moment.
SHORTEST_S = 2.0
LONGEST_S = 4.0
# One connection for the look, one for a sweep that holds another, the rest for jobs.
POOL = 5

_log = logging.getLogger(__name__)
_random = random.SystemRandom()


def schedule() -> None:
    """Runs until SIGTERM; a database that is away is asked again at the next look."""
    life = Life()
    while not life.is_over():
        try:
            with open_hub(pool_size=POOL) as hub:
                _loop(hub, life)
        except Exception as error:  # noqa: BLE001 - whatever a look met, the next one has to come
            _log.error("scheduler: %s%s", type(error).__name__, f": {error}" if isinstance(error, HubError) else "")
            life.pause(_random.uniform(SHORTEST_S, LONGEST_S))


def look(hub: Hub) -> list[Role]:
    """One look: sweeps, wakes the roles that are due, starts the periodic jobs that are; returns the roles."""
    from hub.flow import sweep

    hub.queue.sign("scheduler")
    sweep.run(hub)
    roles = [role for role in ROLES if is_due(hub.db, role)]
    for role in roles:
        hub.queue.remind(role)
    _start_jobs(hub)
    _look_for_trouble(hub)
    return roles


def _start_jobs(hub: Hub) -> None:
    from hub.flow.job import Jobs

    if "jobs" not in hub.extras:
        hub.extras["jobs"] = Jobs(hub)
    hub.extras["jobs"].look()


def _look_for_trouble(hub: Hub) -> None:
    from hub.flow import alert

    try:
        alert.look(hub)
    except Exception as error:  # noqa: BLE001 - what alerts meet must not keep work from being started
        _log.error("alerts: %s%s", type(error).__name__, f": {error}" if isinstance(error, HubError) else "")


def _loop(hub: Hub, life: Life) -> None:
    from hub.flow.release import activate, in_force

    if in_force(hub) is None:
        activate(hub, "scheduler", "the first rules of this hub")
    while not life.is_over():
        look(hub)
        life.pause(_random.uniform(SHORTEST_S, LONGEST_S))
