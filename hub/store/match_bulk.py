"""Many pairs answered as one: what is planned, what was done, what is left."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from hub.store.database import Connection

Rid = uuid.UUID
OPEN = ("held", "canary")


@dataclass(frozen=True, slots=True)
class Bulk:
    """All open pairs of one pattern, to be answered the same way. `least`: their least weight. `act`: undoes all of it.

    `state`: held, canary (a part was answered), released, discarded, undone. `counts`: pairs, merges, sends
    {connection: {"create", "update", "is_held"}}; once released `answered` and `left`.
    """

    id: Rid
    realm: str
    kind: str
    pattern: str
    least: int
    answer: str
    reason: str
    author: str
    act: Rid
    state: str
    counts: dict[str, Any]
    created_at: datetime
    decided_at: datetime | None
    decided_by: str | None


_COLUMNS = ", ".join(Bulk.__dataclass_fields__)


def add(conn: Connection, bulk: Bulk, item_ids: Sequence[Rid]) -> None:
    """Keeps a plan with the pairs it is about."""
    conn.execute(
        "insert into match_bulk (id, realm, kind, pattern, least, answer, reason, author, act, counts)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (bulk.id, bulk.realm, bulk.kind, bulk.pattern, bulk.least, bulk.answer, bulk.reason, bulk.author, bulk.act,
         orjson.dumps(bulk.counts).decode()),
    )  # fmt: skip
    conn.execute(
        "insert into match_bulk_item (bulk_id, item_id) select %s, id from unnest(%s::uuid[]) as t(id)",
        (bulk.id, list(item_ids)),
    )


def read(conn: Connection, bulk_id: Rid, *, lock: bool = False) -> Bulk | None:
    """One plan; `lock` it against other decisions."""
    sql = f"select {_COLUMNS} from match_bulk where id = %s{' for update' if lock else ''}"  # noqa: S608 -- constant
    row = conn.execute(sql, (bulk_id,)).fetchone()
    return Bulk(*row) if row else None


def page(
    conn: Connection, states: Sequence[str], realms: Sequence[str] | None, before: Rid | None, limit: int
) -> list[Bulk]:
    """Plans in these states, the newest first, below id `before`; `realms` None: all."""
    sql = f"""
        select {_COLUMNS} from match_bulk where state = any(%(states)s)
            and (%(realms)s::text[] is null or realm = any(%(realms)s)) and (%(before)s::uuid is null or id < %(before)s)
        order by id desc limit %(limit)s
    """  # noqa: S608 -- constant text
    params = {
        "states": list(states), "realms": None if realms is None else list(realms), "before": before, "limit": limit,
    }  # fmt: skip
    return [Bulk(*row) for row in conn.execute(sql, params)]


def waiting(conn: Connection, bulk_id: Rid, limit: int | None = None) -> list[Rid]:
    """Its pairs that were not answered yet, those with most at stake first."""
    sql = """
        select b.item_id from match_bulk_item b join item i on i.id = b.item_id
        where b.bulk_id = %s and b.outcome is null order by i.stake desc, i.id limit %s
    """
    return [item_id for (item_id,) in conn.execute(sql, (bulk_id, limit))]


def note(conn: Connection, bulk_id: Rid, outcomes: Mapping[Rid, str]) -> None:
    """What came of some of its pairs: answered, or left."""
    conn.execute(
        "update match_bulk_item b set outcome = t.outcome from unnest(%s::uuid[], %s::text[]) as t(id, outcome)"
        " where b.bulk_id = %s and b.item_id = t.id",
        (list(outcomes), list(outcomes.values()), bulk_id),
    )


def decide(conn: Connection, bulk_id: Rid, state: str, by: str) -> None:
    """Records a decision on it, with how many pairs were answered and left so far."""
    conn.execute(
        """
        update match_bulk m set state = %(state)s, decided_at = clock_timestamp(), decided_by = %(by)s,
            counts = counts || (select jsonb_build_object('answered', count(*) filter (where outcome = 'answered'),
                'left', count(*) filter (where outcome = 'left')) from match_bulk_item where bulk_id = m.id)
        where id = %(id)s
        """,
        {"state": state, "by": by, "id": bulk_id},
    )
