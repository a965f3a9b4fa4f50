"""The acts on a connection: check, pull, pause, resume, halt, change, go live, disconnect."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import abort, g, request

from hub.console import visit
from hub.console.language import _
from hub.console.message import done
from hub.console.pages.connection import render_tab
from hub.console.route import act
from hub.console.shell import page_url
from hub.console.visit import hub, local_path
from hub.errors import ConfigError, ConflictError, HubError
from hub.flow import account as acts
from hub.flow import configure, golive, run, subscription
from hub.flow.configure import Wish
from hub.model.identifier import format_id
from hub.store.connection import ConnectionRow


def for_act(name: str, permission: str = "flow.operate") -> tuple[ConnectionRow, str, str]:
    """The connection, who acts, and why; 403 where the visitor may not do it in its realm."""
    row = hub().connections.by_name(name)
    if not visit.may(permission, row.realm):
        abort(403, permission)
    return row, visit.visit().principal.actor, request.form.get("reason", "").strip()[:300]


def back_to(name: str, tab: str = "") -> str:
    """Where an act goes on: the page that asked for it, or a tab of the connection."""
    own = page_url("show_connection_tab", name=name, tab=tab) if tab else page_url("show_connection", name=name)
    return local_path(request.form.get("back"), own)


def pause_connection(name: str) -> Any:
    """Stops reading and writing; webhooks are still stored, so nothing is lost."""
    row, actor, reason = for_act(name)
    acts.pause(hub(), row.name, actor, reason)
    return done(back_to(name), _("Paused. Webhooks are still stored; nothing is lost."))


def resume_connection(name: str) -> Any:
    """Goes on from where it stopped."""
    row, actor, _reason = for_act(name)
    acts.resume(hub(), row.name, actor)
    return done(back_to(name), _("Resumed. It catches up from where it stopped."))


def halt_connection(name: str) -> Any:
    """Stops one direction within a second, or lets it go again."""
    row, actor, _reason = for_act(name)
    direction, is_on = request.form.get("direction", ""), request.form.get("on") == "1"
    if direction not in ("in", "out"):
        abort(400)
    change = acts.halt if is_on else acts.lift
    change(hub(), row.name, actor, inward=direction == "in", outward=direction == "out")
    return done(back_to(name), _("Halted within a second.") if is_on else _("It flows again."))


def check_connection(name: str) -> Any:
    """Asks the system now whether credentials and permissions work."""
    row, _actor, _reason = for_act(name)
    found = acts.check(hub(), row.name)
    text = "; ".join((found.message, *found.warnings))
    return done(back_to(name), text, "bad" if not found.ok else "warn" if found.warnings else "ok")


def renew_subscriptions(name: str) -> Any:
    """Asks the system what it sends, and has what is missing restored."""
    row, _actor, _reason = for_act(name)
    here = back_to(name, "subscriptions")
    try:
        found = subscription.look_after(hub(), row.name, restore=True)
    except HubError as error:
        return done(here, str(error), "bad")
    return done(here, _("Asked and restored: %(n)s subscriptions.", n=len(found)))


def pull_now(name: str) -> Any:
    """Asks the workers to read: from where they stopped, from a time on, or everything."""
    row, actor, _reason = for_act(name)
    how, since = request.form.get("how", ""), None
    if how == "since":
        since = _moment(request.form.get("since", ""))
    runs = run.ask_pull(hub(), row.name, actor, stream=request.form.get("stream", ""), since=since, full=how == "full")
    if len(runs) == 1:
        url = page_url("show_run", run_id=format_id("run", next(iter(runs.values()))))
    else:
        url = page_url("show_connection_tab", name=name, tab="streams")
    return done(url, _("Reading begins within a few seconds."))


def _moment(text: str) -> float:
    """Seconds since the epoch of a day and time in the reader's zone."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(g.zone)).timestamp()
    except ValueError:
        raise ConfigError(_("Since when? Give a day, for example 2026-11-01.")) from None


def begin_connection(name: str) -> Any:
    """Lets a connection that was stored and never begun be read from now on."""
    row, actor, _reason = for_act(name, "connection.configure")
    configure.begin(hub(), row.name, actor)
    return done(back_to(name), _("It has begun. You may leave this page; it goes on."))


def go_live_now(name: str) -> Any:
    """Lets a connection that was reviewed be written to; releases the plan of its review."""
    row, actor, _reason = for_act(name, "connection.configure")
    if row.phase not in ("review", "live"):
        raise ConflictError(_("It goes live after its first complete reading."))
    golive.go_live(hub(), row.name, actor)
    return done(back_to(name), _("%(name)s is live: what differs is being sent now.", name=name))


def disconnect_connection(name: str) -> Any:
    """Ends the connection; its name has to be typed, since its secrets are deleted for good."""
    row, actor, reason = for_act(name, "connection.configure")
    if request.form.get("typed", "").strip() != row.name:
        raise ConflictError(_("Nothing was done: the name that was typed is another one."))
    acts.disconnect(hub(), row.name, actor, reason)
    return done(page_url("show_connection", name=name), _("Disconnected. Its records and what they say stay."))


def save_connection(name: str) -> Any:
    """Changes settings, secrets (an empty one stays as it is), flows, rank and mode."""
    row, actor, _reason = for_act(name, "connection.configure")
    form = request.form
    config = {key[7:]: value.strip() for key, value in form.items() if key.startswith("config.")}
    secrets = {key[7:]: [value] for key, value in form.items() if key.startswith("secret.") and value}
    rank = form.get("rank", "")
    try:
        flows = _flows()
        kept = {key: value for key, value in row.config.items() if key not in config}
        wish = Wish(
            name,
            config={**kept, **{key: value for key, value in config.items() if value}},
            secrets=secrets,
            flows=flows,
            rank=int(rank) if rank.isdecimal() and len(rank) < 10 else None,
            is_whole=True,
            is_begun=False,
        )
        configure.connect(hub(), wish, actor)
        golive.set_mode(hub(), name, form.get("mode", row.mode))
    except (ConfigError, ConflictError) as error:
        typed = {key: value for key, value in form.items() if not key.startswith("secret.")}
        return render_tab(name, "settings", wrong=str(error), typed=typed), 400
    return done(page_url("show_connection_tab", name=name, tab="settings"), _("Saved. It counts within a second."))


def _flows() -> dict[str, str]:
    """What the form lets flow: kind -> direction."""
    found = {key[5:]: way for key, way in request.form.items() if key.startswith("flow.") and way}
    if not found:
        raise ConfigError(_("At least one kind has to flow."))
    return found


ROUTES = (
    act("/connections/<name>/pause", pause_connection, "flow.operate"),
    act("/connections/<name>/resume", resume_connection, "flow.operate"),
    act("/connections/<name>/halt", halt_connection, "flow.operate"),
    act("/connections/<name>/check", check_connection, "flow.operate"),
    act("/connections/<name>/subscriptions", renew_subscriptions, "flow.operate"),
    act("/connections/<name>/pull", pull_now, "flow.operate"),
    act("/connections/<name>/begin", begin_connection, "connection.configure"),
    act("/connections/<name>/go-live", go_live_now, "connection.configure"),
    act("/connections/<name>/disconnect", disconnect_connection, "connection.configure"),
    act("/connections/<name>/settings", save_connection, "connection.configure"),
)
