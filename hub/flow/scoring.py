"""The scored tier in T2: whom a record is compared with, and what that weighs. Runs under the kinds' turns."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from hub.flow.context import Hub
from hub.flow.keys import candidate_keys, compared, digest_of, key_rows, keys_in
from hub.rules.identity.keys import NAMESPACE
from hub.rules.identity.model import COLD, MatchModel, Score
from hub.rules.identity.spec import IDENTITY
from hub.store import hot_key, match_key, scored
from hub.store import record as record_store
from hub.store.database import Connection
from hub.store.hot_key import Shared
from hub.store.scored import Pair, StoredEdge

Rid = uuid.UUID
Turn = tuple[str, str]
Features = Mapping[str, Any]
Values = frozenset[tuple[str, str]]


def rekey(conn: Connection, hub: Hub, rids: Iterable[Rid]) -> None:
    """Makes what is compared of these records, and all their keys, again from what they say. Idempotent; locks them."""
    rows = record_store.lock_rids(conn, rids)
    found = {rid: compared(hub, row.kind, row.fold) for rid, row in rows.items()}
    scored.put_features(conn, {rid: features for rid, features in found.items() if features is not None})
    keys = []
    for rid, row in rows.items():
        own = [*keys_in(hub, row.kind, row.fold), *candidate_keys(hub, row.kind, found[rid])]
        keys.extend(key_rows(hub, row.kind, row.realm, rid, own))
    match_key.replace(conn, list(rows), keys)


@dataclass(slots=True)
class Rescored:
    """What came of comparing some records anew: their scored edges now, the records at an end of one that is there or was,
    and what is compared of all that were looked at."""

    edges: dict[Pair, StoredEdge] = field(default_factory=dict)
    ends: set[Rid] = field(default_factory=set)
    features: dict[Rid, dict[str, Any]] = field(default_factory=dict)


def rescore(conn: Connection, hub: Hub, turns: Mapping[Rid, Turn], shared: Iterable[Shared]) -> Rescored:
    """Compares records (rid -> realm, kind) with all who share a candidate key; keeps the edges that count, drops others.

    `shared`: the keys that they share. Idempotent. The weight is of the pair and the model, but for values that too many carry:
    they count as missing.
    """
    models = {rid: hub.rules.matching[kind] for rid, (_, kind) in turns.items() if kind in hub.rules.matching}
    if not models:
        return Rescored()
    near = _Near(models, shared)
    before = scored.edges_of(conn, models)
    if not near.pairs and not before:
        return Rescored()
    features = scored.features_of(conn, near.rids)
    now = {edge.pair: edge for edge in _edges(conn, hub, turns, near, features)}
    # All that these records have was read, and nobody else writes edges of their kind meanwhile.
    added = list(now.values())
    if before:
        scored.remove_edges(conn, before.keys() - now.keys())
        added = [edge for pair, edge in now.items() if pair not in before]
        scored.set_edges(conn, [edge for pair, edge in now.items() if before.get(pair, edge) != edge])
    scored.add_edges(conn, added)
    ends = {rid for edge in now.values() for rid in edge.pair}
    return Rescored(now, ends.union(*before), features)


class _Near:
    """Whom some records are compared with. Records go by their place in `rids`: an id is hashed far slower than a number,
    and a comparison asks for either side a dozen times. `pairs`: each once; the first of a pair is one of those records."""

    def __init__(self, models: Mapping[Rid, MatchModel], shared: Iterable[Shared]) -> None:
        self.places: dict[Rid, int] = {rid: place for place, rid in enumerate(models)}
        self.models = list(models.values())
        place_of, pairs, own = self.places.setdefault, set[tuple[int, int]](), len(self.models)
        for _, namespace, rids, _, _ in shared:
            carriers = [place_of(rid, len(self.places)) for rid in rids]
            for one in carriers:
                if one < own and namespace in self.models[one].gives_candidates:
                    # Two have several keys in common, as a rule, and both may be of these records.
                    pairs.update([(one, other) if one < other else (other, one) for other in carriers if other != one])
        self.pairs = pairs
        self.rids = list(self.places)


def _edges(
    conn: Connection, hub: Hub, turns: Mapping[Rid, Turn], near: _Near, features: Mapping[Rid, Features]
) -> list[StoredEdge]:
    """The edges that count. What too many carry is missing on both sides: a number may be like one that many carry.

    Of the other sides it is looked up only where it can matter: most pairs have little in common whatever is missing.
    """
    compared = [features.get(rid) for rid in near.rids]
    own = len(near.models)
    hot = _hot_values(conn, hub, {rid: turns[rid] for rid in near.rids[:own]}, near, compared)
    weighed: list[_Weighed] = []
    for a, b in near.pairs:
        left, right = compared[a], compared[b]
        if left and right:
            model = near.models[a]
            found = _weigh(model, (a, b), left, right, hot)
            if found.relation or _most(model, found.score) >= model.review:
                weighed.append(found)
    others = {near.rids[b]: turns[near.rids[a]] for a, b in (one.pair for one in weighed) if b >= own}
    more = _hot_values(conn, hub, others, near, compared) if others else {}
    if more:
        every = {**hot, **more}
        weighed = [_weighed_again(one, compared, every) if one.pair[1] in more else one for one in weighed]
    return [_edge(one, near.rids) for one in weighed if one.relation or one.score.weight >= one.model.review]


class _Weighed(NamedTuple):
    """What a pair weighs, what keeps both apart, and what the two are to each other. `pair`: their places in `_Near.rids`."""

    model: MatchModel
    pair: tuple[int, int]
    score: Score
    apart: str
    relation: str


def _weigh(
    model: MatchModel, pair: tuple[int, int], left: Features, right: Features, hot: Mapping[int, Values]
) -> _Weighed:
    many = hot.get(pair[0], COLD) | hot.get(pair[1], COLD) if hot else COLD
    score, apart = model.weigh(left, right, many)
    return _Weighed(model, pair, score, apart, model.kinship(left, right, many) if apart else "")


def _weighed_again(one: _Weighed, compared: Sequence[Features | None], hot: Mapping[int, Values]) -> _Weighed:
    a, b = one.pair
    return _weigh(one.model, one.pair, compared[a] or {}, compared[b] or {}, hot)


def _most(model: MatchModel, score: Score) -> int:
    """The most that a pair may weigh when values of one side alone turn out to be missing: what they are compared by is at another level."""
    return score.weight + sum(
        _best_unlike(model, part.name) - part.weight
        for part in score.parts
        if part.level != "same" and (part.name in ("phone", "email") or part.name.startswith(IDENTITY))
    )


@lru_cache(maxsize=64)
def _best_unlike(model: MatchModel, name: str) -> int:
    return max(0, *(level.weight for word, level in model.spec.comparisons[name].items() if word != "same"))


def _edge(one: _Weighed, rids: Sequence[Rid]) -> StoredEdge:
    a, b = rids[one.pair[0]], rids[one.pair[1]]
    parts = [[part.name, part.level, part.weight] for part in one.score.parts]
    reason = {"parts": parts, "apart": one.apart}
    return StoredEdge(*((a, b) if a < b else (b, a)), one.score.weight, reason, one.relation or None)


def _hot_values(
    conn: Connection, hub: Hub, turns: Mapping[Rid, Turn], near: _Near, compared: Sequence[Features | None]
) -> dict[int, Values]:
    """Place in `near` -> (namespace, value) of what too many carry, of these records; of those that carry no such thing nothing."""
    found: dict[Rid, set[bytes]] = {}
    for rid, digest in hot_key.of_records(conn, turns, NAMESPACE):
        found.setdefault(rid, set()).add(digest)
    values: dict[int, Values] = {}
    for rid, digests in found.items():
        place = near.places[rid]
        own = compared[place]
        if own:
            realm, kind = turns[rid]
            evidence = hub.rules.matching[kind].evidence(own)
            hot = [(key.namespace, key.value) for key in evidence if digest_of(hub, realm, kind, key) in digests]
            if hot:
                values[place] = frozenset(hot)
    return values
