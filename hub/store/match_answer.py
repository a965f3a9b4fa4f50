"""What people answered about pairs, kept so that it can be counted, said and undone."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson

from hub.store.database import Connection, new_id

Rid = uuid.UUID


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. `act`: group of the decisions it made, None where it made none (skip, right, wrong without a split)."""

    id: Rid
    item_id: Rid
    realm: str
    kind: str
    answer: str
    author: str
    reason: str
    weight: int
    act: Rid | None
    bulk_id: Rid | None
    seconds: float | None
    at: datetime
    undone_at: datetime | None
    undone_by: str | None


_COLUMNS = "id, item_id, realm, kind, answer, author, reason, weight, act, bulk_id, seconds, at, undone_at, undone_by"


@dataclass(frozen=True, slots=True)
class Given:
    """An answer to be kept."""

    item_id: Rid
    realm: str
    kind: str
    answer: str
    weight: int
    seconds: float | None = None


def add(
    conn: Connection, given: Sequence[Given], author: str, reason: str, act: Rid | None, bulk_id: Rid | None = None
) -> None:
    """Keeps answers of one act, in one statement."""
    rows = [
        {"id": new_id(), "item_id": one.item_id, "realm": one.realm, "kind": one.kind, "answer": one.answer,
         "weight": one.weight, "seconds": one.seconds}
        for one in given
    ]  # fmt: skip
    conn.execute(
        """
        insert into match_answer (id, item_id, realm, kind, answer, author, reason, weight, act, bulk_id, seconds)
        select id, item_id, realm, kind, answer, %s, %s, weight, %s, %s, seconds from jsonb_to_recordset(%s::jsonb)
            as t(id uuid, item_id uuid, realm text, kind text, answer text, weight integer, seconds real)
        """,
        (author, reason, act, bulk_id, orjson.dumps(rows).decode()),
    )


def standing(conn: Connection, item_id: Rid) -> Answer | None:
    """The last answer about an item that was not undone."""
    sql = f"select {_COLUMNS} from match_answer where item_id = %s and undone_at is null order by id desc limit 1"  # noqa: S608
    row = conn.execute(sql, (item_id,)).fetchone()
    return Answer(*row) if row else None


def last_of(conn: Connection, author: str, since: datetime) -> Answer | None:
    """The last answer of one person since then that was not undone."""
    sql = f"""
        select {_COLUMNS} from match_answer where author = %s and at >= %s and undone_at is null
        order by at desc, id desc limit 1
    """  # noqa: S608 -- constant columns
    row = conn.execute(sql, (author, since)).fetchone()
    return Answer(*row) if row else None


def of_act(conn: Connection, act: Rid) -> list[Answer]:
    """The answers of one act."""
    sql = f"select {_COLUMNS} from match_answer where act = %s order by id"  # noqa: S608 -- constant columns
    return [Answer(*row) for row in conn.execute(sql, (act,))]


_REOPEN = """
    update item set state = 'open', snoozed_until = null, resolved_at = null, resolved_by = null, resolution = null
    where id = any(%s) and type in ('match', 'match_sample') and state <> 'open'
"""


def undo_act(conn: Connection, act: Rid, by: str) -> int:
    """The answers of an act are undone and their pairs wait again; returns how many. What no longer fits T2 closes."""
    rows = conn.execute(
        "update match_answer set undone_at = clock_timestamp(), undone_by = %s where act = %s and undone_at is null"
        " returning item_id",
        (by, act),
    ).fetchall()
    if rows:
        conn.execute(_REOPEN, ([item_id for (item_id,) in rows],))
        conn.execute(
            "update match_bulk set state = 'undone' where act = %s and state in ('canary', 'released')", (act,)
        )
    return len(rows)


def undo_one(conn: Connection, answer_id: Rid, by: str) -> bool:
    """Undoes an answer that made no decision; its pair waits again. False when it was undone before."""
    row = conn.execute(
        "update match_answer set undone_at = clock_timestamp(), undone_by = %s where id = %s and undone_at is null"
        " returning item_id",
        (by, answer_id),
    ).fetchone()
    if row is not None:
        conn.execute(_REOPEN, ([row[0]],))
    return row is not None
