"""Look-ups: tables from a system's words to ours, which fields use them, and words that none of them knows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from flask import abort, redirect, render_template, request

from hub.console import visit, workshop
from hub.console.language import _
from hub.console.message import done
from hub.console.route import Route, act
from hub.console.shell import page_url
from hub.console.visit import hub
from hub.errors import ConfigError, ConflictError, NotFoundError
from hub.flow import forecast, site, workbench
from hub.flow.bounded import bounded
from hub.flow.connection import ConnectionRow
from hub.flow.forecast import Forecast
from hub.model.identifier import format_id
from hub.model.mask import mask_raw
from hub.rules.mapping.document import Report, read_document
from hub.rules.mapping.spec import Each, Elements, Node, Object, RecordSpec, Value
from hub.store import console_mapping as store

CODES = ("unknown_value",)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,60}")


def list_lookups() -> Any:
    """The tables in force, and values that no table knows."""
    seen = visit.realms("payload.masked")
    unknown = [one for one in store.unknown_values(hub().db, CODES) if seen is None or one.realm in seen]
    uses = _uses()
    return render_template(
        "console/lookups.html",
        rows=[(name, _entries(name), uses.get(name, [])) for name in _names()],
        unknown=[(one, mask_raw(one.value, one.path), format_id("evt", one.sample)) for one in unknown],
        may_publish=workshop.may_publish(),
        command="retail-hub mapping check",
    )


def _names() -> list[str]:
    files = hub().rules.manifest["mappings"]
    return sorted(name.removeprefix("lookups/").removesuffix(".yaml") for name in files if name.startswith("lookups/"))


def _entries(name: str) -> int:
    text = hub().rules.files.get(f"lookups/{name}.yaml") or site.installed_text(hub(), f"lookups/{name}.yaml") or ""
    entry = read_document(text, Report(name))
    return len(entry.value) if entry is not None and entry.is_object else 0


def _uses() -> dict[str, list[tuple[str, str, str, str]]]:
    """Table -> (connector, stream, field, `file:line`) of each value that looks up in it."""
    found: dict[str, list[tuple[str, str, str, str]]] = {}
    for connector, stream, record in sorted(hub().rules.mappings.records(), key=lambda one: one[:2]):
        for spec in _specs(record):
            for name, node in spec.members.items():
                for value in _values(node):
                    if value.lookup is not None:
                        use = (connector, stream, name, f"{spec.file}:{value.line}")
                        uses = found.setdefault(value.lookup.name, [])
                        uses += [use] if use not in uses else []
    return found


def _specs(spec: RecordSpec) -> Iterator[RecordSpec]:
    yield spec
    for also in spec.also:
        yield from _specs(also.record)


def _values(node: Node) -> Iterator[Value]:
    if isinstance(node, Value):
        yield node
        yield from node.first
    elif isinstance(node, Elements):
        for entry in node.entries:
            yield from _values(entry)
    elif isinstance(node, Object | Each):
        for member in node.members.values():
            yield from _values(member)
        if isinstance(node, Each) and node.item is not None:
            yield from _values(node.item)


def name_lookup() -> Any:
    """Goes on to the page of a table that may not be there yet."""
    name = request.form.get("table", "").strip()
    if not _NAME.fullmatch(name):
        raise ConfigError(_("A table’s name has letters, digits, hyphens and underscores."))
    return redirect(page_url("show_lookup", table=name), 303)


def show_lookup(table: str) -> Any:
    """One table in the editor."""
    return _page(table, workshop.sheet(_file(table)))


def try_lookup(table: str) -> Any:
    """The same page with what the typed table would change of one stream's events. Stores nothing."""
    sheet = _typed_sheet(table)
    place, last = request.form.get("stream", ""), workshop.compare_of()
    connection, _slash, stream = place.partition("/")
    if place and connection not in [row.name for row in _rows()]:
        abort(404)

    def work(mine: Any) -> Forecast:
        look = site.with_files(mine, {sheet.name: sheet.text})
        return forecast.of_mapping(mine, look, connection, stream, last) if last and place else Forecast()

    try:
        found = bounded(hub(), work)
    except (ConflictError, NotFoundError) as error:
        return _page(table, sheet, problem=str(error))
    except ConfigError as error:
        return _page(table, sheet, faults=workbench.faults_of(str(error)))
    return _page(table, sheet, found=found)


def save_lookup(table: str) -> Any:
    """Puts the table into the site's folder. It takes effect when it is put in force."""
    problem = workshop.save(lambda: _file(table), request.form.get("seen", ""))
    if problem:
        return _page(table, _typed_sheet(table), problem=problem), 422
    return done(page_url("show_lookup", table=table), _("Saved. It takes effect when it is put in force."))


def _file(table: str) -> str:
    if not _NAME.fullmatch(table):
        abort(404)
    return f"lookups/{table}.yaml"


def _typed_sheet(table: str) -> workshop.Sheet:
    held = workshop.sheet(_file(table))
    return workshop.Sheet(held.name, workshop.typed(), request.form.get("seen", ""), held.state, held.closed)


def _rows() -> list[ConnectionRow]:
    seen = visit.realms("payload.masked")
    return [
        row for row in hub().connections.all() if row.disconnected_at is None and (seen is None or row.realm in seen)
    ]


def _page(
    table: str,
    sheet: workshop.Sheet,
    found: Forecast | None = None,
    faults: list[tuple[str, int, str]] | None = None,
    problem: str = "",
) -> str:
    uses = _uses().get(table, [])
    streams = [
        f"{row.name}/{stream}"
        for row in _rows()
        for stream in dict.fromkeys(stream for connector, stream, _field, _where in uses if connector == row.connector)
    ]
    return render_template(
        "console/lookup.html",
        table=table,
        sheet=sheet,
        uses=uses,
        streams=streams,
        stream=request.form.get("stream", ""),
        found=workshop.shown(found) if found else None,
        faults=faults,
        lines=workshop.excerpts(
            sheet.text, [line for file, line, _text in faults or () if file == sheet.name and line]
        ),
        problem=problem,
        compare=workshop.compare_of(),
        last=workshop.LAST,
        may_publish=workshop.may_publish(),
        command="retail-hub mapping check",
    )


ROUTES = (
    Route("/lookups", list_lookups, "payload.masked"),
    act("/lookups", name_lookup, "payload.masked"),
    Route("/lookups/<table>", show_lookup, "payload.masked"),
    act("/lookups/<table>/try", try_lookup, "payload.masked"),
    act("/lookups/<table>/save", save_lookup, "rule.publish"),
)
