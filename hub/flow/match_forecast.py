"""What a merge of a pair would do: carried out for show and taken back, so that the plan equals the deed."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from hub.errors import ConfigError, ConflictError, NotFoundError
from hub.flow import rehearse
from hub.flow.context import Hub
from hub.flow.match_side import Side
from hub.flow.rehearse import Prospect, Sending
from hub.flow.stewardship import Work
from hub.sdk.connector import Connector, Writes
from hub.store import record

Rid = uuid.UUID


@dataclass(frozen=True, slots=True)
class Way:
    """What a merge comes to at one system.

    `action`: `update` (its record gets the merged values), `create` (it gets a record), `none` (nothing changes there),
    `merge` (it has a record of each side and can make them one: left to a person, `match_peer.join`, since nothing undoes
    it there; until then both are kept in step),
    `note` (it has a record of each side and cannot join them: both are kept in step, and an item tells a person).
    """

    connection: str
    action: Literal["update", "create", "none", "merge", "note"]
    external_ids: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ConsentChange:
    """A consent as both sides have it now, and the state that holds for both afterwards: the strictest."""

    channel: str
    purpose: str
    left: str | None
    right: str | None
    then: str | None


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a merge would do. `survivor`, `gone`: golden ids; `problem`: why it cannot be done, else empty.

    `values`: (field, left, right, afterwards) of fields that differ; `conflicts`: fields that would be disputed.
    """

    survivor: Rid | None = None
    gone: tuple[Rid, ...] = ()
    values: tuple[tuple[str, Any, Any, Any], ...] = ()
    consents: tuple[ConsentChange, ...] = ()
    conflicts: tuple[str, ...] = ()
    ways: tuple[Way, ...] = ()
    problem: str = ""


def forecast(hub: Hub, work: Work, left: Side, right: Side, kind: str) -> Forecast:
    """What `work`, which joins both sides, would do. Changes nothing; holds the turn of the kind while it looks."""
    try:
        found = rehearse.rehearse(hub, work)
    except (ConfigError, ConflictError, NotFoundError) as error:
        return Forecast(problem=str(error))
    after = found.after.get(min(left.id, right.id))
    if after is None:
        return Forecast(problem="they would not be one afterwards: something else keeps them apart")
    values = tuple(
        (name, before.get(left.id), before.get(right.id), then.get(after.id))
        for name, before, then in rehearse.compared(found)
    )
    return Forecast(
        after.id,
        tuple(found.gone),
        values,
        _consents(left.data, right.data, after.data),
        tuple(found.disputed),
        _ways(hub, kind, left, right, found),
    )


def _consents(left: Mapping[str, Any], right: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[ConsentChange, ...]:
    """Those that change for one of both."""
    sides = [_strictest(data) for data in (left, right, after)]
    keys = sorted({key for side in sides for key in side})
    found = [ConsentChange(*key, *(side.get(key) for side in sides)) for key in keys]
    return tuple(one for one in found if not one.left == one.right == one.then)


_STRICTEST = ("objected", "withdrawn", "denied", "expired", "granted")


def _strictest(data: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """(channel, purpose) -> the strictest state of all numbers and addresses."""
    found: dict[tuple[str, str], str] = {}
    for one in data.get("consents") or ():
        key, status = (str(one.get("channel", "")), str(one.get("purpose", ""))), str(one.get("status", ""))
        if status in _STRICTEST:
            found[key] = min(found.get(key, status), status, key=_STRICTEST.index)
    return found


def _ways(hub: Hub, kind: str, left: Side, right: Side, found: Prospect) -> tuple[Way, ...]:
    sent: dict[str, list[Sending]] = {}
    for sending in found.sendings:
        sent.setdefault(sending.connection, []).append(sending)
    ways = []
    for row in hub.connections.all():
        if row.disconnected_at is None and row.writes(kind) and row.realm == left.realm:
            there = [
                [one.external_id for one in side.sources if one.connection == row.name and one.state == record.LIVE]
                for side in (left, right)
            ]
            ways.append(_way(hub.registry.connector(row.connector), kind, row.name, there, sent.get(row.name, ())))
    return tuple(ways)


def _way(
    connector: type[Connector], kind: str, name: str, there: Sequence[Sequence[str]], sendings: Sequence[Sending]
) -> Way:
    ids = tuple(one for side in there for one in side)
    fields = tuple(sorted({field for sending in sendings for field in sending.fields}))
    if all(there):
        return Way(name, "merge" if can_merge(connector, kind) else "note", ids, fields)
    if not sendings:
        return Way(name, "none", ids)
    action: Literal["create", "update"] = "create" if all(one.action == "create" for one in sendings) else "update"
    return Way(name, action, ids, fields)


def can_merge(connector: type[Connector], kind: str) -> bool:
    """Whether a system joins two records of a kind by its own means: its connector says so by having `merge`."""
    if not issubclass(connector, Writes) or connector.merge is Writes.merge:
        return False
    stream = connector.manifest.stream_of_kind(kind)
    return stream is not None and "out" in stream.directions and kind == "customer"
