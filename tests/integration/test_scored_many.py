"""What many carry, what many say, and many in a row: bounded work, whatever is stored."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import pytest

from hub.model.name import sound_of
from hub.store import inbox
from hub.store.database import Connection, Database
from hub.store.inbox import NewEvent
from tests.fixtures.histories import connect_all
from tests.fixtures.hub import EPOCH, Rig, at
from tests.fixtures.people import in_force, stored, whole

STORE = "+8613912345678"
CUSTOMERS = 2_000
ROWS = 2_000
"""An event that shares a number with thousands reads fewer rows than those, of all tables together."""
FAMILIES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦许何吕施张孔曹严华金魏陶姜谢邹柏窦章苏潘葛范彭郎鲁韦马苗方俞任袁柳"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂英华文辉玲红建国玉兰斌波凯鹏宇浩"


@pytest.fixture
def chain(rig: Rig) -> Rig:
    """Three systems, and a model that is not tuned."""
    connect_all(rig)
    in_force(rig)
    return rig


def _names() -> Iterator[str]:
    """Names of which no two sound alike."""
    heard: set[str] = set()
    for family in FAMILIES:
        for one in GIVEN:
            for other in ("", *GIVEN):
                name = family + one + other
                sound = sound_of(name)
                if sound not in heard:
                    heard.add(sound)
                    yield name


def _accept(rig: Rig, connection: str, customers: list[dict[str, Any]]) -> None:
    id_ = rig.hub.connections.by_name(connection).id
    rig.sent += len(customers)
    events = [
        NewEvent(
            id_, "customer.updated",
            orjson.dumps({"type": "customer.updated", "timestamp": customer["updated_at"], "data": customer}),
            f"many {rig.sent} {number}", received_at=EPOCH + 10**12,
        )
        for number, customer in enumerate(customers)
    ]  # fmt: skip
    with rig.hub.db.transaction() as conn:
        inbox.accept(conn, rig.hub.keyring, events)


def _customer(id_: str, name: str, *phones: str, minute: int = 1) -> dict[str, Any]:
    numbers = [{"namespace": "phone", "value": phone} for phone in phones]
    return {"id": id_, "updated_at": at(minute), "full_name": name, "identities": numbers}


def _counts(conn: Connection) -> dict[str, int]:
    # What this backend counted since it last handed its counts over, maybe of transactions before this one too.
    sql = "select relname, seq_tup_read + coalesce(idx_tup_fetch, 0) from pg_stat_xact_user_tables"
    return dict(conn.execute(sql).fetchall())


@contextmanager
def _rows_read(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, int]]:
    """Table -> rows that transactions read of it meanwhile, by whatever plan."""
    found: dict[str, int] = {}
    run = Database.run

    def counted(self: Database, work: Callable[[Connection], Any], **more: Any) -> Any:
        def whole_work(conn: Connection) -> Any:
            before = _counts(conn)
            result = work(conn)
            for table, rows in _counts(conn).items():
                found[table] = found.get(table, 0) + rows - before.get(table, 0)
            return result

        return run(self, whole_work, **more)

    with monkeypatch.context() as patch:
        patch.setattr(Database, "run", counted)
        yield found


def test_phone_of_a_store_when_thousands_carry_it_then_links_nobody_and_one_more_with_it_reads_few_rows(
    chain: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = _names()
    _accept(chain, "till", [_customer(str(number), next(names), STORE) for number in range(CUSTOMERS)])
    chain.settle()
    chain.hub.db.execute("analyze")
    _accept(chain, "shop", [_customer("one more", next(names), STORE)])
    with _rows_read(monkeypatch) as first:
        chain.settle()
    _accept(chain, "shop", [_customer("one more", next(names), STORE, "+8613511112222", minute=2)])
    with _rows_read(monkeypatch) as changed:
        chain.settle()
    assert len(chain.golden_ids("customer")) == CUSTOMERS + 1
    edges = chain.hub.db.all("select reason, relation from edge")
    assert all(
        "phone" not in [name for name, _, _ in reason["parts"]] and relation is None for reason, relation in edges
    )
    assert sum(first.values()) < ROWS
    assert sum(changed.values()) < ROWS


CHAIN = """
auto: 9000
review: 3000
comparisons:
  phone: {same: 9500}
  email: {same: 3000}
keys: {phone: [phone], email: [email]}
"""
LINKS, WEAK = 500, 100


def _link(number: int) -> dict[str, Any]:
    """Shares a number with the one before and the one after it; with every hundredth nothing else."""
    values = [("phone", f"+86139{10_000_000 + 37 * each}") for each in (number, number + 1)]
    values += [("email", f"m{each}@example.cn") for each in (number, number + 1) if each % WEAK]
    identities = [{"namespace": namespace, "value": value} for namespace, value in values]
    return {"id": str(number), "updated_at": at(1), "identities": identities}


def _sizes(rig: Rig) -> list[int]:
    sql = "select count(*) from record where kind = 'customer' group by cluster order by 1 desc"
    return [size for (size,) in rig.hub.db.all(sql)]


def test_chain_of_five_hundred_is_cut_alike_in_any_order_and_told_of_once_until_it_shrinks(chain: Rig) -> None:
    in_force(chain, CHAIN)
    customers = [_link(number) for number in range(LINKS)]
    _accept(chain, "shop", customers)
    chain.settle()
    expected = stored(chain)
    assert expected == whole(chain)
    assert (_sizes(chain), expected.cuts) == ([WEAK] * 5, [(LINKS, 10_000)])
    chain.clear()
    random.Random(1).shuffle(customers)
    for start in range(0, LINKS, 170):
        _accept(chain, "shop", customers[start : start + 170])
        chain.settle()
    assert stored(chain) == expected
    gone: list[dict[str, Any]] = [{"id": id_, "updated_at": at(2), "identities": []} for id_ in ("200", "350")]
    _accept(chain, "shop", gone)
    chain.settle()
    assert (_sizes(chain), stored(chain).cuts) == ([200, 149, 149, 1, 1], [])
    assert stored(chain) == whole(chain)


def test_burst_on_one_customer_writes_its_golden_record_once_a_batch(chain: Rig) -> None:
    _accept(chain, "shop", [_customer("1", f"王小明{number}", STORE, minute=number) for number in range(400)])
    batches = 0
    while chain.record(100):
        batches += bool(chain.resolve())
    assert batches == 4
    assert chain.goldens("customer")[0]["full_name"] == "王小明399"
    [(version,)] = chain.hub.db.all("select version from golden")
    [(feed,)] = chain.hub.db.all("select count(*) from change")
    assert (version, feed) == (batches, batches)
