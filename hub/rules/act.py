"""Acts of consent that one record told over time: what it says now, and what it said before and may not unsay by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hub.rules.candidate import Candidate, FieldRule, Source, own_cells, own_word
from hub.rules.derive.consent import GRANTED, STRICTEST
from hub.rules.register import Cell

STATUS = "status"
Moment = tuple[int, int]
Steps = list[tuple[Moment, Any]]


def acts_of(source: Source, rule: FieldRule) -> list[Candidate]:
    """What the record says now, and each earlier state that bears on it, put together from the trails of its cells.

    A refusal of before counts for as long as no later act of the person lifts it. A grant of before counts only while
    the record still says that it is granted: its own system may take it back. The age of an act is that of its state.
    """
    now = own_word(source, rule)
    lines = {name: _steps(cell) for name, cell in own_cells(source, rule).items()}
    if now is None or STATUS not in lines:
        return [now] if now else []
    now.since = lines[STATUS][-1][0][0]
    return [now, *_past(source, now, lines)]


def _past(source: Source, now: Candidate, lines: Mapping[str, Steps]) -> Iterator[Candidate]:
    for moment in sorted({moment for steps in lines.values() for moment, _ in steps}):
        values = {name: value for name, steps in lines.items() for value in _held(steps, moment)}
        then = values.get(STATUS)
        counts = then in STRICTEST and (then != GRANTED or now.values.get(STATUS) == GRANTED)
        if counts and any(now.values.get(name) != value for name, value in values.items()):
            since = max(at for (at, n), _ in lines[STATUS] if (at, n) <= moment)
            yield Candidate(source, values, since, weak=False, is_past=True)


def _steps(cell: Cell) -> Steps:
    """What a cell held, oldest first, by a moment that never goes back: of several at one time, the first, second, ...

    What changed with one event has the same moment in every cell.
    """
    found: Steps = []
    for since, value in (*cell.trail, (cell.since, cell.own)):
        last, n = found[-1][0] if found else (since, -1)
        found.append(((since, 0) if since > last else (last, n + 1), value))
    return found


def _held(steps: Steps, moment: Moment) -> list[Any]:
    """The value at a moment; none before the first, in a gap of the trail, and of what the trail keeps the hash only."""
    value: Any = next((value for at, value in reversed(steps) if at <= moment), {})
    return [] if isinstance(value, Mapping) else [value]
