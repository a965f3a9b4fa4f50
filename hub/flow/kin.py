"""Households: people who belong together and stay apart. A relation between golden records, never a merge."""

from __future__ import annotations

import uuid
from typing import Any

from hub.flow.context import Hub
from hub.model.identifier import format_id
from hub.model.kind import Kind
from hub.model.time import format_time
from hub.store import match_kin as store
from hub.store import record as record_store
from hub.store.database import Connection
from hub.store.match_kin import HOUSEHOLD, ByScore

Rid = uuid.UUID


def relations(conn: Connection, hub: Hub, kind: Kind, id_: Rid) -> list[dict[str, Any]]:
    """The households of a golden record, as JSON: `{"id", "type": "household", "evidence": [...]}`, by id.

    Evidence is one of: `match` (two records that share a number or a home and cannot be one person), `decision` (somebody answered
    so; undo it by its id), `record` (a system says so in a relation of its own). Holds no personal value.
    """
    found: dict[Rid, list[dict[str, Any]]] = {}
    scored = store.by_score(conn, id_)
    keys = _source_keys(conn, hub, {rid for one in scored for rid in (one.own, one.theirs)})
    for one in scored:
        found.setdefault(one.other, []).append(_of_score(one, keys))
    for ruling in store.by_person(conn, id_):
        evidence = {
            "by": "decision", "id": format_id("dec", ruling.group), "author": ruling.author, "reason": ruling.reason,
            "at": format_time(ruling.at),
        }  # fmt: skip
        found.setdefault(ruling.other, []).append(evidence)
    for other, relation in store.by_system(conn, id_, ("a", "b")):
        found.setdefault(other, []).append({"by": "record", "id": format_id("rel", relation)})
    live = store.live(conn, list(found))
    return [
        {"id": format_id(kind.prefix, other), "type": HOUSEHOLD, "evidence": found[other]}
        for other in sorted(found)
        if other in live
    ]


def _of_score(one: ByScore, keys: dict[Rid, dict[str, str]]) -> dict[str, Any]:
    parts = [{"name": name, "level": level, "weight": weight} for name, level, weight in one.reason.get("parts", ())]
    return {
        "by": "match", "weight": one.weight, "apart": one.reason.get("apart") or "", "comparisons": parts,
        "records": [keys[one.own], keys[one.theirs]],
    }  # fmt: skip


def _source_keys(conn: Connection, hub: Hub, rids: set[Rid]) -> dict[Rid, dict[str, str]]:
    rows = record_store.load_rids(conn, rids) if rids else []
    return {
        row.rid: {
            "connection": hub.connections.by_id(row.key[0]).name, "object_type": row.key[1], "external_id": row.key[2]
        }
        for row in rows
    }  # fmt: skip
