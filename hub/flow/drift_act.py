"""What people see of a change in what a system sends, and what they decide on it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from hub.errors import ConflictError, NotFoundError
from hub.flow.connection import ConnectionRow
from hub.flow.context import Hub
from hub.flow.drift_note import digest, subject
from hub.model.identifier import format_id
from hub.model.mask import mask_raw
from hub.rules.drift import (
    GONE,
    NEW,
    NULLED,
    VALUE,
    Read,
    Suggestion,
    read_of,
    read_of_field,
    reads_of,
    root_of,
    suggest,
)
from hub.rules.drift.skeleton import is_word, joined, key_name
from hub.rules.mapping import InMapping
from hub.store import audit, drift, event, item, plan
from hub.store.database import Connection
from hub.store.drift import Drift

MOST_VALUES: Final = 3
PARSED: Final = 2_000_000


@dataclass(frozen=True, slots=True)
class Shown:
    """A change with what it concerns.

    `read`: what of the mapping reads it, of all that it `reads`; `plans`: those that hold its writes.
    """

    drift: Drift
    connection: str
    realm: str
    kind: str
    read: Read | None
    suggestion: Suggestion
    plans: list[plan.Plan]
    reads: list[Read]

    @property
    def is_mapped(self) -> bool:
        """Whether the rules have taken it up since it opened: nothing has to be added any more."""
        return self.drift.mapped_in is not None

    @property
    def is_stopped(self) -> bool:
        """Whether writes of the field wait for a person."""
        return bool(self.plans) or (self.drift.what == NULLED and self.drift.state == "open")


@dataclass(frozen=True, slots=True)
class Sample:
    """A value of the changed path in one event, in clear: show it only to those who may see payloads."""

    event: uuid.UUID
    value: Any
    is_erased: bool = False


def look(hub: Hub, drift_id: uuid.UUID) -> Shown:
    """One change with its mapping line and plans. `NotFoundError`."""
    found = hub.db.run(lambda conn: drift.read(conn, drift_id))
    if found is None:
        raise NotFoundError(f"there is no drift {format_id('drf', drift_id)}; `retail-hub drift` lists them")
    return shown(hub, found)


def shown(hub: Hub, found: Drift) -> Shown:
    """The change with what it concerns."""
    brief = listed(hub, found)
    plans = hub.db.run(lambda conn: plan.of_cause(conn, plan.DRIFT, found.episode)) if found.what == NULLED else []
    return replace(brief, suggestion=_suggested(hub, brief), plans=plans)


def listed(hub: Hub, found: Drift) -> Shown:
    """A change as one of many: without suggestion and plans, and without asking the database."""
    row = hub.connections.by_id(found.connection_id)
    mapping = _mapping(hub, row, found)
    reads = reads_of(mapping.spec) if mapping else []
    kind = found.stream if found.what == NULLED else mapping.kind if mapping else ""
    return Shown(found, row.name, row.realm, kind, _read(found, reads), Suggestion("", ""), [], reads)


def _word(found: Drift, value: Any) -> str:
    """The new word as it may stand in a line that everybody sees; "" where it could be somebody's."""
    is_plain = value.__class__ is str and is_word(value) and mask_raw(value, found.path.rpartition(".")[2]) == value
    return str(value) if is_plain else ""


def _mapping(hub: Hub, row: ConnectionRow, found: Drift) -> InMapping | None:
    if found.what != NULLED:
        return hub.rules.mappings.inbound(row.connector, found.stream, row.name)
    stream = hub.registry.connector(row.connector).manifest.stream_of_kind(found.stream)
    return hub.rules.mappings.inbound(row.connector, stream.name, row.name) if stream is not None else None


def _read(found: Drift, reads: list[Read]) -> Read | None:
    if found.what == NULLED:
        return read_of_field(reads, found.stream, found.path)
    return read_of(reads, found.path)


def _suggested(hub: Hub, brief: Shown) -> Suggestion:
    found, reads = brief.drift, brief.reads
    beside: list[tuple[str, int]] = []
    words: list[str] = []
    path = found.path
    if found.what == GONE:
        others = hub.db.run(lambda conn: drift.of_stream(conn, found.connection_id, found.stream))
        beside = [(one.path, one.mask) for one in others if one.what == NEW and one.state == "open"]
    elif found.what == VALUE:
        words = [_word(found, one.value) for one in samples(hub, found)]
    elif found.what == NULLED:
        path = brief.read.path if brief.read else path
    kind = hub.registry.kinds.get(brief.kind)
    mapping = _mapping(hub, hub.connections.by_id(found.connection_id), found)
    root = root_of(mapping.spec) if mapping else ""
    return suggest(found.what, path, found.mask, reads, kind, values=words, others=beside, root=root)


def samples(hub: Hub, found: Drift) -> list[Sample]:
    """The values that the path had in some of its events; none of a field that vanished. In clear."""
    if found.what == GONE:
        return []
    wanted = list(dict.fromkeys([*(uuid.UUID(hex=one) for one in found.words.values()), *found.events]))[:MOST_VALUES]
    with hub.db.session() as conn:
        events = event.read_many(conn, hub.keyring, wanted)
    return [sample for one in events for sample in _sample(hub, found, one)]


def _sample(hub: Hub, found: Drift, one: event.StoredEvent) -> list[Sample]:
    if one.body is None:
        return [Sample(one.id, None, is_erased=True)]
    if len(one.body) > PARSED or found.what == NULLED:
        return []
    try:
        payload = orjson.loads(one.body)
    except orjson.JSONDecodeError:
        return []
    values = list(values_at(payload, found.path))
    if found.what == VALUE:
        values = [value for value in values if value.__class__ is str and digest(hub, value) in found.words] or values
    return [Sample(one.id, value) for value in values[:1]]


def values_at(value: Any, path: str, place: str = "") -> Iterator[Any]:
    """Every value at a path of a shape (`lines[].sku`)."""
    if value.__class__ is not dict:
        return
    for raw, inner in value.items():
        key = key_name(raw)
        here = joined(place, key)
        if here == path:
            yield inner
        if inner.__class__ is dict and path.startswith(here):
            yield from values_at(inner, path, here)
        elif inner.__class__ is list and path.startswith(here):
            below = joined(place, f"{key}[]")
            for one in inner:
                if below == path:
                    yield one
                else:
                    yield from values_at(one, path, below)


def accept(hub: Hub, drift_id: uuid.UUID, actor: str, reason: str = "") -> None:
    """From now on it is part of the shape, as something that may come: no item opens for it again.

    What a plan holds because of it stays held until the plan is decided. `NotFoundError`; `ConflictError`
    when it was decided already.
    """
    _decide(hub, drift_id, "accepted", actor, reason)


def ignore(hub: Hub, drift_id: uuid.UUID, actor: str, reason: str = "") -> None:
    """Nobody is asked about this path and change again, however it goes on. Errors as `accept`."""
    _decide(hub, drift_id, "ignored", actor, reason)


def reopen(hub: Hub, drift_id: uuid.UUID, actor: str, reason: str = "") -> None:
    """Takes a decision back: when it is seen the next time, its item opens again. `NotFoundError`; `ConflictError`."""
    _decide(hub, drift_id, "over", actor, reason)


_ACTS: Final = {"accepted": "drift.accepted", "ignored": "drift.ignored", "over": "drift.reopened"}


def _decide(hub: Hub, drift_id: uuid.UUID, state: str, actor: str, reason: str) -> None:
    def work(conn: Connection) -> None:
        found = drift.read(conn, drift_id, lock=True)
        name = format_id("drf", drift_id)
        if found is None:
            raise NotFoundError(f"there is no drift {name}; `retail-hub drift` lists them")
        allowed = ("accepted", "ignored") if state == "over" else ("open", "over")
        if found.state not in allowed:
            raise ConflictError(f"drift {name} is {found.state}; look at it again")
        drift.decide(conn, drift_id, state, actor, reason)
        item.resolve_cause(conn, subject(found), actor, {"decision": state, "reason": reason})
        audit.append(conn, actor, _ACTS[state], name, reason)

    hub.db.run(work)
