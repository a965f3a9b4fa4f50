"""Pulling: items and cursor in one transaction, leases, honest coverage, deletions only from complete listings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from hub.errors import ConfigError, ConflictError, ConnectionPausedError, NotFoundError, RetryableError
from hub.flow import poll
from hub.flow.account import halt
from hub.flow.configure import Wish, connect
from hub.flow.context import Hub
from hub.flow.poll import RunResult, pull, run_due
from hub.sdk.connector import Page, RawEvent
from hub.store import cursor, inbox, run
from hub.store.cursor import CursorRow
from hub.store.database import new_id
from tests.fixtures.bare import Till, bare_hub


@pytest.fixture
def hub(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Hub]:
    with bare_hub(database_url, redis_url, tmp_path) as made:
        wish = Wish("shop", "till", secrets={"secret": ["s"]}, flows={"order": "in", "customer": "in"})
        connect(made, wish, "test")
        yield made


def page(*bodies: bytes, cursor: Any, last: bool = False, truncated: str = "") -> Page:
    return Page([RawEvent("orders.pull", body) for body in bodies], cursor, last, truncated, read_at=1_700_000_000.25)


def place(hub: Hub, stream: str = "orders") -> CursorRow:
    with hub.db.session() as conn:
        return next(c for c in cursor.of_connection(conn, hub.connections.by_name("shop").id) if c.stream == stream)


def bodies(hub: Hub) -> list[bytes | None]:
    with hub.db.session() as conn:
        return [e.body for e in inbox.read_many(conn, hub.keyring, [i for (i,) in hub.db.all("select id from event")])]


def orders(hub: Hub, **more: Any) -> RunResult:
    return pull(hub, "shop", "orders", **more)


def test_pull_when_first_then_bulk_full_pass_that_ends_complete(hub: Hub) -> None:
    Till.script["orders"] = [page(b"1", b"2", cursor=1), page(b"3", cursor=2, last=True)]
    seen: list[int] = []
    result = orders(hub, progress=lambda _, counts: seen.append(counts["items"]))
    assert result.coverage == "complete"
    assert result.counts == {"pages": 2, "items": 3, "accepted": 3, "duplicates": 0, "too_large": 0, "absent": 0}
    assert seen == [2, 3]
    assert bodies(hub) == [b"1", b"2", b"3"]
    rows = hub.db.all("select distinct origin, lane, read_at, full_pass is not null from event")
    assert rows == [("pull", 1, 1_700_000_000_250_000, True)]
    at = place(hub)
    assert (at.position, at.lease_token, at.full_pass["status"], at.full_pass["seen"]) == (2, None, "done", 3)  # type: ignore[index]
    assert at.full_pass_at is not None
    (row,) = run.recent(hub.db)
    assert (row.status, row.coverage, row.outcome, row.counts["accepted"]) == ("done", "complete", "read", 3)


def test_pull_when_next_then_live_lane_and_overlap_counts_as_duplicates(hub: Hub) -> None:
    Till.script["orders"] = [page(b"1", cursor=1, last=True), page(b"1", b"2", cursor=2, last=True)]
    orders(hub)
    result = orders(hub)
    assert (result.counts["accepted"], result.counts["duplicates"]) == (1, 1)
    assert hub.db.all("select lane, full_pass is null from event order by id") == [(1, False), (0, True)]


def test_pull_when_it_fails_half_way_then_goes_on_where_it_stopped(hub: Hub) -> None:
    Till.script["orders"] = [
        page(b"1", cursor=1),
        RetryableError("till: 503", retry_after_s=0.01),
        page(b"3", cursor=3, last=True),
    ]
    result = orders(hub)
    assert (result.coverage, result.streams[0].status, result.streams[0].note) == ("partial", "paused", "till: 503")
    first = place(hub)
    assert (first.position, first.full_pass["status"], first.full_pass_at) == (1, "running", None)  # type: ignore[index]
    Till.script["orders"][1] = page(b"2", cursor=2)
    assert orders(hub).coverage == "complete"
    assert bodies(hub) == [b"1", b"2", b"3"]
    assert place(hub).full_pass["id"] == first.full_pass["id"]  # type: ignore[index]
    assert place(hub).full_pass["seen"] == 3  # type: ignore[index]


def test_pull_when_told_to_wait_then_waits_within_patience(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def fetch(self: Till, stream: str, cursor: Any) -> Iterator[Page]:
        asked.append(cursor)
        if len(asked) % 2:
            yield page(b"1", cursor=1)
            raise RetryableError("till: 429", retry_after_s=0.01)
        yield page(b"2", cursor=2, last=True)

    monkeypatch.setattr(Till, "fetch", fetch)
    assert orders(hub, patience_s=5).coverage == "complete"
    assert asked == [None, 1]
    assert orders(hub).coverage == "partial"


def test_pull_when_item_cannot_be_stored_then_cursor_does_not_move(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    Till.script["orders"] = [page(b"1", cursor=1, last=True)]
    real = cursor.advance

    def broken(*args: Any) -> None:
        real(*args)
        raise RuntimeError("crash before the commit")

    monkeypatch.setattr(cursor, "advance", broken)
    assert orders(hub).streams[0].status == "failed"
    assert bodies(hub) == []
    assert place(hub).position is None


def test_pull_when_lease_is_held_and_it_has_patience_then_waits_for_its_turn(hub: Hub) -> None:
    Till.script["orders"] = [page(b"1", cursor=1, last=True)]
    row = hub.connections.by_name("shop")
    assert cursor.take(hub.db, row.id, "orders", lease_s=0.3)
    assert orders(hub, patience_s=20).coverage == "complete"


def test_leases_when_their_holders_are_dead_then_a_start_takes_them_back(hub: Hub) -> None:
    Till.script["orders"] = [page(b"1", cursor=1, last=True)]
    row = hub.connections.by_name("shop")
    taken = cursor.take(hub.db, row.id, "orders")
    assert taken
    run_id = run.start(hub.db, "pull", row.id, "orders")
    assert (hub.db.run(cursor.free_all), hub.db.run(run.end_abandoned)) == (1, 1)
    assert [(r.id, r.status, r.note) for r in run.recent(hub.db)] == [(run_id, "cancelled", "its process ended")]
    assert orders(hub).coverage == "complete"
    with pytest.raises(ConflictError):
        cursor.renew(hub.db, taken)


def test_pull_when_lease_is_held_then_skipped(hub: Hub) -> None:
    row = hub.connections.by_name("shop")
    taken = cursor.take(hub.db, row.id, "orders")
    assert taken is not None
    assert orders(hub).coverage == "skipped"
    cursor.release(hub.db, taken, 0)
    hub.db.execute("update cursor set lease_token = gen_random_uuid(), lease_until = now() - interval '1 second'")
    Till.script["orders"] = [page(b"1", cursor=1, last=True)]
    assert orders(hub).coverage == "complete"


def test_pull_when_halted_meanwhile_then_stops_after_the_page(hub: Hub) -> None:
    Till.script["orders"] = [page(b"1", cursor=1), page(b"2", cursor=2, last=True)]
    result = orders(hub, progress=lambda *_: halt(hub, "shop", "test", outward=False))
    assert (result.streams[0].status, result.coverage) == ("paused", "partial")
    assert bodies(hub) == [b"1"]
    assert orders(hub).coverage == "skipped"
    assert run_due(hub) == 0


def test_pull_when_account_refuses_then_connection_is_paused(hub: Hub) -> None:
    Till.script["orders"] = [ConnectionPausedError("till: 401")]
    result = orders(hub)
    assert (result.streams[0].status, result.coverage) == ("failed", "partial")
    assert hub.connections.by_name("shop").pause_reason == "till: 401"


def test_pull_when_connector_crashes_then_failed_and_text_is_kept_out(hub: Hub) -> None:
    Till.script["orders"] = [KeyError("张伟 13800138000")]
    result = orders(hub)
    assert result.streams[0].status == "failed"
    assert "13800138000" not in result.streams[0].note
    assert "KeyError" in result.streams[0].note


@pytest.mark.parametrize(
    ("pages", "coverage", "note"),
    [
        ([page(b"1", cursor=1, truncated="60 days only"), page(cursor=2, last=True)], "truncated", "60 days only"),
        ([page(b"1", cursor=1)], "partial", "the listing ended without saying that it was complete"),
        ([page(cursor=None, last=True)], "complete", ""),
    ],
)
def test_pull_when_listing_is_odd_then_coverage_says_so(hub: Hub, pages: list[Page], coverage: str, note: str) -> None:
    Till.script["orders"] = pages
    result = orders(hub)
    assert (result.coverage, result.streams[0].note) == (coverage, note)
    assert (place(hub).full_pass_at is not None) == (coverage == "complete")


def test_pull_when_item_is_huge_then_hash_and_start_are_kept_and_quarantined(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.flow.reading.MAX_ITEM_BYTES", 1000)
    monkeypatch.setattr("hub.flow.reading.KEPT_BYTES", 10)
    Till.script["orders"] = [page(b"x" * 5000, b"1", cursor=1, last=True)]
    assert orders(hub).counts["too_large"] == 1
    assert bodies(hub) == [b"xxxxxxxxxx", b"1"]
    assert hub.db.all("select state, cause from event_work order by id") == [(1, "too_large"), (0, None)]
    assert hub.db.one("select headers ->> 'x-hub-full-size' from event order by id limit 1") == ("5000",)
    assert pull(hub, "shop", "orders", full=True).counts["duplicates"] == 2


def test_pull_when_request_makes_no_sense_then_error_lists_what_there_is(hub: Hub) -> None:
    connect(hub, Wish("crm", "sink", flows={"customer": "out"}), "test")
    with pytest.raises(ConfigError, match="it reads: customers, orders"):
        pull(hub, "shop", "parcels")
    with pytest.raises(ConfigError, match="nothing to read"):
        pull(hub, "crm")
    with pytest.raises(NotFoundError):
        pull(hub, "nobody")
    assert "use --full" in orders(hub, since=1.0).streams[0].note


def test_pull_when_since_is_given_then_cursor_stays(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    Till.script["orders"] = [page(b"1", cursor=1, last=True), page(b"2", cursor=2, last=True)]
    orders(hub)
    monkeypatch.setattr(Till, "cursor_since", lambda self, stream, since: 0)
    assert orders(hub, since=1.0).counts["items"] == 1
    assert place(hub).position == 1


def known(hub: Hub, external_id: str, major: int | None = 7, state: int = 1) -> None:
    rid, connection_id = new_id(), hub.connections.by_name("shop").id
    hub.db.execute(
        "insert into record (rid, realm, connection_id, object_type, external_id, kind, cluster, state)"
        " values (%s, 'default', %s, 'customers', %s, 'customer', %s, %s)",
        (rid, connection_id, external_id, rid, state),
    )
    if major is not None:
        hub.db.execute(
            "insert into version (rid, major, minor, read_at, hash, event_id, since, release_id, asserted)"
            " values (%s, %s, 0, 0, '', %s, 0, 1, '{}')",
            (rid, major, new_id()),
        )
    # Ids are ordered by milliseconds, and what is minted after a listing began is not absent from it.
    hub.db.execute("select pg_sleep(0.002)")


def absences(hub: Hub) -> list[Any]:
    with hub.db.session() as conn:
        found = inbox.read_many(
            conn, hub.keyring, [i for (i,) in hub.db.all("select id from event where topic = 'hub.absence'")]
        )
    return [record for event in found for record in orjson.loads(event.body or b"")["records"]]


def test_pull_when_full_pass_is_complete_then_missing_records_become_absences(hub: Hub) -> None:
    for external_id in ("1", "2", "3"):
        known(hub, external_id)
    known(hub, "stub", state=0)
    known(hub, "deleted", state=2)
    Till.script |= {"customers": [page(cursor=1, last=True)], "customers ids": ["1", "3", "9"]}
    result = pull(hub, "shop", "customers")
    assert (result.coverage, result.counts["absent"]) == ("complete", 1)
    assert absences(hub) == [{"kind": "customer", "object_type": "customers", "external_id": "2", "major": 7}]
    assert hub.db.all("select origin, read_at > 0, full_pass is not null from event where topic = 'hub.absence'") == [
        ("pull", True, True)
    ]


@pytest.mark.parametrize(
    ("pages", "ids"),
    [
        ([page(cursor=1, last=True)], []),
        ([page(cursor=1, last=True, truncated="cut")], ["1"]),
        ([page(cursor=1)], ["1"]),
        ([page(cursor=1, last=True)], None),
        ([page(cursor=1, last=True)], ["1", RetryableError("till: 503")]),
    ],
)
def test_pull_when_listing_proves_nothing_then_nobody_is_absent(
    hub: Hub, pages: list[Page], ids: list[Any] | None
) -> None:
    known(hub, "2")
    Till.script["customers"] = pages
    if ids is not None:
        Till.script["customers ids"] = ids
    pull(hub, "shop", "customers")
    assert absences(hub) == []


def test_pull_when_incremental_then_nobody_is_absent(hub: Hub) -> None:
    Till.script |= {"customers": [page(cursor=1, last=True), page(cursor=2, last=True)], "customers ids": ["1"]}
    pull(hub, "shop", "customers")
    known(hub, "2")
    pull(hub, "shop", "customers")
    assert absences(hub) == []


def test_run_due_when_read_then_due_again_after_the_interval(hub: Hub) -> None:
    connect(hub, Wish("shop", config={"poll_s": 1000}), "test")
    Till.script |= {"orders": [page(b"1", cursor=1, last=True)], "customers": [page(cursor=1, last=True)]}
    assert run_due(hub) == 2
    assert run_due(hub) == 0
    row = hub.db.one(
        "select min(next_poll_at - now()) > interval '890 s' and max(next_poll_at - now()) < interval '1110 s' from cursor"
    )
    assert row == (True,)
    health = hub.db.one("select health -> 'pull:orders' ->> 'ok' from connection")
    assert health == ("true",)


def test_run_due_when_full_pass_is_old_then_reads_everything_again(hub: Hub) -> None:
    Till.script |= {"orders": [page(b"1", cursor=1, last=True)], "customers": []}
    run_due(hub)
    hub.db.execute(
        "update cursor set next_poll_at = now(), full_pass_at = now() - interval '2 days' where stream = 'orders'"
    )
    before = place(hub).full_pass
    assert run_due(hub) == 1
    assert place(hub).full_pass["id"] != before["id"]  # type: ignore[index]


def test_run_due_when_flow_was_taken_away_then_stream_is_forgotten(hub: Hub) -> None:
    connect(hub, Wish("shop", flows={"order": "in"}, is_whole=True, config={}), "test")
    Till.script["orders"] = [page(cursor=1, last=True)]
    assert run_due(hub) == 1
    assert place(hub, "customers").next_poll_at is None
    connect(hub, Wish("shop", flows={"customer": "in"}), "test")
    assert place(hub, "customers").next_poll_at is not None


def test_run_due_when_system_asks_for_a_pause_then_due_after_it(hub: Hub) -> None:
    Till.script |= {
        "orders": [RetryableError("till: 429", retry_after_s=120)],
        "customers": [RetryableError("till: 500")],
    }
    run_due(hub)
    waits = dict(hub.db.all("select stream, extract(epoch from next_poll_at - now())::integer from cursor"))
    assert 110 < waits["orders"] <= 120
    assert 5 < waits["customers"] <= poll.FIRST_RETRY_S
