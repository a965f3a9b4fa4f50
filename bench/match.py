"""What the scored tier costs: the same events with it and without, at many customers stored.

Customers are those of `bench.identity.people`, several records a person in households, with the noise of such data: an
event has some candidates, as it has in a chain of shops. Both templates are filled by the real pipeline; the one without
has a model that names no candidate keys, so nobody is compared.
"""

from __future__ import annotations

import statistics
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import yaml

from bench.identity.people import Town
from bench.measure import Result, interleaved, percentile
from bench.pipeline import crew, run_workers
from bench.site import CHUNK, Site, connect, site
from hub import bootstrap
from hub.config import Settings
from hub.flow import record, release, resolve
from hub.flow.context import Hub
from hub.model import time as hub_time
from hub.store.database import Database, new_id
from hub.store.inbox import NewEvent, accept, ensure_partitions
from hub.store.schema import migrate

Event = tuple[str, str, bytes]
"""Connection, topic, body."""
SYSTEMS = ("pos", "ec", "wx", "crm")
RECORDS_A_HOUSEHOLD = 4.4
START_US = hub_time.micros_of("2026-11-01T00:00:00Z")


@dataclass(frozen=True, slots=True)
class Load:
    """What a run is about: `stored` records first, then `events` that are measured; `workers` processes.

    `warm`: events before those, in each run, so that what a hub has in its buffers while it runs is there.
    """

    stored: int = 100_000
    events: int = 10_000
    workers: int = 2
    warm: int = 5_000


def run(runs: int = 5, stored: int = 100_000, count: int = 10_000, workers: int = 2) -> dict[str, object]:
    """Events a second with the scored tier; the bound is the same without it. Reach: 0.6, and 20 ms for one event alone."""
    load = Load(stored, count, workers)
    with tempfile.TemporaryDirectory(prefix="rh-bench-model-") as folder, site() as place:
        plain = replace(place.settings, mappings_dir=without_candidates(Path(folder)))
        every = stored + load.warm + count
        filled = {}
        for name, settings in (("scored", place.settings), ("plain", plain)):
            stream = town_events(town_of(every), every)
            known, warm = islice(stream, stored), islice(stream, load.warm)
            filled[name] = fill(
                place, name, settings, {one: {"customer": "in"} for one in SYSTEMS}, known, warm, workers
            )
        place.restart()
        result = Result(
            "match", "events/s", more={"workers": workers, "stored": stored, "events": count, "filled_s": filled}
        )
        measured = list(islice(town_events(town_of(every), every), stored + load.warm, None))
        interleaved(
            runs,
            lambda: drain(place, "scored", measured, workers),
            lambda: drain(place, "plain", measured, workers),
            result,
        )
        result.more |= _alone(place, load)
        result.more |= _rebuild(place, load)
    return result.as_dict()


def without_candidates(folder: Path) -> Path:
    """A folder of mappings with the installed model, but for its candidate keys."""
    installed = yaml.safe_load((files("mappings") / "matching" / "customer.yaml").read_text(encoding="utf-8"))
    target = folder / "matching"
    target.mkdir()
    (target / "customer.yaml").write_text(
        yaml.safe_dump({**installed, "keys": {}}, allow_unicode=True), encoding="utf-8"
    )
    return folder


def town_of(records: int, seed: int = 1000) -> Town:
    """A town that has so many records at least."""
    return Town(seed, round(records / RECORDS_A_HOUSEHOLD * 1.15))


def town_events(town: Town, count: int, tag: str = "") -> Iterator[Event]:
    """(connection, topic, body) of at most `count` records of a town, other ones each time; `tag` begins their ids."""
    for number, row in enumerate(islice(town.rows(), count)):
        moment = hub_time.from_micros(START_US + number * 1_000_000)
        data = {"id": f"{tag}{row.system}-{number}", "updated_at": moment, **row.data}
        body = {"type": "customer.updated", "timestamp": moment, "data": data}
        yield row.system.lower(), "customer.updated", orjson.dumps(body)


def fill(
    place: Site,
    name: str,
    settings: Settings,
    flows: Mapping[str, dict[str, str]],
    stored: Iterator[Event],
    warm: Iterator[Event],
    workers: int,
) -> float:
    """Makes the template `name`: everything stored and linked, then what warms up in the inbox; seconds taken.

    `flows`: connection -> its flows.
    """
    started = time.perf_counter()
    place.maintenance.execute(f"create database {name}")
    own = replace(settings, database_url=place.settings_of(name).database_url)
    migrate(own.database_url)
    hub = bootstrap.start(own)
    try:
        release.activate(hub, "bench")  # so that the workers go by the same model, wherever they find it
        ensure_partitions(hub.db, 2)
        ids = {connection: connect(hub, connection, flow) for connection, flow in flows.items()}
        put(hub, ids, stored)
        run_workers(place, name, "full", workers)
        put(hub, ids, warm)
        hub.db.execute("analyze")
    finally:
        hub.close()
    return round(time.perf_counter() - started)


def put(hub: Hub, ids: Mapping[str, int], stream: Iterator[Event]) -> None:
    """Puts events into the inbox, in batches of one commit each. `ids`: connection -> its id."""
    while chunk := list(islice(stream, CHUNK)):
        rows = [NewEvent(ids[system], topic, body, str(new_id())) for system, topic, body in chunk]
        with hub.db.transaction(durable=False) as conn:
            accept(conn, hub.keyring, rows)


@contextmanager
def copy(place: Site, template: str) -> Iterator[str]:
    """A copy of a template with its buffers filled, dropped at the end."""
    name = place.clone(template)
    try:
        place.warm(name)
        place.maintenance.execute("checkpoint")
        yield name
    finally:
        place.drop(name)


def drain(place: Site, template: str, events: Sequence[Event], workers: int) -> float:
    """Events a second, in a copy of a template after the same workers worked off what waits there."""
    with copy(place, template) as name, crew(place, name, "full", workers) as drain_all:
        drain_all()
        hub = bootstrap.start(place.settings_of(name), pool_size=2)
        try:
            put(hub, {system: hub.connections.by_name(system).id for system in SYSTEMS}, iter(events))
        finally:
            hub.close()
        return len(events) / drain_all()


def _alone(place: Site, load: Load) -> dict[str, Any]:
    """Milliseconds of one event at a time, from the claim to the golden record, with nothing else to do; and its candidates."""
    with copy(place, "scored") as name:
        hub = bootstrap.start(place.settings_of(name), pool_size=3)
        try:
            pairs = candidates(hub.db)
            took, worker = [], uuid.uuid4()
            for _ in range(min(500, load.warm)):
                started = time.perf_counter()
                record.run_batch(hub, worker, 1)
                resolve.run_batch(hub)
                took.append((time.perf_counter() - started) * 1000)
                if resolve.run_batch(hub):
                    raise RuntimeError("one event took more than one batch")
        finally:
            hub.close()
    return {
        "p50_ms": round(statistics.median(took), 2),
        "p95_ms": round(percentile(took, 0.95), 2),
        "candidates": pairs,
    }


def candidates(db: Database, order: str = "rid") -> float:
    """Candidates of a stored customer: the mean of a thousand, the first in this order."""
    sql = f"""
        select count(*) / 1000.0 from (select distinct m.rid, k.rid from match_key m join match_key k on k.hash = m.hash
        where m.rid in (select rid from record where kind = 'customer' order by {order} limit 1000) and k.rid <> m.rid
        and m.strength >= 1 and k.strength >= 1 and not exists (select from hot_key h where h.hash = m.hash)) pairs
    """
    row = db.one(sql)
    assert row is not None
    return round(float(row[0]), 2)


def _rebuild(place: Site, load: Load) -> dict[str, Any]:
    """Seconds in which everything that links the stored records is made again."""
    with copy(place, "scored") as name:
        db = Database(place.settings_of(name).database_url, size=1)
        try:
            db.execute("delete from event_work")
            db.execute(
                "insert into resolve_work (rid, relink, cause, rekey) select rid, true, 'policy', true from record order by rid"
            )
            took = run_workers(place, name, "full", load.workers)
        finally:
            db.close()
    return {"rebuild_s": round(took, 1)}
