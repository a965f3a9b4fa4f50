"""Connections: their configuration, phase, and what stops them. Every change bumps the row's generation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import orjson
from psycopg import sql

from hub.errors import NotFoundError
from hub.store.database import Connection, Database

Phase = Literal["off", "reading", "review", "live"]
Direction = Literal["in", "out"]


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    """One configured account of a system. `flows`: kind -> in, out or both. `rank`: smaller wins ties."""

    id: int
    name: str
    realm: str
    connector: str
    config: dict[str, Any]
    flows: dict[str, str]
    rank: int
    phase: Phase
    mode: Literal["live", "shadow"]
    paused_at: datetime | None
    paused_by: str | None
    pause_reason: str | None
    halted_in: bool
    halted_out: bool
    disconnected_at: datetime | None
    health: dict[str, Any]
    generation: int
    created_at: datetime
    updated_at: datetime

    def reads(self, kind: str) -> bool:
        """Whether `kind` flows in."""
        return self.flows.get(kind) in ("in", "both")

    def writes(self, kind: str) -> bool:
        """Whether `kind` flows out; False once disconnected."""
        return self.disconnected_at is None and self.flows.get(kind) in ("out", "both")

    def may_call(self, direction: Direction) -> bool:
        """Whether the hub may call the system now, to read (`in`) or to write (`out`)."""
        halted = self.halted_in if direction == "in" else self.halted_out
        return not halted and self.paused_at is None and self.disconnected_at is None and self.phase != "off"


_COLUMNS = ", ".join(ConnectionRow.__dataclass_fields__)
_JSON = frozenset({"config", "flows", "health"})


def all_rows(db: Database) -> list[ConnectionRow]:
    """Every connection, disconnected ones too, by rank and name."""
    return [ConnectionRow(*row) for row in db.all(f"select {_COLUMNS} from connection order by rank, name")]  # noqa: S608


def pulse(db: Database) -> tuple[int, int | None]:
    """A number that grows with every change of any connection, and the release of the rules that is in force."""
    row = db.one(
        "select coalesce(sum(generation), 0)::bigint, (select value from setting where key = 'release') from connection"
    )
    return (int(row[0]), row[1]) if row else (0, None)


def lock(conn: Connection, name: str) -> ConnectionRow | None:
    """The row of that name, locked until the transaction ends."""
    row = conn.execute(f"select {_COLUMNS} from connection where name = %s for update", (name,)).fetchone()  # noqa: S608
    return ConnectionRow(*row) if row else None


def insert(conn: Connection, name: str, values: Mapping[str, Any]) -> ConnectionRow:
    """A new connection; `values` are columns besides the name."""
    columns = {"name": name, **values}
    statement = sql.SQL("insert into connection ({}) values ({}) returning {}").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.SQL(", ").join([sql.Placeholder()] * len(columns)),
        sql.SQL(_COLUMNS),
    )
    row = conn.execute(statement, [_stored(name, value) for name, value in columns.items()]).fetchone()
    assert row is not None  # noqa: S101 -- an insert with returning yields its row
    return ConnectionRow(*row)


def update(conn: Connection, connection_id: int, values: Mapping[str, Any]) -> None:
    """Sets columns; an empty mapping only bumps the generation (its secrets changed)."""
    parts = [sql.SQL("{} = {}, ").format(sql.Identifier(name), sql.Placeholder()) for name in values]
    tail = sql.SQL("generation = generation + 1, updated_at = now() where id = {}").format(sql.Placeholder())
    statement = sql.Composed([sql.SQL("update connection set "), *parts, tail])
    conn.execute(statement, [*(_stored(name, value) for name, value in values.items()), connection_id])


def set_halt(conn: Connection, name: str | None, directions: Mapping[Direction, bool]) -> list[str]:
    """Sets or lifts the halt per direction, of one connection or of all; returns their names."""
    rows = conn.execute(
        """
        update connection set halted_in = coalesce(%(in)s, halted_in), halted_out = coalesce(%(out)s, halted_out),
               generation = generation + 1, updated_at = now()
        where (%(name)s::text is null or name = %(name)s) returning name
        """,
        {"in": directions.get("in"), "out": directions.get("out"), "name": name},
    ).fetchall()
    if name is not None and not rows:
        raise NotFoundError(f"no connection {name!r}")
    return sorted(found for (found,) in rows)


def set_pause(conn: Connection, connection_id: int, by: str | None, reason: str | None) -> bool:
    """Pauses (`by` given) or resumes (None); False when it was so already."""
    changed = conn.execute(
        """
        update connection set paused_at = case when %(by)s::text is null then null else now() end, paused_by = %(by)s,
               pause_reason = %(reason)s, generation = generation + 1, updated_at = now()
        where id = %(id)s and (paused_at is null) <> (%(by)s::text is null)
        """,
        {"by": by, "reason": reason, "id": connection_id},
    )
    return changed.rowcount > 0


def set_disconnected(conn: Connection, connection_id: int) -> None:
    """Ends a connection now: phase off, no pause left."""
    conn.execute(
        "update connection set disconnected_at = now(), phase = 'off', paused_at = null, paused_by = null,"
        " pause_reason = null, generation = generation + 1, updated_at = now() where id = %s",
        (connection_id,),
    )


def move_phase(conn: Connection, connection_id: int, before: Phase, after: Phase) -> bool:
    """Moves the phase if it still is `before`; False otherwise."""
    moved = conn.execute(
        "update connection set phase = %s, generation = generation + 1, updated_at = now() where id = %s and phase = %s",
        (after, connection_id, before),
    )
    return moved.rowcount > 0


def note_health(conn: Connection, connection_id: int, part: str, value: Mapping[str, Any]) -> None:
    """Keeps the last finding about one part (`check`, `webhook`, `pull:orders`). No generation: nothing reloads for it."""
    conn.execute(
        "update connection set health = health || jsonb_build_object(%s::text, %s::jsonb) where id = %s",
        (part, orjson.dumps(dict(value)).decode(), connection_id),
    )


def note_silence(conn: Connection, connection_id: int, since: float, reason: str) -> None:
    """Calls that write have not got through since then (seconds since the epoch); an earlier time that is noted stays."""
    conn.execute(
        """
        update connection set health = health || jsonb_build_object('delivery', jsonb_build_object(
            'state', 'open', 'message', %(reason)s::text, 'since', case when health -> 'delivery' ->> 'state' = 'open'
            then coalesce((health -> 'delivery' ->> 'since')::float8, %(since)s) else %(since)s end))
        where id = %(id)s
        """,
        {"id": connection_id, "since": since, "reason": reason[:300]},
    )


def note_answer(conn: Connection, connection_id: int) -> bool:
    """They get through again; False when nothing else was noted."""
    sql = """
        update connection set health = health || jsonb_build_object('delivery', jsonb_build_object('state', 'closed'))
        where id = %s and health -> 'delivery' ->> 'state' = 'open'
    """
    return conn.execute(sql, (connection_id,)).rowcount > 0


def health_of(conn: Connection, connection_id: int, part: str) -> Mapping[str, Any]:
    """The last finding about one part; empty when there is none."""
    row = conn.execute("select health -> %s from connection where id = %s", (part, connection_id)).fetchone()
    found: Mapping[str, Any] = row[0] if row and row[0] else {}
    return found


def may_call(db: Database, connection_id: int, direction: Direction) -> bool:
    """`ConnectionRow.may_call`, read now: to be asked right before a call."""
    row = db.one(f"select {_COLUMNS} from connection where id = %s", (connection_id,))  # noqa: S608
    return row is not None and ConnectionRow(*row).may_call(direction)


def _stored(name: str, value: Any) -> Any:
    return orjson.dumps(value).decode() if name in _JSON else value
