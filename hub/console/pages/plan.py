"""Plans: mass changes that wait for a person, with what they would change, and the decision."""

from __future__ import annotations

from typing import Any

from flask import abort, render_template, request

from hub.console import golden, visit
from hub.console.address import PAGE, cut, id_of, pages, wished, wished_id
from hub.console.language import N_, _
from hub.console.message import done
from hub.console.route import Route, act
from hub.console.shell import page_url
from hub.console.visit import hub, local_path
from hub.flow import audit, guard
from hub.flow.plan_sample import Sample, samples
from hub.model.mask import mask_field
from hub.store import console_run as store
from hub.store import plan as plan_store
from hub.store.console_run import PlanLine

OPEN = ("held", "canary", "counting")
# Why so many targets would change, and what a person should look at.
CAUSES = {
    "golive": N_("A connection was read and is to be written to from now on."),
    "policy": N_("A rule of whose value wins was changed."),
    "mapping": N_("A mapping was changed."),
    "model": N_("What a kind consists of was changed."),
    "merge": N_("Many records were merged or split at once."),
    "replay": N_("Stored events were run again."),
    "repair": N_("A comparison found differences that are to be repaired."),
    "disconnect": N_("A system was disconnected."),
    "drift": N_("A source clears a field that it nearly always gave."),
}


def list_plans() -> Any:
    """Plans, those that wait first asked for."""
    connection = request.args.get("connection", "")[:60]
    state = wished("state", ("open", *store.PLAN_STATES, "all")) or "open"
    before, after = wished_id("before", "pln"), wished_id("after", "pln")
    wished_state = "" if state == "all" else state
    wish = store.Filter(connection, "", wished_state, visit.realms("flow.see"), before, after)
    rows, has_more = cut(store.list_plans(hub().db, wish, PAGE + 1), after is not None)
    return render_template(
        "console/plans.html",
        rows=rows,
        page=pages("list_plans", "pln", rows, has_more, connection=connection, state=state),
        state=state,
        connection=connection,
        is_filtered=bool(connection or before or state not in ("open", "all")),
        causes=CAUSES,
        command="retail-hub plans" + (" --all" if state != "open" else ""),
        api="GET /api/v1/plans" + ("" if state == "open" else "?state=all"),
    )


def show_plan(plan_id: str) -> Any:
    """One plan: its cause, its counts, ten of its targets before and after, and what may be decided."""
    found = _plan(plan_id)
    looked_at = samples(hub(), hub().connections.by_name(found.connection).id, found.id) if found.held else []
    links = golden.find_links([pair for sample in looked_at for pair in sample.fields.values()]) if looked_at else {}
    return render_template(
        "console/plan.html",
        p=found,
        plan_id=plan_id,
        why=_(CAUSES[found.cause]) if found.cause in CAUSES else "",
        samples=[(sample, _rows(sample, links)) for sample in looked_at],
        title_of=lambda sample: golden.title_of(hub().registry.kinds.get(sample.kind), sample.title_data),
        record_url=golden.record_url,
        is_open=found.state in ("held", "canary"),
        canary=plan_store.CANARY,
        may_act=visit.may("flow.operate", found.realm),
        command=f"retail-hub plan release {plan_id}" if found.state in OPEN else "retail-hub plans --all",
        api=f"GET /api/v1/plans/{plan_id}",
    )


def _rows(sample: Sample, links: golden.LinkMap) -> list[tuple[str, Any, Any]]:
    """(field, before, after), masked."""
    kind = hub().registry.kinds.get(sample.kind)

    def shown(name: str, value: Any) -> Any:
        return golden.with_links(mask_field(kind.by_name.get(name) if kind else None, name, value), links)

    return [(name, shown(name, before), shown(name, after)) for name, (before, after) in sorted(sample.fields.items())]


def _plan(plan_id: str) -> PlanLine:
    """The plan in the address, if the visitor may see its realm; else 404, as if there were none."""
    found = store.plan_detail(hub().db, id_of(plan_id, "pln"), visit.realms("flow.see"))
    if found is None:
        abort(404)
    return found


def decide_plan(plan_id: str) -> Any:
    """Lets a held mass change go, ten of it first, or none of it."""
    found = _plan(plan_id)
    if not visit.may("flow.operate", found.realm):
        abort(403, "flow.operate")
    decision, actor = request.form.get("decision", ""), visit.visit().principal.actor
    if decision == "discard":
        guard.discard(hub(), found.id, actor)
        text = _("Discarded: nothing of it is sent.")
    elif decision in ("release", "canary"):
        count = guard.release(hub(), found.id, actor, canary=decision == "canary")
        text = _("%(n)s deliveries let go.", n=count)
    else:
        abort(400)
    reason = request.form.get("reason", "").strip()[:300]
    act_name = "plan.discarded" if decision == "discard" else "plan.released"
    audit.record(hub(), actor, act_name, plan_id, reason, canary=decision == "canary")
    return done(local_path(request.form.get("back"), page_url("show_plan", plan_id=plan_id)), text)


ROUTES = (
    Route("/plans", list_plans, "flow.see"),
    Route("/plans/<plan_id>", show_plan, "flow.see"),
    act("/plans/<plan_id>/decide", decide_plan, "flow.operate"),
)
