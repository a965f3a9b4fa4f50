"""Counts what the day came to, and looks for anything that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from demo.client import HubClient
from demo.connect import DELIVERED
from demo.crm import DemoCrm
from demo.ledger import differences
from demo.report import Findings
from demo.shop import DemoShop
from hub.model.kinds import KINDS

_STUCK = ("due", "held", "unknown", "dead")
_UNAUTHORIZED = 401


def count(hub: HubClient, shop: DemoShop, crm: DemoCrm, title: str) -> Findings:
    """The books of shop, hub and CRM as they are now, compared."""
    golden = {KINDS[kind].plural: list(hub.golden(KINDS[kind].plural)) for kind in DELIVERED}
    active = [row for rows in golden.values() for row in rows if row["lifecycle"] == "active"]
    figures, counted, book = hub.figures(), shop.summary(), crm.book()
    found = Findings(
        title,
        sent=counted["webhooks"],
        forged=counted["forged"],
        events=figures["events"],
        golden={plural: len(rows) for plural, rows in golden.items()},
        records=len(book),
        writes=crm.writes,
        taken=shop.taken(),
        paid=_paid(golden["orders"]),
    )
    stopped = [f"{row['connection']} is stopped: retail-hub resume {row['connection']}" for row in _stopped(figures)]
    found.problems += [
        *stopped,
        *differences(active, book, "crm"),
        *_incoming(found, shop, golden),
        *_outgoing(figures),
    ]
    return found


def _incoming(found: Findings, shop: DemoShop, golden: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    held = {**shop.summary(), "locations": len(shop.shop.locations)}
    for plural, there in held.items():
        if plural in golden:
            here = sum(source["connection"] == "shop" for row in golden[plural] for source in row["sources"])
            if here != there:
                yield f"the shop has {there} {plural}, the hub knows {here} of it"
    if found.paid < found.taken:
        yield "less was paid on golden orders than the shop has taken"
    if found.events["lost"]:
        yield f"{found.events['lost']} accepted events are nowhere"
    if found.events["refused"] < found.forged:
        yield "not every forged webhook is in the books as refused"
    for entry in shop.ledger.entries("forged"):
        if entry.content["status"] != _UNAUTHORIZED:
            yield f"a forged webhook was answered {entry.content['status']}"


def _outgoing(figures: dict[str, Any]) -> Iterator[str]:
    for row in figures["connections"]:
        if row["connection"] == "crm":
            yield from (f"{row[what]} deliveries to crm are {what}" for what in _STUCK if row[what])


def _stopped(figures: dict[str, Any]) -> list[dict[str, Any]]:
    return [row for row in figures["connections"] if row["connection"] in ("shop", "crm") and row["is_stopped"]]


def _paid(orders: list[dict[str, Any]]) -> Decimal:
    """What golden orders say was paid, refunds not subtracted."""
    return sum((Decimal(order["data"]["paid"]["amount"]) for order in orders if order["data"].get("paid")), Decimal(0))
