"""Search by what people know. What was typed never stands in an address: it travels sealed and for a quarter of an hour."""

from __future__ import annotations

import base64
import binascii
import time
import uuid
from dataclasses import dataclass
from typing import Any

import orjson
from flask import abort, current_app, redirect, render_template, request

from hub.console import golden, visit
from hub.console.language import _
from hub.console.message import done
from hub.console.route import Route, act
from hub.console.shell import page_url
from hub.console.visit import hub, may
from hub.errors import ConfigError, HubError
from hub.flow.search import find_all
from hub.model.identifier import parse_id
from hub.store import console_record as store
from hub.store import view
from hub.store.console_record import GoldenRow

KEPT_S = 900
PER_KIND = 5
MOST = 400
_PURPOSE = b"console search"
# Where ids of the hub's own things lead; those of records are found by their prefix.
_PAGES = {
    "evt": ("show_event", "event_id", "flow.see"),
    "dlv": ("show_delivery", "delivery_id", "flow.see"),
    "run": ("show_run", "run_id", "flow.see"),
    "pln": ("show_plan", "plan_id", "flow.see"),
    "alt": ("show_alert", "alert_id", "flow.see"),
    "itm": ("show_conflict", "item_id", "record.steward"),
}


@dataclass(frozen=True, slots=True)
class Hits:
    """What was found of one kind: `(id, title)` of the first ones, and how many in all."""

    kind: str
    rows: list[tuple[uuid.UUID, str]]
    total: int


def search() -> Any:
    """Takes what was typed and goes on to the results; an id leads straight to its page."""
    text = request.form.get("q", "").strip()[:200]
    if not text:
        return done(page_url("show_search"), _("Type something to search for."), "warn")
    direct = _direct(text)
    if direct:
        return redirect(direct, 303)
    return redirect(page_url("show_results", opaque=seal_query(text)), 303)


def _direct(text: str) -> str:
    """The page of an id of the hub; empty when it is none, or nothing has it."""
    try:
        prefix, found = parse_id(text)
    except ConfigError:
        return ""
    if prefix in _PAGES:
        endpoint, name, permission = _PAGES[prefix]
        is_there = f"console.{endpoint}" in current_app.view_functions
        return page_url(endpoint, **{name: text}) if is_there and may(permission) else ""
    row = store.golden_of(hub().db, found)
    if row is None:
        return ""
    with hub().db.session() as conn:
        is_seen = visit.sees_golden(conn, row.id, row.realm, row.data)
    return golden.record_url(row.kind, row.id) if is_seen else ""


def show_search() -> Any:
    """The search box alone, for phones."""
    return render_template("console/search.html", hits=None, typed="", api="POST /api/v1/customers/search")


def show_results(opaque: str) -> Any:
    """The hits by kind; a single one leads straight to it."""
    typed = open_query(opaque)
    if typed is None:
        return done(page_url("show_search"), _("That search is over. Type it again."), "warn")
    rows = rows_of(typed)
    if len(rows) == 1:
        return redirect(golden.record_url(rows[0].kind, rows[0].id))
    return render_template("console/search.html", hits=_grouped(rows), typed=typed, record_url=golden.record_url)


def seal_query(text: str) -> str:
    """What was typed, as an address may carry it: readable for this session and a quarter of an hour."""
    sealed = hub().keyring.seal(orjson.dumps([int(time.time()), text]), _PURPOSE + visit.visit().digest)
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def open_query(opaque: str) -> str | None:
    """What was typed; None when it is older than a quarter of an hour. 404 when it is not this session's."""
    try:
        sealed = base64.urlsafe_b64decode(opaque + "=" * (-len(opaque) % 4))
        at, text = orjson.loads(hub().keyring.open(sealed, _PURPOSE + visit.visit().digest))
    except (HubError, ValueError, binascii.Error):
        abort(404)
    return str(text) if time.time() - at < KEPT_S else None


def rows_of(text: str) -> list[GoldenRow]:
    """The golden records that a text names and the visitor may see, the newest first."""
    allowed = visit.realms("record.see")
    with hub().db.session() as conn:
        realms = view.realms(conn, None if allowed is None else frozenset(allowed))
        ids = find_all(conn, hub(), text, realms)
    return store.golden_of_ids(hub().db, sorted(ids), realms, visit.limits(realms), MOST)


def _grouped(rows: list[GoldenRow]) -> list[Hits]:
    found = []
    for kind in hub().registry.kinds.values():
        fitting = [row for row in rows if row.kind == kind.name]
        if fitting:
            named = [(row.id, golden.title_of(kind, row.data)) for row in fitting[:PER_KIND]]
            found.append(Hits(kind.name, named, len(fitting)))
    return found


ROUTES = (
    Route("/search", show_search),
    act("/search", search, "record.see"),
    Route("/search/<opaque>", show_results, "record.see"),
)
