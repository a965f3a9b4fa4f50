"""The lines of a timeline as a page shows them: links, names and undo instead of ids."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

from hub.console import golden
from hub.console.label import kind_label
from hub.console.shell import page_url
from hub.console.show import event_url
from hub.console.visit import hub
from hub.console.who import names_of
from hub.flow.timeline import Line
from hub.model.identifier import format_id
from hub.model.kind import Kind

MOST_FIELDS = 8


@dataclass(slots=True)
class Shown:
    """One line. `changes`: (field, before, after). `act`: the decision that `undo` takes, '' when it was undone."""

    at: str
    what: str
    kind: str
    url: str = ""
    title: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    changes: list[tuple[str, Any, Any]] = field(default_factory=list)
    order: tuple[str, str] | None = None
    author: str = ""
    revoked_by: str = ""
    act: str = ""


def shown(kind: Kind, lines: list[Line], here: uuid.UUID) -> list[Shown]:
    """The lines of a record of `kind` whose golden id is `here`."""
    names = names_of(
        name for line in lines if line.what == "decision" for name in (line.data["author"], line.data["revoked_by"])
    )
    makers = {"fact": _fact, "change": _change, "decision": _decision}
    return [makers[line.what](kind, line, names, here) for line in lines]


def _fact(kind: Kind, line: Line, names: dict[str, str], here: uuid.UUID) -> Shown:
    del kind, names, here
    declared = hub().registry.kinds.get(line.kind)
    made = Shown(line.at, "fact", line.kind, golden.record_url(line.kind, line.id), kind_label(declared, line.kind))
    made.data = line.data
    if line.order:
        made.order = (line.order[0], golden.record_url("order", line.order[1]))
    return made


def _change(kind: Kind, line: Line, names: dict[str, str], here: uuid.UUID) -> Shown:
    del names
    data = line.data
    cause_id = uuid.UUID(str(data["cause_id"])) if data.get("cause_id") else None
    made = Shown(line.at, "change", line.kind, event_url(str(data["cause"]), cause_id), data=data)
    if line.kind == "updated":
        made.changes = _changes(list(data.get("fields") or ()), data)
    if line.id != here:
        made.title = format_id(kind.prefix, line.id)
    return made


def _decision(kind: Kind, line: Line, names: dict[str, str], here: uuid.UUID) -> Shown:
    del kind, here
    data = line.data
    made = Shown(line.at, "decision", line.kind, data=data)
    made.author = names.get(data["author"], str(data["author"]))
    if data["revoked_at"]:
        made.revoked_by = names.get(data["revoked_by"] or "", str(data["revoked_by"] or "—"))
    else:
        made.act = format_id("dec", line.id)
    if data.get("after"):
        made.changes = _changes(sorted({**(data["before"] or {}), **data["after"]}), data)
    return made


def _changes(names: list[str], data: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    before, after = data.get("before") or {}, data.get("after") or {}
    return [(name, before.get(name), after.get(name)) for name in names[:MOST_FIELDS]]


def filters(kind: str, record_id: str, chosen: str, parts: list[str]) -> list[tuple[str, str, bool]]:
    """(part, address, is chosen) of every part of a timeline; '' is all of it."""
    return [
        (part, page_url("show_record", kind=kind, record_id=record_id, part=part or None) + "#timeline", part == chosen)
        for part in ["", *parts]
    ]
