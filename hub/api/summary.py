"""`/api/v1/metrics/summary`: the books in one answer, per connection and in sum."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Response

from hub.api.answer import answer, written
from hub.api.event import realm_list
from hub.api.gate import ApiBlueprint, current_hub, permit
from hub.api.health import is_stopped
from hub.store import console_connection, gauge
from hub.store.console_connection import Figures

blp = ApiBlueprint("metrics", "Figures", url_prefix="/metrics")


@blp.route("/summary")
@permit("overview.see")
@blp.response(200, description="Counts per connection and in sum")
def summary() -> Response:
    """What came in, what became of it, what is due: `accepted = done + waiting + parked + quarantined`."""
    hub, now = current_hub(), datetime.now(UTC)
    realms = realm_list()
    rows = console_connection.figures(hub.db, now, realms)
    with hub.db.session() as conn:
        stages = gauge.stages(conn, [row.id for row in rows])
        parked = gauge.parked(conn, [row.id for row in rows])
        seq = gauge.feed_seq(conn)
    connections = [_connection(row, stages.get(row.id, {}), parked.get(row.id, 0)) for row in rows]
    names = ("accepted", "done", "waiting", "parked", "quarantined", "discarded", "duplicates", "refused")
    total = {name: sum(one["events"][name] for one in connections) for name in names}
    return answer({"at": written(now), "events": total, "feed_seq": seq, "connections": connections})


def _connection(row: Figures, stages: dict[str, int], parked: int) -> dict[str, Any]:
    done = stages.get("done", 0)
    waits = min(parked, done)
    discarded = stages.get("discarded", 0)
    return {
        "connection": row.name,
        "connector": row.connector,
        "phase": row.phase,
        "is_stopped": is_stopped(row),
        "events": {
            "accepted": done + discarded + row.waiting + row.quarantined,
            "done": done - waits + discarded,
            "waiting": row.waiting,
            "parked": waits,
            "quarantined": row.quarantined,
            "discarded": discarded,
            "duplicates": stages.get("duplicate", 0),
            "refused": stages.get("refused", 0),
        },
        "deliveries": {
            "due": row.due,
            "retrying": row.retrying,
            "held": row.held,
            "unknown": row.unknown,
            "dead": row.dead,
        },
    }
