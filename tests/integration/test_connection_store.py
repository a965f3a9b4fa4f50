"""Connections, secrets, cursors and items as stored."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hub.errors import ConfigError, ConflictError, NotFoundError
from hub.keyring import Keyring
from hub.store import connection, cursor, item, run, secret
from hub.store.connection import ConnectionRow
from hub.store.database import Database, new_id

RING = Keyring.generate()


def made(db: Database, name: str = "shop", **values: object) -> ConnectionRow:
    with db.transaction() as conn:
        return connection.insert(
            conn, name, {"connector": "webhook", "flows": {"customer": "both"}, "phase": "live", **values}
        )


def row(db: Database, name: str = "shop") -> ConnectionRow:
    with db.transaction() as conn:
        found = connection.lock(conn, name)
    assert found is not None
    return found


def test_insert_when_read_back_then_same_row(db: Database) -> None:
    new = made(db, config={"url": "https://x"}, rank=5)
    assert connection.all_rows(db) == [new]
    assert (new.reads("customer"), new.writes("customer"), new.reads("order")) == (True, True, False)


def test_update_when_anything_changes_then_generation_grows(db: Database) -> None:
    new = made(db)
    before = connection.pulse(db)[0]
    with db.transaction() as conn:
        connection.update(conn, new.id, {"config": {"a": 1}, "rank": 3})
        connection.update(conn, new.id, {})
    assert connection.pulse(db)[0] == before + 2
    assert (row(db).config, row(db).rank) == ({"a": 1}, 3)


def test_set_halt_when_all_then_every_connection_stops_at_once(db: Database) -> None:
    shop, crm = made(db), made(db, "crm")
    with db.transaction() as conn:
        assert connection.set_halt(conn, None, {"out": True}) == ["crm", "shop"]
    assert not connection.may_call(db, shop.id, "out")
    assert connection.may_call(db, shop.id, "in")
    with db.transaction() as conn:
        connection.set_halt(conn, "shop", {"out": False})
    assert connection.may_call(db, shop.id, "out")
    assert not connection.may_call(db, crm.id, "out")
    with db.transaction() as conn, pytest.raises(NotFoundError):
        connection.set_halt(conn, "nobody", {"in": True})


def test_set_pause_when_repeated_then_first_reason_stays(db: Database) -> None:
    shop = made(db)
    with db.transaction() as conn:
        assert connection.set_pause(conn, shop.id, "hub", "credentials refused")
        assert not connection.set_pause(conn, shop.id, "hub", "again")
    assert row(db).pause_reason == "credentials refused"
    assert not connection.may_call(db, shop.id, "out")
    with db.transaction() as conn:
        assert connection.set_pause(conn, shop.id, None, None)
    assert row(db).paused_at is None


def test_move_phase_when_already_moved_then_false(db: Database) -> None:
    shop = made(db, phase="reading")
    with db.transaction() as conn:
        assert connection.move_phase(conn, shop.id, "reading", "review")
        assert not connection.move_phase(conn, shop.id, "reading", "review")


def test_secret_when_added_then_newest_first_and_never_plain_in_the_table(db: Database) -> None:
    shop, crm = made(db), made(db, "crm")
    with db.transaction() as conn:
        secret.add(conn, RING, shop.id, "token", "old-value")
        secret.add(conn, RING, shop.id, "token", "new-value")
        secret.add(conn, RING, crm.id, "token", "other")
        assert secret.active(conn, RING, shop.id) == {"token": ("new-value", "old-value")}
        assert secret.retire(conn, shop.id, "token") == 1
        assert secret.active(conn, RING, shop.id) == {"token": ("new-value",)}
        assert not secret.replace(conn, RING, shop.id, "token", ["new-value"])
        assert secret.replace(conn, RING, shop.id, "token", ["c", "new-value"])
        assert secret.active(conn, RING, shop.id)["token"] == ("c", "new-value")
    assert all(b"value" not in sealed for (sealed,) in db.all("select value from secret"))


def test_secret_when_moved_to_another_connection_then_does_not_open(db: Database) -> None:
    shop, crm = made(db), made(db, "crm")
    with db.transaction() as conn:
        secret.add(conn, RING, shop.id, "token", "value")
        conn.execute("update secret set connection_id = %s", (crm.id,))
        with pytest.raises(ConfigError):
            secret.active(conn, RING, crm.id)


def test_reseal_when_ring_rotated_then_old_key_can_go(db: Database) -> None:
    shop, newer = made(db), RING.rotated()
    with db.transaction() as conn:
        secret.add(conn, RING, shop.id, "token", "value")
        conn.execute(
            "insert into event_secret select gen_random_uuid(), %b from generate_series(1, 5)", (RING.seal(b"k" * 32),)
        )
        conn.execute(
            "insert into setting values ('blind_key', to_jsonb(%s::text))", (RING.seal(b"b" * 32, b"blind_key").hex(),)
        )
    assert (secret.reseal(db, newer), secret.reseal(db, newer)) == (1, 0)
    assert (secret.reseal_bodies(db, newer, batch=2), secret.reseal_bodies(db, newer, batch=2)) == (5, 0)
    assert (secret.reseal_setting(db, newer, "blind_key"), secret.reseal_setting(db, newer, "blind_key")) == (
        True,
        False,
    )
    only_new = Keyring.parse(newer.export().partition(",")[0])
    with db.transaction() as conn:
        assert secret.active(conn, only_new, shop.id) == {"token": ("value",)}
    assert {only_new.open(key) for (key,) in db.all("select key from event_secret")} == {b"k" * 32}


def test_take_when_leased_then_nobody_else_until_released(db: Database) -> None:
    shop = made(db)
    taken = cursor.take(db, shop.id, "orders")
    assert taken is not None
    assert cursor.take(db, shop.id, "orders") is None
    assert cursor.due(db) == []
    with db.transaction() as conn:
        cursor.advance(conn, taken, {"after": 3}, None)
    cursor.release(db, taken, next_in_s=0)
    assert cursor.due(db) == [(shop.id, "orders")]
    again = cursor.take(db, shop.id, "orders")
    assert again is not None
    assert again.position == {"after": 3}
    with db.transaction() as conn, pytest.raises(ConflictError):
        cursor.advance(conn, taken, {"after": 9}, None)


@pytest.mark.parametrize("column", ["halted_in", "paused_at", "disconnected_at"])
def test_due_when_connection_is_stopped_then_nothing(db: Database, column: str) -> None:
    shop = made(db)
    with db.transaction() as conn:
        cursor.ensure(conn, shop.id, ["orders", "customers"])
        cursor.ensure(conn, shop.id, ["orders"])
    assert len(cursor.due(db)) == 2
    with db.transaction() as conn:
        connection.update(conn, shop.id, {column: True if column == "halted_in" else datetime.now(UTC)})
    assert cursor.due(db) == []


def test_raise_item_when_repeated_then_one_row_counts_up_and_reopens(db: Database) -> None:
    with db.transaction() as conn:
        first = item.raise_item(conn, "conflict", "k", kind="customer", rid=new_id(), data={"n": 1})
        assert item.raise_item(conn, "conflict", "k", kind="customer", data={"n": 2}, severity=2) == first
        assert item.resolve_item(conn, first, "li")
        assert not item.resolve_item(conn, first, "li")
        assert item.list_items(conn) == []
        item.raise_item(conn, "conflict", "k", kind="customer")
        (found,) = item.list_items(conn, type="conflict")
        assert (found.id, found.count, found.state, found.severity, found.resolved_by) == (first, 3, "open", 2, None)
        assert item.snooze_item(conn, first, datetime.now(UTC) - timedelta(seconds=1))
        assert item.wake_snoozed(conn) == 1
        assert item.resolve_cause(conn, "k", "hub", {"why": "gone"})
        assert item.read_item(conn, first).resolution == {"why": "gone"}
        with pytest.raises(NotFoundError):
            item.resolve_item(conn, new_id(), "li")


def test_run_when_ended_then_outcome_and_coverage_are_kept(db: Database) -> None:
    shop = made(db)
    run_id = run.start(db, "pull", shop.id, "orders")
    with db.transaction() as conn:
        run.progress(conn, run_id, {"pages": 1})
    assert run.give_up_stale(db) == 0
    run.end(db, run_id, "done", outcome="stopped early", coverage="truncated", counts={"pages": 2}, note="60 days only")
    (found,) = run.recent(db, shop.id)
    assert (found.status, found.coverage, found.counts, found.note) == (
        "done",
        "truncated",
        {"pages": 2},
        "60 days only",
    )
    assert run.recent(db, 999) == []
