"""A hub with a past: a million events of a hundred thousand customers, done, and something in every list of the console."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from typing import Any

import orjson

from bench import copies
from bench.books import keep_books
from bench.load import START_US, customer, order
from bench.site import Site, connect
from hub import bootstrap
from hub.flow import access, record, resolve, setup
from hub.flow.context import Hub
from hub.flow.login import log_in
from hub.model import time
from hub.model.permission import Grant
from hub.store.database import Database, new_id
from hub.store.inbox import NewEvent, accept, ensure_partitions
from hub.store.schema import migrate

DAYS = 30.0
ORIGINALS = 200
# Of everything that is wrong, so many.
FEW = 300
ASKED = 60
"""Pairs of customers that are asked about: of one name that hardly anybody has, and nothing else in common."""
SKUS = 2_000
"""What a store of the size of a supermarket keeps."""
PER_CUSTOMER = 10
"""Events of one customer: three of its two records, three of two orders, two payments, a fulfilment, a refund."""
NAME, PASSWORD = "bench", "a sentence that only benchmarks know"
SHOP = {
    "customer": "both", "order": "both", "payment": "in", "refund": "in", "fulfilment": "in", "location": "in", "stock_level": "in",
}  # fmt: skip
STORE = {"connection": "shop", "object_type": "locations", "external_id": "s1"}
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Size:
    """How large the past is. `orders`: of the one customer who buys for a whole company."""

    customers: int = 100_000
    orders: int = 1_500

    @property
    def originals(self) -> int:
        """Customers that go through the pipeline; the others are copies of them."""
        return min(ORIGINALS, max(1, self.customers // 4))

    @property
    def copies(self) -> int:
        """How many times the originals are copied."""
        return max(0, self.customers // self.originals - 1)


Event = tuple[str, str, dict[str, Any]]
"""Connection, topic, data."""


def make(place: Site, name: str, size: Size) -> str:
    """Fills database `name`; returns the cookie of a signed-in admin."""
    place.maintenance.execute(f"create database {name}")
    migrate(place.settings_of(name).database_url)
    hub = bootstrap.start(place.settings_of(name))
    try:
        for month in (datetime.now(UTC) - timedelta(days=DAYS), datetime.now(UTC)):
            ensure_partitions(hub.db, 1, month)
        connect(hub, "shop", SHOP)
        connect(hub, "crm", {"customer": "both", "order": "out"})
        connect(hub, "till", {"customer": "in"})
        connect(hub, "kiosk", {"customer": "in"})
        _process(hub, (event for number in range(size.originals) for event in _life(number)))
        _deliver(hub.db)
        copies.multiply(hub.db, size.copies, DAYS)
        _process(hub, _odd(size))
        _set_aside(hub.db)
        keep_books(hub, max(20, size.customers // 20))
        return _people(hub)
    finally:
        hub.close()


def _process(hub: Hub, events: Iterator[Event]) -> None:
    worker = uuid.uuid4()
    while chunk := list(islice(events, 500)):
        rows = [
            NewEvent(
                hub.connections.by_name(connection).id, topic,
                orjson.dumps({"type": topic, "timestamp": data.get("updated_at", time.from_micros(START_US)), "data": data}),
                f"past {next(_numbers)}",
            )
            for connection, topic, data in chunk
        ]  # fmt: skip
        with hub.db.transaction(durable=False) as conn:
            accept(conn, hub.keyring, rows)
    while record.run_batch(hub, worker) + resolve.run_batch(hub):
        pass


def _at(minute: int) -> str:
    return time.from_micros(START_US + minute * 60_000_000)


def _life(number: int) -> Iterator[Event]:
    """What two systems tell of one customer."""
    rng = random.Random(number)
    person = customer(rng, number, _at(number))
    yield "shop", "customer.updated", person
    yield "crm", "customer.updated", {**person, "id": f"m{number}", "updated_at": _at(number + 1)}
    yield "shop", "customer.updated", {**person, "updated_at": _at(number + 2), "note": "comes every Friday"}
    for place in (0, 1):
        yield from _sale(rng, f"{number}-{place}", number, number + 3 + place, is_changed=place == 0)
    parent = {"object_type": "orders", "external_id": f"o{number}-0"}
    yield "shop", "fulfilment.updated", {
        "id": f"f{number}", "updated_at": _at(number + 6), "order": parent, "state": "shipped", "shipped_at": _at(number + 6),
        "tracking": [{"carrier": "SF", "number": f"SF{number:09d}"}],
    }  # fmt: skip
    yield "shop", "refund.updated", {
        "id": f"r{number}", "updated_at": _at(number + 7), "order": parent, "provider": "wechat_pay", "provider_ref": f"r-{number}",
        "state": "succeeded", "amount": {"amount": "1.00", "currency": "CNY"}, "settled_at": _at(number + 7),
    }  # fmt: skip


def _sale(rng: random.Random, name: str, customer_number: int, minute: int, *, is_changed: bool) -> Iterator[Event]:
    sold = {**order(rng, 1, f"c{customer_number}", _at(minute)), "id": f"o{name}", "number": f"#{name}"}
    yield "shop", "order.updated", sold
    if is_changed:
        yield "shop", "order.updated", {**sold, "updated_at": _at(minute + 1), "buyer_note": "ring twice"}
    yield "shop", "payment.updated", {
        "id": f"y{name}", "updated_at": _at(minute + 1), "order": {"object_type": "orders", "external_id": f"o{name}"},
        "provider": "wechat_pay", "method": "wechat_pay", "provider_ref": f"p-{name}", "state": "captured",
        "amount": sold["totals"]["total"], "captured_at": _at(minute + 1),
    }  # fmt: skip


def _odd(size: Size) -> Iterator[Event]:
    """One customer with very many orders, all of one store with much stock, one with many sources; what fails, waits for its parent, or is in dispute."""
    rng, big = random.Random(0), 90_000_000
    few = min(FEW, size.customers)
    yield "shop", "customer.updated", customer(rng, big, _at(1))
    for id_, name in (("s1", "浦东店"), ("s2", "静安店")):
        place = {"id": id_, "updated_at": _at(1), "code": f"SH-{id_}", "name": name, "location_kind": "store"}
        yield "shop", "location.updated", place
    for number in range(size.orders):
        for connection, topic, data in _sale(rng, f"big-{number}", big, number, is_changed=False):
            yield connection, topic, {**data, "store": STORE} if topic == "order.updated" else data
    for number in range(min(SKUS, size.customers)):
        yield "shop", "stock_level.updated", {
            "id": f"k{number}", "updated_at": _at(number), "sku": f"SKU-{number:05d}", "location": STORE,
            "on_hand": str(number % 40), "reserved": str(number % 7), "safety": "5",
        }  # fmt: skip
    for number in range(min(ASKED, size.customers)):
        rare = "欧阳" + _RARE[number // len(_RARE)] + _RARE[number % len(_RARE)]
        for connection in ("shop", "till"):
            asked: dict[str, Any] = {"id": f"q{number}", "updated_at": _at(number), "full_name": rare}
            yield connection, "customer.updated", asked
    for number in range(20):
        yield (
            "till",
            "customer.updated",
            {"id": f"many-{number}", "updated_at": _at(number), "identities": [_union("many")]},
        )
    for number in range(few):
        yield "shop", "customer.updated", {"updated_at": _at(1), "full_name": "no id"}
        lost = {"object_type": "orders", "external_id": f"lost-{number}"}
        yield "shop", "payment.updated", {
            "id": f"w{number}", "updated_at": _at(1), "order": lost, "state": "captured", "provider": "cash",
            "amount": {"amount": "1.00", "currency": "CNY"},
        }  # fmt: skip
    for number in range(few):
        for connection, value in (("shop", "en"), ("till", "ja")):
            said = {"id": f"d{number}", "full_name": "王伟", "identities": [_union(f"d{number}")]}
            yield connection, "customer.updated", {**said, "updated_at": _at(1), "language": "zh-CN"}
            yield connection, "customer.updated", {**said, "updated_at": _at(30), "language": value}


_RARE = "璟琬琰瑄珺珩琛瓒"


def _union(value: str) -> dict[str, str]:
    return {"namespace": "wechat_unionid", "scope": "", "value": f"union-{value}"}


_DELIVERED = (
    """insert into attempt (id, target_id, connection_id, action, idempotency_key, asserted, started_at, ended_at, outcome,
                            version, cause, cause_id)
       select gen_random_uuid(), t.id, t.connection_id, 'update', t.id::text, g.data, t.dirty_at, t.dirty_at, 'sent', '1', t.cause,
              t.cause_id
       from target t join record r on r.rid = t.owner_rid join golden g on g.id = r.cluster""",
    # Ids of attempts begin with their time, as all do.
    "update attempt set id = (left(target_id::text, 13) || right(id::text, 23))::uuid",
    "update target set done_seq = dirty_seq, done_at = dirty_at, verify_at = null",
)


def _deliver(db: Database) -> None:
    """Everything that is due has arrived."""
    for statement in _DELIVERED:
        db.execute(statement)


_ASIDE = {
    "unknown": "state = 'unknown'",
    "dead": 'state = \'dead\', failures = 5, error = \'{"type": "RejectedError", "message": "crm order: not a member"}\'',
    "waiting": "dirty_seq = dirty_seq + 1, dirty_at = now()",
    "held": "dirty_seq = dirty_seq + 1, plan_id = %(plan)s",
}


def _set_aside(db: Database) -> None:
    """Targets in every state; a few repeats; a connection that has not sent anything for long."""
    row = db.one("select count(*) from target")
    total, plan = int(row[0]) if row else 0, new_id()
    db.execute(
        "insert into plan (id, connection_id, cause, counts)"
        " select %s, id, 'policy', '{\"targets\": 1, \"update\": 1}' from connection where name = 'crm'",
        (plan,),
    )
    shares = {"unknown": 10_000, "dead": 3_000, "waiting": 60, "held": 25}
    for number, (name, change) in enumerate(_ASIDE.items()):
        db.execute(
            f"update target set {change} where id in (select id from target where state = 'due' and dirty_seq = done_seq"
            " order by md5(id::text || %(number)s) limit %(most)s)",
            {"plan": plan, "number": number, "most": max(1, total // shares[name])},
        )
    db.execute(
        "update attempt set outcome = 'unknown' where id in (select max(a.id::text)::uuid from attempt a"
        " join target t on t.id = a.target_id where t.state = 'unknown' group by t.id)"
    )
    db.execute(
        "update event_key set duplicates = 1, last_duplicate_at = now() where (connection_id, hash) in"
        " (select connection_id, hash from event_key order by hash limit 200)"
    )
    db.execute(
        "update event set connection_id = (select id from connection where name = 'kiosk')"
        " where id in (select id from event order by id limit 20)"
    )


def _people(hub: Hub) -> str:
    """An admin with an unfinished setup; returns the cookie."""
    person_id, password = access.create_user(hub, NAME, (Grant("admin"),), author="bench", password=PASSWORD)
    access.create_token(hub, "viewer", "reports", author="bench")
    setup.begin(hub, person_id, "webhook", "later")
    cookie = log_in(hub, NAME, password, address="127.0.0.1")
    assert cookie
    return cookie
