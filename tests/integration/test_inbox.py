"""The inbox: what is accepted is stored once, encrypted, and can be read back."""

from __future__ import annotations

import threading
import uuid
from datetime import UTC, datetime

import pytest

from hub.errors import ConfigError, NotFoundError
from hub.keyring import Keyring
from hub.store import inbox
from hub.store.database import Database
from hub.store.inbox import NewEvent

RING = Keyring.parse("0:" + "YWFh" * 10 + "YWE=")


def accept(db: Database, *rows: NewEvent) -> inbox.AcceptResult:
    with db.session() as conn:
        return inbox.accept(conn, RING, rows)


def counts(db: Database) -> tuple[int, ...]:
    tables = ("event", "event_key", "event_secret", "event_work")
    row = db.one("select " + ", ".join(f"(select count(*) from {table})" for table in tables))
    assert row is not None
    return row


def test_accept_when_new_then_stores_all_four_rows_and_reads_back(db: Database) -> None:
    body = '{"name":"张伟"}'.encode()
    row = NewEvent(
        7,
        "orders/create",
        body,
        dedupe="d-1",
        headers={"x-topic": "orders"},
        key_no=2,
        received_at=1_700_000_000_123_456,
    )
    result = accept(db, row)
    assert (len(result.ids), result.duplicates) == (1, 0)
    assert result.stored_as == result.ids
    assert counts(db) == (1, 1, 1, 1)
    with db.session() as conn:
        event = inbox.read_event(conn, RING, result.ids[0])
    assert event.body == body
    assert (event.connection_id, event.topic, event.origin, event.lane) == (7, "orders/create", "webhook", 0)
    assert event.received_at == 1_700_000_000_123_456
    assert event.headers == {"x-topic": "orders"}


def test_accept_when_stored_then_body_is_not_readable_in_the_table(db: Database) -> None:
    accept(db, NewEvent(1, "t", b"a very private phone 13800138000"))
    found = db.one("select body, key_no, sha256 from event")
    assert found is not None
    assert b"13800138000" not in found[0]
    ids = [event for (event,) in db.all("select id from event")]
    with db.session() as conn, pytest.raises(ConfigError):
        inbox.read_many(conn, Keyring.generate(), ids)


def test_accept_when_repeated_then_counts_the_duplicate_and_stores_nothing(db: Database) -> None:
    first = accept(db, NewEvent(1, "t", b"one", dedupe="same"))
    again = accept(db, NewEvent(1, "t", b"other body", dedupe="same"))
    elsewhere = accept(db, NewEvent(2, "t", b"one", dedupe="same"))
    assert again.ids == ()
    assert again.duplicates == 1
    assert again.stored_as == first.ids
    assert elsewhere.duplicates == 0
    assert counts(db) == (2, 2, 2, 2)
    assert db.all("select duplicates from event_key order by connection_id") == [(1,), (0,)]
    assert db.all("select connection_id, stage, n from tally") == [(1, "duplicate", 1)]


def test_accept_when_no_dedupe_key_then_topic_and_body_are_the_identity(db: Database) -> None:
    result = accept(db, NewEvent(1, "a", b"x"), NewEvent(1, "b", b"x"), NewEvent(1, "a", b"y"), NewEvent(1, "a", b"x"))
    assert len(result.ids) == 3
    assert result.duplicates == 1
    assert result.stored_as[3] == result.stored_as[0]


def test_accept_when_batch_repeats_itself_and_others_then_each_is_counted(db: Database) -> None:
    accept(db, NewEvent(1, "t", b"", dedupe="a"))
    rows = [NewEvent(c, "t", b"", dedupe=key) for c, key in ((1, "a"), (1, "b"), (1, "a"), (2, "a"), (1, "b"))]
    result = accept(db, *rows)
    assert len(result.ids) == 2
    assert result.duplicates == 3
    assert db.all("select connection_id, duplicates from event_key order by connection_id, duplicates") == [
        (1, 1),
        (1, 2),
        (2, 0),
    ]
    assert db.one("select sum(n) from tally where stage = 'duplicate'") == (3,)


def test_accept_when_batch_is_large_then_ids_keep_the_order_given(db: Database) -> None:
    result = accept(db, *(NewEvent(1, "t", b"%d" % n) for n in range(500)))
    assert list(result.ids) == sorted(result.ids)
    with db.session() as conn:
        events = inbox.read_many(conn, RING, result.ids)
    assert [event.body for event in events] == [b"%d" % n for n in range(500)]


def test_accept_when_same_key_comes_on_many_threads_then_stored_once(db: Database) -> None:
    results: list[inbox.AcceptResult] = []
    start = threading.Barrier(6)

    def send() -> None:
        start.wait(10)
        results.append(accept(db, *(NewEvent(1, "t", b"", dedupe=str(n)) for n in range(20))))

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sum(len(result.ids) for result in results) == 20
    assert sum(result.duplicates for result in results) == 100
    assert counts(db) == (20, 20, 20, 20)


@pytest.mark.parametrize("text", ["nul\0", "surrogate\ud800", "x" * 5000])
def test_accept_when_texts_are_hostile_then_stored_all_the_same(db: Database, text: str) -> None:
    result = accept(db, NewEvent(1, text, b"\0\xff", dedupe=text, headers={"h": text}))
    with db.session() as conn:
        assert inbox.read_event(conn, RING, result.ids[0]).body == b"\0\xff"


def test_accept_when_nothing_given_then_nothing_happens(db: Database) -> None:
    assert accept(db) == inbox.AcceptResult((), 0, ())


def test_accept_when_transaction_rolls_back_then_nothing_is_stored(db: Database) -> None:
    with db.session() as conn, conn.transaction(force_rollback=True):
        inbox.accept(conn, RING, [NewEvent(1, "t", b"x")])
    assert counts(db) == (0, 0, 0, 0)


def test_read_event_when_key_was_erased_then_body_is_none(db: Database) -> None:
    result = accept(db, NewEvent(1, "t", b"x"))
    db.execute("delete from event_secret")
    with db.session() as conn:
        assert inbox.read_event(conn, RING, result.ids[0]).body is None


def test_read_event_when_unknown_then_not_found(db: Database) -> None:
    with db.session() as conn, pytest.raises(NotFoundError, match="evt_"):
        inbox.read_event(conn, RING, uuid.uuid4())


def test_ensure_partitions_when_repeated_then_creates_each_month_once(db: Database) -> None:
    december = datetime(2031, 12, 15, tzinfo=UTC)
    assert inbox.ensure_partitions(db, 2, december) == ["event_2031_12", "event_2032_01", "event_2032_02"]
    assert inbox.ensure_partitions(db, 2, december) == []


def test_ensure_partitions_when_default_holds_events_then_they_move(db: Database) -> None:
    for (partition,) in db.all("select inhrelid::regclass::text from pg_inherits where inhparent = 'event'::regclass"):
        if partition != "event_default":
            db.execute(f"drop table {partition}")
    result = accept(db, NewEvent(1, "t", b"x"))
    assert db.one("select count(*) from event_default") == (1,)
    assert len(inbox.ensure_partitions(db)) == 3
    accept(db, NewEvent(1, "t", b"y"))
    assert db.one("select count(*) from event_default") == (0,)
    assert db.one("select count(*) from event") == (2,)
    assert accept(db, NewEvent(1, "t", b"x")).stored_as == result.ids
