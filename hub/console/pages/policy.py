"""Policies: whose value of a field wins, how often each system's does, and what another rule would change."""

from __future__ import annotations

from typing import Any

from flask import abort, render_template, request

from hub.console import golden, visit, workshop
from hub.console.golden import kind_of_plural
from hub.console.language import _
from hub.console.message import done
from hub.console.route import Route, act
from hub.console.shell import page_url
from hub.console.visit import hub
from hub.errors import ConfigError, ConflictError
from hub.flow import forecast, site, workbench
from hub.flow.bounded import bounded
from hub.flow.forecast import Forecast
from hub.model.kind import Kind
from hub.model.mask import mask_field
from hub.rules.policies import POLICIES
from hub.rules.survivorship import FieldRule
from hub.store import console_mapping as store

START = "default: {policy: latest}\n"


def list_policies() -> Any:
    """Every kind, with how many fields have a rule of their own."""
    rows = []
    for name, kind in hub().registry.kinds.items():
        rules = hub().rules.field_rules(name)
        file = _file(kind)
        origin = "site" if file in hub().rules.files else "installed" if site.installed_text(hub(), file) else ""
        used: dict[str, int] = {}
        for rule in rules:
            used[rule.policy] = used.get(rule.policy, 0) + 1
        rows.append((kind, file if origin else "", used, [rule.name for rule in rules if rule.connections]))
    return render_template(
        "console/policies.html",
        rows=rows,
        policies=[*POLICIES, *sorted(hub().registry.policies)],
        meaning=golden.meaning_of,
        command="retail-hub release",
    )


def show_policy(kind: str) -> Any:
    """The rules of one kind, whose values stand lately, and the file to change them in."""
    return _page(_kind(kind), workshop.sheet(_file(_kind(kind)), START))


def try_policy(kind: str) -> Any:
    """The same page with what the typed rules would change. Stores nothing."""
    declared = _kind(kind)
    sheet = _typed_sheet(declared)
    files, last = {sheet.name: sheet.text}, workshop.compare_of()

    def work(mine: Any) -> Forecast:
        look = site.with_files(mine, files)
        return forecast.of_policies(mine, look, declared.name, last) if last else Forecast()

    try:
        found = bounded(hub(), work)
    except ConflictError as error:
        return _page(declared, sheet, problem=str(error))
    except ConfigError as error:
        return _page(declared, sheet, faults=workbench.faults_of(str(error)))
    return _page(declared, sheet, found=found)


def save_policy(kind: str) -> Any:
    """Puts the file into the site's folder. It takes effect when it is put in force."""
    declared = _kind(kind)
    problem = workshop.save(lambda: _file(declared), request.form.get("seen", ""))
    if problem:
        return _page(declared, _typed_sheet(declared), problem=problem), 422
    return done(page_url("show_policy", kind=declared.plural), _("Saved. It takes effect when it is put in force."))


def _kind(plural: str) -> Kind:
    return kind_of_plural(plural) or abort(404)


def _file(kind: Kind) -> str:
    return f"policies/{kind.name}.yaml"


def _typed_sheet(kind: Kind) -> workshop.Sheet:
    held = workshop.sheet(_file(kind), START)
    return workshop.Sheet(held.name, workshop.typed(), request.form.get("seen", ""), held.state, held.closed)


def _page(
    kind: Kind,
    sheet: workshop.Sheet,
    found: Forecast | None = None,
    faults: list[tuple[str, int, str]] | None = None,
    problem: str = "",
) -> str:
    wins = _wins(kind)
    lines = [line for file, line, _text in faults or () if file == sheet.name and line]
    return render_template(
        "console/policy.html",
        kind=kind,
        rows=[_row(kind, rule, wins) for rule in hub().rules.field_rules(kind.name)],
        sheet=sheet,
        found=workshop.shown(found) if found else None,
        faults=faults,
        lines=workshop.excerpts(sheet.text, lines),
        problem=problem,
        compare=workshop.compare_of(),
        last=workshop.LAST,
        connections=[
            row.name for row in hub().connections.all() if row.reads(kind.name) and row.disconnected_at is None
        ],
        may_publish=workshop.may_publish(),
        command="retail-hub release",
        api="POST /api/v1/policies/preview",
    )


def _wins(kind: Kind) -> dict[str, list[store.Win]]:
    """Field -> whose values stand, most first."""
    seen = visit.realms("record.steward")
    realms = sorted({row.realm for row in hub().connections.all() if seen is None or row.realm in seen})
    found: dict[str, list[store.Win]] = {}
    for win in store.wins(hub().db, kind.name, realms) if realms else ():
        found.setdefault(win.field, []).append(win)
    return found


def _row(kind: Kind, rule: FieldRule, wins: dict[str, list[store.Win]]) -> dict[str, Any]:
    """A rule with its first field's wins: a group's fields win together."""
    first = next((name for name in rule.fields if name in wins), rule.fields[0])
    found = wins.get(first, [])
    field = kind.by_name.get(first)
    total = sum(win.count for win in found) or 1
    example = found[0] if found else None
    return {
        "rule": rule,
        "field": kind.by_name.get(rule.name),
        "wins": [(win.connection, win.count, round(100 * win.count / total)) for win in found[:6]],
        "example": mask_field(field, first, example.value) if example else None,
        "example_field": field,
        "url": golden.record_url(kind.name, example.sample) if example else "",
    }


ROUTES = (
    Route("/policies", list_policies, "record.steward"),
    Route("/policies/<kind>", show_policy, "record.steward"),
    act("/policies/<kind>/try", try_policy, "record.steward"),
    act("/policies/<kind>/save", save_policy, "rule.publish"),
)
