"""Webhook subscriptions: restored when missing or misdirected, renewed in time, errors kept and shown."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from hub.errors import ConnectionPausedError, HubError, RejectedError, RetryableError
from hub.flow.account import disconnect, pause, resume
from hub.flow.alert_pace import ENOUGH, Pace, pack
from hub.flow.configure import Wish, connect
from hub.flow.context import Hub
from hub.flow.job import Jobs
from hub.flow.subscription import Overview, is_ending, look_after, overview, watched
from hub.model import time as times
from hub.store import alert_facts
from hub.store.subscription import SubscriptionRow
from tests.fixtures.bare import Sink, Till, bare_hub

ADDRESS = "https://hub.example/webhooks/crm"
NOW = datetime(2026, 11, 1, tzinfo=UTC)


class Desk(Till):
    """A till that keeps subscriptions as the script's `kept`; `wants` are the topics it subscribes to."""

    manifest = replace(Till.manifest, name="desk")

    def subscriptions(self) -> Sequence[Mapping[str, str]]:
        """What is kept."""
        self.script.setdefault("asked", []).append("list")
        if error := self.script.get("list error"):
            raise error
        return [dict(one) for one in self.script.get("kept", [])]

    def subscribe(self) -> None:
        """Adds what is missing."""
        self.script["asked"].append("subscribe")
        if error := self.script.get("error"):
            raise error
        kept = [one for one in self.script.get("kept", []) if one["state"] != "expired"]
        there = {one["topic"] for one in kept if one["address"] == self.account.webhook_url}
        kept += [active(topic) for topic in self.script["wants"] if topic not in there]
        self.script["kept"] = kept


def active(topic: str, **more: str) -> dict[str, str]:
    return {"topic": topic, "address": ADDRESS, "state": "active", **more}


@pytest.fixture
def hub(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Hub]:
    with bare_hub(database_url, redis_url, tmp_path) as made:
        made.registry.connectors["desk"] = Desk
        made.settings = replace(made.settings, public_url="https://hub.example")
        made.connections._settings = made.settings
        connect(made, Wish("crm", "desk", secrets={"secret": ["s"]}, flows={"order": "in"}), "test")
        Till.script |= {"wants": ["a", "b"]}
        yield made


def asked() -> list[str]:
    """What the system was asked since the last call."""
    found: list[str] = Till.script.pop("asked", [])
    return found


def shown(hub: Hub) -> dict[str, tuple[str, str]]:
    return {
        one.topic: (one.subscription.state, one.subscription.address)
        for one in overview(hub, "crm").topics
        if one.subscription
    }


def test_look_when_first_then_subscribes_and_later_only_lists(hub: Hub) -> None:
    rows = look_after(hub, "crm")
    assert [(one.topic, one.state, one.address) for one in rows] == [("a", "active", ADDRESS), ("b", "active", ADDRESS)]
    assert asked() == ["list", "subscribe", "list"]
    look_after(hub, "crm")
    assert asked() == ["list"]
    assert hub.db.one("select health -> 'subscriptions' ->> 'ok' from connection") == ("true",)


def test_look_when_one_vanished_then_restored(hub: Hub) -> None:
    look_after(hub, "crm")
    Till.script["kept"] = [active("a")]
    asked()
    look_after(hub, "crm")
    assert asked() == ["list", "subscribe", "list"]
    assert shown(hub) == {"a": ("active", ADDRESS), "b": ("active", ADDRESS)}


def test_look_when_sent_elsewhere_then_ours_is_made_and_the_other_one_left_alone(hub: Hub) -> None:
    other = "https://staging.example/webhooks/crm"
    Till.script["kept"] = [
        {"topic": "a", "address": other, "state": "active"},
        {"topic": "x", "address": other, "state": "active"},
        {"topic": "b", "address": ADDRESS + "/?key=secret", "state": "active"},
    ]
    look_after(hub, "crm")
    assert shown(hub) == {"a": ("active", ADDRESS), "b": ("active", ADDRESS + "/")}
    assert len(Till.script["kept"]) == 5


def test_look_when_one_has_expired_or_ends_soon_then_renewed(hub: Hub) -> None:
    look_after(hub, "crm")
    soon = times.format_time(datetime.now(UTC) + timedelta(hours=1))
    for one in (active("a", state="expired"), active("a", expires_at=soon)):
        Till.script["kept"] = [one, active("b")]
        asked()
        look_after(hub, "crm")
        assert asked() == ["list", "subscribe", "list"]


def test_look_when_its_end_is_far_then_left_alone_until_half_of_its_life_is_over(hub: Hub) -> None:
    end = times.format_time(datetime.now(UTC) + timedelta(days=2))
    Till.script["kept"] = [active("a", expires_at=end), active("b")]
    look_after(hub, "crm")
    asked()
    look_after(hub, "crm")
    assert asked() == ["list"]
    hub.db.execute("update subscription set renewed_at = renewed_at - interval '3 days'")
    look_after(hub, "crm")
    assert asked() == ["list", "subscribe", "list"]
    Till.script["kept"][0]["expires_at"] = times.format_time(datetime.now(UTC) + timedelta(days=7))
    look_after(hub, "crm")
    assert hub.db.one("select renewed_at > now() - interval '1 minute' from subscription where topic = 'a'") == (True,)


@pytest.mark.parametrize(
    ("left", "lived", "expected"),
    [
        (timedelta(days=5), None, False),
        (timedelta(days=3), None, True),
        (timedelta(hours=13), timedelta(hours=11), False),
        (timedelta(hours=11), timedelta(hours=13), True),
        (timedelta(days=3.9), timedelta(days=86), True),
        (timedelta(days=4.1), timedelta(days=86), False),
        (timedelta(0), timedelta(days=1), True),
    ],
)
def test_is_ending_when_asked_then_by_half_of_its_life_and_four_days(
    left: timedelta, lived: timedelta | None, expected: bool
) -> None:
    end = NOW + left
    known = SubscriptionRow("a", "", "active", end, NOW, NOW - lived, None) if lived else None
    assert is_ending(end, known, NOW) is expected
    assert is_ending(None, known, NOW) is False


def test_look_when_the_connection_changed_then_subscribes_anyway(hub: Hub) -> None:
    look_after(hub, "crm")
    Till.script["wants"] = ["a", "b", "c"]
    look_after(hub, "crm")
    assert "c" not in shown(hub)
    connect(hub, Wish("crm", flows={"customer": "in"}), "test")
    look_after(hub, "crm")
    assert "c" in shown(hub)
    Till.script["wants"].append("d")
    look_after(hub, "crm", restore=True)
    assert "d" in shown(hub)


def test_look_when_restoring_fails_then_what_is_lost_is_shown_with_the_error(hub: Hub) -> None:
    look_after(hub, "crm")
    Till.script |= {"kept": [active("a")], "error": RejectedError("crm: b needs the scope read_b")}
    with pytest.raises(RejectedError):
        look_after(hub, "crm")
    assert shown(hub) == {"a": ("active", ADDRESS), "b": ("missing", "")}
    (b,) = (one.subscription for one in overview(hub, "crm").topics if one.topic == "b")
    assert b is not None
    assert b.error == "crm: b needs the scope read_b"
    health = hub.db.one("select health -> 'subscriptions' from connection")
    assert health is not None
    assert (health[0]["ok"], health[0]["message"]) == (False, "crm: b needs the scope read_b")
    Till.script["error"] = None
    look_after(hub, "crm")
    assert shown(hub)["b"] == ("active", ADDRESS)


def test_look_when_the_system_refuses_a_topic_then_the_error_stays_until_it_is_granted(hub: Hub) -> None:
    Till.script["error"] = RejectedError("crm: b needs the scope read_b")
    Till.script["kept"] = [active("a")]
    for _ in range(2):
        with pytest.raises(RejectedError):
            look_after(hub, "crm")
    assert shown(hub) == {"a": ("active", ADDRESS)}
    Till.script["error"] = None
    look_after(hub, "crm")
    assert shown(hub) == {"a": ("active", ADDRESS), "b": ("active", ADDRESS)}


@pytest.mark.parametrize(
    ("error", "is_paused"), [(ConnectionPausedError("crm: 401"), True), (RetryableError("crm: 503"), False)]
)
def test_look_when_the_system_does_not_answer_then_what_was_known_stays(
    hub: Hub, error: HubError, is_paused: bool
) -> None:
    look_after(hub, "crm")
    Till.script["list error"] = error
    with pytest.raises(type(error)):
        look_after(hub, "crm")
    assert shown(hub) == {"a": ("active", ADDRESS), "b": ("active", ADDRESS)}
    assert (hub.connections.by_name("crm").paused_at is not None) == is_paused


def test_watched_when_nothing_can_or_may_be_asked_then_the_overview_says_why(hub: Hub) -> None:
    connect(hub, Wish("till", "till", secrets={"secret": ["s"]}, flows={"order": "in"}), "test")
    connect(hub, Wish("out", "sink", flows={"customer": "out"}), "test")
    assert issubclass(Sink, object)
    assert [row.name for row in watched(hub)] == ["crm"]
    assert "no subscriptions" in overview(hub, "till").note
    assert "no subscriptions" in overview(hub, "out").note
    pause(hub, "crm", "li")
    assert "paused" in overview(hub, "crm").note
    resume(hub, "crm", "li")
    hub.settings = replace(hub.settings, public_url="")
    found = overview(hub, "crm")
    assert ("HUB_PUBLIC_URL" in found.note, found.is_watched, found.address) == (True, False, "")
    assert watched(hub) == []


def test_jobs_when_a_connection_is_made_or_resumed_then_looked_after_at_once(hub: Hub) -> None:
    jobs = Jobs(hub)
    assert jobs.look() == [f"subscriptions:{hub.connections.by_name('crm').id}"]
    assert jobs.wait(10)
    assert asked() == ["list", "subscribe", "list"]
    assert jobs.look() == []
    found = overview(hub, "crm")
    assert found.checked_at is not None
    assert found.next_at is not None
    assert timedelta(minutes=13) < found.next_at - found.checked_at < timedelta(minutes=17)
    pause(hub, "crm", "li")
    assert jobs.look() == []
    resume(hub, "crm", "li")
    assert len(jobs.look()) == 1
    assert jobs.wait(10)
    assert asked() == ["list", "subscribe", "list"]
    assert jobs.look() == []


def test_jobs_when_the_system_is_away_then_the_error_is_shown_and_it_is_asked_again_soon(hub: Hub) -> None:
    Till.script["list error"] = RetryableError("crm: 503")
    jobs = Jobs(hub)
    jobs.look()
    assert jobs.wait(10)
    found = overview(hub, "crm")
    assert found.error == "crm: 503"
    assert found.next_at is not None
    assert found.next_at - datetime.now(UTC) <= timedelta(seconds=60)


def test_jobs_when_a_connection_is_disconnected_then_left_alone(hub: Hub) -> None:
    look_after(hub, "crm")
    disconnect(hub, "crm", "li")
    assert Jobs(hub).look() == []
    assert overview(hub, "crm").topics == ()


def test_overview_when_webhooks_came_then_says_when_last_and_what_is_usual(hub: Hub) -> None:
    look_after(hub, "crm")
    now_ms = time.time_ns() // 1_000_000
    day = now_ms // 86_400_000
    paces = {
        "a": Pace(now_ms - 60_000, ENOUGH, {day: 3_600_000}),
        "note": Pace(now_ms - 7_300_000, ENOUGH, {day: 3_600_000}),
    }
    crm = hub.connections.by_name("crm").id
    document: Any = orjson.dumps(pack({crm: paces}, now_ms)).decode()
    hub.db.run(lambda conn: alert_facts.keep_pace(conn, document))
    found: Overview = overview(hub, "crm")
    a, b, note = found.topics
    assert (a.topic, a.usual_gap_s, a.is_silent, a.subscription is not None) == ("a", 3600, False, True)
    assert a.last_received_at is not None
    assert abs(time.time() - 60 - a.last_received_at.timestamp()) < 5
    assert (b.topic, b.last_received_at, b.usual_gap_s) == ("b", None, None)
    assert (note.topic, note.subscription, note.is_silent) == ("note", None, True)
