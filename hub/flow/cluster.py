"""Re-partitions the components that some records touch: old links and new ones. Runs under the kinds' turns."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from hub.flow.context import Hub
from hub.flow.recycled import affected
from hub.flow.scoring import Rescored, rescore
from hub.rules import clustering, matching
from hub.rules.clustering import AUTO, Cut
from hub.store import hot_key, match_open, scored
from hub.store import resolve as store
from hub.store.database import Connection
from hub.store.hot_key import Shared
from hub.store.resolve import Place
from hub.store.scored import Pair, StoredEdge

Rid = uuid.UUID
Turn = tuple[str, str]


@dataclass(frozen=True, slots=True)
class TooLarge:
    """A component that was cut to size."""

    realm: str
    kind: str
    cut: Cut


@dataclass(slots=True)
class Relinked:
    """What came of linking records anew. `moves`: rid -> (old golden id, new golden id) of those that change.

    `clusters`: the golden ids, old and new, of which pairs may have become a question, or none any more; `doubtful`: those of them that may have one.
    `cuts`: components that were too large.
    `homes`: every record looked at -> its golden id now; clusters are in it whole.
    `passed`: golden ids whose numbers may have passed on or come back -> one looked at that has the number, too.
    """

    moves: dict[Rid, tuple[Rid, Rid]] = field(default_factory=dict)
    clusters: set[Rid] = field(default_factory=set)
    doubtful: set[Rid] = field(default_factory=set)
    cuts: list[TooLarge] = field(default_factory=list)
    homes: dict[Rid, Rid] = field(default_factory=dict)
    passed: dict[Rid, Rid] = field(default_factory=dict)


def relink(conn: Connection, hub: Hub, turns: Mapping[Rid, Turn]) -> Relinked:
    """Links records (rid -> realm, kind) anew with all they share something with.

    Stores their scored edges; takes no row locks and moves nobody: the caller locks all it needs in one order, then
    calls `store.set_clusters`.
    """
    fallen = hot_key.fall(conn, set(turns.values()))
    touched, shared, over = _touched(conn, turns, fallen.carriers)
    scores = rescore(conn, hub, touched, shared)
    found = _Component({rid for rid, (_, kind) in touched.items() if kind in hub.rules.matching}, shared, scores.edges)
    places = store.mates(conn, touched.keys() | _left_behind(conn, turns, scores.ends, fallen.lost))
    done = Relinked(clusters={places[rid].cluster for rid in scores.ends & places.keys()})
    found.grow(conn, hub, places)
    by_kind: dict[Turn, dict[Rid, Place]] = {}
    for rid, place in found.places.items():
        by_kind.setdefault((place.realm, place.kind), {})[rid] = place
    for (realm, kind), members in by_kind.items():
        cuts: list[Cut] = []
        done.homes |= _partition(conn, hub, kind, found, members, scores, cuts)
        done.cuts += [TooLarge(realm, kind, cut) for cut in cuts]
    for rid, cluster in done.homes.items():
        if (before := found.places[rid].cluster) != cluster:
            done.moves[rid] = (before, cluster)
            done.clusters.update((before, cluster))
    done.doubtful = done.clusters & _doubtful(found, done.homes)
    done.passed = affected(conn, found.keys, done.homes, fallen.unproven, over.union(fallen.under), touched)
    return done


def _doubtful(found: _Component, homes: Mapping[Rid, Rid]) -> set[Rid]:
    """The golden ids with a scored edge to another one."""
    ends = ((homes.get(a), homes.get(b)) for a, b, _, may_be_one in found.edges if may_be_one)
    return {id_ for left, right in ends if left != right for id_ in (left, right) if id_ is not None}


def _touched(
    conn: Connection, turns: Mapping[Rid, Turn], carriers: Collection[Rid]
) -> tuple[dict[Rid, Turn], list[Shared], set[bytes]]:
    """All records to link anew, with those whose keys went over the cap or fell under it; the keys that they share; those that went over."""
    touched = dict(turns)
    shared: dict[bytes, Shared] = {}
    over: set[bytes] = set()
    new = turns.keys() | carriers
    while new:
        if new - touched.keys():
            touched.update(store.kinds_of(conn, new - touched.keys()))
        read = hot_key.shared(conn, new)
        shared.update((key.hash, key) for key in read.shared)
        over |= read.over
        for digest in read.over & shared.keys():
            del shared[digest]
        new = read.carriers - touched.keys()
    return touched, list(shared.values()), over


def _left_behind(conn: Connection, turns: Mapping[Rid, Turn], compared: set[Rid], lost: Collection[bytes]) -> set[Rid]:
    """Who may have been in a component that was cut for its size, and is smaller now.

    Elsewhere a link that is gone changes its two clusters only; there it may have kept light links of all others from counting.
    """
    if not (compared or lost) or not match_open.is_any_cut(conn, set(turns.values())):
        return set()
    return compared | hot_key.carriers(conn, lost)


class _Component:
    """All records reachable from some, with everything that links them."""

    def __init__(self, scored: Collection[Rid], shared: Iterable[Shared], edges: Mapping[Pair, StoredEdge]) -> None:
        """`scored`: the records whose keys and edges are all known: `shared` and `edges`."""
        self.places: dict[Rid, Place] = {}
        self.keys = {
            (key.hash, rid, key.namespace, guarded)
            for key in shared
            if 2 in key.strengths
            for rid, strength, guarded in zip(key.rids, key.strengths, key.guards, strict=True)
            if strength == 2
        }
        self.must: set[tuple[Rid, Rid, Rid | None]] = set()
        self.cannot: set[tuple[Rid, Rid]] = set()
        self.edges = {(*pair, edge.weight, edge.relation is None) for pair, edge in edges.items()}
        self._known = scored

    def grow(self, conn: Connection, hub: Hub, start: dict[Rid, Place]) -> None:
        """Adds whoever the records of `start` reach."""
        models = hub.rules.matching.values()
        auto = min((model.auto for model in models), default=AUTO)
        review = min((model.review for model in models), default=auto)
        keys, edges = self.keys, self.edges
        new = start
        while new:
            self.places |= new
            near = store.neighbours(conn, new, self._known, review)
            reached = {key[1] for key in (*keys, *near.keys)}
            reached.update(rid for a, b, weight, _ in (*edges, *near.edges) if weight >= auto for rid in (a, b))
            reached.update(rid for a, b, _ in near.must for rid in (a, b))
            self.keys.update(near.keys)
            self.edges.update(near.edges)
            self.must.update(near.must)
            self.cannot.update(near.cannot)
            keys, edges = set(), set()
            reached -= self.places.keys()
            # Old clusters come along whole: a link that is gone may have been what kept others apart.
            mates = store.mates(conn, reached) if reached else {}
            new = {rid: place for rid, place in mates.items() if rid not in self.places}


def _partition(
    conn: Connection,
    hub: Hub,
    kind: str,
    found: _Component,
    members: Mapping[Rid, Place],
    scores: Rescored,
    cuts: list[Cut],
) -> dict[Rid, Rid]:
    """rid -> golden id of the members, which are of one kind. `scores`: what comparing some of them found."""
    model = hub.rules.matching.get(kind)
    keys = [key for key in found.keys if key[1] in members]
    must = [pair for pair in found.must if pair[0] in members and pair[1] in members]
    auto = model.auto if model else AUTO
    edges = [(a, b, weight) for a, b, weight, _ in found.edges if weight >= auto and a in members and b in members]
    linked = {rid for a, b, *_ in [*must, *edges] for rid in (a, b)} | {key[1] for key in keys}
    clusters = {rid: rid for rid in members if rid not in linked}
    if not linked:
        return clusters
    apart = guard_of(conn, hub, kind, linked, scores)
    names = {
        rid: (hub.connections.by_id(p.connection_id).name, p.object_type, p.external_id)
        for rid, p in members.items()
        if rid in linked
    }
    links = matching.links(keys, must, found.cannot, edges, names, apart)
    for part in clustering.partition(names, links, apart, auto, cuts):
        clusters.update(dict.fromkeys(part, clustering.golden_id(part)))
    return clusters


def guard_of(
    conn: Connection, hub: Hub, kind: str, rids: Iterable[Rid], scores: Rescored | None = None
) -> matching.Guard:
    """Whether two records cannot be one by what they say; pairs are asked more than once, so answers are kept.

    `scores`: what comparing some of them found just now.
    """
    model = hub.rules.matching.get(kind)
    if model is None:
        return lambda _a, _b: False
    features, edges = (scores.features, scores.edges) if scores else ({}, {})
    missing = [rid for rid in rids if rid not in features]
    compared = {**features, **scored.features_of(conn, missing)} if missing else features
    known = {pair: bool(edge.reason["apart"]) for pair, edge in edges.items()}

    def apart(a: Rid, b: Rid) -> bool:
        pair = (a, b) if a < b else (b, a)
        if pair not in known:
            known[pair] = bool(model.apart(compared.get(a, {}), compared.get(b, {})))
        return known[pair]

    return apart
