"""The audit trail: who did what to what, and whether the chain that holds it together is whole."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from flask import render_template, request

from hub.console.address import PAGE, SPANS, TODAY, Page, cut, wished
from hub.console.language import _
from hub.console.message import done
from hub.console.route import Route, act
from hub.console.shell import page_url
from hub.console.visit import hub
from hub.flow import access, audit
from hub.model.identifier import format_id
from hub.store.audit import AuditRow, Filter

PERMISSION = "audit.see"
# Who may act without being a user.
OTHERS = ("cli", "hub", "anonymous")
_NUMBER = re.compile(r"\d{1,18}")


def list_audit() -> Any:
    """The trail, newest first, by time, actor, act and object."""
    known = audit.acts(hub())
    people = {format_id("usr", person.id): person.name for person, _grants in access.list_users(hub())}
    wish = wished_rows(known)
    rows, has_more = cut(audit.trail(hub(), wish, PAGE + 1), wish.after is not None)
    filters = {"actor": wish.actor, "act": wish.act, "object": wish.object, "span": wished("span", SPANS)}
    checked, added = audit.state(hub())
    return render_template(
        "console/audit.html",
        rows=rows,
        page=_pages(rows, has_more, filters),
        people=people,
        actors=[*people, *OTHERS],
        acts=sorted({*known, *(name.partition(".")[0] for name in known)}),
        spans=SPANS,
        checked=checked,
        added=added,
        is_filtered=any(filters.values()) or wish.before is not None,
        command="retail-hub audit verify",
        **filters,
    )


def wished_rows(known: list[str]) -> Filter:
    """The filter in the query part; what is not understood is left out."""
    span = wished("span", SPANS)
    now = datetime.now(UTC)
    start = (
        now.replace(hour=0, minute=0, second=0, microsecond=0) if span == TODAY else now - SPANS[span] if span else None
    )
    groups = {name.partition(".")[0] for name in known}
    return Filter(
        actor=request.args.get("actor", "")[:60],
        act=wished("act", {*known, *groups}),
        object=request.args.get("object", "").strip()[:100],
        since=start,
        before=_number("before"),
        after=_number("after"),
    )


def _number(name: str) -> int | None:
    given = request.args.get(name, "")
    return int(given) if _NUMBER.fullmatch(given) else None


def _pages(rows: list[AuditRow], has_more: bool, filters: dict[str, str]) -> Page:
    is_back, is_on = "after" in request.args, "before" in request.args
    kept = {name: value for name, value in filters.items() if value}
    newer = older = ""
    if rows and (is_on or (is_back and has_more)):
        newer = page_url("list_audit", **kept, after=rows[0].seq)
    if rows and (is_back or has_more):
        older = page_url("list_audit", **kept, before=rows[-1].seq)
    return Page(newer, older)


def verify_audit() -> Any:
    """Follows the whole chain now."""
    chain = audit.verify(hub())
    if chain.broken_at is not None:
        return done(page_url("list_audit"), _("Row %(n)s does not fit the rows before it.", n=chain.broken_at), "bad")
    return done(page_url("list_audit"), _("%(n)s rows checked; all fit.", n=chain.rows))


ROUTES = (Route("/system/audit", list_audit, PERMISSION), act("/system/audit/verify", verify_audit, PERMISSION))
