"""Many records at once, in memory: candidates, scores, clusters. What the store finds record by record, for previews and judging."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from hub.rules.clustering import CERTAIN, Edge, Links, partition
from hub.rules.identity.model import Hot, MatchModel, Score

Rid = uuid.UUID
Features = Mapping[str, Any]
CAP = 50
"""A key of more records gives no candidates, a value of more no evidence."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A pair, `a < b`, at or above the lower threshold. `apart`: what keeps both from being one, or ""."""

    a: Rid
    b: Rid
    score: Score
    apart: str


@dataclass(frozen=True, slots=True)
class Batch:
    """The clusters of all records, the pairs that were found, how many were compared."""

    clusters: list[frozenset[Rid]]
    scored: list[Scored]
    compared: int


def match(
    names: Mapping[Rid, tuple[str, ...]],
    features: Mapping[Rid, Features],
    model: MatchModel,
    certain: Iterable[tuple[Rid, Rid]] = (),
    links: Links | None = None,
) -> Batch:
    """Compares and partitions the records of `names` (rid -> source key).

    `certain`: pairs that a deterministic key links. `links`: people's decisions, if any; its edges count too.
    The order of the records does not matter.
    """
    pairs = candidates(features, model)
    hot = hot_values(features, model)
    scored = list(_scored(pairs, features, model, hot))
    decided = links or Links([], set(), [])
    edges = [Edge(min(a, b), max(a, b), CERTAIN) for a, b in certain]
    edges += [
        Edge(one.a, one.b, min(one.score.weight, CERTAIN - 1)) for one in scored if one.score.weight >= model.auto
    ]

    def guarded(a: Rid, b: Rid) -> bool:
        return model.apart(features.get(a, {}), features.get(b, {})) != ""

    found = Links(decided.must, decided.cannot, [*decided.edges, *edges])
    return Batch(partition(names, found, guarded, model.auto), scored, len(pairs))


def candidates(features: Mapping[Rid, Features], model: MatchModel) -> list[tuple[Rid, Rid]]:
    """The pairs that have a key in common which at most `CAP` records have, sorted."""
    carriers: dict[tuple[str, str], list[Rid]] = defaultdict(list)
    for rid, one in features.items():
        for key in model.keys_of(one):
            carriers[key.namespace, key.value].append(rid)
    return sorted(
        {pair for sharing in carriers.values() if 1 < len(sharing) <= CAP for pair in combinations(sorted(sharing), 2)}
    )


def hot_values(features: Mapping[Rid, Features], model: MatchModel) -> Hot:
    """The values that more than `CAP` records carry."""
    counts = Counter((key.namespace, key.value) for one in features.values() for key in model.evidence(one))
    return frozenset(value for value, count in counts.items() if count > CAP)


def _scored(
    pairs: Iterable[tuple[Rid, Rid]], features: Mapping[Rid, Features], model: MatchModel, hot: Hot
) -> Iterator[Scored]:
    for a, b in pairs:
        score, apart = model.weigh(features[a], features[b], hot)
        if score.weight >= model.review:
            yield Scored(a, b, score, apart)
