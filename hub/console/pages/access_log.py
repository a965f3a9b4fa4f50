"""The access log: who saw which personal field in clear, when and why."""

from __future__ import annotations

from typing import Any

from flask import render_template, request

from hub.console import golden
from hub.console.address import PAGE, cut, pages, wished_id
from hub.console.label import field_label, kind_label, word
from hub.console.language import _
from hub.console.pages.detail import REASONS
from hub.console.route import Route
from hub.console.visit import hub
from hub.console.who import names_of
from hub.errors import ConfigError
from hub.flow.reveal import access_log
from hub.model.identifier import format_id, parse_id
from hub.store.reveal import Filter, Reveal


def list_reveals() -> Any:
    """Every reveal, the newest first; of one person, or about one record."""
    person, subject = _id("person", "usr"), _id("subject", "")
    before, after = wished_id("before", "rvl"), wished_id("after", "rvl")
    wish = Filter(person, parse_id(subject)[1] if subject else None, before, after)
    rows, has_more = cut(access_log(hub(), wish, PAGE + 1), after is not None)
    names = names_of(row.person for row in rows)
    return render_template(
        "console/access_log.html",
        rows=[_shown(row, names) for row in rows],
        page=pages("list_reveals", "rvl", rows, has_more, person=person, subject=subject),
        person=person,
        subject=subject,
        is_filtered=bool(person or subject) or before is not None,
    )


def _id(name: str, prefix: str) -> str:
    """An id in the query part, if it is a good one."""
    text = request.args.get(name, "").strip()
    try:
        given = parse_id(text)[0]
    except ConfigError:
        return ""
    return text if not prefix or given == prefix else ""


def _shown(row: Reveal, names: dict[str, str]) -> dict[str, Any]:
    kind = hub().registry.kinds.get(row.kind)
    code, _colon, note = row.reason.partition(": ")
    return {
        "at": row.at,
        "person": row.person,
        "who": names.get(row.person, row.person),
        "kind": kind_label(kind, row.kind),
        "subject": format_id(kind.prefix if kind else "rec", row.subject),
        "url": golden.record_url(row.kind, row.subject),
        "field": field_label(row.field, kind.by_name.get(row.field) if kind else None),
        "name": row.field,
        "reason": _(REASONS[code]) if code in REASONS else word(code),
        "note": note,
    }


ROUTES = (Route("/privacy/access-log", list_reveals, "audit.see"),)
