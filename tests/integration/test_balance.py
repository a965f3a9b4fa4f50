"""Balances are sums of entries with unique causes, through merge, split and whoever tells them."""

from __future__ import annotations

from typing import Any

import pytest

from hub.flow import stewardship
from hub.model.identifier import format_id
from tests.fixtures.hub import Rig, at
from tests.fixtures.web import Caller

KINDS = [
    "customer",
    "programme",
    "loyalty_entry",
    "consent",
    "stock_level",
    "stock_movement",
    "location",
    "order",
    "refund",
    "settlement",
    "supplier_invoice",
    "purchase_order",
    "payment",
]
PROGRAMME = {"connection": "crm", "object_type": "programmes", "external_id": "points"}


@pytest.fixture
def systems(rig: Rig) -> Rig:
    """A shop and a CRM that tell each other's facts."""
    for rank, name in enumerate(("shop", "crm")):
        rig.connect(name, dict.fromkeys(KINDS, "in"), rank=rank)
    rig.send(
        "crm", "programme.created", {"id": "points", "updated_at": at(1), "code": "points", "stated_balance": "100"}
    )
    rig.send("shop", "customer.created", {"id": "c1", "updated_at": at(1), "full_name": "李雷"})
    rig.send("crm", "customer.created", {"id": "m1", "updated_at": at(2), "full_name": "韩梅梅"})
    rig.settle()
    return rig


def earn(rig: Rig, connection: str, id_: str, customer: str, points: str, cause: str, minute: int = 3) -> None:
    data = {"customer": customer, "programme": PROGRAMME, "type": "earn", "points": points, "cause_key": cause}
    rig.send(connection, "loyalty_entry.created", {"id": id_, "updated_at": at(minute), **data})


def points(rig: Rig) -> dict[str, str | None]:
    found = {data["full_name"]: data.get("balances") for data in rig.goldens("customer")}
    return {name: rows[0]["points"] if rows else None for name, rows in found.items()}


def test_entry_when_two_systems_tell_it_then_counts_once(systems: Rig) -> None:
    earn(systems, "shop", "e1", "c1", "10", "order:1001")
    earn(systems, "crm", "x1", "m1", "2.5", "order:2002")
    systems.settle()
    assert points(systems) == {"李雷": "10", "韩梅梅": "2.5"}
    entry = {"updated_at": at(4), "customer": {"connection": "shop", "object_type": "customers", "external_id": "c1"},
             "programme": PROGRAMME, "points": "10", "cause_key": "ORDER:1001"}  # fmt: skip
    systems.send("crm", "loyalty_entry.created", {"id": "x2", **entry})
    systems.settle()
    assert points(systems) == {"李雷": "10", "韩梅梅": "2.5"}
    assert len(systems.goldens("loyalty_entry")) == 2


def test_points_when_customers_merge_and_part_again_then_go_with_them(systems: Rig) -> None:
    earn(systems, "shop", "e1", "c1", "10", "order:1001")
    earn(systems, "crm", "x1", "m1", "5", "order:2002")
    systems.settle()
    before, ids = systems.state_hash(), systems.golden_ids("customer")
    act = stewardship.merge(systems.hub, "customer", ids, "tester", "same person")
    (merged,) = systems.goldens("customer")
    assert merged["balances"] == [{"programme": PROGRAMME, "points": "15"}]
    stewardship.undo(systems.hub, act, "tester")
    assert systems.state_hash() == before
    stewardship.merge(systems.hub, "customer", ids, "tester", "same person after all")
    earn(systems, "shop", "e2", "c1", "-4", "redeem:77", 5)
    systems.settle()
    assert systems.goldens("customer")[0]["balances"][0]["points"] == "11"
    systems.send("shop", "loyalty_entry.deleted", {"id": "e2", "updated_at": at(6)})
    systems.settle()
    assert systems.goldens("customer")[0]["balances"][0]["points"] == "15"
    stewardship.split(systems.hub, "customer", systems.golden_ids("customer")[0], "crm", "m1", "tester")
    assert points(systems) == {"李雷": "10", "韩梅梅": "5"}


def test_entry_when_it_moves_to_another_customer_then_both_are_right(systems: Rig) -> None:
    earn(systems, "crm", "x1", "m1", "5", "order:2002")
    systems.settle()
    shop = {"connection": "shop", "object_type": "customers", "external_id": "c1"}
    systems.send("crm", "loyalty_entry.updated", {"id": "x1", "updated_at": at(9), "customer": shop})
    systems.settle()
    assert points(systems) == {"李雷": "5", "韩梅梅": None}


def test_programme_when_its_owner_states_a_balance_then_the_difference_shows(systems: Rig, admin: Caller) -> None:
    earn(systems, "shop", "e1", "c1", "60", "order:1")
    earn(systems, "crm", "x1", "m1", "30", "order:2")
    earn(systems, "crm", "x2", "m1", "60", "order:1")
    systems.settle()
    (id_,) = systems.golden_ids("programme")
    found = admin.get(f"/programmes/{format_id('prg', id_)}/balance")
    assert found == {"entries": 2, "total": "90", "stated": "100", "difference": "10", "of": "loyalty_entry"}


def test_stock_when_movements_are_told_twice_then_counted_once_and_set_beside_the_level(
    systems: Rig, admin: Caller
) -> None:
    systems.send("shop", "location.created", {"id": "s1", "updated_at": at(1), "code": "SH01", "name": "静安店"})
    systems.send("crm", "location.created", {"id": "L1", "updated_at": at(1), "code": "SH01", "name": "静安店"})
    level = {"id": "T", "updated_at": at(9), "sku": "TEA-500", "location": "s1", "on_hand": "9", "reserved": "2"}
    systems.send("shop", "stock_level.updated", level)
    moves: list[tuple[str, str, str, str, str]] = [
        ("shop", "1", "receipt", "12", "gr:1"), ("crm", "1", "receipt", "12", "gr:1"), ("shop", "2", "sale", "-2", "order:1:1"),
        ("crm", "9", "sale", "-0.5", "order:9:1"), ("shop", "3", "reserve", "2", "order:2:1"),
    ]  # fmt: skip
    for connection, number, reason, quantity, cause in moves:
        place = "s1" if connection == "shop" else "L1"
        data = {"sku": "TEA-500", "location": place, "quantity": quantity, "reason": reason, "cause_key": cause}
        systems.send(connection, "stock_movement.created", {"id": number, "updated_at": at(2), **data})
    systems.send(
        "shop",
        "stock_movement.created",
        {"id": "8", "updated_at": at(2), "sku": "RICE", "location": "s1", "quantity": "7"},
    )
    systems.settle()
    assert systems.goldens("stock_level")[0]["available"] == "7"
    (id_,) = systems.golden_ids("stock_level")
    path = f"/stock_levels/{format_id('stl', id_)}/balance"
    assert admin.get(path) == {"entries": 2, "total": "10", "stated": "9", "difference": "-1", "of": "stock_movement"}
    stewardship.merge(systems.hub, "location", systems.golden_ids("location"), "tester")
    assert admin.get(path)["total"] == "9.5"
    assert admin.get(path)["difference"] == "-0.5"
    admin.get("/customers/cus_01J8Z3K9M4Q7R2T5V6W8X9Y0Z1/balance", 404)


def test_consent_when_acts_come_in_any_order_then_only_a_later_act_of_the_person_grants(systems: Rig) -> None:
    def act(id_: str, status: str, minute: int, via: str) -> None:
        data = {"customer": "c1", "channel": "sms", "purpose": "marketing", "status": status, "captured_at": at(minute),
                "captured_via": via}  # fmt: skip
        systems.send("shop", "consent.created", {"id": id_, "updated_at": at(minute), **data})
        systems.settle()

    def now() -> Any:
        return next(data for data in systems.goldens("customer") if data["full_name"] == "李雷")["consents"][0][
            "status"
        ]

    act("3", "withdrawn", 30, "sms")
    act("1", "granted", 10, "till")
    assert now() == "withdrawn"
    act("4", "granted", 40, "sync")
    assert now() == "withdrawn"
    act("5", "granted", 50, "till")
    assert now() == "granted"
    assert len(systems.goldens("consent")) == 4


def money(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "CNY"}


DOCUMENTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "order": (
        {"currency": "CNY", "tax_inclusive": True, "totals": {"items": money("9.00"), "total": money("10.00")}},
        {"totals": {"items": money("10.00"), "total": money("10.00")}},
    ),
    "refund": (
        {"order": "o1", "state": "pending", "amount": money("5.00"), "lines": [{"line_id": "1", "amount": money("4.00")}]},
        {"shipping_amount": money("1.00")},
    ),
    "settlement": (
        {"gross": money("10.00"), "refunds": money("1.00"), "fees": money("1.00"), "net": money("9.00")}, {"net": money("8.00")},
    ),
    "supplier_invoice": (
        {"totals": {"items": money("9.00"), "total": money("10.00")}}, {"totals": {"items": money("9.00"), "total": money("9.00")}},
    ),
    "purchase_order": (
        {"lines": [{"ordered": "2", "unit_cost": money("5.00"), "amount": money("11.00")}]},
        {"lines": [{"ordered": "2", "unit_cost": money("5.50"), "amount": money("11.00")}]},
    ),
}  # fmt: skip


def test_money_adds_up_or_one_item_a_record_says_the_difference_until_it_does(systems: Rig) -> None:
    systems.send("shop", "order.created", {"id": "o1", "updated_at": at(1), "currency": "CNY"})
    for kind, (wrong, _) in DOCUMENTS.items():
        systems.send("shop", f"{kind}.created", {"id": "1", "updated_at": at(2), **wrong})
    systems.settle()
    assert systems.quarantined() == []
    open_ = "select kind, data ->> 'code', data ->> 'text' from item where state = 'open' order by kind"
    items = systems.hub.db.all(open_)
    assert [(kind, code) for kind, code, _ in items] == [(kind, "totals_differ") for kind in sorted(DOCUMENTS)]
    assert all("1.00 CNY" in text for *_, text in items)
    for kind, (_, right) in DOCUMENTS.items():
        systems.send("shop", f"{kind}.updated", {"id": "1", "updated_at": at(3), **right})
    systems.settle()
    assert systems.hub.db.all(open_) == []


def test_payment_in_another_currency_opens_an_item_and_stops_nothing(systems: Rig) -> None:
    systems.send("shop", "order.created", {"id": "o1", "updated_at": at(1), "currency": "CNY", "presentment_currency": "USD",
                 "totals": {"total": money("10.00")}})  # fmt: skip
    dollars = {"amount": "1.40", "currency": "USD"}
    systems.send(
        "shop",
        "payment.created",
        {"id": "p", "updated_at": at(2), "order": "o1", "state": "captured", "amount": dollars},
    )
    systems.settle()
    assert systems.goldens("order")[0]["payment_state"] == "unpaid"
    assert systems.hub.db.all("select data ->> 'code' from item where state = 'open'") == [("foreign_currency",)]
    systems.send("shop", "payment.updated", {"id": "p", "updated_at": at(3), "amount": money("10.00")})
    systems.settle()
    assert systems.goldens("order")[0]["payment_state"] == "paid"
    assert systems.hub.db.all("select 1 from item where state = 'open'") == []
