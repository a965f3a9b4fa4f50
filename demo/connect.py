"""The two connections of the demo, made as an integrator would: by the API."""

from __future__ import annotations

from typing import Any

from demo.client import HubClient
from demo.crm import CLIENT_ID
from demo.stage import Stage
from hub.errors import ConfigError

NAMES = ("shop", "crm")
READ = ("order", "payment", "refund", "fulfilment", "product", "location")
# What webhooks missed is read by the API this often.
POLL_S = 300


def check_ours(hub: HubClient, domain: str, *, is_new: bool) -> None:
    """Refuses a hub that has connections of these names which are none of this demo's.

    Raises:
        ConfigError: it has.
    """
    held = {name: row for name in NAMES if (row := hub.connection(name)) is not None}
    shop = held.get("shop")
    is_other = shop is not None and shop["config"].get("shop") != domain
    if is_other or (is_new and held):
        raise ConfigError(
            f"this hub has connections that are not of this demo under its names ({', '.join(held)}): the demo needs a hub "
            "of its own, so give it another --data-dir (or an empty database in DATABASE_URL)"
        )


def connect(stage: Stage, name: str) -> None:
    """Makes a connection, or gives that of an earlier start the address of today."""
    wish = (_shop if name == "shop" else _crm)(stage)
    held = stage.hub.connection(name)
    if held is None:
        stage.hub.call("POST", "/connections", {"name": name, **wish})
        return
    change: dict[str, Any] = {}
    if held["disconnected_at"] or {**held["config"], **wish["config"]} != held["config"]:
        change = {key: wish[key] for key in ("config", "secrets", "flows")}
    # What a person paused stays paused; the hub pauses when it may not reach an address.
    if held["paused"] and held["paused_by"] == "hub":
        change["paused"] = False
    if change:
        stage.hub.call("PATCH", f"/connections/{name}", change)


def _shop(stage: Stage) -> dict[str, Any]:
    systems = stage.systems
    return {
        "connector": "shopify",
        "config": {"shop": systems.domain, "base_url": stage.shop.url, "poll_s": POLL_S},
        "secrets": {"secret": systems.shop_secret, "access_token": systems.access_token},
        "flows": {"customer": "both", **dict.fromkeys(READ, "in")},
    }


def _crm(stage: Stage) -> dict[str, Any]:
    systems = stage.systems
    return {
        "connector": "zoho",
        "config": {"data_centre": "cn", "base_url": stage.crm.url, "client_id": CLIENT_ID, "poll_s": POLL_S},
        "secrets": {
            "client_secret": systems.crm_secret,
            "refresh_token": systems.refresh_token,
            "webhook_secret": systems.notification_secret,
        },
        "flows": {"customer": "both"},
    }
