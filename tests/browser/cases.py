"""Every page in every state it can be in.

A route without a case of its own is looked at once, full, as the admin, at an address made of `world.ids`: the value of
`<run_id>` is `world.ids["run"]`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

from hub.console.pages import ROUTES
from hub.console.route import Route
from tests.browser.world import LONG_NAME, World

STATES = ("full", "empty", "error", "long")
MISSING = "01M80NG4PR9Q2455H1Z1QE4RSP"


# Values of the parameters of addresses, where they are not ids.
VALUES = {
    "kind": "orders",
    "name": "crm",
    "opaque": "nothing",
    "plugin": "labels",
    "path": "words",
    "connector": "webhook",
    "tab": "streams",
    "step": "streams",
    "field": "number",
    "stream": "customers",
    "table": "channels",
}
# The id that stands for a parameter, where its name is not that of the parameter.
WORDS = {"record_id": "order", "delivery_id": "delivery_dead"}


def path_of(route: Route, world: World) -> str:
    """An address of that route whose things exist."""
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: _value(found[1], world) or "nothing", route.rule)


def lacking(route: Route, world: World) -> list[str]:
    """What somebody has to put into `world.ids` so that the route can be looked at."""
    names = re.findall(r"<(?:\w+:)?(\w+)>", route.rule)
    return [WORDS.get(name, name.removesuffix("_id")) for name in names if not _value(name, world)]


def _value(name: str, world: World) -> str:
    return VALUES.get(name) or world.ids.get(WORDS.get(name, name.removesuffix("_id")), "")


def is_page(route: Route) -> bool:
    """Whether it answers with a page: not an act, not a file."""
    last = route.rule.rpartition("/")[2]
    return "GET" in route.methods and "." not in last and "/static/" not in route.rule


@dataclass(frozen=True)
class Case:
    """One page in one state. `role` "" is somebody who is not signed in."""

    endpoint: str
    state: str
    path: str
    status: int = 200
    role: str = "admin"

    @property
    def name(self) -> str:
        """How a failure names it."""
        return f"{self.endpoint} {self.state} {self.path.split('?')[0]}"


def cases(world: World) -> list[Case]:
    """All cases; `empty` ones belong to the hub of the first day, the others to the full one."""
    own = _own(world)
    seen = {case.endpoint for case in own}
    others = [route for route in ROUTES if is_page(route) and route.endpoint not in seen and not lacking(route, world)]
    return [*own, *(Case(route.endpoint, "full", path_of(route, world)) for route in others)]


def _own(world: World) -> list[Case]:
    ids = world.ids
    long_name = quote(LONG_NAME.replace(" ", "-"))
    return [
        Case("show_login", "full", "/login", role=""),
        Case("show_login", "error", "/login?next=//evil.example", role=""),
        Case("show_profile", "full", "/profile"),
        Case("show_profile", "empty", "/profile", role="fresh"),
        Case("show_overview", "full", "/"),
        Case("show_overview", "empty", "/"),
        Case("show_overview", "long", "/", role="viewer"),
        Case("list_alerts", "full", "/alerts"),
        Case("list_alerts", "full", "/alerts?tab=closed"),
        Case("list_alerts", "long", "/alerts?tab=snoozed"),
        Case("list_alerts", "empty", "/alerts"),
        Case("list_alerts", "empty", "/alerts?tab=closed"),
        Case("list_alerts", "error", "/alerts", 403, "viewer"),
        Case("show_alert", "full", f"/alerts/{ids['alert']}"),
        Case("show_alert", "long", f"/alerts/{ids['alert_aside']}"),
        Case("show_alert", "full", f"/alerts/{ids['alert_over']}", role="auditor"),
        Case("show_alert", "error", f"/alerts/alr_{MISSING}", 404),
        Case("show_search", "full", "/search"),
        Case("show_results", "error", "/search/nothing", 404),
        Case("list_events", "full", "/events"),
        Case("list_events", "empty", "/events"),
        Case("list_events", "long", "/events?status=quarantined&span=30d&connection=" + long_name),
        Case("list_events", "error", "/events", 403, "viewer"),
        Case("show_event", "full", f"/events/{ids['event']}"),
        Case("show_event", "full", f"/events/{ids['quarantined']}"),
        Case("show_event", "long", f"/events/{ids['event_long']}"),
        *(
            Case("show_event", "full", f"/events/{ids['event']}?tab={tab}")
            for tab in ("headers", "canonical", "difference", "processings")
        ),
        Case("show_event", "error", f"/events/evt_{MISSING}", 404),
        Case("list_kinds", "full", "/records"),
        Case("list_records", "full", "/records/customers"),
        Case("list_records", "full", "/records/orders"),
        Case("list_records", "empty", "/records/orders"),
        Case("list_records", "error", "/records/nonsense", 404),
        Case("list_records", "long", "/records/products?lifecycle=erased"),
        Case("show_record", "full", f"/records/customers/{ids['customer']}"),
        Case("show_record", "full", f"/records/orders/{ids['order']}"),
        Case("show_record", "long", f"/records/customers/{ids['long']}"),
        Case("show_record", "error", f"/records/customers/cus_{MISSING}", 404),
        Case("choose_store", "full", "/store"),
        Case("choose_store", "empty", "/store"),
        Case("show_store", "full", f"/store/{ids['location']}", role="viewer"),
        Case("show_store", "long", f"/store/{ids['location_quiet']}"),
        Case("show_store", "error", f"/store/loc_{MISSING}", 404),
        Case("list_records", "long", f"/records/orders?store={ids['location']}&day=today&state=open,none&within=30d"),
        Case("list_records", "full", f"/records/stock_levels?store={ids['location']}&low=1", role="viewer"),
        Case("show_backups", "full", "/system/backups", role="auditor"),
        Case("show_backups", "error", "/system/backups", 403, "operator"),
        Case("list_deliveries", "full", "/deliveries?tab=waiting"),
        Case("list_deliveries", "full", "/deliveries?tab=sent"),
        Case("list_deliveries", "full", "/deliveries?tab=unknown"),
        Case("list_deliveries", "full", "/deliveries?tab=dead"),
        Case("list_deliveries", "empty", "/deliveries?tab=effects"),
        Case("list_deliveries", "empty", "/deliveries"),
        Case("list_deliveries", "error", "/deliveries", 403, "viewer"),
        Case("show_delivery", "full", f"/deliveries/{ids['delivery_unknown']}"),
        Case("show_delivery", "full", f"/deliveries/{ids['delivery_dead']}"),
        Case("show_delivery", "error", f"/deliveries/dlv_{MISSING}", 404),
        Case("list_quarantine", "full", "/quarantine"),
        Case("list_quarantine", "empty", "/quarantine"),
        Case("list_quarantine", "long", "/quarantine?connection=nothing"),
        Case("show_quarantined", "full", f"/quarantine/{ids['quarantined']}"),
        Case("show_quarantined", "full", f"/quarantine/{ids['quarantined']}", role="auditor"),
        Case("show_quarantined", "error", f"/quarantine/{ids['event']}", 404),
        Case("list_parked", "full", "/parked"),
        Case("list_parked", "empty", "/parked"),
        Case("list_connections", "full", "/connections"),
        Case("list_connections", "empty", "/connections"),
        Case("show_connection", "full", "/connections/crm"),
        Case("show_connection", "long", f"/connections/{long_name}"),
        Case("show_connection", "error", "/connections/nothing", 404),
        *_connecting(ids, long_name),
        *_persons(ids),
        *_rules(ids, long_name),
        *_matches(ids),
        Case("list_users", "full", "/system/users"),
        Case("list_users", "error", "/system/users", 403, "operator"),
        Case("show_user", "full", f"/system/users/{ids['user']}"),
        Case("show_user", "error", f"/system/users/usr_{MISSING}", 404),
        Case("list_tokens", "full", "/system/tokens"),
        Case("list_tokens", "empty", "/system/tokens"),
        Case("list_audit", "full", "/system/audit"),
        Case("list_audit", "full", "/system/audit?act=user&span=today", role="auditor"),
        Case("list_audit", "long", f"/system/audit?object={long_name}"),
        Case("list_plugins", "full", "/system/plugins", role="auditor"),
        Case("show_health", "full", "/system/health", role="operator"),
        Case("show_plugged", "full", "/p/labels/words"),
        Case("show_plugged", "error", "/p/labels/words", 403, "steward"),
        Case("nowhere", "error", "/nothing/here", 404),
    ]


def _persons(ids: dict[str, str]) -> list[Case]:
    """Customers, what holds their sources together, acts on them, conflicts, the access log."""
    merged, crowd, alone = (f"/records/customers/{ids[name]}" for name in ("merged", "crowd", "alone"))
    customer, long = f"/records/customers/{ids['customer']}", f"/records/customers/{ids['long']}"
    return [
        Case("show_record", "full", merged),
        Case("show_record", "full", f"{merged}?part=decisions"),
        Case("show_record", "full", f"{merged}?came_from={ids['gone']}", role="steward"),
        Case("show_record", "full", f"{alone}?part=points", role="viewer"),
        Case("show_record", "long", crowd),
        Case("show_cluster", "full", f"{merged}/cluster"),
        Case("show_cluster", "full", f"{merged}/cluster", role="viewer"),
        Case("show_cluster", "long", f"{crowd}/cluster"),
        Case("show_cluster", "long", f"{crowd}/cluster?source={ids['crowd_source']}"),
        Case("show_cluster", "error", f"/records/customers/cus_{MISSING}/cluster", 404),
        Case("show_pins", "full", f"{customer}/pin"),
        *(Case("show_pin", "full", f"{customer}/pin/{name}") for name in ("full_name", "gender", "birthday")),
        Case("show_pin", "long", f"{long}/pin/note"),
        Case("show_pin", "error", f"{customer}/pin/nothing", 404),
        Case("show_merge", "full", f"{customer}/merge"),
        Case("show_merge", "error", f"{customer}/merge", 403, "operator"),
        Case("plan_merge", "full", f"{alone}/merge/{ids['merged']}"),
        Case("plan_merge", "long", f"{long}/merge/{ids['crowd']}"),
        Case("show_split", "full", f"{merged}/split"),
        Case("show_split", "long", f"{crowd}/split"),
        Case("show_split", "full", f"{alone}/split"),
        Case("plan_split", "full", f"{merged}/split/{ids['source']}"),
        Case("list_conflicts", "full", "/conflicts"),
        Case("list_conflicts", "empty", "/conflicts"),
        Case("list_conflicts", "long", "/conflicts?state=snoozed&type=loop"),
        Case("list_conflicts", "error", "/conflicts", 403, "operator"),
        Case("show_conflict", "full", f"/conflicts/{ids['conflict']}", role="steward"),
        Case("show_conflict", "long", f"/conflicts/{ids['loop']}"),
        Case("show_conflict", "error", f"/conflicts/itm_{MISSING}", 404),
        Case("list_reveals", "full", "/privacy/access-log", role="auditor"),
        Case("list_reveals", "empty", "/privacy/access-log"),
        Case("list_reveals", "long", f"/privacy/access-log?subject={ids['customer']}", role="privacy"),
        Case("list_reveals", "error", "/privacy/access-log", 403, "steward"),
    ]


def _matches(ids: dict[str, str]) -> list[Case]:
    """Pairs that may be one, many of them at once, samples, weights."""
    scored = f"/records/customers/{ids['scored']}"
    guarded, settled, taken = (f"/matches/{ids[name]}" for name in ("match_guard", "match_settled", "match_taken"))
    return [
        Case("list_matches", "full", "/matches", role="steward"),
        Case("list_matches", "empty", "/matches"),
        Case("list_matches", "long", "/matches?state=resolved&order=weight"),
        Case("list_matches", "full", "/matches?state=snoozed"),
        Case("list_matches", "long", "/matches?pattern=name%3Dexact"),
        Case("list_matches", "error", "/matches", 403, "operator"),
        Case("show_match", "full", f"/matches/{ids['match']}", role="steward"),
        Case("show_match", "long", f"/matches/{ids['match_long']}"),
        Case("show_match", "full", guarded, role="steward"),
        Case("show_match", "full", f"/matches/{ids['match_free']}"),
        Case("show_match", "full", taken),
        Case("show_match", "full", settled),
        Case("show_match", "full", f"/matches/{ids['match_put_off']}"),
        Case("show_match", "full", f"/matches/{ids['match_sampled']}", role="steward"),
        Case("show_match", "error", f"/matches/itm_{MISSING}", 404),
        Case("show_cluster", "full", f"{scored}/cluster?a={ids['scored_a']}&b={ids['scored_b']}", role="steward"),
        Case("plan_cut", "full", f"{scored}/split/{ids['scored_a']}/{ids['scored_b']}", role="steward"),
        Case("plan_cut", "error", f"{scored}/split/{ids['scored_a']}/{ids['source']}", 404),
        Case("plan_match", "full", f"/matches/{ids['match']}/plan"),
        Case("plan_match", "long", f"/matches/{ids['match_long']}/plan"),
        Case("plan_match", "empty", f"{settled}/plan", 404),
        Case("list_patterns", "full", "/matches/patterns", role="steward"),
        Case("list_patterns", "empty", "/matches/patterns"),
        Case("list_patterns", "error", "/matches/patterns", 403, "viewer"),
        Case("show_bulk", "full", f"/matches/bulk/{ids['bulk']}", role="steward"),
        Case("show_bulk", "error", f"/matches/bulk/blk_{MISSING}", 404),
        Case("list_samples", "full", "/matches/samples", role="steward"),
        Case("list_samples", "empty", "/matches/samples"),
        Case("show_matching", "full", "/policies/matching", role="steward"),
        Case("show_matching", "empty", "/policies/matching"),
        Case("show_matching", "error", "/policies/matching?kind=nonsense", 404),
    ]


def _rules(ids: dict[str, str], long_name: str) -> list[Case]:
    """Mappings, policies, look-ups."""
    return [
        Case("list_mappings", "full", "/mappings"),
        Case("list_mappings", "empty", "/mappings"),
        Case("list_mappings", "long", f"/mappings?connection={long_name}", role="operator"),
        Case("list_mappings", "error", "/mappings", 403, "viewer"),
        Case("show_mapping", "full", f"/mappings/crm/customers?event={ids['event_long']}"),
        Case("show_mapping", "full", "/mappings/crm/orders", role="operator"),
        Case("show_mapping", "long", f"/mappings/{long_name}/customers", role="auditor"),
        Case("show_mapping", "error", "/mappings/crm/nonsense", 404),
        Case("list_policies", "full", "/policies", role="steward"),
        Case("list_policies", "error", "/policies", 403, "operator"),
        Case("show_policy", "full", "/policies/customers"),
        Case("show_policy", "long", "/policies/orders", role="steward"),
        Case("show_policy", "empty", "/policies/customers"),
        Case("show_policy", "error", "/policies/nonsense", 404),
        Case("list_lookups", "full", "/lookups"),
        Case("list_lookups", "empty", "/lookups"),
        Case("list_lookups", "error", "/lookups", 403, "viewer"),
        Case("show_lookup", "full", "/lookups/channels"),
        Case("show_lookup", "error", "/lookups/no%20name", 404),
    ]


def _connecting(ids: dict[str, str], long_name: str) -> list[Case]:
    """Connections, setting one up, runs and plans."""
    tabs = ("streams", "deliveries", "rates", "subscriptions", "fields", "settings", "history")
    setup = f"/connections/new/webhook/{ids['setup']}"
    return [
        Case("list_connections", "long", "/connections?status=paused", role="auditor"),
        Case("list_connections", "full", "/connections?status=act"),
        Case("list_connections", "error", "/connections", 403, "viewer"),
        *(Case("show_connection", "full", f"/connections/{quote(name)}") for name in ("停用的店", "待上线", "未开始")),
        *(
            Case("show_connection", "long", f"/connections/{quote(name)}", role="auditor")
            for name in ("已断开", "影子")
        ),
        *(Case("show_connection_tab", "full", f"/connections/{quote('网店')}/{tab}") for tab in tabs),
        *(Case("show_connection_tab", "long", f"/connections/{quote('停用的店')}/{tab}") for tab in tabs[:4]),
        *(Case("show_connection_tab", "long", f"/connections/{long_name}/{tab}", role="operator") for tab in tabs[4:]),
        Case("show_connection_tab", "error", "/connections/crm/nonsense", 404),
        Case("choose_connector", "full", "/connections/new"),
        Case("choose_connector", "empty", "/connections/new"),
        Case("choose_connector", "error", "/connections/new", 403, "operator"),
        Case("start_setup", "full", "/connections/new/shopify"),
        Case("start_setup", "error", "/connections/new/nothing", 404),
        *(
            Case("show_step", "full", f"{setup}/{step}")
            for step in ("credentials", "streams", "notifications", "first-pull")
        ),
        Case("show_step", "error", f"/connections/new/webhook/stp_{MISSING}/streams", 404),
        Case("list_runs", "full", "/runs"),
        Case("list_runs", "empty", "/runs"),
        Case("list_runs", "long", "/runs?type=verify&status=failed"),
        Case("list_runs", "error", "/runs", 403, "viewer"),
        *(Case("show_run", "full", f"/runs/{ids[name]}") for name in ("run", "run_held", "run_import")),
        *(
            Case("show_run", "full", f"/runs/{ids[name]}")
            for name in ("run_trying", "run_in_force", "run_not_in_force")
        ),
        Case("show_run", "long", f"/runs/{ids['run_tried']}", role="operator"),
        Case("show_run", "full", f"/runs/{ids['run_tried_nothing']}"),
        Case("show_run", "long", f"/runs/{ids['run_failed']}", role="auditor"),
        Case("show_run", "error", f"/runs/run_{MISSING}", 404),
        Case("list_plans", "full", "/plans"),
        Case("list_plans", "full", "/plans?state=all"),
        Case("list_plans", "empty", "/plans"),
        Case("list_plans", "long", "/plans?state=canary", role="auditor"),
        *(
            Case("show_plan", "full", f"/plans/{ids[name]}")
            for name in ("plan", "plan_golive", "plan_over", "plan_counting")
        ),
        Case("show_plan", "error", f"/plans/pln_{MISSING}", 404),
        Case("list_drift", "full", "/drift"),
        Case("list_drift", "full", "/drift?state=accepted"),
        Case("list_drift", "empty", "/drift"),
        Case("list_drift", "long", "/drift?state=all", role="auditor"),
        Case("list_drift", "error", "/drift", 403, "viewer"),
        *(
            Case("show_drift", "full", f"/drift/{ids[name]}")
            for name in ("drift", "drift_new", "drift_gone", "drift_null", "drift_decided")
        ),
        Case("show_drift", "long", f"/drift/{ids['drift_type']}", role="auditor"),
        Case("show_drift", "error", f"/drift/drf_{MISSING}", 404),
    ]
