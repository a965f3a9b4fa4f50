"""Connections, runs, plans and a setup in every state that their pages can be in."""

from __future__ import annotations

from typing import Any

import orjson

from hub.flow import setup
from hub.model.identifier import format_id
from hub.store import person
from hub.store.database import Connection, new_id
from tests.browser.world import LONG, World
from tests.fixtures.hub import Rig

SECRET = "whsec_" + "TUZ" * 14 + "TWFr"


def make_connections(world: World) -> None:
    """One connection per state, runs of every status and coverage, a plan that was decided, and one being set up."""
    rig = Rig(world.hub)
    ids = {name: rig.connect(name, {"customer": "both"}, phase=phase) for name, phase in STATES.items()}
    with world.hub.db.transaction() as conn:
        _set_states(conn, ids)
        _set_accounts(conn, ids["停用的店"])
        _make_runs(conn, world, world.hub.connections.by_name("网店").id)
        _make_plans(conn, world, ids["待上线"])
    world.hub.connections.reload()
    _begin_setup(world)


STATES = {
    "停用的店": "live",
    "待上线": "review",
    "首次读取": "reading",
    "未开始": "off",
    "已断开": "off",
    "影子": "live",
}


def _set_states(conn: Connection, ids: dict[str, int]) -> None:
    conn.execute(
        "update connection set paused_at = now() - interval '12 minutes', paused_by = 'hub', pause_reason = %s,"
        " health = %s where id = %s",
        (
            "HTTP 401: invalid access token",
            _json({"check": {"ok": False, "message": "HTTP 401: invalid access token", "at": 1_795_000_000.5}}),
            ids["停用的店"],
        ),
    )
    conn.execute("update connection set disconnected_at = now() where id = %s", (ids["已断开"],))
    conn.execute("update connection set mode = 'shadow', halted_in = true where id = %s", (ids["影子"],))


def _set_accounts(conn: Connection, connection_id: int) -> None:
    conn.execute(
        "insert into subscription (connection_id, topic, address, state, expires_at, error) values"
        " (%(c)s, 'orders/create', 'https://hub.example/webhooks/shop', 'active', now() + interval '1 day', null),"
        " (%(c)s, 'orders/paid', 'https://elsewhere.example/', 'missing', null, %(long)s)",
        {"c": connection_id, "long": LONG[:300]},
    )
    conn.execute(
        "insert into cursor (connection_id, stream, position, last_page_at, full_pass) values"
        " (%s, 'customers', %s, now() - interval '3 days', %s)",
        (connection_id, _json({"after": LONG[:300]}), _json({"status": "running", "seen": 12, "coverage": None})),
    )


_RUNS: tuple[tuple[str, str, str, str | None, str | None, dict[str, int], str | None, int | None], ...] = (
    ("run_old", "pull", "done", "read", "complete", {"items": 60, "accepted": 60, "pages": 2}, None, None),
    ("run_cut", "pull", "done", "read", "truncated", {"items": 9, "accepted": 9}, "the listing ends at 60 days", None),
    ("run_failed", "pull", "failed", "failed", "partial", {"items": 3}, LONG[:900], None),
    ("run_ended", "replay", "cancelled", "cancelled", "skipped", {}, "somebody ended it", None),
    ("run_import", "import", "done", "done", "complete", {"accepted": 4132, "duplicates": 7, "refused": 1}, None, None),
    ("run_held", "pull", "paused", "interrupted", "partial", {"items": 20}, "somebody paused it", 400),
    (
        "run",
        "pull",
        "running",
        None,
        None,
        {"items": 1200, "accepted": 1100, "duplicates": 100, "pages": 24},
        None,
        41_000,
    ),
)


def _make_runs(conn: Connection, world: World, shop: int) -> None:
    for name, type_, status, outcome, coverage, counts, note, total in _RUNS:
        run_id = new_id()
        conn.execute(
            "insert into run (id, type, connection_id, stream, status, outcome, coverage, counts, note, total, started_at, ended_at)"
            " values (%s, %s, %s, 'orders', %s, %s, %s, %s, %s, %s, now() - interval '70 seconds',"
            " case when %s = 'running' then null else now() end)",
            (run_id, type_, shop, status, outcome, coverage, _json(counts), note, total, status),
        )
        world.ids[name] = format_id("run", run_id)


def _make_plans(conn: Connection, world: World, reviewed: int) -> None:
    counts = {"targets": 100_000, "linked": 78_412, "create": 21_000, "update": 588, "conflicts": 3,
              "fields": {"full_name": 300, "note": 288}, "cleared": {"note": 21}}  # fmt: skip
    for name, state in (("plan_golive", "held"), ("plan_over", "released"), ("plan_counting", "counting")):
        plan_id = new_id()
        decided = "now()" if state == "released" else "null"
        conn.execute(
            "insert into plan (id, connection_id, cause, cause_id, state, counts, decided_at, decided_by)"
            f" values (%s, %s, 'golive', %s, %s, %s, {decided}, case when %s = 'released' then 'usr_01' end)",
            (plan_id, reviewed, name, state, _json(counts), state),
        )
        world.ids[name] = format_id("pln", plan_id)
    row = conn.execute("select id from plan where cause = 'policy' order by id limit 1").fetchone()
    assert row is not None
    world.ids["plan"] = format_id("pln", row[0])


def _begin_setup(world: World) -> None:
    """One whose first four steps are done."""
    with world.hub.db.session() as conn:
        who = person.by_name(conn, "admin")
    assert who is not None
    one = setup.begin(world.hub, who.id, "webhook", "till")
    setup.set_credentials(world.hub, one, {"ping": "head"}, {"secret": SECRET}, "test")
    setup.set_flows(world.hub, setup.load(world.hub, one.id), {"customer": "both", "order": "in"}, 50, "test")
    setup.go_on(world.hub, setup.load(world.hub, one.id), "first-pull")
    world.ids["setup"] = format_id("stp", one.id)


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
