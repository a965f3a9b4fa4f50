"""One pair opened up: what both sides say, what that weighs, what speaks against, and what a merge would do."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hub.flow import match_forecast, match_guard, match_queue, match_rule, match_side
from hub.flow.context import Hub
from hub.flow.match_forecast import Forecast
from hub.flow.match_side import Comparison, Side
from hub.store import match_near as near_store
from hub.store.match_item import MATCH, Waiting
from hub.store.match_near import EdgeRow, NearRow

Rid = uuid.UUID
WHY = "asked what would come of it"


@dataclass(frozen=True, slots=True)
class Link:
    """Another scored edge between both sides; `parts`: (comparison, level, weight)."""

    a: Rid
    b: Rid
    weight: int
    parts: tuple[tuple[str, str, int], ...]
    apart: str
    relation: str


@dataclass(frozen=True, slots=True)
class Near:
    """Another open pair of one of both sides: `id` the golden record at its far end, `to` the side it is beside."""

    item_id: Rid
    id: Rid
    to: Rid
    data: dict[str, Any]
    weight: int
    apart: str


@dataclass(frozen=True, slots=True)
class Case:
    """Everything a steward needs of one pair. `closed`: why it cannot be answered any more or just now, else empty.

    `left`, `right` None: the record is gone, or (both the same) they are one by now. `weight` is the sum of the
    comparisons' weights; `auto`, `review`: the model's lines, None without a model. `apart`: the guard between both; a
    merge in spite of it needs a reason. `forecast` None: it was not asked for, or there is nothing to join.
    """

    item: Waiting
    left: Side | None
    right: Side | None
    comparisons: tuple[Comparison, ...]
    weight: int
    auto: int | None
    review: int | None
    apart: str
    relation: str
    links: tuple[Link, ...]
    near: tuple[Near, ...]
    forecast: Forecast | None
    closed: str


def open_case(
    hub: Hub, item_id: Rid, by: str, realms: Sequence[str] | None = None, *, with_forecast: bool = True
) -> Case:
    """One pair as it is now. `NotFoundError` where there is none of that id in these realms. Changes nothing.

    `by`: who looks; a pair that somebody else works on is shown, and `closed` says so.
    """
    item = match_queue.find(hub, item_id, realms)
    kind = hub.registry.kinds.get(item.kind)
    with hub.db.session() as conn:
        sides, said = match_side.load(conn, hub, (item.a, item.b))
        is_pair = len(sides) == 2
        ids = [side.id for side in sides]
        edges = near_store.between(conn, ids[0], ids[1]) if is_pair else near_store.of_pair(conn, item.a, item.b)
        near = near_store.near(conn, item.id, ids, item.kind) if is_pair else []
    edge = _edge_of(item, edges)
    model = match_guard.model_of(hub, item.kind)
    known = tuple(model.spec.comparisons) if model else ()
    left, right = (sides[0], sides[-1]) if sides else (None, None)
    return Case(
        item=item,
        left=left,
        right=right,
        comparisons=match_side.comparisons(kind, _parts(edge), said.get(item.a, {}), said.get(item.b, {}), known),
        weight=edge.weight if edge else item.weight,
        auto=model.auto if model else None,
        review=model.review if model else None,
        apart=item.apart or (str(edge.reason.get("apart") or "") if edge else ""),
        relation=(edge.relation if edge else "") or item.relation,
        links=tuple(_link(one) for one in edges if one is not edge),
        near=tuple(_near(one) for one in near),
        forecast=_forecast(hub, item, by, left, right) if with_forecast and is_pair and item.type == MATCH else None,
        closed=_closed(item, by, is_pair=is_pair),
    )


def _edge_of(item: Waiting, edges: Sequence[EdgeRow]) -> EdgeRow | None:
    pair = {item.a, item.b}
    return next((edge for edge in edges if {edge.a, edge.b} == pair), edges[0] if edges else None)


def _parts(edge: EdgeRow | None) -> tuple[tuple[str, str, int], ...]:
    found = edge.reason.get("parts") or () if edge else ()
    return tuple((str(name), str(level), int(weight)) for name, level, weight in found)


def _link(edge: EdgeRow) -> Link:
    return Link(edge.a, edge.b, edge.weight, _parts(edge), str(edge.reason.get("apart") or ""), edge.relation)


def _near(row: NearRow) -> Near:
    weight, apart = int(row.data.get("weight") or 0), str(row.data.get("apart") or "")
    return Near(row.item_id, row.other, row.to, row.golden or {}, weight, apart)


def _closed(item: Waiting, by: str, *, is_pair: bool) -> str:
    if item.state == "open" and not is_pair and item.type == MATCH:
        return "the two are one record by now, or one of them is gone: there is nothing to answer"
    if item.state == "open" and item.claimed_by == by:
        return ""
    return match_queue.state_of(item)


def _forecast(hub: Hub, item: Waiting, by: str, left: Side | None, right: Side | None) -> Forecast | None:
    if left is None or right is None or item.state == "resolved":
        return None
    work = match_rule.joining(hub, item, by, WHY)
    return match_forecast.forecast(hub, work, left, right, item.kind)
