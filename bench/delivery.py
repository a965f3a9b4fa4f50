"""Milliseconds from an event's arrival at the hub to its delivery at a peer, through a whole running hub."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from bench.load import events
from bench.measure import Result, percentile
from bench.running import ledger, peer, running
from bench.sender import Load, Sent, send

PATH = "/webhooks/shop"
ARRIVED_S = 60.0
CONNECTIONS = 8
STEP_S = 0.5


def run(runs: int = 5, rate: float = 100.0, seconds: float = 20.0) -> dict[str, Any]:
    """Reach: p95 within 1 s at 100 events a second. A value is the p95 of one run; all runs on one hub."""
    result = Result("delivery", "ms")
    took: list[float] = []
    with running() as hub, peer() as url:
        hub.connect(url)
        _round(hub.port, url, "w0-", 0, rate, min(2.0, seconds))
        for number in range(1, runs + 1):
            found = _round(hub.port, url, f"r{number}-", number, rate, seconds)
            result.values.append(percentile(found, 0.95))
            took += found
    result.more = {
        "rate": rate,
        "seconds": seconds,
        "events": len(took),
        **{f"p{share}_ms": round(percentile(took, share / 100), 1) for share in (50, 95, 99)},
        "max_ms": round(max(took), 1),
    }
    return result.as_dict()


def _round(port: int, url: str, tag: str, seed: int, rate: float, seconds: float) -> list[float]:
    """Milliseconds of each event of one run."""
    load = Load(port, PATH, round(rate * seconds), tag, CONNECTIONS, rate, seed, numbered=True)
    sent = send(load)
    deadline = time.monotonic() + ARRIVED_S
    while time.monotonic() < deadline:
        found = latencies(load, sent, ledger(url))
        if len(found) == load.count:
            return found
        time.sleep(STEP_S)
    raise RuntimeError(f"{load.count - len(found)} of {load.count} events did not arrive within {ARRIVED_S:.0f} s")


def latencies(load: Load, sent: Sent, entries: Sequence[Mapping[str, Any]]) -> list[float]:
    """Milliseconds for each event that has arrived, by the clock of this machine at both ends.

    An event has arrived with the first delivery of its record that carries its number or a later
    one: what is due to a target is its state, so one delivery may bring several events.
    """
    records = [orjson.loads(body)["data"]["id"] for _, body in events(load.count, load.seed, numbered=load.tag)]
    waiting: dict[str, list[int]] = {}
    for number, record in enumerate(records):
        waiting.setdefault(record, []).append(number)
    took = []
    for entry in entries:
        carried = _number(load.tag, entry["content"].get("data", {}))
        if carried is None:
            continue
        open_ = waiting[records[carried]]
        while open_ and open_[0] <= carried:
            took.append((entry["at"] - sent.started[open_.pop(0)]) * 1000)
    return took


def _number(tag: str, data: Mapping[str, Any]) -> int | None:
    """Which event of this run a delivery carries; None when it is of another run, or carries no note."""
    note = data.get("note") or data.get("buyer_note") or ""
    return int(note.removeprefix(tag)) if note.startswith(tag) else None
