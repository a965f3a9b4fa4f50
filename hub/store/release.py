"""Which release is in force, and the marks that a change of it makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from hub.store.database import Connection, Database, new_id

KEY = "release"


def activate(db: Database, release_id: int, difference: Callable[[Mapping[str, Any]], list[str]]) -> list[str]:
    """Writes down that `release_id` is in force; marks every record of the kinds that `difference` names.

    `difference` gets the manifest of the release before. The first release of a database marks nothing.
    """

    def work(conn: Connection) -> list[str]:
        conn.execute("insert into setting (key, value) values (%s, 'null') on conflict (key) do nothing", (KEY,))
        row = conn.execute("select value from setting where key = %s for update", (KEY,)).fetchone()
        before = row[0] if row else None
        if before == release_id:
            return []
        kinds = _marked(conn, before, difference) if before is not None else []
        conn.execute(
            "update setting set value = %s::jsonb, updated_at = now() where key = %s",
            (orjson.dumps(release_id).decode(), KEY),
        )
        return kinds

    return db.run(work)


def in_force(db: Database) -> int | None:
    """The number of the release that is in force; None before the first."""
    row = db.one("select value from setting where key = %s", (KEY,))
    return row[0] if row else None


def _marked(conn: Connection, before: int, difference: Callable[[Mapping[str, Any]], list[str]]) -> list[str]:
    row = conn.execute("select manifest from release where id = %s", (before,)).fetchone()
    kinds = difference(row[0]) if row else []
    if kinds:
        conn.execute(
            "insert into resolve_work (rid, relink, cause, cause_id)"
            " select rid, false, 'policy', %s from record where kind = any(%s) and state > 0 order by rid",
            (new_id(), kinds),
        )
    return kinds
