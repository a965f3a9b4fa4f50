"""What an event costs as the store grows, and with more workers: customers that are matched, all of the real path.

One store is filled by the pipeline to each size in turn and copied there; then every size drains the same
events of new records, after some that warm it up, sizes taking turns, so that drift of the machine hits all of them. The bound is the smallest size.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import count as numbers
from itertools import islice

from bench.match import SYSTEMS, drain, put, town_events
from bench.measure import Result
from bench.pipeline import run_workers
from bench.site import Site, connect, site
from hub import bootstrap
from hub.flow import release
from hub.store.inbox import ensure_partitions
from hub.store.schema import migrate

Event = tuple[str, str, bytes]
SIZES = (10_000, 100_000, 1_000_000)
WORKERS = (1, 2, 4)
WARM = 5_000
"""Events before those that are measured, in each run."""
TOWN = 50_000
"""Records of one town; a larger store has several, whose people have nothing to do with each other but names."""


def run(runs: int = 5, count: int = 10_000, sizes: Sequence[int] = SIZES) -> dict[str, object]:
    """Microseconds an event at the largest size. Reach: less than 1.3 of what it is at the smallest, with two workers."""
    with site() as place:
        newcomers = list(_newcomers(WARM + count))
        templates = _fill(place, sorted(sizes), newcomers[:WARM])
        place.restart()
        events = newcomers[WARM:]
        took = _in_turn(runs, templates, lambda size: 1_000_000 / drain(place, templates[size], events, 2))
        middle = templates[sorted(templates)[len(templates) // 2]]
        crews = _in_turn(runs, WORKERS, lambda crew: 1_000_000 / drain(place, middle, events, crew))
    result = Result("scale", "us/event", took[max(took)], took[min(took)])
    result.more = {"events": count, "by_size": _medians(took), "by_workers": _medians(crews), "workers_at": middle}
    return result.as_dict()


def _in_turn(runs: int, keys: Iterable[int], measured: Callable[[int], float]) -> dict[int, list[float]]:
    found: dict[int, list[float]] = {key: [] for key in keys}
    for number in range(runs):
        for key in found if number % 2 == 0 else reversed(found):
            found[key].append(measured(key))
    return found


def _medians(values: Mapping[int, list[float]]) -> dict[str, float]:
    return {str(key): round(statistics.median(found), 1) for key, found in values.items()}


def _fill(place: Site, sizes: Sequence[int], warm: Sequence[Event]) -> dict[int, str]:
    """size -> template that holds so many records, linked, and the events of `warm` waiting."""
    place.maintenance.execute("create database growing")
    settings = place.settings_of("growing")
    migrate(settings.database_url)
    hub = bootstrap.start(settings)
    try:
        release.activate(hub, "bench")
        ensure_partitions(hub.db, 2)
        ids = {system: connect(hub, system, {"customer": "in"}) for system in SYSTEMS}
    finally:
        hub.close()
    stream, stored, templates = _events(), 0, {}
    for size in sizes:
        hub = bootstrap.start(settings)
        try:
            put(hub, ids, islice(stream, size - stored))
        finally:
            hub.close()
        run_workers(place, "growing", "full", 2)
        stored = size
        templates[size] = f"scale_{size}"
        place.maintenance.execute(f"create database {templates[size]} template growing strategy file_copy")
        hub = bootstrap.start(place.settings_of(templates[size]))
        try:
            put(hub, ids, iter(warm))
            hub.db.execute("analyze")
        finally:
            hub.close()
    place.drop("growing")
    return templates


def _events() -> Iterator[tuple[str, str, bytes]]:
    for seed in numbers(2000):
        yield from town_events(TOWN, seed, f"t{seed}-")


def _newcomers(count: int) -> Iterator[tuple[str, str, bytes]]:
    """Further records of people of the first town, most of them known there already: the same of every size."""
    return town_events(count, 2000, "new-")
