"""What a steward does: merge, split, pin, and undo. Each act is a decision; T2 draws the consequences.

Every function commits the decision, then runs T2 until its marks are worked off (at most ten seconds:
after that the workers finish it), so that the caller sees the outcome. Each returns the act's id, which `undo` takes.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from hub.errors import ConfigError, ConflictError, NotFoundError
from hub.flow import resolve, separate
from hub.flow.context import Hub
from hub.model.identifier import format_id, parse_id
from hub.model.schema import check_field
from hub.store import audit, decision, item, match_answer
from hub.store import record as record_store
from hub.store import resolve as store
from hub.store.database import Connection
from hub.store.decision import Act

Rid = uuid.UUID
SETTLE_S = 10.0
SETTLE_STEP_S = 0.02
Work = Callable[[Connection], tuple[Rid, set[Rid]]]
"""The part of an act that is decided in one transaction: returns the act's id and the records it concerns."""


def merge(hub: Hub, kind: str, ids: Sequence[Rid], author: str, reason: str = "") -> Rid:
    """Rules that the golden records of `ids` are one. Permanent until undone; the next sync does not undo it.

    Errors: `NotFoundError`; `ConflictError` when they are one already, or were ruled apart before.
    """
    return carry_out(hub, merging(kind, ids, author, reason), "merge", author, reason)


def merging(kind: str, ids: Sequence[Rid], author: str, reason: str) -> Work:
    """What `merge` does in its transaction."""

    def work(conn: Connection) -> tuple[Rid, set[Rid]]:
        clusters = clusters_named(conn, kind, ids)
        if len(clusters) < 2:
            raise ConflictError("these are one record already: nothing to merge")
        members = store.members(conn, clusters)
        _refuse_if_split(conn, members)
        # Every record by itself: a link inside one of the clusters must not lose to a guard against the other.
        first, *rest = sorted(members)
        act = act_about(conn, kind, first, author, reason)
        group = decision.add_pairs(conn, act, "must", [(first, other) for other in rest])
        return group, set(members)

    return work


def split(hub: Hub, kind: str, id_: Rid, connection: str, external_id: str, author: str, reason: str = "") -> Rid:
    """Rules that one source record is somebody else than the rest of its golden record; the hub's copies of it go along.

    Errors: `NotFoundError` when the source is not part of it; `ConflictError` when it stands alone.
    """
    work = splitting(hub, kind, id_, connection, external_id, author, reason)
    return carry_out(hub, work, "split", author, reason)


def splitting(hub: Hub, kind: str, id_: Rid, connection: str, external_id: str, author: str, reason: str) -> Work:
    """What `split` does in its transaction."""

    def work(conn: Connection) -> tuple[Rid, set[Rid]]:
        (cluster,) = clusters_named(conn, kind, [id_])
        members = record_store.load_rids(conn, store.members(conn, [cluster]))
        known = hub.connections.by_name(connection).id
        chosen = [row for row in members if row.key[0] == known and row.key[2] == external_id]
        if not chosen:
            raise NotFoundError(f"{connection}:{external_id} is not a source of this {kind}")
        act = act_about(conn, kind, cluster, author, reason)
        return separate.part(conn, hub, act, chosen, members), {row.rid for row in members}

    return work


def pin(hub: Hub, kind: str, id_: Rid, name: str, value: Any, author: str, reason: str = "") -> Rid:
    """Fixes a field, whatever the systems say, until it is unpinned. `value` in canonical form; None clears it.

    Errors: `ConfigError` for an unknown or derived field or a value that does not fit it; `NotFoundError`.
    """
    return pin_all(hub, kind, id_, {name: value}, author, reason)


def pin_all(hub: Hub, kind: str, id_: Rid, values: Mapping[str, Any], author: str, reason: str = "") -> Rid:
    """Fixes several fields as one act: the parts of a name, for instance. Errors as `pin`."""
    declared = hub.registry.kinds[kind]
    checked: dict[str, Any] = {}
    for name, value in values.items():
        if declared.field(name).derived:
            raise ConfigError(f"{kind}.{name} is computed by the hub and cannot be pinned")
        checked[name] = None if value is None else check_field(declared, name, value)

    def work(conn: Connection) -> tuple[Rid, set[Rid]]:
        (cluster,) = clusters_named(conn, kind, [id_])
        act = act_about(conn, kind, cluster, author, reason)
        return decision.add_pins(conn, act, cluster, checked), {cluster}

    return carry_out(hub, work, "pin", author, reason, {"field": ", ".join(checked)})


def unpin(hub: Hub, kind: str, id_: Rid, name: str, author: str, reason: str = "") -> None:
    """Ends every live pin of a field. `NotFoundError` when there is none."""

    def work(conn: Connection) -> tuple[Rid, set[Rid]]:
        (cluster,) = clusters_named(conn, kind, [id_])
        members = list(store.members(conn, [cluster]))
        pins = [found for found in decision.live(conn, members, ("pin",)) if found.field == name]
        if not pins:
            raise NotFoundError(f"{name} of this {kind} is not pinned")
        decision.revoke(conn, [found.id for found in pins], author)
        return pins[-1].group_id, {found.a for found in pins}

    carry_out(hub, work, "unpin", author, reason, {"field": name})


def undo(hub: Hub, act_id: Rid, author: str, reason: str = "") -> None:
    """Revokes an act; golden records, ids and links return to what they would be without it.

    A freeze (the loop breaker's own act) is lifted so: the field is compared and written again.
    Errors: `NotFoundError`; `ConflictError` when it was undone before.
    """
    carry_out(hub, undoing(act_id, author), "undo", author, reason)


def undoing(act_id: Rid, author: str) -> Work:
    """What `undo` does in its transaction."""

    def work(conn: Connection) -> tuple[Rid, set[Rid]]:
        rows = decision.of_group(conn, act_id)
        if not rows:
            raise NotFoundError("there is no such act")
        if all(row.revoked_at is not None for row in rows):
            raise ConflictError("this act was undone before")
        decision.revoke(conn, [row.id for row in rows], author)
        separate.take_back_targets(conn, rows, author)
        match_answer.undo_act(conn, act_id, author)
        for target_id in decision.thaw(conn, rows):
            item.resolve_cause(conn, f"loop:{target_id}", author, {"lift": True})
        return act_id, {rid for row in rows for rid in (row.a, row.b) if rid is not None}

    return work


def clusters_named(conn: Connection, kind: str, ids: Iterable[Rid]) -> list[Rid]:
    """The clusters these ids belong to. Errors: `NotFoundError`; `ConflictError` when they are of several realms."""
    wanted = list(ids)
    found = store.clusters_of(conn, wanted)
    kinds = store.kinds_of(conn, wanted)
    for id_ in wanted:
        if id_ not in found or kinds[id_][1] != kind:
            raise NotFoundError(f"there is no {kind} of id {id_}")
    realms = {kinds[id_][0] for id_ in wanted}
    if len(realms) > 1:
        raise ConflictError(f"nothing joins across realms: these are of {', '.join(sorted(realms))}")
    return sorted(set(found.values()))


def act_about(conn: Connection, kind: str, rid: Rid, author: str, reason: str) -> Act:
    """Who rules about a record, in its realm."""
    realm = store.kinds_of(conn, [rid])[rid][0]
    return Act(realm, kind, author, reason)


def _refuse_if_split(conn: Connection, members: dict[Rid, Rid]) -> None:
    for ruled in decision.live(conn, list(members), ("cannot",)):
        one, other = members.get(ruled.a), members.get(ruled.b) if ruled.b else None
        if one is not None and other is not None and one != other:
            shown = format_id("dec", ruled.group_id)
            raise ConflictError(f"{ruled.author} ruled them apart on {ruled.created_at:%Y-%m-%d}: undo {shown} first")


def carry_out(
    hub: Hub,
    work: Work,
    act: str,
    author: str,
    reason: str,
    detail: dict[str, Any] | None = None,
) -> Rid:
    """Commits an act with its marks and its line in the audit trail, then waits for T2; returns the act's id."""

    def whole(conn: Connection) -> Rid:
        act_id, rids = work(conn)
        cause = "merge" if act in ("merge", "split", "undo") else "pin"
        marks = [{"rid": rid, "relink": cause == "merge", "cause": cause, "cause_id": act_id} for rid in sorted(rids)]
        record_store.append_marks(conn, marks)
        audit.append(conn, author, act, format_id("dec", act_id), reason, detail or {})
        return act_id

    act_id = hub.db.run(whole)
    _settle(hub, act_id)
    return act_id


def _settle(hub: Hub, act_id: Rid) -> None:
    # A worker may hold the marks, or the records: then its commit is what we wait for.
    deadline = time.monotonic() + SETTLE_S
    while store.is_marked(hub.db, act_id):
        if resolve.run_batch(hub):
            continue
        if time.monotonic() > deadline:
            hub.queue.wake("pipeline")
            return
        time.sleep(SETTLE_STEP_S)


def resolve_id(hub: Hub, kind: str, text: str) -> Rid:
    """The id in `cus_…` form as stored; `ConfigError` when it is of another kind."""
    prefix, id_ = parse_id(text)
    expected = hub.registry.kinds[kind].prefix
    if prefix != expected:
        raise ConfigError(f"{text} is not the id of a {kind}: those begin with {expected}_")
    return id_


def golden_of(hub: Hub, rid: Rid) -> Rid:
    """The golden record that this id belongs to now."""
    with hub.db.transaction() as conn:
        found = store.clusters_of(conn, [rid])
    if rid not in found:
        raise NotFoundError("there is no record of that id")
    return found[rid]
