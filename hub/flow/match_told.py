"""A pair as the API and the command line tell of it: ids with prefixes, times as text, personal values masked."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from hub.flow.context import Hub
from hub.flow.match_bulk import PREFIX
from hub.flow.match_case import Case, Link, Near
from hub.flow.match_forecast import Forecast
from hub.flow.match_precision import Sample
from hub.flow.match_queue import Waiting
from hub.flow.match_side import Side
from hub.model.identifier import format_id
from hub.model.kind import Kind
from hub.model.mask import mask_field
from hub.model.time import format_time
from hub.store.match_bulk import Bulk

Rid = uuid.UUID
Json = dict[str, Any]


class Teller:
    """Tells of pairs of one kind; `is_clear`: to somebody who may see personal values."""

    def __init__(self, hub: Hub, kind: str, *, is_clear: bool = False) -> None:
        self._kind: Kind | None = hub.registry.kinds.get(kind)
        self._is_clear = is_clear

    def id(self, id_: Rid | None) -> str | None:
        """A golden id."""
        return format_id(self._kind.prefix if self._kind else "rec", id_) if id_ else None

    def data(self, data: Mapping[str, Any] | None) -> Json | None:
        """Canonical data."""
        if data is None:
            return None
        return {name: self._value(name, value) for name, value in data.items()}

    def _value(self, name: str, value: Any) -> Any:
        if self._is_clear or value is None:
            return value
        return mask_field(self._kind.by_name.get(name) if self._kind else None, name, value)

    def waiting(self, row: Waiting) -> Json:
        """One line of the queue."""
        return {
            "id": format_id("itm", row.id), "type": row.type, "state": row.state, "kind": row.kind,
            "left": self.id(row.left), "right": self.id(row.right), "weight": row.weight, "stake": row.stake,
            "pattern": row.pattern, "apart": row.apart, "relation": row.relation, "week": row.data.get("week"),
            "claimed_by": row.claimed_by or None, "claimed_until": _time(row.claimed_until),
            "snoozed_until": _time(row.snoozed_until), "first_at": _time(row.first_at),
            "resolved_at": _time(row.resolved_at), "resolved_by": row.resolved_by or None, "resolution": row.resolution,
        }  # fmt: skip

    def case(self, case: Case) -> Json:
        """A pair opened up."""
        return {
            **self.waiting(case.item),
            "closed": case.closed,
            "weight": case.weight,
            "auto": case.auto,
            "review": case.review,
            "apart": case.apart,
            "relation": case.relation,
            "comparisons": [
                {"name": one.name, "level": one.level, "weight": one.weight, "left": self.data(one.left),
                 "right": self.data(one.right)}
                for one in case.comparisons
            ],
            "sides": [self._side(side) for side in (case.left, case.right) if side],
            "links": [_link(one) for one in case.links],
            "near": [self._near(one) for one in case.near],
            "forecast": self._forecast(case.forecast) if case.forecast else None,
        }  # fmt: skip

    def _side(self, side: Side) -> Json:
        return {
            "id": self.id(side.id),
            "data": self.data(side.data),
            "sources": [
                {"id": format_id("rec", one.rid), "connection": one.connection, "object_type": one.object_type,
                 "external_id": one.external_id, "is_compared": one.is_compared, "last_event_at": one.last_event_at}
                for one in side.sources
            ],
            "stake": {
                "orders": side.stake.orders, "points": f"{side.stake.points:f}", "consents": side.stake.consents,
                "total": side.stake.total,
            },
            "behaviour": {
                "orders": side.behaviour.orders, "stores": list(side.behaviour.stores), "first": side.behaviour.first,
                "last": side.behaviour.last,
            },
        }  # fmt: skip

    def _near(self, near: Near) -> Json:
        return {
            "item": format_id("itm", near.item_id), "id": self.id(near.id), "to": self.id(near.to),
            "weight": near.weight, "apart": near.apart, "data": self.data(near.data),
        }  # fmt: skip

    def _forecast(self, found: Forecast) -> Json:
        return {
            "problem": found.problem,
            "survivor": self.id(found.survivor),
            "gone": [self.id(id_) for id_ in found.gone],
            "values": [
                {"field": name, "left": self._value(name, left), "right": self._value(name, right),
                 "then": self._value(name, then)}
                for name, left, right, then in found.values
            ],
            "consents": [
                {"channel": one.channel, "purpose": one.purpose, "left": one.left, "right": one.right, "then": one.then}
                for one in found.consents
            ],
            "conflicts": list(found.conflicts),
            "ways": [
                {"connection": way.connection, "action": way.action, "external_ids": list(way.external_ids),
                 "fields": list(way.fields), "text": way_text(way.action)}
                for way in found.ways
            ],
        }  # fmt: skip


_WAYS = {
    "update": "its record gets the merged values",
    "create": "it gets a record",
    "none": "nothing changes there",
    "merge": "it has a record of each side: both are kept in step; `match join` makes them one there, which nothing undoes",
    "note": "it has a record of each side and cannot make them one: both are kept in step, and an item tells a person",
}


def way_text(action: str) -> str:
    """What a way of carrying a merge to a system comes to."""
    return _WAYS[action]


def _link(link: Link) -> Json:
    return {
        "a": format_id("rec", link.a), "b": format_id("rec", link.b), "weight": link.weight,
        "parts": [{"name": name, "level": level, "weight": weight} for name, level, weight in link.parts],
        "apart": link.apart, "relation": link.relation,
    }  # fmt: skip


def bulk(found: Bulk, pairs: Iterable[Json] = ()) -> Json:
    """A plan for many pairs."""
    return {
        "id": format_id(PREFIX, found.id), "state": found.state, "kind": found.kind, "pattern": found.pattern,
        "least": found.least, "answer": found.answer, "reason": found.reason, "author": found.author,
        "decision": format_id("dec", found.act), "counts": found.counts, "samples": list(pairs),
        "created_at": _time(found.created_at), "decided_at": _time(found.decided_at), "decided_by": found.decided_by,
    }  # fmt: skip


def sample(found: Sample) -> Json:
    """A week's sample. Shares are rounded to four digits."""
    return {
        "week": found.week, "realm": found.realm, "kind": found.kind, "drawn": found.drawn,
        "population": found.population, "auto": found.auto, "at": _time(found.at), "right": found.right,
        "wrong": found.wrong, "precision": None if found.precision is None else round(found.precision, 4),
        "low": round(found.low, 4), "high": round(found.high, 4), "is_finished": found.is_finished,
        "is_low": found.is_low,
    }  # fmt: skip


def _time(at: datetime | None) -> str | None:
    return format_time(at) if at else None
