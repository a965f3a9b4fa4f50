"""How it weighs that two records are alike: the model in force, where its thresholds lie, what people answered there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import abort, g, render_template, request

from hub.console import golden, workshop
from hub.console.language import _
from hub.console.level import comparison_word, level_word, pattern_words
from hub.console.message import done
from hub.console.picture import Bar, histogram
from hub.console.route import Route, act
from hub.console.shell import page_url
from hub.console.visit import hub, realms
from hub.errors import ConfigError, ConflictError
from hub.flow import match_preview, workbench
from hub.flow.bounded import bounded
from hub.flow.match_preview import Example, Preview
from hub.rules.identity.model import MatchModel
from hub.rules.identity.model_file import FOLDER
from hub.store import match_weight as store
from hub.store.match_weight import Bucket


@dataclass(frozen=True, slots=True)
class Zone:
    """One row of the table: what the hub does there by itself."""

    bucket: Bucket
    does: str


def show_matching() -> Any:
    """The thresholds on the weights of scored pairs, with people's answers beside them, and what weighs how much."""
    return _page(_kind())


def try_matching() -> Any:
    """The same page with what the typed model would merge and split. Stores nothing."""
    kind = _kind()
    sheet = _typed_sheet(kind)

    def work(mine: Any) -> Preview | None:
        look = match_preview.candidate(mine, kind, sheet.text, sheet.name)
        return match_preview.preview(mine, look, kind) if request.form.get("compare") else None

    try:
        found = bounded(hub(), work)
    except ConflictError as error:
        return _page(kind, sheet, problem=str(error))
    except ConfigError as error:
        faults = workbench.faults_of(str(error))
        return _page(kind, sheet, faults=faults) if faults else _page(kind, sheet, problem=str(error))
    return _page(kind, sheet, found=found, is_fit=True)


def save_matching() -> Any:
    """Puts the model into the site's folder. It takes effect when it is put in force."""
    kind = _kind()
    problem = workshop.save(lambda: _file(kind), request.form.get("seen", ""))
    if problem:
        return _page(kind, _typed_sheet(kind), problem=problem), 422
    return done(page_url("show_matching", kind=kind), _("Saved. It takes effect when it is put in force."))


def _kind() -> str:
    models = hub().rules.matching
    kind = request.values.get("kind", "") or next(iter(models), "")
    if kind not in models and (kind or models or request.method == "POST"):
        abort(404)
    return kind


def _file(kind: str) -> str:
    return f"{FOLDER}/{kind}.yaml"


def _typed_sheet(kind: str) -> workshop.Sheet:
    held = workshop.sheet(_file(kind))
    return workshop.Sheet(held.name, workshop.typed(), request.form.get("seen", ""), held.state, held.closed)


def _page(
    kind: str,
    sheet: workshop.Sheet | None = None,
    found: Preview | None = None,
    faults: list[tuple[str, int, str]] | None = None,
    problem: str = "",
    *,
    is_fit: bool = False,
) -> str:
    models = hub().rules.matching
    model = models.get(kind)
    sheet = sheet or (workshop.sheet(_file(kind)) if model else None)
    buckets = _buckets(kind) if model else []
    lines = [line for file, line, _text in faults or () if sheet and file == sheet.name and line]
    return render_template(
        "console/matching.html",
        kind=kind,
        kinds_matched=list(models),
        model=model,
        zones=[Zone(one, _does(one, model)) for one in buckets] if model else [],
        picture=_picture(buckets, model) if model and buckets else "",
        most=store.MOST,
        comparisons=_comparisons(model) if model else [],
        sheet=sheet,
        found=found,
        # Examples are of all realms: figures alone for those who see some.
        examples=[_example(kind, one) for one in found.examples] if found and realms("record.steward") is None else [],
        sent=workshop.shown(found.sent) if found and realms("record.steward") is None else None,
        is_fit=is_fit,
        faults=faults,
        lines=workshop.excerpts(sheet.text, lines) if sheet else [],
        problem=problem,
        compare=bool(request.form.get("compare", "1")),
        may_publish=workshop.may_publish(),
    )


def _example(kind: str, one: Example) -> dict[str, Any]:
    """Records that would be joined or parted, masked, by the golden record that they would then be."""
    declared = hub().registry.kinds.get(kind)
    groups: dict[Any, list[tuple[str, str, str]]] = {}
    for member in one.members:
        title = golden.title_of(declared, dict(member.data))
        groups.setdefault(member.after if one.act == "split" else member.before, []).append(
            (member.connection, member.external_id, title)
        )
    return {
        "act": one.act,
        "groups": list(groups.values()),
        "records": one.records,
        "weight": one.weight,
        "pattern": pattern_words(one.pattern),
    }


def _buckets(kind: str) -> list[Bucket]:
    return store.buckets(hub().db, kind, realms("record.steward"))


def _does(bucket: Bucket, model: MatchModel) -> str:
    if bucket.bits * 1000 >= model.auto:
        return _("joined by itself")
    return _("asked") if (bucket.bits + 1) * 1000 > model.review else _("nothing")


def _picture(found: Sequence[Bucket], model: MatchModel) -> Any:
    bars = [
        Bar(one.bits, one.pairs, (("ok", one.same), ("bad", one.different), ("wait", one.household))) for one in found
    ]
    lines = [
        (model.review / 1000, _("asked from %(n)s", n=g.fmt.weight(model.review))),
        (model.auto / 1000, _("by itself from %(n)s", n=g.fmt.weight(model.auto))),
    ]
    return histogram(bars, lines, (_("Pairs"), _("Answers")), _("How much pairs weigh, and what people answered"))


def _comparisons(model: MatchModel) -> list[tuple[str, list[tuple[str, int]]]]:
    """What is compared, with the weight of each level."""
    return [
        (comparison_word(name), [(level_word(level), one.weight) for level, one in levels.items()])
        for name, levels in model.spec.comparisons.items()
    ]


ROUTES = (
    Route("/policies/matching", show_matching, "record.steward"),
    act("/policies/matching/try", try_matching, "record.steward"),
    act("/policies/matching/save", save_matching, "rule.publish"),
)
