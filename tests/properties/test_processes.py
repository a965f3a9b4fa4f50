"""Several worker processes, killed at random, come to what one alone comes to (2.8)."""

from __future__ import annotations

import random
import signal
from typing import Any

import pytest

from hub.flow.observe import line_item
from hub.rules import register
from hub.store import record as record_store
from hub.store.inbox import sweep_journal
from tests.fixtures import drain
from tests.fixtures.histories import connect_all
from tests.fixtures.hub import Rig, at

EVENTS = 400


def _customer(rng: random.Random, connection: str) -> tuple[str, str, dict[str, Any]]:
    identities = [
        {"namespace": "wechat_unionid", "scope": "acct", "value": f"u{rng.randint(1, 25)}", "verified": "oauth"},
        {"namespace": "phone", "value": f"+86138001380{rng.randint(10, 40)}", "verified": rng.choice(["otp", "none"])},
    ]
    data = {
        "id": str(rng.randint(1, 60)), "updated_at": at(rng.randint(1, 500)),
        "full_name": rng.choice(["Li Lei", "Han Meimei", "王小明", "王晓明", "张伟", "Zhang Wei"]),
        "birthday": {"year": 1990, "month": 5, "day": rng.randint(1, 3), "calendar": "gregorian"}, "note": str(rng.randint(1, 9)),
        "identities": rng.sample(identities, rng.randint(0, 2)), "tags": rng.sample(["a", "b", "c"], 2),
    }  # fmt: skip
    return connection, "customer.updated", data


def _payment(rng: random.Random, connection: str) -> tuple[str, str, dict[str, Any]]:
    ref = rng.randint(1, 40)
    return connection, "payment.updated", {
        "id": f"p{ref}", "updated_at": at(rng.randint(1, 500)), "order": f"o{ref % 10}", "provider": "wechat_pay",
        "provider_ref": f"wx{ref}", "method": "wechat_pay", "state": rng.choice(["captured", "pending"]),
        "amount": {"amount": f"{ref}.00", "currency": "CNY"},
    }  # fmt: skip


def _order(rng: random.Random, connection: str) -> tuple[str, str, dict[str, Any]]:
    total = {"amount": f"{rng.randint(10, 99)}.00", "currency": "CNY"}
    return connection, "order.updated", {
        "id": f"o{rng.randint(0, 9)}", "updated_at": at(rng.randint(1, 500)), "number": "1", "channel": "web", "currency": "CNY",
        "placed_at": at(0), "tax_inclusive": True, "state": "open", "customer": str(rng.randint(1, 60)), "lines": [],
        "totals": {"items": total, "total": total},
    }  # fmt: skip


def _fill(rig: Rig, seed: int) -> None:
    rng = random.Random(seed)
    connect_all(rig)
    for number in range(EVENTS):
        make = rng.choices([_customer, _payment, _order], [6, 2, 2])[0]
        connection, type_, data = make(
            rng, rng.choice(["shop", "till"]) if make is not _customer else rng.choice(["shop", "till", "crm"])
        )
        rig.send(connection, type_, data, key=f"{seed} {number}")


def _run(rig: Rig, workers: int, kills: int, rng: random.Random) -> None:
    running = [drain.start(rig.hub.settings) for _ in range(workers)]
    for _ in range(kills):
        before = _left(rig)
        while _left(rig) == before and any(process.poll() is None for process in running):
            pass
        victim = rng.choice(running)
        if victim.poll() is None:
            victim.send_signal(signal.SIGKILL)
            victim.wait()
            running.append(drain.start(rig.hub.settings))
    for process in running:
        assert process.wait() in (0, -signal.SIGKILL)
    sweep_journal(rig.hub.db, stale_s=0)
    rig.settle()


def _joined_by_score(rig: Rig) -> int:
    """Pairs that are one person and share no key that would make them so by itself."""
    sql = """
        select count(*) from edge e join record x on x.rid = e.a join record y on y.rid = e.b and y.cluster = x.cluster
        where not exists (select from match_key m join match_key k on k.hash = m.hash and k.strength = 2 and k.rid = e.b
            where m.rid = e.a and m.strength = 2)
    """
    row = rig.hub.db.one(sql)
    return int(row[0]) if row else 0


def _left(rig: Rig) -> Any:
    return rig.hub.db.one("select (select count(*) from event_work), (select coalesce(max(id), 0) from resolve_work)")


@pytest.mark.slow
@pytest.mark.parametrize(("workers", "kills"), [(1, 0), (2, 2), (4, 3)])
def test_processing_convergence(rig: Rig, workers: int, kills: int) -> None:
    _fill(rig, seed=workers)
    rig.settle()
    expected = rig.state_hash()
    rig.clear()
    rig.hub.db.execute("truncate connection cascade")
    rig.hub.connections.reload()
    _fill(rig, seed=workers)
    _run(rig, workers, kills, random.Random(workers))
    assert rig.quarantined() == []
    assert _joined_by_score(rig)
    assert rig.state_hash() == expected


@pytest.mark.slow
def test_incremental_equals_batch(rig: Rig) -> None:
    _fill(rig, seed=7)
    _run(rig, 4, 0, random.Random(7))
    before = rig.state_hash()
    assert _joined_by_score(rig)
    rids = [rid for (rid,) in rig.hub.db.all("select rid from record where state > 0")]
    with rig.hub.db.transaction() as conn:
        conn.execute("update record set cluster = rid")
        for table in ("edge", "hot_key", "match_feature", "item"):
            conn.execute(f"delete from {table}")
        record_store.append_marks(conn, [{"rid": rid, "relink": True, "rekey": True} for rid in rids])
    rig.settle()
    assert rig.state_hash() == before
    assert rig.hub.db.one("select count(*) < (select count(*) from record where state > 0) from golden") == (True,)


@pytest.mark.slow
def test_register_is_fold_of_set_on_the_store(rig: Rig) -> None:
    _fill(rig, seed=3)
    _run(rig, 2, 1, random.Random(3))
    folds = dict(rig.hub.db.all("select rid, fold from record"))
    with rig.hub.db.transaction() as conn:
        lines = record_store.lines(conn, folds)
    assert {rid: register.encode(register.fold(map(line_item, found))) for rid, found in lines.items()} == {
        rid: fold or {"v": {}} for rid, fold in folds.items()
    }
