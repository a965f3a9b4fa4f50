"""What a split means for the copies that the hub made at other systems: they go with their original.

A peer's record that is split from the record it was made or found for is somebody else from then on:
its target becomes its own, and the original gets a new one. Undoing the split gives it back.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from itertools import product

from hub.errors import ConflictError
from hub.flow.context import Hub
from hub.rules import register
from hub.store import decision
from hub.store import separate as store
from hub.store.database import Connection
from hub.store.decision import Act, Decision
from hub.store.record import Row

Rid = uuid.UUID


def with_copies(conn: Connection, hub: Hub, away: Sequence[Row], members: Sequence[Row]) -> set[Rid]:
    """The records to split off: those chosen, and the copies that the hub made of them.

    Errors: `ConflictError` when only a copy was chosen that has no content of its own: it cannot be somebody else.
    """
    rows = {row.rid: row for row in members}
    made = {rid: owner for _, owner, rid in store.made_for(conn, rows)}
    chosen = {row.rid for row in away}
    for row in away:
        original = rows.get(made.get(row.rid, row.rid), row)
        if original.rid not in chosen and register.decode(row.fold).own(register.STATE) is None:
            name = f"{hub.connections.by_id(original.key[0]).name}:{original.key[2]}"
            raise ConflictError(f"it is a copy that the hub made of {name}: split {name}, and the copy goes with it")
    return chosen | {rid for rid, owner in made.items() if owner in chosen and rid in rows}


def part(conn: Connection, hub: Hub, act: Act, chosen: Sequence[Row], members: Sequence[Row]) -> Rid:
    """Rules that some records are somebody else than the others of their cluster; copies go with their originals.

    Returns the act's id. Errors: `ConflictError` when nobody else is left.
    """
    away = with_copies(conn, hub, chosen, members)
    rest = [row.rid for row in members if row.rid not in away]
    if not rest:
        key = chosen[0].key
        name = f"{hub.connections.by_id(key[0]).name}:{key[2]}"
        raise ConflictError(f"{name} is the only source of this {act.kind}: nothing to split")
    group = decision.add_pairs(conn, act, "cannot", list(product(sorted(away), rest)))
    give_own_targets(conn, group, away)
    return group


def give_own_targets(conn: Connection, group: Rid, away: set[Rid]) -> None:
    """The targets of peers' records that leave their owners are theirs from now on; the act remembers whose they were."""
    for target_id, owner, rid in store.made_for(conn, away):
        if owner not in away:
            store.rehome(conn, target_id, rid)
            decision.remember(conn, group, (owner, rid), {"target": str(target_id), "owner": str(owner)})


def take_back_targets(conn: Connection, rows: Sequence[Decision], author: str) -> None:
    """Undoes `give_own_targets`: a target is its former owner's again, and what was never sent in its place is dropped.

    Where the owner got another record there meanwhile, both stay, and a ruling keeps them together.
    """
    for row in rows:
        if row.type != "cannot" or not isinstance(row.value, dict) or "target" not in row.value:
            continue
        target_id, owner = uuid.UUID(row.value["target"]), uuid.UUID(row.value["owner"])
        other = row.b if row.a == owner else row.a
        if store.drop_unsent(conn, target_id, owner):
            store.rehome(conn, target_id, owner)
        elif other is not None:
            act = Act(row.realm, row.kind, author, "a split was undone")
            decision.add_pairs(conn, act, "must", [(owner, other)])
