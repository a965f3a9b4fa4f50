"""What every benchmark reports, and how runs are repeated: interleaved with their bound, medians of all."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

PACKAGES = ("retail-hub", "psycopg", "granian", "flask", "rq", "orjson", "marshmallow")


@dataclass(slots=True)
class Result:
    """Figures of one benchmark: `runs` measured values and the bound's, taken in turn, in `unit`."""

    bench: str
    unit: str
    values: list[float] = field(default_factory=list)
    bounds: list[float] = field(default_factory=list)
    more: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The JSON object of the contract; the ratio is that of the medians."""
        bound = statistics.median(self.bounds) if self.bounds else None
        median = statistics.median(self.values)
        return {
            "bench": self.bench,
            "unit": self.unit,
            "median": round(median, 3),
            "min": round(min(self.values), 3),
            "max": round(max(self.values), 3),
            "bound": round(bound, 3) if bound else None,
            "ratio": round(median / bound, 3) if bound else None,
            "runs": len(self.values),
            **self.more,
            "machine": machine(),
            "versions": {name: _version(name) for name in PACKAGES},
            "commit": commit(),
        }


def interleaved(runs: int, measured: Callable[[], float], bound: Callable[[], float], result: Result) -> Result:
    """Runs both in turn, the other one first every second time, so that drift of the machine hits both."""
    for number in range(runs):
        pair = [(result.values, measured), (result.bounds, bound)]
        for values, run in pair if number % 2 == 0 else reversed(pair):
            values.append(run())
    return result


def machine() -> str:
    """Cores, processor and system, as far as the system tells."""
    model = "unknown processor"
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.partition(":")[2].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        model = names[0] if names else model
    return f"{len(os.sched_getaffinity(0))} cores, {model}, {platform.system()} {platform.release()}"


def commit() -> str:
    """The commit under test, with `+` when files differ from it; empty outside a checkout."""
    try:
        head = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True)
        changed = subprocess.run(["git", "status", "--porcelain", "-uno"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return head.stdout.strip() + ("+" if changed.stdout.strip() else "")


def _version(name: str) -> str:
    return version(name)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the sorted values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
