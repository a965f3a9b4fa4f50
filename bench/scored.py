"""What the scored tier costs the pipeline: its mix of customers and orders with it and without, at many customers stored.

The mix is that of `bench.load`: six of ten events are orders of known customers, three of ten of either sort are repeats. Customers
are those of `bench.identity.people`, told of once more by the systems that know them twice already, so that there are about as many
candidates as a chain of several systems has. All live in one place: their phone numbers begin with what was given to that place, so that
strangers are compared, too, with whom most keys agree and the names do not. It comes to about six candidates an event, orders counted.
Repeated is any customer known so far, with another note; orders are of any, too.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from bench import load
from bench.identity.people import Row, Town
from bench.match import (
    RECORDS_A_HOUSEHOLD,
    START_US,
    SYSTEMS,
    Event,
    Load,
    candidates,
    copy,
    drain,
    fill,
    without_candidates,
)
from bench.measure import Result, interleaved
from bench.pipeline import run_workers
from bench.site import Site, site
from hub.model import time as hub_time
from hub.store.database import Database

Told = tuple[Row, str]
"""What a system said of somebody, and the id of its record."""
CUSTOMER = "customer.updated"
SEED = 1001
RANGES = 100
"""How many ranges of 100,000 mobile numbers the place has."""
_OPERATORS = (130, 135, 136, 137, 138, 139, 150, 151, 152, 158, 159, 182, 186, 187, 188, 189)
TOLD = 2
"""How often everybody was told of by every system that knows them before the events begin."""
FLOWS = {**{one: {"customer": "in", "order": "in"} for one in SYSTEMS}, "erp": {"customer": "out", "order": "out"}}


def run(runs: int = 5, stored: int = 100_000, count: int = 10_000, workers: int = 2) -> dict[str, object]:
    """Events a second with the scored tier; the bound is the same without it. Reach: 0.6."""
    planned = Load(stored, count, workers)
    with tempfile.TemporaryDirectory(prefix="rh-bench-model-") as folder, site() as place:
        known, mixed = _streams(planned)
        warm, measured = mixed[: planned.warm], mixed[planned.warm :]
        plain = replace(place.settings, mappings_dir=without_candidates(Path(folder)))
        filled = {
            name: fill(place, name, settings, FLOWS, iter(known), iter(warm), workers)
            for name, settings in (("scored", place.settings), ("plain", plain))
        }
        place.restart()
        result = Result(
            "scored", "events/s", more={"workers": workers, "stored": stored, "events": count, "filled_s": filled}
        )
        interleaved(
            runs,
            lambda: drain(place, "scored", measured, workers),
            lambda: drain(place, "plain", measured, workers),
            result,
        )
        result.more |= _found(place, workers, sum(topic == CUSTOMER for _, topic, _ in measured) / len(measured))
    return result.as_dict()


def _streams(planned: Load) -> tuple[list[Event], list[Event]]:
    """What is stored, and the mix that comes then."""
    rng = random.Random(SEED)
    ranges = [f"{rng.choice(_OPERATORS)}{rng.randrange(1000):03}" for _ in range(RANGES)]
    town = Town(SEED, round(planned.stored / TOLD / RECORDS_A_HOUSEHOLD * 1.15), ranges=ranges)
    told: list[Told] = []
    for time in range(TOLD):
        told += [(row, f"k{time}-{number}") for number, row in enumerate(town.rows()[: planned.stored // TOLD])]
    known = [_customer(row, external_id, number, "") for number, (row, external_id) in enumerate(told)]
    return known, list(islice(mixed_events(_rows(town), told), planned.warm + planned.events))


def _rows(town: Town) -> Iterator[Row]:
    while True:
        yield from town.rows()


def mixed_events(rows: Iterator[Row], told: list[Told]) -> Iterator[Event]:
    """The mix: one event for each row. `told`: the customers that are known already; it grows by those that come."""
    rng = random.Random(SEED)
    orders: list[tuple[str, dict[str, Any]]] = []
    for number, row in enumerate(rows, start=len(told)):
        is_repeat = rng.random() < load.REPEATS
        if rng.random() < load.SHARE_OF_ORDERS:
            if not (is_repeat and orders):
                buyer, external_id = rng.choice(told)
                moment = hub_time.from_micros(START_US + number * 1_000_000)
                orders.append((buyer.system.lower(), load.order(rng, number, external_id, moment)))
            system, data = orders[-1] if not is_repeat else rng.choice(orders)
            yield system, "order.updated", _body("order.updated", number, {**data, "buyer_note": f"note {number}"})
        else:
            if not is_repeat:
                told.append((row, f"n{number}"))
            said, external_id = told[-1] if not is_repeat else rng.choice(told)
            yield _customer(said, external_id, number, f"visit {number}")


def _customer(row: Row, external_id: str, number: int, note: str) -> Event:
    data = {"id": external_id, **row.data, **({"note": note} if note else {})}
    return row.system.lower(), CUSTOMER, _body(CUSTOMER, number, data)


def _body(topic: str, number: int, data: dict[str, Any]) -> bytes:
    moment = hub_time.from_micros(START_US + number * 1_000_000)
    return orjson.dumps({"type": topic, "timestamp": moment, "data": {**data, "updated_at": moment}})


def _found(place: Site, workers: int, share: float) -> dict[str, Any]:
    """Candidates of a customer that came with the mix, and of an event. `share`: how many of the events are customers."""
    with copy(place, "scored") as name:
        run_workers(place, name, "full", workers)
        db = Database(place.settings_of(name).database_url, size=1)
        try:
            own = candidates(db, "rid desc")
            return {"candidates": round(own * share, 2), "candidates_of_a_customer": own}
        finally:
            db.close()
