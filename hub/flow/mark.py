"""Which targets a changed golden record concerns: the peers' records in its cluster, or one to create."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping

from hub.flow.context import Hub
from hub.flow.golden import Computed
from hub.store import plan
from hub.store import target as store
from hub.store.database import Connection
from hub.store.target import Mark

Rid = uuid.UUID


def mark_targets(
    conn: Connection,
    hub: Hub,
    computed: Mapping[Rid, Computed],
    changed: Iterable[Rid],
    seen: Mapping[Rid, set[Rid]],
    why: Mapping[Rid, tuple[str, Rid | None]],
) -> int:
    """Marks every target of the changed golden records, and the targets of records that were seen anew.

    A record that is the only source of its golden record holds the projection by definition (unless
    a value is pinned) and is not marked. Returns the number of marks.
    """
    wanted = set(changed)
    concerned = [c for c in computed.values() if c.id in wanted or c.id in seen]
    writers = _writers(hub, {c.kind for c in concerned})
    if not writers:
        return 0
    owners = [member.rid for c in concerned for member in c.members if len(c.members) > 1]
    created = store.of_owners(conn, [*owners, *(c.id for c in concerned)]) if concerned else {}
    unsent: dict[tuple[int, str, Rid], Rid] = {}
    homes = {member.rid: c.id for c in concerned for member in c.members}
    for (connection_id, object_type, owner), rid in created.items():
        if rid is None and owner in homes:
            unsent.setdefault((connection_id, object_type, homes[owner]), owner)
    marks: list[Mark] = []
    for golden in concerned:
        for connection_id, realm, object_type in writers.get(golden.kind, ()):
            if realm == golden.realm:
                owner = unsent.get((connection_id, object_type, golden.id), golden.id)
                marks.extend(_marks(golden, connection_id, object_type, golden.id in wanted, seen, owner, why))
    store.mark(conn, marks)
    for connection_id, cause, cause_id in {
        (m.connection_id, m.cause, m.cause_id) for m in marks if m.cause in plan.MASS
    }:
        plan.hold_if_mass(conn, connection_id, cause, cause_id)
    return len(marks)


def _writers(hub: Hub, kinds: Iterable[str]) -> dict[str, list[tuple[int, str, str]]]:
    """kind -> (connection id, realm, object type) of the connections it flows out to."""
    found: dict[str, list[tuple[int, str, str]]] = {}
    for connection in hub.connections.all():
        if connection.disconnected_at is not None:
            continue
        for kind in kinds:
            mapping = hub.rules.mappings.outbound(connection.connector, kind, connection.name)
            if not connection.writes(kind) or mapping is None:
                continue
            stream = hub.registry.connector(connection.connector).manifest.stream_of_kind(kind)
            if stream is not None:
                found.setdefault(kind, []).append((connection.id, connection.realm, stream.name))
    return found


def _marks(
    golden: Computed,
    connection_id: int,
    object_type: str,
    is_changed: bool,
    seen: Mapping[Rid, set[Rid]],
    owner: Rid,
    why: Mapping[Rid, tuple[str, Rid | None]],
) -> Iterable[Mark]:
    cause, cause_id = why.get(golden.id, ("event", None))
    peers = [m for m in golden.members if m.connection_id == connection_id and m.object_type == object_type]
    if len(golden.members) == 1 and peers and not peers[0].is_written and not golden.is_pinned:
        return

    def mark(owner_rid: Rid, rid: Rid | None) -> Mark:
        return Mark(connection_id, object_type, golden.kind, golden.realm, owner_rid, rid, cause, cause_id)

    for peer in peers:
        if is_changed or peer.rid in seen.get(golden.id, ()):
            yield mark(peer.rid, peer.rid)
    if is_changed and not peers:
        yield mark(owner, None)
