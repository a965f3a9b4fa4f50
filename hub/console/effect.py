"""What one event was new about: computed at read, by the same fold that decided it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from hub.console.visit import hub
from hub.flow.observe import line_item
from hub.model.mask import mask_field
from hub.rules import register
from hub.rules.register import MISSING, SEPARATOR, Fold
from hub.store import golden as golden_store
from hub.store import record as record_store
from hub.store.console_event import Touched
from hub.store.golden import Golden
from hub.store.record import Line


@dataclass(frozen=True, slots=True)
class Changed:
    """One field of the record that the event was news about. `is_golden`: the golden record holds that value now."""

    name: str
    before: Any
    after: Any
    is_golden: bool


@dataclass(frozen=True, slots=True)
class Effect:
    """What the event did to one record. `is_echo`: it only repeated what the hub had written there."""

    touched: Touched
    version: int | None
    fields: list[Changed]
    is_echo: bool


def effects_of(event_id: uuid.UUID, touched: list[Touched]) -> list[Effect]:
    """The effect on each record it spoke about, values masked by declaration."""
    with hub().db.session() as conn:
        lines = record_store.lines(conn, [one.rid for one in touched])
        goldens = golden_store.load(conn, {one.golden_id for one in touched})
    return [_effect(event_id, one, lines[one.rid], goldens.get(one.golden_id)) for one in touched]


def _effect(event_id: uuid.UUID, one: Touched, lines: list[Line], found: Golden | None) -> Effect:
    ordered = sorted(lines, key=lambda line: line_item(line).order)
    places = [place for place, line in enumerate(ordered) if line.event_id == event_id]
    if not places:
        return Effect(one, None, [], is_echo=False)
    before = register.fold(map(line_item, ordered[: places[0]]))
    after = register.fold(map(line_item, ordered[: places[-1] + 1]))
    fields = _changed(one.kind, before, after, found)
    was_written = any(line.is_write for line in ordered[: places[0]])
    return Effect(one, found.version if found else None, fields, is_echo=was_written and not fields)


def _changed(kind_name: str, before: Fold, after: Fold, found: Golden | None) -> list[Changed]:
    kind = hub().registry.kinds.get(kind_name)
    rows = []
    for key, cell in after.cells.items():
        old = before.cells.get(key)
        was = old.own if old else MISSING
        if key.startswith("~") or cell.own is MISSING or cell.own == was:
            continue
        name, is_element, _element = key.partition(SEPARATOR)
        declared = kind.by_name.get(name) if kind else None
        values = [[value] if is_element else value for value in (None if was is MISSING else was, cell.own)]
        shown = [None if value in (None, [None]) else mask_field(declared, name, value) for value in values]
        rows.append(Changed(name, shown[0], shown[1], _is_golden(name, cell.own, bool(is_element), found)))
    order = {field.name: place for place, field in enumerate(kind.fields)} if kind else {}
    return sorted(rows, key=lambda row: order.get(row.name, len(order)))[:60]


def _is_golden(name: str, value: Any, is_element: bool, found: Golden | None) -> bool:
    if found is None:
        return False
    held = found.data.get(name)
    return bool(value in (held or []) if is_element else held == value)
