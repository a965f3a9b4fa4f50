"""Showing a personal field in clear: one row of the access log each time, an alert when somebody does it very often."""

from __future__ import annotations

import uuid
from typing import Final

from hub.errors import ConfigError
from hub.flow.context import Hub
from hub.store import alert, audit
from hub.store import reveal as store
from hub.store.database import Connection
from hub.store.reveal import Filter, Reveal

Rid = uuid.UUID
MANY: Final = 30
"""Reveals of one person within an hour; one more is told to whoever looks at alerts."""
ALERT: Final = "many_reveals"
REASONS: Final = ("service", "check", "delivery", "other")


def reveal(
    hub: Hub, person: str, kind: str, subject: Rid, shown_id: str, field: str, reason: str, note: str = ""
) -> None:
    """Records that `person` (a pseudonym) is about to see a field of a golden record in clear. Commits before they do.

    `reason` is one of `REASONS`, `note` what they wrote beside it; `shown_id` is the id as people see it.
    Errors: `ConfigError` for a reason that is none, or for `other` without a note.
    """
    if reason not in REASONS or (reason == "other" and not note.strip()):
        raise ConfigError("say why: choose a reason, and write a note where it is another one")
    text = f"{reason}: {note.strip()[:300]}" if note.strip() else reason

    def work(conn: Connection) -> None:
        count = store.add(conn, person, kind, subject, field, text)
        if count > MANY:
            data = {
                "person": person,
                "count": count,
                "text": f"{person} revealed {count} personal fields within an hour",
            }
            alert.raise_alert(conn, ALERT, f"{ALERT}:{person}", severity=2, data=data)
        audit.append(conn, person, "field.revealed", shown_id, text, {"field": field})

    hub.db.run(work)


def access_log(hub: Hub, wish: Filter, limit: int) -> list[Reveal]:
    """The access log, the newest first."""
    with hub.db.session() as conn:
        return store.page(conn, wish, limit)
