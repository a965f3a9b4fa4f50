"""Search by what people know. What was typed never stands in an address: it travels sealed and for a quarter of an hour."""

from __future__ import annotations

import base64
import binascii
import time
import uuid
from dataclasses import dataclass
from typing import Any

import orjson
from flask import abort, redirect, render_template, request

from hub.console import golden, visit
from hub.console.language import _
from hub.console.message import done
from hub.console.route import Route, act
from hub.console.shell import page_url
from hub.console.visit import hub, may
from hub.errors import ConfigError, HubError
from hub.flow.search import ids_of_text
from hub.model.identifier import parse_id
from hub.store import console_record as store

KEPT_S = 900
PER_KIND = 5
_PURPOSE = b"console search"
# Where ids of the hub's own things lead; those of records are found by their prefix.
_PAGES = {"evt": ("show_event", "event_id", "flow.see"), "dlv": ("show_delivery", "delivery_id", "flow.see")}


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
    sealed = hub().keyring.seal(orjson.dumps([int(time.time()), text]), _PURPOSE + visit.visit().digest)
    return redirect(page_url("show_results", opaque=base64.urlsafe_b64encode(sealed).decode().rstrip("=")), 303)


def _direct(text: str) -> str:
    """The page of an id of the hub; empty when it is none, or nothing has it."""
    try:
        prefix, found = parse_id(text)
    except ConfigError:
        return ""
    if prefix in _PAGES:
        endpoint, name, permission = _PAGES[prefix]
        return page_url(endpoint, **{name: text}) if may(permission) else ""
    row = store.golden_of(hub().db, found)
    return golden.record_url(row.kind, row.id) if row and visit.sees(row.realm, row.data) else ""


def show_search() -> Any:
    """The search box alone, for phones."""
    return render_template("console/search.html", hits=None, typed="", api="POST /api/v1/customers/search")


def show_results(opaque: str) -> Any:
    """The hits by kind; a single one leads straight to it."""
    typed = _opened(opaque)
    if typed is None:
        return done(page_url("show_search"), _("That search is over. Type it again."), "warn")
    hits = _hits(typed)
    if sum(found.total for found in hits) == 1:
        return redirect(golden.record_url(hits[0].kind, hits[0].rows[0][0]))
    return render_template("console/search.html", hits=hits, typed=typed, record_url=golden.record_url)


def _opened(opaque: str) -> str | None:
    """What was typed; None when it is older than a quarter of an hour. 404 when it is not this session's."""
    try:
        sealed = base64.urlsafe_b64decode(opaque + "=" * (-len(opaque) % 4))
        at, text = orjson.loads(hub().keyring.open(sealed, _PURPOSE + visit.visit().digest))
    except (HubError, ValueError, binascii.Error):
        abort(404)
    return str(text) if time.time() - at < KEPT_S else None


def _hits(text: str) -> list[Hits]:
    allowed = visit.realms("record.see")
    realms = [realm for realm in store.all_realms(hub().db) if allowed is None or realm in allowed]
    found = []
    with hub().db.session() as conn:
        ids = {kind.name: ids_of_text(conn, hub(), kind, text, realms) for kind in hub().registry.kinds.values()}
    rows = store.golden_of_ids(hub().db, sorted({one for some in ids.values() for one in some})[:400], realms)
    for kind in hub().registry.kinds.values():
        fitting = [
            row
            for row in rows
            if row.kind == kind.name and row.id in ids[kind.name] and visit.sees(row.realm, row.data)
        ]
        if fitting:
            named = [(row.id, golden.title_of(kind, row.data)) for row in fitting[:PER_KIND]]
            found.append(Hits(kind.name, named, len(fitting)))
    return found


ROUTES = (
    Route("/search", show_search),
    act("/search", search, "record.see"),
    Route("/search/<opaque>", show_results, "record.see"),
)
