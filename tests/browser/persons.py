"""People for the pages about persons: conflicts, a loop, merges, pins, consents, a household, a crowd of sources."""

from __future__ import annotations

import uuid
from typing import Any

from hub.flow import access, stewardship
from hub.model.identifier import format_id
from hub.store import item as item_store
from hub.store import peer
from tests.browser.world import CANARY_NAME, LONG, World
from tests.fixtures.hub import Rig, at

TILL = "银豹"
CROWD = 16


def make_persons(world: World) -> None:
    """Everything of this module, through the real pipeline."""
    rig = Rig(world.hub, sent=10_000)  # keys of its own: the shop's events count from one
    rig.connect(TILL, {"customer": "in", "consent": "in", "relation": "in"}, rank=10)
    names = ("conflict", "conflict_to_take", "conflict_to_pin", "conflict_to_close")
    for number in range(len(names)):
        disagree(rig, f"k{number}")
    _send_pair(rig)
    _send_crowd(rig)
    _send_company(rig)
    _send_to_and_fro(rig)
    _send_recycled(rig)
    rig.settle()
    world.ids["recycled"], world.ids["recycled_to"] = golden_id(world, "number-1"), golden_id(world, "number-2", TILL)
    for number, name in enumerate(names):
        world.ids[name] = format_id("itm", item_of(world, f"k{number}"))
    world.ids["item"] = world.ids["conflict"]
    world.ids["loop"] = _make_loop(world)
    _rule(world)


def disagree(rig: Rig, id_: str) -> None:
    """Two sources of equal rank that agreed once and then changed the same field at the same moment."""
    union = {"namespace": "wechat_unionid", "scope": "", "value": f"union-{id_}"}
    same = {"full_name": f"{CANARY_NAME}{id_}", "identities": [union]}
    for connection, value in (("网店", "en"), (TILL, "ja")):
        rig.send(connection, "customer.updated", {"id": id_, "updated_at": at(1), "language": "zh-CN", **same})
        rig.send(connection, "customer.updated", {"id": id_, "updated_at": at(30), "language": value, **same})


def _send_pair(rig: Rig) -> None:
    """Two records of one person that nothing ties; a person rules."""
    rig.send("网店", "customer.updated", {"id": "a1", "updated_at": at(2), "full_name": "林一", "language": "zh-CN"})
    rig.send(TILL, "customer.updated", {"id": "a2", "updated_at": at(3), "full_name": "林二", "note": LONG[:3000]})
    rig.send(TILL, "customer.updated", {"id": "a3", "updated_at": at(4), "full_name": "林三", "gender": "male"})


def _send_crowd(rig: Rig) -> None:
    union = {"namespace": "wechat_unionid", "scope": "", "value": "union-crowd"}
    for number in range(CROWD):
        record = {"id": f"crowd-{number}", "updated_at": at(number + 1), "nickname": "群", "identities": [union]}
        rig.send(TILL, "customer.updated", record)


def _send_company(rig: Rig) -> None:
    """What else is known of the first customer: consents and a household."""
    customer = {"connection": "网店", "object_type": "customers", "external_id": "c1"}
    other = {"connection": "网店", "object_type": "customers", "external_id": "a1"}
    consent = {"customer": customer, "purpose": "marketing", "captured_at": at(20)}
    rig.send(
        TILL, "consent.updated", {"id": "s1", "updated_at": at(20), "channel": "sms", "status": "withdrawn", **consent}
    )
    rig.send(
        TILL, "relation.updated", {"id": "h1", "updated_at": at(21), "a": customer, "b": other, "type": "household"}
    )


def _rid(world: World, external_id: str, connection: str = "网店") -> uuid.UUID:
    row = world.hub.db.one(
        "select r.rid from record r join connection c on c.id = r.connection_id"
        " where r.kind = 'customer' and r.external_id = %s and c.name = %s",
        (external_id, connection),
    )
    assert row, external_id
    found: uuid.UUID = row[0]
    return found


def golden_id(world: World, external_id: str, connection: str = "网店") -> str:
    """The id of the golden customer that this source record belongs to now."""
    return format_id("cus", stewardship.golden_of(world.hub, _rid(world, external_id, connection)))


def item_of(world: World, external_id: str) -> uuid.UUID:
    golden = stewardship.golden_of(world.hub, _rid(world, external_id))
    row = world.hub.db.one("select id from item where type = 'conflict' and rid = %s", (golden,))
    assert row, external_id
    found: uuid.UUID = row[0]
    return found


def _send_recycled(rig: Rig) -> None:
    """A number that another person proved later; they were born in different years, so no model makes them one."""
    number = {"namespace": "phone", "value": "+8613700001111", "verified": "otp"}
    for connection, id_, name, minute in (("网店", "number-1", "陶渊明", 1), (TILL, "number-2", "谢灵运", 40)):
        born = {"year": 1960 + minute, "month": minute // 4 + 1, "day": 3, "calendar": "gregorian"}
        data = {"id": id_, "updated_at": at(minute), "full_name": name, "identities": [number], "birthday": born}
        rig.send(connection, "customer.updated", data)


def _send_to_and_fro(rig: Rig) -> None:
    """A customer of the shop and the crm whose nickname does not come to rest."""
    union = {"namespace": "wechat_unionid", "scope": "", "value": "union-loop"}
    for minute, connection in enumerate(("网店", "crm") * 4):
        record = {
            "id": "l1",
            "updated_at": at(40 + minute),
            "nickname": f"{CANARY_NAME}{minute % 2}",
            "identities": [union],
        }
        rig.send(connection, "customer.updated", record)


def _make_loop(world: World) -> str:
    """A field that went to and fro between the hub and the crm until it was frozen."""
    crm = world.hub.connections.by_name("crm").id
    row = world.hub.db.one("select id, owner_rid from target where rid = %s", (_rid(world, "l1", "crm"),))
    assert row
    with world.hub.db.transaction() as conn:
        peer.freeze(conn, "default", "customer", row[1], crm, "nickname")
        data: dict[str, Any] = {"field": "nickname", "flips": 10, "within_s": 600, "delivery": format_id("dlv", row[0])}
        found = item_store.raise_item(
            conn, "loop", f"loop:{row[0]}", kind="customer", rid=row[1], connection_id=crm, data=data
        )
    return format_id("itm", found)


def _rule(world: World) -> None:
    """What a steward did: a pin, a merge; the ids that the pages of acts need."""
    steward = next(user for user, _grants in access.list_users(world.hub) if user.name == "steward")
    actor = format_id("usr", steward.id)
    hub, first = world.hub, stewardship.golden_of(world.hub, _rid(world, "a1"))
    stewardship.pin(hub, "customer", first, "language", "en", actor, "asked by phone")
    act = stewardship.merge(
        hub, "customer", [first, stewardship.golden_of(hub, _rid(world, "a2", TILL))], actor, "same person"
    )
    world.ids["act"] = format_id("dec", act)
    world.ids["merged"] = golden_id(world, "a1")
    world.ids["gone"] = format_id("cus", max(_rid(world, "a1"), _rid(world, "a2", TILL)))
    world.ids["alone"] = golden_id(world, "a3", TILL)
    world.ids["crowd"] = golden_id(world, "crowd-0", TILL)
    world.ids["source"] = format_id("rec", _rid(world, "a2", TILL))
    world.ids["crowd_source"] = format_id("rec", _rid(world, "crowd-3", TILL))
    row = world.hub.db.one("select cluster from record where kind = 'order' and external_id = 'o3'")
    assert row
    world.ids["other"] = format_id("ord", row[0])
