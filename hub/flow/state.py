"""One hash of everything the hub decided, keyed by source keys: what convergence is checked with."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from hub.flow.context import Hub
from hub.rules.projection import told

SourceKey = str


def state(hub: Hub) -> dict[str, Any]:
    """Clusters by their source keys: `{"a:customers:1 b:customers:7": {"kind", "lifecycle", "data", "wanted", "edges", "asked"}}`.

    Ids, version counters and times of processing are history and not part of it. `wanted`: what each
    connection that it flows to should hold. `edges`: what each scored pair with a record in it weighs, and why;
    `asked`: the pairs that people are asked about, by the records of the heaviest edge.
    """
    clusters: dict[Any, list[SourceKey]] = {}
    names: dict[Any, SourceKey] = {}
    for rid, cluster, connection, object_type, external_id in hub.db.all(
        "select r.rid, r.cluster, c.name, r.object_type, r.external_id from record r"
        " join connection c on c.id = r.connection_id where r.state > 0"
    ):
        names[rid] = f"{connection}:{object_type}:{external_id}"
        clusters.setdefault(cluster, []).append(names[rid])
    stored = hub.db.all("select id, kind, lifecycle, data from golden")
    goldens = [(*row[:3], hub.db.upcasts.data(row[1], row[3])) for row in stored]
    edges, asked = _edges(hub, names), _asked(hub, names)
    return {
        " ".join(sorted(clusters[id_])): {
            "kind": kind,
            "lifecycle": lifecycle,
            "data": data,
            "wanted": _wanted(hub, kind, data),
            "edges": {pair: found for name in clusters[id_] for pair, found in edges.get(name, {}).items()},
            "asked": {pair: found for name in clusters[id_] for pair, found in asked.get(name, {}).items()},
        }
        for id_, kind, lifecycle, data in goldens
    }


def _edges(hub: Hub, names: Mapping[Any, SourceKey]) -> dict[SourceKey, dict[str, Any]]:
    """Source key -> its scored pairs, each named by both source keys."""
    found: dict[SourceKey, dict[str, Any]] = {}
    for a, b, weight, reason, relation in hub.db.all("select a, b, weight, reason, relation from edge"):
        parts = sorted(reason["parts"])
        _note(found, names[a], names[b], {**reason, "parts": parts, "weight": weight, "relation": relation})
    return found


def _asked(hub: Hub, names: Mapping[Any, SourceKey]) -> dict[SourceKey, dict[str, Any]]:
    found: dict[SourceKey, dict[str, Any]] = {}
    sql = (
        "select (data ->> 'a')::uuid, (data ->> 'b')::uuid, data from item where type = 'match' and state <> 'resolved'"
    )
    for a, b, data in hub.db.all(sql):
        said = {name: value for name, value in data.items() if name not in "ab"}
        _note(found, names[a], names[b], said)
    return found


def _note(found: dict[SourceKey, dict[str, Any]], one: SourceKey, other: SourceKey, said: Any) -> None:
    for name in (one, other):
        found.setdefault(name, {})[" ".join(sorted((one, other)))] = said


def _wanted(hub: Hub, kind: str, data: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for connection in hub.connections.all():
        mapping = hub.rules.mappings.outbound(connection.connector, kind, connection.name)
        if mapping is not None and connection.writes(kind):
            wanted = {name: data[name] for name in sorted(mapping.fields) if name in data}
            found[connection.name] = told(wanted, hub.registry.kinds[kind].by_name)
    return found


def state_hash(hub: Hub) -> str:
    """The SHA-256 of `state`, as hex: equal for equal sets of observations, writes and decisions."""
    return hashlib.sha256(orjson.dumps(state(hub), option=orjson.OPT_SORT_KEYS)).hexdigest()
