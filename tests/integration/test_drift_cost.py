"""What watching costs: a known payload is looked at in microseconds and writes nothing."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest

import connectors.shopify
from hub.rules.drift import Recogniser, Shape
from tests.fixtures.hub import Rig, at

SAMPLES = Path(connectors.shopify.__file__).parent / "samples"
MOST_US = 150.0
"""Ten times what it takes on an idle machine: a look that walks through every value takes longer."""


def test_look_when_payload_is_known_then_it_costs_microseconds() -> None:
    payload = orjson.loads((SAMPLES / "orders_updated.json").read_bytes())
    shape = Shape()
    watcher = Recogniser(shape, {}, str, {})
    for _ in range(100):
        watcher.look(payload, "")
    shape.learn(watcher.delta.learnt)
    watcher = Recogniser(shape, {}, str, {})
    watcher.look(payload, "")
    costs = []
    for _ in range(20):
        started = time.process_time()
        for _ in range(50):
            watcher.look(payload, "")
        costs.append((time.process_time() - started) / 50 * 1e6)
    assert watcher.delta.is_empty
    assert min(costs) < MOST_US


def test_batch_when_shape_is_known_then_drift_writes_nothing(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.connect("shop", {"customer": "in"})
    for n in range(130):
        rig.send("shop", "customer.updated", {"id": f"c{n}", "updated_at": at(1), "full_name": f"P {n}"})
    rig.settle()
    written: list[str] = []
    execute: Any = psycopg.Connection.execute

    def seen(self: Any, query: Any, *args: Any, **more: Any) -> Any:
        if "drift" in str(query) and not str(query).lstrip().startswith("select"):
            written.append(str(query))
        return execute(self, query, *args, **more)

    monkeypatch.setattr(psycopg.Connection, "execute", seen)
    for n in range(50):
        rig.send("shop", "customer.updated", {"id": f"d{n}", "updated_at": at(1), "full_name": f"P {n}"})
    rig.settle()
    assert written == []
