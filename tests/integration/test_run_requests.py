"""Reading that people ask for: one run from the request to its end, paused, resumed and ended on the way."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.errors import ConfigError, ConflictError, NotFoundError, RetryableError
from hub.flow import ingest, poll, replay
from hub.flow import run as flow
from hub.flow.configure import Wish, connect
from hub.flow.context import Hub
from hub.model.identifier import format_id
from hub.sdk.connector import Page, RawEvent
from hub.store import cursor
from hub.store import run as store
from hub.store.database import new_id
from hub.store.run import Run
from tests.fixtures.bare import Till, bare_hub


@pytest.fixture
def hub(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Hub]:
    with bare_hub(database_url, redis_url, tmp_path) as made:
        connect(made, Wish("shop", "till", secrets={"secret": ["s"]}, flows={"order": "in"}), "test")
        yield made


def pages(count: int, total: int | None = None) -> list[Page]:
    made = [
        Page([RawEvent("orders.pull", b"%d" % n)], n + 1, n == count - 1, read_at=1_700_000_000, total=total)
        for n in range(count)
    ]
    return list(made)


def run_of(hub: Hub, run_id: uuid.UUID) -> Run:
    found = store.get(hub.db, run_id)
    assert found is not None
    return found


def ask(hub: Hub, **more: Any) -> uuid.UUID:
    return flow.ask_pull(hub, "shop", "test", stream="orders", **more)["orders"]


def place(hub: Hub) -> cursor.CursorRow:
    with hub.db.session() as conn:
        return cursor.of_connection(conn, hub.connections.by_name("shop").id)[0]


def acting(hub: Hub, act: Callable[..., None], run_id: uuid.UUID, at_page: int) -> Iterator[Page]:
    """The pages, with somebody acting while one of them is read."""
    for number, page in enumerate(pages(4)):
        if number == at_page:
            act(hub, run_id, "test")
        yield page


def test_pull_when_asked_for_then_waits_and_is_one_run_with_a_total(hub: Hub) -> None:
    Till.script["orders"] = pages(2, total=2)
    run_id = ask(hub)
    waiting = run_of(hub, run_id)
    assert (waiting.status, waiting.ended_at) == ("paused", None)
    assert poll.run_due(hub) == 1
    done = run_of(hub, run_id)
    assert (done.status, done.coverage, done.counts["items"], done.total) == ("done", "complete", 2, 2)
    assert place(hub).request is None


def test_pull_when_asked_in_full_then_reads_from_the_beginning(hub: Hub) -> None:
    Till.script["orders"] = pages(2)
    poll.run_due(hub)
    run_id = ask(hub, full=True)
    poll.run_due(hub)
    counts = run_of(hub, run_id).counts
    assert (counts["items"], counts["duplicates"]) == (2, 2)


def test_pull_when_the_stream_is_unknown_then_says_what_there_is(hub: Hub) -> None:
    with pytest.raises(ConfigError, match="it reads: orders"):
        flow.ask_pull(hub, "shop", "test", stream="nonsense")


def test_pull_when_asked_twice_then_the_first_request_ends(hub: Hub) -> None:
    first, second = ask(hub), ask(hub, full=True)
    assert run_of(hub, first).status == "cancelled"
    assert run_of(hub, second).status == "paused"


def test_run_when_the_system_asks_for_patience_then_goes_on_in_the_same_run(hub: Hub) -> None:
    Till.script["orders"] = [pages(2)[0], RetryableError("slow down", retry_after_s=0)]
    run_id = ask(hub, full=True)
    poll.run_due(hub)
    assert (run_of(hub, run_id).status, run_of(hub, run_id).counts["items"]) == ("paused", 1)
    Till.script["orders"] = pages(2)
    poll.run_due(hub)
    done = run_of(hub, run_id)
    assert (done.status, done.coverage, done.counts["items"]) == ("done", "complete", 2)


def test_run_when_paused_then_stops_after_its_page_and_resumes_there(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = ask(hub)
    monkeypatch.setattr(Till, "fetch", lambda *_: acting(hub, flow.pause, run_id, 1))
    poll.run_due(hub)
    held = run_of(hub, run_id)
    assert (held.status, held.counts["items"], held.wish) == ("paused", 2, None)
    assert poll.run_due(hub) == 0
    monkeypatch.undo()
    Till.script["orders"] = pages(4)
    flow.resume(hub, run_id, "test")
    poll.run_due(hub)
    assert (run_of(hub, run_id).status, run_of(hub, run_id).counts["items"]) == ("done", 4)
    assert run_of(hub, run_id).coverage == "complete"


def test_run_when_cancelled_while_reading_then_what_was_read_stays(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = ask(hub)
    monkeypatch.setattr(Till, "fetch", lambda *_: acting(hub, flow.cancel, run_id, 2))
    poll.run_due(hub)
    ended = run_of(hub, run_id)
    assert (ended.status, ended.coverage, ended.counts["items"]) == ("cancelled", "partial", 3)
    assert (place(hub).position, place(hub).request) == (3, None)
    assert place(hub).full_pass is not None
    assert (place(hub).full_pass or {})["status"] == "cancelled"


def test_run_when_cancelled_before_it_began_then_nobody_reads_for_it(hub: Hub) -> None:
    run_id = ask(hub, full=True)
    flow.cancel(hub, run_id, "test")
    assert (run_of(hub, run_id).status, run_of(hub, run_id).coverage) == ("cancelled", "skipped")
    assert place(hub).request is None
    with pytest.raises(ConflictError, match="cancelled already"):
        flow.resume(hub, run_id, "test")


def test_run_when_unknown_then_not_found(hub: Hub) -> None:
    unknown = new_id()
    with pytest.raises(NotFoundError, match=format_id("run", unknown)):
        flow.pause(hub, unknown, "test")


def test_begin_at_when_the_system_cannot_be_asked_by_time_then_says_so(hub: Hub) -> None:
    with pytest.raises(ConfigError, match="cannot be read from a time on"):
        flow.begin_at(hub, "shop", "orders", 1_700_000_000)


def test_begin_at_when_never_read_then_the_cursor_stands_there(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Till, "cursor_since", lambda *_: 7)
    assert flow.begin_at(hub, "shop", "orders", 1_700_000_000)
    assert place(hub).position == 7
    assert not flow.begin_at(hub, "shop", "orders", 1_700_000_000)


def lines(count: int) -> list[bytes]:
    return [b'{"_topic": "orders/create", "_id": "%d", "_body": {"n": %d}}' % (n, n) for n in range(count)]


def last_run(hub: Hub) -> Run:
    return store.recent(hub.db, limit=1)[0]


def test_import_when_done_then_a_run_with_its_counts(hub: Hub) -> None:
    ingest.ingest(hub, "shop", [*lines(3), b"not json"])
    found = last_run(hub)
    assert (found.type, found.status, found.coverage) == ("import", "done", "partial")
    assert found.counts == {"accepted": 3, "duplicates": 0, "refused": 1, "quarantined": 0}
    assert found.note == "some lines were refused"
    ingest.ingest(hub, "shop", [b'{"_topic": "orders/create", "_body": {"n": }}'])
    found = last_run(hub)
    assert (found.coverage, found.note) == ("complete", "some lines wait in quarantine")
    assert found.counts == {"accepted": 1, "duplicates": 0, "refused": 0, "quarantined": 1}


def test_import_when_somebody_ends_it_then_what_was_read_stays(hub: Hub) -> None:
    def end(_summary: ingest.Summary) -> None:
        if last_run(hub).status == "running":
            flow.cancel(hub, last_run(hub).id, "test")

    summary = ingest.ingest(hub, "shop", lines(1400), progress=end)
    assert summary.is_cancelled
    assert (last_run(hub).status, last_run(hub).counts["accepted"]) == ("cancelled", 1000)
    assert hub.db.one("select count(*) from event") == (1000,)


def _stored(hub: Hub, count: int) -> None:
    """So many events that are done, as far as the inbox knows."""
    ingest.ingest(hub, "shop", lines(count))
    hub.db.execute("delete from event_work")


def _waiting(hub: Hub) -> int:
    row = hub.db.one("select count(*) from event_work where replay")
    assert row is not None
    return int(row[0])


def _is_for_a_worker(hub: Hub) -> bool:
    return hub.db.one(f"select exists (select from run where {store.WAITING_REPLAY})") == (True,)


def test_replay_when_done_then_a_run_says_how_many(hub: Hub) -> None:
    _stored(hub, 3)
    seen: list[str] = []
    result = replay.replay(hub, replay.Selection(), lambda _: seen.append(last_run(hub).status))
    assert (result.done, seen) == (3, ["running"])
    found = last_run(hub)
    assert (found.type, found.status, found.counts["done"], found.total) == ("replay", "done", 3, 3)


def test_replay_when_paused_then_it_goes_on_where_it_stopped(hub: Hub) -> None:
    _stored(hub, 1200)
    result = replay.replay(hub, replay.Selection(), lambda _: flow.pause(hub, last_run(hub).id, "test"))
    assert (result.done, result.is_cancelled, last_run(hub).status) == (1000, True, "paused")
    assert replay.run_due(hub) == 0
    hub.db.execute("delete from event_work")
    flow.resume(hub, last_run(hub).id, "test")
    assert _is_for_a_worker(hub)
    replay.run_due(hub)
    assert (_waiting(hub), last_run(hub).status, last_run(hub).counts["done"]) == (200, "done", 1200)
    assert not _is_for_a_worker(hub)


def test_replay_when_ended_or_failed_then_it_can_be_resumed(hub: Hub) -> None:
    _stored(hub, 700)

    def fail(_count: int) -> None:
        raise OSError

    with pytest.raises(OSError):
        replay.replay(hub, replay.Selection(), fail)
    failed = last_run(hub)
    assert (failed.status, failed.note) == ("failed", "it stopped with OSError")
    flow.resume(hub, failed.id, "test")
    replay.run_due(hub)
    assert (_waiting(hub), last_run(hub).status, last_run(hub).counts["done"]) == (700, "done", 700)
    with pytest.raises(ConflictError, match="done already"):
        flow.resume(hub, failed.id, "test")


def test_replay_when_its_process_is_gone_then_a_worker_goes_on(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    _stored(hub, 700)

    class GoneError(BaseException):
        pass

    def die(_count: int) -> None:
        # Nothing of what follows a kill is carried out: the run stays as the last commit left it.
        hub.db.execute("update run set updated_at = updated_at - interval '61 seconds'")
        raise GoneError

    monkeypatch.setattr(replay, "_end", lambda *_: None)
    with pytest.raises(GoneError):
        replay.replay(hub, replay.Selection(), die)
    monkeypatch.undo()
    assert last_run(hub).status == "running"
    assert _is_for_a_worker(hub)
    replay.run_due(hub)
    assert (_waiting(hub), last_run(hub).status) == (700, "done")


def test_replay_when_asked_for_then_a_worker_does_it(hub: Hub) -> None:
    _stored(hub, 3)
    since = datetime.now(UTC) - timedelta(days=1)
    run_id = replay.ask(hub, replay.Selection(since=since, status="done"), "test")
    assert (last_run(hub).id, last_run(hub).status, _waiting(hub)) == (run_id, "paused", 0)
    replay.run_due(hub)
    assert (last_run(hub).status, _waiting(hub)) == ("done", 3)
    assert replay.run_due(hub) == 0
