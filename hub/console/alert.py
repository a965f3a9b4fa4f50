"""Alerts as people read them: what is wrong in their language, and the way to the button that helps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import g

from hub.console import visit
from hub.console.shell import page_url
from hub.console.visit import hub
from hub.flow.alert_say import say
from hub.store import alert as store
from hub.store.alert import Alert

BLIND_S = 60.0
"""When nobody has looked for so long, no news is no good news."""
SEVERITIES = ("note", "todo", "urgent")

# Where each type leads: the first of these pages that exists, with what of the alert goes into its address.
Link = tuple[str, dict[str, str], dict[str, str]]
_CONNECTION: Link = ("show_connection", {"name": "connection"}, {})
_TAB = ("show_connection_tab", {"name": "connection"})
_DELIVERIES = ("list_deliveries", {"connection": "connection"})
_LINKS: dict[str, tuple[Link, ...]] = {
    "credential": ((*_TAB, {"tab": "settings"}),),
    "silent": ((*_TAB, {"tab": "subscriptions"}),),
    "subscription": ((*_TAB, {"tab": "subscriptions"}),),
    "mapping": ((*_TAB, {"tab": "settings"}),),
    "slow": ((*_DELIVERIES, {"tab": "waiting"}),),
    "quarantine": (("list_quarantine", {"connection": "connection", "cause": "cause"}, {}),),
    "parked": (("list_parked", {}, {}),),
    "unknown": ((*_DELIVERIES, {"tab": "unknown"}),),
    "dead": ((*_DELIVERIES, {"tab": "dead"}),),
    "plan": (("show_plan", {"plan_id": "plan"}, {}), _CONNECTION),
    "loop": (("list_conflicts", {}, {}), _CONNECTION),
    "drift": (("list_drift", {}, {}), _CONNECTION),
    "reading": ((*_TAB, {"tab": "streams"}),),
    "job": (("show_health", {}, {}),),
    "workers": (("list_events", {}, {"status": "pending"}),),
    "no_workers": (("show_health", {}, {}),),
    "redis": (("show_health", {}, {}),),
    "redis_settings": (("show_health", {}, {}),),
    "clock": (("show_health", {}, {}),),
    "disk": (("show_health", {}, {}),),
    "plugin": (("list_plugins", {}, {}), ("list_connections", {}, {})),
    "rules": (("show_health", {}, {}), ("list_events", {}, {"status": "pending"})),
    "token": (("list_tokens", {}, {}),),
    "many_reveals": (("list_reveals", {}, {}),),
    "match_precision": (("list_samples", {}, {}),),
}
_PLACES = (_CONNECTION,)


@dataclass(frozen=True, slots=True)
class Shown:
    """One alert on a page. `severity` is a code of `hub.console.status`; `url` where to act."""

    alert: Alert
    severity: str
    title: str
    meaning: str
    step: str
    url: str

    @property
    def is_taken(self) -> bool:
        """Whether somebody has taken it on."""
        return self.alert.state == "acknowledged"


def show(alert: Alert) -> Shown:
    """An alert in the reader's language."""
    said = say(alert, g.language, hub().registry.kinds)
    severity = SEVERITIES[max(0, min(alert.severity, 2))]
    return Shown(alert, severity, said.title, said.meaning, said.step, link_of(alert))


def link_of(alert: Alert) -> str:
    """The page with the button for it: the first that exists and that the visitor may see; else the overview."""
    values: dict[str, Any] = {**alert.data, "connection": alert.connection}
    allowed = _permissions()
    for endpoint, names, fixed in _LINKS.get(alert.type, _PLACES):
        wanted = {name: values.get(source) for name, source in names.items()}
        is_known = endpoint.startswith("list_") or all(wanted.values())
        if is_known and endpoint in allowed and (not allowed[endpoint] or visit.may(allowed[endpoint])):
            return page_url(endpoint, **{name: value for name, value in wanted.items() if value}, **fixed)
    return page_url("show_overview")


def _permissions() -> dict[str, str]:
    """Page -> the permission that it needs."""
    from hub.console.pages import ROUTES  # those pages show alerts

    return {route.endpoint: route.permission for route in ROUTES if "GET" in route.methods}


@dataclass(frozen=True, slots=True)
class ToDo:
    """What the overview shows: the worst first, how many in all, and whether anybody looks."""

    alerts: list[Shown]
    total: int
    is_blind: bool


MOST = 100


def to_do(realms: list[str] | None, connection: str = "") -> ToDo:
    """The open alerts of these realms, worst first; one statement."""
    with hub().db.session() as conn:
        found, looked_at = store.to_do(conn, realms, connection, MOST)
    is_blind = looked_at is not None and (g.fmt.now - looked_at).total_seconds() > BLIND_S
    return ToDo([show(one) for one in found], len(found), is_blind)


def may_act(alert: Alert) -> bool:
    """Whether the visitor may deal with it: an operator of its realm, or of every realm when it is the hub's own."""
    if alert.realm is not None:
        return visit.may("flow.operate", alert.realm)
    return visit.may("flow.operate")
