"""Periodic jobs: those of plugins, and the hub's own looks at subscriptions; each under a lease, so that one process does it."""

from __future__ import annotations

import logging
import threading
import time
import traceback
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from datetime import time as clock
from zoneinfo import ZoneInfo

from hub.errors import HubError
from hub.flow import subscription
from hub.flow.context import Hub
from hub.sdk.plugin import Job
from hub.store import job as store
from hub.store.job import JobRow

__all__ = ["JobRow", "Jobs", "overview", "tasks"]

# A job that hangs must not keep the others waiting.
AT_ONCE = 4
FIRST_RETRY_S = 60.0
LONGEST_RETRY_S = 3600.0
GRACE_S = 10.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Task:
    """A job as it is run: `next_at` gives the time of the next run after a given one."""

    run: Callable[[], object]
    next_at: Callable[[datetime], datetime]
    first_at: datetime
    connection_id: int | None = None


def tasks(hub: Hub) -> dict[str, Task]:
    """Every job there is now, by name."""
    now = datetime.now(UTC)
    found = {
        name: Task(job.run, lambda at, job=job: next_run(job, at), now if job.every_s else next_run(job, now))  # type: ignore[misc]
        for name, job in hub.registry.jobs.items()
    }
    for row in subscription.watched(hub):
        found[subscription.job_name(row.id)] = Task(
            lambda name=row.name: subscription.look_after(hub, name),  # type: ignore[misc]
            lambda at: at + subscription.look_again_in(),
            now,
            row.id,
        )
    return found


def next_run(job: Job, after: datetime) -> datetime:
    """When a job is due that ran at `after`. A local time that a change of the clocks skips is taken as if it had not."""
    if job.every_s is not None:
        return after + timedelta(seconds=job.every_s)
    zone = ZoneInfo(job.zone)
    day = after.astimezone(zone).date()
    while True:
        found = datetime.combine(day, clock.fromisoformat(job.daily_at), zone).astimezone(UTC)
        if found > after:
            return found
        day += timedelta(days=1)


def overview(hub: Hub) -> list[JobRow]:
    """The jobs that are registered now, by name, as they stand; those that were not due yet are left out."""
    known = tasks(hub)
    return [row for row in store.all_rows(hub.db) if row.name in known]


class Jobs:
    """Runs what is due in threads of this process, at most `AT_ONCE`. `close` it with the hub.

    A process that dies loses its leases within a minute; then another one runs the job again.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._running: dict[str, tuple[uuid.UUID, threading.Thread]] = {}
        self._ensured: set[str] = set()

    def look(self) -> list[str]:
        """Keeps the leases of what runs, and starts what is due; returns its names. To be called every few seconds."""
        self._running = {name: run for name, run in self._running.items() if run[1].is_alive()}
        if self._running:
            store.renew(self._hub.db, {name: token for name, (token, _) in self._running.items()})
        known = tasks(self._hub)
        for name in known.keys() - self._ensured:
            store.ensure(self._hub.db, name, known[name].connection_id, known[name].first_at)
        self._ensured = set(known)
        started = []
        for name in store.due(self._hub.db, sorted(known.keys() - self._running.keys())):
            if len(self._running) >= AT_ONCE:
                break
            token = store.take(self._hub.db, name)
            if token is not None:
                self._start(name, known[name], token)
                started.append(name)
        return started

    def wait(self, seconds: float) -> bool:
        """Waits until nothing runs here; whether that is so."""
        end = time.monotonic() + seconds
        for _, thread in list(self._running.values()):
            thread.join(max(0.0, end - time.monotonic()))
        return not any(thread.is_alive() for _, thread in self._running.values())

    def close(self) -> None:
        """Waits a while for what runs; the rest ends with the process and is run again elsewhere."""
        self.wait(GRACE_S)

    def _start(self, name: str, task: Task, token: uuid.UUID) -> None:
        thread = threading.Thread(target=self._run, args=(name, task, token), name=f"job {name}", daemon=True)
        self._running[name] = (token, thread)
        thread.start()

    def _run(self, name: str, task: Task, token: uuid.UUID) -> None:
        error = _outcome(name, task.run)
        now = datetime.now(UTC)
        next_at = task.next_at(now)
        try:
            if error is not None:
                before = store.of_name(self._hub.db, name)
                next_at = min(next_at, now + retry_in(before.failures if before else 0))
            store.finish(self._hub.db, name, token, next_at, error)
        except Exception as gone:  # noqa: BLE001 -- the database is away: the lease ends by itself, and the job runs again
            _log.error("job %s: its end is not recorded: %s", name, type(gone).__name__)


def retry_in(failures: int) -> timedelta:
    """How long to wait after a failure that came after `failures` others in a row."""
    return timedelta(seconds=min(FIRST_RETRY_S * 2 ** min(failures, 10), LONGEST_RETRY_S))


def _outcome(name: str, run: Callable[[], object]) -> str | None:
    """Runs a job; the text of its error, None when it went well."""
    try:
        run()
    except HubError as error:
        _log.warning("job %s: %s", name, error)
        return str(error)
    except Exception as error:  # noqa: BLE001 -- third-party code: its text may quote what it worked on
        frames = "".join(traceback.format_tb(error.__traceback__))
        _log.error("job %s: %s\n%s", name, type(error).__name__, frames)
        return f"it crashed with {type(error).__name__}; the log has the place"
    return None
