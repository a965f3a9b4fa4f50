"""What holds the records of one cluster together: shared keys, scores, people's rulings, copies the hub made."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from hub.flow.cluster import guard_of
from hub.flow.context import Hub
from hub.rules.clustering import CERTAIN
from hub.rules.matching import GUARDED_KEY, Guard
from hub.store import resolve as store
from hub.store import scored
from hub.store.database import Connection
from hub.store.decision import Decision
from hub.store.dossier import MemberRow

Rid = uuid.UUID
FEW = 4


@dataclass(frozen=True, slots=True)
class Bond:
    """Why two records are one, or may not be. `why`: key, score, must, cannot or copy.

    `note`: the namespace of a key, the author of a ruling. `weight` in thousandths, None where it is no matter of
    weight. `act`: the ruling's act. `parts` of a score: comparison, level, weight; they sum to it.
    """

    a: Rid
    b: Rid
    why: str
    note: str = ""
    weight: int | None = None
    act: Rid | None = None
    reason: str = ""
    parts: tuple[tuple[str, str, int], ...] = ()


def bonds(
    conn: Connection, hub: Hub, kind: str, members: Sequence[MemberRow], rulings: Iterable[Decision]
) -> list[Bond]:
    """The bonds between `members`, the strongest reasons first. `rulings`: the decisions about them. Five statements."""
    own = {member.rid for member in members}
    near = store.neighbours(conn, own, None)
    apart = guard_of(conn, hub, kind, own)
    found = [
        Bond(row.a, row.b, row.type, row.author, None, row.group_id, row.reason)
        for row in rulings
        if row.type in ("must", "cannot") and row.revoked_at is None and row.b is not None and {row.a, row.b} <= own
    ]
    found += [Bond(min(a, b), max(a, b), "copy") for a, b, decided in near.must if decided is None and {a, b} <= own]
    found += _key_bonds([key for key in near.keys if key[1] in own], apart)
    found += [
        Bond(
            edge.a, edge.b, "score", "", edge.weight, parts=tuple((n, level, w) for n, level, w in edge.reason["parts"])
        )
        for edge in scored.edges_of(conn, own).values()
        if {edge.a, edge.b} <= own and edge.relation is None
    ]
    order = {"must": 0, "cannot": 1, "copy": 2, "key": 3, "score": 4}
    return sorted(found, key=lambda bond: (order[bond.why], -(bond.weight or 0), bond.a, bond.b))


def _key_bonds(keys: Iterable[tuple[bytes, Rid, str, bool]], apart: Guard) -> list[Bond]:
    carriers: dict[tuple[bytes, str], list[tuple[Rid, bool]]] = {}
    for digest, rid, namespace, guarded in keys:
        carriers.setdefault((digest, namespace), []).append((rid, guarded))
    found: dict[tuple[Rid, Rid, str], Bond] = {}
    for (_, namespace), sharing in carriers.items():
        # Many with one key: each with the first says it all.
        few = sorted(set(sharing))
        pairs = combinations(few, 2) if len(few) <= FEW else ((few[0], other) for other in few[1:])
        for (a, a_guarded), (b, b_guarded) in pairs:
            guarded = a_guarded or b_guarded
            if a != b and not (guarded and apart(a, b)):
                weight = GUARDED_KEY if guarded else CERTAIN
                found[a, b, namespace] = Bond(a, b, "key", namespace, weight)
    return list(found.values())
