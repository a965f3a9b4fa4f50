"""Deliveries: what is due where, what came of it, and the acts on what is stuck."""

from __future__ import annotations

from typing import Any

from flask import abort, g, render_template, request

from hub.console import golden, visit
from hub.console.address import PAGE, cut, id_of, pages, wished_id
from hub.console.decision import decisions_on
from hub.console.language import _
from hub.console.message import done
from hub.console.route import Route, act
from hub.console.shell import page_url
from hub.console.visit import hub, local_path
from hub.errors import ConfigError
from hub.flow import delivery as acts
from hub.model.identifier import format_id
from hub.model.mask import mask_field
from hub.store import attempt
from hub.store import console_delivery as store
from hub.store.attempt import Attempt
from hub.store.console_delivery import DeliveryDetail

# Rows with forms to decide each are long: so many of them make a page.
FEW = 30


def list_deliveries() -> Any:
    """One tab of deliveries; the first one that has something when none is asked for."""
    seen = visit.realms("flow.see")
    connection = request.args.get("connection", "")[:60]
    effects = _effects()
    counts = store.tab_counts(hub().db, seen, connection, effects)
    tab = request.args.get("tab", "")
    if tab not in store.TABS:
        tab = next((name for name in ("unknown", "dead", "waiting", "held") if counts[name]), "sent")
    prefix = "att" if tab == "sent" else "dlv"
    before, after = wished_id("before", prefix), wished_id("after", prefix)
    wish = store.Filter(tab, connection, seen, before, after, effects)
    most = FEW if tab in ("unknown", "dead") else PAGE
    rows, has_more = cut(store.list_deliveries(hub().db, wish, most + 1), after is not None, most)
    tried = _tried(rows) if tab == "unknown" else {}
    return render_template(
        "console/deliveries.html",
        tried=tried,
        can_look=_can_look,
        may_act=lambda row: visit.may("flow.operate", hub().connections.by_name(row.connection).realm),
        tab=tab,
        tabs=store.TABS,
        counts=counts,
        cap=store.CAP,
        connection=connection,
        connections=[row.name for row in hub().connections.all()],
        rows=rows,
        page=pages("list_deliveries", prefix, rows, has_more, tab=tab, connection=connection),
        title_of=lambda row: golden.title_of(hub().registry.kinds.get(row.kind), row.data or {}),
        record_url=golden.record_url,
        message_of=message_of,
        is_filtered=bool(connection) or before is not None,
        command=f"retail-hub deliveries --state {'due' if tab == 'waiting' else tab}",
        api="GET /api/v1/deliveries",
    )


def _effects() -> store.Effects | None:
    """What happens to people (messages, points), and who is sent it; None when nobody is."""
    kinds = [kind.name for kind in hub().registry.kinds.values() if "effect_key" in kind.by_name]
    rows = [row for row in hub().connections.all() if any(row.writes(kind) for kind in kinds)]
    return store.Effects(kinds, [row.id for row in rows]) if rows else None


def _tried(rows: list[store.DeliveryRow]) -> dict[Any, Attempt]:
    """The last attempt of each that nobody can account for."""
    with hub().db.session() as conn:
        found = attempt.unaccounted(conn, [row.target_id for row in rows])
    return {target_id: tried[-1] for target_id, tried in found.items()}


def _can_look(connection: str) -> bool:
    return acts.can_look(hub(), hub().connections.by_name(connection).connector)


def message_of(error: dict[str, Any] | None) -> str:
    """The text of a stored error: it names connection, stream and external id, never a payload."""
    return str((error or {}).get("message") or (error or {}).get("type") or "")


def show_delivery(delivery_id: str) -> Any:
    """One target: what is due, every attempt with intent, call and outcome, and what may be done now."""
    found = _delivery(delivery_id)
    with hub().db.session() as conn:
        attempts = attempt.of_target(conn, found.id, 30)
    kind = hub().registry.kinds.get(found.kind)
    links = golden.find_links([one.asserted for one in attempts], found.wanted)

    def shown(values: dict[str, Any]) -> dict[str, Any]:
        fields = kind.by_name if kind else {}
        found_masked = {name: mask_field(fields.get(name), name, value) for name, value in values.items()}
        return dict(golden.with_links(found_masked, links))

    return render_template(
        "console/delivery.html",
        delivery=found,
        delivery_id=delivery_id,
        title=golden.title_of(kind, found.data or {}),
        record_url=golden.record_url,
        error=message_of(found.error),
        wanted=shown(found.wanted) if found.wanted else {},
        attempts=[(one, shown(one.asserted)) for one in attempts],
        message_of=message_of,
        cause_url=_cause_url(found),
        can_look=acts.can_look(hub(), found.connector),
        may_act=visit.may("flow.operate", found.realm),
        decisions=decisions_on(delivery_id),
        is_late=(g.fmt.now - found.dirty_at).total_seconds() > 60,
        command=f"retail-hub deliveries show {delivery_id}",
        api=f"GET /api/v1/deliveries/{delivery_id}",
    )


def _delivery(delivery_id: str) -> DeliveryDetail:
    """The delivery in the address, if the visitor may see its realm; else 404, as if there were none."""
    found = store.delivery_detail(hub().db, id_of(delivery_id, "dlv"))
    seen = visit.realms("flow.see")
    if found is None or (seen is not None and found.realm not in seen):
        abort(404)
    return found


def _cause_url(found: DeliveryDetail) -> str:
    is_event = found.cause == "event" and found.cause_id is not None
    return page_url("show_event", event_id=format_id("evt", found.cause_id)) if is_event and found.cause_id else ""


def _for_act(delivery_id: str, *, needs_reason: bool = True) -> tuple[DeliveryDetail, str, str]:
    """The delivery, who acts, and why; 403 where the visitor may not operate in its realm, 400 without a reason."""
    found = _delivery(delivery_id)
    if not visit.may("flow.operate", found.realm):
        abort(403, "flow.operate")
    reason = request.form.get("reason", "").strip()[:300]
    if needs_reason and not reason:
        raise ConfigError(_("Say why: the decision is recorded with its reason."))
    return found, visit.visit().principal.actor, reason


def _back(delivery_id: str) -> str:
    return local_path(request.form.get("back"), page_url("show_delivery", delivery_id=delivery_id))


def look_again(delivery_id: str) -> Any:
    """Asks the system what it holds, before anything is sent."""
    found, actor, reason = _for_act(delivery_id, needs_reason=False)
    acts.look_again(hub(), found.id, actor, reason)
    return done(_back(delivery_id), _("The system is asked what it holds. Nothing is sent before it has answered."))


def retry_delivery(delivery_id: str) -> Any:
    """Due again now, from the start. Of an unknown outcome this rules that it did not arrive, so it needs a reason."""
    is_ruling = _delivery(delivery_id).state == "unknown"
    found, actor, reason = _for_act(delivery_id, needs_reason=is_ruling)
    acts.retry(hub(), found.id, actor, reason)
    return done(_back(delivery_id), _("It is due again. What may have arrived is looked for first."))


def discard_delivery(delivery_id: str) -> Any:
    """Given up until the record changes again."""
    found, actor, reason = _for_act(delivery_id)
    acts.discard(hub(), found.id, actor, reason)
    return done(_back(delivery_id), _("Discarded. The next change of the record is delivered again."))


def confirm_arrival(delivery_id: str) -> Any:
    """A person looked: it is there, under this id."""
    found, actor, reason = _for_act(delivery_id, needs_reason=False)
    external_id = request.form.get("external_id", "").strip()[:200] or None
    acts.arrived(hub(), found.id, actor, external_id, reason)
    return done(_back(delivery_id), _("Noted: it had arrived. Nothing is sent again."))


ROUTES = (
    Route("/deliveries", list_deliveries, "flow.see"),
    Route("/deliveries/<delivery_id>", show_delivery, "flow.see"),
    act("/deliveries/<delivery_id>/look", look_again, "flow.operate"),
    act("/deliveries/<delivery_id>/retry", retry_delivery, "flow.operate"),
    act("/deliveries/<delivery_id>/discard", discard_delivery, "flow.operate"),
    act("/deliveries/<delivery_id>/arrived", confirm_arrival, "flow.operate"),
)
