"""`/api/v1/metrics/summary`: the books in one answer, per connection and in sum."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Response

from hub.api.answer import answer, written
from hub.api.event import realm_list
from hub.api.gate import ApiBlueprint, current_hub, permit
from hub.api.health import is_stopped
from hub.flow.books import books
from hub.store import console_connection, gauge
from hub.store.console_connection import Figures

_COUNTS = ("accepted", "done", "waiting", "parked", "quarantined", "discarded", "duplicates", "refused", "lost")
blp = ApiBlueprint("metrics", "Figures", url_prefix="/metrics")


@blp.route("/summary")
@permit("overview.see")
@blp.response(200, description="Counts per connection and in sum")
def summary() -> Response:
    """What came in, what became of it, what is due: `accepted = done + waiting + parked + quarantined`."""
    hub, now = current_hub(), datetime.now(UTC)
    realms = realm_list()
    rows = console_connection.figures(hub.db, now, realms, most=None)
    total = books(hub.db, realms)
    with hub.db.session() as conn:
        seq = gauge.feed_seq(conn)
    counts = {name: getattr(total, name) for name in _COUNTS}
    shown = [_connection(row) for row in rows]
    return answer({"at": written(now), "events": counts, "feed_seq": seq, "connections": shown})


def _connection(row: Figures) -> dict[str, Any]:
    return {
        "connection": row.name,
        "connector": row.connector,
        "phase": row.phase,
        "is_stopped": is_stopped(row),
        "in_per_minute": row.in_per_minute,
        "out_per_minute": row.out_per_minute,
        "waiting": row.waiting,
        "quarantined": row.quarantined,
        "due": row.due,
        "retrying": row.retrying,
        "held": row.held,
        "unknown": row.unknown,
        "dead": row.dead,
    }
