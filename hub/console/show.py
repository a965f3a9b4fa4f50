"""Small functions that templates call to show one value in one place."""

from __future__ import annotations

import uuid
from typing import Any

import orjson
from flask import g
from markupsafe import Markup, escape

from hub.console.label import field_label, word
from hub.console.language import N_, _
from hub.console.menu import page_url
from hub.console.visit import hub, may
from hub.model.identifier import format_id
from hub.model.kind import Field
from hub.model.mask import HIDDEN
from hub.model.permission import PERMISSIONS

_COVERAGE = {
    "complete": N_("complete"),
    "partial": N_("◆ partial"),
    "truncated": N_("◆ cut off"),
    "skipped": N_("skipped"),
}


def filled(values: dict[str, Any]) -> dict[str, Any]:
    """The filters that say something, for an address."""
    return {name: value for name, value in values.items() if value}


def cut(value: Any, limit: int) -> str:
    """At most `limit` characters of a text, with an ellipsis where there were more."""
    text = str(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def plain(value: Any, field: Field | None = None) -> str:
    """Any value as one line of text, as people write it; `field` is its declaration, if there is one."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        separator = "; " if any(isinstance(part, dict) for part in value) else ", "
        return separator.join(plain(part, field) for part in value[:20]) + (" …" if len(value) > 20 else "")
    if isinstance(value, dict):
        return _plain_object(value, field)
    if isinstance(value, str) and field is not None and field.type == "time":
        return str(g.fmt.exact(value))
    if isinstance(value, str) and field is not None and field.type == "enum":
        return word(value)
    return g.fmt.number(value) if isinstance(value, (int, float)) else str(value)


def _plain_object(value: dict[str, Any], field: Field | None) -> str:
    if "amount" in value and "currency" in value:
        return str(g.fmt.money(value))
    if "external_id" in value and "connection" in value:
        return str(value.get("label") or f"{value['external_id']} ({value['connection']})")
    parts = ((name, sub_field(field, name), part) for name, part in value.items() if part not in (None, "", [], {}))
    return one_line(value) or " · ".join(f"{field_label(name, sub)} {plain(part, sub)}" for name, sub, part in parts)


def pretty(value: Any) -> str:
    """Indented JSON, at most 20,000 characters."""
    return cut(orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str).decode(), 20_000)


def cell(value: Any, field: Field | None) -> Any:
    """One value in a table: short, a reference as a link."""
    if value is None or value in ("", [], {}):
        return "—"
    if isinstance(value, dict) and value.get("url"):
        return Markup('<a href="{}">{}</a>').format(value["url"], cut(value.get("label") or value["external_id"], 40))
    if field is not None and field.type == "time":
        moment = g.fmt.moment(value)
        if moment is not None:
            texts = (escape(moment.isoformat()), escape(g.fmt.exact(moment)), escape(g.fmt.short(moment)))
            return Markup('<time datetime="{}" title="{}">{}</time>').format(*texts)
    if field is not None and field.type == "enum":
        return word(str(value))
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return g.fmt.number(value)
    return cut(plain(value), 60)


def columns_of(rows: list[dict[str, Any]]) -> list[str]:
    """The keys that a list of objects needs as columns: in order of appearance, empty ones left out."""
    found: dict[str, None] = {}
    for row in rows[:50]:
        found.update({key: None for key, value in row.items() if value not in (None, "", [], {})})
    return list(found)


def coverage(code: str | None) -> str:
    """How much of a system a run has seen; nothing incomplete reads as complete."""
    return _(_COVERAGE[code]) if code in _COVERAGE else "—"


def field_of(kind: str, name: str) -> Field | None:
    """The declaration of a field; None for an unknown kind or field."""
    declared = hub().registry.kinds.get(kind)
    return declared.by_name.get(name) if declared else None


def type_of(kind: str, name: str) -> str:
    """The declared type of a field, `text` when nobody declared it."""
    field = field_of(kind, name)
    return field.type if field else "text"


def sub_field(field: Field | None, name: str) -> Field | None:
    """The declaration of a member of an object or of a list of objects."""
    return next((part for part in field.fields if part.name == name), None) if field else None


_ADDRESS = ("country", "province", "city", "district", "street", "postcode", "recipient_name", "recipient_phone")


def one_line(value: dict[str, Any]) -> str:
    """An address or a day of birth as people write it; empty for every other object."""
    if value.keys() & {"district", "street", "city"}:
        parts = [str(value[name]) for name in _ADDRESS if value.get(name)]
        return " ".join(part for place, part in enumerate(parts) if place == 0 or part != parts[place - 1])
    if {"month", "day"} <= value.keys():
        if HIDDEN in value.values():
            return HIDDEN
        parts = [str(value.get(name) or "????" if name == "year" else value[name]) for name in ("year", "month", "day")]
        calendar = " " + _("lunar") if value.get("calendar") == "lunar" else ""
        return "-".join(part.rjust(2, "0") for part in parts) + calendar
    return ""


def permission_title(name: str) -> str:
    """What a permission is called in the reader's language."""
    found = PERMISSIONS.get(name)
    return name if found is None else found.zh if g.language == "zh" else found.en


def total_label(name: str) -> str:
    """What one part of an order's totals is called."""
    totals = field_of("order", "totals")
    return field_label(name, next((part for part in totals.fields if part.name == name), None) if totals else None)


def event_url(cause: str, cause_id: uuid.UUID | None) -> str:
    """The page of the event that caused a change; empty when something else did."""
    if cause != "event" or cause_id is None or not may("flow.see"):
        return ""
    return page_url("show_event", event_id=format_id("evt", cause_id))
