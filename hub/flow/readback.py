"""What a peer was seen to hold: read after a write or in doubt, and put into the inbox like any other event."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import orjson

from hub.errors import HubError
from hub.flow.connection import ConnectionRow
from hub.flow.context import Hub
from hub.flow.desk import Writer
from hub.model.identity import is_closed
from hub.model.observation import Draft
from hub.rules.mapping import MapContext
from hub.sdk.connector import Found
from hub.store import inbox
from hub.store.claimed import Due
from hub.store.database import Connection, new_id


def keep(conn: Connection, hub: Hub, row: ConnectionRow, due: Due, data: Mapping[str, Any], read_at: int = 0) -> bool:
    """Puts the peer's record, in its own shape, into the inbox as a read; False when that kind does not flow in.

    Idempotent content, new event: what is read twice is observed twice.
    """
    mapping = hub.rules.mappings.inbound(row.connector, due.object_type, row.name)
    if not row.reads(due.kind) or mapping is None:
        return False
    event = inbox.NewEvent(
        row.id, due.object_type, orjson.dumps(dict(data)), dedupe=f"read-back:{new_id()}", origin="pull",
        read_at=read_at or time.time_ns() // 1000,
    )  # fmt: skip
    inbox.accept(conn, hub.keyring, [event])
    return True


def understand(hub: Hub, row: ConnectionRow, due: Due, found: Found) -> Draft | None:
    """What a record that was read says, in canonical form; None when it was read without content or fits no mapping."""
    mapping = hub.rules.mappings.inbound(row.connector, due.object_type, row.name)
    if found.data is None or mapping is None:
        return None
    context = MapContext(connection=row.name, topic=due.object_type, received_at_us=time.time_ns() // 1000)
    try:
        drafts = mapping.map(orjson.loads(orjson.dumps(dict(found.data))), context)
    except HubError:
        return None
    return next((draft for draft in drafts if draft.kind == due.kind and not draft.deleted), None)


def look_up(connector: Writer, due: Due, hub_ref: str, external_id: str | None) -> Found | None:
    """Reads the peer's record, or searches for it; None when it is not there.

    `NotImplementedError`: this system can do neither. Other errors are the connector's.
    """
    if external_id is not None:
        try:
            return connector.read(due.kind, external_id)
        except NotImplementedError:
            pass
    return connector.find(due.kind, hub_ref, _keys(due))


def _keys(due: Due) -> dict[str, Any]:
    data = due.data or {}
    found = {name: data[name] for name in ("identities", "number", "code", "provider_ref") if data.get(name)}
    if "identities" in found:
        # By a number that passed on another person would be found.
        found["identities"] = [one for one in found["identities"] if not is_closed(one)]
    return found
