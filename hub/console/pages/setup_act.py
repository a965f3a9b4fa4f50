"""What is sent from the five steps: each keeps what was entered, does its part, and goes on to the next."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import abort, g, request

from hub.console import visit
from hub.console.language import _
from hub.console.message import done
from hub.console.pages.setup import load, manifest_secrets, render_step, start_setup
from hub.console.route import act
from hub.console.shell import page_url
from hub.console.visit import hub
from hub.errors import ConfigError, ConflictError, HubError
from hub.flow import configure, golive, preview, run, setup, subscription
from hub.flow.setup import Setup
from hub.model.identifier import format_id
from hub.model.mask import mask_field
from hub.sdk.connector import ReceivesWebhooks


def _step(connector: str, setup_id: str, step: str) -> str:
    return page_url("show_step", connector=connector, setup_id=setup_id, step=step)


def _own(connector: str, setup_id: str) -> tuple[Setup, str]:
    """The setup, and who acts."""
    return load(connector, setup_id), visit.visit().principal.actor


def begin_setup(connector: str) -> Any:
    """Step 1: a name and a realm; from here on it can be gone on with later."""
    form = request.form
    name, realm = form.get("name", "").strip(), form.get("realm", "").strip() or "default"
    if not visit.may("connection.configure", realm):
        abort(403, "connection.configure")
    try:
        one = setup.begin(hub(), visit.visit().person.id, connector, name, realm)
    except (ConfigError, ConflictError) as error:
        return start_setup(connector, wrong=str(error), typed={"name": name, "realm": realm}), 400
    return done(_step(connector, format_id("stp", one.id), "credentials"), _("Kept: you can go on with it later."))


def set_credentials(connector: str, setup_id: str) -> Any:
    """Step 2: settings and secrets, then a live check; the finding stands on the same page."""
    one, actor = _own(connector, setup_id)
    form = request.form
    config = {key[7:]: value for key, value in form.items() if key.startswith("config.")}
    names = manifest_secrets(hub().registry.connector(connector).manifest)
    secrets = {name: form.get(f"secret.{name}", "").strip() for name in names}
    try:
        found = setup.set_credentials(hub(), one, config, secrets, actor)
    except (ConfigError, ConflictError) as error:
        typed = {key: value for key, value in form.items() if not key.startswith("secret.")}
        return render_step(connector, setup_id, "credentials", wrong=str(error), typed=typed), 400
    text = _("The system answered.") if found.ok else _("The system refused, or did not answer. See below.")
    return done(_step(connector, setup_id, "credentials"), text, "ok" if found.ok else "bad")


def set_flows(connector: str, setup_id: str) -> Any:
    """Step 3: what flows which way; the connection is stored now, and still off."""
    one, actor = _own(connector, setup_id)
    form = request.form
    flows = {key[5:]: value for key, value in form.items() if key.startswith("flow.")}
    try:
        setup.set_flows(hub(), one, flows, _rank(form.get("rank", "").strip()), actor)
    except (ConfigError, ConflictError) as error:
        return render_step(connector, setup_id, "streams", wrong=str(error), typed=dict(form.items())), 400
    return done(_step(connector, setup_id, "notifications"), _("Stored. Nothing is read or written yet."))


def _rank(text: str) -> int | None:
    if text and not (text.isdecimal() and len(text) <= 6):
        raise ConfigError(_("A rank is a whole number of at most six digits."))
    return int(text) if text else None


def hand_secret_over(connector: str, setup_id: str) -> Any:
    """Step 4: the secret that the hub made, in clear, this one time."""
    one, _actor = _own(connector, setup_id)
    return render_step(connector, setup_id, "notifications", handed=setup.hand_over(hub(), one), made=[])


def subscribe_setup(connector: str, setup_id: str) -> Any:
    """Step 4: asks the system to send us what it knows of."""
    one, _actor = _own(connector, setup_id)
    here = _step(connector, setup_id, "notifications")
    try:
        if issubclass(hub().registry.connector(connector), ReceivesWebhooks):
            subscription.look_after(hub(), one.name, restore=True)
    except HubError as error:
        return done(here, str(error), "bad")
    return done(here, _("Subscribed, as far as the system can be asked. The first notification shows below."))


def skip_notifications(connector: str, setup_id: str) -> Any:
    """Step 4 is optional: polling alone brings everything, later."""
    one, _actor = _own(connector, setup_id)
    if one.row.connection_id is None:
        abort(404)
    setup.go_on(hub(), one, "first-pull")
    return done(_step(connector, setup_id, "first-pull"), _("Look at a few records first, then begin."))


def try_records(connector: str, setup_id: str) -> Any:
    """Step 5: twenty records of one stream, taken through the mapping and stored nowhere."""
    one, _actor = _own(connector, setup_id)
    stream = request.form.get("stream", "")
    try:
        found = preview.preview(hub(), one.name, stream)
    except HubError as error:
        return render_step(connector, setup_id, "first-pull", wrong=str(error)), 400
    kinds = hub().registry.kinds
    fields = {
        kind: [
            (name, count, mask_field(kinds[kind].by_name.get(name), name, value))
            for name, count, value in found.filled(kind)
        ]
        for kind in found.kinds
    }
    return render_step(connector, setup_id, "first-pull", preview=found, fields=fields)


def begin_reading(connector: str, setup_id: str) -> Any:
    """Step 5: reading begins; each stream is a run that shows how far it is."""
    one, actor = _own(connector, setup_id)
    here = _step(connector, setup_id, "first-pull")
    row = hub().connections.by_name(one.name)
    if row.phase == "off":
        names = configure.read_streams(hub().registry.connector(connector), row.flows)
        for stream in names:
            since = request.form.get(f"since.{stream}", "")
            if since:
                run.begin_at(hub(), one.name, stream, _moment(since))
        if names:
            run.ask_pull(hub(), one.name, actor)
        configure.begin(hub(), one.name, actor)
        if not names:
            # A system that cannot be listed goes live by itself: let it be so when the page comes.
            golive.advance(hub())
    return done(here, _("It has begun. You may leave this page; it goes on."))


def _moment(text: str) -> float:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(g.zone)).timestamp()
    except ValueError:
        raise ConfigError(_("Since when? Give a day, for example 2026-11-01.")) from None


def finish_setup(connector: str, setup_id: str) -> Any:
    """Closes the setup: it is a connection like any other now. Before one was stored this gives it up."""
    one, _actor = _own(connector, setup_id)
    setup.finish(hub(), one)
    if one.row.connection_id is None:
        return done(page_url("list_connections"), _("Given up; nothing of it is kept."))
    return done(page_url("show_connection", name=one.name), _("Done: %(name)s is connected.", name=one.name))


_SETUP = "/connections/new/<connector>/<setup_id>"
ROUTES = (
    act("/connections/new/<connector>", begin_setup, "connection.configure"),
    act(f"{_SETUP}/credentials", set_credentials, "connection.configure"),
    act(f"{_SETUP}/streams", set_flows, "connection.configure"),
    act(f"{_SETUP}/secret", hand_secret_over, "connection.configure"),
    act(f"{_SETUP}/subscribe", subscribe_setup, "connection.configure"),
    act(f"{_SETUP}/notifications", skip_notifications, "connection.configure"),
    act(f"{_SETUP}/try", try_records, "connection.configure"),
    act(f"{_SETUP}/first-pull", begin_reading, "connection.configure"),
    act(f"{_SETUP}/finish", finish_setup, "connection.configure"),
)
