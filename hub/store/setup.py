"""Connections that are being set up in the console, step by step; secrets are kept sealed."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from hub.store.database import Connection, new_id


@dataclass(frozen=True, slots=True)
class SetupRow:
    """One that was begun by `person_id`. `settings` hold no secret; `connection_id` once it is stored as a connection."""

    id: uuid.UUID
    person_id: uuid.UUID
    connector: str
    name: str
    step: int
    settings: dict[str, Any]
    sealed_secrets: bytes | None
    connection_id: int | None
    created_at: datetime
    updated_at: datetime


_COLUMNS = ", ".join(SetupRow.__dataclass_fields__)


def insert(conn: Connection, person_id: uuid.UUID, connector: str, name: str, settings: Mapping[str, Any]) -> SetupRow:
    """A new one, at its first step."""
    row = conn.execute(
        f"insert into draft (id, person_id, connector, name, settings) values (%s, %s, %s, %s, %s) returning {_COLUMNS}",  # noqa: S608
        (new_id(), person_id, connector, name, _json(settings)),
    ).fetchone()
    assert row is not None  # noqa: S101 -- an insert with returning yields its row
    return SetupRow(*row)


def get(conn: Connection, setup_id: uuid.UUID) -> SetupRow | None:
    """The one of that id."""
    row = conn.execute(f"select {_COLUMNS} from draft where id = %s", (setup_id,)).fetchone()  # noqa: S608
    return SetupRow(*row) if row else None


def of_connection(conn: Connection, connection_id: int) -> SetupRow | None:
    """The unfinished one of a connection that is stored already."""
    sql = f"select {_COLUMNS} from draft where connection_id = %s order by updated_at desc limit 1"  # noqa: S608
    row = conn.execute(sql, (connection_id,)).fetchone()
    return SetupRow(*row) if row else None


def of_person(conn: Connection, person_id: uuid.UUID) -> list[SetupRow]:
    """What a person began and has not finished, newest first."""
    sql = f"select {_COLUMNS} from draft where person_id = %s order by updated_at desc limit 20"  # noqa: S608
    return [SetupRow(*row) for row in conn.execute(sql, (person_id,))]


def update(conn: Connection, setup_id: uuid.UUID, values: Mapping[str, Any]) -> None:
    """Sets `step`, `settings`, `sealed_secrets` or `connection_id`."""
    columns = [name for name in ("step", "settings", "sealed_secrets", "connection_id") if name in values]
    parts = ", ".join(f"{name} = %({name})s" for name in columns)
    given = {name: _json(values[name]) if name == "settings" else values[name] for name in columns}
    conn.execute(f"update draft set {parts}, updated_at = now() where id = %(id)s", {**given, "id": setup_id})  # noqa: S608


def delete(conn: Connection, setup_id: uuid.UUID) -> None:
    """It is finished, or given up."""
    conn.execute("delete from draft where id = %s", (setup_id,))


def purge(conn: Connection, days: int = 30) -> int:
    """Forgets what nobody went on with; returns how many. Their secrets go with them."""
    return conn.execute("delete from draft where updated_at < now() - make_interval(days => %s)", (days,)).rowcount


def _json(value: Any) -> str:
    return orjson.dumps(dict(value)).decode()
