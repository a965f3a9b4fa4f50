"""Re-partitions the components that some records touch: old links and new ones. Runs under the kinds' turns."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from hub.flow.context import Hub
from hub.rules import clustering, matching, register
from hub.store import record as record_store
from hub.store import resolve as store
from hub.store.database import Connection

Rid = uuid.UUID
MAX_STEPS = 50


def relink(conn: Connection, hub: Hub, rids: Iterable[Rid]) -> dict[Rid, tuple[Rid, Rid]]:
    """The records of the touched components whose cluster changes: rid -> (old golden id, new golden id).

    Takes no row locks and stores nothing: the caller locks all it needs in one order, then calls
    `store.set_clusters`.
    """
    touched = set(rids)
    touched.update(store.cross_cap(conn, touched))
    before = store.members(conn, set(store.clusters_of(conn, touched).values()))
    found = _component(conn, touched | before.keys())
    rows = {row.rid: row for row in record_store.load_rids(conn, found.rids)}
    data = {rid: register.evidence(row.fold) for rid, row in rows.items()}
    names = {rid: _source_key(hub, row.key) for rid, row in rows.items()}
    new: dict[Rid, Rid] = {}
    by_kind: dict[tuple[str, str], list[Rid]] = {}
    for rid, row in rows.items():
        by_kind.setdefault((row.realm, row.kind), []).append(rid)
    for members in by_kind.values():
        new.update(_partition(found, {rid: names[rid] for rid in members}, data))
    return {rid: (rows[rid].cluster, cluster) for rid, cluster in new.items() if rows[rid].cluster != cluster}


def _source_key(hub: Hub, key: tuple[int, str, str]) -> tuple[str, str, str]:
    return (hub.connections.by_id(key[0]).name, key[1], key[2])


class _Component:
    """All records reachable from some, with everything that links them."""

    def __init__(self) -> None:
        self.rids: set[Rid] = set()
        self.keys: set[tuple[bytes, Rid, str, bool]] = set()
        self.must: set[tuple[Rid, Rid, Rid | None]] = set()
        self.cannot: set[tuple[Rid, Rid]] = set()
        self.edges: set[tuple[Rid, Rid, int]] = set()


def _component(conn: Connection, start: Iterable[Rid]) -> _Component:
    found = _Component()
    frontier = set(start)
    for _ in range(MAX_STEPS):
        if not frontier:
            break
        near = store.neighbours(conn, frontier)
        found.rids |= frontier
        found.keys.update(near.keys)
        found.must.update(near.must)
        found.cannot.update(near.cannot)
        found.edges.update(near.edges)
        reached = near.rids() - found.rids
        # Old clusters come along whole: a link that is gone may have been what kept others apart.
        frontier = reached | (store.members(conn, set(store.clusters_of(conn, reached).values())).keys() - found.rids)
    found.rids |= frontier
    return found


def _partition(
    found: _Component, names: Mapping[Rid, tuple[str, ...]], data: Mapping[Rid, Mapping[str, Any]]
) -> dict[Rid, Rid]:
    links = matching.links(
        [key for key in found.keys if key[1] in names],
        [pair for pair in found.must if pair[0] in names and pair[1] in names],
        found.cannot,
        [edge for edge in found.edges if edge[0] in names and edge[1] in names],
        names,
        data,
    )
    clusters: dict[Rid, Rid] = {}
    for part in clustering.partition(names, links, matching.guard(data)):
        name = clustering.golden_id(part)
        clusters.update(dict.fromkeys(part, name))
    return clusters
