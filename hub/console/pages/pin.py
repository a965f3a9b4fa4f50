"""Pinning: a value that stands whatever the systems say, until it is released."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from flask import abort, redirect, render_template, request

from hub.console import golden
from hub.console.label import field_label
from hub.console.language import _
from hub.console.message import done
from hub.console.pages.steward import actor, head_of, reason, record_to_rule
from hub.console.route import Route, act
from hub.console.shell import page_url
from hub.console.visit import hub
from hub.errors import ConfigError, RecordError
from hub.flow import stewardship
from hub.model.identifier import format_id
from hub.model.kind import Field, Kind
from hub.store.dossier import Dossier

PLAIN = ("text", "enum", "time", "date", "decimal", "integer", "boolean")


def show_pins(kind: str, record_id: str) -> Any:
    """Which field is to be pinned: a list to choose from."""
    declared, row = record_to_rule(kind, record_id)
    wish = request.args.get("field", "")
    if wish in declared.by_name:
        return redirect(page_url("show_pin", kind=declared.plural, record_id=record_id, field=wish))
    choices = [field for field in declared.fields if not field.derived]
    return render_template("console/pins.html", **head_of(declared, row), choices=choices, held=row.data)


def show_pin(kind: str, record_id: str, field: str) -> Any:
    """The form that fixes one field."""
    declared, row = record_to_rule(kind, record_id)
    return _pin_page(declared, row, _pinned_field(declared, field))


def pin_field(kind: str, record_id: str, field: str) -> Any:
    """Fixes the field; a value that does not fit is asked for again, with what was typed."""
    declared, row = record_to_rule(kind, record_id)
    chosen = _pinned_field(declared, field)
    try:
        value = read_value(chosen, request.form)
        act_id = stewardship.pin(hub(), declared.name, row.id, field, value, actor(), reason())
    except (ConfigError, RecordError) as error:
        return _pin_page(declared, row, chosen, request.form.get("value", ""), str(error)), 422
    text = _("%(field)s is pinned.", field=field_label(field, chosen))
    return done(golden.record_url(declared.name, row.id), text, undo=format_id("dec", act_id))


def unpin_field(kind: str, record_id: str, field: str) -> Any:
    """Lets the field be what its sources say again."""
    declared, row = record_to_rule(kind, record_id)
    stewardship.unpin(hub(), declared.name, row.id, field, actor())
    text = _("%(field)s follows its sources again.", field=field_label(field, declared.by_name.get(field)))
    return done(golden.record_url(declared.name, row.id), text)


def read_value(field: Field, form: Mapping[str, str]) -> Any:
    """What was typed, in canonical form; None when it is to be cleared. `ConfigError` says what is expected."""
    text = form.get("value", "").strip()[:4000]
    if form.get("clear"):
        return None
    if not text:
        raise ConfigError(_("Type a value, or tick that it is to be empty."))
    if field.type == "boolean":
        return text == "true"
    if field.type == "integer":
        if not text.lstrip("-").isdigit():
            raise ConfigError(_("A whole number is expected."))
        return int(text)
    if field.type in PLAIN:
        return text
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise ConfigError(_("JSON is expected, in the form that the example shows.")) from None


def _pin_page(declared: Kind, row: Dossier, field: Field, typed: str = "", problem: str = "") -> str:
    held = golden.masked(declared, row.data).get(field.name)
    example = "" if field.example is None else field.example
    return render_template(
        "console/pin.html",
        **head_of(declared, row),
        field=field,
        held=held,
        has_value=field.name in row.data,
        typed=typed,
        problem=problem,
        is_plain=field.type in PLAIN,
        example=example if isinstance(example, str) else orjson.dumps(example, default=str).decode(),
    )


def _pinned_field(declared: Kind, name: str) -> Field:
    field = declared.by_name.get(name)
    if field is None or field.derived:
        abort(404)
    return field


_ONE = "/records/<kind>/<record_id>"
ROUTES = (
    Route(f"{_ONE}/pin", show_pins, "record.steward"),
    Route(f"{_ONE}/pin/<field>", show_pin, "record.steward"),
    act(f"{_ONE}/pin/<field>", pin_field, "record.steward"),
    act(f"{_ONE}/unpin/<field>", unpin_field, "record.steward"),
)
