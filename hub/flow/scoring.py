"""The scored tier in T2: whom a record is compared with, and what that weighs. Runs under the kinds' turns."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from hub.flow.context import Hub
from hub.flow.keys import candidate_keys, compared, key_rows, keys_in
from hub.rules.identity.model import COLD, MatchModel
from hub.store import hot_key, scored
from hub.store import record as record_store
from hub.store.database import Connection
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
    record_store.replace_match_keys(conn, list(rows), keys)


def rescore(conn: Connection, hub: Hub, turns: Mapping[Rid, Turn]) -> set[Rid]:
    """Compares records (rid -> realm, kind) with all who share a candidate key; keeps the edges that count, drops others.

    Returns the records at an end of an edge that is there, or was. Idempotent. The weight is of the pair and the model, but for values that too many carry: they count as missing.
    """
    models = {rid: hub.rules.matching[kind] for rid, (_, kind) in turns.items() if kind in hub.rules.matching}
    if not models:
        return set()
    namespaces = sorted({name for model in models.values() for name in model.namespaces})
    pairs = scored.candidates(conn, models, namespaces)
    before = scored.edges_of(conn, models)
    if not pairs and not before:
        return set()
    features = scored.features_of(conn, {rid for pair in pairs for rid in pair})
    hot = _hot_values(conn, hub, {rid: turns.get(a) or turns[b] for a, b in pairs for rid in (a, b)}, features)
    now: dict[Pair, StoredEdge] = {}
    for a, b in pairs:
        edge = _edge(models.get(a) or models[b], (a, b), features, hot.get(a, COLD) | hot.get(b, COLD))
        if edge is not None:
            now[a, b] = edge
    scored.replace_edges(conn, before.keys() - now.keys(), [e for pair, e in now.items() if before.get(pair) != e])
    return {rid for pair in before.keys() | now.keys() for rid in pair}


def _edge(model: MatchModel, pair: Pair, features: Mapping[Rid, Features], hot: Values) -> StoredEdge | None:
    a, b = (features.get(rid) for rid in pair)
    if not a or not b:
        return None
    score = model.score(a, b, hot)
    relation = model.relation(a, b, hot) or None
    if score.weight < model.review and relation is None:
        return None
    parts = [[part.name, part.level, part.weight] for part in score.parts]
    return StoredEdge(*pair, score.weight, {"parts": parts, "apart": model.apart(a, b)}, relation)


def _hot_values(
    conn: Connection, hub: Hub, turns: Mapping[Rid, Turn], features: Mapping[Rid, Features]
) -> dict[Rid, Values]:
    """rid -> (namespace, value) of what too many carry, of both sides of the pairs: a number may be like one that many carry."""
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
