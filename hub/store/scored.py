"""SQL of the scored tier: features, candidates, edges."""

from __future__ import annotations

import struct
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from hub.store import copying
from hub.store.database import Connection

Rid = uuid.UUID
Pair = tuple[Rid, Rid]
_COPY = "copy edge (a, b, weight, reason, relation) from stdin (format binary)"
_ID, _INT = struct.pack("!i", 16), struct.Struct("!ii")
_ROW = copying.count(5) + _ID
_JSONB = b"\x01"
"""The version that begins the binary form of jsonb."""


class StoredEdge(NamedTuple):
    """A scored pair, `a < b`. `weight` in thousandths of bits. `reason`: `{"parts": [[name, level, weight], ...], "apart": ""}`."""

    a: Rid
    b: Rid
    weight: int
    reason: Mapping[str, Any]
    relation: str | None = None

    @property
    def pair(self) -> Pair:
        """Both records."""
        return self.a, self.b


def put_features(conn: Connection, features: Mapping[Rid, Mapping[str, Any]]) -> set[Rid]:
    """Stores what is compared of records; returns those of which it is something else than before. Idempotent."""
    if not features:
        return set()
    rows = [{"rid": rid, "features": found} for rid, found in features.items()]
    sql = """
        insert into match_feature as f (rid, features)
        select rid, features from jsonb_to_recordset(%s::jsonb) as t(rid uuid, features jsonb)
        on conflict (rid) do update set features = excluded.features where f.features <> excluded.features
        returning rid
    """
    return {rid for (rid,) in conn.execute(sql, (orjson.dumps(rows).decode(),)).fetchall()}


def features_of(conn: Connection, rids: Iterable[Rid]) -> dict[Rid, dict[str, Any]]:
    """What is compared of these records; those of kinds without a model have nothing."""
    sql = "select rid, features from match_feature where rid = any(%s)"
    return dict(conn.execute(sql, (list(rids),)).fetchall())


def edges_of(conn: Connection, rids: Iterable[Rid]) -> dict[Pair, StoredEdge]:
    """Every scored edge with one of these records at an end."""
    sql = """
        select a, b, weight, reason, relation from edge where a = any(%(rids)s)
        union select a, b, weight, reason, relation from edge where b = any(%(rids)s)
    """
    return {(row[0], row[1]): StoredEdge(*row) for row in conn.execute(sql, {"rids": list(rids)}).fetchall()}


def remove_edges(conn: Connection, pairs: Collection[Pair]) -> None:
    """Removes the edges of these pairs. Idempotent."""
    if pairs:
        sql = "delete from edge e using unnest(%s::uuid[], %s::uuid[]) as t(a, b) where e.a = t.a and e.b = t.b"
        conn.execute(sql, ([a for a, _ in pairs], [b for _, b in pairs]))


def add_edges(conn: Connection, edges: Sequence[StoredEdge]) -> None:
    """Stores edges of pairs that have none, which the turn of their kind says for certain."""
    if edges:
        copying.send(conn, _COPY, _written(edges))


def _written(edges: Iterable[StoredEdge]) -> list[bytes]:
    parts: list[bytes] = []
    for a, b, weight, reason, relation in edges:
        told = _JSONB + orjson.dumps(reason)
        parts += (_ROW, a.bytes, _ID, b.bytes, _INT.pack(4, weight), copying.field(told))
        parts.append(copying.NULL if relation is None else copying.field(relation.encode()))
    return parts


def set_edges(conn: Connection, edges: Sequence[StoredEdge]) -> None:
    """Writes stored edges over what they were. Idempotent."""
    if edges:
        rows = [{"a": e.a, "b": e.b, "weight": e.weight, "reason": e.reason, "relation": e.relation} for e in edges]
        conn.execute(
            "update edge e set weight = t.weight, reason = t.reason, relation = t.relation"
            " from jsonb_to_recordset(%s::jsonb) as t(a uuid, b uuid, weight integer, reason jsonb, relation text)"
            " where e.a = t.a and e.b = t.b",
            (orjson.dumps(rows).decode(),),
        )
