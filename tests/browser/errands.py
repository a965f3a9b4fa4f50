"""Trials of a replay and releases put in force, in every state that their page can be in."""

from __future__ import annotations

from collections import Counter
from typing import Any

import orjson

from hub.flow.forecast import Fault, Forecast, Sample, Tally
from hub.flow.forecast_kept import kept
from hub.model.identifier import format_id
from hub.store.database import new_id
from tests.browser.world import CANARY_NAME, CANARY_PHONE, LONG, World

_RUNS: tuple[tuple[str, str, str, dict[str, int], int, str | None], ...] = (
    ("run_trying", "rehearsal", "running", {"items": 1500}, 4132, None),
    ("run_tried", "rehearsal", "done", {"items": 5000}, 5000, None),
    ("run_tried_nothing", "rehearsal", "done", {}, 0, None),
    ("run_in_force", "activation", "done", {"items": 12_034}, 12_034, None),
    ("run_not_in_force", "activation", "failed", {"items": 500}, 12_034, LONG[:900]),
)


def make_errands(world: World) -> None:
    """One run of each state; those that ended with what came of them."""
    results: dict[str, Any] = {
        "run_tried": kept(_forecast(world), world.hub.registry.kinds),
        "run_tried_nothing": kept(Forecast(), world.hub.registry.kinds),
        "run_in_force": {"release": 2, "kinds": ["customer", "order"]},
    }
    shop = world.hub.connections.by_name("网店").id
    for name, type_, status, counts, total, note in _RUNS:
        run_id = new_id()
        position = {"selection": {"connection": shop, "since": None, "status": None}} if type_ == "rehearsal" else {}
        result = orjson.dumps(results[name]).decode() if name in results else None
        world.hub.db.execute(
            "insert into run (id, type, connection_id, status, outcome, coverage, counts, total, note, position, result, started_at, ended_at)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, now() - interval '70 seconds',"
            " case when %s = 'running' then null else now() end)",
            (
                run_id, type_, shop if position else None, status, None if status == "running" else status,
                {"done": "complete", "failed": "skipped"}.get(status), orjson.dumps(counts).decode(), total, note,
                orjson.dumps(position).decode(), result, status,
            ),
        )  # fmt: skip
        world.ids[name] = format_id("run", run_id)


def _forecast(world: World) -> Forecast:
    """Long values, personal ones, an event that would be set aside, and two systems."""
    row = world.hub.db.one(
        "select cluster, last_event from record where kind = 'customer' and external_id = 'c1' and state = 1"
    )
    assert row
    customer, event = row
    golden = Tally(Counter(updated=4131, created=1), Counter(full_name=4132, note=12, phone=3))
    golden.samples += [
        Sample(customer, "full_name", CANARY_NAME, f"{CANARY_NAME} II"),
        Sample(customer, "note", None, LONG),
        Sample(customer, "tags", ["tea"], None),
    ]
    sent = Tally(Counter(update=4000), Counter(phone=4000, title=2))
    sent.samples += [Sample(new_id(), "phone", CANARY_PHONE, "+8613900000001"), Sample(new_id(), "title", None, LONG)]
    other = Tally(Counter(create=1), Counter(number=1), [Sample(new_id(), "number", None, "#1042")])
    fault = Fault("bad_money", "data.total", "webhook/orders.yaml:7", "`total` is no amount", event, 3, 1)
    return Forecast(5000, True, 7, [fault], {"customer": golden}, {"crm": sent, "网店": other})
