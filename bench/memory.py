"""Memory of a whole embedded hub under load: every process of it, Postgres and Valkey included."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from bench.measure import Result
from bench.running import peer, running
from bench.sender import Load, send
from bench.usage import pss_by_pid, pss_mb
from hub.embedded.process import command_line

PATH = "/webhooks/shop"
STEP_S = 0.5


def run(runs: int = 5, rate: float = 500.0, seconds: float = 15.0) -> dict[str, Any]:
    """Reach: 600 MB. A value is the highest sum of one run; every run on a hub of its own."""
    result, idle = Result("memory", "MB"), []
    for number in range(1, runs + 1):
        with running() as hub, peer() as url:
            hub.connect(url)
            idle.append(round(pss_mb([hub.pid]), 1))
            load = Load(hub.port, PATH, round(rate * seconds), f"m{number}-", 32, rate, number, numbered=True)
            result.values.append(_peak(hub.pid, load))
            result.more["by_process"] = by_process(hub.pid)
    result.more |= {"idle": idle, "rate": rate, "seconds": seconds, "rss_mb": round(max(result.values), 1)}
    return result.as_dict()


def by_process(root: int) -> dict[str, dict[str, float]]:
    """How many processes of each kind there are, and their memory in MB together."""
    found: dict[str, dict[str, float]] = {}
    for pid, size in pss_by_pid([root]).items():
        entry = found.setdefault(kind_of(command_line(pid)), {"count": 0, "mb": 0.0})
        entry["count"] += 1
        entry["mb"] = round(entry["mb"] + size, 1)
    return found


def kind_of(command: str) -> str:
    """What a process of the hub is, by its command line."""
    words = command.split()
    name = Path(words[0].rstrip(":")).name if words else "ended"
    if "hub.cli.main" in words:
        return words[words.index("hub.cli.main") + 1]
    return name


def _peak(pid: int, load: Load) -> float:
    """The highest sum while a load is sent and for a moment after it, when deliveries still go out."""
    over, found = threading.Event(), [pss_mb([pid])]

    def look() -> None:
        while not over.wait(STEP_S):
            found.append(pss_mb([pid]))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        send(load)
        over.wait(4 * STEP_S)
    finally:
        over.set()
        thread.join()
    return max(found)
