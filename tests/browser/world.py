"""A shop for the console to show: real events through the real pipeline, and every state a page can be in.

Values that contain CANARY stand for personal data: a viewer must never see one.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from hub.errors import Problem
from hub.flow import access, alert, audit, login
from hub.flow.context import Hub
from hub.model.identifier import format_id
from hub.model.permission import Grant
from hub.model.time import format_time
from hub.store import inbox, person
from hub.store.database import new_id
from tests.fixtures.hub import Rig, at

PASSWORD = "a sentence nobody guesses"
ROLES = ("viewer", "steward", "operator", "admin", "privacy", "auditor")
CANARY_NAME = "金丝雀甲"
CANARY_PHONE = "+8613987654321"
CANARY_MAIL = "canary.bird@example.cn"
CANARY_STREET = "世纪大道 777 号"
CANARIES = (CANARY_NAME, CANARY_PHONE, "13987654321", CANARY_MAIL, CANARY_STREET, "丝雀甲")
LONG = "很长的值 very long " * 700
LONG_NAME = "一家名字特别特别长的连锁超市旗舰店🛒مرحبا بكم في المتجر Niederrheinische-Feinkost"[:60]


@dataclass
class World:
    """What was made, by the words that tests use: ids as the addresses of pages need them."""

    hub: Hub
    ids: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)


def money(amount: str) -> dict[str, str]:
    """An amount of yuan."""
    return {"amount": amount, "currency": "CNY"}


def make_users(world: World) -> None:
    """Per role a user who reads Chinese and one who reads English, and two whose password was handed out."""
    for role in (*ROLES, "fresh"):
        for name, language in ((role, "zh"), (f"{role}-en", "en")):
            grants = (Grant("viewer" if role == "fresh" else role),)
            person_id, password = access.create_user(
                world.hub, name, grants, author="test", password=None if role == "fresh" else PASSWORD
            )
            with world.hub.db.session() as conn:
                person.set_profile(conn, person_id, language=language, time_zone="Asia/Shanghai")
            world.ids["user"] = format_id("usr", person_id)
            cookie = login.log_in(world.hub, name, password, address="127.0.0.1")
            assert cookie
            world.cookies[name] = cookie


def make_shop(world: World) -> None:
    """Two systems that agree about customers and orders, with something wrong of every kind."""
    from tests.browser.persons import make_persons  # it needs the names of this module

    rig = Rig(world.hub)
    both = {
        "customer": "both",
        "order": "both",
        "payment": "in",
        "refund": "in",
        "fulfilment": "in",
        "product": "in",
        "location": "in",
        "stock_level": "in",
    }
    shop = rig.connect("网店", both, rank=10)
    crm = rig.connect("crm", {"customer": "both", "order": "both"}, rank=20)
    rig.connect(LONG_NAME.replace(" ", "-"), {"customer": "in"})
    _send_records(rig)
    rig.settle()
    make_persons(world)
    _send_faults(rig, world)
    world.ids["customer"] = _id(world, "cus", "customer", "c1")
    world.ids["order"] = _id(world, "ord", "order", "o1")
    world.ids["order_in_store"] = _id(world, "ord", "order", "o2")
    world.ids["location"] = _id(world, "loc", "location", "s1")
    world.ids["location_quiet"] = _id(world, "loc", "location", "s3")
    world.ids["refund_in_store"] = _id(world, "ref", "refund", "r2")
    world.ids["long"] = _id(world, "cus", "customer", "long")
    world.ids["event"] = _event_id(world, "order", "o1")
    world.ids["event_long"] = _event_id(world, "customer", "long")
    _make_deliveries(world, shop, crm)
    _make_runs(world, shop)
    _make_alerts(world)
    _make_tokens(world)


def _send_records(rig: Rig) -> None:
    phone = {"namespace": "phone", "value": CANARY_PHONE, "verified": "otp"}
    mail = {"namespace": "email", "value": CANARY_MAIL}
    address = {"country": "CN", "province": "上海市", "city": "上海市", "district": "浦东新区", "street": CANARY_STREET,
               "recipient_name": CANARY_NAME, "recipient_phone": CANARY_PHONE}  # fmt: skip
    customer = {"id": "c1", "updated_at": at(1), "full_name": CANARY_NAME, "identities": [phone, mail], "addresses": [address],
                "tags": ["vip", "茶"], "gender": "female", "birthday": {"month": 5, "day": 1, "year": 1990}, "note": f"打电话给{CANARY_NAME}"}  # fmt: skip
    rig.send("网店", "customer.updated", customer)
    rig.send(
        "crm",
        "customer.updated",
        {**customer, "id": "m9", "updated_at": at(3), "full_name": CANARY_NAME, "gender": "male"},
    )
    rig.send(
        "网店",
        "customer.updated",
        {
            "id": "long",
            "updated_at": at(1),
            "full_name": LONG[:200],
            "note": LONG,
            "tags": [f"tag-{n}" for n in range(60)],
        },
    )
    rig.send(
        "网店",
        "location.updated",
        {"id": "s1", "updated_at": at(1), "code": "SH01", "name": "浦东店", "location_kind": "store"},
    )
    rig.send(
        "网店",
        "location.updated",
        {"id": "s2", "updated_at": at(1), "code": "SH02", "name": "静安店", "location_kind": "store"},
    )
    rig.send(
        "网店",
        "location.updated",
        {"id": "s3", "updated_at": at(1), "code": "SH03", "name": LONG_NAME, "time_zone": "Europe/Berlin"},
    )
    rig.send("网店", "product.updated", {"id": "p1", "updated_at": at(1), "title": "龙井茶 500g", "state": "active"})
    _send_orders(rig, address)


def _send_orders(rig: Rig, address: dict[str, str]) -> None:
    line = {"line_id": "1", "title": "龙井茶 500g", "sku": "TEA-500", "quantity": "2", "unit_price": money("128.00"), "total": money("256.00"),
            "product": {"object_type": "products", "external_id": "p1", "connection": "网店"}}  # fmt: skip
    totals = {"items": money("256.00"), "discount": money("20.00"), "shipping": money("8.00"), "total": money("244.00")}
    order = {"id": "o1", "updated_at": at(5), "number": "#1042", "channel": "web", "placed_at": at(4), "currency": "CNY", "state": "open",
             "customer": {"connection": "网店", "object_type": "customers", "external_id": "c1"}, "lines": [line], "totals": totals,
             "addresses": {"shipping": address}, "buyer_note": f"请交给{CANARY_NAME}"}  # fmt: skip
    parent = {"connection": "网店", "object_type": "orders", "external_id": "o1"}
    rig.send("网店", "order.updated", order)
    in_store = {"store": {"connection": "网店", "object_type": "locations", "external_id": "s1"}}
    rig.send("网店", "order.updated", {**order, **in_store, "id": "o2", "number": "#1102", "updated_at": at(7)})
    for n in range(3, 62):
        rig.send("网店", "order.updated", {**order, "id": f"o{n}", "number": f"#{1100 + n}", "updated_at": at(5 + n)})
    _send_day(rig, {**order, **in_store})
    rig.send("网店", "payment.updated", {"id": "y1", "updated_at": at(6), "order": parent, "provider": "wechat_pay", "method": "wechat_pay",
                                       "provider_ref": "4200001234", "state": "captured", "amount": money("244.00"), "captured_at": at(6)})  # fmt: skip
    rig.send("网店", "refund.updated", {"id": "r1", "updated_at": at(9), "order": parent, "provider": "wechat_pay", "provider_ref": "5030001",
                                      "state": "succeeded", "amount": money("12.30"), "settled_at": at(9)})  # fmt: skip
    rig.send("网店", "fulfilment.updated", {"id": "f1", "updated_at": at(8), "order": parent, "state": "shipped", "shipped_at": at(8),
                                          "tracking": [{"carrier": "SF", "number": "SF123"}], "pickup_code": "8-1234"})  # fmt: skip


def _send_day(rig: Rig, order: dict[str, Any]) -> None:
    """What a store sees of today: sold and not paid, cancelled, given back, waiting to be picked up, running out."""
    placed = format_time(datetime.now(UTC))
    for n, state in ((1, "open"), (2, "open"), (3, "cancelled")):
        totals = {"total": money("128.00") if n != 2 else {"amount": "12.30", "currency": "USD"}}
        rig.send(
            "网店",
            "order.updated",
            {
                **order,
                "id": f"d{n}",
                "number": f"#D{n}",
                "updated_at": at(5),
                "placed_at": placed,
                "state": state,
                "totals": totals,
                "customer": {**order["customer"], "external_id": "long"},
            },
        )
    parent = {"connection": "网店", "object_type": "orders", "external_id": "d1"}
    rig.send(
        "网店",
        "refund.updated",
        {
            "id": "r2",
            "updated_at": at(9),
            "order": parent,
            "state": "succeeded",
            "amount": money("8.00"),
            "settled_at": placed,
        },
    )
    for n in range(12):
        rig.send(
            "网店",
            "fulfilment.updated",
            {"id": f"w{n}", "updated_at": at(8), "order": parent, "state": "ready_for_pickup", "shipped_at": at(n)},
        )
        rig.send(
            "网店",
            "stock_level.updated",
            {
                "id": f"k{n}",
                "updated_at": at(8),
                "sku": f"TEA-{n}" if n else LONG_NAME,
                "location": order["store"],
                "on_hand": str(n),
                "safety": "11",
            },
        )


def _send_faults(rig: Rig, world: World) -> None:
    """A repeat, an event nobody understands, a payment without its order, and one that still waits."""
    rig.send("网店", "product.updated", {"id": "p2", "updated_at": at(1), "title": "Earl Grey"}, key="twice")
    rig.send("网店", "product.updated", {"id": "p2", "updated_at": at(1), "title": "Earl Grey"}, key="twice")
    rig.send("网店", "payment.updated", {"id": "y9", "updated_at": at(6), "order": {"connection": "网店", "object_type": "orders", "external_id": "nowhere"},
                                       "amount": money("1.00"), "state": "captured"})  # fmt: skip
    rig.settle()
    rig.send(
        "crm", "customer.updated", {"id": "bad", "updated_at": at(7), "full_name": CANARY_NAME, "phone": CANARY_PHONE}
    )
    problem = Problem(
        "missing_field", "`id` has no value", "data.full_name", "mappings/webhook/customer.yaml:4", CANARY_NAME
    )
    with world.hub.db.transaction() as conn:
        row = conn.execute("select id from event_work where state = 0 order by id desc limit 1").fetchone()
        assert row
        inbox.quarantine(conn, [(row[0], "missing_field", [problem])])
    world.ids["quarantined"] = format_id("evt", row[0])
    rig.send("网店", "customer.updated", {"id": "late", "updated_at": at(8), "full_name": CANARY_NAME})


def _id(world: World, prefix: str, kind: str, external_id: str) -> str:
    row = world.hub.db.one(
        "select cluster from record where kind = %s and external_id = %s and state = 1", (kind, external_id)
    )
    assert row, (kind, external_id)
    return format_id(prefix, row[0])


def _event_id(world: World, kind: str, external_id: str) -> str:
    row = world.hub.db.one(
        "select last_event from record where kind = %s and external_id = %s and state = 1", (kind, external_id)
    )
    assert row
    return format_id("evt", row[0])


def _make_deliveries(world: World, shop: int, crm: int) -> None:
    """One delivery of each state, and attempts that carry personal values."""
    rids = [
        rid
        for (rid,) in world.hub.db.all(
            "select rid from record where connection_id = %s and kind = 'order' order by rid limit 8", (shop,)
        )
    ]
    error = orjson.dumps({"type": "RejectedError", "message": "crm order: 43004 not a member"}).decode()
    states = (
        ("unknown", "unknown"),
        ("dead", "dead"),
        ("due", "waiting"),
        ("due", "retry"),
        ("due", "held"),
        ("due", "sent"),
    )
    with world.hub.db.transaction() as conn:
        plan = new_id()
        conn.execute(
            "insert into plan (id, connection_id, cause, counts) values (%s, %s, 'policy', '{\"targets\": 312, \"update\": 312}')",
            (plan, crm),
        )
        for rid, (state, name) in zip(rids, states, strict=False):
            target_id = new_id()
            conn.execute("delete from target where owner_rid = %s", (rid,))
            conn.execute(
                "insert into target (id, realm, connection_id, object_type, kind, owner_rid, state, plan_id, failures, error, dirty_seq, done_seq, done_at)"
                " values (%s, 'default', %s, 'order', 'order', %s, %s, %s, %s, %s::jsonb, 2, %s, now())",
                (target_id, crm, rid, state, plan if name == "held" else None, 2 if name in ("dead", "retry") else 0,
                 error if name in ("dead", "retry", "unknown") else None, 2 if name == "sent" else 1),
            )  # fmt: skip
            world.ids[f"delivery_{name}"] = format_id("dlv", target_id)
            make_attempt(conn, target_id, crm, {"sent": "sent", "unknown": "unknown"}.get(name, "failed"), error)


def make_attempt(conn: Any, target_id: uuid.UUID, connection_id: int, outcome: str, error: str) -> None:
    """One call of a delivery and how it ended, with personal values in it."""
    asserted = {"number": "#1042", "buyer_note": f"请交给{CANARY_NAME}", "totals": {"total": money("244.00")}}
    conn.execute(
        "insert into attempt (id, target_id, connection_id, action, idempotency_key, asserted, ended_at, outcome, error, version)"
        " values (%s, %s, %s, 'update', %s, %s::jsonb, clock_timestamp(), %s, %s::jsonb, '7')",
        (
            new_id(),
            target_id,
            connection_id,
            str(target_id),
            orjson.dumps(asserted).decode(),
            outcome,
            None if outcome == "sent" else error,
        ),
    )


def _make_runs(world: World, shop: int) -> None:
    with world.hub.db.transaction() as conn:
        conn.execute(
            "insert into cursor (connection_id, stream, position, last_page_at, next_poll_at, full_pass_at, full_pass)"
            ' values (%s, \'orders\', \'{"after": "2026-11-22T09:38:51Z"}\', now(), now(), now(), \'{"coverage": "partial", "seen": 8412}\')',
            (shop,),
        )
        conn.execute(
            "insert into run (id, type, connection_id, stream, status, outcome, coverage, counts, ended_at)"
            " values (%s, 'pull', %s, 'orders', 'done', 'ok', 'complete', '{\"accepted\": 60, \"duplicates\": 2}', now())",
            (new_id(), shop),
        )


def _make_alerts(world: World) -> None:
    """What the faults above mean, one that was put aside, and one that is over."""
    alert.evaluate(world.hub)
    told = {name: alert.raise_alert(world.hub, "told", name, data={"text": LONG[:600]}) for name in ("aside", "over")}
    alert.snooze(world.hub, told["aside"], "cli", "1d")
    alert.close(world.hub, told["over"], "cli", "no matter")
    world.ids |= {f"alert_{name}": format_id("alr", id_) for name, id_ in told.items()}
    row = world.hub.db.one("select id from alert where type = 'unknown'")
    assert row
    world.ids["alert"] = format_id("alr", row[0])


def _make_tokens(world: World) -> None:
    """One in use, one for ever with a long name, one that was revoked; then the trail is checked."""
    in_use, text = access.create_token(world.hub, "viewer", "daily reports", author="cli", realm="default")
    access.holder_of(world.hub, text)
    access.create_token(world.hub, "operator", LONG[:80], author="cli")
    ended, _text = access.create_token(world.hub, "admin", "old till", author="cli")
    access.revoke_token(world.hub, ended, author="cli")
    world.ids["token"] = in_use
    for kind, prefix in (("run", "run"), ("plan", "pln")):
        row = world.hub.db.one(f"select id from {kind} order by id limit 1")
        assert row
        world.ids.setdefault(kind, format_id(prefix, row[0]))
    audit.verify(world.hub)
