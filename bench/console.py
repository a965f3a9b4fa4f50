"""Every page of the console over a million events, while the pipeline works; and what open consoles cost the pipeline."""

from __future__ import annotations

import os
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

from bench import past
from bench.answers import PAIRS, answer
from bench.arrival import arrive, deliverer
from bench.counting import statements
from bench.ingress import PATH, give_secret
from bench.measure import Result, percentile
from bench.pages import BOUND, Address, addresses, five, missing
from bench.paint import largest
from bench.past import Size
from bench.pipeline import run_workers
from bench.sender import Load, send
from bench.serving import Served, postgres_pid, web, workers
from bench.site import Site, fill, site
from bench.usage import cpu_s
from bench.visitor import REFRESH_S, Visitor, consoles
from hub import bootstrap
from hub.embedded.process import wait_for
from hub.store.database import Database

NAME = "bench_console"
LOAD_S = 5.0
OVERVIEW = Address("show_overview", "/", "/console/")
_DRAINED_S = 120.0


@dataclass(slots=True)
class Page:
    """What was measured of one address."""

    address: Address
    took_ms: list[float] = field(default_factory=list)
    size: int = 0

    def as_dict(self) -> dict[str, Any]:
        """For the report; of a file no size, since only its first bytes were read."""
        size = {} if self.address.is_file else {"bytes": self.size}
        return {"p50_ms": _ms(self.took_ms, 0.5), "p95_ms": _ms(self.took_ms, 0.95), **size}


@dataclass(slots=True)
class Stage:
    """The served database, and who looks at it."""

    place: Site
    served: Served
    db: Database
    cookie: str

    @property
    def visitor(self) -> Visitor:
        """A new reader."""
        return Visitor(self.served.port, self.cookie)

    def due(self) -> int:
        """Deliveries that are due and held by nobody."""
        row = self.db.one(
            "select count(*) from target where dirty_seq > done_seq and state = 'due' and plan_id is null"
        )
        assert row is not None
        return int(row[0])

    def waiting(self) -> int:
        """Events and marks that the pipeline has not worked off."""
        row = self.db.one(
            "select (select count(*) from event_work where state = 0) + (select count(*) from resolve_work)"
        )
        assert row is not None
        return int(row[0])


def run(
    runs: int = 5,
    loads: int = 30,
    customers: int = 100_000,
    orders: int = 1_500,
    rate: float = 100.0,
    count: int = 30_000,
    open_consoles: int = 10,
    worker_count: int = 2,
    painted: int = 3,
    answered: int = PAIRS,
    refreshes: int = 40,
) -> dict[str, Any]:
    """Reach: p95 of every page within 150 ms, 8 statements; the pipeline at 0.97 of its speed with ten open consoles.

    A value is the p95 of the slowest page in one run of `loads` loads each; the bound is that of a page that does nothing.
    """
    result = Result("console", "ms")
    size = Size(customers, orders)
    with site() as place:
        begun = time.perf_counter()
        cookie = past.make(place, NAME, size)
        place.restart()
        filled_s = time.perf_counter() - begun
        with _staged(place, cookie) as stage:
            found = addresses(stage.db)
            asked = statements(place.settings_of(NAME), cookie, found)
            events = stage.db.one("select count(*) from event")
            pages = _load_pages(stage, found, runs, loads, rate, worker_count, result)
            due = stage.due()
            url = f"http://127.0.0.1:{stage.served.port}"
            paint = largest(url, cookie, five(stage.db), painted) if painted else "not asked for"
            answers = answer(url, cookie, answered) if answered else "not asked for"
            cost = _cost_of_consoles(stage, max(1, runs), count, open_consoles, worker_count, refreshes)
    result.more = {
        "events": events[0] if events else 0,
        "customers": customers,
        "filled_s": round(filled_s),
        "rate": rate,
        "loads": loads,
        "missing": missing(found),
        "most_statements": max(asked.values()),
        "due_left": due,
        "lcp_ms": paint,
        "answers": answers,
        "pipeline": cost,
        "pages": {page.address.name: page.as_dict() | _told(asked, page) for page in _slowest_first(pages)},
    }
    return result.as_dict()


def _told(asked: dict[str, int], page: Page) -> dict[str, int]:
    name = page.address.name
    return {"statements": asked[name]} if name in asked else {}


@contextmanager
def _staged(place: Site, cookie: str) -> Iterator[Stage]:
    db = Database(place.settings_of(NAME).database_url, size=2)
    try:
        give_secret(place, db)
        with web(place, NAME) as served:
            yield Stage(place, served, db, cookie)
    finally:
        db.close()


def _load_pages(
    stage: Stage, found: list[Address], runs: int, loads: int, rate: float, worker_count: int, result: Result
) -> list[Page]:
    """Loads every page in turn, each followed by the bound, while events come in, are processed and delivered."""
    pages, nothing = [Page(address) for address in found], Address("show_search", "/search", BOUND)
    with (
        closing(stage.visitor) as visitor,
        workers(stage.place, NAME, worker_count),
        deliverer(stage.place, NAME, stage.db),
        _steady(stage.served.port, rate),
    ):
        for page in pages if loads > 1 else ():
            visitor.load(page.address)
        for _ in range(runs):
            now: dict[str, list[float]] = {page.address.name: [] for page in pages}
            bound = []
            for _ in range(loads):
                for page in pages:
                    loaded = visitor.load(page.address)
                    page.size = loaded.size
                    now[page.address.name].append(loaded.took_ms)
                    bound.append(visitor.load(nothing).took_ms)
            for page in pages:
                page.took_ms += now[page.address.name]
            result.values.append(max(percentile(took, 0.95) for took in now.values()))
            result.bounds.append(percentile(bound, 0.95))
    _drain(stage, worker_count)
    return pages


@contextmanager
def _steady(port: int, rate: float) -> Iterator[None]:
    """A fixed rate of webhooks for the time of the block."""
    over, failed = threading.Event(), []

    def send_on() -> None:
        number = 0
        try:
            while not over.is_set():
                number += 1
                send(Load(port, PATH, max(1, round(rate * LOAD_S)), f"s{number}-", 8, rate, number, numbered=True))
        except Exception as error:  # noqa: BLE001 -- told to the thread that measures
            failed.append(error)

    thread = threading.Thread(target=send_on)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    if failed:
        raise RuntimeError(f"the load ended early: {failed[0]}")


def _cost_of_consoles(
    stage: Stage, runs: int, count: int, open_consoles: int, worker_count: int, refreshes: int
) -> dict[str, Any]:
    """Events a second of a drain with and without open consoles, in turn; and the processor time of one refresh."""
    speeds: dict[bool, list[float]] = {True: [], False: []}
    refreshed = 0

    def drain(is_watched: bool, seed: int) -> None:
        nonlocal refreshed
        _fill(stage, count, seed)
        with consoles(stage.served.port, stage.cookie, open_consoles if is_watched else 0) as watched:
            took_s = run_workers(stage.place, NAME, "full", worker_count)
            refreshed += watched.asked
        speeds[is_watched].append(count / took_s)
        arrive(stage.db)

    for number in range(runs):
        for is_watched in (True, False) if number % 2 == 0 else (False, True):
            drain(is_watched, 10_000 + 2 * number + is_watched)
    cpu_ms = _cpu_of_refresh(stage, open_consoles, refreshes)
    with_them, without = (statistics.median(speeds[is_watched]) for is_watched in (True, False))
    return {
        "consoles": open_consoles,
        "with": round(with_them),
        "without": round(without),
        "ratio": round(with_them / without, 3),
        "refreshed": refreshed,
        "refresh_cpu_ms": round(cpu_ms, 1),
        "cpu_share": round(cpu_ms / 1000 * open_consoles / REFRESH_S / len(os.sched_getaffinity(0)), 4),
    }


def _cpu_of_refresh(stage: Stage, open_consoles: int, times: int) -> float:
    """Milliseconds of processor time, of the web server and of Postgres, while nothing else works.

    They follow each other as those of so many consoles do; what the processes use without them, in half that time, is taken off.
    """
    roots, wait = [stage.served.pid, postgres_pid(stage.place.settings.data_dir)], threading.Event().wait
    pause_s = REFRESH_S / max(1, open_consoles)
    with closing(stage.visitor) as visitor:
        visitor.load(OVERVIEW)
        begun = cpu_s(roots)
        for _ in range(times):
            wait(pause_s)
            visitor.refresh(OVERVIEW.path)
        used_s = cpu_s(roots) - begun
    begun = cpu_s(roots)
    wait(pause_s * times / 2)
    return max(0.0, used_s - 2 * (cpu_s(roots) - begun)) / times * 1000


def _fill(stage: Stage, count: int, seed: int) -> None:
    hub = bootstrap.start(stage.place.settings_of(NAME))
    try:
        fill(hub, hub.connections.by_name("shop").id, count, seed, tag=f"d{seed}-")
    finally:
        hub.close()


def _drain(stage: Stage, worker_count: int) -> None:
    run_workers(stage.place, NAME, "full", worker_count)
    if not wait_for(lambda: stage.waiting() == 0, _DRAINED_S):
        raise RuntimeError(f"{stage.waiting()} events and marks were left behind")


def _slowest_first(pages: list[Page]) -> list[Page]:
    key: Callable[[Page], float] = lambda page: -percentile(page.took_ms, 0.95)  # noqa: E731
    return sorted(pages, key=key)


def _ms(values: list[float], share: float) -> float:
    return round(percentile(values, share), 1)
