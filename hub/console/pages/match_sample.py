"""Fifty automatic merges of each week, judged by people: how right the hub is alone."""

from __future__ import annotations

from typing import Any

from flask import abort, redirect, render_template, request

from hub.console import pair, visit
from hub.console.address import PAGE, id_of
from hub.console.language import _
from hub.console.message import done, say
from hub.console.pages.match import actor
from hub.console.route import Route, act
from hub.console.shell import page_url
from hub.console.visit import hub
from hub.errors import ConfigError, ConflictError, NotFoundError
from hub.flow import match_queue, match_sample
from hub.flow.match_queue import SAMPLE, Wish
from hub.model.identifier import format_id


def list_samples() -> Any:
    """The samples so far with their precision, and the merges of this week that wait to be judged."""
    rows = match_queue.queue(hub(), _wish(), PAGE)
    return render_template(
        "console/match_samples.html",
        samples=match_sample.samples(hub(), visit.realms("record.steward")),
        rows=[(row, pair.titles(row)[0]) for row in rows],
        size=match_sample.SIZE,
        least=match_sample.LEAST,
        command="retail-hub match sample",
        api="GET /api/v1/matches/samples",
    )


def draw_sample() -> Any:
    """Draws this week's sample, or what is missing of it. Repeated, it is the same."""
    match_sample.draw(hub())
    return done(page_url("list_samples"), _("Drawn."))


def next_sample() -> Any:
    """The next merge to judge."""
    return _go_on()


def judge_match(item_id: str) -> Any:
    """Right or wrong; a wrong one may be split on the spot."""
    said, split = request.form.get("answer", ""), request.form.get("split", "")
    id_ = id_of(item_id, "itm")
    try:
        found = match_queue.find(hub(), id_, visit.realms("record.steward"))
        if found.type != SAMPLE:
            abort(404)
        match_sample.judge(hub(), id_, actor(), said, request.form.get("reason", "").strip()[:300], split)
    except NotFoundError:
        abort(404)
    except (ConfigError, ConflictError) as error:
        return done(page_url("show_match", item_id=item_id), str(error), "bad")
    say(_("Recorded: right.") if said == "right" else _("Split off.") if split else _("Recorded: wrong."))
    return _go_on()


def _wish() -> Wish:
    return Wish(type=SAMPLE, realms=visit.realms("record.steward"))


def _go_on() -> Any:
    found = match_queue.take_next(hub(), actor(), _wish())
    if found is None:
        return redirect(page_url("list_samples"), 303)
    return redirect(page_url("show_match", item_id=format_id("itm", found)), 303)


ROUTES = (
    Route("/matches/samples", list_samples, "record.steward"),
    act("/matches/samples", draw_sample, "record.steward"),
    act("/matches/samples/next", next_sample, "record.steward"),
    act("/matches/<item_id>/judge", judge_match, "record.steward"),
)
