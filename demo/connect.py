"""The two connections of the demo, made as an integrator would: by the API."""

from __future__ import annotations

from typing import Any

from demo.client import HubClient
from demo.crm import DemoCrm
from demo.shop import DemoShop
from demo.systems import Systems
from hub.errors import ConfigError

DELIVERED = ("customer", "order", "payment", "refund", "fulfilment", "product", "location")
# What webhooks missed is read by the API this often.
POLL_S = 300


def connect(hub: HubClient, shop: DemoShop, crm: DemoCrm, systems: Systems, *, is_new: bool) -> None:
    """Makes the connections `shop` and `crm`, or gives those of an earlier start the addresses of today.

    Raises:
        ConfigError: a connection of that name is none of this demo's.
    """
    wishes = _wishes(shop, crm, systems)
    held = {name: hub.connection(name) for name in wishes}
    _check_ours(held, systems, is_new=is_new)
    for name, wish in wishes.items():
        _connect(hub, name, wish, held[name])


def _wishes(shop: DemoShop, crm: DemoCrm, systems: Systems) -> dict[str, dict[str, Any]]:
    return {
        "shop": {
            "connector": "shopify",
            "config": {"shop": systems.domain, "base_url": shop.url, "poll_s": POLL_S},
            "secrets": {"secret": systems.shop_secret, "access_token": systems.access_token},
            "flows": dict.fromkeys(DELIVERED, "in"),
        },
        "crm": {
            "connector": "webhook",
            "config": {"target_url": crm.target_url, "find_url": crm.find_url},
            "secrets": {"secret": systems.crm_secret},
            "flows": dict.fromkeys(DELIVERED, "out"),
            "live": True,
        },
    }


def _connect(hub: HubClient, name: str, wish: dict[str, Any], held: dict[str, Any] | None) -> None:
    if held is None:
        hub.call("POST", "/connections", {"name": name, **wish})
        return
    change: dict[str, Any] = {}
    if held["disconnected_at"] or {**held["config"], **wish["config"]} != held["config"]:
        change = {key: wish[key] for key in ("config", "secrets", "flows")}
    # What a person paused stays paused; the hub pauses when it may not reach an address.
    if held["paused"] and held["paused_by"] == "hub":
        change["paused"] = False
    if change:
        hub.call("PATCH", f"/connections/{name}", change)


def _check_ours(held: dict[str, dict[str, Any] | None], systems: Systems, *, is_new: bool) -> None:
    shop = held["shop"]
    is_other = shop is not None and shop["config"].get("shop") != systems.domain
    if is_other or (is_new and any(held.values())):
        names = ", ".join(name for name, row in held.items() if row)
        raise ConfigError(
            f"this hub has connections that are not of this demo under its names ({names}): the demo needs a hub of "
            "its own, so give it another --data-dir (or an empty database in DATABASE_URL)"
        )
