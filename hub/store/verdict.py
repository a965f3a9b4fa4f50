"""What a person rules about a delivery that is stuck."""

from __future__ import annotations

import uuid

from hub.store.database import Connection


def lock(conn: Connection, target_id: uuid.UUID) -> tuple[str, int] | None:
    """`(state, connection id)` of a target, locked; None when there is none."""
    sql = "select state, connection_id from target where id = %s for no key update"
    row = conn.execute(sql, (target_id,)).fetchone()
    return (row[0], row[1]) if row else None


def send_again(conn: Connection, target_id: uuid.UUID) -> None:
    """Due now, whatever happened before. A person rules that what is unaccounted for did not arrive."""
    conn.execute(
        """
        update target set state = 'due', failures = 0, error = null, wait_until = null, waiting_for = null, verify_at = null,
            dirty_seq = dirty_seq + 1, dirty_at = clock_timestamp()
        where id = %s
        """,
        (target_id,),
    )
    _close_attempts(conn, target_id, "not_applied")


def look_again(conn: Connection, target_id: uuid.UUID) -> None:
    """Looks at what the peer holds before anything is sent; its attempts stay unaccounted for until then."""
    conn.execute(
        "update target set state = 'due', verify_at = clock_timestamp(), wait_until = null, waiting_for = null, failures = 0"
        " where id = %s",
        (target_id,),
    )


def give_up(conn: Connection, target_id: uuid.UUID) -> None:
    """Not sent; due again when its golden record changes."""
    conn.execute(
        """
        update target set state = 'due', done_seq = dirty_seq, failures = 0, error = null, wait_until = null,
            waiting_for = null, verify_at = null, plan_id = null
        where id = %s
        """,
        (target_id,),
    )
    _close_attempts(conn, target_id, "not_applied")


def compare_again(conn: Connection, target_id: uuid.UUID) -> None:
    """Accounted for by a person: only what is still missing is due."""
    conn.execute(
        "update target set state = 'due', failures = 0, error = null, verify_at = null, dirty_seq = dirty_seq + 1,"
        " wait_until = null where id = %s",
        (target_id,),
    )
    _close_attempts(conn, target_id, "applied")


def _close_attempts(conn: Connection, target_id: uuid.UUID, outcome: str) -> None:
    # One under way right now stays open: its own outcome is better than a ruling.
    conn.execute(
        "update attempt set outcome = %s, ended_at = coalesce(ended_at, clock_timestamp()) where target_id = %s and ("
        " outcome = 'unknown' or outcome is null and not exists (select from target where id = %s"
        " and lease_until > clock_timestamp()))",
        (outcome, target_id, target_id),
    )
