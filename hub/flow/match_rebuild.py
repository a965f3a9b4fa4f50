"""Making all that links records again: features, keys, edges, clusters. For what was restored, or is not trusted."""

from __future__ import annotations

import uuid

from hub.errors import ConfigError
from hub.flow.context import Hub
from hub.store import audit
from hub.store import match_rebuild as store
from hub.store.database import Connection, new_id


def ask(hub: Hub, kind: str, actor: str) -> tuple[uuid.UUID, int]:
    """Marks every record of a kind as to be linked anew from what it says; returns the cause, and how many were marked.

    Idempotent: what waits to be linked anew already is not marked twice, and a store that is right stays as it is. What
    it would send to a system en masse is held as a plan. `ConfigError` for an unknown kind.
    """
    if kind not in hub.registry.kinds:
        raise ConfigError(f"no kind {kind!r}; known are: {', '.join(sorted(hub.registry.kinds))}")
    cause = new_id()

    def work(conn: Connection) -> int:
        marked = store.mark_all(conn, kind, cause)
        if marked:
            audit.append(conn, actor, "match.rebuild", kind, detail={"records": marked})
        return marked

    marked = hub.db.run(work)
    hub.queue.wake("pipeline")
    return cause, marked


def left(hub: Hub) -> int:
    """How many records still wait to be linked anew from what they say, whoever asked."""
    return hub.db.run(store.left)
