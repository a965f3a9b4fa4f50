"""Mappings: which file reads what, and the workbench where one is tried while it is written."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import Any

from flask import abort, render_template, request

from hub.console import golden, visit, workshop
from hub.console.address import wished
from hub.console.language import N_, _
from hub.console.message import done
from hub.console.payload import render as render_body
from hub.console.route import Route, act
from hub.console.shell import page_url
from hub.console.visit import hub
from hub.console.who import names_of
from hub.errors import ConfigError, ConflictError, NotFoundError
from hub.flow import disk, release, workbench
from hub.flow.bounded import bounded
from hub.flow.connection import ConnectionRow
from hub.flow.workbench import Tried, Wish
from hub.model.identifier import format_id, parse_id
from hub.model.mask import mask_field, mask_raw
from hub.rules.mapping import InMapping
from hub.store import console_mapping as store

SAMPLES = 12
Counts = dict[tuple[int, str], list[store.TopicCount]]
SPANS = {"24h": N_("last 24 hours"), "7d": N_("last 7 days"), "30d": N_("last 30 days"), "": N_("all that are stored")}
PARTS = {
    "mappings": N_("Mappings"), "policies": N_("Policies"), "kinds": N_("Kinds"), "transforms": N_("Transforms"),
    "matching": N_("Matching models"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One stream of one connection. `direction`: in, out or both; `version`: of its file's content."""

    connection: str
    stream: str
    kind: str
    file: str
    direction: str
    version: str
    lately: int
    aside: int
    drift: int


def list_mappings() -> Any:
    """Every stream and its file, what is in force, what on disk differs, and what was in force before."""
    rows = _rows()
    connection = wished("connection", [row.name for row in rows])
    found = store.in_force(hub().db)
    counts, drift = _counts(rows), store.open_drift(hub().db, [row.id for row in rows])
    differs, wrong = _differs(found)
    return render_template(
        "console/mappings.html",
        lines=[line for row in rows if connection in ("", row.name) for line in _lines(row, counts, drift)][:300],
        connection=connection,
        connections=[row.name for row in rows],
        now=found.history[0] if found.history else None,
        history=found.history,
        people=names_of(one.by for one in found.history),
        differs=differs,
        wrong=wrong,
        parts=PARTS,
        spans=SPANS,
        may_publish=workshop.may_publish(),
        command="retail-hub release",
        api="GET /api/v1/mappings",
    )


def _differs(found: store.InForce) -> tuple[dict[str, list[str]], str]:
    """What on disk differs from what is in force, by part; or why that cannot be said."""
    if not found.history:
        return {}, ""
    try:
        return release.compare(found.manifest, disk.manifest_on_disk(hub())), ""
    except ConfigError as error:
        return {}, str(error)


def _rows() -> list[ConnectionRow]:
    seen = visit.realms("payload.masked")
    return [
        row for row in hub().connections.all() if row.disconnected_at is None and (seen is None or row.realm in seen)
    ]


def _counts(rows: list[ConnectionRow]) -> Counts:
    by_id = {row.id: row for row in rows}
    found: Counts = {}
    for count in store.topic_counts(hub().db, list(by_id)):
        key = workbench.topic_key(hub(), by_id[count.connection_id], count.topic)
        found.setdefault((count.connection_id, key or ""), []).append(count)
    return found


def _lines(row: ConnectionRow, counts: Counts, drift: dict[tuple[int, str], int]) -> list[Line]:
    hashes = hub().rules.manifest["mappings"]
    lines = []
    for stream, mapping in sorted(hub().rules.mappings.streams(row.connector, row.name).items()):
        direction = _direction(row, mapping)
        if direction:
            mine = counts.get((row.id, stream), [])
            lines.append(
                Line(
                    row.name, stream, mapping.kind, mapping.spec.file, direction, hashes.get(mapping.spec.file, "")[:8],
                    sum(one.lately for one in mine), sum(one.aside for one in mine),
                    drift.get((row.id, stream), 0),
                )
            )  # fmt: skip
    return lines


def _direction(row: ConnectionRow, mapping: InMapping) -> str:
    out = hub().rules.mappings.outbound(row.connector, mapping.kind, row.name)
    is_out = row.writes(mapping.kind) and out is not None and out.spec.file == mapping.spec.file
    return (
        "both" if row.reads(mapping.kind) and is_out else "in" if row.reads(mapping.kind) else "out" if is_out else ""
    )


def show_mapping(name: str, stream: str) -> Any:
    """The workbench of one stream. The address may name an event to try, and a line to put into the file."""
    row, mapping = _at(name, stream)
    sheet, line = _sheet(row, stream, mapping), request.args.get("insert", "")[:200]
    if line:
        sheet = replace(sheet, text=workbench.inserted(sheet.text, line))
    return _page(row, mapping, sheet, request.args.get("event", "")[:40])


def try_mapping(name: str, stream: str) -> Any:
    """The same page with what came of what was typed. Stores nothing."""
    row, mapping = _at(name, stream)
    sheet = _typed_sheet(row, stream, mapping)
    if request.form.get("insert"):
        sheet = replace(sheet, text=workbench.inserted(sheet.text, request.form["insert"][:200]))
    event = request.form.get("event", "")
    try:
        tried = _attempt(row, stream, sheet.text, event)
    except (ConfigError, ConflictError, NotFoundError) as error:
        return _page(row, mapping, sheet, event, problem=str(error))
    return _page(row, mapping, sheet, event, tried)


def _attempt(row: ConnectionRow, stream: str, text: str, event: str) -> Tried:
    place = workbench.place_of(hub(), row, stream, text)
    pasted = request.form.get("pasted", "")
    topic = request.form.get("topic", "")[:200]
    wish = Wish(row.name, stream, {place: text}, _event(row, stream, event), pasted, topic, workshop.compare_of())
    return bounded(hub(), lambda mine: workbench.attempt(mine, wish))


def _event(row: ConnectionRow, stream: str, wish: str) -> uuid.UUID | None:
    """The event that is wished for, else the newest of the stream."""
    if wish:
        prefix, found = parse_id(wish.strip())
        if prefix != "evt":
            raise ConfigError(_("An event’s id begins with evt_."))
        return found
    return next((one.id for one in _newest(row, stream)), None)


def _newest(row: ConnectionRow, stream: str) -> list[store.Arrived]:
    from flask import g

    if "newest" not in g:
        arrived = store.newest(hub().db, row.id)
        keys = {topic: workbench.topic_key(hub(), row, topic) for topic in {one.topic for one in arrived}}
        g.newest = [one for one in arrived if keys[one.topic] == stream][:SAMPLES]
    found: list[store.Arrived] = g.newest
    return found


def save_mapping(name: str, stream: str) -> Any:
    """Puts the file into the site's folder. It takes effect when it is put in force."""
    row, mapping = _at(name, stream)
    sheet = _typed_sheet(row, stream, mapping)
    problem = workshop.save(lambda: workbench.place_of(hub(), row, stream, sheet.text), sheet.seen)
    if problem:
        return _page(row, mapping, sheet, request.form.get("event", ""), problem=problem), 422
    return done(
        page_url("show_mapping", name=name, stream=stream), _("Saved. It takes effect when it is put in force.")
    )


def download_mapping(name: str, stream: str) -> Any:
    """What was typed, as a file."""
    _row, mapping = _at(name, stream)
    return workshop.download(mapping.spec.file)


def _at(name: str, stream: str) -> tuple[ConnectionRow, InMapping]:
    """The connection and the file of the address; 404 when there is none, or the visitor may not see it."""
    row = next((one for one in _rows() if one.name == name), None)
    found = hub().rules.mappings.inbound(row.connector, stream, row.name) if row else None
    if row is None or found is None:
        abort(404)
    return row, found


def _sheet(row: ConnectionRow, stream: str, mapping: InMapping) -> workshop.Sheet:
    """The file of a stream: one on disk that is of it alone, else the one in force."""
    return workshop.sheet(workbench.saved_place(hub(), row, stream) or mapping.spec.file)


def _typed_sheet(row: ConnectionRow, stream: str, mapping: InMapping) -> workshop.Sheet:
    """What was typed, under the name at which it would be kept."""
    held, text = _sheet(row, stream, mapping), workshop.typed()
    try:
        place = workbench.place_of(hub(), row, stream, text)
    except ConfigError:
        place = held.name
    seen = request.form.get("seen", "") if place == request.form.get("name", place) else ""
    return replace(held if place == held.name else workshop.sheet(place), text=text, seen=seen)


def _page(
    row: ConnectionRow,
    mapping: InMapping,
    sheet: workshop.Sheet,
    event: str,
    tried: Tried | None = None,
    problem: str = "",
) -> str:
    stream = request.view_args["stream"] if request.view_args else ""
    return render_template(
        "console/workbench.html",
        row=row,
        stream=stream,
        mapping=mapping,
        sheet=sheet,
        shares=[
            name
            for name, one in hub().rules.mappings.streams(row.connector, row.name).items()
            if one.spec.file == mapping.spec.file
        ],
        events=[(format_id("evt", one.id), one) for one in _newest(row, stream)],
        event=event,
        pasted=request.form.get("pasted", "")[:100_000],
        topic=request.form.get("topic", "")[:200],
        compare=workshop.compare_of(),
        last=workshop.LAST,
        tried=_shown(tried, sheet) if tried else None,
        problem=problem,
        may_publish=workshop.may_publish(),
        command="retail-hub mapping check",
        api="POST /api/v1/mappings/preview",
    )


def _shown(tried: Tried, sheet: workshop.Sheet) -> dict[str, Any]:
    """What came of it, for the template: values masked, and the lines that something is said of."""
    import orjson

    marks = [line for file, line, _text in tried.faults if file == sheet.name]
    marks += [_line_of(one.where) for one in tried.problems if one.where.startswith(f"{sheet.name}:")]
    return {
        "faults": tried.faults,
        "problems": [{**one.as_dict(), "value": mask_raw(one.value, one.path)} for one in tried.problems],
        "lines": workshop.excerpts(sheet.text, [line for line in marks if line]),
        "topic": tried.topic,
        "body": render_body(orjson.dumps(tried.payload), is_masked=True).text[:12_000]
        if tried.payload is not None
        else "",
        "made": [_made(one) for one in tried.made],
        "strays": [(one, workshop.masked_shape(one.path.rpartition(".")[2], one.sample)) for one in tried.strays],
        "forecast": workshop.shown(tried.forecast) if tried.forecast else None,
    }


def _line_of(where: str) -> int:
    number = where.rpartition(":")[2]
    return int(number) if number.isdecimal() else 0


def _made(one: workbench.Made) -> dict[str, Any]:
    kind = hub().registry.kinds.get(one.draft.kind)
    said, now = one.draft.asserted, one.now
    names = golden.arranged(kind, {**dict.fromkeys(now), **dict.fromkeys(said)})
    rows = [
        {
            "name": name,
            "field": kind.by_name.get(name) if kind else None,
            "has": name in said,
            "value": _masked(kind, name, said.get(name)),
            "had": name in now,
            "now": _masked(kind, name, now.get(name)),
            "is_other": (name in said) != (name in now) or said.get(name) != now.get(name),
            "line": one.lines.get(name, ""),
        }
        for name in names
    ]
    shapes = [
        (shape, {name: workshop.masked_shape(name, value) for name, value in shape.body.items()})
        for shape in one.shapes
        if _is_seen(shape.connection)
    ]
    return {"draft": one.draft, "rows": rows, "shapes": shapes}


def _masked(kind: Any, name: str, value: Any) -> Any:
    return mask_field(kind.by_name.get(name) if kind else None, name, value)


def _is_seen(connection: str) -> bool:
    return visit.may("payload.masked", hub().connections.by_name(connection).realm)


ROUTES = (
    Route("/mappings", list_mappings, "payload.masked"),
    Route("/mappings/<name>/<path:stream>", show_mapping, "payload.masked"),
    act("/mappings/<name>/<path:stream>/try", try_mapping, "payload.masked"),
    act("/mappings/<name>/<path:stream>/save", save_mapping, "rule.publish"),
    act("/mappings/<name>/<path:stream>/download", download_mapping, "payload.masked"),
)
