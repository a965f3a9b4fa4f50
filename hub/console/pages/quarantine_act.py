"""What is done with events in quarantine: run them again, fetch one anew, discard them."""

from __future__ import annotations

from typing import Any

from flask import abort, request

from hub.console import visit
from hub.console.address import id_of
from hub.console.language import _
from hub.console.message import done
from hub.console.pages.quarantine import LONGEST, filter_of, key_for, of_key, permitted, which_of
from hub.console.route import act
from hub.console.shell import page_url
from hub.console.visit import hub, local_path
from hub.errors import ConfigError
from hub.flow import quarantine as acts
from hub.flow import refetch
from hub.model.identifier import format_id
from hub.store import console_event, rerun
from hub.store.rerun import Which


def _chosen() -> Which:
    """The events that the form names: one, a group, or all that fit a filter. 403 where the visitor may not operate there."""
    form = request.form
    if form.get("event"):
        return _of_event(form["event"])
    if form.get("group"):
        return of_key(key_for(form["group"], "flow.operate"))
    wish = filter_of(form)
    if not any(wish.values()) and not form.get("all"):
        abort(400)
    return which_of(wish)


def _of_event(event_id: str) -> Which:
    found = id_of(event_id, "evt")
    if console_event.event_detail(hub().db, found) is None:
        abort(404)
    return permitted(Which((found,)))


def run_again() -> Any:
    """Puts quarantined events back into the queue, under the rules in force now."""
    result = acts.run_again(hub(), visit.visit().principal.actor, _chosen())
    text = _("%(n)s events run again.", n=result.events)
    if result.kept:
        text += " " + _("%(n)s are too large to run from what is kept and stay: fetch them anew.", n=result.kept)
    return done(_back(), text)


def discard_events() -> Any:
    """Takes quarantined events out for good; they stay readable and are counted as discarded."""
    which, reason = _chosen(), request.form.get("reason", "").strip()[:LONGEST]
    if not reason:
        raise ConfigError(_("Say why: the decision is recorded with its reason."))
    count = acts.discard(hub(), visit.visit().principal.actor, rerun.ids_of(hub().db, which), reason)
    return done(_back(), _("%(n)s events discarded.", n=count))


def fetch_anew(event_id: str) -> Any:
    """Reads the record of the event from its system once more."""
    key_for(event_id, "flow.operate")
    fresh = refetch.fetch_anew(hub(), id_of(event_id, "evt"), visit.visit().principal.actor)
    return done(
        page_url("show_event", event_id=format_id("evt", fresh)), _("It was read again; this is the new event.")
    )


def _back() -> str:
    return local_path(request.form.get("back"), page_url("list_quarantine"))


ROUTES = (
    act("/quarantine/<event_id>/fetch", fetch_anew, "flow.operate"),
    act("/quarantine/run-again", run_again, "flow.operate"),
    act("/quarantine/discard", discard_events, "flow.operate"),
)
