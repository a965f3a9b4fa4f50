"""Fresh planner statistics after a bulk load.

A new hub is filled within its first minute. Autovacuum looks once a minute by default; until then the
planner takes every table for empty and reads a whole connection where it should look up one record.
"""

from __future__ import annotations

from typing import Final

import psycopg
from psycopg import sql

from hub.store.database import Database

# Twice the rows that the planner knows of, give or take a batch: beyond that autovacuum is soon enough.
SLACK: Final = 500
_LOCK: Final = 0x52485F53

_STALE = """
    select s.relname from pg_stat_user_tables s join pg_class c on c.oid = s.relid
    where s.schemaname = current_schema() and c.relkind = 'r' and s.n_mod_since_analyze > %s + greatest(c.reltuples, 0)
    order by s.relname
"""


def refresh(db: Database) -> list[str]:
    """Analyzes the tables that grew far beyond what the planner knows of them; returns their names.

    One process at a time; cheap when there is nothing to do. Safe to repeat and to race.
    """
    if not db.all(_STALE, (SLACK,)):
        return []
    # A connection of its own: the samples' memory goes with it.
    with psycopg.connect(db.url, autocommit=True) as conn:
        if conn.execute("select pg_try_advisory_lock(%s)", (_LOCK,)).fetchone() != (True,):
            return []
        names = [name for (name,) in conn.execute(_STALE, (SLACK,))]
        for name in names:
            conn.execute(sql.SQL("analyze {}").format(sql.Identifier(name)))
    return names
