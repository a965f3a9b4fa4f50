"""How often webhooks of each topic come: the longest silence of the last days is what is usual, nights included. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

DAY_MS = 86_400_000
OVERLAP_MS = 10_000
CATCH_UP_MS = 600_000
"""After a pause of the scheduler no more than this is looked at: the pace needs no completeness."""
DAYS = 7
# Fewer are no habit.
ENOUGH = 20
FACTOR = 2.0
SHORTEST_S = 600.0


@dataclass(slots=True)
class Pace:
    """One topic: when it came last (ms), how many were counted, and the longest gap of each day (day number -> ms)."""

    last_ms: int
    count: int = 0
    gaps: dict[int, int] = field(default_factory=dict)

    @property
    def usual_s(self) -> float | None:
        """The longest gap that is usual, in seconds; None while too little is known."""
        return max(self.gaps.values()) / 1000 if self.count >= ENOUGH and self.gaps else None

    def silent_s(self, now_ms: int) -> float | None:
        """For how long it has been silent against its habit, in seconds; None when it is as usual."""
        silence = (now_ms - self.last_ms) / 1000
        usual = self.usual_s
        if usual is None or silence < max(SHORTEST_S, FACTOR * usual):
            return None
        return silence


def learn(known: dict[int, dict[str, Pace]], rows: Iterable[tuple[int, str, int, uuid.UUID]]) -> None:
    """Takes in what was stored since the last look: connection id, topic, how many, the newest id."""
    for connection_id, topic, count, newest in rows:
        at_ms = newest.int >> 80
        pace = known.setdefault(connection_id, {}).setdefault(topic, Pace(at_ms))
        gap = at_ms - pace.last_ms
        pace.count += count if gap > 0 or pace.count == 0 else 0
        day = at_ms // DAY_MS
        pace.gaps[day] = max(pace.gaps.get(day, 0), gap)
        pace.gaps = {d: g for d, g in pace.gaps.items() if d > day - DAYS}
        pace.last_ms = max(pace.last_ms, at_ms)


def pack(known: Mapping[int, Mapping[str, Pace]], now_ms: int) -> dict[str, Any]:
    """The stored form."""
    paces = {
        str(connection_id): {
            topic: [pace.last_ms, pace.count, {str(day): gap for day, gap in pace.gaps.items()}]
            for topic, pace in topics.items()
        }
        for connection_id, topics in known.items()
    }
    return {"seen": now_ms, "paces": paces}


def unpack(stored: Mapping[str, Any]) -> tuple[dict[int, dict[str, Pace]], int]:
    """What `pack` gave, and until when (ms) events were looked at."""
    known = {
        int(connection_id): {
            topic: Pace(last, count, {int(day): gap for day, gap in gaps.items()})
            for topic, (last, count, gaps) in topics.items()
        }
        for connection_id, topics in stored.get("paces", {}).items()
    }
    return known, int(stored.get("seen", 0))
