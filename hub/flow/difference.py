"""What each due target should hold and what of it the peer lacks: golden records and folds brought together."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.errors import RecordError
from hub.flow.connection import ConnectionRow
from hub.flow.context import Hub
from hub.rules import projection, register
from hub.rules.mapping import OutMapping, ParentMissingError
from hub.rules.register import Fold
from hub.store import claimed as store
from hub.store.claimed import Due, Local, SourceKey
from hub.store.database import Connection


@dataclass(slots=True)
class Difference:
    """One target's projection (canonical, references as the peer names them) and the part that is missing there."""

    due: Due
    mapping: OutMapping | None
    fold: Fold
    wanted: dict[str, Any]
    missing: dict[str, Any]
    keys: Mapping[SourceKey, Local] = field(default_factory=dict)
    connection: str = ""
    awaited: uuid.UUID | None = None
    """The last record that `project` found no external id for."""
    fault: RecordError | None = None
    """Why the record cannot be shown to the peer: raised by `project`, so that it stops this delivery only."""

    def project(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """`data` in the peer's shape; raises `ParentMissingError` when a parent is not there yet."""
        if self.fault is not None:
            raise self.fault
        if self.mapping is None:
            return {}
        return dict(self.mapping.project(dict(data), self._external_id))

    def before(self) -> dict[str, Any]:
        """What the peer is known to hold, in its shape; empty when that does not fit today's mapping."""
        held = {name: _known(self.fold.held(name)) for name in self.missing}
        try:
            return self.project({**self.wanted, **held})
        except Exception:  # noqa: BLE001 -- then all counts as changed
            return {}

    def _external_id(self, key: Mapping[str, Any]) -> str | None:
        if key["connection"] == self.connection:
            return str(key["external_id"])
        local = self.keys.get(_source_key(key))
        self.awaited = local.rid if local else None
        if local is not None and local.is_coming:
            raise ParentMissingError(str(key["object_type"]))
        return None


def _known(value: Any) -> Any:
    return None if value is register.MISSING else value


def _source_key(key: Mapping[str, Any]) -> SourceKey:
    return (str(key["connection"]), str(key["object_type"]), str(key["external_id"]))


def differences(conn: Connection, hub: Hub, row: ConnectionRow, dues: Iterable[Due]) -> list[Difference]:
    """The difference of each target of connection `row`, in the order given. Two statements at most."""
    found = [_raw(hub, row, due) for due in dues]
    named = [key for each in found for key in projection.references(list(each.wanted.values()))]
    keys = store.local_keys(conn, row.id, named)
    for each in found:
        each.keys = keys
        _compare(hub, row, each)
    return found


def _raw(hub: Hub, row: ConnectionRow, due: Due) -> Difference:
    mapping = hub.rules.mappings.outbound(row.connector, due.kind, row.name)
    fold = register.decode(due.fold or {})
    wanted: dict[str, Any] = {}
    if mapping is not None and due.data is not None and due.lifecycle == "active":
        wanted = projection.wanted(due.data, mapping.fields, fold)
        held = {name: value for name in mapping.fields if (value := fold.held(name)) is not register.MISSING}
        try:
            wanted = mapping.keep(wanted, due.data, held)
        except RecordError as error:
            return Difference(due, mapping, fold, wanted, {}, connection=row.name, fault=error)
    wanted = projection.told(wanted, hub.registry.kinds[due.kind].by_name)
    return Difference(due, mapping, fold, wanted, {}, connection=row.name)


def _compare(hub: Hub, row: ConnectionRow, each: Difference) -> None:
    def translate(key: Mapping[str, Any]) -> Mapping[str, Any] | None:
        local = each.keys.get(_source_key(key))
        if local is None or local.external_id is None:
            return None
        return {"connection": row.name, "object_type": local.object_type, "external_id": local.external_id}

    each.wanted = {name: projection.localise(value, translate) for name, value in each.wanted.items()}
    for name in each.due.frozen or ():
        each.wanted.pop(name, None)
    kind = hub.registry.kinds[each.due.kind]
    each.missing = projection.difference(each.wanted, each.fold, kind.identities)
    if each.due.is_reshaped:
        # It holds the value, written in a way that the mapping in force would not write it.
        each.missing = dict(each.wanted)
