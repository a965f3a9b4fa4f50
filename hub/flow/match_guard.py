"""What keeps the two sides of a pair from being one: guards between any two of their records."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence

from hub.errors import ConflictError
from hub.flow.context import Hub
from hub.model.identifier import format_id
from hub.rules.identity.model import MatchModel
from hub.store import match_near as near_store
from hub.store import resolve as store
from hub.store.database import Connection
from hub.store.match_item import Waiting

Rid = uuid.UUID


def sides(conn: Connection, pairs: Sequence[Waiting]) -> dict[Rid, tuple[set[Rid], set[Rid]]]:
    """item id -> the records of both sides as they are now. `ConflictError` for a pair that is one already."""
    homes = store.clusters_of(conn, {rid for found in pairs for rid in (found.a, found.b)})
    members: dict[Rid, set[Rid]] = {}
    for rid, cluster in store.members(conn, set(homes.values())).items():
        members.setdefault(cluster, set()).add(rid)
    found: dict[Rid, tuple[set[Rid], set[Rid]]] = {}
    for pair in pairs:
        left, right = homes.get(pair.a), homes.get(pair.b)
        shown = format_id("itm", pair.id)
        if left is None or right is None:
            raise ConflictError(f"{shown}: one of the two records is gone: there is nothing to answer")
        if left == right:
            raise ConflictError(f"{shown}: the two are one record by now: there is nothing to answer")
        found[pair.id] = (members[left], members[right])
    return found


def between(conn: Connection, hub: Hub, pair: Waiting, left: Iterable[Rid], right: Iterable[Rid]) -> set[str]:
    """The guards that stand between records of both sides, by name: what of them cannot be one person's."""
    model = model_of(hub, pair.kind)
    if model is None:
        return set()
    one, other = list(left), list(right)
    known = near_store.features(conn, [*one, *other])
    found = {model.apart(known[a], known[b]) for a in one for b in other if a in known and b in known}
    return {name for name in found if name}


def model_of(hub: Hub, kind: str) -> MatchModel | None:
    """The matching model in force for a kind; None where it has none."""
    return hub.rules.matching.get(kind)
