"""The audit trail, seen from above the store."""

from __future__ import annotations

from typing import Any

from hub.flow.context import Hub
from hub.store import audit
from hub.store.audit import AuditRow, Chain, Checked, Filter


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
    """Follows the whole chain of hashes, in one snapshot, and notes what it found."""
    return _checked(hub, None)


def verify_new(hub: Hub) -> Chain:
    """Follows the chain from where the last check ended; a chain found broken is followed from its first row."""
    known = last_check(hub)
    return _checked(hub, known.chain if known and known.chain.broken_at is None else None)


def _checked(hub: Hub, known: Chain | None) -> Chain:
    with hub.db.transaction() as conn:
        conn.execute("set transaction isolation level repeatable read, read only")
        conn.execute("set local statement_timeout = 0")
        chain = audit.verify(conn, known)
    hub.db.run(lambda conn: audit.note_check(conn, chain))
    return chain


def last_check(hub: Hub) -> Checked | None:
    """What the last check found, and when; None before the first."""
    with hub.db.session() as conn:
        return audit.last_check(conn)


def state(hub: Hub) -> tuple[Checked | None, int]:
    """The last check, and how many rows were added since."""
    with hub.db.session() as conn:
        found = audit.last_check(conn)
        return found, audit.unchecked(conn, found.chain.seq if found else 0)


def trail(hub: Hub, wish: Filter, limit: int) -> list[AuditRow]:
    """The rows that fit, newest first."""
    with hub.db.session() as conn:
        return audit.trail(conn, wish, limit)


def acts(hub: Hub) -> list[str]:
    """Every act that stands in the trail."""
    with hub.db.session() as conn:
        return audit.acts(conn)


def recent(hub: Hub, *, before: int | None = None, act: str = "", limit: int = 50) -> list[AuditRow]:
    """The trail, newest first, in pages of `limit` below number `before`."""
    with hub.db.session() as conn:
        return audit.recent(conn, before=before, act=act, limit=limit)
