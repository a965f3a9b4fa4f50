"""Acts of consent that one record told over time: what it says now, and what it said before and may not unsay by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from hub.model import time
from hub.rules.candidate import Candidate, FieldRule, Source, own_cells, own_word
from hub.rules.derive.consent import GRANTED, STRICTEST
from hub.rules.register import MISSING, Cell

STATUS = "status"
CAPTURED_AT = "captured_at"
Moment = tuple[int, int]
"""A place on the record's line: the major of an order, and the first, second, ... of those alike."""


class Step(NamedTuple):
    """From a moment on a field held a value, since a time (microseconds)."""

    moment: Moment
    since: int
    value: Any


_NOTHING = Step((-1, -1), 0, {})
Lines = Mapping[str, list[Step]]


def acts_of(source: Source, rule: FieldRule) -> list[Candidate]:
    """What the record says now, and each earlier state that bears on it, put together from the trails of its cells.

    A refusal of before counts for as long as no later act of the person lifts it. A grant of before counts while the
    record has gone on to say that it is granted: its own system may take it back. The age of an act is that of its state.
    """
    now = own_word(source, rule)
    if now is None:
        return []
    lines = _lines(own_cells(source, rule))
    newest = max((steps[-1] for steps in lines.values()), key=lambda step: step.moment)
    stated, held = _at(lines, STATUS, newest.moment), source.fold.held(STATUS)
    if newest.moment > stated.moment and held is not MISSING and held != now.values.get(STATUS):
        # The state is the one that the hub had written there, and its system put a date or a way beside that.
        now.values[STATUS], stated = held, newest
    now.since, now.barred_until = stated.since, _bar(now.values, stated, _at(lines, CAPTURED_AT, newest.moment))
    return [now, *_past(source, now, lines, stated)]


def _past(source: Source, now: Candidate, lines: Lines, stated: Step) -> Iterator[Candidate]:
    for moment in sorted({step.moment for steps in lines.values() for step in steps}):
        held = {name: _at(lines, name, moment).value for name in lines}
        # There is nothing in a gap of the trail, and of what is long or structured it keeps a hash only.
        values = {name: value for name, value in held.items() if not isinstance(value, Mapping)}
        then, began = values.get(STATUS), _at(lines, STATUS, moment)
        if then == GRANTED:
            counts = began == stated and now.values.get(STATUS) == GRANTED
        else:
            counts = then in STRICTEST and (began == stated or moment < stated.moment)
        if counts and values != now.values:
            bar = _bar(values, began, _at(lines, CAPTURED_AT, moment))
            yield Candidate(source, values, began.since, weak=False, is_past=True, barred_until=bar)


def _bar(values: Mapping[str, Any], stated: Step, dated: Step) -> str:
    """Until when a refusal bars: its date; where it came with none of its own, not before its system said so."""
    date = str(values.get(CAPTURED_AT) or "")
    return date if date and dated.moment >= stated.moment else max(date, time.from_micros(stated.since))


def _lines(cells: Mapping[str, Cell]) -> Lines:
    """Per field what it held, oldest first. What changed with one event has the same moment in every field."""
    found = {name: _steps(cell) for name, cell in cells.items()}
    for name, cell in cells.items():
        last = max(found[other][-1].moment for other, mate in cells.items() if mate.at == cell.at)
        found[name][-1] = Step(last, cell.since, cell.own)
    return found


def _steps(cell: Cell) -> list[Step]:
    found: list[Step] = []
    for since, value, major in (*cell.trail, (cell.since, cell.own, cell.at[0] if cell.at else 0)):
        n = found[-1].moment[1] + 1 if found and found[-1].moment[0] == major else 0
        found.append(Step((major, n), since, value))
    return found


def _at(lines: Lines, name: str, moment: Moment) -> Step:
    """What a field held at a moment."""
    return next((step for step in reversed(lines.get(name, ())) if step.moment <= moment), _NOTHING)
