"""Re-partitions the components that some records touch: old links and new ones. Runs under the kinds' turns."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from hub.flow.context import Hub
from hub.flow.scoring import rescore
from hub.rules import clustering, matching
from hub.rules.clustering import AUTO, Cut
from hub.store import hot_key, match_open, scored
from hub.store import resolve as store
from hub.store.database import Connection
from hub.store.resolve import Place

Rid = uuid.UUID


@dataclass(frozen=True, slots=True)
class TooLarge:
    """A component that was cut to size."""

    realm: str
    kind: str
    cut: Cut


@dataclass(slots=True)
class Relinked:
    """What came of linking records anew. `moves`: rid -> (old golden id, new golden id) of those that change.

    `clusters`: the golden ids, old and new, of which pairs may have become a question, or none any more. `cuts`: components that were too large.
    `seen`: every record looked at.
    """

    moves: dict[Rid, tuple[Rid, Rid]] = field(default_factory=dict)
    clusters: set[Rid] = field(default_factory=set)
    cuts: list[TooLarge] = field(default_factory=list)
    seen: set[Rid] = field(default_factory=set)


def relink(conn: Connection, hub: Hub, turns: Mapping[Rid, tuple[str, str]]) -> Relinked:
    """Links records (rid -> realm, kind) anew with all they share something with.

    Stores their scored edges; takes no row locks and moves nobody: the caller locks all it needs in one order, then
    calls `store.set_clusters`.
    """
    touched = dict(turns)
    crossed = hot_key.cross(conn, touched, set(turns.values()))
    touched.update(store.kinds_of(conn, crossed.carriers - touched.keys()) if crossed.carriers else {})
    compared = rescore(conn, hub, touched)
    before = store.mates(conn, touched)
    found = _component(conn, hub, touched.keys() | before.keys() | _left_behind(conn, turns, compared, crossed.lost))
    done = Relinked(clusters={before[rid] for rid in compared & before.keys()}, seen=found.rids)
    places = store.places(conn, found.rids)
    by_kind: dict[tuple[str, str], dict[Rid, Place]] = {}
    for rid, place in places.items():
        by_kind.setdefault((place.realm, place.kind), {})[rid] = place
    for (realm, kind), members in by_kind.items():
        cuts: list[Cut] = []
        clusters = _partition(conn, hub, kind, found, members, cuts)
        done.cuts += [TooLarge(realm, kind, cut) for cut in cuts]
        for rid, cluster in clusters.items():
            if members[rid].cluster != cluster:
                done.moves[rid] = (members[rid].cluster, cluster)
                done.clusters.update(done.moves[rid])
    return done


def _left_behind(
    conn: Connection, turns: Mapping[Rid, tuple[str, str]], compared: set[Rid], lost: Collection[bytes]
) -> set[Rid]:
    """Who may have been in a component that was cut for its size, and is smaller now.

    Elsewhere a link that is gone changes its two clusters only; there it may have kept light links of all others from counting.
    """
    if not (compared or lost) or not match_open.is_any_cut(conn, set(turns.values())):
        return set()
    return compared | hot_key.carriers(conn, lost)


class _Component:
    """All records reachable from some, with everything that links them."""

    def __init__(self) -> None:
        self.rids: set[Rid] = set()
        self.keys: set[tuple[bytes, Rid, str, bool]] = set()
        self.must: set[tuple[Rid, Rid, Rid | None]] = set()
        self.cannot: set[tuple[Rid, Rid]] = set()
        self.edges: set[tuple[Rid, Rid, int]] = set()


def _component(conn: Connection, hub: Hub, start: Iterable[Rid]) -> _Component:
    found = _Component()
    frontier = set(start)
    auto = min((model.auto for model in hub.rules.matching.values()), default=AUTO)
    while frontier:
        near = store.neighbours(conn, frontier, auto)
        found.rids |= frontier
        found.keys.update(near.keys)
        found.must.update(near.must)
        found.cannot.update(near.cannot)
        found.edges.update(near.edges)
        reached = near.rids() - found.rids
        # Old clusters come along whole: a link that is gone may have been what kept others apart.
        frontier = store.mates(conn, reached).keys() - found.rids if reached else set()
    return found


def _partition(
    conn: Connection, hub: Hub, kind: str, found: _Component, members: Mapping[Rid, Place], cuts: list[Cut]
) -> dict[Rid, Rid]:
    if len(members) == 1:
        return {rid: rid for rid in members}
    model = hub.rules.matching.get(kind)
    apart = guard_of(conn, hub, kind, members)
    names = {
        rid: (hub.connections.by_id(p.connection_id).name, p.object_type, p.external_id) for rid, p in members.items()
    }
    links = matching.links(
        [key for key in found.keys if key[1] in names],
        [pair for pair in found.must if pair[0] in names and pair[1] in names],
        found.cannot,
        [edge for edge in found.edges if edge[0] in names and edge[1] in names],
        names,
        apart,
    )
    clusters: dict[Rid, Rid] = {}
    for part in clustering.partition(names, links, apart, model.auto if model else AUTO, cuts):
        name = clustering.golden_id(part)
        clusters.update(dict.fromkeys(part, name))
    return clusters


def guard_of(conn: Connection, hub: Hub, kind: str, rids: Iterable[Rid]) -> matching.Guard:
    """Whether two records cannot be one by what they say; pairs are asked more than once, so answers are kept."""
    model = hub.rules.matching.get(kind)
    if model is None:
        return lambda _a, _b: False
    features = scored.features_of(conn, rids)
    known: dict[tuple[Rid, Rid], bool] = {}

    def apart(a: Rid, b: Rid) -> bool:
        pair = (a, b) if a < b else (b, a)
        if pair not in known:
            known[pair] = bool(model.apart(features.get(a, {}), features.get(b, {})))
        return known[pair]

    return apart
