"""Many pairs that are alike in the same way: how many, a plan for all of them, and what became of it."""

from __future__ import annotations

from typing import Any

from flask import abort, render_template, request

from hub.console import pair, visit
from hub.console.address import id_of
from hub.console.language import N_, _
from hub.console.message import done
from hub.console.pages.match import ANSWERS, actor, queue_wish, words_of
from hub.console.route import Route, act
from hub.console.shell import page_url
from hub.console.visit import hub, may
from hub.console.who import names_of
from hub.errors import ConfigError, ConflictError, NotFoundError
from hub.flow import match_bulk, match_queue
from hub.flow.match_bulk import PREFIX
from hub.model.identifier import format_id
from hub.store.match_bulk import OPEN, Bulk

STATES = {
    "held": N_("Waits for a person"),
    "canary": N_("A part is answered"),
    "released": N_("Answered"),
    "discarded": N_("Discarded"),
    "undone": N_("Undone"),
}
ACTS = ("release", "canary", "discard", "undo")
_SAID = {
    "release": N_("Answered: %(n)s pairs."),
    "canary": N_("Answered: %(n)s pairs. Look at them before you release the others."),
}


def list_patterns() -> Any:
    """What open pairs have in common, the commonest first, and the plans that wait."""
    wish = queue_wish()
    plans = match_bulk.bulks(hub(), visit.realms("record.steward"), tuple(STATES), limit=20)
    return render_template(
        "console/match_patterns.html",
        patterns=match_queue.patterns(hub(), wish),
        plans=plans,
        names=names_of(plan.author for plan in plans),
        states=STATES,
        answers={name: ANSWERS[name] for name in match_bulk.ANSWERS},
        choices=_choices(),
        words=words_of(wish),
        prefix=PREFIX,
        command="retail-hub match patterns",
        api="GET /api/v1/matches/patterns",
    )


def _choices() -> list[tuple[str, str]]:
    """(realm, kind) of whatever pairs may wait of, the realms the visitor may rule in."""
    mine = visit.realms("record.steward")
    realms = sorted({row.realm for row in hub().connections.all() if mine is None or row.realm in mine})
    return [(realm, kind) for realm in realms for kind in hub().rules.matching]


def plan_bulk() -> Any:
    """Plans one answer for all open pairs of a pattern. Nothing is answered yet."""
    form = request.form
    realm, _sign, kind = form.get("of", "").partition(" ")
    if not may("record.steward", realm):
        abort(403, "record.steward")
    try:
        found = match_bulk.propose(
            hub(), actor(), form.get("pattern", "")[:300], form.get("answer", ""), realm=realm, kind=kind,
            reason=form.get("reason", "").strip()[:300],
        )  # fmt: skip
    except (ConfigError, NotFoundError) as error:
        return done(page_url("list_patterns"), str(error), "bad")
    return done(page_url("show_bulk", bulk_id=format_id(PREFIX, found.id)), _("Planned. Nothing is answered yet."))


def show_bulk(bulk_id: str) -> Any:
    """One plan: how many pairs, what that would send, those with most at stake, and the acts."""
    found = _bulk(bulk_id)
    return render_template(
        "console/match_bulk.html",
        bulk_id=bulk_id,
        bulk=found,
        counts=found.counts,
        states=STATES,
        answers=ANSWERS,
        is_open=found.state in OPEN,
        canary=match_bulk.CANARY,
        sample=[(row, pair.titles(row)) for row in match_bulk.sample(hub(), found.id)],
        names=names_of([found.author, found.decided_by]),
        command=f"retail-hub match bulk show {bulk_id}",
        api=f"GET /api/v1/matches/bulk/{bulk_id}",
    )


def decide_bulk(bulk_id: str) -> Any:
    """Releases a plan or ten pairs of it, discards it, or takes back all that it answered."""
    found, wanted = _bulk(bulk_id), request.form.get("act", "")
    if wanted not in ACTS:
        abort(400, "act")
    here = page_url("show_bulk", bulk_id=bulk_id)
    try:
        if wanted == "discard":
            match_bulk.discard(hub(), found.id, actor())
            return done(here, _("Discarded. What was answered stays."))
        if wanted == "undo":
            match_bulk.undo(hub(), found.id, actor())
            return done(here, _("Undone: everything is as it would be without it."))
        result = match_bulk.release(hub(), found.id, actor(), canary=wanted == "canary")
    except (ConflictError, ConfigError, NotFoundError) as error:
        return done(here, str(error), "bad")
    return done(here, _(_SAID[wanted], n=result.answered))


def _bulk(bulk_id: str) -> Bulk:
    try:
        return match_bulk.find(hub(), id_of(bulk_id, PREFIX), visit.realms("record.steward"))
    except NotFoundError:
        abort(404)


ROUTES = (
    Route("/matches/patterns", list_patterns, "record.steward"),
    act("/matches/patterns", plan_bulk, "record.steward"),
    Route("/matches/bulk/<bulk_id>", show_bulk, "record.steward"),
    act("/matches/bulk/<bulk_id>", decide_bulk, "record.steward"),
)
