"""Connections: the list, and one with its tabs: why is it slow, what does it read and write, what went wrong?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Response, abort, g, render_template, request

from hub.console import connection_tab as tabs
from hub.console import visit
from hub.console.alert import to_do
from hub.console.connection_tab import Shown, sentence_of
from hub.console.language import N_
from hub.console.pages.mapping import SPANS
from hub.console.route import Route
from hub.console.state import due_s, lag_s, state_of
from hub.console.visit import hub
from hub.flow import declaration, setup
from hub.model.identifier import format_id
from hub.sdk.connector import Manifest
from hub.store import console_account as account
from hub.store import console_connection as store
from hub.store.console_account import Credential
from hub.store.console_connection import Figures

TABS: dict[str, tuple[str, Callable[[Shown], dict[str, Any]]]] = {
    "overview": (N_("At a glance"), tabs.overview),
    "streams": (N_("Streams"), tabs.streams),
    "deliveries": (N_("Deliveries"), tabs.deliveries),
    "rates": (N_("Budget"), tabs.rates),
    "subscriptions": (N_("Subscriptions"), tabs.subscriptions),
    "fields": (N_("Fields"), tabs.fields),
    "settings": (N_("Settings"), tabs.settings),
    "history": (N_("History"), tabs.history),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One connection in the list."""

    figures: Figures
    state: str
    behind_s: float | None
    title: str
    credential: Credential | None


def list_connections() -> Any:
    """Every connection with its state in one word."""
    now = g.fmt.now
    status = request.args.get("status", "")
    found = store.figures(hub().db, now, visit.realms("flow.see"))
    held = account.credentials(hub().db) if found else {}
    rows = [Line(f, state_of(f, now), lag_s(f, now), title_of(f), held.get(f.id)) for f in found]
    states = sorted({row.state for row in rows})
    may_connect = visit.may("connection.configure")
    return render_template(
        "console/connections.html",
        rows=[row for row in rows if status in ("", row.state)],
        total=len(rows),
        status=status if status in states else "",
        states=states,
        may_connect=may_connect,
        setups=setup.mine(hub(), visit.visit().person.id) if may_connect else [],
        step_of=lambda row: setup.STEPS[min(row.step, len(setup.STEPS)) - 1],
        broken=hub().registry.broken,
        command="retail-hub check",
        api="GET /api/v1/connections",
    )


def title_of(f: Figures) -> str:
    """What the system is called; an absent connector keeps its name."""
    manifest = manifest_of(f)
    return getattr(manifest.title, g.language) or f.connector if manifest else f.connector


def manifest_of(f: Figures) -> Manifest | None:
    """The manifest of a connection's connector; None when it is not installed any more."""
    kind = hub().registry.connectors.get(f.connector)
    return kind.manifest if kind else None


def export_connections() -> Any:
    """All connections as one declarative file, without secrets."""
    text = declaration.export(hub(), visit.realms("connection.configure"))
    headers = {"Content-Disposition": 'attachment; filename="connections.yaml"'}
    return Response(text, mimetype="application/yaml", headers=headers)


def show_connection(name: str) -> Any:
    """One connection at a glance."""
    return render_tab(name, "overview")


def show_connection_tab(name: str, tab: str) -> Any:
    """One part of a connection's page."""
    return render_tab(name, tab)


def render_tab(name: str, tab: str, **more: Any) -> Any:
    """One tab; `more` goes to its template, after what the tab itself gives. 404 when either is unknown."""
    found = store.figures(hub().db, g.fmt.now, visit.realms("flow.see"), name)
    if not found or tab not in TABS:
        abort(404)
    f = found[0]
    manifest = manifest_of(f)
    shown = Shown(f, hub().connections.by_name(name), manifest)
    return render_template(
        f"console/connection_{tab}.html",
        **{
            "f": f,
            "tab": tab,
            "tabs": [(code, title) for code, (title, _view) in TABS.items()],
            "state": state_of(f, g.fmt.now),
            "sentence": sentence_of(f),
            "to_do": to_do(visit.realms("flow.see"), name),
            "behind_s": lag_s(f, g.fmt.now),
            "due_s": due_s(f, g.fmt.now),
            "manifest": manifest,
            "spans": SPANS,
            "pullable": [stream.name for stream in shown.read_streams],
            "setup_id": _setup_of(f),
            "command": f"retail-hub check {name}",
            "api": f"GET /api/v1/connections/{name}",
            **TABS[tab][1](shown),
            **more,
        },
    )


def _setup_of(f: Figures) -> str:
    """The unfinished setup of a connection that was not begun yet; empty when there is none, or one may not go on with it."""
    if f.phase != "off" or f.disconnected_at or not visit.may("connection.configure", f.realm):
        return ""
    found = setup.of_connection(hub(), f.id)
    return format_id("stp", found.id) if found else ""


ROUTES = (
    Route("/connections", list_connections, "flow.see"),
    Route("/connections.yaml", export_connections, "connection.configure"),
    Route("/connections/<name>", show_connection, "flow.see"),
    Route("/connections/<name>/<tab>", show_connection_tab, "flow.see"),
)
