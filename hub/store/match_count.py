"""How many pairs wait, what they have in common, and what was done about them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hub.store.about import LIMIT
from hub.store.database import Connection
from hub.store.match_item import Wish, where_of


@dataclass(frozen=True, slots=True)
class Pattern:
    """Open pairs that are alike in the same way: how many, and the least and the greatest weight among them."""

    pattern: str
    count: int
    least: int
    most: int


def patterns(conn: Connection, wish: Wish, limit: int = 50) -> list[Pattern]:
    """The patterns of open pairs, the commonest first. Pairs that a guard keeps apart are no matter for many at once."""
    where, params = where_of(wish)
    sql = f"""
        select i.data ->> 'pattern', count(*), min((i.data ->> 'weight')::integer), max((i.data ->> 'weight')::integer)
        from item i where {" and ".join(where)} and coalesce(i.data ->> 'apart', '') = '' and i.data ->> 'pattern' <> ''
        group by 1 order by 2 desc, 1 limit %(limit)s
    """  # noqa: S608 -- constant text
    return [Pattern(*row) for row in conn.execute(sql, {**params, "limit": limit})]


@dataclass(frozen=True, slots=True)
class Counts:
    """`open` is exact up to 10,000. `mean_s`: seconds from being given a pair to the answer, None before the first.

    `mine`, `automatic`: answers of one person, and merges by the hub alone, since the moment asked for.
    """

    open: int
    mine: int
    automatic: int
    mean_s: float | None


_COUNTS = """
    select
        (select count(*) from (select from item i where {where} limit %(most)s) few),
        (select count(*) from match_answer where author = %(by)s and at >= %(since)s and undone_at is null
            and bulk_id is null),
        (select avg(seconds)::float from match_answer where author = %(by)s and at >= %(since)s and undone_at is null),
        (select count(*) from (select from change c where c.at >= %(since)s and c.type = 'merged' and c.cause <> 'merge'
            and (%(kind)s = '' or c.kind = %(kind)s) limit %(most)s) few)
"""


def counts(conn: Connection, wish: Wish, by: str, since: datetime) -> Counts:
    """How much waits, and what was done since."""
    where, params = where_of(wish)
    sql = _COUNTS.format(where=" and ".join(where))
    row = conn.execute(sql, {**params, "by": by, "since": since, "most": LIMIT}).fetchone()
    count, mine, mean, automatic = row or (0, 0, None, 0)
    return Counts(count, mine, automatic, mean)
