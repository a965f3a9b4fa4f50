"""How it weighs that two records are alike: the model in force, where its thresholds lie, what people answered there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import abort, g, render_template, request

from hub.console.language import _
from hub.console.level import comparison_word, level_word
from hub.console.picture import Bar, histogram
from hub.console.route import Route
from hub.console.visit import hub, realms
from hub.rules.identity.model import MatchModel
from hub.store import match_weight as store
from hub.store.match_weight import Bucket


@dataclass(frozen=True, slots=True)
class Zone:
    """One row of the table: what the hub does there by itself."""

    bucket: Bucket
    does: str


def show_matching() -> Any:
    """The thresholds on the weights of scored pairs, with people's answers beside them, and what weighs how much."""
    models = hub().rules.matching
    kind = request.args.get("kind", "") or next(iter(models), "")
    if kind not in models and (kind or models):
        abort(404)
    model = models.get(kind)
    found = store.buckets(hub().db, kind, realms("record.steward")) if model else []
    return render_template(
        "console/matching.html",
        kind=kind,
        kinds_matched=list(models),
        model=model,
        zones=[Zone(one, _does(one, model)) for one in found] if model else [],
        picture=_picture(found, model) if model and found else "",
        most=store.MOST,
        comparisons=_comparisons(model) if model else [],
    )


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


ROUTES = (Route("/policies/matching", show_matching, "record.steward"),)
