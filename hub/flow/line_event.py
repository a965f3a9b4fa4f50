"""What a line of a file becomes: events of a connection, and what is wrong with them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from hub.errors import ConfigError, Problem
from hub.flow.content import FILE_LINE, FILE_NAME, placed
from hub.flow.context import Hub
from hub.flow.line import Line, LineError, parse_line, unusable
from hub.sdk.connector import RawEvent, ReceivesWebhooks, WebhookRequest
from hub.store.connection import ConnectionRow
from hub.store.inbox import NewEvent

_NAME_LENGTH = 200


@dataclass(slots=True)
class LineReader:
    """Turns lines into events of the connection `name`, or the one each envelope names; topic and lane as `ingest_batches`."""

    hub: Hub
    name: str | None
    topic: str | None
    lane: int
    file: str

    def events(self, number: int, raw: bytes | None) -> tuple[list[NewEvent], list[Problem]]:
        """The events of a line, and what is wrong with them; `LineError` where it cannot be stored at all."""
        if raw is None:
            raise LineError("the line is too long")
        line = parse_line(raw.strip())
        row = self._row(line)
        headers = self._place(number) if line.faults else {}
        found = [self._event(row, line, event, headers) for event in self._items(row, line)]
        return found, placed(line.faults, headers)

    def _place(self, number: int) -> dict[str, str]:
        return {FILE_LINE: str(number)} | ({FILE_NAME: self.file[-_NAME_LENGTH:]} if self.file else {})

    def _items(self, row: ConnectionRow, line: Line) -> list[RawEvent]:
        topic = line.topic or self.topic
        if topic:
            return [RawEvent(topic, line.body)]
        found = [] if line.is_torn else self._decoded(row, line)
        known = self.hub.registry.connector(row.connector).manifest.stream_of_topic
        # What cannot be read goes to a stream only: an unknown topic would say nothing of where it belongs.
        if found and all(event.topic and (not line.faults or known(event.topic)) for event in found):
            return found
        why = f"{unusable(line.faults)}; and " if line.faults else ""
        raise LineError(f"{why}no topic: give --topic, or _topic in the envelope")

    def _row(self, line: Line) -> ConnectionRow:
        name = line.connection or self.name
        row = self.hub.connections.find(name) if name else None
        if row is None:
            why = f"{unusable(line.faults)}; and " if line.faults else ""
            no = "no such connection" if name else "no connection: name one, or put _connection in the envelope"
            raise LineError(f"{why}{no}")
        try:
            require_open(row)
        except ConfigError as error:
            raise LineError(str(error)) from None
        return row

    def _decoded(self, row: ConnectionRow, line: Line) -> list[RawEvent]:
        """What the connector itself finds in such a body, for systems whose bodies name their topic."""
        try:
            connector = self.hub.connections.connector(row.name)
        except ConfigError:
            return []
        if not isinstance(connector, ReceivesWebhooks):
            return []
        try:
            found = connector.decode(WebhookRequest("POST", {}, {}, line.body, time.time()))
        except Exception:  # noqa: BLE001 -- without its headers it may well not know what to do
            return []
        return list(found) if isinstance(found, list | tuple) else []

    def _event(self, row: ConnectionRow, line: Line, raw: RawEvent, headers: Mapping[str, str]) -> NewEvent:
        return NewEvent(
            row.id,
            raw.topic,
            raw.body,
            line.dedupe if line.dedupe is not None else raw.dedupe,
            origin="file",
            lane=self.lane,
            received_at=line.received_at,
            headers=headers,
        )


def require_open(row: ConnectionRow) -> None:
    """Whether a connection takes anything in; `ConfigError` when it is disconnected."""
    if row.disconnected_at is not None:
        raise ConfigError(f"{row.name} is disconnected: connect it again first")
