"""Pairs that may be one: the queue, one pair opened up, and a steward's answer, after which the next pair opens."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace
from typing import Any

from flask import abort, redirect, render_template, request

from hub.console import golden, pair, visit
from hub.console.address import PAGE, cut, id_of, pages, wished, wished_id
from hub.console.language import N_, _
from hub.console.level import guard_words
from hub.console.message import done, say
from hub.console.pages.detail import REASONS
from hub.console.route import Route, act
from hub.console.shell import page_url
from hub.console.show import filled
from hub.console.visit import hub, may
from hub.console.who import names_of
from hub.errors import ConfigError, ConflictError, NotFoundError
from hub.flow import match_answer, match_case, match_queue, reveal
from hub.flow.match_case import Case
from hub.flow.match_queue import SAMPLE, Wish
from hub.model.identifier import format_id

STATES = {"open": N_("to answer"), "snoozed": N_("put aside"), "resolved": N_("settled")}
ORDERS = {"stake": N_("by what is at stake"), "weight": N_("by weight")}
ANSWERS = {
    "same": N_("the same person"),
    "different": N_("not the same person"),
    "household": N_("one household"),
    "skip": N_("later"),
}
# What the hub notes where nobody answered, and what may be answered of a sample.
RESOLUTIONS = {**ANSWERS, "right": N_("right"), "wrong": N_("wrong")}

WAYS = {
    "update": N_("its record gets the joined values"),
    "create": N_("it gets a record"),
    "none": N_("nothing changes there"),
    "merge": N_("it has a record of each and can join them: that is offered to you, since nothing undoes it there"),
    "note": N_("it has a record of each and cannot join them: both are kept in step, and somebody is told"),
}


def list_matches() -> Any:
    """What waits for an answer: the pair with most at stake (or the heaviest) first."""
    wish = replace(queue_wish(), state=wished("state", STATES) or "open")
    before, after = wished_id("before", "itm"), wished_id("after", "itm")
    found = match_queue.queue(hub(), replace(wish, after=before, before=after), PAGE + 1)
    rows, has_more = cut(found, after is not None)
    counts = match_queue.counts(hub(), actor(), replace(wish, state="open"))
    chosen = words_of(wish) | filled({"state": wish.state if wish.state != "open" else ""})
    return render_template(
        "console/matches.html",
        rows=[(row, pair.titles(row)) for row in rows],
        page=pages("list_matches", "itm", rows, has_more, **chosen),
        counts=counts,
        wish=wish,
        words=words_of(wish),
        states=STATES,
        orders=ORDERS,
        kinds_matched=list(hub().rules.matching),
        realms=_realms(),
        answers=RESOLUTIONS,
        names=names_of([row.claimed_by for row in rows] + [row.resolved_by for row in rows]),
        is_filtered=bool(chosen.keys() - {"order"}) or before is not None,
        command="retail-hub match queue",
        api="GET /api/v1/matches",
    )


def show_match(item_id: str) -> Any:
    """One pair: what both say, what it weighs, what a merge would do, and the answers."""
    return _page(_case(item_id), item_id)


def plan_match(item_id: str) -> Any:
    """What joining both would change and send, by carrying it out and taking it back. Nothing of it stays."""
    found = _case(item_id, with_forecast=True)
    kind = hub().registry.kinds.get(found.item.kind)
    return render_template(
        "console/match_plan.html",
        item_id=item_id,
        case=found,
        kind=kind,
        title_of_pair=pair.title(found),
        values=pair.values(kind, found.forecast) if found.forecast else [],
        survivor=format_id(kind.prefix, found.forecast.survivor)
        if kind and found.forecast and found.forecast.survivor
        else "",
        words=words_of(queue_wish()),
        ways=WAYS,
        api=f"GET /api/v1/matches/{item_id}",
    )


def next_match() -> Any:
    """Gives the visitor the next pair that nobody else works on."""
    return _go_on(queue_wish())


def take_match(item_id: str) -> Any:
    """Gives the visitor this pair, so that nobody else is given it."""
    here = _address(item_id, queue_wish())
    try:
        match_queue.find(hub(), id_of(item_id, "itm"), visit.realms("record.steward"))
        match_queue.take(hub(), id_of(item_id, "itm"), actor())
    except NotFoundError:
        abort(404)
    except ConflictError:
        return done(here, _("Somebody else was faster."), "warn")
    return redirect(here, 303)


def answer_match(item_id: str) -> Any:
    """Takes the answer and goes on with the next pair."""
    said, reason = request.form.get("answer", ""), request.form.get("reason", "").strip()[:300]
    found, wish = _case(item_id), queue_wish()
    if found.item.type == SAMPLE or said not in ANSWERS:
        abort(400, "answer")
    if said == "same" and found.apart and not reason:
        text = _(
            "They differ in what keeps two people apart (%(guard)s). Write down why they are one all the same.",
            guard=guard_words(found.apart),
        )
        return _page(found, item_id, text), 422
    try:
        match_answer.answer(hub(), found.item.id, actor(), said, reason)
    except ConfigError as error:
        return _page(found, item_id, str(error)), 422
    except ConflictError as error:
        return done(_address(item_id, wish), str(error), "bad")
    say(_("Recorded: %(answer)s.", answer=_(ANSWERS[said])))
    return _go_on(wish)


def undo_match() -> Any:
    """Takes back the visitor's last answer and opens that pair again."""
    wish = queue_wish()
    try:
        taken_back = match_answer.undo_last(hub(), actor())
    except (NotFoundError, ConflictError):
        return done(page_url("list_matches", **words_of(wish)), _("There is no answer of yours to take back."), "warn")
    item_id = taken_back.item_id
    # Where it cannot be answered any more it opens all the same, and says why.
    with suppress(ConflictError, NotFoundError):
        match_queue.take(hub(), item_id, actor())
    text = _("Taken back: %(answer)s. Everything is as it was.", answer=_(RESOLUTIONS[taken_back.answer]))
    return done(_address(format_id("itm", item_id), wish), text)


def reveal_match(item_id: str) -> Any:
    """Shows what is compared in clear, on this page view only; who saw it and why is recorded once a field and side."""
    found = _case(item_id)
    reason, note = request.form.get("reason", ""), request.form.get("note", "")
    if reason not in REASONS or found.left is None or found.right is None:
        abort(403, "record.reveal")
    if not may("record.reveal", found.item.realm):
        abort(403, "record.reveal")
    kind = hub().registry.kinds[found.item.kind]
    try:
        for side, fields in zip((found.left, found.right), pair.hidden(kind, found), strict=True):
            for field in fields:
                shown_id = format_id(kind.prefix, side.id)
                reveal.reveal(hub(), actor(), kind.name, side.id, shown_id, field, reason, note)
    except ConfigError:
        say(_("Write down what it is needed for, too."), "bad")
        return _page(found, item_id)
    return _page(found, item_id, is_clear=True)


def actor() -> str:
    """Who answers, by pseudonym."""
    return visit.visit().principal.actor


def queue_wish() -> Wish:
    """The part of the queue that the visitor works on, from the address or the form."""
    given = request.values.get
    realms, realm = visit.realms("record.steward"), given("realm", "")
    if realm and (realms is None or realm in realms):
        realms = [realm]
    order = given("order", "")
    return Wish(
        order=order if order in ORDERS else "stake",
        realms=realms,
        kind=given("kind", "")[:60],
        pattern=given("pattern", "")[:300],
    )


def words_of(wish: Wish) -> dict[str, str]:
    """The same as an address carries it."""
    realm = request.values.get("realm", "")[:60]
    order = wish.order if wish.order != "stake" else ""
    return filled({"order": order, "realm": realm, "kind": wish.kind, "pattern": wish.pattern})


def _realms() -> list[str]:
    """The realms to choose from; none where there is only one."""
    mine = visit.realms("record.steward")
    found = sorted({row.realm for row in hub().connections.all() if mine is None or row.realm in mine})
    return found if len(found) > 1 else []


def _address(item_id: str, wish: Wish) -> str:
    return page_url("show_match", item_id=item_id, **words_of(wish))


def _go_on(wish: Wish) -> Any:
    found: uuid.UUID | None = match_queue.take_next(hub(), actor(), wish)
    if found is None:
        return redirect(page_url("list_matches", **words_of(wish)), 303)
    return redirect(_address(format_id("itm", found), wish), 303)


def _case(item_id: str, *, with_forecast: bool = False) -> Case:
    realms = visit.realms("record.steward")
    try:
        return match_case.open_case(hub(), id_of(item_id, "itm"), actor(), realms, with_forecast=with_forecast)
    except NotFoundError:
        abort(404)


def _page(found: Case, item_id: str, problem: str = "", *, is_clear: bool = False) -> Any:
    item, wish = found.item, queue_wish()
    kind = hub().registry.kinds.get(item.kind)
    counts = match_queue.counts(hub(), actor(), wish)
    is_mine = item.state == "open" and item.claimed_by == actor() and not found.closed
    revealed: Collection[str] = pair.every_field(kind) if is_clear else ()
    return render_template(
        "console/match.html",
        item_id=item_id,
        case=found,
        item=item,
        kind=kind,
        views=pair.views(kind, found, revealed),
        rows=pair.rows(kind, found, revealed),
        position=counts.mine + 1,
        counts=counts,
        is_mine=is_mine,
        is_free=item.state == "open" and not item.claimed_by and not found.closed,
        is_sample=item.type == SAMPLE,
        names=names_of([item.claimed_by, item.resolved_by]),
        answers=RESOLUTIONS,
        words=words_of(wish),
        wish=wish,
        problem=problem,
        reason=request.form.get("reason", "") if problem else "",
        guard=guard_words(found.apart),
        bought=pair.bought,
        may_reveal=not is_clear and may("record.reveal", item.realm) and any(pair.hidden(kind, found)),
        reveal_reasons=REASONS,
        record_url=golden.record_url,
        command=f"retail-hub match show {item_id}",
        api=f"POST /api/v1/matches/{item_id}/answer",
    )


ROUTES = (
    Route("/matches", list_matches, "record.steward"),
    act("/matches/next", next_match, "record.steward"),
    act("/matches/undo", undo_match, "record.steward"),
    Route("/matches/<item_id>", show_match, "record.steward"),
    Route("/matches/<item_id>/plan", plan_match, "record.steward"),
    act("/matches/<item_id>/take", take_match, "record.steward"),
    act("/matches/<item_id>/answer", answer_match, "record.steward"),
    act("/matches/<item_id>/reveal", reveal_match, "record.reveal"),
)
