"""The menu: every page that has an entry, in its group, with counts only where somebody must act."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from flask import g, request, url_for

from hub.console import visit as visits
from hub.console.extension import menu_pages
from hub.console.language import N_, _
from hub.store.console_count import Counts, open_counts


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the menu, as it is shown now. `key`: with `g` before it the short cut to this page."""

    title: str
    url: str
    is_current: bool
    badge: int = 0
    key: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Lines of the menu under one head."""

    title: str
    entries: list[Entry]


# In this order; groups that plugins name stand before the last.
_GROUPS = (N_("Run"), N_("Records"), N_("Stewardship"), N_("Privacy"), N_("System"))

# (group, title, endpoint, values, permission, badge). A page that does not exist is not here.
_MENU: tuple[tuple[str, str, str, dict[str, str], str, str], ...] = (
    (N_("Run"), N_("Overview"), "show_overview", {}, "overview.see", ""),
    (N_("Run"), N_("Alerts"), "list_alerts", {}, "flow.see", "alerts"),
    (N_("Run"), N_("Connections"), "list_connections", {}, "flow.see", ""),
    (N_("Run"), N_("Events"), "list_events", {}, "flow.see", ""),
    (N_("Run"), N_("Deliveries"), "list_deliveries", {}, "flow.see", "deliveries"),
    (N_("Run"), N_("Quarantine"), "list_quarantine", {}, "flow.see", "quarantined"),
    (N_("Run"), N_("Parked"), "list_parked", {}, "flow.see", ""),
    (N_("Run"), N_("Plans"), "list_plans", {}, "flow.see", ""),
    (N_("Run"), N_("Runs"), "list_runs", {}, "flow.see", ""),
    (N_("Records"), N_("Store today"), "choose_store", {}, "record.see", ""),
    (N_("Records"), N_("Customers"), "list_records", {"kind": "customers"}, "record.see", ""),
    (N_("Records"), N_("Orders"), "list_records", {"kind": "orders"}, "record.see", ""),
    (N_("Records"), N_("Products"), "list_records", {"kind": "products"}, "record.see", ""),
    (N_("Records"), N_("More kinds"), "list_kinds", {}, "record.see", ""),
    (N_("Stewardship"), N_("Matches"), "list_matches", {}, "record.steward", "matches"),
    (N_("Stewardship"), N_("Conflicts"), "list_conflicts", {}, "record.steward", "conflicts"),
    (N_("Stewardship"), N_("Mappings"), "list_mappings", {}, "payload.masked", ""),
    (N_("Stewardship"), N_("Drift"), "list_drift", {}, "flow.see", "drift"),
    (N_("Stewardship"), N_("Policies"), "list_policies", {}, "record.steward", ""),
    (N_("Stewardship"), N_("Look-ups"), "list_lookups", {}, "payload.masked", ""),
    (N_("Privacy"), N_("Access log"), "list_reveals", {}, "audit.see", ""),
    (N_("System"), N_("Users"), "list_users", {}, "access.manage", ""),
    (N_("System"), N_("Tokens"), "list_tokens", {}, "access.manage", ""),
    (N_("System"), N_("Audit"), "list_audit", {}, "audit.see", ""),
    (N_("System"), N_("Settings"), "show_settings", {}, "system.see", ""),
    (N_("System"), N_("Plugins"), "list_plugins", {}, "system.see", ""),
    (N_("System"), N_("Health"), "show_health", {}, "flow.see", ""),
    (N_("System"), N_("Backups"), "show_backups", {}, "system.see", ""),
)

# The page that a detail page belongs to.
_DETAILS = {
    "show_alert": "list_alerts",
    "show_event": "list_events",
    "show_delivery": "list_deliveries",
    "show_quarantined": "list_quarantine",
    "show_connection": "list_connections",
    "show_connection_tab": "list_connections",
    "choose_connector": "list_connections",
    "start_setup": "list_connections",
    "show_step": "list_connections",
    "show_run": "list_runs",
    "show_plan": "list_plans",
    "show_store": "choose_store",
    "show_record": "list_records",
    "reveal_field": "list_records",
    "show_cluster": "list_records",
    "show_pins": "list_records",
    "show_pin": "list_records",
    "show_merge": "list_records",
    "plan_merge": "list_records",
    "show_split": "list_records",
    "plan_split": "list_records",
    "plan_cut": "list_records",
    "show_match": "list_matches",
    "reveal_match": "list_matches",
    "answer_match": "list_matches",
    "plan_match": "list_matches",
    "list_patterns": "list_matches",
    "show_bulk": "list_matches",
    "list_samples": "list_matches",
    "show_conflict": "list_conflicts",
    "show_drift": "list_drift",
    "show_mapping": "list_mappings",
    "try_mapping": "list_mappings",
    "plan_release": "list_mappings",
    "show_matching": "list_policies",
    "try_matching": "list_policies",
    "save_matching": "list_policies",
    "show_policy": "list_policies",
    "try_policy": "list_policies",
    "show_lookup": "list_lookups",
    "try_lookup": "list_lookups",
    "show_user": "list_users",
    "add_user": "list_users",
    "reset_password": "list_users",
    "add_token": "list_tokens",
}
_KEYS = {
    "show_overview": "o",
    "list_alerts": "a",
    "list_connections": "c",
    "list_events": "e",
    "list_deliveries": "d",
    "list_matches": "m",
}


def page_url(endpoint: str, **values: Any) -> str:
    """The address of a page of the console."""
    if any(isinstance(value, list) for value in values.values()):
        return url_for(f"console.{endpoint}", **values)
    given = [(name, str(value)) for name, value in values.items() if value is not None]
    return _address(request.script_root, endpoint, *given)


# A page names some hundred addresses, most of them again and again.
@lru_cache(maxsize=4096)
def _address(_root: str, endpoint: str, *values: tuple[str, str]) -> str:
    found: dict[str, Any] = dict(values)
    return url_for(f"console.{endpoint}", **found)


def waiting() -> Counts:
    """What waits for a person, read once a page; nothing for those who may not know."""
    if "waiting" not in g:
        g.waiting = open_counts(visits.hub().db) if visits.may("flow.see") else Counts()
    found: Counts = g.waiting
    return found


def menu() -> list[Group]:
    """The menu of this visitor, with counts only where somebody must act."""
    counts = waiting()
    groups: dict[str, list[Entry]] = {name: [] for name in _GROUPS[:-1]}
    for group, title, endpoint, values, permission, badge in _MENU:
        if visits.may(permission):
            number = getattr(counts, badge or "none")
            url, key = page_url(endpoint, **values), _KEYS.get(endpoint, "")
            groups.setdefault(group, []).append(Entry(_(title), url, _is_current(endpoint, values), number, key))
    last = groups.pop(_GROUPS[-1], [])
    for part in menu_pages():
        entry = Entry(part.title, part.url, request.path == part.url, part.badge)
        groups.setdefault(part.group, []).append(entry)
    found = [Group(_(title), entries) for title, entries in groups.items() if entries]
    return [*found, Group(_(_GROUPS[-1]), last)] if last else found


def shortcuts() -> list[tuple[str, str]]:
    """The pages that `g` and a letter go to, of those that exist: letter and title."""
    titles = {endpoint: title for _group, title, endpoint, *_rest in _MENU}
    return [(key, _(titles[endpoint])) for endpoint, key in _KEYS.items() if endpoint in titles]


def _is_current(endpoint: str, values: dict[str, str]) -> bool:
    asked = (request.endpoint or "").removeprefix("console.")
    if _DETAILS.get(asked, asked) != endpoint:
        return False
    return all((request.view_args or {}).get(name) == value for name, value in values.items())
