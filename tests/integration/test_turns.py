"""Two workers, one cluster: what the one read before the other's commit is looked at again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from hub.flow import cluster, resolve
from hub.flow.context import Hub
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
