"""What the feed and the deliveries say that one event caused, also through what is derived from it."""

from __future__ import annotations

import uuid

from hub.store import console_event as store
from tests.fixtures.hub import Rig, at


def money(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "CNY"}


def _last_event(rig: Rig, external_id: str) -> tuple[uuid.UUID, list[uuid.UUID]]:
    """The last event about a record, and the records that it spoke about."""
    row = rig.hub.db.one("select last_event from record where external_id = %s and state = 1", (external_id,))
    assert row
    return row[0], [one.rid for one in store.touched_by(rig.hub.db, row[0])]


def _shop(rig: Rig) -> None:
    kinds = {"customer": "both", "order": "both", "payment": "in"}
    rig.connect("shop", kinds)
    rig.connect("crm", {"customer": "both", "order": "both"})
    order = {"id": "o1", "updated_at": at(1), "number": "#1", "currency": "CNY", "state": "open", "placed_at": at(1),
             "totals": {"total": money("10.00")}}  # fmt: skip
    rig.send("shop", "order.updated", order)
    rig.settle()


def test_changes_when_a_payment_moves_its_order_then_both_are_named(rig: Rig) -> None:
    _shop(rig)
    parent = {"connection": "shop", "object_type": "orders", "external_id": "o1"}
    rig.send("shop", "payment.updated", {"id": "y1", "updated_at": at(2), "order": parent, "amount": money("10.00"),
                                         "state": "captured", "provider_ref": "4200"})  # fmt: skip
    rig.settle()
    event, rids = _last_event(rig, "y1")
    rows = store.changes_of(rig.hub.db, event, rids)
    assert [(row.kind, row.type) for row in rows if row.kind == "payment"] == [("payment", "created")]
    (order,) = [row for row in rows if row.kind == "order"]
    assert "payment_state" in order.fields
    assert order.after["payment_state"] == "paid"
    (sent,) = store.deliveries_of(rig.hub.db, event, rids)
    assert (sent.connection, sent.kind, sent.outcome) == ("crm", "order", None)


def test_changes_when_another_event_moved_the_same_record_then_only_its_own(rig: Rig) -> None:
    _shop(rig)
    first, rids = _last_event(rig, "o1")
    rig.send("shop", "order.updated", {"id": "o1", "updated_at": at(5), "number": "#1-a"})
    rig.settle()
    second, _ = _last_event(rig, "o1")
    assert [row.fields for row in store.changes_of(rig.hub.db, second, rids)] == [["number"]]
    assert [row.type for row in store.changes_of(rig.hub.db, first, rids)] == ["created"]
    assert store.event_before(rig.hub.db, second, rids) == first
    assert store.event_before(rig.hub.db, first, rids) is None


def test_changes_when_nothing_was_new_then_none(rig: Rig) -> None:
    _shop(rig)
    rig.send("shop", "order.updated", {"id": "o1", "updated_at": at(6), "number": "#1"})
    rig.settle()
    event, rids = _last_event(rig, "o1")
    assert store.changes_of(rig.hub.db, event, rids) == []
    assert store.deliveries_of(rig.hub.db, event, rids) == []
