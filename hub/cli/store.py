"""`store-today`: a store's day in figures."""

from __future__ import annotations

from typing import Any

import click

from hub.cli.local import open_hub
from hub.cli.output import json_option, show, show_json, show_one


@click.command("store-today")
@click.argument("store")
@click.option("--time-zone", default="Asia/Shanghai", show_default=True, help="Counts where the store names none.")
@json_option
def store_today(store: str, time_zone: str, as_json: bool) -> None:
    """Show today's orders and refunds of STORE, what waits to be paid or picked up, and what runs out.

    STORE is the code of a location, its id at a system, or loc_….

    \b
    Example:
      retail-hub store-today SH01
    """
    from datetime import UTC, datetime
    from zoneinfo import available_timezones

    from hub.flow import store_day

    if time_zone not in available_timezones():
        raise click.BadParameter("is no IANA time zone, for example Asia/Shanghai", param_hint="--time-zone")
    with open_hub() as hub, hub.db.session() as conn:
        place = store_day.find(conn, hub, store)
        found = store_day.day_json(store_day.read(conn, place, time_zone, datetime.now(UTC), {}))
    if as_json:
        show_json(found)
        return
    show_one(_lines(found))
    if found["pickup_waiting"]["oldest"]:
        click.echo()
        show(found["pickup_waiting"]["oldest"], ["order_number", "since", "fulfilment"])
    if found["low_stock"] and found["low_stock"]["first"]:
        click.echo()
        show(found["low_stock"]["first"], ["sku", "on_hand", "reserved", "safety"])


def _lines(found: dict[str, Any]) -> dict[str, str]:
    low = found["low_stock"]
    states = ", ".join(f"{state} {count}" for state, count in found["orders"]["by_state"].items())
    return {
        "store": " ".join(filter(None, [found["code"], found["name"]])),
        "day": f"{found['day']} ({found['time_zone']})",
        "orders": f"{found['orders']['count']}" + (f" ({states})" if states else ""),
        "sold": _part(found["sold"]),
        "refunds": _part(found["refunds"]),
        "unpaid": _part(found["unpaid"]),
        "pickup waiting": str(found["pickup_waiting"]["count"]),
        "low stock": "no stock known" if low is None else str(low["count"]),
    }


def _part(part: dict[str, Any]) -> str:
    money = " + ".join(f"{one['amount']} {one['currency']}" for one in part["total"])
    return f"{part['count']}" + (f" ({money})" if money else "")
