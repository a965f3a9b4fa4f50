"""Seconds from `retail-hub run` on an empty folder to its line `ready`, and those of a second start."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

from bench.measure import Result
from bench.running import Running, folder


def run(runs: int = 5) -> dict[str, Any]:
    """Reach: 5 s. The first start creates the database, migrates it and makes the first administrator."""
    result, again = Result("start", "s"), []
    for _ in range(runs):
        with folder() as data_dir:
            result.values.append(_start(data_dir))
            again.append(_start(data_dir))
    result.more = {"second_s": round(statistics.median(again), 3), "second_max_s": round(max(again), 3)}
    return result.as_dict()


def _start(data_dir: Path) -> float:
    hub = Running(data_dir)
    hub.stop()
    return hub.ready_s
