"""What one event did: what the feed says it changed, and for the rest, why nothing came of it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.console.visit import hub
from hub.flow.observe import line_item
from hub.model.mask import mask_field
from hub.rules import register
from hub.rules.register import MISSING, SEPARATOR, Fold
from hub.store import golden as golden_store
from hub.store import record as record_store
from hub.store.console_event import FeedRow, Touched
from hub.store.golden import Golden
from hub.store.record import Line

MOST = 60


@dataclass(frozen=True, slots=True)
class Changed:
    """One field, before and after, masked. `is_golden`: the golden record holds that value now (None: not asked)."""

    name: str
    before: Any
    after: Any
    is_golden: bool | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What the event changed in one golden record."""

    row: FeedRow
    fields: list[Changed]


@dataclass(frozen=True, slots=True)
class Idle:
    """A record that the event spoke about without moving its golden record.

    `is_echo`: it only repeated what the hub had written there. `fields`: what was new to its record, and lost to
    another system's value or went out with a later event.
    """

    touched: Touched
    fields: list[Changed]
    is_echo: bool


def masked_change(kind_name: str, name: str, value: Any) -> Any:
    """A value of a change as it may be shown."""
    kind = hub().registry.kinds.get(kind_name)
    return mask_field(kind.by_name.get(name) if kind else None, name, value)


def changed_fields(
    kind_name: str, names: Sequence[str], before: Mapping[str, Any], after: Mapping[str, Any]
) -> list[Changed]:
    """The fields of one row of the feed, in the order of the declaration."""
    kind = hub().registry.kinds.get(kind_name)
    order = {field.name: place for place, field in enumerate(kind.fields)} if kind else {}
    return [
        Changed(name, masked_change(kind_name, name, before.get(name)), masked_change(kind_name, name, after.get(name)))
        for name in sorted(names, key=lambda name: order.get(name, len(order)))[:MOST]
    ]


def changes(rows: Sequence[FeedRow]) -> list[Change]:
    """The rows of the feed with their fields masked; of one that was merged away no fields."""
    return [
        Change(row, [] if row.type == "merged" else changed_fields(row.kind, row.fields, row.before, row.after))
        for row in rows
    ]


def idle(event_id: uuid.UUID, touched: Sequence[Touched], moved: Sequence[FeedRow]) -> list[Idle]:
    """Why nothing came of the records that the feed does not name: folded anew, as it was decided then."""
    named = {row.golden_id for row in moved}
    rest = [one for one in touched if one.golden_id not in named and one.rid not in named]
    if not rest:
        return []
    with hub().db.session() as conn:
        lines = record_store.lines(conn, [one.rid for one in rest])
        goldens = golden_store.load(conn, {one.golden_id for one in rest})
    return [_idle(event_id, one, lines[one.rid], goldens.get(one.golden_id)) for one in rest]


def _idle(event_id: uuid.UUID, one: Touched, lines: list[Line], found: Golden | None) -> Idle:
    ordered = sorted(lines, key=lambda line: line_item(line).order)
    places = [place for place, line in enumerate(ordered) if line.event_id == event_id]
    if not places:
        return Idle(one, [], is_echo=False)
    before = register.fold(map(line_item, ordered[: places[0]]))
    after = register.fold(map(line_item, ordered[: places[-1] + 1]))
    fields = _news(one.kind, before, after, found)
    was_written = any(line.is_write for line in ordered[: places[0]])
    return Idle(one, fields, is_echo=was_written and not fields)


def _news(kind_name: str, before: Fold, after: Fold, found: Golden | None) -> list[Changed]:
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
    return sorted(rows, key=lambda row: order.get(row.name, len(order)))[:MOST]


def _is_golden(name: str, value: Any, is_element: bool, found: Golden | None) -> bool:
    if found is None:
        return False
    held = found.data.get(name)
    return bool(value in (held or []) if is_element else held == value)
