"""What an event costs as the store grows, and with more workers: customers that are matched, all of the real path.

Every store holds the same town, its records spread evenly among those of other towns, so that they lie as far apart as the store
is large. Then all sizes drain the same events after some that warm them up: what there is to find is the same everywhere, but for
strangers who are like them. The events are the pipeline's mix of orders, repeats and further records of that town's people; then the
last of these alone, which is what costs most. Sizes take turns, so that drift of the machine hits all of them. The bound is the
smallest size.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from itertools import count as numbers

from bench.match import SYSTEMS, drain, put, town_events, town_of
from bench.measure import Result
from bench.pipeline import run_workers
from bench.scored import mixed_events
from bench.site import Site, connect, site
from hub import bootstrap
from hub.config import Settings
from hub.flow import release
from hub.flow.context import Hub
from hub.store.inbox import ensure_partitions
from hub.store.schema import migrate

Event = tuple[str, str, bytes]
SIZES = (10_000, 100_000, 1_000_000)
WORKERS = (1, 2, 4)
WARM = 5_000
"""Events before those that are measured, in each run."""
TOWN = 10_000
"""Records of one town; a larger store has several, whose people have nothing to do with each other but names."""
FIRST = 2000
"""Seed of the town that every store holds; others have the seeds after it."""


def run(runs: int = 5, count: int = 5_000, sizes: Sequence[int] = SIZES) -> dict[str, object]:
    """Microseconds an event of the mix at the largest size. Reach: less than 1.3 of what it is at the smallest, with two workers."""
    with site() as place:
        newcomers = _newcomers(WARM + count)
        templates = {size: _fill(place, size, newcomers[:WARM]) for size in sizes}
        place.restart()
        mixed, alone = _mixed(count), newcomers[WARM:]
        took = _in_turn(runs, templates, lambda size: 1_000_000 / drain(place, templates[size], mixed, 2))
        new = _in_turn(runs, templates, lambda size: 1_000_000 / drain(place, templates[size], alone, 2))
        middle = templates[sorted(templates)[len(templates) // 2]]
        crews = _in_turn(runs, WORKERS, lambda crew: 1_000_000 / drain(place, middle, mixed, crew))
    result = Result("scale", "us/event", took[max(took)], took[min(took)])
    result.more = {
        "events": count, "by_size": _medians(took), "new_customers_by_size": _medians(new),
        "by_workers": _medians(crews), "workers_at": middle,
    }  # fmt: skip
    return result.as_dict()


def _in_turn(runs: int, keys: Iterable[int], measured: Callable[[int], float]) -> dict[int, list[float]]:
    found: dict[int, list[float]] = {key: [] for key in keys}
    for number in range(runs):
        for key in found if number % 2 == 0 else reversed(found):
            found[key].append(measured(key))
    return found


def _medians(values: Mapping[int, list[float]]) -> dict[str, float]:
    return {str(key): round(statistics.median(found), 1) for key, found in values.items()}


def _fill(place: Site, size: int, warm: Sequence[Event]) -> str:
    """Makes a template that holds so many records, linked, and the events of `warm` waiting; returns its name."""
    name = f"scale_{size}"
    place.maintenance.execute(f"create database {name}")
    settings = place.settings_of(name)
    migrate(settings.database_url)
    with _hub(settings) as hub:
        release.activate(hub, "bench")
        ensure_partitions(hub.db, 2)
        ids = {system: connect(hub, system, {"customer": "in", "order": "in"}) for system in SYSTEMS}
        put(hub, ids, _spread(size))
    run_workers(place, name, "full", 2)
    with _hub(settings) as hub:
        put(hub, ids, iter(warm))
        hub.db.execute("analyze")
    return name


@contextmanager
def _hub(settings: Settings) -> Iterator[Hub]:
    hub = bootstrap.start(settings)
    try:
        yield hub
    finally:
        hub.close()


def _spread(size: int) -> Iterator[Event]:
    """So many records: the first town, evenly among as many others as there is room for."""
    others = chain.from_iterable(town_events(town_of(TOWN, seed), TOWN, f"t{seed}-") for seed in numbers(FIRST + 1))
    between = max(0, size // TOWN - 1)
    for event in town_events(town_of(TOWN, FIRST), TOWN, "first-"):
        yield event
        yield from islice(others, between)


def _mixed(count: int) -> list[Event]:
    """The mix, of the first town's people as every store knows them."""
    town = town_of(TOWN, FIRST)
    told = [(row, f"first-{row.system}-{number}") for number, row in enumerate(islice(town.rows(), TOWN))]
    return list(islice(mixed_events(chain.from_iterable(iter(town.rows, None)), told), count))


def _newcomers(count: int) -> list[Event]:
    """Further records of the first town's people: what the systems that know them say another time."""
    town = town_of(TOWN, FIRST)
    town.rows()
    found: list[Event] = []
    while len(found) < count:
        found += town_events(town, count - len(found), f"new{len(found)}-")
    return found
