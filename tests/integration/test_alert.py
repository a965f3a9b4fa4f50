"""Alerts on a real database: opened, counted, closed by themselves, dealt with by people."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from hub.errors import ConfigError, ConflictError, NotFoundError, Problem
from hub.flow import alert, audit
from hub.flow import alert_facts as gathered
from hub.flow.alert_facts import unmapped
from hub.model.identifier import format_id
from hub.queue import ROLES, Hand
from hub.store import alert as store
from hub.store import alert_facts, inbox, item
from hub.store.alert import Alert
from hub.store.database import new_id
from tests.fixtures.hub import Rig, at


@pytest.fixture(autouse=True)
def _enough_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: type("Usage", (), {"free": 60, "total": 100})())


@pytest.fixture
def shop(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> Rig:
    """A hub with a shop, and workers that are there."""
    hands = [Hand(role, "idle", None, None) for role in ROLES]
    monkeypatch.setattr(type(rig.hub.queue), "hands", lambda _: hands)
    kept = {"aof_enabled": "1", "maxmemory_policy": "noeviction"}
    monkeypatch.setattr(type(rig.hub.queue), "server", lambda _: kept)
    rig.connect("shop", {"customer": "both"})
    return rig


def alerts(rig: Rig, state: str = "open", **more: Any) -> list[Alert]:
    with rig.hub.db.session() as conn:
        return store.list_alerts(conn, state=state, **more)


def summary(rig: Rig, state: str = "open") -> list[tuple[str, str, int]]:
    return [(one.type, one.state, one.count) for one in alerts(rig, state)]


def quarantine(rig: Rig, count: int) -> None:
    for n in range(count):
        rig.send("shop", "customer.updated", {"id": f"q{rig.sent}-{n}", "updated_at": at(1)})
    with rig.hub.db.transaction() as conn:
        ids = [id_ for (id_,) in conn.execute("select id from event_work where state = 0")]
        inbox.quarantine(conn, [(id_, "missing_field", [Problem("missing_field", "x")]) for id_ in ids])


def test_alerts_when_nothing_is_wrong_then_none(shop: Rig) -> None:
    assert alert.evaluate(shop.hub) == 0
    assert summary(shop) == []


def test_alerts_when_many_fail_for_one_cause_then_one_row_that_counts_and_closes_by_itself(shop: Rig) -> None:
    quarantine(shop, 40)
    alert.evaluate(shop.hub)
    alert.evaluate(shop.hub)
    assert summary(shop) == [("quarantine", "open", 40)]
    first = alerts(shop)[0]
    assert (first.connection, first.data) == ("shop", {"cause": "missing_field"})
    quarantine(shop, 2)
    alert.evaluate(shop.hub)
    assert [(one.id, one.count) for one in alerts(shop)] == [(first.id, 42)]
    shop.hub.db.execute("delete from event_work")
    alert.evaluate(shop.hub)
    assert summary(shop) == []
    assert [(one.id, one.closed_by) for one in alerts(shop, "closed")] == [(first.id, "hub")]
    quarantine(shop, 1)
    alert.evaluate(shop.hub)
    assert alerts(shop)[0].id != first.id, "a later return is a new row"


def test_alerts_when_the_account_is_refused_then_worst_first(shop: Rig) -> None:
    quarantine(shop, 1)
    shop.hub.db.execute("update connection set paused_at = now(), paused_by = 'hub', pause_reason = 'HTTP 401'")
    alert.evaluate(shop.hub)
    assert [one.type for one in alerts(shop)] == ["credential", "quarantine"]
    assert alerts(shop)[0].data["reason"] == "HTTP 401"


def test_alerts_when_every_table_has_something_then_each_condition_reads_it(shop: Rig) -> None:
    (connection_id,) = shop.hub.db.one("select id from connection") or (0,)
    rid = new_id()
    with shop.hub.db.transaction() as conn:
        conn.execute(
            "insert into record (rid, realm, connection_id, object_type, external_id, kind, cluster, state, parked, parked_at)"
            " values (%(a)s, 'default', %(c)s, 'payments', 'p', 'payment', %(a)s, 1, true, now() - interval '2 hours'),"
            " (%(b)s, 'default', %(c)s, 'orders', 'o', 'order', %(b)s, 0, false, null)",
            {"a": rid, "b": (parent := new_id()), "c": connection_id},
        )
        conn.execute("insert into reference (child, field, parent) values (%s, 'order', %s)", (rid, parent))
        for state in ("unknown", "dead", "due"):
            conn.execute(
                "insert into target (id, realm, connection_id, object_type, kind, owner_rid, state, dirty_at)"
                " values (%s, 'default', %s, 'customers', 'customer', %s, %s, now() - interval '5 minutes')",
                (new_id(), connection_id, new_id(), state),
            )
        conn.execute(
            "insert into plan (id, connection_id, cause, counts) values (%s, %s, 'policy', '{\"update\": 312}')",
            (new_id(), connection_id),
        )
        conn.execute(
            "insert into run (id, type, connection_id, stream, status, coverage, note, ended_at)"
            " values (%s, 'pull', %s, 'orders', 'done', 'truncated', 'the system lists 10,000 at most', now())",
            (new_id(), connection_id),
        )
        conn.execute(
            "insert into subscription (connection_id, topic, state) values (%s, 'orders/create', 'missing')",
            (connection_id,),
        )
        conn.execute(
            "insert into token (id, hash, name, role, created_by, created_at, expires_at, seen_at)"
            " values (%s, 'x', 'till', 'viewer', 'test', now() - interval '80 days', now() + interval '2 days', now()),"
            " (%s, 'y', 'for today', 'viewer', 'test', now(), now() + interval '8 hours', now())",
            (new_id(), new_id()),
        )
        conn.execute(
            "insert into reveal (id, person, kind, subject, field, reason)"
            " select gen_random_uuid(), 'usr_x', 'customer', gen_random_uuid(), 'phone', 'service' from generate_series(1, 31)"
        )
        conn.execute(
            "insert into job (name, next_at, ended_at, failures, error)"
            " values ('ledger', now(), now(), 3, 'away'), ('gone', now(), now() - interval '2 days', 9, 'away'),"
            " ('hiccup', now(), now(), 2, 'away')"
        )
        item.raise_item(conn, "loop", "loop:1", connection_id=connection_id)
    alert.evaluate(shop.hub)
    found = {one.type for one in alerts(shop)}
    assert found == {
        "parked", "unknown", "dead", "slow", "plan", "reading", "subscription", "token", "many_reveals", "loop",
        "job",
    }  # fmt: skip
    with shop.hub.db.session() as conn:
        (parked,) = item.list_items(conn, type="parked")
    assert (parked.rid, parked.data["external_id"], parked.count) == (parent, "o", 1)
    shop.hub.db.execute("update record set parked = false, parked_at = null")
    alert.evaluate(shop.hub)
    with shop.hub.db.session() as conn:
        assert item.list_items(conn, type="parked") == []


def test_webhooks_when_they_come_then_their_pace_is_learnt_once(shop: Rig) -> None:
    for n in range(3):
        shop.send("shop", "customer.updated", {"id": str(n), "updated_at": at(1)}, origin="webhook", received_at=None)
    alert.evaluate(shop.hub)
    alert.evaluate(shop.hub)
    with shop.hub.db.session() as conn:
        paces = alert_facts.pace(conn)["paces"]
    [(_, topics)] = paces.items()
    assert topics["customer.updated"][1] == 3


def test_look_when_two_schedulers_look_then_one_of_them_does_it(shop: Rig) -> None:
    assert alert.look(shop.hub)
    assert not alert.look(shop.hub)
    shop.hub.db.execute("update setting set updated_at = updated_at - interval '6 seconds'")
    assert alert.look(shop.hub)


def test_answer_when_a_system_comes_and_goes_then_one_row_of_whoever_took_it(shop: Rig) -> None:
    down = {"state": "open", "since": datetime.now(UTC).timestamp() - 60, "message": "shop: could not connect"}

    def say(health: dict[str, Any]) -> None:
        shop.hub.db.execute("update connection set health = %s::jsonb", (orjson.dumps({"delivery": health}).decode(),))
        alert.evaluate(shop.hub)

    say(down)
    (one,) = alerts(shop)
    alert.acknowledge(shop.hub, one.id, "usr_1")
    say({"state": "closed"})
    assert alerts(shop) == []
    say(down)
    (again,) = alerts(shop)
    assert (again.id, again.state, again.owner, again.closed_at) == (one.id, "acknowledged", "usr_1", None)
    say({"state": "closed"})
    shop.hub.db.execute("update alert set closed_at = now() - interval '11 minutes'")
    say(down)
    assert alerts(shop)[0].id != one.id


def test_workers_when_a_role_is_gone_for_a_moment_then_no_alarm_and_then_one(
    shop: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(shop.hub.queue), "hands", lambda _: [Hand("pipeline,poll", "idle", None, None)])
    alert.evaluate(shop.hub)
    assert alerts(shop) == []
    monkeypatch.setattr(gathered, "GRACE_S", 0.0)
    alert.evaluate(shop.hub)
    (one,) = alerts(shop)
    assert (one.type, one.data) == ("no_workers", {"roles": ["deliver"]})


def test_access_when_its_renewal_got_no_answer_then_that_is_no_refusal(shop: Rig) -> None:
    (connection_id,) = shop.hub.db.one("select id from connection") or (0,)
    for type_, expected in (("RetryableError", []), ("ConnectionPausedError", ["credential"])):
        shop.hub.db.execute(
            "insert into access_token (connection_id, name, error, failed_at, basis) values (%s, 'access', %s::jsonb, now(), '')"
            " on conflict (connection_id, name) do update set error = excluded.error",
            (connection_id, orjson.dumps({"type": type_, "message": "shop: refused"}).decode()),
        )
        alert.evaluate(shop.hub)
        assert [one.type for one in alerts(shop)] == expected


def _unknown(rig: Rig) -> None:
    rig.hub.db.execute(
        "insert into target (id, realm, connection_id, object_type, kind, owner_rid, state)"
        " select gen_random_uuid(), 'default', id, 'customers', 'customer', gen_random_uuid(), 'unknown' from connection"
    )


def test_acts_when_taken_then_state_owner_and_trail_say_so(shop: Rig) -> None:
    _unknown(shop)
    alert.evaluate(shop.hub)
    (one,) = alerts(shop)
    assert alert.acknowledge(shop.hub, one.id, "usr_1", "on it").owner == "usr_1"
    assert alert.assign(shop.hub, one.id, "usr_1", "li.na").owner == "li.na"
    assert [a.state for a in alerts(shop)] == ["acknowledged"]
    snoozed = alert.snooze(shop.hub, one.id, "usr_1", "1d")
    assert snoozed.snoozed_until is not None
    assert snoozed.snoozed_until > datetime.now(UTC) + timedelta(hours=23)
    assert alerts(shop) == []
    alert.evaluate(shop.hub)
    assert summary(shop, "snoozed") == [("unknown", "snoozed", 1)]
    shop.hub.db.execute("update alert set snoozed_until = now() - interval '1 second'")
    alert.evaluate(shop.hub)
    assert summary(shop) == [("unknown", "open", 1)]
    trail = [row.act for row in audit.recent(shop.hub, limit=10) if row.object == format_id("alr", one.id)]
    assert trail == ["alert.snoozed", "alert.assigned", "alert.acknowledged"]


def test_close_when_the_condition_lasts_then_it_stays_closed_until_it_gets_worse_or_returns(shop: Rig) -> None:
    _unknown(shop)
    alert.evaluate(shop.hub)
    alert.close(shop.hub, alerts(shop)[0].id, "usr_1", "known")
    alert.evaluate(shop.hub)
    assert alerts(shop) == []
    shop.hub.db.execute("update target set state = 'due', done_seq = dirty_seq")
    alert.evaluate(shop.hub)
    shop.hub.db.execute("update target set state = 'unknown'")
    alert.evaluate(shop.hub)
    assert summary(shop) == [("unknown", "open", 1)]
    with shop.hub.db.transaction() as conn:
        conn.execute("update alert set severity = 0 where state <> 'closed'")
    alert.close(shop.hub, alerts(shop)[0].id, "usr_1")
    alert.evaluate(shop.hub)
    assert summary(shop) == [("unknown", "open", 1)], "it is worse than what was closed"


def test_acts_when_wrong_then_refused_in_words(shop: Rig) -> None:
    _unknown(shop)
    alert.evaluate(shop.hub)
    (one,) = alerts(shop)
    with pytest.raises(ConfigError, match="1h or 1d"):
        alert.snooze(shop.hub, one.id, "usr_1", "1w")
    alert.close(shop.hub, one.id, "usr_1")
    with pytest.raises(ConflictError, match="closed already"):
        alert.acknowledge(shop.hub, one.id, "usr_1")
    with pytest.raises(NotFoundError):
        alert.close(shop.hub, new_id(), "usr_1")


def test_raise_alert_when_told_again_then_counted_and_no_look_closes_it(shop: Rig) -> None:
    first = alert.raise_alert(shop.hub, "settlement", "settlement:1", data={"text": "3 differences"})
    again = alert.raise_alert(shop.hub, "settlement", "settlement:1", severity=2, data={"text": "4 differences"})
    assert first == again
    alert.evaluate(shop.hub)
    (one,) = alerts(shop)
    assert (one.count, one.severity, one.data["text"]) == (2, 2, "4 differences")
    with shop.hub.db.transaction() as conn:
        assert store.close_cause(conn, "settlement:1")
        assert not store.close_cause(conn, "settlement:1")
    assert alerts(shop) == []


def test_alerts_when_of_another_realm_then_not_seen(shop: Rig, hub: Any) -> None:
    quarantine(shop, 1)
    alert.raise_alert(hub, "disk", "disk")
    shop.hub.db.execute("update connection set realm = 'tea'")
    with hub.db.transaction() as conn:
        conn.execute("delete from alert where type = 'disk'")
    alert.evaluate(hub)
    assert [one.type for one in alerts(shop, realms=["tea"])] == ["quarantine"]
    assert alerts(shop, realms=["coffee"]) == []


def test_purge_when_closed_long_ago_then_gone(shop: Rig) -> None:
    alert.raise_alert(shop.hub, "x", "x")
    with shop.hub.db.transaction() as conn:
        store.close_cause(conn, "x")
        conn.execute("update alert set closed_at = now() - interval '91 days'")
        assert store.purge(conn) == 1


def test_mapping_when_a_kind_flows_that_no_file_maps_then_said(
    make_hub: Callable[..., Any], database_url: str, shop: Rig
) -> None:
    hub = shop.hub
    rules = hub.rules
    object.__setattr__(rules, "mappings", type(rules.mappings)({}, {}, {}))
    hub.connections.reload()
    alert.evaluate(hub)
    (one,) = [a for a in alerts(shop) if a.type == "mapping"]
    assert one.data["kinds"] == ["customer in", "customer out"]


def test_mapping_when_it_is_of_a_topic_and_not_of_the_stream_then_nothing_is_missing(shop: Rig) -> None:
    shop.connect("mall", {"location": "in"})
    shop.hub.db.execute("update connection set connector = 'shopify', generation = generation + 1 where name = 'mall'")
    shop.hub.connections.reload()
    assert unmapped(shop.hub) == {}
