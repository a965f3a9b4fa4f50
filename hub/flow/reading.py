"""Reading one stream once: pages into the inbox, each with its cursor in one transaction."""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from hub.errors import ConfigError, HubError
from hub.flow.absence import find_absent
from hub.flow.content import FULL_HASH, FULL_SIZE, cut_off
from hub.flow.context import Hub
from hub.flow.subject import RECORD_ID, id_in
from hub.sdk.connector import Page, RawEvent, Reads, Stream
from hub.sdk.rate import working_in
from hub.store import cursor, inbox
from hub.store import run as run_store
from hub.store.connection import ConnectionRow
from hub.store.cursor import CursorRow
from hub.store.database import Connection
from hub.store.inbox import NewEvent
from hub.store.run import Coverage

MAX_ITEM_BYTES = 12 * 1024 * 1024
KEPT_BYTES = 64 * 1024
COUNTS = ("pages", "items", "accepted", "duplicates", "too_large", "absent")

Progress = Callable[[str, dict[str, int]], None]
"""Called after each page with the stream and the counts so far."""


class StoppedError(HubError):
    """The connection was halted, paused or disconnected meanwhile: stop where it is, the cursor is kept."""


class HeldError(HubError):
    """Somebody paused this reading: it goes on from here when somebody says so."""


class CancelledError(HubError):
    """Somebody ended this reading: what was read stays, the next one goes on from here."""


@dataclass(slots=True)
class Reading:
    """One pass over a stream under a lease. `counts` and `coverage` tell how far it came, also after an error.

    A full pass reads from the beginning and proves what exists; its state is kept with the cursor,
    so that a pass that was interrupted goes on where it stopped. `since` reads again from a time
    (seconds) and leaves the cursor where it is.
    """

    hub: Hub
    row: ConnectionRow
    stream: Stream
    cursor: CursorRow
    run_id: uuid.UUID
    is_full: bool = False
    since: float | None = None
    progress: Progress | None = None
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))
    coverage: Coverage = "partial"
    note: str = ""
    _position: Any = None
    _full_pass: dict[str, Any] | None = None

    def read(self) -> None:
        """Reads to the end. Errors of the system pass; whatever was read before them is stored."""
        reads = cast("Reads", self.hub.connections.connector(self.row.name))
        self._begin(reads)
        # Nobody waits for a full pass: it leaves the account's rate to whoever does.
        with working_in("live" if self._full_pass is None else "bulk"):
            self._read(reads)

    def _read(self, reads: Reads) -> None:
        pages = iter(reads.fetch(self.stream.name, self._position))
        cut = ""
        while True:
            self._keep_going()
            asked_at = time.time()
            page = self._next(pages)
            if page is None:
                self.note = "the listing ended without saying that it was complete"
                return
            self._store(page, int((page.read_at or asked_at) * 1_000_000))
            cut = page.truncated or cut
            if page.last:
                break
        self.coverage, self.note = ("truncated", cut) if cut else ("complete", "")
        self._end(reads)

    def _next(self, pages: Iterator[Page]) -> Page | None:
        try:
            return next(pages, None)
        except HubError:
            raise
        except Exception as error:
            raise self.hub.connections.connector(self.row.name).classify(error) from error

    def _begin(self, reads: Reads) -> None:
        before = self.cursor.full_pass or {}
        self._position = self.cursor.position
        if self.since is not None:
            self._position = self._position_at(reads, self.since)
        elif self.is_full or self._position is None:
            self._position = None
            started = {"id": str(uuid.uuid4()), "started_at": time.time_ns() // 1000, "status": "running", "seen": 0}
            self._full_pass = {**started, "coverage": before.get("coverage")}
        elif before.get("status") == "running":
            self._full_pass = dict(before)

    def _position_at(self, reads: Reads, since: float) -> Any:
        try:
            return reads.cursor_since(self.stream.name, since)
        except NotImplementedError:
            raise ConfigError(
                f"{self.row.name}: the stream {self.stream.name} cannot be read from a time on; use --full"
            ) from None

    def _keep_going(self) -> None:
        if not self.hub.connections.may_call(self.row.id, "in"):
            raise StoppedError(f"{self.row.name} was halted, paused or disconnected")

    def _obey(self, wish: str | None) -> None:
        if wish == "pause":
            raise HeldError("somebody paused it")
        if wish == "cancel":
            if self._full_pass is not None:
                ended = {**self._full_pass, "status": "cancelled", "coverage": "partial"}
                self.hub.db.run(lambda conn: cursor.end_full_pass(conn, self.cursor, ended, False))
            raise CancelledError("somebody ended it; the next reading goes on from here")

    def _store(self, page: Page, read_at: int) -> None:
        counts = dict(self.counts)
        full_pass = self._full_pass and {**self._full_pass, "seen": self._full_pass["seen"] + len(page.events)}
        position = self.cursor.position if self.since is not None else page.cursor

        def work(conn: Connection) -> tuple[dict[str, int], run_store.Asked | None]:
            stored = self._accept(conn, page, read_at)
            found = {name: counts[name] + stored.get(name, 0) for name in COUNTS}
            cursor.advance(conn, self.cursor, position, full_pass)
            wish = run_store.progress(conn, self.run_id, found)
            if page.total is not None:
                run_store.note_total(conn, self.run_id, page.total)
            return found, wish

        self.counts, wish = self.hub.db.run(work)
        self._full_pass, self._position = full_pass, position
        if self.counts["accepted"] > counts["accepted"]:
            self.hub.queue.wake("pipeline")
        if self.progress:
            self.progress(self.stream.name, self.counts)
        if not page.last:
            self._obey(wish)

    def _accept(self, conn: Connection, page: Page, read_at: int) -> dict[str, int]:
        rows = [self._event(raw, read_at) for raw in page.events]
        result = inbox.accept(conn, self.hub.keyring, rows)
        new = set(result.ids)
        too_large = {
            event: len(raw.body)
            for raw, event in zip(page.events, result.stored_as, strict=True)
            if len(raw.body) > MAX_ITEM_BYTES and event in new
        }
        inbox.quarantine(conn, [(event, "too_large", [cut_off(size)]) for event, size in too_large.items()])
        return {
            "pages": 1,
            "items": len(rows),
            "accepted": len(result.ids),
            "duplicates": result.duplicates,
            "too_large": len(too_large),
        }

    def _event(self, raw: RawEvent, read_at: int) -> NewEvent:
        body, headers, dedupe = raw.body, dict(raw.headers), raw.dedupe
        if dedupe is None and self.stream.order == "received":
            # Nothing in the item tells an old state from the same state come back: every read counts.
            dedupe = f"{self.run_id}:{hashlib.sha256(body).hexdigest()}"
        if len(body) > MAX_ITEM_BYTES:
            digest = hashlib.sha256(body).hexdigest()
            headers |= {FULL_SIZE: str(len(body)), FULL_HASH: digest}
            if named := id_in(self.hub, self.row.id, raw.topic, body):
                headers[RECORD_ID] = named
            body, dedupe = body[:KEPT_BYTES], dedupe or digest
        return NewEvent(
            self.row.id,
            raw.topic,
            body,
            dedupe,
            origin="pull",
            lane=inbox.BULK if self._full_pass else inbox.LIVE,
            read_at=read_at,
            full_pass=uuid.UUID(self._full_pass["id"]) if self._full_pass else None,
            headers=headers,
        )

    def _end(self, reads: Reads) -> None:
        if self._full_pass is None:
            return
        is_complete = self.coverage == "complete"
        if is_complete and self.stream.enumerates and self.stream.kinds:
            self._find_absent(reads, uuid.UUID(self._full_pass["id"]))
        ended = {**self._full_pass, "status": "done", "coverage": self.coverage}
        self.hub.db.run(lambda conn: cursor.end_full_pass(conn, self.cursor, ended, is_complete))

    def _find_absent(self, reads: Reads, full_pass: uuid.UUID) -> None:
        def keep_going() -> None:
            self._keep_going()
            cursor.renew(self.hub.db, self.cursor)

        try:
            self.counts["absent"] = find_absent(self.hub, self.row, reads, self.stream, full_pass, keep_going)
        except NotImplementedError as error:
            self.note = f"deletions cannot be found: {error}"
        if self.counts["absent"]:
            self.hub.queue.wake("pipeline")
