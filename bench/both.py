"""Ingress while the pipeline keeps up: the highest offered rate at which no backlog grows, against ingress alone."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

from bench.ingress import PATH, give_secret
from bench.measure import Result
from bench.sender import Load, Sender, Sent, send
from bench.serving import Served, web, workers
from bench.site import Site, prepare, site
from hub.embedded.process import wait_for
from hub.store.database import Database

TEMPLATE = "bench_both"
SAMPLE_S = 0.25
DRAINED_S = 120.0
# What one batch makes of a backlog is no trend.
SLACK = 400
_tags = count(1)


@dataclass(frozen=True, slots=True)
class Probe:
    """One offered rate, held for some seconds: what was waiting (events and marks) in its middle and at its end."""

    offered: float
    sent: Sent
    middle: float
    end: float

    @property
    def is_sustained(self) -> bool:
        """Whether every request was taken in time and no more waits at the end than in the middle."""
        in_time = self.sent.per_second >= 0.97 * self.offered
        return in_time and self.end <= self.middle + SLACK

    def as_dict(self) -> dict[str, Any]:
        """For the report."""
        return {
            "offered": round(self.offered),
            "answered": round(self.sent.per_second),
            "p99_ms": self.sent.p99_ms,
            "waiting_middle": round(self.middle),
            "waiting_end": round(self.end),
            "sustained": self.is_sustained,
        }


@dataclass(slots=True)
class Both:
    """Two hubs on the same servers: one that only receives, one with workers."""

    alone: Served
    hub: Served
    db: Database
    connections: int

    def fastest(self, requests: int) -> float:
        """Ingress alone, as fast as it goes."""
        return send(Load(self.alone.port, PATH, requests, f"a{next(_tags)}", self.connections)).per_second

    def probe(self, offered: float, seconds: float) -> Probe:
        """Holds one rate, then waits until everything is worked off."""
        number = next(_tags)
        load = Load(
            self.hub.port, PATH, max(1, round(offered * seconds)), f"b{number}", self.connections, offered, number
        )
        sender = Sender(load)
        begun, seen = time.monotonic(), []
        sender.go()
        while (age := time.monotonic() - begun) < seconds:
            seen.append((age, self._waiting()))
            time.sleep(SAMPLE_S)
        end = self._waiting()
        sent = sender.result()
        if not wait_for(lambda: self._waiting() == 0, DRAINED_S, step_s=SAMPLE_S):
            raise RuntimeError(f"{self._waiting()} events and marks still wait {DRAINED_S:.0f} s after the load")
        middle = [waiting for age, waiting in seen if 0.4 * seconds <= age <= 0.6 * seconds]
        late = [waiting for age, waiting in seen if age >= 0.85 * seconds]
        return Probe(offered, sent, statistics.mean(middle or [end]), statistics.mean([*late, end]))

    def _waiting(self) -> int:
        row = self.db.one("select (select count(*) from event_work) + (select count(*) from resolve_work)")
        assert row is not None
        return int(row[0])


def run(
    runs: int = 5, seconds: float = 10.0, requests: int = 6_000, worker_count: int = 2, connections: int = 32
) -> dict[str, Any]:
    """Reach: 0.65. Halves the range between sustained and not sustained `runs` times; ingress alone before each."""
    low, high, probes = 0.0, 1.0, []
    best: Probe | None = None
    result = Result("both", "requests/s")
    with _opened(worker_count, connections) as both:
        both.fastest(max(200, requests // 8))
        both.probe(200, min(2.0, seconds))
        for _ in range(runs):
            result.bounds.append(both.fastest(requests))
            share = (low + high) / 2
            probe = both.probe(share * statistics.median(result.bounds), seconds)
            probes.append(probe)
            if probe.is_sustained:
                low, best = share, probe
            else:
                high = share
    result.values = [best.sent.per_second if best else 0.0]
    result.more = {
        "seconds": seconds,
        "workers": worker_count,
        "connections": connections,
        "alone": [round(value) for value in result.bounds],
        "probes": [probe.as_dict() for probe in probes],
        **({"p50_ms": best.sent.p50_ms, "p95_ms": best.sent.p95_ms, "p99_ms": best.sent.p99_ms} if best else {}),
    }
    return result.as_dict()


@contextmanager
def _opened(worker_count: int, connections: int) -> Iterator[Both]:
    with site() as place, ExitStack() as stack:
        alone, hub = (_hub(place, name, stack) for name in (f"{TEMPLATE}_alone", TEMPLATE))
        db = Database(place.settings_of(TEMPLATE).database_url, size=1)
        stack.callback(db.close)
        stack.enter_context(workers(place, TEMPLATE, worker_count))
        yield Both(alone, hub, db, connections)


def _hub(place: Site, name: str, stack: ExitStack) -> Served:
    prepare(place, name, 0, flow="in")
    db = Database(place.settings_of(name).database_url, size=1)
    give_secret(place, db)
    db.close()
    return stack.enter_context(web(place, name))
