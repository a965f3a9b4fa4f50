"""Parting a golden record between two of its sources: each other source stays with the one it is tied to most strongly."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from hub.errors import ConflictError, NotFoundError
from hub.flow import separate, stewardship
from hub.flow.bond import bonds, sides
from hub.flow.context import Hub
from hub.flow.stewardship import Work
from hub.model.identifier import format_id
from hub.store import decision, dossier
from hub.store import record as record_store
from hub.store import resolve as store
from hub.store.database import Connection
from hub.store.dossier import Dossier

Rid = uuid.UUID
SourceKey = tuple[str, str]
"""Connection and external id."""


def sides_of(conn: Connection, hub: Hub, row: Dossier, a: Rid, b: Rid) -> tuple[set[Rid], set[Rid]]:
    """Both sides of a golden record when it is parted between two of its sources. `NotFoundError` when it has not both."""
    rids = {member.rid for member in row.members}
    if a == b or not {a, b} <= rids:
        raise NotFoundError("these are not two sources of this record")
    rulings = decision.about(conn, sorted(rids))
    return sides(rids, bonds(conn, hub, row, rulings).inside, a, b)


def away_of(row: Dossier, found: tuple[Collection[Rid], Collection[Rid]]) -> set[Rid]:
    """The side that gets a record of its own: the one that does not hold the smallest id, which the others keep."""
    ours, theirs = found
    return set(theirs if min(member.rid for member in row.members) in ours else ours)


def cut(hub: Hub, kind: str, id_: Rid, a: Rid, b: Rid, author: str, reason: str = "") -> Rid:
    """Rules that both sides are two. Returns the act's id, which `stewardship.undo` takes.

    Errors: `NotFoundError` when `a` and `b` are not two sources of it; `ConflictError` for a copy the hub made.
    """
    with hub.db.session() as conn:
        row = dossier.load(conn, id_)
        if row is None:
            raise NotFoundError(f"there is no {kind} of id {id_}")
        away = away_of(row, sides_of(conn, hub, row, a, b))
    return stewardship.carry_out(hub, cutting(hub, kind, id_, away, author, reason), "split", author, reason)


def cut_between(hub: Hub, kind: str, id_: Rid, own: SourceKey, other: SourceKey, author: str, reason: str = "") -> Rid:
    """`cut` between two sources that are named as people know them: (connection, external id). Errors as `cut`."""
    with hub.db.session() as conn:
        row = dossier.load(conn, id_)
    members = row.members if row else []
    rids = []
    for connection, external_id in (own, other):
        known = hub.connections.by_name(connection).id
        fits = [one.rid for one in members if (one.connection_id, one.external_id) == (known, external_id)]
        if not fits:
            raise NotFoundError(f"{connection}:{external_id} is not a source of this {kind}")
        rids.append(fits[0])
    return cut(hub, kind, id_, rids[0], rids[1], author, reason)


def cutting(hub: Hub, kind: str, id_: Rid, away: Collection[Rid], author: str, reason: str) -> Work:
    """What `cut` does in its transaction, with the side that goes."""

    def work(conn: Connection) -> tuple[Rid, set[Rid]]:
        (cluster,) = stewardship.clusters_named(conn, kind, [id_])
        members = record_store.load_rids(conn, store.members(conn, [cluster]))
        chosen = [row for row in members if row.rid in away]
        if len(chosen) != len(away):
            shown = format_id(hub.registry.kinds[kind].prefix, id_)
            raise ConflictError(f"{shown} has changed since you looked: look at its two sides again")
        act = stewardship.act_about(conn, kind, cluster, author, reason)
        return separate.part(conn, hub, act, chosen, members), {row.rid for row in members}

    return work
