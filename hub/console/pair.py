"""A pair of records as its page shows it: columns of views, rows of comparisons, what is hidden in them. Masked."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from hub.console import golden
from hub.console.language import _
from hub.console.level import Sign, comparison_word, level_word, sign_of
from hub.console.show import plain
from hub.console.visit import hub
from hub.flow.match_case import Case, Near
from hub.flow.match_forecast import Forecast
from hub.flow.match_queue import SAMPLE, Waiting
from hub.flow.match_side import Side, Source, values_of
from hub.model.identifier import format_id
from hub.model.kind import Kind

MOST_VIEWS = 4
MOST_SOURCES = 4
MOST_VALUES = 12
Rid = uuid.UUID


@dataclass(frozen=True, slots=True)
class View:
    """One column. `letter`: A and B are the pair, C and D others that one of both may be, too; `item` is their question."""

    letter: str
    id: Rid
    title: str
    url: str
    sources: tuple[Source, ...]
    more: int
    side: Side | None
    item: str = ""
    weight: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison: what each view says of it, how alike A and B are, and what that weighs."""

    name: str
    title: str
    values: tuple[str, ...]
    level: str
    sign: Sign
    weight: int


def titles(row: Waiting) -> tuple[str, str]:
    """What both are called, masked; the short id of who has no name."""
    kind = hub().registry.kinds.get(row.kind)
    return _title(kind, row.left, row.left_data), _title(kind, row.right, row.right_data)


def title(case: Case) -> str:
    """Both in one line."""
    return " · ".join(titles(case.item))


def _title(kind: Kind | None, id_: Rid | None, data: Mapping[str, Any] | None) -> str:
    if id_ is None:
        return "—"
    named = golden.title_of(kind, dict(data or {}))
    return named or format_id(kind.prefix if kind else "rec", id_)[:14] + "…"


def views(kind: Kind | None, case: Case, revealed: Collection[str] = ()) -> list[View]:
    """A and B, and up to two more that one of them may be."""
    if case.item.type == SAMPLE and case.left is not None:
        return _merged_views(kind, case, case.left, revealed)
    found: list[View] = []
    for letter, side in zip("AB", (case.left, case.right), strict=True):
        if side is not None and (not found or found[0].id != side.id):
            sources = tuple(sorted(side.sources, key=lambda one: (not one.is_compared, one.connection)))
            shown = sources[:MOST_SOURCES]
            name = golden.title_of(kind, side.data, revealed) or _title(kind, side.id, None)
            url = golden.record_url(case.item.kind, side.id)
            found.append(View(letter, side.id, name, url, shown, len(sources) - len(shown), side))
    if len(found) < 2:
        return found
    for letter, near in zip("CD", _others(case), strict=False):
        url = golden.record_url(case.item.kind, near.id)
        item = format_id("itm", near.item_id)
        found.append(View(letter, near.id, _title(kind, near.id, near.data), url, (), 0, None, item, near.weight))
    return found


def _others(case: Case) -> list[Near]:
    """Those beside the pair, each once, the likeliest first."""
    found = {near.id: near for near in reversed(case.near)}
    ranked = sorted(found.values(), key=lambda near: (-near.weight, near.id))
    return ranked[: MOST_VIEWS - 2]


def _merged_views(kind: Kind | None, case: Case, side: Side, revealed: Collection[str]) -> list[View]:
    """Two records that are one already: the ones that were compared."""
    name = golden.title_of(kind, side.data, revealed) or _title(kind, side.id, None)
    url = golden.record_url(case.item.kind, side.id)
    found = []
    for letter, rid in zip("AB", (case.item.a, case.item.b), strict=True):
        sources = tuple(one for one in side.sources if one.rid == rid)
        found.append(View(letter, side.id, name, url, sources, 0, side if letter == "A" else None))
    return found


def rows(kind: Kind | None, case: Case, revealed: Collection[str] = ()) -> list[Row]:
    """The comparisons of the heaviest edge, in the order of the model. Their weights sum to the case's."""
    others = _others(case) if case.left and case.right else []
    found = []
    for one in case.comparisons:
        sides = [one.left, one.right, *(values_of(kind, one.name, near.data) for near in others)]
        shown = tuple(_line(kind, values, revealed if place < 2 else ()) for place, values in enumerate(sides))
        sign = sign_of(one.level, one.weight)
        found.append(Row(one.name, comparison_word(one.name), shown, level_word(one.level), sign, one.weight))
    return found


def _line(kind: Kind | None, values: Mapping[str, Any], revealed: Collection[str]) -> str:
    """The values of one comparison in one line; identities by their value alone, since the row says which they are."""
    parts = []
    for name, value in golden.masked(kind, dict(values), revealed).items():
        if name == "identities" and isinstance(value, list):
            parts.append(", ".join(str(one.get("value", "")) for one in value if isinstance(one, dict)))
        else:
            parts.append(plain(value, kind.by_name.get(name) if kind else None))
    return " · ".join(part for part in parts if part)


def hidden(kind: Kind | None, case: Case) -> tuple[list[str], list[str]]:
    """The fields of A and of B that the mask hides something of."""
    found: tuple[list[str], list[str]] = ([], [])
    for one in case.comparisons:
        for place, values in enumerate((one.left, one.right)):
            shown = golden.masked(kind, dict(values))
            found[place].extend(f for f in values if shown.get(f) != values[f] and f not in found[place])
    return found


def every_field(kind: Kind | None) -> frozenset[str]:
    """All fields of a kind."""
    return frozenset(kind.by_name) if kind else frozenset()


def values(kind: Kind | None, forecast: Forecast) -> list[tuple[str, str, str, str]]:
    """(field, A, B, afterwards) of the first values that differ, masked, in the order of the declaration."""
    order = {field.name: place for place, field in enumerate(kind.fields)} if kind else {}
    found = sorted(forecast.values, key=lambda one: order.get(one[0], len(order)))[:MOST_VALUES]

    def shown(name: str, value: Any) -> str:
        masked = golden.masked(kind, {name: value})[name]
        return plain(masked, kind.by_name.get(name) if kind else None) or "—"

    return [(name, shown(name, left), shown(name, right), shown(name, then)) for name, left, right, then in found]


def bought(side: Side) -> str:
    """What somebody bought where, in words."""
    seen = side.behaviour
    if not seen.orders:
        return _("no orders")
    places = ", ".join(seen.stores[:3])
    return _("%(n)s orders", n=seen.orders) + (f" · {places}" if places else "")
