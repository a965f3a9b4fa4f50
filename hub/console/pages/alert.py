"""Alerts: what is wrong, one row a cause, and what people do about it."""

from __future__ import annotations

from typing import Any

from flask import abort, g, render_template, request

from hub.console import visit
from hub.console.address import PAGE, cut, id_of, pages, wished, wished_id
from hub.console.alert import Shown, may_act, show
from hub.console.decision import decisions_on
from hub.console.language import _
from hub.console.message import done
from hub.console.route import Route, act
from hub.console.shell import page_url
from hub.console.visit import hub, local_path
from hub.flow import alert as acts
from hub.store import alert as store
from hub.store import alert_facts, person
from hub.store.alert import Alert

TABS = ("open", "snoozed", "closed")


def list_alerts() -> Any:
    """Open alerts, worst first; those put aside; those that are over."""
    tab = wished("tab", TABS) or "open"
    before = wished_id("before", "alr") if tab == "closed" else None
    realms = visit.realms("flow.see")
    with hub().db.session() as conn:
        found = store.list_alerts(conn, state=tab, realms=realms, before=before, limit=PAGE + 1)
        last_closed = [] if found or tab != "open" else store.list_alerts(conn, state="closed", realms=realms, limit=1)
        looked_at = alert_facts.last_look(conn)
    rows, has_more = cut(found, is_back=False)
    return render_template(
        "console/alerts.html",
        tab=tab,
        tabs=TABS,
        rows=[show(one) for one in rows],
        last_closed=show(last_closed[0]) if last_closed else None,
        looked_at=looked_at,
        page=pages("list_alerts", "alr", rows, has_more and tab == "closed", tab=tab),
        may_act=may_act,
        command="retail-hub alerts" + (f" --state {tab}" if tab != "open" else ""),
        api="GET /api/v1/alerts",
    )


def show_alert(alert_id: str) -> Any:
    """One alert: what it means, the next step, who deals with it and what was done."""
    shown = _alert(alert_id)
    with hub().db.session() as conn:
        people = [one.name for one in person.everybody(conn) if one.disabled_at is None]
    return render_template(
        "console/alert.html",
        shown=shown,
        alert=shown.alert,
        alert_id=alert_id,
        people=people,
        decisions=decisions_on(alert_id),
        may_act=may_act(shown.alert),
        is_mine=shown.alert.owner == visit.visit().person.name,
        age_s=((shown.alert.closed_at or g.fmt.now) - shown.alert.first_at).total_seconds(),
        command=f"retail-hub alerts show {alert_id}",
        api=f"GET /api/v1/alerts/{alert_id}",
    )


def _alert(alert_id: str) -> Shown:
    """The alert in the address, if the visitor may see its realm; else 404, as if there were none."""
    found = _read(alert_id)
    seen = visit.realms("flow.see")
    if found is None or (found.realm is not None and seen is not None and found.realm not in seen):
        abort(404)
    return show(found)


def _read(alert_id: str) -> Alert | None:
    with hub().db.session() as conn:
        return store.read(conn, id_of(alert_id, "alr"))


def _for_act(alert_id: str) -> tuple[Alert, str, str]:
    """The alert, who acts, and why; 403 where the visitor may not operate."""
    found = _alert(alert_id).alert
    if not may_act(found):
        abort(403, "flow.operate")
    return found, visit.visit().principal.actor, request.form.get("reason", "").strip()[:300]


def _back(alert_id: str) -> str:
    return local_path(request.form.get("back"), page_url("show_alert", alert_id=alert_id))


def acknowledge_alert(alert_id: str) -> Any:
    """Somebody takes it on."""
    found, actor, reason = _for_act(alert_id)
    acts.acknowledge(hub(), found.id, actor, reason, owner=visit.visit().person.name)
    return done(_back(alert_id), _("Taken on. It closes by itself when its cause is gone."))


def assign_alert(alert_id: str) -> Any:
    """Gives it to a user, or to nobody."""
    found, actor, reason = _for_act(alert_id)
    acts.assign(hub(), found.id, actor, request.form.get("owner", "").strip()[:100], reason)
    return done(_back(alert_id), _("Noted whose it is."))


def snooze_alert(alert_id: str) -> Any:
    """Puts it aside for an hour or a day."""
    found, actor, reason = _for_act(alert_id)
    acts.snooze(hub(), found.id, actor, request.form.get("duration", ""), reason)
    return done(_back(alert_id), _("Put aside. It comes back if its cause lasts."))


def close_alert(alert_id: str) -> Any:
    """Closes it; while its condition lasts it stays closed unless it gets worse."""
    found, actor, reason = _for_act(alert_id)
    acts.close(hub(), found.id, actor, reason)
    return done(_back(alert_id), _("Closed. It comes back only when it gets worse, or anew."))


ROUTES = (
    Route("/alerts", list_alerts, "flow.see"),
    Route("/alerts/<alert_id>", show_alert, "flow.see"),
    act("/alerts/<alert_id>/acknowledge", acknowledge_alert, "flow.operate"),
    act("/alerts/<alert_id>/assign", assign_alert, "flow.operate"),
    act("/alerts/<alert_id>/snooze", snooze_alert, "flow.operate"),
    act("/alerts/<alert_id>/close", close_alert, "flow.operate"),
)
