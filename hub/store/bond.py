"""What ties the records of one golden record to each other, and to records of others: one statement."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.store.database import Connection, upcasts_of

Rid = uuid.UUID
MOST_NEAR = 8


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key that a record carries, not over the cap. `digest` in hex; `guarded`: it holds only while nothing speaks against it."""

    digest: str
    rid: Rid
    namespace: str
    guarded: bool


@dataclass(frozen=True, slots=True)
class EdgeRow:
    """A scored pair. `reason`: `{"parts": [[comparison, level, weight], ...], "apart": guard or ""}`."""

    a: Rid
    b: Rid
    weight: int
    reason: dict[str, Any]
    relation: str


@dataclass(frozen=True, slots=True)
class NearRow:
    """A scored pair of one of these records with another's: `golden` that other one, `item` the open question about both."""

    own: Rid
    other: Rid
    weight: int
    relation: str
    golden: Rid
    connection_id: int
    external_id: str
    data: dict[str, Any]
    item: Rid | None


@dataclass(slots=True)
class Ties:
    """Keys, copies (original, copy), edges among some records, what is compared of them, edges to others."""

    keys: list[KeyRow] = field(default_factory=list)
    copies: list[tuple[Rid, Rid]] = field(default_factory=list)
    edges: list[EdgeRow] = field(default_factory=list)
    features: dict[Rid, Mapping[str, Any]] = field(default_factory=dict)
    near: list[NearRow] = field(default_factory=list)


_KEYS = """
    select json_agg(json_build_array(encode(m.hash, 'hex'), m.rid, m.namespace, m.guarded)) from match_key m
    where m.rid = any(%(rids)s) and m.strength = 2 and not exists (select from hot_key h where h.hash = m.hash)
"""
_COPIES = """
    select json_agg(json_build_array(t.owner_rid, t.rid)) from target t
    where t.rid <> t.owner_rid and t.owner_rid = any(%(rids)s) and t.rid = any(%(rids)s)
"""
_EDGES = """
    select json_agg(json_build_array(e.a, e.b, e.weight, e.reason, coalesce(e.relation, ''))) from edge e
    where e.a = any(%(rids)s) and e.b = any(%(rids)s)
"""
_FEATURES = "select json_agg(json_build_array(f.rid, f.features)) from match_feature f where f.rid = any(%(rids)s)"
_NEAR = """
    select json_agg(json_build_array(n.own, n.other, n.weight, coalesce(n.relation, ''), o.cluster, o.connection_id,
        o.external_id, coalesce(g.data, '{}'), i.id) order by n.weight desc, n.other)
    from (
        select own, other, weight, relation from (
            select a as own, b as other, weight, relation from edge where a = any(%(rids)s) and b <> all(%(rids)s)
            union all
            select b, a, weight, relation from edge where b = any(%(rids)s) and a <> all(%(rids)s)) x
        order by weight desc, other limit %(most)s) n
    join record o on o.rid = n.other left join golden g on g.id = o.cluster
    left join lateral (
        select id from item where type = 'match' and state <> 'resolved'
        and ((rid = %(id)s and other = o.cluster) or (rid = o.cluster and other = %(id)s)) limit 1) i on true
"""


def ties(conn: Connection, kind: str, golden_id: Rid, rids: Collection[Rid]) -> Ties:
    """Everything that ties the records `rids` of one golden record; of edges to others the heaviest."""
    sql = "select " + ", ".join(f"({part})" for part in (_KEYS, _COPIES, _EDGES, _FEATURES, _NEAR))
    row = conn.execute(sql, {"rids": list(rids), "id": golden_id, "most": MOST_NEAR}).fetchone()
    assert row is not None  # noqa: S101 -- a select without from yields its row
    keys, copies, edges, features, near = (part or () for part in row)
    upcasts = upcasts_of(conn)
    return Ties(
        [KeyRow(digest, Rid(rid), namespace, guarded) for digest, rid, namespace, guarded in keys],
        [(Rid(owner), Rid(rid)) for owner, rid in copies],
        [EdgeRow(Rid(a), Rid(b), *rest) for a, b, *rest in edges],
        {Rid(rid): found for rid, found in features},
        [
            NearRow(
                Rid(own), Rid(other), weight, relation, Rid(golden), connection_id, external_id,
                upcasts.data(kind, data), Rid(item) if item else None,
            )
            for own, other, weight, relation, golden, connection_id, external_id, data, item in near
        ],
    )  # fmt: skip
