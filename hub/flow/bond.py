"""What holds the records of one cluster together: shared keys, scores, people's rulings, copies the hub made.

And where it would part: every other record stays with the one that it is tied to most strongly.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from hub.flow.context import Hub
from hub.rules.clustering import CERTAIN
from hub.rules.matching import GUARDED_KEY
from hub.store import bond as store
from hub.store.bond import KeyRow, NearRow, Ties
from hub.store.database import Connection
from hub.store.decision import Decision
from hub.store.dossier import Dossier

Rid = uuid.UUID
FEW = 4
_ORDER = {"must": 0, "cannot": 1, "copy": 2, "key": 3, "score": 4}


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


@dataclass(slots=True)
class Bonds:
    """The bonds inside a cluster, the strongest reasons first, and its scored edges to records of others."""

    inside: list[Bond] = field(default_factory=list)
    near: list[NearRow] = field(default_factory=list)


def bonds(conn: Connection, hub: Hub, row: Dossier, rulings: Iterable[Decision]) -> Bonds:
    """What ties the members of a golden record. `rulings`: the decisions about them. One statement."""
    own = {member.rid for member in row.members}
    ties = store.ties(conn, row.kind, row.id, own)
    found = [
        Bond(one.a, one.b, one.type, one.author, None, one.group_id, one.reason)
        for one in rulings
        if one.type in ("must", "cannot") and one.revoked_at is None and one.b is not None and {one.a, one.b} <= own
    ]
    found += [Bond(min(pair), max(pair), "copy") for pair in ties.copies]
    found += _key_bonds(ties.keys, _guard(hub, row.kind, ties))
    found += [
        Bond(
            edge.a, edge.b, "score", "", edge.weight, parts=tuple((n, level, w) for n, level, w in edge.reason["parts"])
        )
        for edge in ties.edges
        if not edge.relation
    ]
    ranked = sorted(found, key=lambda bond: (_ORDER[bond.why], -(bond.weight or 0), bond.a, bond.b))
    return Bonds(ranked, ties.near)


def _guard(hub: Hub, kind: str, ties: Ties) -> Callable[[Rid, Rid], bool]:
    """Whether two records cannot be one by what they say."""
    model = hub.rules.matching.get(kind)
    if model is None:
        return lambda _a, _b: False
    return lambda a, b: bool(model.apart(ties.features.get(a, {}), ties.features.get(b, {})))


def _key_bonds(keys: Iterable[KeyRow], apart: Callable[[Rid, Rid], bool]) -> list[Bond]:
    carriers: dict[tuple[str, str], list[tuple[Rid, bool]]] = {}
    for key in keys:
        carriers.setdefault((key.digest, key.namespace), []).append((key.rid, key.guarded))
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


def sides(members: Collection[Rid], inside: Sequence[Bond], a: Rid, b: Rid) -> tuple[set[Rid], set[Rid]]:
    """The two sides of a cluster that is parted between `a` and `b`: (the one of `a`, the one of `b`). Pure.

    The strongest bonds are kept first, as long as they do not join the two again: what the hub copied goes with its
    original, what a person joined stays together, then by weight. Who is tied to nobody stays with the smallest id.
    """
    side = {rid: {rid} for rid in members}
    # A copy is the hub's own record of another: only after it a person's word.
    strength = {"copy": 0, "must": 1, "key": 2, "score": 2}
    ranked = sorted(
        (bond for bond in inside if bond.why in strength),
        key=lambda bond: (strength[bond.why], -(bond.weight or 0), bond.a, bond.b),
    )
    for bond in ranked:
        one, other = side[bond.a], side[bond.b]
        if one is not other and not ({a, b} <= one | other):
            one |= other
            side |= dict.fromkeys(other, one)
    ours, theirs = side[a], side[b]
    home = ours if min(ours | theirs) in ours else theirs
    home |= set(members) - ours - theirs
    return ours, theirs
