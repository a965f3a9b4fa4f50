"""Mapped fields that turn null: a source that suddenly clears, for many records in a row, what it nearly always gave.

Golden records follow the rules as ever. What changes is that writes to other systems which pass the
null on wait for a person (`hub.flow.drift_hold`).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hub.flow.context import Hub
from hub.flow.drift_note import end_drift, raise_drift_item
from hub.rules.drift import NULLED
from hub.rules.drift.nulls import FILLED, LEARNT_FROM, Nulls, Row, is_nothing
from hub.rules.observe import Observation
from hub.store import drift as store
from hub.store import drift_field, plan
from hub.store.database import Connection
from hub.store.drift_field import Key, Known

Kind = tuple[int, str]
"""(connection id, kind)."""


@dataclass(slots=True)
class _Field:
    """What this process knows of one field."""

    known: Known
    is_open: bool = False

    @property
    def is_watched(self) -> bool:
        """Whether a null says anything."""
        return self.known.filled >= FILLED * self.known.seen

    @property
    def is_telling(self) -> bool:
        """Whether every record counts, those with a value too."""
        return self.known.seen < LEARNT_FROM or self.known.run > 0 or self.is_open


class NullWatch:
    """The fields of each connection's kinds, as this process knows them."""

    def __init__(self) -> None:
        self.fields: dict[Kind, dict[str, _Field]] = {}
        self.read_at = time.monotonic()

    def refresh(self, hub: Hub) -> None:
        """Takes up what others counted."""
        for kind in list(self.fields):
            self.fields[kind] = hub.db.run(lambda conn, kind=kind: _load(conn, kind))  # type: ignore[misc]

    def watch(self, hub: Hub, observations: Iterable[Observation]) -> None:
        """Counts the nulls of a batch, in order; what is worth it is stored at once."""
        batches: dict[Kind, list[Row]] = {}
        for one in observations:
            # A first reading of old records says nothing of a change.
            if not one.draft.deleted and not one.origin.weak:
                row = Row(one.draft.external_id, one.origin.event_id, one.draft.asserted)
                batches.setdefault((one.origin.connection_id, one.draft.kind), []).append(row)
        for kind, rows in sorted(batches.items()):
            if kind not in self.fields:
                self.fields[kind] = hub.db.run(lambda conn, kind=kind: _load(conn, kind))  # type: ignore[misc]
            found = self._counted(kind, rows)
            if found:
                hub.db.run(lambda conn, kind=kind, found=found: _store(conn, hub, kind, found))  # type: ignore[misc]
                self.fields[kind] = hub.db.run(lambda conn, kind=kind: _load(conn, kind))  # type: ignore[misc]

    def _counted(self, kind: Kind, rows: Sequence[Row]) -> dict[str, Nulls]:
        known = self.fields[kind]
        names = {name for name, field in known.items() if field.is_telling}
        for row in rows:
            names |= row.asserted.keys() - known.keys()
            for name, value in row.asserted.items():
                if not value and name in known and known[name].is_watched and is_nothing(value):
                    names.add(name)
        counted = {name: Nulls.of(name, rows) for name in names}
        return {name: nulls for name, nulls in counted.items() if nulls.said}


def _load(conn: Connection, kind: Kind) -> dict[str, _Field]:
    opened = {one.path for one in store.of_stream(conn, *kind) if one.what == NULLED and one.state == "open"}
    return {name: _Field(known, name in opened) for name, known in drift_field.load(conn, *kind).items()}


def _store(conn: Connection, hub: Hub, kind: Kind, found: Mapping[str, Nulls]) -> None:
    opened = {one.path: one for one in store.of_stream(conn, *kind) if one.what == NULLED}
    for name, nulls in sorted(found.items()):
        key: Key = (*kind, name)
        before = drift_field.take(conn, key)
        run = nulls.after(before.run, before.first_event, before.last_key)
        drift_field.save(conn, key, nulls, run, is_learning=before.seen < LEARNT_FROM)
        if before.seen < LEARNT_FROM or before.filled < FILLED * before.seen:
            continue
        limit = hub.settings.drift_null_run
        known = opened.get(name)
        is_open = known is not None and known.state == "open"
        if known is not None and known.state in ("accepted", "ignored"):
            continue
        if run.longest >= limit or (is_open and run.nulls):
            events = [event for event in (run.longest_first, run.last) if event is not None]
            seen, is_new = store.see(
                conn, *kind, NULLED, name, count=run.nulls if is_open else run.longest, events=events
            )
            if is_new and seen.state == "open":
                raise_drift_item(conn, hub, seen, kind[1], name)
            known, is_open = seen, seen.state == "open"
        if known is not None and is_open and run.is_filled:
            end_drift(conn, known)
            for held in plan.of_cause(conn, plan.DRIFT, known.episode):
                plan.count_again(conn, (held.connection_id, plan.DRIFT, known.episode))
