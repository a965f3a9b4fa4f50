"""SQL of making all that links records again."""

from __future__ import annotations

import uuid

from hub.store.database import Connection

PATIENCE = "5min"


def mark_all(conn: Connection, kind: str, cause_id: uuid.UUID) -> int:
    """Marks every record of a kind that was seen and does not wait for the same already; returns how many."""
    conn.execute(f"set local statement_timeout = '{PATIENCE}'")
    return conn.execute(
        "insert into resolve_work (rid, relink, cause, cause_id, rekey)"
        " select r.rid, true, 'policy', %(cause)s, true from record r where r.kind = %(kind)s and r.state > 0"
        " and not exists (select from resolve_work w where w.rid = r.rid and w.rekey and w.relink) order by r.rid",
        {"kind": kind, "cause": cause_id},
    ).rowcount


def left(conn: Connection) -> int:
    """How many marks wait that ask for it."""
    row = conn.execute("select count(*) from resolve_work where rekey").fetchone()
    return int(row[0]) if row else 0
