"""The queue of pairs that wait for a steward: what is open, who works on it, what was answered."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from hub.store.database import Connection, upcasts_of

Rid = uuid.UUID
MATCH = "match"
SAMPLE = "match_sample"
ORDERS = {"stake": "i.stake", "weight": "(i.data ->> 'weight')::integer"}


@dataclass(frozen=True, slots=True)
class Waiting:
    """One pair of golden records, `left` < `right`. `weight` in thousandths of a bit; `stake`: see `hub.store.match_stake`.

    `apart`: the guard that keeps both from being one although the weight would do; `pattern`: the levels that
    count, as text; `relation`: `household` or empty; `a`, `b`: the records of the heaviest edge, one of each side.
    `left_data`, `right_data`: the golden data, None where the record is gone. `week`: of a pair of a sample.
    """

    id: Rid
    realm: str
    kind: str
    type: str
    state: str
    left: Rid
    right: Rid | None
    stake: int
    data: dict[str, Any]
    claimed_by: str
    claimed_until: datetime | None
    snoozed_until: datetime | None
    first_at: datetime
    resolved_at: datetime | None
    resolved_by: str
    resolution: dict[str, Any] | None
    left_data: dict[str, Any] | None
    right_data: dict[str, Any] | None

    @property
    def weight(self) -> int:
        """Thousandths of a bit."""
        return int(self.data.get("weight") or 0)

    @property
    def apart(self) -> str:
        """The guard between both, empty where there is none."""
        return str(self.data.get("apart") or "")

    @property
    def pattern(self) -> str:
        """The levels that count, as text."""
        return str(self.data.get("pattern") or "")

    @property
    def relation(self) -> str:
        """What both seem to be to each other."""
        return str(self.data.get("relation") or "")

    @property
    def a(self) -> Rid:
        """The record of the left side that the heaviest edge is at."""
        return Rid(str(self.data["a"]))

    @property
    def b(self) -> Rid:
        """The record of the right side that the heaviest edge is at."""
        return Rid(str(self.data["b"]))


@dataclass(frozen=True, slots=True)
class Wish:
    """Which pairs, in which order. `realms` None: all. `after` or `before`: the page beyond that item."""

    type: str = MATCH
    state: str = "open"
    order: str = "stake"
    realms: Sequence[str] | None = None
    kind: str = ""
    pattern: str = ""
    least: int | None = None
    after: Rid | None = None
    before: Rid | None = None


_COLUMNS = """
    i.id, i.realm, coalesce(i.kind, ''), i.type, i.state, i.rid, i.other, i.stake, i.data,
    case when i.claimed_until > now() then coalesce(i.claimed_by, '') else '' end,
    case when i.claimed_until > now() then i.claimed_until end,
    i.snoozed_until, i.first_at, i.resolved_at, coalesce(i.resolved_by, ''), i.resolution, gl.data, gr.data
    from item i left join golden gl on gl.id = i.rid left join golden gr on gr.id = i.other
"""


def page(conn: Connection, wish: Wish, limit: int) -> list[Waiting]:
    """Pairs with most at stake (or the heaviest) first, at most `limit`."""
    by = ORDERS[wish.order]
    where, params = where_of(wish)
    edge = wish.after or wish.before
    if edge is not None:
        beyond = "< {at} or {by} = {at} and i.id >" if wish.after else "> {at} or {by} = {at} and i.id <"
        at = f"(select {by} from item i where i.id = %(edge)s)"  # noqa: S608 -- constant text
        where.append(f"({by} {beyond.format(at=at, by=by)} %(edge)s)")
    down, up = ("asc", "desc") if wish.before and not wish.after else ("desc", "asc")
    sql = f"""
        select {_COLUMNS} where {" and ".join(where)} order by {by} {down}, i.id {up} limit %(limit)s
    """
    rows = [_waiting(conn, row) for row in conn.execute(sql, {**params, "edge": edge, "limit": limit})]
    return rows[::-1] if down == "asc" else rows


def where_of(wish: Wish) -> tuple[list[str], dict[str, Any]]:
    """The conditions on `item i` that a wish comes to, and their parameters."""
    where = ["i.type = %(type)s", "i.state = %(state)s"]
    if wish.type == MATCH and wish.state == "open":
        where = ["i.type = 'match'", "i.state = 'open'"]  # in these words an index holds them in order
    if wish.realms is not None:
        where.append("i.realm = any(%(realms)s)")
    if wish.kind:
        where.append("i.kind = %(kind)s")
    if wish.pattern:
        where.append("i.data ->> 'pattern' = %(pattern)s")
    if wish.least is not None:
        where.append("(i.data ->> 'weight')::integer >= %(least)s")
    params = {
        "type": wish.type, "state": wish.state, "realms": list(wish.realms or ()), "kind": wish.kind,
        "pattern": wish.pattern, "least": wish.least,
    }  # fmt: skip
    return where, params


def read(conn: Connection, item_id: Rid) -> Waiting | None:
    """One pair, open or not; None when no such item is about a pair."""
    sql = f"select {_COLUMNS} where i.id = %s and i.type = any(%s)"
    row = conn.execute(sql, (item_id, [MATCH, SAMPLE])).fetchone()
    return _waiting(conn, row) if row else None


def read_many(conn: Connection, item_ids: Sequence[Rid]) -> list[Waiting]:
    """These pairs, open or not, those with most at stake first."""
    sql = f"select {_COLUMNS} where i.id = any(%s) order by i.stake desc, i.id"
    return [_waiting(conn, row) for row in conn.execute(sql, (list(item_ids),))]


def lock(conn: Connection, item_ids: Sequence[Rid]) -> None:
    """Locks items against other answers, in id order."""
    conn.execute("select from item where id = any(%s) order by id for update", (list(item_ids),)).fetchall()


def _waiting(conn: Connection, row: Sequence[Any]) -> Waiting:
    found, upcasts = Waiting(*row), upcasts_of(conn)
    return replace(
        found,
        left_data=found.left_data and upcasts.data(found.kind, found.left_data),
        right_data=found.right_data and upcasts.data(found.kind, found.right_data),
    )


_CLAIM = """
    update item set claimed_by = %(by)s, claimed_until = clock_timestamp() + make_interval(secs => %(seconds)s)
    where id = (
        select i.id from item i where {where} and (i.claimed_until is null or i.claimed_until <= clock_timestamp())
        order by {order} desc, i.id limit 1 for update skip locked)
    returning id
"""
_MINE = """
    select i.id from item i where {where} and i.claimed_by = %(by)s and i.claimed_until > clock_timestamp()
    order by i.claimed_until desc limit 1
"""


def claim_next(conn: Connection, wish: Wish, by: str, seconds: float) -> Rid | None:
    """The pair that `by` works on already, else the first in the order of `wish` that nobody else has; None when none is left."""
    where, params = where_of(wish)
    text = " and ".join(where)
    params = {**params, "by": by, "seconds": seconds}
    for sql in (_MINE, _CLAIM):
        row = conn.execute(sql.format(where=text, order=ORDERS[wish.order]), params).fetchone()
        if row is not None:
            found: Rid = row[0]
            return found
    return None


def claim(conn: Connection, item_id: Rid, by: str, seconds: float) -> bool:
    """Takes one open pair for `by`, for longer where they have it already; False when another one has it, or it is closed."""
    sql = """
        update item set claimed_by = %(by)s, claimed_until = case
            when claimed_by = %(by)s and claimed_until > clock_timestamp() then claimed_until
            else clock_timestamp() + make_interval(secs => %(seconds)s) end
        where id = %(id)s and state = 'open'
            and (claimed_until is null or claimed_until <= clock_timestamp() or claimed_by = %(by)s)
    """
    return conn.execute(sql, {"id": item_id, "by": by, "seconds": seconds}).rowcount == 1


def let_go(conn: Connection, item_id: Rid, by: str) -> bool:
    """Ends the claim of `by`; False when they have none."""
    sql = "update item set claimed_by = null, claimed_until = null where id = %s and claimed_by = %s"
    return conn.execute(sql, (item_id, by)).rowcount == 1
