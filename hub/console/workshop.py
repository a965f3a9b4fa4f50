"""What the pages of mappings, policies and look-ups share: the text in the editor, and a forecast made fit for reading."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Response, abort, request

from hub.console import golden, visit
from hub.console.language import _
from hub.console.visit import hub
from hub.errors import ConfigError, ConflictError
from hub.flow import forecast_kept, site
from hub.flow.forecast import Forecast, Sample, Tally
from hub.model.identifier import format_id
from hub.model.kind import Kind
from hub.model.mask import mask_field
from hub.model.permission import ALL_REALMS

FIELDS = 30
SAMPLES = 2
AROUND = 2
LAST = (100, 500, 1000)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A rule file in the editor. `seen`: what lies on disk under its name; `state`: what the file is now.

    States: `site` (the site's, in force), `changed` (the site's, on disk another than in force), `installed`, `new`.
    """

    name: str
    text: str
    seen: str
    state: str
    closed: str
    """Why it cannot be saved; empty when it can."""


def sheet(name: str, otherwise: str = "") -> Sheet:
    """The file of that name as it would be edited: from disk, else as in force, else as installed, else `otherwise`."""
    disk = _on_disk() if hub().settings.mappings_dir else {}
    held, used = disk.get(name), hub().rules.files.get(name)
    if held is not None:
        return Sheet(name, held, site.digest(held), "site" if held == used else "changed", site.why_not(hub()))
    found = used if used is not None else site.installed_text(hub(), name)
    state = "site" if used is not None else "installed" if found is not None else "new"
    return Sheet(name, otherwise if found is None else found, "", state, site.why_not(hub()))


def _on_disk() -> dict[str, str]:
    try:
        return site.on_disk(hub())
    except ConfigError:
        return {}


def typed() -> str:
    """The text that the form brings, with the line ends of a file."""
    text = request.form.get("text", "").replace("\r\n", "\n")
    if len(text) > site.LARGEST:
        raise ConfigError(_("The file is too long for this page."))
    return text if not text or text.endswith("\n") else text + "\n"


def compare_of() -> int:
    """With how many events or records the form wants to compare; 0 for none."""
    wish = request.form.get("compare", "0")
    return int(wish) if wish in {str(n) for n in LAST} else 0


def check_publisher() -> None:
    """403 for those who may publish rules in some realms only: rules are of all of them."""
    if visit.realms("rule.publish") is not None:
        abort(403, "rule.publish")


def may_publish() -> bool:
    """Whether the visitor may save rules and put them in force."""
    return visit.may("rule.publish", ALL_REALMS)


def save(name: Callable[[], str], seen: str) -> str:
    """Saves what was typed over the file with the digest `seen`; returns why that could not be, empty when it is saved."""
    check_publisher()
    try:
        site.save(hub(), name(), typed(), seen, visit.visit().principal.actor)
    except (ConfigError, ConflictError) as error:
        return str(error)
    return ""


def download(name: str) -> Response:
    """What was typed, as a file."""
    file = Response(typed(), content_type="text/yaml; charset=utf-8")
    safe = "".join(
        sign if sign.isascii() and (sign.isalnum() or sign in "._-") else "_" for sign in name.rpartition("/")[2]
    )
    file.headers["Content-Disposition"] = f'attachment; filename="{safe}"'
    return file


def excerpts(text: str, lines: list[int]) -> list[tuple[int, str, bool]]:
    """`(number, text, is_it)` of the lines of a file that something is said of, with those around them."""
    all_lines, marked = text.splitlines(), set(lines)
    wanted = sorted({n for line in marked for n in range(line - AROUND, line + AROUND + 1) if 1 <= n <= len(all_lines)})
    return [(n, all_lines[n - 1][:200], n in marked) for n in wanted[:200]]


def shown(found: Forecast, *, is_masked: bool = False) -> dict[str, Any]:
    """A forecast for the template: values masked (unless they are), records as links, and other people's systems left out."""
    kinds = hub().registry.kinds
    seen = visit.realms("flow.see")
    outgoing = {
        name: tally
        for name, tally in found.outgoing.items()
        if seen is None or hub().connections.by_name(name).realm in seen
    }
    return {
        "looked": found.looked,
        "is_cut": found.is_cut,
        "mended": found.mended,
        "faults": [(one, format_id("evt", one.event)) for one in found.faults[:FIELDS]],
        "golden": {
            kind: _side(tally, kinds.get(kind), is_masked=is_masked) for kind, tally in sorted(found.golden.items())
        },
        "outgoing": {name: _side(tally, None, is_masked=is_masked) for name, tally in sorted(outgoing.items())},
        "is_empty": not (found.golden or outgoing or found.mended or found.faults),
    }


def _side(tally: Tally, kind: Kind | None, *, is_masked: bool) -> dict[str, Any]:
    rows = []
    for name, count in tally.fields.most_common(FIELDS):
        few = [one for one in tally.samples if one.field == name][:SAMPLES]
        field = kind.by_name.get(name) if kind else None
        rows.append((name, field, count, [_sample(one, kind, is_masked=is_masked) for one in few]))
    return {"acts": dict(tally.acts), "count": sum(tally.acts.values()), "rows": rows}


def masked_shape(name: str, value: Any) -> Any:
    """A value under a system's own name, masked as `hub.flow.forecast_kept.masked_shape` does."""
    return forecast_kept.masked_shape(hub().registry.kinds.values(), name, value)


def _sample(one: Sample, kind: Kind | None, *, is_masked: bool) -> tuple[str, Any, Any]:
    """(address of the record, before, after)."""

    def masked(value: Any) -> Any:
        if is_masked:
            return value
        return (
            masked_shape(one.field, value)
            if kind is None
            else mask_field(kind.by_name.get(one.field), one.field, value)
        )

    url = golden.record_url(kind.name, one.id) if kind is not None and one.before is not None else ""
    return url, masked(one.before), masked(one.after)
