"""Periodic jobs: when they are due, that one process runs each, what becomes of errors and of the dead."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

import pytest

from hub import registry
from hub.errors import RetryableError
from hub.flow import job as flow
from hub.flow.context import Hub
from hub.flow.job import Jobs, next_run, overview
from hub.sdk.plugin import Job, hookimpl
from hub.sdk.testing import wait_until
from hub.store import job as store
from tests.fixtures.bare import bare_hub
from worker.schedule import look


@pytest.fixture
def hub(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Hub]:
    with bare_hub(database_url, redis_url, tmp_path) as made:
        yield made


def plugin(*jobs: Job, name: str = "points") -> ModuleType:
    """A plugin that registers these."""
    made = ModuleType(name)
    made.register_jobs = hookimpl(lambda: list(jobs))  # type: ignore[attr-defined]
    made.register_jobs.__name__ = "register_jobs"
    return made


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class Work:
    """What a job does: counts, and does as the test says."""

    def __init__(self) -> None:
        self.count = 0
        self.error: Exception | None = None
        self.hold = threading.Event()
        self.hold.set()

    def __call__(self) -> None:
        self.count += 1
        assert self.hold.wait(20)
        if self.error:
            raise self.error


def test_load_when_a_plugin_registers_jobs_then_named_after_it() -> None:
    found = registry.load([], [plugin(Job("tiers", print, every_s=60), Job("expire", print, daily_at="03:30"))])
    assert sorted(found.jobs) == ["points.expire", "points.tiers"]


@pytest.mark.parametrize(
    "job",
    [
        Job("a", print),
        Job("a", print, every_s=60, daily_at="03:30"),
        Job("a", print, every_s=0),
        Job("a", print, daily_at="25:00"),
        Job("a", print, daily_at="03:30", zone="Asia/Nowhere"),
    ],
)
def test_load_when_a_job_makes_no_sense_then_the_plugin_is_broken_and_says_why(job: Job) -> None:
    found = registry.load([], [plugin(job), plugin(Job("b", print, every_s=1), name="other")])
    assert sorted(found.jobs) == ["other.b"]
    ((name, reason),) = found.broken
    assert (name, "points.a" in reason) == ("points", True)


def test_load_when_a_job_is_registered_twice_then_the_plugin_is_broken() -> None:
    found = registry.load([], [plugin(Job("a", print, every_s=1), Job("a", print, every_s=2))])
    assert (found.jobs, len(found.broken)) == ({}, 1)


@pytest.mark.parametrize(
    ("job", "after", "expected"),
    [
        (Job("a", print, every_s=90), "2026-03-01T00:00:00", "2026-03-01T00:01:30"),
        (Job("a", print, daily_at="03:30"), "2026-03-01T00:00:00", "2026-03-01T19:30:00"),
        (Job("a", print, daily_at="03:30"), "2026-03-01T19:30:00", "2026-03-02T19:30:00"),
        (Job("a", print, daily_at="03:30", zone="UTC"), "2026-03-01T00:00:00", "2026-03-01T03:30:00"),
        # The clocks skip 02:30 on that day: it runs once all the same.
        (Job("a", print, daily_at="02:30", zone="Europe/Berlin"), "2026-03-28T12:00:00", "2026-03-29T01:30:00"),
        (Job("a", print, daily_at="02:30", zone="Europe/Berlin"), "2026-03-29T01:30:00", "2026-03-30T00:30:00"),
        # And pass it twice on that one: once.
        (Job("a", print, daily_at="02:30", zone="Europe/Berlin"), "2026-10-25T00:30:00", "2026-10-26T01:30:00"),
    ],
)
def test_next_run_when_asked_then_by_interval_or_local_time(job: Job, after: str, expected: str) -> None:
    assert next_run(job, utc(after)) == utc(expected)


def test_look_when_due_then_runs_once_and_again_after_the_interval(hub: Hub) -> None:
    work = Work()
    hub.registry.jobs["points.tiers"] = Job("tiers", work, every_s=3600)
    hub.registry.jobs["points.nightly"] = Job("nightly", work, daily_at="03:30")
    jobs = Jobs(hub)
    assert jobs.look() == ["points.tiers"]
    assert jobs.wait(10)
    assert (jobs.look(), work.count) == ([], 1)
    nightly, tiers = overview(hub)
    assert (tiers.error, tiers.failures, tiers.lease_until) == (None, 0, None)
    assert tiers.ended_at is not None
    assert timedelta(minutes=59) < tiers.next_at - tiers.ended_at < timedelta(minutes=61)
    assert (nightly.started_at, nightly.next_at.hour, nightly.next_at.minute) == (None, 19, 30)
    hub.db.execute("update job set next_at = now()")
    assert sorted(jobs.look()) == ["points.nightly", "points.tiers"]
    assert jobs.wait(10)
    assert work.count == 3


def test_look_when_several_processes_look_then_one_runs_it(hub: Hub) -> None:
    work = Work()
    work.hold.clear()
    hub.registry.jobs["points.tiers"] = Job("tiers", work, every_s=3600)
    processes = [Jobs(hub) for _ in range(3)]
    started = [name for jobs in processes for name in jobs.look()]
    assert started == ["points.tiers"]
    work.hold.set()
    assert all(jobs.wait(10) for jobs in processes)
    assert work.count == 1


def test_look_when_the_runner_died_then_another_runs_it_after_the_lease(hub: Hub) -> None:
    work = Work()
    hub.registry.jobs["points.tiers"] = Job("tiers", work, every_s=3600)
    store.ensure(hub.db, "points.tiers", None, datetime.now(UTC))
    dead = store.take(hub.db, "points.tiers")
    jobs = Jobs(hub)
    assert (dead is not None, jobs.look()) == (True, [])
    hub.db.execute("update job set lease_until = now()")
    assert jobs.look() == ["points.tiers"]
    assert jobs.wait(10)
    assert dead is not None
    assert store.finish(hub.db, "points.tiers", dead, datetime.now(UTC), "late") is False
    assert overview(hub)[0].error is None


def test_look_when_a_job_lasts_then_its_lease_is_kept_and_the_others_go_on(hub: Hub) -> None:
    slow, quick = Work(), Work()
    slow.hold.clear()
    hub.registry.jobs |= {"a.slow": Job("slow", slow, every_s=1), "b.quick": Job("quick", quick, every_s=3600)}
    jobs = Jobs(hub)
    assert sorted(jobs.look()) == ["a.slow", "b.quick"]
    assert wait_until(lambda: overview(hub)[1].ended_at is not None)
    hub.db.execute("update job set lease_until = now() where name = 'a.slow'")
    jobs.look()
    assert hub.db.one("select lease_until > now() + interval '30 s' from job where name = 'a.slow'") == (True,)
    assert (Jobs(hub).look(), slow.count) == ([], 1)
    slow.hold.set()
    assert jobs.wait(10)


def test_look_when_too_many_are_due_then_the_rest_waits(hub: Hub) -> None:
    work = Work()
    work.hold.clear()
    hub.registry.jobs |= {f"a.{n}": Job(str(n), work, every_s=3600) for n in range(flow.AT_ONCE + 2)}
    jobs = Jobs(hub)
    assert (len(jobs.look()), len(jobs.look())) == (flow.AT_ONCE, 0)
    work.hold.set()
    assert jobs.wait(10)
    assert (len(jobs.look()), jobs.wait(10)) == (2, True)


def test_look_when_a_job_fails_then_the_error_is_kept_and_it_is_tried_again_soon(
    hub: Hub, caplog: pytest.LogCaptureFixture
) -> None:
    work = Work()
    work.error = ValueError("张伟 13800138000")
    hub.registry.jobs["points.nightly"] = Job("nightly", work, daily_at="03:30")
    jobs = Jobs(hub)
    waits = []
    for _ in range(2):
        jobs.look()
        hub.db.execute("update job set next_at = now()")
        jobs.look()
        assert jobs.wait(10)
        (row,) = overview(hub)
        assert row.ended_at is not None
        waits.append(round((row.next_at - row.ended_at).total_seconds()))
    assert (waits, row.failures) == ([60, 120], 2)
    assert "ValueError" in (row.error or "")
    assert "13800138000" not in caplog.text + (row.error or "")
    work.error = RetryableError("points: the till is away")
    hub.db.execute("update job set next_at = now()")
    jobs.look()
    assert jobs.wait(10)
    assert overview(hub)[0].error == "points: the till is away"
    work.error = None
    hub.db.execute("update job set next_at = now()")
    jobs.look()
    assert jobs.wait(10)
    assert (overview(hub)[0].error, overview(hub)[0].failures) == (None, 0)


def test_overview_when_a_plugin_is_gone_then_its_job_is_not_shown(hub: Hub) -> None:
    store.ensure(hub.db, "gone.job", None, datetime.now(UTC))
    assert overview(hub) == []


def test_scheduler_when_it_looks_then_starts_jobs(hub: Hub) -> None:
    work = Work()
    hub.registry.jobs["points.tiers"] = Job("tiers", work, every_s=3600)
    look(hub)
    assert wait_until(lambda: work.count == 1)
