"""The timeline of a customer: one order of time over orders, money, changes and decisions; masked by role."""

import pytest

from hub.flow import stewardship
from tests.fixtures.hub import at

PHONE = {"namespace": "phone", "value": "+8613800138000", "verified": "otp"}


def money(amount):
    return {"amount": amount, "currency": "CNY"}


@pytest.fixture
def shop(rig):
    """A customer with an order, its payment, refund and delivery, and a second system that knows them."""
    kinds = ("customer", "order", "payment", "refund", "fulfilment", "consent")
    rig.connect("shop", dict.fromkeys(kinds, "in"), rank=10)
    rig.connect("crm", {"customer": "in"}, rank=20)
    customer = {"connection": "shop", "object_type": "customers", "external_id": "1"}
    order = {"connection": "shop", "object_type": "orders", "external_id": "o1"}
    rig.send("shop", "customer.updated", {"id": "1", "updated_at": at(1), "full_name": "王小明", "identities": [PHONE]})
    rig.send("shop", "order.updated", {"id": "o1", "updated_at": at(3), "number": "#1042", "placed_at": at(2),
        "currency": "CNY", "state": "open", "customer": customer, "totals": {"total": money("244.00")}})  # fmt: skip
    rig.send("shop", "payment.updated", {"id": "y1", "updated_at": at(4), "order": order, "method": "wechat_pay",
        "state": "captured", "amount": money("244.00"), "captured_at": at(4)})  # fmt: skip
    rig.send("shop", "refund.updated", {"id": "r1", "updated_at": at(9), "order": order, "state": "succeeded",
        "amount": money("12.30"), "settled_at": at(9)})  # fmt: skip
    rig.send("shop", "fulfilment.updated", {"id": "f1", "updated_at": at(8), "order": order, "state": "shipped",
        "shipped_at": at(8)})  # fmt: skip
    rig.send("shop", "consent.updated", {"id": "c1", "updated_at": at(5), "customer": customer, "channel": "sms",
        "purpose": "marketing", "status": "withdrawn", "captured_at": at(5)})  # fmt: skip
    rig.settle()
    return rig


def path(rig):
    from hub.model.identifier import format_id

    return f"/customers/{format_id('cus', rig.golden_ids('customer')[0])}/timeline"


def test_timeline_when_asked_then_facts_stand_in_the_order_of_their_happening(shop, admin):
    found = admin.get(path(shop))
    facts = [(line["type"], line["at"]) for line in found["items"] if line["what"] == "fact"]
    minutes = [("refund", 9), ("fulfilment", 8), ("consent", 5), ("payment", 4), ("order", 2)]
    assert facts == [(kind, at(minute)) for kind, minute in minutes]
    refund = next(line for line in found["items"] if line["type"] == "refund")
    assert refund["data"]["amount"] == money("12.30")
    assert refund["order"]["number"] == "#1042"
    assert found["next_cursor"] is None


def test_timeline_when_read_page_by_page_then_each_line_comes_once(shop, admin):
    whole = admin.get(path(shop))["items"]
    seen, cursor = [], ""
    while cursor is not None:
        found = admin.get(f"{path(shop)}?limit=2&cursor={cursor}")
        seen += found["items"]
        cursor = found["next_cursor"]
    assert seen == whole
    assert len(whole) >= 6


@pytest.mark.parametrize(
    ("part", "kinds"),
    [
        ("orders", {"order"}),
        ("payments", {"payment"}),
        ("refunds", {"refund"}),
        ("shipping", {"fulfilment"}),
        ("consents", {"consent"}),
        ("messages", set()),
        ("changes", {"created"}),
    ],
)
def test_timeline_when_filtered_then_only_that_part(shop, admin, part, kinds):
    assert {line["type"] for line in admin.get(f"{path(shop)}?part={part}")["items"]} == kinds


def test_timeline_when_the_filter_or_cursor_is_none_then_it_says_so(shop, admin):
    admin.get(f"{path(shop)}?part=nothing", 422)
    admin.get(f"{path(shop)}?cursor=nonsense", 400)
    admin.get(f"{path(shop)}?cursor=!!", 400)


def test_timeline_when_a_person_ruled_then_the_act_that_undoes_it_stands_there(shop, admin):
    [id_] = shop.golden_ids("customer")
    stewardship.pin(shop.hub, "customer", id_, "language", "en", "usr_x", "asked")
    shop.send("crm", "customer.updated", {"id": "C", "updated_at": at(20), "full_name": "王大明"})
    shop.settle()
    merged = stewardship.merge(shop.hub, "customer", shop.golden_ids("customer"), "usr_x", "same person")
    found = admin.get(f"{path(shop)}?part=decisions")["items"]
    assert [(line["type"], line["data"]["author"], line["data"]["reason"]) for line in found] == [
        ("must", "usr_x", "same person"),
        ("pin", "usr_x", "asked"),
    ]
    assert found[1]["data"]["after"] == {"language": "en"}
    admin("POST", f"/decisions/{found[0]['decision']}/undo", json={})
    assert len(shop.golden_ids("customer")) == 2
    assert admin.get(f"{path(shop)}?part=decisions")["items"][0]["data"]["revoked_by"] is not None
    assert merged


def test_timeline_when_a_viewer_asks_then_changes_of_personal_values_are_masked(shop, caller):
    shop.send(
        "shop", "customer.updated", {"id": "1", "updated_at": at(30), "full_name": "欧阳娜娜", "identities": [PHONE]}
    )
    shop.settle()
    shown = str(caller("viewer").get(path(shop)))
    assert "欧阳娜娜" not in shown
    assert "王小明" not in shown
    assert "欧阳娜娜" in str(caller("admin").get(path(shop)))


def test_timeline_when_of_another_realm_then_404(shop, caller):
    caller("viewer", "tea").get(path(shop), 404)
