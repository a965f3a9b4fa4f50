"""Claims, quarantine and the batch journal."""

from __future__ import annotations

import uuid
from collections import Counter

import pytest

from hub.errors import ConflictError, Problem
from hub.keyring import Keyring
from hub.store import inbox, tally
from hub.store.database import Database, new_id
from hub.store.inbox import NewEvent

RING = Keyring.generate()


def stored(db: Database, count: int, connection_id: int = 1, lane: int = 0) -> list[uuid.UUID]:
    rows = [NewEvent(connection_id, "t", new_id().bytes, lane=lane) for _ in range(count)]
    with db.session() as conn:
        return list(inbox.accept(conn, RING, rows).ids)


def work(db: Database) -> list[tuple[int, int, bool, str | None]]:
    return db.all("select state, attempts, alone, cause from event_work order by id")


def test_claim_when_two_workers_then_they_share_and_live_comes_first(db: Database) -> None:
    bulk, live = stored(db, 3, lane=1), stored(db, 2)
    with db.transaction() as one, db.transaction() as two:
        first = inbox.claim(one, 3)
        second = inbox.claim(two, 10)
    assert first == [*live, bulk[0]]
    assert second == bulk[1:]


def test_claim_when_connection_is_skipped_then_its_events_wait(db: Database) -> None:
    stored(db, 2, connection_id=1)
    other = stored(db, 1, connection_id=2)
    with db.transaction() as conn:
        assert inbox.claim(conn, 10, skip=[1]) == other


def test_claim_when_alone_then_only_marked_events_one_at_a_time(db: Database) -> None:
    ids = stored(db, 3)
    with db.transaction() as conn:
        inbox.begin_batch(db, new_id(), ids[:2])
        assert inbox.claim(conn, 10, alone=True) == []
    inbox.sweep_journal(db, stale_s=0)
    with db.transaction() as conn:
        assert inbox.claim(conn, 10) == ids[2:]
        assert inbox.claim(conn, 10, alone=True) == ids[:1]


def test_finish_when_done_then_row_goes_and_is_booked_on_the_day(db: Database) -> None:
    ids = stored(db, 3) + stored(db, 2, connection_id=2)
    with db.transaction(durable=False) as conn:
        assert inbox.finish(conn, ids, ms=10.0) == 5
        assert inbox.finish(conn, ids) == 0
    rows = db.all("select day = (now() at time zone 'UTC')::date, connection_id, stage, n, ms from tally order by 2")
    assert rows == [(True, 1, "done", 3, 6.0), (True, 2, "done", 2, 4.0)]
    assert work(db) == []


def test_quarantine_when_problems_are_hostile_then_stored_and_released(db: Database) -> None:
    ids = stored(db, 2)
    problem = Problem("bad_money", "not an amount\0", path="total", value="\ud800")
    with db.transaction() as conn:
        inbox.quarantine(
            conn, [(ids[0], "bad_money", [problem]), (ids[1], "missing_field", [{"code": "missing_field"}])]
        )
        assert inbox.claim(conn, 10) == []
    assert work(db) == [(1, 0, False, "bad_money"), (1, 0, False, "missing_field")]
    with db.transaction() as conn:
        assert inbox.release_quarantine(conn, cause="bad_money", connection_id=2) == 0
        assert inbox.release_quarantine(conn, cause="bad_money") == 1
        assert inbox.claim(conn, 10) == ids[:1]
        assert inbox.discard(conn, ids) == 1
    assert db.all("select stage, n from tally") == [("discarded", 1)]


def test_requeue_when_done_then_waits_again_and_done_is_booked_down(db: Database) -> None:
    ids = stored(db, 2)
    with db.transaction() as conn:
        inbox.finish(conn, ids[:1])
        assert inbox.requeue(conn, ids) == 1
        assert inbox.replays(conn, ids) == {ids[0]}
    assert db.one("select sum(n) from tally where stage = 'done'") == (0,)


def test_journal_when_owner_is_at_work_then_sweep_leaves_it(db: Database) -> None:
    ids, worker = stored(db, 3), new_id()
    with db.transaction() as conn:
        claimed = inbox.claim(conn, 10)
        inbox.begin_batch(db, worker, claimed)
        # Between begin and lock the events are held by the claim: nothing is counted and the row stays.
        assert inbox.sweep_journal(db, stale_s=0) == 0
        inbox.lock_batch(conn, worker)
        assert inbox.sweep_journal(db, stale_s=0) == 0
        inbox.finish(conn, ids)
        inbox.end_batch(conn, worker)
    assert db.all("select 1 from batch") == []


def test_journal_when_owner_died_then_events_run_alone_and_third_failure_is_poison(db: Database) -> None:
    ids = stored(db, 2)
    inbox.begin_batch(db, new_id(), ids)
    assert inbox.sweep_journal(db, stale_s=0) == 2
    assert work(db) == [(0, 1, True, None)] * 2
    for attempt in (2, 3):
        for id_ in ids:
            inbox.begin_batch(db, new_id(), [id_])
        assert inbox.sweep_journal(db, stale_s=0) == 2
        expected = (0, attempt, True, None) if attempt < 3 else (1, 3, False, "poison")
        assert work(db) == [expected, expected]
        assert db.all("select 1 from batch") == []
    with db.transaction() as conn:
        assert inbox.release_quarantine(conn, ids=ids[:1]) == 1
    assert Counter(work(db)) == Counter([(0, 0, True, None), (1, 3, False, "poison")])


def test_journal_when_several_workers_died_of_one_batch_before_the_sweep_then_company_is_counted_once(
    db: Database,
) -> None:
    ids = stored(db, 3)
    for _ in range(4):
        inbox.begin_batch(db, new_id(), ids)
    inbox.sweep_journal(db, stale_s=0)
    assert work(db) == [(0, 1, True, None)] * 3
    assert db.all("select 1 from batch") == []


def test_journal_when_other_worker_holds_some_then_they_are_counted_later(db: Database) -> None:
    ids = stored(db, 2)
    inbox.begin_batch(db, new_id(), ids)
    with db.transaction() as conn:
        inbox.claim(conn, 1)
        assert inbox.sweep_journal(db, stale_s=0) == 1
    assert db.all("select events from batch") == [([ids[0]],)]
    assert inbox.sweep_journal(db, stale_s=0) == 1
    assert db.all("select 1 from batch") == []


def test_lock_batch_when_sweep_took_the_row_then_conflict(db: Database) -> None:
    worker = new_id()
    inbox.begin_batch(db, worker, [])
    inbox.sweep_journal(db, stale_s=0)
    with db.transaction() as conn, pytest.raises(ConflictError):
        inbox.lock_batch(conn, worker)


def test_abandon_batch_when_rolled_back_then_nothing_is_counted(db: Database) -> None:
    ids, worker = stored(db, 1), new_id()
    inbox.begin_batch(db, worker, ids)
    inbox.begin_batch(db, worker, ids)
    inbox.abandon_batch(db, worker)
    assert inbox.sweep_journal(db, stale_s=0) == 0
    assert work(db) == [(0, 0, False, None)]


def test_compact_when_old_rows_exist_then_sums_stay_and_rows_shrink(db: Database) -> None:
    sql = """
        insert into tally (at, day, connection_id, stage, n, ms)
        select now() - %s::interval + i * interval '1 microsecond', '2030-01-01', 1, 'done', 1, 2 from generate_series(1, 50) as g(i)
    """
    for age in ("1 second", "20 minutes", "5 days"):
        db.execute(sql, (age,))
    tally.compact(db)
    tally.compact(db)
    assert db.one("select sum(n), sum(ms) from tally") == (150, 300.0)
    found = db.one("select count(*) from tally")
    assert found is not None
    assert 52 <= found[0] <= 54
