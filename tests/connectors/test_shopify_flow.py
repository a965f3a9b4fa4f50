"""A shop's day through a hub's own T1 and T2: what arrives becomes golden, in whatever order and by whichever way."""

from __future__ import annotations

import random
import time
from typing import Any

import orjson
import pytest

from connectors.shopify.simulator import ShopifySimulator
from hub.sdk import RawEvent
from hub.store import inbox
from hub.store.inbox import NewEvent
from tests.connectors.shopify_shared import connected, sample
from tests.fixtures.hub import Rig

KINDS = ("customer", "order", "payment", "refund", "fulfilment", "product", "location")
BROKEN = b"49,00"


@pytest.fixture
def shop(rig: Rig) -> int:
    """A connection to the shop that reads everything."""
    flows = orjson.dumps(dict.fromkeys(KINDS, "in")).decode()
    with rig.hub.db.transaction() as conn:
        row = conn.execute(
            "insert into connection (name, connector, flows, phase) values ('shop', 'shopify', %s::jsonb, 'live') returning id",
            (flows,),
        ).fetchone()
    rig.hub.connections.reload()
    assert row is not None
    return int(row[0])


@pytest.fixture(scope="module")
def day() -> tuple[list[RawEvent], list[RawEvent], dict[str, Any]]:
    """One day: what the shop sent, what it lists afterwards, and what there is to be found."""
    with ShopifySimulator() as simulator:
        hooks: list[tuple[str, dict[str, Any]]] = []
        simulator.emit = hooks.extend  # type: ignore[method-assign]
        summary = simulator.play(11, customers=6, orders=9)
        with connected(simulator) as connector:
            pages = [page for stream in ("customers", "orders") for page in connector.fetch(stream, None)]
    pushed = [RawEvent(topic, orjson.dumps(payload)) for topic, payload in hooks]
    return pushed, [event for page in pages for event in page.events], summary


def take_in(rig: Rig, connection: int, events: list[RawEvent], *, is_read: bool = False) -> None:
    now = int(time.time() * 1_000_000)
    rows = [
        NewEvent(connection, event.topic, event.body, f"{n} {is_read}", received_at=now, read_at=now if is_read else 0)
        for n, event in enumerate(events)
    ]
    with rig.hub.db.transaction() as conn:
        inbox.accept(conn, rig.hub.keyring, rows)
    rig.settle()


def test_day_when_taken_in_then_the_books_of_shop_and_hub_agree(
    rig: Rig, shop: int, day: tuple[list[RawEvent], list[RawEvent], dict[str, Any]]
) -> None:
    pushed, _, summary = day
    take_in(rig, shop, pushed)
    assert len(rig.goldens("customer")) == summary["customers"]
    assert len(rig.goldens("payment")) == summary["payments"]
    assert len(rig.goldens("refund")) == summary["refunds"]
    assert len(rig.goldens("fulfilment")) == summary["fulfilments"]
    orders = [order for order in rig.goldens("order") if order.get("totals")]
    assert len(orders) == summary["orders"]
    assert sum(order["paid"] == order["totals"]["total"] for order in orders) == summary["payments"]
    assert [cause for cause, _ in rig.quarantined()] == ["bad_number"]


def test_day_when_shuffled_then_the_same_state(
    rig: Rig, shop: int, day: tuple[list[RawEvent], list[RawEvent], dict[str, Any]]
) -> None:
    pushed = [event for event in day[0] if BROKEN not in event.body]
    take_in(rig, shop, pushed)
    expected = rig.state()
    for seed in (1, 2):
        rig.clear()
        shuffled = list(pushed)
        random.Random(seed).shuffle(shuffled)
        take_in(rig, shop, shuffled)
        assert rig.state() == expected


def test_day_when_also_read_then_the_golden_records_stay_as_they_are(
    rig: Rig, shop: int, day: tuple[list[RawEvent], list[RawEvent], dict[str, Any]]
) -> None:
    pushed, read, _ = day
    take_in(rig, shop, [event for event in pushed if BROKEN not in event.body])
    before = {kind: rig.goldens(kind) for kind in KINDS}
    take_in(rig, shop, read, is_read=True)
    assert rig.quarantined() == []
    for kind in KINDS:
        assert rig.goldens(kind) == before[kind], kind


@pytest.mark.parametrize(("is_inside", "line", "shipping"), [(True, "113.00", "10.70"), (False, "100.00", "10.00")])
def test_refund_with_shipping_when_its_parts_do_not_sum_then_an_item_tells_the_difference(
    rig: Rig, shop: int, is_inside: bool, line: str, shipping: str
) -> None:
    """Goods of 100.00 and 13 %, shipping of 10.00 and 7 %: 123.70 in all; of the second refund 5.00 were kept."""

    def refund(number: int, given: str) -> dict[str, Any]:
        found = sample("refunds_create") | {"id": number}
        found["refund_line_items"][0] |= {"subtotal": line, "total_tax": "13.00"}
        found["transactions"][0] |= {"id": number, "amount": given}
        bag = {"shop_money": {"amount": shipping, "currency_code": "CNY"}}
        found["refund_shipping_lines"] = [{"id": number, "subtotal_amount_set": bag}]
        found["order_adjustments"] = [{"kind": "shipping_refund", "amount": "-10.00", "tax_amount": "-0.70"}]
        return found

    order = sample("orders_updated") | {"taxes_included": is_inside}
    order["refunds"] = [refund(1, "123.70"), refund(2, "118.70")]
    take_in(rig, shop, [RawEvent("orders/updated", orjson.dumps(order))])
    shown = {one["provider_ref"]: one["shipping_amount"]["amount"] for one in rig.goldens("refund")}
    assert sorted(shown.values()) == ["10.70", "10.70"]
    told = rig.hub.db.all(
        "select data ->> 'text' from item where type = 'money' and kind = 'refund' and state = 'open'"
    )
    assert [("118.70" in text or "5.00" in text) for (text,) in told] == [True]
