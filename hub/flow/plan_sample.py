"""What a plan would do to a few of its targets, compared now: what the system holds, and what it would hold."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from hub.flow.context import Hub
from hub.flow.difference import differences
from hub.rules.register import MISSING
from hub.store import claimed, plan
from hub.store.database import Connection

SHOWN = 10


@dataclass(frozen=True, slots=True)
class Sample:
    """One target: `before` and `after` per field that would change; `before` None where nothing is known there."""

    delivery: uuid.UUID
    kind: str
    golden_id: uuid.UUID | None
    title_data: dict[str, Any]
    external_id: str | None
    action: str
    fields: dict[str, tuple[Any, Any]]


def samples(hub: Hub, connection_id: int, plan_id: uuid.UUID, limit: int = SHOWN) -> list[Sample]:
    """The first targets that a plan holds, each with what it would change. Changes nothing."""
    row = hub.connections.by_id(connection_id)

    def look(conn: Connection) -> list[Sample]:
        ids = plan.held_ids(conn, plan_id, None, limit)
        dues = claimed.load(conn, ids) if ids else {}
        found = []
        for each in differences(conn, hub, row, dues.values()):
            held = {name: each.fold.held(name) for name in each.missing}
            changes = {
                name: (None if held[name] is MISSING else held[name], value) for name, value in each.missing.items()
            }
            found.append(
                Sample(
                    each.due.id,
                    each.due.kind,
                    each.due.cluster,
                    each.due.data or {},
                    each.due.external_id,
                    "create" if each.due.rid is None else "update",
                    changes,
                )
            )
        return found

    return hub.db.run(look)
