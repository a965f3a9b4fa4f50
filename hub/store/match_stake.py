"""What hangs on an answer about a pair: orders, points and consents of both sides, counted for many at once."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from hub.store.database import Connection, upcasts_of

Rid = uuid.UUID
Pair = tuple[Rid, Rid]
PER_ORDER: Final = 100
PER_CONSENT: Final = 100
MOST: Final = 2_000
"""So many children of one record are counted: more would not change the order of the queue."""


@dataclass(frozen=True, slots=True)
class Stake:
    """Of one golden record: orders, consents (acts), and the sum of its points, which may be negative."""

    orders: int = 0
    points: Decimal = Decimal(0)
    consents: int = 0

    @property
    def total(self) -> int:
        """One number to order by: a point counts 1, an order or a consent as much as a hundred points."""
        return self.orders * PER_ORDER + self.consents * PER_CONSENT + min(abs(int(self.points)), 1_000_000)


STAKES = r"""
    select k.id, count(*) filter (where k.kind = 'order'),
        coalesce(sum(case when g.data ->> 'points' ~ '^-?\d{1,15}(\.\d{1,10})?$' then (g.data ->> 'points')::numeric end), 0),
        count(*) filter (where k.kind = 'consent')
    from (
        select distinct r.cluster as id, c.cluster as child, c.kind from record r
        cross join lateral (
            select child from reference f where f.parent = r.rid and f.field = any(%(fields)s) limit %(most)s) f
        join record c on c.rid = f.child and c.kind in ('order', 'loyalty_entry', 'consent') and c.state = 1
        where r.cluster = any(%(ids)s)) k
    left join golden g on g.id = k.child and k.kind = 'loyalty_entry' group by k.id
"""


def of_goldens(conn: Connection, ids: Collection[Rid]) -> dict[Rid, Stake]:
    """The stake of each golden record; those without any are there with nothing. One statement."""
    found = {id_: Stake() for id_ in ids}
    if found:
        params = {"ids": list(found), "fields": upcasts_of(conn).formerly(["customer"]), "most": MOST}
        for id_, orders, points, consents in conn.execute(STAKES, params).fetchall():
            found[id_] = Stake(orders, points, consents)
    return found


def stakes(conn: Connection, pairs: Iterable[Pair]) -> dict[Pair, int]:
    """What hangs on each pair of golden records: the sum of both sides' totals, for `item.stake`. One statement."""
    wanted = list(pairs)
    known = of_goldens(conn, {id_ for pair in wanted for id_ in pair})
    return {pair: known[pair[0]].total + known[pair[1]].total for pair in wanted}


def refresh(conn: Connection, limit: int = 500, after: Rid | None = None) -> Rid | None:
    """Counts the stake of open pairs anew, `limit` of them above id `after`; returns the last one's id, None at the end."""
    rows = conn.execute(
        "select id, rid, other, stake from item where type = 'match' and state = 'open' and other is not null"
        " and (%(after)s::uuid is null or id > %(after)s) order by id limit %(limit)s",
        {"after": after, "limit": limit},
    ).fetchall()
    now = stakes(conn, [(rid, other) for _, rid, other, _ in rows])
    changed = [(id_, now[rid, other]) for id_, rid, other, stake in rows if now[rid, other] != stake]
    if changed:
        conn.execute(
            "update item i set stake = t.stake from unnest(%s::uuid[], %s::bigint[]) as t(id, stake)"
            " where i.id = t.id and i.state = 'open'",
            ([id_ for id_, _ in changed], [stake for _, stake in changed]),
        )
    return rows[-1][0] if len(rows) == limit else None
