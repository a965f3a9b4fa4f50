"""One hash of everything the hub decided, keyed by source keys: what convergence is checked with."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from hub.flow.context import Hub

SourceKey = str


def state(hub: Hub) -> dict[str, Any]:
    """Clusters by their source keys: `{"a:customers:1 b:customers:7": {"kind", "lifecycle", "data", "wanted"}}`.

    Ids, version counters and times of processing are history and not part of it. `wanted`: what each
    connection that it flows to should hold.
    """
    clusters: dict[Any, list[SourceKey]] = {}
    for cluster, connection, object_type, external_id in hub.db.all(
        "select r.cluster, c.name, r.object_type, r.external_id from record r join connection c on c.id = r.connection_id"
        " where r.state > 0"
    ):
        clusters.setdefault(cluster, []).append(f"{connection}:{object_type}:{external_id}")
    stored = hub.db.all("select id, kind, lifecycle, data from golden")
    goldens = [(*row[:3], hub.db.upcasts.data(row[1], row[3])) for row in stored]
    return {
        " ".join(sorted(clusters[id_])): {
            "kind": kind,
            "lifecycle": lifecycle,
            "data": data,
            "wanted": _wanted(hub, kind, data),
        }
        for id_, kind, lifecycle, data in goldens
    }


def _wanted(hub: Hub, kind: str, data: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for connection in hub.connections.all():
        mapping = hub.rules.mappings.outbound(connection.connector, kind, connection.name)
        if mapping is not None and connection.writes(kind):
            found[connection.name] = {name: data[name] for name in sorted(mapping.fields) if name in data}
    return found


def state_hash(hub: Hub) -> str:
    """The SHA-256 of `state`, as hex: equal for equal sets of observations, writes and decisions."""
    return hashlib.sha256(orjson.dumps(state(hub), option=orjson.OPT_SORT_KEYS)).hexdigest()
