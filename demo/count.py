"""Counts what the day came to, and looks for anything that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from demo.connect import NAMES, READ
from demo.ledger import compare, facts_of_crm, facts_of_shop
from demo.report import Findings
from demo.stage import Stage
from hub.model.kinds import KINDS

_STUCK = ("due", "held", "unknown", "dead")
_UNAUTHORIZED = 401
Golden = dict[str, list[dict[str, Any]]]


def count(stage: Stage, title: str) -> Findings:
    """The books of shop, CRM and hub as they are now, compared."""
    golden = {KINDS[kind].plural: list(stage.hub.golden(KINDS[kind].plural)) for kind in ("customer", *READ)}
    people = [row for row in golden["customers"] if row["lifecycle"] == "active"]
    figures, counted = stage.hub.figures(), stage.shop.summary()
    books = {
        "shop": {key: facts_of_shop(held) for key, held in stage.shop.people().items()},
        "crm": {key: facts_of_crm(held) for key, held in stage.crm.people().items()},
    }
    balances = [compare(name, people, books[name]) for name in NAMES]
    found = Findings(
        title,
        sent=counted["webhooks"] + len(stage.crm.sender.log),
        forged=counted["forged"],
        events=figures["events"],
        golden={plural: len(rows) for plural, rows in golden.items()},
        balances=balances,
        writes={"shop": stage.shop.writes, "crm": stage.crm.writes},
        echoes={"shop": stage.shop.echoes, "crm": stage.crm.echoes},
        items=list(stage.hub.listed("/items")),
        taken=stage.shop.taken(),
        paid=_paid(golden["orders"]),
    )
    found.problems += [
        *(f"{row['connection']} is stopped: retail-hub resume {row['connection']}" for row in _stopped(figures)),
        *(text for balance in balances for text in balance.problems),
        *_incoming(found, stage, golden),
        *_outgoing(figures),
    ]
    return found


def _incoming(found: Findings, stage: Stage, golden: Golden) -> Iterator[str]:
    held = {**stage.shop.summary(), "locations": len(stage.shop.shop.locations)}
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
    for entry in stage.shop.ledger.entries("forged"):
        if entry.content["status"] != _UNAUTHORIZED:
            yield f"a forged webhook was answered {entry.content['status']}"


def _outgoing(figures: dict[str, Any]) -> Iterator[str]:
    for row in figures["connections"]:
        if row["connection"] in NAMES:
            yield from (f"{row[what]} deliveries to {row['connection']} are {what}" for what in _STUCK if row[what])


def _stopped(figures: dict[str, Any]) -> list[dict[str, Any]]:
    return [row for row in figures["connections"] if row["connection"] in NAMES and row["is_stopped"]]


def _paid(orders: list[dict[str, Any]]) -> Decimal:
    """What golden orders say was paid, refunds not subtracted."""
    return sum((Decimal(order["data"]["paid"]["amount"]) for order in orders if order["data"].get("paid")), Decimal(0))
