"""Stores observations: records, stubs of parents, versions, cached folds, references, look-up keys, marks.

One call is one batch inside the caller's transaction. Nothing here decides identity or golden
values; it appends marks and T2 does.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from hub.flow.context import Hub
from hub.flow.keys import candidate_keys, compared, is_linking, key_rows, keys_in
from hub.model.kind import MatchKey
from hub.model.observation import Reference
from hub.rules import register
from hub.rules.observe import Observation, differs
from hub.rules.recycled import proofs
from hub.rules.register import Fold, Item
from hub.store import match_key, scored
from hub.store import record as store
from hub.store.database import Connection, new_id
from hub.store.match_key import KeyRow
from hub.store.record import Key, Line, Row


@dataclass(slots=True)
class _Entry:
    """One record of the batch while it is worked on."""

    key: Key
    kind: str
    realm: str
    observations: list[Observation] = field(default_factory=list)
    row: Row | None = None
    rid: uuid.UUID = field(default_factory=new_id)
    parked: bool = False
    packed: dict[str, Any] = field(default_factory=dict)
    """Its fold as it will be stored."""
    named: set[Key] = field(default_factory=set)
    """Source keys of the parents that this batch's observations name."""
    is_replayed: bool = False
    """Only events that are run again speak of it."""
    is_repeated: bool = False
    """An event that is run again speaks of it. What that said before is forgotten: only the whole set tells what it is now."""
    is_whole: bool = False
    """The fold was made from its whole set."""

    @property
    def is_new(self) -> bool:
        return self.row is None


@dataclass(slots=True)
class Stored:
    """What became of a batch: the rid of every record touched, and the events put off."""

    rids: dict[Key, uuid.UUID] = field(default_factory=dict)
    deferred: set[uuid.UUID] = field(default_factory=set)
    whole: set[uuid.UUID] = field(default_factory=set)
    """Records that were folded from their whole sets."""


def store_observations(
    conn: Connection,
    hub: Hub,
    observations: Sequence[Observation],
    *,
    wait: bool = True,
    again: Collection[uuid.UUID] = (),
) -> Stored:
    """Adds observations to their records' sets.

    `wait` False puts off the events of records that another worker holds, instead of waiting for its
    whole transaction: in a set the order does not matter, so they may as well come with the next batch.
    What only events of `again` change has the replay as its cause: the guard counts all of it together.
    """
    if not observations:
        return Stored()
    entries = _group(observations)
    if again:
        for entry in entries.values():
            repeated = [o.origin.event_id in again for o in entry.observations]
            entry.is_replayed, entry.is_repeated = all(repeated), any(repeated)
    parents = _parent_keys(hub, entries)
    for entry in entries.values():
        entry.named = {_parent_key(hub, o, r) for o in entry.observations for r in o.draft.references}
    found = store.lock_by_keys(conn, entries, wait=wait)
    for key, row in found.items():
        entries[key].row, entries[key].rid = row, row.rid
    known = store.find_by_keys(conn, (parents.keys() | entries.keys()) - found.keys())
    held = known.keys() & entries.keys()
    if held:
        deferred = {o.origin.event_id for key in held for o in entries[key].observations}
        left = [o for o in observations if o.origin.event_id not in deferred]
        rest = store_observations(conn, hub, left, wait=wait, again=again)
        return Stored(rest.rids, rest.deferred | deferred, rest.whole)
    stubs = {key: new_id() for key in parents if key not in entries and key not in known}
    rids = {key: entry.rid for key, entry in entries.items()} | {key: row.rid for key, row in known.items()} | stubs
    waiting = set(stubs) | {key for key, row in known.items() if row.state == store.STUB}
    if _insert_new(conn, hub, entries, stubs, parents, waiting):
        # Another worker made some of these records first: start over, now they exist.
        return store_observations(conn, hub, observations, wait=wait, again=again)
    _store_content(conn, hub, entries, rids, waiting)
    return Stored(rids, whole={entry.rid for entry in entries.values() if entry.is_whole})


def _group(observations: Iterable[Observation]) -> dict[Key, _Entry]:
    entries: dict[Key, _Entry] = {}
    for observation in observations:
        entry = entries.get(observation.key)
        if entry is None:
            entry = entries[observation.key] = _Entry(observation.key, observation.draft.kind, observation.origin.realm)
        entry.observations.append(observation)
    for entry in entries.values():
        if len(entry.observations) > 1:
            entry.observations.sort(key=lambda o: o.order)
    return dict(sorted(entries.items()))


def _parent_key(hub: Hub, observation: Observation, reference: Reference) -> Key:
    connection_id = observation.origin.connection_id
    if reference.connection and reference.connection != observation.origin.connection:
        connection_id = hub.connections.by_name(reference.connection).id
    return (connection_id, reference.object_type, reference.external_id)


def _parent_keys(hub: Hub, entries: dict[Key, _Entry]) -> dict[Key, tuple[str, str]]:
    """Parent key -> (kind, realm) of everything the batch refers to."""
    return {
        _parent_key(hub, observation, reference): (reference.kind, entry.realm)
        for entry in entries.values()
        for observation in entry.observations
        for reference in observation.draft.references
        if reference.field in hub.registry.kinds[entry.kind].refs
    }


def winning_references(hub: Hub, kind: str, packed: Mapping[str, Any]) -> dict[str, Key | None]:
    """ref field -> source key of the parent that the record refers to now; None where it says that there is none.

    Of the fold, not of the newest arrival: a late observation must not move the link.
    """
    values = packed.get("v", {})
    return {
        name: _key_of(hub, values[name]) if values[name] else None
        for name in hub.registry.kinds[kind].refs
        if name in values
    }


def _key_of(hub: Hub, reference: Mapping[str, str]) -> Key:
    connection = hub.connections.by_name(reference["connection"])
    return (connection.id, reference["object_type"], reference["external_id"])


def _is_parked(hub: Hub, entry: _Entry, waiting: set[Key]) -> bool:
    parent = hub.registry.kinds[entry.kind].parent
    key = winning_references(hub, entry.kind, entry.packed).get(parent) if parent else None
    if key is None:
        return False
    # A parent that the batch does not name is as it was.
    return key in waiting or (entry.row is not None and entry.row.parked and key not in entry.named)


def _insert_new(
    conn: Connection,
    hub: Hub,
    entries: dict[Key, _Entry],
    stubs: dict[Key, uuid.UUID],
    parents: dict[Key, tuple[str, str]],
    waiting: set[Key],
) -> set[Key]:
    """Inserts new records, folded, and stubs; returns keys that somebody else inserted meanwhile."""
    rows = [_new_row(hub, entry, waiting) for entry in entries.values() if entry.is_new]
    for (c, o, e), rid in stubs.items():
        kind, realm = parents[(c, o, e)]
        rows.append(
            {"rid": rid, "realm": realm, "connection_id": c, "object_type": o, "external_id": e, "kind": kind,
             "state": store.STUB, "parked": False, "fold": {}}
        )  # fmt: skip
    wanted = {(row["connection_id"], row["object_type"], row["external_id"]) for row in rows}
    lost = wanted - store.insert(conn, rows)
    if lost:
        conn.execute("delete from record where rid = any(%s)", ([row["rid"] for row in rows],))
    return lost


def _new_row(hub: Hub, entry: _Entry, waiting: set[Key]) -> dict[str, Any]:
    c, o, e = entry.key
    entry.packed = _fold_of_new(_distinct(entry.observations))
    entry.parked = _is_parked(hub, entry, waiting)
    return {
        "rid": entry.rid, "realm": entry.realm, "connection_id": c, "object_type": o, "external_id": e,
        "kind": entry.kind, **_row_state(hub, entry),
    }  # fmt: skip


def _fold_of_new(items: Sequence[Item]) -> dict[str, Any]:
    if len(items) == 1:
        return register.encode_first(items[0])
    folded = Fold({})
    for item in items:
        register.extend(folded, item)
    return register.encode(folded)


def _distinct(observations: Sequence[Observation]) -> list[Item]:
    items: list[Item] = []
    for observation in observations:
        item = observation.item()
        if not items or items[-1].order != item.order:
            items.append(item)
    return items


def _row_state(hub: Hub, entry: _Entry) -> dict[str, Any]:
    last = max(entry.observations, key=lambda o: o.origin.received_at).origin if entry.observations else None
    return {
        "state": record_state(entry.packed),
        "parked": entry.parked,
        "fold": entry.packed,
        "release_id": hub.rules.release_id,
        "last_event": last.event_id if last else None,
        "last_event_at": _instant(last.received_at) if last else None,
    }


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _instant(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)


def record_state(packed: Mapping[str, Any]) -> int:
    """The stored state of a record: what its system said last, live when only the hub wrote to it."""
    said = packed.get("v", {}).get(register.STATE)
    if said is None:
        return store.LIVE if packed.get("v") or packed.get("e") else store.STUB
    if said == "deleted":
        return store.DELETED
    return store.LIVE if said == "live" else store.SUPERSEDED


def _store_content(
    conn: Connection, hub: Hub, entries: dict[Key, _Entry], rids: dict[Key, uuid.UUID], waiting: set[Key]
) -> None:
    release = hub.rules.release_id
    store.insert_versions(
        conn, [version_row(o, entry.rid, release) for entry in entries.values() for o in entry.observations]
    )
    existing = [entry for entry in entries.values() if entry.row is not None]
    fresh = [entry for entry in entries.values() if entry.row is None]
    _fold_existing(conn, existing)
    for entry in existing:
        entry.parked = _is_parked(hub, entry, waiting)
    store.update(conn, [{"rid": entry.rid, **_row_state(hub, entry)} for entry in existing])
    lost_parents = _store_references(conn, hub, entries, rids)
    marks = _store_keys(conn, hub, fresh, existing)
    arrived = [e.rid for e in existing if e.row is not None and e.row.state == store.STUB]
    store.unpark(conn, arrived)
    marks.extend({"rid": rid, "relink": False} for rid in lost_parents)
    store.append_marks(conn, marks)


def version_row(observation: Observation, rid: uuid.UUID, release_id: int) -> dict[str, Any]:
    """The stored form of an observation."""
    major, minor, read_at, content = observation.order
    return {
        "rid": rid, "major": major, "minor": minor, "read_at": read_at, "hash": content,
        "event_id": observation.origin.event_id, "since": observation.since, "weak": observation.origin.weak,
        "ahead": observation.ahead, "release_id": release_id, "asserted": orjson.Fragment(observation.packed),
    }  # fmt: skip


def _fold_existing(conn: Connection, entries: Sequence[_Entry]) -> None:
    late: dict[uuid.UUID, _Entry] = {}
    for entry in entries:
        assert entry.row is not None  # noqa: S101 -- the caller sorted these out
        folded = register.decode(entry.row.fold)
        if not entry.is_repeated and all(register.fits_at_end(folded, o.order) for o in entry.observations):
            for item in _distinct(entry.observations):
                register.extend(folded, item)
            entry.packed = register.encode(folded)
        else:
            late[entry.rid] = entry
    for rid, found in store.lines(conn, late).items():
        late[rid].packed = register.encode(register.fold(map(line_item, found)))
        late[rid].is_whole = True


def line_item(line: Line) -> Item:
    """What the fold sees of a stored line."""
    return Item((line.major, line.minor, line.read_at, line.tie), line.asserted, line.since, line.weak, line.is_write)


def _store_references(
    conn: Connection, hub: Hub, entries: dict[Key, _Entry], rids: dict[Key, uuid.UUID]
) -> list[uuid.UUID]:
    fresh: list[dict[str, Any]] = []
    moved: list[dict[str, Any]] = []
    for entry in entries.values():
        rows = [
            {"child": entry.rid, "field": name, "parent": rids[key] if key else None}
            for name, key in winning_references(hub, entry.kind, entry.packed).items()
            if key is None or key in rids  # a parent that the batch does not name is linked already
        ]
        if entry.is_new:
            fresh.extend(row for row in rows if row["parent"] is not None)
        else:
            moved.extend(rows)
    store.insert_references(conn, fresh)
    return store.upsert_references(conn, moved)


def _store_keys(
    conn: Connection, hub: Hub, fresh: Sequence[_Entry], existing: Sequence[_Entry]
) -> list[dict[str, Any]]:
    """Look-up keys of what changed; returns the marks of the batch.

    A newer version of the hub may make other keys of the same values: what is run again brings them.
    """
    rows: list[KeyRow] = []
    again: list[KeyRow] = []
    replaced: list[uuid.UUID] = []
    marks: list[dict[str, Any]] = []
    moved = [entry for entry in existing if _says_other(entry)]
    features = _features(hub, [*fresh, *moved])
    changed = scored.put_features(conn, features)
    for entry in fresh:
        keys = _all_keys(hub, entry, features)
        rows.extend(key_rows(hub, entry.kind, entry.realm, entry.rid, keys))
        marks.append({"rid": entry.rid, "relink": is_linking(keys), **_cause(entry)})
    linked = {entry.rid: _replace_keys(hub, entry, features, changed, replaced, rows, again) for entry in moved}
    for entry in existing:
        assert entry.row is not None  # noqa: S101 -- the caller sorted these out
        if entry.is_repeated and entry.rid not in linked:
            again.extend(key_rows(hub, entry.kind, entry.realm, entry.rid, keys_in(hub, entry.kind, entry.packed)))
        if differs(entry.row.fold, entry.packed):
            relink = linked.get(entry.rid, False) or proofs(entry.row.fold) != proofs(entry.packed)
            marks.append({"rid": entry.rid, "relink": relink, **_cause(entry)})
    match_key.replace(conn, replaced, rows)
    match_key.add(conn, again)
    return marks


def _says_other(entry: _Entry) -> bool:
    """Whether a record that was there says something else now: all its keys are made of that."""
    assert entry.row is not None  # noqa: S101 -- the caller sorted these out
    return entry.row.state == store.STUB or bool(entry.row.fold.get("v") != entry.packed.get("v"))


def _replace_keys(
    hub: Hub,
    entry: _Entry,
    features: Mapping[uuid.UUID, Mapping[str, Any]],
    changed: Collection[uuid.UUID],
    replaced: list[uuid.UUID],
    rows: list[KeyRow],
    again: list[KeyRow],
) -> bool:
    """Adds a record to those that get other keys, where it does; returns whether it must be linked anew."""
    assert entry.row is not None  # noqa: S101 -- the caller sorted these out
    old, new = keys_in(hub, entry.kind, entry.row.fold), keys_in(hub, entry.kind, entry.packed)
    is_other = old != new or entry.rid in changed or entry.row.state == store.STUB
    if is_other or entry.is_repeated:
        own = key_rows(hub, entry.kind, entry.realm, entry.rid, _all_keys(hub, entry, features))
        (rows if is_other else again).extend(own)
    if is_other:
        replaced.append(entry.rid)
    return entry.rid in changed or (is_other and (is_linking(old) or is_linking(new)))


def _features(hub: Hub, entries: Iterable[_Entry]) -> dict[uuid.UUID, dict[str, Any]]:
    found = ((entry.rid, compared(hub, entry.kind, entry.packed)) for entry in entries)
    return {rid: features for rid, features in found if features is not None}


def _all_keys(hub: Hub, entry: _Entry, features: Mapping[uuid.UUID, Mapping[str, Any]]) -> list[MatchKey]:
    own = candidate_keys(hub, entry.kind, features.get(entry.rid))
    return [*keys_in(hub, entry.kind, entry.packed), *own]


def _cause(entry: _Entry) -> dict[str, Any]:
    """The newest event is named as the cause; the pass over a stream only where nothing else spoke of the record."""
    if entry.is_replayed:
        return {"cause": "replay", "cause_id": None, "full_pass": None}
    newest = max((o.origin for o in entry.observations), key=lambda origin: origin.event_id, default=None)
    passes = {o.origin.full_pass for o in entry.observations}
    return {
        "cause_id": newest.event_id if newest else None,
        "full_pass": passes.pop() if len(passes) == 1 else None,
    }
