"""Drift: what changed in what systems send, the mapping line that would take it up, and the decision."""

from __future__ import annotations

from typing import Any

from flask import abort, render_template, request

from hub.console import visit
from hub.console.address import PAGE, cut, id_of, pages, wished, wished_id
from hub.console.language import N_, _
from hub.console.mapping_file import excerpt
from hub.console.message import done
from hub.console.route import Route, act
from hub.console.shell import page_url
from hub.console.visit import hub, local_path
from hub.errors import NotFoundError
from hub.flow import drift_act
from hub.flow.drift_act import Shown
from hub.model.mask import mask_raw
from hub.rules.drift import type_names
from hub.store import drift as store

CHANGES = {
    "new": N_("New field"),
    "gone": N_("Field gone"),
    "type": N_("Other type"),
    "value": N_("New value"),
    "null": N_("Turned empty"),
}
MEANINGS = {
    "new": N_(
        "The system sends a field that it did not send before. Nothing reads it yet; it is kept with the record."
    ),
    "gone": N_(
        "A field that every event had is missing. What is missing says nothing, so records keep the value they had."
    ),
    "type": N_(
        "The values of this field are of another type than before. What cannot be converted goes to quarantine."
    ),
    "value": N_("A field with a fixed set of words has a new one."),
    "null": N_(
        "The source nearly always gave this field and now clears it, record after record. Golden records follow the rules; what would be cleared in other systems because of it waits for a person."
    ),
}
ADVICE = {
    "map": N_("To map it, add this line below `in`:"),
    "choose": N_(
        "To map it, add the first line below `in`, with the name of a field; to leave it out, the second at the top:"
    ),
    "rename": N_("If it was renamed, read the old path and the new one:"),
    "retype": N_("To read the new type, name a transform that takes both:"),
    "lookup": N_("To give the new word a meaning, add it to the table:"),
    "remap": N_("If the value stands elsewhere now, read that path:"),
}
TYPES = {
    "null": N_("empty"), "boolean": N_("yes or no"), "number": N_("number"), "text": N_("text"), "object": N_("object"),
    "list": N_("list"),
}  # fmt: skip
ACTS = {"accept": drift_act.accept, "ignore": drift_act.ignore, "reopen": drift_act.reopen}


def list_drift() -> Any:
    """Changes, those that nobody decided on yet first asked for."""
    connection = request.args.get("connection", "")[:60]
    state = wished("state", (*store.STATES, "all")) or "open"
    before, after = wished_id("before", "drf"), wished_id("after", "drf")
    found = hub().db.run(
        lambda conn: store.page(
            conn,
            state="" if state == "all" else state,
            connection=connection,
            realms=visit.realms("flow.see"),
            before=before,
            after=after,
            limit=PAGE + 1,
        )
    )
    rows, has_more = cut(found, after is not None)
    return render_template(
        "console/drift_list.html",
        rows=[(row, drift_act.listed(hub(), row)) for row in rows],
        page=pages("list_drift", "drf", rows, has_more, connection=connection, state=state),
        state=state,
        connection=connection,
        is_filtered=bool(connection or before or state not in ("open", "all")),
        changes=CHANGES,
        command="retail-hub drift" + (f" --state {state}" if state != "open" else ""),
        api="GET /api/v1/drift" + ("" if state == "open" else f"?state={state}"),
    )


def show_drift(drift_id: str) -> Any:
    """One change: values of some events, what reads it, the line to add, and what may be decided."""
    found = _drift(drift_id)
    one = found.drift
    may_see = visit.may("payload.masked", found.realm) or visit.may("payload.raw", found.realm)
    name = one.path.rpartition(".")[2]
    return render_template(
        "console/drift.html",
        d=found,
        one=one,
        drift_id=drift_id,
        title=CHANGES[one.what],
        meaning=MEANINGS[one.what],
        advice=ADVICE[found.suggestion.code],
        types=[TYPES[type_] for type_ in type_names(one.mask)],
        samples=[
            (one, mask_raw(one.value, name)) for one in (drift_act.samples(hub(), found.drift) if may_see else [])
        ],
        may_see=may_see,
        lines=excerpt(found.read.where) if found.read else [],
        may_act=visit.may("rule.publish", found.realm),
        command=f"retail-hub drift show {drift_id}",
        api=f"GET /api/v1/drift/{drift_id}",
    )


def _drift(drift_id: str) -> Shown:
    """The change in the address, if the visitor may see its realm; else 404, as if there were none."""
    try:
        found = drift_act.look(hub(), id_of(drift_id, "drf"))
    except NotFoundError:
        abort(404)
    if not visit.may("flow.see", found.realm):
        abort(404)
    return found


def decide_drift(drift_id: str) -> Any:
    """Accepts or ignores a change, or takes that back."""
    found = _drift(drift_id)
    if not visit.may("rule.publish", found.realm):
        abort(403, "rule.publish")
    decision = request.form.get("decision", "")
    if decision not in ACTS:
        abort(400)
    reason = request.form.get("reason", "").strip()[:300]
    ACTS[decision](hub(), found.drift.id, visit.visit().principal.actor, reason)
    is_to_map = bool(found.suggestion.line) and not found.is_mapped
    text = {
        "accept": _("Accepted: it may come, and nobody is asked again. The line that maps it stands below.")
        if is_to_map
        else _("Accepted: it may come, and nobody is asked again."),
        "ignore": _("Ignored: nobody is asked about it again."),
        "reopen": _("Taken back: it opens again when it is seen the next time."),
    }[decision]
    return done(local_path(request.form.get("back"), page_url("show_drift", drift_id=drift_id)), text)


ROUTES = (
    Route("/drift", list_drift, "flow.see"),
    Route("/drift/<drift_id>", show_drift, "flow.see"),
    act("/drift/<drift_id>/decide", decide_drift, "rule.publish"),
)
