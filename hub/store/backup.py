"""What the database itself can tell about backups, and what would be in one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hub.store.database import Database


@dataclass(frozen=True, slots=True)
class BackupFacts:
    """`is_archiving`: the server keeps its log for a restore to a point in time; the times and counts are of that.

    `standbys`: servers that copy this one now, base backups under way among them. Counts of rows are the
    server's estimates. What was dumped or copied from outside leaves no trace in a database, so it is not here.
    """

    bytes: int
    version: str
    is_archiving: bool
    archived: int
    archived_at: datetime | None
    failed: int
    failed_at: datetime | None
    standbys: int
    events: int
    records: int
    golden: int
    people: int


_SQL = """
select pg_database_size(current_database()), current_setting('server_version'), current_setting('archive_mode') <> 'off',
       a.archived_count, a.last_archived_time, a.failed_count, a.last_failed_time,
       (select count(*) from pg_stat_replication),
       (select coalesce(sum(s.n_live_tup), 0)::bigint from pg_inherits i
        join pg_stat_user_tables s on s.relid = i.inhrelid where i.inhparent = 'event'::regclass),
       (select n_live_tup from pg_stat_user_tables where relid = 'record'::regclass),
       (select n_live_tup from pg_stat_user_tables where relid = 'golden'::regclass),
       (select count(*) from person)
from pg_stat_archiver a
"""


def read(db: Database) -> BackupFacts:
    """The facts now; one statement."""
    row = db.one(_SQL)
    assert row is not None  # noqa: S101 -- the archiver's row is always there
    return BackupFacts(*row)
