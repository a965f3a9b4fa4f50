"""What flows through one connection, or through all of one system: a line of the overview's table and a box of its picture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.console.state import due_s, lag_s, state_of
from hub.store.console_connection import Figures

MOST = 12
"""More connections than these are shown by system."""
STOPPED = ("paused", "halted", "off", "disconnected")
# The worst first.
_STATES = ("act", "halted", "slow", "paused", "off", "fine", "disconnected")


@dataclass(frozen=True, slots=True)
class Line:
    """The figures of one connection; with `members` the sums of a system's connections, its worst state and longest waits."""

    name: str
    state: str
    flows: Mapping[str, str]
    in_per_minute: float
    waiting: int
    behind_s: float | None
    out_per_minute: float
    due: int
    longest_s: float | None
    failed: int
    unknown: int
    dead: int
    is_in_stopped: bool
    is_out_stopped: bool
    members: tuple[Line, ...] = ()

    def has(self, direction: str) -> bool:
        """Whether something flows that way; without flows of its own it may be both."""
        return not self.flows or any(way in (direction, "both") for way in self.flows.values())


def line_of(f: Figures, now: datetime) -> Line:
    """One connection."""
    state = state_of(f, now)
    return Line(
        f.name,
        state,
        f.flows,
        round(f.in_per_minute, 1),
        f.waiting,
        lag_s(f, now),
        round(f.out_per_minute, 1),
        f.due,
        due_s(f, now),
        f.failed,
        f.unknown,
        f.dead,
        f.halted_in,
        f.halted_out,
    )


def by_system(lines: Iterable[tuple[str, Line]]) -> list[Line]:
    """One line a system (its name is given with each connection), the worst first."""
    found: dict[str, list[Line]] = {}
    for system, line in lines:
        found.setdefault(system, []).append(line)
    return sorted(
        (_sum(system, members) for system, members in found.items()),
        key=lambda line: (_STATES.index(line.state), line.name),
    )


def _sum(name: str, members: Sequence[Line]) -> Line:
    ways: dict[str, set[str]] = {}
    for line in members:
        for kind, way in line.flows.items():
            ways.setdefault(kind, set()).add(way)
    return Line(
        name,
        min((line.state for line in members), key=_STATES.index),
        {kind: "both" if len(found) > 1 else next(iter(found)) for kind, found in ways.items()},
        round(sum(line.in_per_minute for line in members), 1),
        sum(line.waiting for line in members),
        max((line.behind_s for line in members if line.behind_s is not None), default=None),
        round(sum(line.out_per_minute for line in members), 1),
        sum(line.due for line in members),
        max((line.longest_s for line in members if line.longest_s is not None), default=None),
        sum(line.failed for line in members),
        sum(line.unknown for line in members),
        sum(line.dead for line in members),
        all(line.is_in_stopped for line in members),
        all(line.is_out_stopped for line in members),
        tuple(members),
    )
