"""What links records: certain keys, and the edges that the scored tier found.

A unionid, a member number, a payment's reference link by themselves. A verified phone or e-mail
links only where nothing keeps both apart, since phones are shared by households and recycled.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from itertools import combinations

from hub.rules.clustering import CERTAIN, Edge, Links

Rid = uuid.UUID
Guard = Callable[[Rid, Rid], bool]
GUARDED_KEY = CERTAIN // 2


def links(
    keys: Iterable[tuple[bytes, Rid, str, bool]],
    must: Iterable[tuple[Rid, Rid, Rid | None]],
    cannot: Iterable[tuple[Rid, Rid]],
    edges: Iterable[tuple[Rid, Rid, int]],
    names: Mapping[Rid, tuple[str, ...]],
    apart: Guard,
) -> Links:
    """Everything that decides the partition of the records in `names`.

    Decided links first, in the order of their decision ids; then links to records the hub created,
    by source key. `apart`: whether two records cannot be one by what they say.
    """
    decided = sorted((d for d in must if d[2] is not None), key=lambda d: str(d[2]))
    created = sorted((d for d in must if d[2] is None), key=lambda d: (names.get(d[0], ()), names.get(d[1], ())))
    found = {(min(a, b), max(a, b)): weight for a, b, weight in edges}
    for (a, b), weight in _key_edges(keys, apart).items():
        found[a, b] = max(weight, found.get((a, b), 0))
    return Links(
        [(a, b) for a, b, _ in [*decided, *created]],
        {frozenset(pair) for pair in cannot},
        [Edge(a, b, weight) for (a, b), weight in found.items()],
    )


def _key_edges(keys: Iterable[tuple[bytes, Rid, str, bool]], apart: Guard) -> dict[tuple[Rid, Rid], int]:
    carriers: dict[bytes, list[tuple[Rid, bool]]] = {}
    for digest, rid, _, guarded in keys:
        carriers.setdefault(digest, []).append((rid, guarded))
    found: dict[tuple[Rid, Rid], int] = {}
    for sharing in carriers.values():
        for (a, a_guarded), (b, b_guarded) in combinations(sorted(set(sharing)), 2):
            guarded = a_guarded or b_guarded
            if guarded and apart(a, b):
                continue
            found[a, b] = max(found.get((a, b), 0), GUARDED_KEY if guarded else CERTAIN)
    return found
