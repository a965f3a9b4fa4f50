"""Connecting a system in five steps, each with its own address: prepare, credentials, streams, notifications, first pull."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import abort, g, render_template

from hub.console import visit
from hub.console.address import id_of
from hub.console.connection_tab import Shown, policy_of, stream_lines
from hub.console.language import N_, _
from hub.console.route import Route
from hub.console.shell import page_url
from hub.console.state import state_of
from hub.console.visit import hub
from hub.flow import golive, setup, wish
from hub.flow.credential import webhook_url
from hub.flow.setup import STEPS, Setup
from hub.model.identifier import format_id
from hub.sdk.connector import Connector, Manifest, Reads, ReceivesWebhooks, Writes
from hub.store import console_account as account
from hub.store import console_connection as store

TITLES = {
    "prepare": N_("Prepare"),
    "credentials": N_("Credentials"),
    "streams": N_("Streams"),
    "notifications": N_("Notifications"),
    "first-pull": N_("First pull"),
}


def choose_connector() -> Any:
    """What can be connected, from the manifests of what is installed."""
    found = sorted(hub().registry.connectors.items())
    return render_template(
        "console/setup_choose.html",
        connectors=[(name, kind.manifest, able(kind)) for name, kind in found],
        setups=setup.mine(hub(), visit.visit().person.id),
        step_of=lambda row: STEPS[min(row.step, len(STEPS)) - 1],
        broken=hub().registry.broken,
        command="retail-hub connectors",
    )


def able(kind: type[Connector]) -> list[str]:
    """What a connector can do, in words."""
    found = []
    if issubclass(kind, Reads):
        found.append(_("is read"))
    if issubclass(kind, ReceivesWebhooks):
        found.append(_("sends notifications"))
    if issubclass(kind, Writes):
        found.append(_("is written to"))
    return found


def start_setup(connector: str, wrong: str = "", typed: dict[str, str] | None = None) -> Any:
    """The first step: what one needs at hand, and a name."""
    kind = _kind(connector)
    realms = visit.realms("connection.configure")
    return render_template(
        "console/setup_prepare.html",
        connector=connector,
        manifest=kind.manifest,
        able=able(kind),
        wrong=wrong,
        typed=typed or {},
        realms=realms,
        taken=[row.name for row in hub().connections.all()],
        steps=_steps(connector, None, "prepare"),
        command=f"retail-hub connectors {connector}",
    )


def _kind(connector: str) -> type[Connector]:
    kind = hub().registry.connectors.get(connector)
    if kind is None:
        abort(404)
    return kind


def show_step(connector: str, setup_id: str, step: str) -> Any:
    """One of the later steps; finished ones stay open for changes."""
    return render_step(connector, setup_id, step)


def render_step(connector: str, setup_id: str, step: str, **more: Any) -> Any:
    """One step; `more` goes to its template. 404 for a step that cannot be opened yet."""
    one = load(connector, setup_id)
    if step not in _PARTS or STEPS.index(step) > STEPS.index(one.reached):
        abort(404)
    kind = _kind(connector)
    return render_template(
        f"console/setup_{step.replace('-', '_')}.html",
        **{
            "connector": connector,
            "manifest": kind.manifest,
            "setup": one,
            "setup_id": setup_id,
            "step": step,
            "steps": _steps(connector, one, step),
            "wrong": "",
            "typed": {},
            "is_stored": one.row.connection_id is not None,
            "command": f"retail-hub connect {one.name} --connector {connector}",
            "api": "POST /api/v1/connections",
            **_PARTS[step](one, kind),
            **more,
        },
    )


def load(connector: str, setup_id: str) -> Setup:
    """The setup in the address; one of another realm does not exist for the visitor."""
    one = setup.load(hub(), id_of(setup_id, "stp"))
    if one.row.connector != connector or not visit.may("connection.configure", one.settings.get("realm", "default")):
        abort(404)
    return one


def _steps(connector: str, one: Setup | None, now: str) -> list[dict[str, Any]]:
    """The line of steps at the top; those behind are links."""
    reached = STEPS.index(one.reached) if one else 0
    found = []
    for number, name in enumerate(STEPS):
        is_open = one is not None and number <= reached and name != now and number > 0
        url = page_url("show_step", connector=connector, setup_id=_id(one), step=name) if is_open and one else ""
        done = number < STEPS.index(now) or (one is not None and number < reached)
        if name == "credentials" and one is not None and one.settings.get("check", {}).get("ok") is False:
            done = False
        found.append(
            {"title": _(TITLES[name]), "url": url, "number": number + 1, "is_now": name == now, "is_done": done}
        )
    return found


def _id(one: Setup | None) -> str:
    return format_id("stp", one.id) if one else ""


def _credentials(one: Setup, _kind: type[Connector]) -> dict[str, Any]:
    return {"check": one.settings.get("check"), "held": one.settings.get("known", {})}


def _streams(one: Setup, kind: type[Connector]) -> dict[str, Any]:
    warnings = one.settings.get("check", {}).get("warnings", [])
    chosen = one.settings.get("flows")
    offered = wish.offered(hub(), kind)
    suggested = {name: _suggested(ways) for name, ways in offered.items()}
    return {
        "offered": offered,
        "flows": suggested if chosen is None else chosen,
        "warnings": warnings,
        "policy_of": policy_of,
        "rank": one.settings.get("rank"),
        "others": [(row.name, row.rank) for row in hub().connections.all() if row.disconnected_at is None],
    }


def _suggested(ways: tuple[str, ...]) -> str:
    """What is safe to begin with: reading. Writing is a choice."""
    return "in" if "in" in ways else ""


def _notifications(one: Setup, kind: type[Connector]) -> dict[str, Any]:
    connection_id = one.row.connection_id or 0
    return {
        "receives": issubclass(kind, ReceivesWebhooks),
        "address": webhook_url(hub().settings.public_url, one.name),
        "topics": [topic for stream in kind.manifest.streams for topic in stream.topics],
        "made": one.settings.get("made", []),
        "handed": {},
        "subscriptions": account.subscriptions_of(hub().db, connection_id),
        "first_at": account.first_webhook_at(hub().db, connection_id, one.row.created_at),
    }


def _first_pull(one: Setup, kind: type[Connector]) -> dict[str, Any]:
    found = store.figures(hub().db, g.fmt.now, visit.realms("flow.see"), one.name)
    if not found:
        abort(404)
    f = found[0]
    shown = Shown(f, hub().connections.by_name(one.name), kind.manifest)
    written = {stream.name for stream in golive.written_streams(hub(), shown.row)}
    plans = store.plans_of(hub().db, f.id)
    return {
        "f": f,
        "state": state_of(f, g.fmt.now),
        "streams": stream_lines(shown),
        "read_streams": [(stream, stream.name in written) for stream in shown.read_streams],
        "runs": store.runs_of(hub().db, f.id, 10),
        "plans": plans,
        "plan_id": format_id("pln", plans[0].id) if plans else "",
        "preview": None,
        "is_live": f.phase in ("off", "reading"),
    }


_PARTS: dict[str, Callable[[Setup, type[Connector]], dict[str, Any]]] = {
    "credentials": _credentials,
    "streams": _streams,
    "notifications": _notifications,
    "first-pull": _first_pull,
}


def manifest_secrets(manifest: Manifest) -> list[str]:
    """The names of a connector's secrets."""
    return [declared.name for declared in manifest.config if declared.secret]


ROUTES = (
    Route("/connections/new", choose_connector, "connection.configure"),
    Route("/connections/new/<connector>", start_setup, "connection.configure"),
    Route("/connections/new/<connector>/<setup_id>/<step>", show_step, "connection.configure"),
)
