"""Which token read personal data in the clear: once per token, kind and hour, so that reading stays cheap."""

from __future__ import annotations

import time

from hub.flow import audit
from hub.flow.context import Hub

EVERY_S = 3600.0


def note_clear_read(hub: Hub, actor: str, what: str) -> None:
    """Writes to the audit trail that `actor` reads `what` unmasked, at most once an hour and process."""
    noted: dict[tuple[str, str], float] = hub.extras.setdefault("clear_reads", {})
    now = time.monotonic()
    if now - noted.get((actor, what), -EVERY_S) < EVERY_S:
        return
    noted[actor, what] = now
    audit.record(hub, actor, "record.read_clear", what)
