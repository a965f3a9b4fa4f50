"""Changes in what systems send, in every state that their pages can be in."""

from __future__ import annotations

from hub.flow.context import Hub
from hub.model.identifier import format_id
from hub.store import drift
from hub.store.drift import Drift
from tests.browser.world import World


def make_drift(world: World) -> None:
    """One change of each sort at the shop, one that somebody decided on, and one that a release took up."""
    hub = world.hub
    world.ids["drift"] = _id(_see(hub, "customers", "value", "data.gender", 8))
    world.ids["drift_new"] = _id(_see(hub, "customers", "new", "data.addresses[].recipient_phone", 8))
    world.ids["drift_gone"] = _id(_see(hub, "customers", "gone", "data.full_name", 0))
    world.ids["drift_type"] = _id(_see(hub, "customers", "type", f"data.{'a_very_long_name_' * 12}", 6))
    world.ids["drift_null"] = _id(_see(hub, "customer", "null", "note", 0))
    decided = _see(hub, "orders", "new", "data.gift_wrap", 2)
    world.ids["drift_decided"] = _id(decided)
    hub.db.run(lambda conn: drift.decide(conn, decided.id, "accepted", "usr_01", "the shop's new app"))
    taken_up = _see(hub, "customers", "new", "data.note", 8)
    world.ids["drift_mapped"] = _id(taken_up)
    hub.db.run(lambda conn: drift.mapped(conn, taken_up.id, hub.rules.release_id))


def _see(hub: Hub, stream: str, what: str, path: str, mask: int) -> Drift:
    shop = hub.connections.by_name("网店")
    row = hub.db.one(
        "select r.cluster, v.event_id from version v join record r on r.rid = v.rid where r.external_id = 'c1'"
        " and r.connection_id = %s order by v.event_id limit 1",
        (shop.id,),
    )
    events = [row[1]] if row else []
    return hub.db.run(lambda conn: drift.see(conn, shop.id, stream, what, path, count=3, events=events, mask=mask)[0])


def _id(found: Drift) -> str:
    return format_id("drf", found.id)
