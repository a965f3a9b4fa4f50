"""What happened to a golden record and to what refers to it, in one order of time, read page by page."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from hub.model.kinds import KINDS
from hub.model.upcast import Upcasts
from hub.store.database import Connection, upcasts_of

Rid = uuid.UUID


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. `what`: fact (a record that refers to it), change (of its own values), decision (of a person).

    `at`: RFC 3339 in UTC, microseconds; `tie` orders lines of one moment. `kind`: of a fact its kind, of a change or
    decision its type. `id`: of a fact or change a golden id, of a decision the act that undoes it.
    """

    at: str
    tie: str
    what: str
    kind: str
    id: Rid
    realm: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which lines. `kinds` of facts (None: all), whether changes and decisions too, below the line (`at`, `tie`)."""

    kinds: tuple[str, ...] | None = None
    has_changes: bool = True
    has_decisions: bool = True
    before: tuple[str, str] | None = None


_STAMP = "to_char({} at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
# When it happened, as the source says; the first of these that a kind has.
TIMES = (
    "placed_at", "captured_at", "settled_at", "delivered_at", "shipped_at", "authorized_at", "requested_at",
    "received_at", "occurred_at", "sent_at", "started_at", "available_at",
)  # fmt: skip


def _moment(names: Iterable[str]) -> str:
    said = "".join(f"g.data ->> '{name}', " for name in names)
    return f"coalesce({said}{_STAMP.format('g.created_at')})"


def _moments() -> str:
    # Each look into a record's data opens it whole, so a kind is asked for the times that it has.
    own = {name: [time for time in TIMES if time in kind.by_name] for name, kind in KINDS.items()}
    cases = "".join(f" when '{name}' then {_moment(times)}" for name, times in own.items())
    return f"case g.kind{cases} else {_moment(TIMES)} end"


# RFC 3339 in UTC, which sorts as text: when what golden record `g` tells of happened.
AT = _moments()
_LATER = ("payment", "refund", "fulfilment", "return")
_BELOW = "(%(at)s::text is null or (at, tie) < (%(at)s, %(tie)s))"

# What they say is read of the lines that are shown: there may be thousands.
_FACTS = f"""
select f.at, f.tie, 'fact', f.kind, f.id, f.realm, case when o.id is null then g.data else g.data || jsonb_build_object(
    '_order', o.data ->> 'number', '_order_id', o.id, 'store', o.data -> 'store') end
from (
    select * from (
        select {AT} as at, 'f' || g.id as tie, g.kind, g.id, g.realm, k.order_id
        from (select id, null::uuid as order_id from near union all select id, order_id from far) k
        join golden g on g.id = k.id and g.lifecycle = 'active'
        where %(kinds)s::text[] is null or g.kind = any(%(kinds)s)) f
    where {_BELOW} order by at desc, tie desc limit %(limit)s) f
join golden g on g.id = f.id left join golden o on o.id = f.order_id
"""  # noqa: S608 -- constants of this module
_CHANGES = f"""
select at, tie, 'change', type, golden_id, realm, data from (
    select {_STAMP.format("c.at")} as at, 'c' || lpad(c.seq::text, 20, '0') as tie, c.type, c.golden_id, c.realm,
        jsonb_build_object('version', c.version, 'fields', c.fields, 'cause', c.cause, 'cause_id', c.cause_id,
            'before', case when c.type = 'updated' then c.before end,
            'after', case when c.type in ('updated', 'merged') then c.after end) as data
    from change c where c.golden_id in (select rid from own)
    and not exists (select from acts where acts.group_id = c.cause_id)) c
where {_BELOW} order by at desc, tie desc limit %(limit)s
"""  # noqa: S608 -- constants of this module
_DECISIONS = f"""
select at, tie, 'decision', type, group_id, realm, data from (
    select {_STAMP.format("a.at")} as at, 'd' || a.group_id as tie, a.type, a.group_id, a.realm,
        jsonb_build_object('fields', a.fields, 'author', a.author, 'reason', a.reason, 'records', a.records,
            'revoked_at', a.revoked_at, 'revoked_by', a.revoked_by, 'before', c.before, 'after', c.after) as data
    from acts a left join lateral (
        select c.before, c.after from change c where c.golden_id in (select rid from own) and c.cause_id = a.group_id
        and c.type = 'updated' order by c.seq limit 1) c on true) d
where {_BELOW} order by at desc, tie desc limit %(limit)s
"""  # noqa: S608 -- constants of this module
_SQL = """
with own as materialized (select rid from record where cluster = %(id)s),
near as (select distinct k.cluster as id from own join reference f on f.parent = own.rid
    join record k on k.rid = f.child where k.cluster <> %(id)s),
far as (select k.cluster as id, min(n.id::text)::uuid as order_id from near n
    join record r on r.cluster = n.id and r.kind = 'order' join reference f on f.parent = r.rid
    join record k on k.rid = f.child and k.kind = any(%(later)s)
    where not exists (select from near where near.id = k.cluster) group by k.cluster),
acts as materialized (select d.group_id, min(d.type) as type, min(d.realm) as realm,
    array_agg(distinct d.field) filter (where d.field is not null) as fields, min(d.author) as author,
    min(d.reason) as reason, min(d.created_at) as at, min(d.revoked_at) as revoked_at, min(d.revoked_by) as revoked_by,
    count(distinct d.b) + 1 as records
    from decision d where d.a in (select rid from own) or d.b in (select rid from own) group by d.group_id)
select * from ({}) lines order by 1 desc, 2 desc limit %(limit)s
"""


def page(conn: Connection, kind: str, golden_id: Rid, wish: Filter, limit: int) -> list[Entry]:
    """Lines of a golden record of that kind, newest first, at most `limit`; one statement."""
    parts = [_FACTS] if wish.kinds != () else []
    parts += [_CHANGES] if wish.has_changes else []
    parts += [_DECISIONS] if wish.has_decisions else []
    at, tie = wish.before or (None, None)
    params = {
        "id": golden_id, "kinds": None if wish.kinds is None else list(wish.kinds), "later": list(_LATER),
        "at": at, "tie": tie, "limit": limit,
    }  # fmt: skip
    sql = _SQL.format(" union all ".join(f"({part})" for part in parts))
    upcasts = upcasts_of(conn)
    return [_today(upcasts, kind, Entry(*row)) for row in conn.execute(sql, params)] if parts else []


def _today(upcasts: Upcasts, kind: str, entry: Entry) -> Entry:
    if entry.what == "fact":
        return replace(entry, data=upcasts.data(entry.kind, entry.data)) if upcasts.changes(entry.kind) else entry
    if not upcasts.changes(kind):
        return entry
    data = entry.data
    fields, before, after = upcasts.change(kind, data["fields"] or (), data["before"], data["after"])
    return replace(entry, data={**data, "fields": fields, "before": before, "after": after})
