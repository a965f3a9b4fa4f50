"""Folds records again from their whole sets: after a write, a replay, a removal."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from hub.flow.context import Hub
from hub.flow.keys import candidate_keys, compared, is_linking, key_rows, keys_in
from hub.flow.observe import (
    line_item,
    record_state,
    winning_references,
)
from hub.rules import register
from hub.rules.observe import differs
from hub.rules.recycled import proofs
from hub.store import match_key, scored
from hub.store import record as store
from hub.store.database import Connection
from hub.store.match_key import KeyRow
from hub.store.record import Key


def refold(
    conn: Connection,
    hub: Hub,
    rids: Iterable[uuid.UUID],
    cause: str = "event",
    cause_id: Any = None,
    linked: Collection[uuid.UUID] = (),
) -> None:
    """Folds records again from their whole sets (after a write, a replay, a removal) and marks what changed.

    `linked`: records whose links changed in this transaction. A replay also adds the look-up keys that a newer version
    of the hub makes of the same values. Takes the records' locks. Idempotent.
    """
    rows = store.lock_rids(conn, rids)
    updates, replaced, marks = [], [], []
    keys: list[KeyRow] = []
    again: list[KeyRow] = []
    links: dict[tuple[uuid.UUID, str], Key | None] = {}
    lines = store.lines(conn, rows)
    folds = {rid: register.encode(register.fold(map(line_item, found))) for rid, found in lines.items()}
    moved = {
        rid: compared(hub, rows[rid].kind, packed)
        for rid, packed in folds.items()
        if packed.get("v") != rows[rid].fold.get("v")
    }
    changed = scored.put_features(conn, {rid: found for rid, found in moved.items() if found is not None})
    for rid, packed in folds.items():
        row = rows[rid]
        if not differs(row.fold, packed):
            if cause == "replay":
                again.extend(key_rows(hub, row.kind, row.realm, rid, keys_in(hub, row.kind, packed)))
            continue
        updates.append({"rid": rid, "state": record_state(packed), "parked": row.parked, "fold": packed})
        links.update({(rid, name): key for name, key in winning_references(hub, row.kind, packed).items()})
        relink = rid in linked or rid in changed or proofs(row.fold) != proofs(packed)
        if rid in moved:
            old, new = keys_in(hub, row.kind, row.fold), keys_in(hub, row.kind, packed)
            if old != new or rid in changed:
                replaced.append(rid)
                keys.extend(key_rows(hub, row.kind, row.realm, rid, [*new, *candidate_keys(hub, row.kind, moved[rid])]))
                relink = relink or is_linking(old) or is_linking(new)
        marks.append({"rid": rid, "relink": relink, "cause": cause, "cause_id": cause_id})
    store.update(conn, updates)
    match_key.replace(conn, replaced, keys)
    match_key.add(conn, again)
    marks.extend({"rid": rid, "relink": False} for rid in _refer(conn, links))
    store.append_marks(conn, marks)


def _refer(conn: Connection, links: Mapping[tuple[uuid.UUID, str], Key | None]) -> list[uuid.UUID]:
    """Stores to whom records refer now, by record and field; returns the parents that were left."""
    parents = store.find_by_keys(conn, {key for key in links.values() if key})
    rows = [
        {"child": rid, "field": name, "parent": parents[key].rid if key else None}
        for (rid, name), key in links.items()
        if key is None or key in parents
    ]
    return store.upsert_references(conn, rows)
