"""Every page of the console with the addresses that a benchmark loads: derived from its routes, with ids of real rows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from hub.console.blueprint import PREFIX
from hub.console.pages import ROUTES
from hub.console.pages.connection import TABS as CONNECTION_TABS
from hub.console.route import Route
from hub.model.identifier import format_id
from hub.store.console_delivery import TABS
from hub.store.console_event import STATUSES
from hub.store.database import Database

BOUND = f"{PREFIX}/search"
"""The page that does nothing: session, menu, an empty box."""
# Files of a plugin, and the plan of a merge, a split or an answer: that does the deed and takes it back, and is not a page that one refreshes.
LEFT_OUT = (
    "show_login", "show_plugged", "show_plugged_file", "plan_merge", "plan_split", "plan_cut", "plan_match", "show_search",
)  # fmt: skip
SEARCHED = ("+8613861803399", "c7", "#big-3", "cus_01M80NG4PR9Q2455H1Z1QE4RSP")
# Id -> what to look it up by. Of what is to be had everywhere, one from the middle.
_FOUND = {
    "event_id": ("evt", "select last_event from record where external_id = 'o7-0' and kind = 'order'"),
    "customer": ("cus", "select cluster from record where external_id = 'c7' and kind = 'customer'"),
    "big": ("cus", "select cluster from record where external_id = 'c90000000' and kind = 'customer'"),
    "crowd": ("cus", "select cluster from record where external_id = 'many-3' and kind = 'customer'"),
    "order": ("ord", "select cluster from record where external_id = 'o7-0' and kind = 'order'"),
    "payment": ("pay", "select cluster from record where external_id = 'y7-0' and kind = 'payment'"),
    "sent": ("dlv", "select target_id from attempt order by id limit 1"),
    "unknown": ("dlv", "select id from target where state = 'unknown' limit 1"),
    "quarantined": ("evt", "select id from event_work where state = 1 order by id limit 1"),
    "alert_id": ("alr", "select id from alert order by id limit 1"),
    "item_id": ("itm", "select id from item where type = 'conflict' order by id limit 1"),
    "pair": ("itm", "select id from item where type = 'match' and state = 'open' order by stake desc, id limit 1"),
    "bulk_id": ("blk", "select id from match_bulk order by id limit 1"),
    "drift_id": ("drf", "select id from drift order by id limit 1"),
    "run_id": ("run", "select id from run order by id desc limit 1"),
    "plan_id": ("pln", "select id from plan order by id limit 1"),
    "user_id": ("usr", "select id from person order by name limit 1"),
    "location_id": ("loc", "select cluster from record where external_id = 's1' and kind = 'location'"),
    "setup_id": ("stp", "select id from draft limit 1"),
    "middle_event": ("evt", "select id from event order by id desc offset 1000 limit 1"),
    "middle_customer": ("cus", "select id from golden where realm = 'default' and kind = 'customer' order by id desc offset 1000 limit 1"),
    "middle_delivery": ("dlv", "select id from target where state = 'due' and dirty_seq > done_seq order by id desc offset 100 limit 1"),
    "middle_attempt": ("att", "select id from attempt order by id desc offset 1000 limit 1"),
}  # fmt: skip
# What a route alone does not tell: filters, the second page, what is very long.
PATTERNS: dict[str, list[str]] = {
    "list_events": ["/events", *(f"/events?status={status}" for status in STATUSES), "/events?status=done&span=24h",
                    "/events?connection=kiosk", "/events?connection=shop&status=done",
                    "/events?connection=till&status=quarantined&span=30d", "/events?before=<middle_event>"],
    "show_event": ["/events/<event_id>", "/events/<event_id>?tab=difference", "/events/<event_id>?tab=processings"],
    "list_deliveries": [*(f"/deliveries?tab={tab}" for tab in TABS), "/deliveries?tab=sent&connection=till",
                        "/deliveries?tab=waiting&connection=crm", "/deliveries?tab=waiting&before=<middle_delivery>",
                        "/deliveries?tab=sent&before=<middle_attempt>"],
    "show_delivery": ["/deliveries/<sent>", "/deliveries/<unknown>"],
    "list_records": [*(f"/records/{kind}" for kind in ("customers", "orders", "payments", "products")),
                     *(f"/records/customers?connection={name}" for name in ("shop", "till", "kiosk")),
                     "/records/customers?lifecycle=deleted", "/records/orders?lifecycle=erased",
                     "/records/orders?connection=crm", "/records/payments?store=<location_id>", "/records/customers?before=<middle_customer>"],
    "show_record": ["/records/customers/<customer>", "/records/customers/<big>", "/records/customers/<big>?part=payments",
                    "/records/customers/<big>?part=changes", "/records/customers/<crowd>", "/records/orders/<order>",
                    "/records/payments/<payment>"],
    "show_cluster": ["/records/customers/<customer>/cluster", "/records/customers/<crowd>/cluster"],
    "show_merge": ["/records/customers/<customer>/merge"],
    "show_split": ["/records/customers/<crowd>/split"],
    "show_store": ["/store/<location_id>"],
    "show_pins": ["/records/customers/<customer>/pin"],
    "show_pin": ["/records/customers/<big>/pin/full_name"],
    "list_conflicts": ["/conflicts", "/conflicts?state=resolved"],
    "list_matches": ["/matches", "/matches?order=weight"],
    "show_match": ["/matches/<pair>"],
    "list_reveals": ["/privacy/access-log", "/privacy/access-log?subject=<big>"],
    "show_quarantined": ["/quarantine/<quarantined>"],
    "start_setup": ["/connections/new/webhook"],
    "show_step": ["/connections/new/webhook/<setup_id>/credentials"],
    "show_connection": ["/connections/shop", "/connections/crm"],
    "show_connection_tab": [f"/connections/{name}/{tab}" for name in ("shop", "crm") for tab in CONNECTION_TABS if tab != "overview"],
    "show_lookup": ["/lookups/stores"],
    "show_policy": ["/policies/customer"],
    "show_mapping": ["/mappings/shop/customers"],
    "list_runs": ["/runs", "/runs?status=failed", "/runs?type=verify", "/runs?connection=crm"],
    "list_plans": ["/plans", "/plans?state=all"],
    "list_audit": ["/system/audit", "/system/audit?act=connection", "/system/audit?actor=cli%3Abench&span=30d",
                   "/system/audit?object=nothing"],
    "list_alerts": ["/alerts", "/alerts?tab=closed"],
    "export_events": ["/events.csv", "/events.csv?status=duplicate"],
    "export_records": ["/records/customers.csv", "/records/orders.csv?connection=crm"],
    "export_deliveries": ["/deliveries.csv?tab=sent"],
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Address:
    """One thing to load. `name`: how the report calls it, words in place of ids.

    `typed`: what to type into the search box instead; `is_file`: only its first bytes are waited for.
    """

    endpoint: str
    name: str
    path: str
    typed: str = ""
    is_file: bool = False


def addresses(db: Database) -> list[Address]:
    """What is loaded: every GET route at least once, lists with each filter and their second page too."""
    ids = {name: row[0] for name, (prefix, sql) in _FOUND.items() if (row := db.one(sql)) and row[0]}
    texts = {name: format_id(_FOUND[name][0], id_) for name, id_ in ids.items()}
    own = [(endpoint, pattern) for endpoint, patterns in PATTERNS.items() for pattern in patterns]
    rest = [(route.endpoint, route.rule) for route in ROUTES if _is_loaded(route) and route.endpoint not in PATTERNS]
    found = [
        Address(endpoint, pattern, PREFIX + path, is_file="." in pattern.rpartition("/")[2].partition("?")[0])
        for endpoint, pattern in (*own, *rest)
        if (path := _filled(pattern, texts))
    ]
    return [*found, *(Address("search", f"search for {text}", BOUND, text) for text in SEARCHED)]


def _is_loaded(route: Route) -> bool:
    return "GET" in route.methods and route.endpoint not in LEFT_OUT and route.endpoint != "show_results"


def _filled(path: str, ids: dict[str, str]) -> str:
    """The path with its parameters; empty where there is nothing of the kind."""
    is_whole = all(name in ids for name in re.findall(r"<(?:\w+:)?(\w+)>", path))
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: ids[found[1]], path) if is_whole else ""


def missing(found: list[Address]) -> list[str]:
    """Endpoints of pages that no address leads to: a new one needs a line above, or rows of its kind."""
    wanted = {route.endpoint for route in ROUTES if _is_loaded(route)}
    return sorted(wanted - {address.endpoint for address in found})


def five(db: Database) -> dict[str, str]:
    """The main pages, by name."""
    one: Any = db.one(_FOUND["customer"][1])
    return {
        "overview": f"{PREFIX}/",
        "customer": f"{PREFIX}/records/customers/{format_id('cus', one[0])}",
        "events": f"{PREFIX}/events",
        "deliveries": f"{PREFIX}/deliveries?tab=sent",
        "connection": f"{PREFIX}/connections/shop",
    }
