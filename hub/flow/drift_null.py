"""Mapped fields that turn null: a source that suddenly clears, for many records in a row, what it nearly always gave.

Golden records follow the rules as ever. What changes is that writes to other systems which pass the
null on wait for a person (`hub.flow.drift_hold`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hub.flow.context import Hub
from hub.flow.drift_note import end_drift, raise_drift_item
from hub.rules.drift import NULLED
from hub.rules.drift.nulls import (
    FILLED,
    LEARNT_FROM,
    Inside,
    Nulls,
    Row,
    Run,
    filled_inside,
    inside_of,
    is_nothing,
    is_nothing_inside,
    sampled,
)
from hub.rules.observe import Observation
from hub.store import drift as store
from hub.store import drift_field, plan
from hub.store.database import Connection
from hub.store.drift_field import Kind, Known

MOST_FIELDS: Final = 300
"""Of one kind of a connection, with those inside others."""
AMONG: Final = 4
"""So many forms of records (by the fields they speak of) may take turns, and every row of nulls is met."""

Said = Mapping[str, Any]
"""What one event says of one record, by field."""


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

    def is_told(self, nulls: Nulls, limit: int) -> bool:
        """Whether a batch leaves it as it stood: nulls in it, but few, and a value after them."""
        run = nulls.after(0, None, "")
        return not self.is_telling and run.length == 0 and run.longest < limit


class _Fields(dict[str, _Field]):
    """The fields of one kind of a connection, with those inside others."""

    def __init__(self, fields: Mapping[str, _Field]) -> None:
        super().__init__(fields)
        self.telling = {name for name, field in self.items() if field.is_telling}
        self.watched = {name for name, field in self.items() if field.is_watched}
        self.inside: dict[str, set[str]] = {}
        for name in self.watched:
            head, dot, _ = name.partition(".")
            if dot:
                self.inside.setdefault(head, set()).add(name)


class NullWatch:
    """The fields of each connection's kinds, as this process knows them."""

    def __init__(self) -> None:
        self.fields: dict[Kind, _Fields] = {}
        self.insides: dict[str, dict[str, Inside]] = {}

    def refresh(self, hub: Hub) -> None:
        """Takes up what others counted."""
        if self.fields:
            self.fields = hub.db.run(lambda conn: _load(conn, list(self.fields)))

    def watch(self, hub: Hub, observations: Iterable[Observation]) -> None:
        """Counts the nulls of a batch, in order; what is worth it is stored at once."""
        batches: dict[Kind, list[Observation]] = {}
        for one in observations:
            draft, origin = one.draft, one.origin
            # A first reading of old records says nothing of a change.
            if not draft.deleted and not origin.weak:
                batches.setdefault((origin.connection_id, draft.kind), []).append(one)
        for kind, batch in sorted(batches.items()):
            if kind not in self.fields:
                self.fields |= hub.db.run(lambda conn, kind=kind: _load(conn, [kind]))  # type: ignore[misc]
            found = self._counted(hub, kind, batch)
            if found:
                hub.db.run(lambda conn, kind=kind, found=found: _store(conn, hub, kind, found))  # type: ignore[misc]
                self.fields |= hub.db.run(lambda conn, kind=kind: _load(conn, [kind]))  # type: ignore[misc]

    def _insides(self, hub: Hub, kind: str) -> dict[str, Inside]:
        """The fields of a kind that have something inside."""
        if kind not in self.insides:
            fields = hub.registry.kinds[kind].fields
            self.insides[kind] = {field.name: inside_of(field.fields) for field in fields if field.fields}
        return self.insides[kind]

    def _counted(self, hub: Hub, kind: Kind, batch: Sequence[Observation]) -> dict[str, Nulls]:
        known, limit = self.fields[kind], hub.settings.drift_null_run
        asserted = [one.draft.asserted for one in batch]
        names = known.telling | _plain(known, asserted, max(1, limit // AMONG))
        for head, inside in self._insides(hub, kind[1]).items():
            names |= _inside(known, head, inside, asserted, limit)
        if not names:
            return {}
        rows = [Row(one.draft.external_id, one.origin.event_id, one.draft.asserted) for one in batch]
        counted = {name: Nulls.of(name, rows) for name in names if name in known or len(known) < MOST_FIELDS}
        return {
            name: nulls
            for name, nulls in counted.items()
            if nulls.said and not (name in known and known[name].is_told(nulls, limit))
        }


def _plain(known: _Fields, said: Sequence[Said], step: int) -> set[str]:
    """Fields to count: those not met before, and those that are null in one of so many records of the same form."""
    forms: dict[tuple[str, ...], list[Said]] = {}
    for one in said:
        forms.setdefault(tuple(one), []).append(one)
    names: set[str] = set()
    for form, alike in forms.items():
        names |= set(form) - known.keys()
        for one in sampled(alike, step):
            for name, value in one.items():
                if not value and name in known.watched and is_nothing(value):
                    names.add(name)
    return names


def _inside(known: _Fields, head: str, inside: Inside, said: Sequence[Said], step: int) -> set[str]:
    """What is inside a field and is to be counted, likewise."""
    values = [value for one in said if (value := one.get(head))]
    names: set[str] = set()
    if not values:
        return names
    watched = known.inside.get(head, set())
    for place, value in enumerate(sampled(values, step)):
        # What was not met before is looked for in one of them.
        filled = filled_inside(head, inside, value, watched if place else None)
        names |= filled - known.keys()
        for name in watched - filled:
            if is_nothing_inside(value, name.partition(".")[2]):
                names.add(name)
    return names


def _load(conn: Connection, kinds: Sequence[Kind]) -> dict[Kind, _Fields]:
    opened = store.open_nulls(conn)
    return {
        kind: _Fields({name: _Field(known, (*kind, name) in opened) for name, known in fields.items()})
        for kind, fields in drift_field.load(conn, kinds).items()
    }


def _store(conn: Connection, hub: Hub, kind: Kind, found: Mapping[str, Nulls]) -> None:
    before = drift_field.take(conn, kind, list(found))
    runs = {name: found[name].after(one.run, one.first_event, one.last_key) for name, one in before.items()}
    is_learning = {name: one.seen < LEARNT_FROM for name, one in before.items()}
    drift_field.save(conn, kind, {name: (found[name], run, is_learning[name]) for name, run in runs.items()})
    opened = {one.path: one for one in store.of_stream(conn, *kind) if one.what == NULLED}
    for name, run in sorted(runs.items()):
        if not is_learning[name] and before[name].filled >= FILLED * before[name].seen:
            _judge(conn, hub, kind, name, run, opened.get(name))


def _judge(conn: Connection, hub: Hub, kind: Kind, name: str, run: Run, known: store.Drift | None) -> None:
    """Opens, goes on with or ends the change of a field whose nulls say something."""
    is_open = known is not None and known.state == "open"
    if known is not None and known.state in ("accepted", "ignored"):
        return
    if run.longest >= hub.settings.drift_null_run or (is_open and run.nulls):
        events = [event for event in (run.longest_first, run.last) if event is not None]
        count = run.nulls if is_open else run.longest
        seen, is_new = store.see(conn, *kind, NULLED, name, count=count, events=events)
        if is_new and seen.state == "open":
            raise_drift_item(conn, hub, seen, kind[1], name)
        known, is_open = seen, seen.state == "open"
    if known is not None and is_open and run.is_filled:
        end_drift(conn, known)
        for held in plan.of_cause(conn, plan.DRIFT, known.episode):
            plan.count_again(conn, (held.connection_id, plan.DRIFT, known.episode))
