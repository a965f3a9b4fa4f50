"""The audit trail, seen from above the store."""

from __future__ import annotations

from typing import Any

from hub.flow.context import Hub
from hub.store import audit
from hub.store.audit import AuditRow, Chain


def record(
    hub: Hub,
    actor: str,
    act: str,
    object: str = "",  # noqa: A002 -- the word of the table
    reason: str = "",
    **detail: Any,
) -> int:
    """Adds one act in a transaction of its own; inside one, call `hub.store.audit.append` last."""
    return hub.db.run(lambda conn: audit.append(conn, actor, act, object, reason, detail))


def verify(hub: Hub) -> Chain:
    """Follows the whole chain of hashes, in one snapshot."""
    with hub.db.transaction() as conn:
        conn.execute("set transaction isolation level repeatable read, read only")
        conn.execute("set local statement_timeout = 0")
        return audit.verify(conn)


def recent(hub: Hub, *, before: int | None = None, act: str = "", limit: int = 50) -> list[AuditRow]:
    """The trail, newest first, in pages of `limit` below number `before`."""
    with hub.db.session() as conn:
        return audit.recent(conn, before=before, act=act, limit=limit)
