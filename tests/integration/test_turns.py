"""Two workers, one cluster: what the one read before the other's commit is looked at again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from hub.flow import cluster, resolve
from hub.flow.context import Hub
from hub.flow.link import link
from hub.store import resolve as store
from tests.fixtures.hub import Rig, at

UNIONID = {"namespace": "wechat_unionid", "scope": "acct", "value": "u", "verified": "oauth"}


def test_resolve_when_a_key_goes_while_another_worker_joins_by_it_then_the_records_are_two(
    make_hub: Callable[..., Hub], database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig, other = Rig(make_hub(database_url)), make_hub(database_url)
    for name, rank in (("shop", 1), ("crm", 2)):
        rig.connect(name, {"customer": "in"}, rank=rank)
    for name in ("shop", "crm"):
        rig.send(name, "customer.updated", {"id": "1", "updated_at": at(1), "identities": [UNIONID]})
    rig.record()
    has_read, may_go_on = threading.Event(), threading.Event()
    relink = cluster.relink

    def slow(*args: Any) -> Any:
        found = relink(*args)
        has_read.set()
        assert may_go_on.wait(20)
        return found

    monkeypatch.setattr(cluster, "relink", slow)
    first = threading.Thread(target=resolve.run_batch, args=(rig.hub,))
    first.start()
    assert has_read.wait(20)
    monkeypatch.undo()
    # The first has read both keys, and locked nothing yet; now one of them goes.
    rig.send("crm", "customer.updated", {"id": "1", "updated_at": at(2), "identities": []})
    rig.record()
    second = threading.Thread(target=resolve.run_batch, args=(other,))
    second.start()
    _wait_for_a_turn(other)
    may_go_on.set()
    for thread in (first, second):
        thread.join(20)
        assert not thread.is_alive()
    rig.settle()
    assert len(rig.goldens("customer")) == 2
    clusters = rig.hub.db.all("select count(*) from record group by cluster")
    assert clusters == [(1,), (1,)]


def test_resolve_when_a_record_joins_while_another_worker_computes_then_the_golden_record_has_both(
    make_hub: Callable[..., Hub], database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig, other = Rig(make_hub(database_url)), make_hub(database_url)
    for name, rank in (("shop", 1), ("crm", 2)):
        rig.connect(name, {"customer": "in"}, rank=rank)
    told = {"id": "1", "identities": [UNIONID]}
    rig.send("shop", "customer.updated", {**told, "updated_at": at(1)})
    rig.settle()
    rig.send("shop", "customer.updated", {**told, "updated_at": at(2), "note": "late"})
    rig.record()
    first, may_go_on = _stopped_before(monkeypatch, rig.hub, resolve, "_compute")
    # The first has read the one record there is; now another one joins, and waits for nobody.
    rig.send("crm", "customer.updated", {**told, "updated_at": at(3), "full_name": "Li Lei"})
    rig.record()
    assert resolve.run_batch(other)
    assert rig.hub.db.all("select count(*) from record group by cluster") == [(2,)]
    # Whose golden record the first one holds: it is left for later.
    assert rig.hub.db.one("select count(*) from resolve_work") != (0,)
    may_go_on.set()
    first.join(20)
    assert not first.is_alive()
    rig.settle()
    [golden] = rig.goldens("customer")
    assert (golden["note"], golden["full_name"]) == ("late", "Li Lei")


def test_resolve_when_the_last_record_leaves_before_it_is_locked_then_the_feed_says_whereto(
    make_hub: Callable[..., Hub], database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig, other = Rig(make_hub(database_url)), make_hub(database_url)
    for name, rank in (("shop", 1), ("crm", 2)):
        rig.connect(name, {"customer": "in"}, rank=rank)
    rig.send("shop", "customer.updated", {"id": "1", "updated_at": at(1), "full_name": "Li Lei"})
    rig.settle()
    rig.send("crm", "customer.updated", {"id": "1", "updated_at": at(1), "identities": [UNIONID]})
    rig.settle()
    rig.send("crm", "customer.updated", {"id": "1", "updated_at": at(2), "identities": [UNIONID], "note": "late"})
    rig.record()
    first, may_go_on = _stopped_before(monkeypatch, rig.hub, store, "lock_members")
    # The first knows where the record is, and holds nothing; now it joins the other one.
    rig.send(
        "shop", "customer.updated", {"id": "1", "updated_at": at(3), "full_name": "Li Lei", "identities": [UNIONID]}
    )
    rig.record()
    assert other.db.run(lambda conn: link(conn, other, 10))
    may_go_on.set()
    first.join(20)
    assert not first.is_alive()
    rig.settle()
    [golden] = rig.goldens("customer")
    assert (golden["note"], golden["full_name"]) == ("late", "Li Lei")
    ids = rig.hub.db.all("select id::text from golden where kind = 'customer'")
    assert rig.hub.db.all("select after ->> 'into' from change where type = 'merged'") == ids


def _stopped_before(
    monkeypatch: pytest.MonkeyPatch, hub: Hub, module: ModuleType, name: str
) -> tuple[threading.Thread, threading.Event]:
    """A worker in T2 that has come to a function and calls it when the event is set; nobody else is stopped there."""
    has_come, may_go_on = threading.Event(), threading.Event()
    call = getattr(module, name)

    def slow(*args: Any) -> Any:
        has_come.set()
        assert may_go_on.wait(20)
        return call(*args)

    monkeypatch.setattr(module, name, slow)
    worker = threading.Thread(target=resolve.run_batch, args=(hub,))
    worker.start()
    assert has_come.wait(20)
    monkeypatch.undo()
    return worker, may_go_on


def _wait_for_a_turn(hub: Hub) -> None:
    waiting = "select exists (select from pg_locks where locktype = 'advisory' and not granted)"
    for _ in range(2000):
        if hub.db.one(waiting) == (True,):
            return
        threading.Event().wait(0.01)
    raise AssertionError("the second worker never waited for its turn")


def test_resolve_when_it_may_not_wait_for_a_turn_then_the_marks_stay_for_later(
    make_hub: Callable[..., Hub], database_url: str
) -> None:
    rig = Rig(make_hub(database_url))
    for name, rank in (("shop", 1), ("crm", 2)):
        rig.connect(name, {"customer": "in"}, rank=rank)
        rig.send(name, "customer.updated", {"id": "1", "updated_at": at(1), "identities": [UNIONID]})
    rig.record()
    with rig.hub.db.transaction() as holder:
        assert store.take_turns(holder, [], [("default", "customer")], wait=False)
        assert resolve.run_batch(rig.hub, wait=False) == 0
        assert rig.hub.db.one("select count(*) from resolve_work") == (2,)
    assert resolve.run_batch(rig.hub, wait=False)
    assert len(rig.goldens("customer")) == 1
