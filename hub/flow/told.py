"""Which fields the hub tells a system, so that its people can have seen what others say of them."""

from __future__ import annotations

from hub.flow.connection import ConnectionRow
from hub.flow.context import Hub


def told_fields(hub: Hub, connection: ConnectionRow, kind: str) -> tuple[str, ...]:
    """The fields of a kind that the hub tells the system of a connection; none of a kind that does not flow out."""
    if not connection.writes(kind):
        return ()
    mapping = hub.rules.mappings.outbound(connection.connector, kind, connection.name)
    return mapping.fields if mapping is not None else ()
