"""What an answer about a pair decides: which records are one from now on, or are not, whoever sends what."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from hub.errors import ConfigError, ConflictError
from hub.flow import match_guard
from hub.flow.context import Hub
from hub.flow.stewardship import Work
from hub.model.identifier import format_id
from hub.store import decision
from hub.store import match_near as near_store
from hub.store import resolve as resolve_store
from hub.store.database import Connection, new_id
from hub.store.decision import Act
from hub.store.match_item import Waiting

Rid = uuid.UUID


def joining(hub: Hub, found: Waiting, by: str, reason: str) -> Work:
    """What `same` decides, without an answer: to look at what would come of it."""

    def work(conn: Connection) -> tuple[Rid, set[Rid]]:
        group = new_id()
        return group, rule(conn, hub, [found], by, "same", reason, group)

    return work


def rule(
    conn: Connection,
    hub: Hub,
    pairs: Sequence[Waiting],
    by: str,
    said: str,
    reason: str,
    group: Rid,
    *,
    may_override: bool = True,
) -> set[Rid]:
    """Adds the decisions of one answer about some pairs to `group`; returns the records concerned.

    Errors: those of `answer`; `may_override` False: `ConfigError` for `same` in spite of a guard, whatever the reason.
    """
    sides = match_guard.sides(conn, pairs)
    concerned: set[Rid] = set()
    for found in pairs:
        left, right = sides[found.id]
        act = Act(found.realm, found.kind, by, reason)
        concerned |= left | right
        if said == "same":
            links = _joining(conn, hub, found, left, right, reason if may_override else "")
            decision.add_pairs(conn, act, "must", links, group=group)
        else:
            note = {"relation": "household"} if said == "household" else None
            decision.add_pairs(conn, act, "cannot", _parting(conn, found, left, right), group=group, value=note)
    return concerned


def _joining(
    conn: Connection, hub: Hub, found: Waiting, left: set[Rid], right: set[Rid], reason: str
) -> list[tuple[Rid, Rid]]:
    for ruled in decision.live(conn, sorted(left | right), ("cannot",)):
        if (ruled.a in left and ruled.b in right) or (ruled.a in right and ruled.b in left):
            shown = format_id("dec", ruled.group_id)
            raise ConflictError(f"{ruled.author} ruled them apart on {ruled.created_at:%Y-%m-%d}: undo {shown} first")
    guards = match_guard.between(conn, hub, found, left, right)
    if (guards or found.apart) and not reason.strip():
        names = ", ".join(sorted(guards | {found.apart} - {""}))
        raise ConfigError(f"the two differ in {names}, which keeps them apart: say why they are one all the same")
    if not guards:
        return [(found.a, found.b)]
    # Every record by itself: one of them must not be lost to a guard against the other side.
    first, *rest = sorted(left | right)
    return [(first, other) for other in rest]


def _parting(conn: Connection, found: Waiting, left: set[Rid], right: set[Rid]) -> list[tuple[Rid, Rid]]:
    """Every pair that anything speaks for: one is enough while those two stay, more hold when one of them leaves."""
    clusters = resolve_store.clusters_of(conn, [found.a, found.b])
    edges = near_store.between(conn, clusters[found.a], clusters[found.b])
    pairs = {(min(found.a, found.b), max(found.a, found.b))} | {(edge.a, edge.b) for edge in edges}
    return sorted(pair for pair in pairs if set(pair) <= left | right)
