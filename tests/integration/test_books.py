"""The books balance, and a lost event shows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hub.flow.books import books
from hub.keyring import Keyring
from hub.store import connection, inbox, tally
from hub.store.about import LIMIT, About
from hub.store.console_connection import figures
from hub.store.database import Database, new_id
from hub.store.gauge import vitals
from hub.store.inbox import NewEvent

RING = Keyring.generate()


def test_books_when_events_are_everywhere_then_balanced_and_loss_is_found(db: Database) -> None:
    with db.transaction() as conn:
        one = connection.insert(conn, "one", {"connector": "x", "realm": "a"}).id
        two = connection.insert(conn, "two", {"connector": "x", "realm": "b"}).id
    with db.session() as conn:
        ids = inbox.accept(conn, RING, [NewEvent(one, "t", b"%d" % n) for n in range(10)]).ids
        inbox.accept(conn, RING, [NewEvent(two, "t", b"x"), NewEvent(two, "t", b"x")])
    with db.transaction() as conn:
        inbox.finish(conn, ids[:5])
        inbox.quarantine(conn, [(ids[5], "bad", []), (ids[6], "bad", [])])
        inbox.discard(conn, [ids[6]])
        tally.add(conn, [tally.Tally(datetime.now(UTC).date(), 0, "refused", 4)])
        conn.execute(
            "insert into record (rid, realm, connection_id, object_type, external_id, kind, cluster, parked, last_event)"
            " values (%s, 'a', %s, 'o', '1', 'order', %s, true, %s)",
            (new_id(), one, new_id(), ids[0]),
        )
    found = books(db)
    assert (found.accepted, found.done, found.waiting, found.parked, found.quarantined) == (11, 5, 4, 1, 1)
    assert (found.duplicates, found.refused, found.discarded, found.lost) == (1, 4, 1, 0)
    assert books(db, ["a"]).accepted == 10
    assert books(db, ["b"]).waiting == 1
    assert books(db, day=datetime.now(UTC).date()) == found
    assert books(db, day=datetime.now(UTC).date() - timedelta(days=1)).accepted == 0
    with db.transaction() as conn:
        inbox.requeue(conn, ids[:2])
    assert (books(db).waiting, books(db).lost) == (6, 0)
    db.execute("delete from event_work where id = %s", (ids[9],))
    assert (books(db).lost, books(db).is_balanced) == (1, False)


def test_books_when_very_much_waits_then_about_and_still_in_balance(db: Database) -> None:
    with db.transaction() as conn:
        many = connection.insert(conn, "many", {"connector": "x", "realm": "a"}).id
        few = connection.insert(conn, "few", {"connector": "x", "realm": "b"}).id
    with db.session() as conn:
        inbox.accept(conn, RING, [NewEvent(few, "t", b"%d" % n) for n in range(3)])
        conn.execute(
            "insert into event (id, connection_id, received_at, topic, origin, key_hash, size, sha256, body)"
            " select (left(%s, 24) || lpad(n::text, 12, '0'))::uuid, %s, now(), 't', 'pull', '', 0, '', ''"
            " from generate_series(1, 12300) n",
            (str(new_id()), many),
        )
        conn.execute(
            "insert into event_work (id, connection_id) select id, connection_id from event where connection_id = %s",
            (many,),
        )
        conn.execute("vacuum analyze event_work")
    today = datetime.now(UTC).date()
    found = books(db, day=today, most=LIMIT)
    assert isinstance(found.waiting, About)
    assert (found.accepted, found.waiting, found.is_counted, found.is_balanced) == (12_303, 12_000, False, True)
    assert books(db, day=today).waiting == 12_303
    assert books(db, ["b"], day=today, most=LIMIT).is_counted
    assert [(f.name, f.waiting) for f in figures(db, datetime.now(UTC), None)] == [("few", 3), ("many", 12_000)]
    assert [f.waiting for f in figures(db, datetime.now(UTC), None, "many", most=None)] == [12_300]
    assert [f.name for f in figures(db, datetime.now(UTC), ["b"])] == ["few"]
    with db.session() as conn:
        seen = vitals(conn)
    assert (seen.events_waiting, seen.due, seen.oldest_event is not None) == (12_000, 0, True)
