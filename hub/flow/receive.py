"""Receiving a webhook: verify the raw bytes once, store, commit, and only then say yes."""

from __future__ import annotations

import hmac
import logging
import os
from collections.abc import Sequence

from hub.errors import ConfigError, RetryableError, WebhookError
from hub.flow.context import Hub
from hub.flow.reception import UNKNOWN, reception_of
from hub.sdk.connector import (
    Connector,
    Ignore,
    RawEvent,
    ReceiveResult,
    ReceivesWebhooks,
    Reply,
    Response,
    WebhookRequest,
)
from hub.store.connection import ConnectionRow
from hub.store.inbox import NewEvent

REFUSED = Response(401, b"Unauthorized", {"Content-Type": "text/plain; charset=utf-8"})
_DUMMY_KEY = os.urandom(32)
_log = logging.getLogger(__name__)


def receive(hub: Hub, connection_name: str, request: WebhookRequest) -> Response:
    """Takes in one webhook and gives the answer its sender expects; 2xx only after the commit.

    An unknown connection and a bad signature get the same answer, and are counted. A verified body
    is stored whatever it holds. A halted or paused connection still accepts: its events wait.

    Raises:
        RetryableError: answer 503 with Retry-After; nothing was stored, the sender keeps the event.
    """
    row = hub.connections.find(connection_name)
    connector = _receiver(hub, row) if row is not None and row.disconnected_at is None else None
    if row is None or connector is None:
        # The work of a check, so that the time does not tell a name that exists from one that does not.
        hmac.digest(_DUMMY_KEY, request.body, "sha256")
        return _refused(hub, row)
    try:
        key_no = connector.verify(request)
    except WebhookError:
        return _refused(hub, row)
    return _take(hub, row, connector, request, key_no)


def refuse(hub: Hub, connection_name: str, status: int) -> None:
    """Counts a request that was refused before its signature could be checked (413, 400).

    After a body over the limit the connection's streams are read soon, at most once in five minutes.
    """
    row = hub.connections.find(connection_name)
    reception_of(hub).refused(row.id if row else UNKNOWN, row.name if row else "", status)


def _receiver(hub: Hub, row: ConnectionRow) -> ReceivesWebhooks | None:
    try:
        connector = hub.connections.connector(row.name)
    except ConfigError as error:
        _log.warning("webhooks of %s wait for a fix: %s", row.name, error)
        raise RetryableError(f"{row.name} is not set up: {error}", retry_after_s=60) from error
    return connector if isinstance(connector, ReceivesWebhooks) else None


def _refused(hub: Hub, row: ConnectionRow | None) -> Response:
    reception_of(hub).refused(row.id if row else UNKNOWN, row.name if row else "", REFUSED.status)
    return REFUSED


def _take(hub: Hub, row: ConnectionRow, connector: ReceivesWebhooks, request: WebhookRequest, key_no: int) -> Response:
    found = _decoded(connector, request)
    if isinstance(found, Reply):
        return found.response
    if isinstance(found, Ignore):
        reception_of(hub).ignored(row.id)
        return connector.acknowledge(ReceiveResult(0, 0))
    received_at = int(request.received_at * 1_000_000)
    events = [
        NewEvent(row.id, raw.topic, raw.body, raw.dedupe, received_at=received_at, key_no=key_no, headers=raw.headers)
        for raw in found
    ]
    result = reception_of(hub).accept(events)
    _pause_if_lost(hub, row, connector, found)
    return connector.acknowledge(ReceiveResult(len(result.ids), result.duplicates))


def _decoded(connector: ReceivesWebhooks, request: WebhookRequest) -> Sequence[RawEvent] | Ignore | Reply:
    """What the webhook holds. A decoder that fails on it costs nothing: the bytes are stored as they came."""
    try:
        return connector.decode(request)
    except Exception as error:  # noqa: BLE001 -- verified, so it is kept: quarantine shows what is wrong with it
        _log.warning("%r cannot decode a verified webhook (%s): stored as it came", connector, type(error).__name__)
        return [RawEvent("", request.body)]


def _pause_if_lost(hub: Hub, row: ConnectionRow, connector: ReceivesWebhooks, found: Sequence[RawEvent]) -> None:
    pausing = connector.manifest.pausing_topics if isinstance(connector, Connector) else ()
    lost = next((raw.topic for raw in found if raw.topic in pausing), None) if pausing else None
    if lost is not None:
        from hub.flow.account import pause

        pause(hub, row.name, "hub", f"the system sent {lost}")
