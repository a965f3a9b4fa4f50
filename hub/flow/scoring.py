"""The scored tier in T2: whom a record is compared with, and what that weighs. Runs under the kinds' turns."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from hub.flow.context import Hub
from hub.flow.keys import candidate_keys, compared, key_rows, keys_in
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
    pairs = _candidates(models, shared)
    before = scored.edges_of(conn, models)
    if not pairs and not before:
        return Rescored()
    features = scored.features_of(conn, {rid for pair in pairs for rid in pair})
    now = _edges(conn, hub, turns, pairs, features)
    scored.remove_edges(conn, before.keys() - now.keys())
    # All that these records have was read, and nobody else writes edges of their kind meanwhile.
    scored.add_edges(conn, [edge for pair, edge in now.items() if pair not in before])
    scored.set_edges(conn, [edge for pair, edge in now.items() if before.get(pair, edge) != edge])
    return Rescored(now, {rid for pair in before.keys() | now.keys() for rid in pair}, features)


def _candidates(models: Mapping[Rid, MatchModel], shared: Iterable[Shared]) -> set[Pair]:
    """Pairs (a < b) of one of these records with whoever shares a candidate key of its model, each once."""
    near: dict[Rid, set[Rid]] = {}
    for _, namespace, rids, _, _ in shared:
        for rid in rids:
            model = models.get(rid)
            if model is not None and namespace in model.gives_candidates:
                near.setdefault(rid, set()).update(rids)
    # Two have several keys in common, as a rule: each pair is put in order once.
    return {(a, b) if a < b else (b, a) for a, others in near.items() for b in others if b is not a and b != a}


def _edges(
    conn: Connection, hub: Hub, turns: Mapping[Rid, Turn], pairs: Iterable[Pair], features: Mapping[Rid, Features]
) -> dict[Pair, StoredEdge]:
    """The edges that count. What too many carry is missing on both sides: a number may be like one that many carry.

    Of the other sides it is looked up only where it can matter: most pairs have little in common whatever is missing.
    """
    hot = _hot_values(conn, hub, turns, features)
    weighed: list[_Weighed] = []
    for a, b in pairs:
        if features.get(a) and features.get(b):
            model = hub.rules.matching[(turns.get(a) or turns[b])[1]]
            found = _weigh(model, (a, b), features, hot)
            if found.relation or _most(model, found.score) >= model.review:
                weighed.append(found)
    others = {
        rid: turns.get(one.pair[0]) or turns[one.pair[1]] for one in weighed for rid in one.pair if rid not in turns
    }
    more = _hot_values(conn, hub, others, features) if others else {}
    if more:
        every = {**hot, **more}
        weighed = [
            one if more.keys().isdisjoint(one.pair) else _weigh(one.model, one.pair, features, every) for one in weighed
        ]
    return {one.pair: _edge(one) for one in weighed if one.relation or one.score.weight >= one.model.review}


class _Weighed(NamedTuple):
    """What a pair weighs, what keeps both apart, and what the two are to each other."""

    model: MatchModel
    pair: Pair
    score: Score
    apart: str
    relation: str


def _weigh(model: MatchModel, pair: Pair, features: Mapping[Rid, Features], hot: Mapping[Rid, Values]) -> _Weighed:
    a, b = pair
    left, right = features[a], features[b]
    many = hot.get(a, COLD) | hot.get(b, COLD) if hot else COLD
    score, apart = model.weigh(left, right, many)
    return _Weighed(model, pair, score, apart, model.kinship(left, right, many) if apart else "")


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


def _edge(one: _Weighed) -> StoredEdge:
    parts = [[part.name, part.level, part.weight] for part in one.score.parts]
    return StoredEdge(*one.pair, one.score.weight, {"parts": parts, "apart": one.apart}, one.relation or None)


def _hot_values(
    conn: Connection, hub: Hub, turns: Mapping[Rid, Turn], features: Mapping[Rid, Features]
) -> dict[Rid, Values]:
    """rid -> (namespace, value) of what too many carry, of these records."""
    found: dict[Rid, set[bytes]] = {}
    for rid, digest in hot_key.of_records(conn, turns):
        found.setdefault(rid, set()).add(digest)
    values: dict[Rid, Values] = {}
    for rid, digests in found.items():
        realm, kind = turns[rid]
        model, own = hub.rules.matching.get(kind), features.get(rid)
        if model is not None and own:
            values[rid] = frozenset(
                (key.namespace, key.value)
                for key in model.evidence(own)
                if hub.keyring.blind(hub.blind_key, realm, kind, key.namespace, key.scope, key.value) in digests
            )
    return values
