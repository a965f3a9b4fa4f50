"""Events per second from the inbox to targets and feed, against a bare drain of the same inbox."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from bench.measure import Result, interleaved
from bench.preload import preload
from bench.site import Site, prepare, site
from hub.store.database import Database

TEMPLATE = "bench_pipeline"


def run(runs: int = 5, count: int = 12_000, workers: int = 2, preloaded: int = 0) -> dict[str, object]:
    """Reach: 0.30 of the bound empty, 0.20 with a million records preloaded."""
    with site() as place:
        prepare(place, TEMPLATE, count)
        if preloaded:
            preload(place.settings_of(TEMPLATE), preloaded)
        result = Result("pipeline", "events/s", more={"workers": workers, "events": count, "preloaded": preloaded})
        interleaved(runs, lambda: drain(place, "full", workers, count), lambda: drain(place, "bare", 1, count), result)
    return result.as_dict()


def drain(place: Site, role: str, workers: int, count: int, template: str = TEMPLATE) -> float:
    """Events a second of one drain of a copy of `template`."""
    name = place.clone(template)
    db = Database(place.settings_of(name).database_url, size=1)
    try:
        place.maintenance.execute("checkpoint")
        took = run_workers(place, name, role, workers)
        left = db.one("select (select count(*) from event_work), (select count(*) from resolve_work)")
        if left != (0, 0):
            raise RuntimeError(f"the drain left {left} behind")
    finally:
        db.close()
        place.drop(name)
    return count / took


def run_workers(place: Site, name: str, role: str, workers: int) -> float:
    """Seconds from the moment that every process is ready (it says so) until the last has done all that waits."""
    with crew(place, name, role, workers) as drain_all:
        return drain_all()


@contextmanager
def crew(place: Site, name: str, role: str, workers: int) -> Iterator[Callable[[], float]]:
    """Worker processes that wait; each call of what it gives has all of them drain what there is, and returns the seconds that took."""
    env = {**os.environ, **place.environment(name)}
    command = [sys.executable, "-m", "bench.worker", role]
    processes = [
        subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(workers)
    ]

    def drain_all() -> float:
        started = time.perf_counter()
        for process in processes:
            assert process.stdin is not None
            process.stdin.write(b"drain\n")
            process.stdin.flush()
        _hear(processes, role)
        return time.perf_counter() - started

    try:
        _hear(processes, role)
        yield drain_all
    finally:
        for process in processes:
            process.communicate()


def _hear(processes: Iterable[subprocess.Popen[bytes]], role: str) -> None:
    for process in processes:
        assert process.stdout is not None
        if not process.stdout.readline():
            raise RuntimeError(f"a {role} worker failed")
