"""Stored events a second that a replay runs again, against the pipeline that ran them first."""

from __future__ import annotations

import time
from functools import partial

from bench.measure import Result, interleaved
from bench.pipeline import drain, run_workers
from bench.reform import put_in_force
from bench.site import Site, prepare, site
from hub import bootstrap
from hub.flow import replay as flow
from hub.store.database import Database
from hub.store.replay import Selection

TEMPLATE, DONE = "bench_replay", "bench_replayed"


def run(runs: int = 5, count: int = 12_000, workers: int = 2, changed: bool = False) -> dict[str, object]:
    """Reach: 0.80 of the pipeline. Under unchanged rules nothing may be different afterwards.

    `changed`: under rules by which every record comes out different, so that each is decided again, published and held as a plan.
    """
    with site() as place:
        prepare(place, TEMPLATE, count)
        place.maintenance.execute(f"create database {DONE} template {TEMPLATE} strategy file_copy")
        run_workers(place, DONE, "full", workers)
        if changed:
            put_in_force(place, DONE)
            run_workers(place, DONE, "full", workers)
        result = Result("replay", "events/s", more={"workers": workers, "events": count, "changed": changed})
        first = partial(drain, place, "full", workers, count, TEMPLATE)
        interleaved(runs, partial(_again, place, workers, count, changed), first, result)
    return result.as_dict()


def _again(place: Site, workers: int, count: int, changed: bool) -> float:
    name = place.clone(DONE)
    db = Database(place.settings_of(name).database_url, size=1)
    try:
        place.maintenance.execute("checkpoint")
        before, records = db.one("select (select seq from feed), (select count(*) from golden)") or (0, 0)
        put_back_s = _put_back(place, name)
        took_s = run_workers(place, name, "full", workers)
        left = db.one("select (select count(*) from event_work), (select count(*) from resolve_work)")
        written = db.one("select count(distinct golden_id) from change where seq > %s", (before,))
        if left != (0, 0) or written != (records if changed else 0,):
            raise RuntimeError(f"the replay left {left} behind and changed {written} of {records} golden records")
    finally:
        db.close()
        place.drop(name)
    return count / (put_back_s + took_s)


def _put_back(place: Site, name: str) -> float:
    """Seconds that `retail-hub replay` takes to put all of it back into the queue."""
    hub = bootstrap.start(place.settings_of(name), pool_size=2)
    try:
        hub.db.one("select 1")
        started = time.perf_counter()
        flow.replay(hub, Selection(status="done"))
        return time.perf_counter() - started
    finally:
        hub.close()
