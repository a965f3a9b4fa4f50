"""What RQ runs, one line each. Jobs carry no data: all work is found in Postgres."""

from __future__ import annotations

from worker.drain import drain
from worker.step import deliver, pipeline, poll_due


def drain_pipeline() -> int:
    """Maps, records and resolves until nothing waits; returns how many events and marks it did."""
    return drain("pipeline", pipeline)


def drain_deliver() -> int:
    """Delivers what is due until nothing is; returns how many deliveries it tried."""
    return drain("deliver", deliver)


def poll() -> int:
    """Reads the streams that are due until none is; returns how many it read."""
    return drain("poll", poll_due)
