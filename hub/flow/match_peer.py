"""Joining at a system what is one at the hub: by the system's own merge, when a person says so.

A merge at the hub is undone at any time; one at a system is not. So the hub keeps several records of one person there in
step, and joins them only on an explicit act.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, cast

import orjson

from hub.errors import ConfigError, ConflictError, HubError, NotFoundError, UnknownOutcomeError
from hub.flow.absence import TOPIC
from hub.flow.connection import ConnectionRow
from hub.flow.context import Hub
from hub.flow.desk import Writer
from hub.flow.match_forecast import can_merge
from hub.model.identifier import format_id
from hub.sdk.connector import WriteResult
from hub.sdk.rate import working_in
from hub.store import audit, inbox
from hub.store import match_peer as store
from hub.store import resolve as resolve_store
from hub.store.database import Connection, new_id
from hub.store.inbox import NewEvent
from hub.store.match_peer import Twin

Rid = uuid.UUID
READ_BACK: Final = "read-back"


@dataclass(frozen=True, slots=True)
class Joined:
    """What a system has now: `left` of all its records, and those that are gone."""

    connection: str
    left: str
    gone: tuple[str, ...]


def join(hub: Hub, kind: str, id_: Rid, connection: str, by: str, reason: str) -> Joined:
    """Makes the records that a system has of one golden record one there. Nothing undoes that, so a reason is required.

    The system decides which one is left, and what of the others it keeps; both are read back. Safe to repeat after an
    error. Errors: `NotFoundError`; `ConfigError` without a reason, or for a system that cannot; `ConflictError` when
    there is nothing to join, or nothing may be sent there now; `UnknownOutcomeError` when nobody knows whether it was
    done; those of the system otherwise.
    """
    row = hub.connections.by_name(connection)
    object_type = _object_type(hub, row, kind)
    if not reason.strip():
        raise ConfigError(f"nothing undoes a merge at {connection}: say why the records there are one")
    if row.phase != "live" or row.mode != "live" or not hub.connections.may_call(row.id, "out"):
        raise ConflictError(f"{connection} is halted, paused or not live: nothing is sent there now")
    with hub.db.session() as conn:
        found = _twins(conn, id_, kind, row, object_type)
    shown = format_id(hub.registry.kinds[kind].prefix, id_)
    ids = [twin.external_id for twin in found]
    detail = {"connection": connection, "kept": ids[0], "gone": ids[1:]}
    hub.db.run(lambda conn: audit.append(conn, by, "peer.join_begun", shown, reason, detail))
    asked_at = time.time_ns() // 1000
    result = _call(hub, row, kind, ids)
    left = result.external_id or ids[0]
    gone = [twin for twin in found if twin.external_id != left]

    def keep(conn: Connection) -> None:
        inbox.accept(conn, hub.keyring, _events(row, kind, object_type, gone, result, asked_at))
        store.close_items(conn, [twin.target_id for twin in found if twin.target_id], by)
        audit.append(conn, by, "peer.joined", shown, reason, {"connection": connection, "left": left})

    hub.db.run(keep)
    hub.queue.wake("pipeline")
    return Joined(connection, left, tuple(twin.external_id for twin in gone))


def _object_type(hub: Hub, row: ConnectionRow, kind: str) -> str:
    connector = hub.registry.connector(row.connector)
    stream = connector.manifest.stream_of_kind(kind)
    if stream is None or not row.writes(kind) or not can_merge(connector, kind):
        raise ConfigError(
            f"{row.name} cannot make {kind} records one: the hub keeps them in step; merge them there by hand"
        )
    return stream.name


def _twins(conn: Connection, id_: Rid, kind: str, row: ConnectionRow, object_type: str) -> list[Twin]:
    place = resolve_store.kinds_of(conn, [id_]).get(id_)
    if place is None or place[1] != kind:
        raise NotFoundError(f"there is no {kind} of that id")
    found = store.twins(conn, resolve_store.clusters_of(conn, [id_])[id_], row.id, object_type)
    if len(found) < 2:
        raise ConflictError(f"{row.name} has not several records of this {kind}: there is nothing to join")
    if any(twin.is_busy for twin in found):
        raise ConflictError(f"something is being sent to one of these records at {row.name}: try again in a moment")
    return found


def _call(hub: Hub, row: ConnectionRow, kind: str, ids: Sequence[str]) -> WriteResult:
    connector = cast("Writer", hub.connections.connector(row.name))
    try:
        with working_in("interactive"):
            result = connector.merge(kind, ids[0], ids[1:])
    except NotImplementedError:
        raise ConfigError(f"{row.name} cannot make {kind} records one") from None
    except HubError:
        raise
    except Exception as error:
        raised = connector.classify(error)
        if isinstance(raised, HubError):
            raise raised from error
        text = f"{row.name}: nobody knows whether the records were joined: look there; repeating it is safe"
        raise UnknownOutcomeError(text) from error
    if result.error is not None:
        raise connector.classify(result.error)
    return result


def _events(
    row: ConnectionRow, kind: str, object_type: str, gone: Sequence[Twin], result: WriteResult, asked_at: int
) -> list[NewEvent]:
    """That the others are gone, and what is left: observations like any other, so that replay and explanation know them."""
    records = [
        {"kind": kind, "object_type": object_type, "external_id": twin.external_id, "major": twin.major}
        for twin in gone
    ]
    found = []
    if records:
        body = orjson.dumps({"stream": object_type, "records": records})
        found.append(NewEvent(row.id, TOPIC, body, f"joined:{new_id()}", origin="pull", read_at=asked_at))
    if result.stored is not None and row.reads(kind):
        body = orjson.dumps(dict(result.stored))
        found.append(
            NewEvent(
                row.id, object_type, body, f"{READ_BACK}:{new_id()}", origin="pull", read_at=time.time_ns() // 1000
            )
        )
    return found
