"""How much scored pairs weigh, and what people answered at which weight: for the picture beside the thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hub.store.database import Database

MOST = 3_000
"""So many edges are looked at: a share of them has the same shape."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """Pairs of `bits` to `bits` + 1 bits: scored ones, and people's answers."""

    bits: int
    pairs: int
    same: int
    different: int
    household: int


_SQL = """
with seen as (
    select floor(e.weight / 1000.0)::integer as bits, count(*)::integer as n
    from (select a, weight from edge limit %(most)s) e cross join lateral (
        select kind, realm from record where rid = e.a limit 1) r
    where r.kind = %(kind)s and (%(realms)s::text[] is null or r.realm = any(%(realms)s)) group by 1),
said as (
    select floor(weight / 1000.0)::integer as bits,
        (count(*) filter (where answer in ('same', 'right')))::integer as same,
        (count(*) filter (where answer in ('different', 'wrong')))::integer as different,
        (count(*) filter (where answer = 'household'))::integer as household
    from (select * from match_answer where kind = %(kind)s and undone_at is null and answer <> 'skip'
        and (%(realms)s::text[] is null or realm = any(%(realms)s)) order by id desc limit %(most)s) m group by 1)
select coalesce(s.bits, m.bits), coalesce(s.n, 0), coalesce(m.same, 0), coalesce(m.different, 0), coalesce(m.household, 0)
from seen s full join said m on m.bits = s.bits order by 1
"""


def buckets(db: Database, kind: str, realms: Sequence[str] | None = None) -> list[Bucket]:
    """By whole bits, the lightest first; weights without any pair are missing. One statement, bounded."""
    params: dict[str, Any] = {"kind": kind, "realms": None if realms is None else list(realms), "most": MOST}
    return [Bucket(*row) for row in db.all(_SQL, params)]
