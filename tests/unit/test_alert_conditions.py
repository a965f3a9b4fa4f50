"""Each condition of the alerts, over facts made by hand."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.flow.alert_conditions import TYPES, find_all
from hub.flow.alert_facts import Facts
from hub.flow.alert_pace import DAY_MS, ENOUGH, Pace, learn, pack, unpack
from hub.flow.alert_say import reason_of, say
from hub.flow.alert_text import WORDS
from hub.model.kinds import KINDS
from hub.store.alert import Alert
from hub.store.alert_facts import ConnectionFacts, Group
from hub.store.finding import Finding
from hub.store.job import JobRow

NOW = datetime(2026, 11, 22, 9, 51, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
CALM = ConnectionFacts(
    id=1, name="crm", connector="zoho", flows={"customer": "both"}, phase="live", paused_at=None, paused_by=None,
    pause_reason=None, halted_in=False, halted_out=False, health={}, waiting=0, oldest_in=None, due=0, oldest_due_at=None,
    unknown=0, oldest_unknown_at=None, dead=0, oldest_dead_at=None, held=0,
)  # fmt: skip

OPEN = {"state": "open", "since": NOW.timestamp() - 46, "message": "crm: POST crm.example could not connect: timed out"}
AWAY = {"ok": False, "away": True, "since": NOW.timestamp() - 46, "at": NOW.timestamp() - 3, "message": "crm: 502"}


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def id_of(at: datetime) -> uuid.UUID:
    return uuid.UUID(int=int(at.timestamp() * 1000) << 80)


def found(facts: Facts) -> dict[str, Finding]:
    return {finding.type: finding for finding in find_all(facts)}


def of_connection(**changes: Any) -> dict[str, Finding]:
    return found(Facts(NOW, connections=[replace(CALM, **changes)]))


def test_conditions_when_all_is_well_then_nothing() -> None:
    assert find_all(Facts(NOW, connections=[CALM], workers=2, disk=(50, 100))) == []


@pytest.mark.parametrize(
    ("changes", "type_", "severity", "count"),
    [
        ({"paused_at": ago(720), "paused_by": "hub", "pause_reason": "401"}, "credential", 2, 1),
        ({"due": 14, "oldest_due_at": ago(61)}, "slow", 1, 14),
        ({"health": {"delivery": {"state": "open"}}, "due": 3, "oldest_due_at": ago(500)}, "breaker", 2, 3),
        ({"health": {"delivery": OPEN}, "due": 3, "oldest_due_at": ago(500)}, "breaker", 2, 3),
        ({"health": {"pull:orders": AWAY}, "phase": "reading"}, "breaker", 2, 1),
        ({"unknown": 2, "oldest_unknown_at": ago(9)}, "unknown", 2, 2),
        ({"dead": 5, "oldest_dead_at": ago(9)}, "dead", 1, 5),
        ({"phase": "review"}, "review", 1, 1),
        ({"waiting": 340, "oldest_in": id_of(ago(61))}, "workers", 2, 340),
    ],
)
def test_conditions_when_one_connection_is_in_trouble_then_that_alone_is_said(
    changes: dict[str, Any], type_: str, severity: int, count: int
) -> None:
    findings = of_connection(**changes)
    assert list(findings) == [type_]
    assert (findings[type_].severity, findings[type_].count) == (severity, count)


def test_answer_when_missing_for_a_moment_or_not_asked_for_long_then_no_alarm() -> None:
    young = {"since": NOW.timestamp() - 44}
    assert of_connection(health={"delivery": {**OPEN, **young}}, due=1) == {}
    assert of_connection(health={"pull:orders": {**AWAY, **young}}) == {}
    assert of_connection(health={"pull:orders": {**AWAY, "at": NOW.timestamp() - 901}}) == {}
    assert of_connection(health={"pull:orders": {**AWAY, "away": False}}) == {}
    assert of_connection(health={"pull:orders": AWAY, "delivery": OPEN}, halted_in=True, halted_out=True) == {}


def test_answer_when_reading_and_writing_and_what_hangs_on_them_fail_then_one_row() -> None:
    health = {"delivery": OPEN, "pull:orders": AWAY, "pull:customers": AWAY}
    facts = Facts(
        NOW, connections=[replace(CALM, health=health, due=7, oldest_due_at=ago(300))], jobs=[_job("subscriptions:1", 1)],
        runs=[Group(1, "orders", 1, ago(60), "crm: 502")],
    )  # fmt: skip
    (one,) = find_all(facts)
    assert (one.type, one.cause_key, one.count) == ("breaker", "answer:1", 9)
    assert one.data["streams"] == ["customers", "orders"]
    assert one.first_at == ago(46)


def test_answer_when_slow_first_and_then_none_then_the_same_row() -> None:
    slow = of_connection(due=14, oldest_due_at=ago(61))["slow"]
    assert slow.cause_key == of_connection(health={"delivery": OPEN}, due=14)["breaker"].cause_key
    assert find_all(Facts(NOW, connections=[replace(CALM, due=1, oldest_due_at=ago(61))], slow_after_s=300)) == []


def test_conditions_when_a_person_paused_or_halted_it_then_no_alarm() -> None:
    late = {"due": 9, "oldest_due_at": ago(900)}
    assert of_connection(paused_at=ago(900), paused_by="usr_01J", **late) == {}
    assert of_connection(halted_out=True, **late) == {}
    assert of_connection(halted_in=True, waiting=9, oldest_in=id_of(ago(900))) == {}


def test_conditions_when_work_is_young_then_no_alarm() -> None:
    assert of_connection(due=9, oldest_due_at=ago(59), waiting=9, oldest_in=id_of(ago(59))) == {}


def test_workers_when_a_role_has_none_then_said_before_anything_waits() -> None:
    gone = found(Facts(NOW, connections=[CALM], workers=1, missing=("deliver",)))
    assert list(gone) == ["no_workers"]
    assert gone["no_workers"].data == {"roles": ["deliver"]}
    waits = replace(CALM, waiting=340, oldest_in=id_of(ago(61)))
    assert list(found(Facts(NOW, connections=[waits], workers=0, missing=("pipeline", "deliver")))) == ["no_workers"]
    assert list(found(Facts(NOW, connections=[waits], workers=3))) == ["workers"]
    assert "no_workers" not in found(Facts(NOW, connections=[CALM], workers=None, is_redis_up=False))


@pytest.mark.parametrize(
    ("redis", "severity"),
    [
        ({"aof_enabled": "1", "maxmemory_policy": "noeviction"}, None),
        ({"aof_enabled": "0", "maxmemory_policy": "noeviction"}, 0),
        ({"aof_enabled": "1", "maxmemory_policy": "noeviction", "aof_last_write_status": "err"}, 0),
        ({"aof_enabled": "1", "maxmemory_policy": "allkeys-lru"}, 1),
    ],
)
def test_redis_when_it_forgets_then_said(redis: dict[str, str], severity: int | None) -> None:
    one = found(Facts(NOW, redis=redis)).get("redis_settings")
    assert (one.severity if one else None) == severity


def test_clock_when_it_differs_by_more_than_a_second_then_said() -> None:
    assert find_all(Facts(NOW, skew_s=0.9)) == []
    assert found(Facts(NOW, skew_s=-90.2))["clock"].data == {"skew_s": -90}


def test_quarantine_when_thousands_fail_for_one_cause_then_one_finding() -> None:
    groups = [Group(1, "missing_field", 4000, ago(60)), Group(1, "poison", 1, ago(5))]
    findings = find_all(Facts(NOW, connections=[CALM], quarantined=groups))
    assert [(f.cause_key, f.count, f.severity) for f in findings] == [
        ("quarantine:1:missing_field", 4000, 1),
        ("quarantine:1:poison", 1, 2),
    ]


def test_groups_when_several_streams_or_topics_fail_then_one_finding_a_connection() -> None:
    facts = Facts(
        NOW,
        connections=[CALM],
        runs=[Group(1, "orders", 1, ago(60), "cut off"), Group(1, "customers", 1, ago(90), "cut off")],
        subscriptions=[Group(1, "orders/create", 1, None, "gone"), Group(1, "orders/paid", 1, None, "gone")],
        items=[Group(1, "loop", 2, ago(3)), Group(1, "drift", 7, ago(3))],
        parked=[Group(1, "payment", 12, ago(4000))],
        plans=[Group(1, str(uuid.UUID(int=7)), 312, ago(9), "policy")],
        unmapped={1: ["order out"]},
    )
    findings = found(facts)
    assert findings["reading"].data["streams"] == ["customers", "orders"]
    assert findings["subscription"].count == 2
    assert (findings["loop"].count, findings["drift"].count, findings["parked"].count) == (2, 7, 12)
    assert findings["plan"].data["plan"].startswith("pln_")
    assert findings["mapping"].data == {"kinds": ["order out"]}


def test_hub_when_its_own_parts_are_in_trouble_then_said() -> None:
    facts = Facts(
        NOW,
        is_redis_up=False,
        disk=(100 * 1024**2, 100 * 1024**3),
        broken=[("tier", "ImportError: x")],
        tokens=[(uuid.UUID(int=1), "till", NOW + timedelta(days=3)), (uuid.UUID(int=2), "old", ago(60))],
        readers=[("usr_01J", 31, ago(1800))],
        access=[Group(1, "access", 1, ago(60), "invalid_grant")],
    )
    findings = found(facts)
    assert findings["disk"].severity == 2
    assert findings["disk"].data["percent"] == 100
    assert findings["credential"].severity == 2
    assert {"redis", "plugin", "token", "many_reveals"} <= set(findings)
    assert sorted(f.severity for f in find_all(facts) if f.type == "token") == [0, 1]


def _job(name: str, connection_id: int | None, failures: int = 4) -> JobRow:
    return JobRow(name, connection_id, NOW, None, ago(9), ago(8), failures, "the ledger is away")


def test_jobs_when_they_fail_again_and_again_then_said_once_each() -> None:
    facts = Facts(NOW, connections=[CALM], jobs=[_job("tier.count", None), _job("subscriptions:1", 1)])
    assert [(f.cause_key, f.count, f.connection_id) for f in find_all(facts)] == [
        ("job:tier.count", 4, None),
        ("job:subscriptions:1", 4, 1),
    ]


def test_jobs_when_their_connection_says_more_itself_then_not_said_twice() -> None:
    gone = [Group(1, "orders/create", 1, None, "gone")]
    facts = Facts(NOW, connections=[CALM], jobs=[_job("subscriptions:1", 1)], subscriptions=gone)
    assert list(found(facts)) == ["subscription"]


def test_disk_when_much_is_left_of_a_full_large_disk_then_no_alarm() -> None:
    assert find_all(Facts(NOW, disk=(50 * 1024**3, 1000 * 1024**3))) == []


def _beat(known: dict[int, dict[str, Pace]], at_ms: int, count: int = 1) -> None:
    learn(known, [(1, "orders/create", count, uuid.UUID(int=at_ms << 80))])


def test_webhooks_when_they_stop_for_longer_than_is_usual_then_said() -> None:
    known: dict[int, dict[str, Pace]] = {}
    for n in range(ENOUGH + 5):
        _beat(known, NOW_MS - 2 * DAY_MS + n * 300_000)
    last = known[1]["orders/create"].last_ms
    assert known[1]["orders/create"].usual_s == 300
    assert known[1]["orders/create"].silent_s(last + 599_000) is None
    findings = found(Facts(NOW, connections=[CALM], pace=known))
    assert findings["silent"].data["topics"] == ["orders/create"]
    assert findings["silent"].data["usual_s"] == 300


def test_webhooks_when_nights_are_silent_then_a_night_is_usual() -> None:
    known: dict[int, dict[str, Pace]] = {}
    for day in range(3):
        for n in range(40):
            _beat(known, NOW_MS - (3 - day) * DAY_MS + n * 900_000)
    pace = known[1]["orders/create"]
    assert pace.usual_s == pytest.approx(14.25 * 3600)
    assert pace.silent_s(pace.last_ms + 15 * 3_600_000) is None
    assert pace.silent_s(pace.last_ms + 29 * 3_600_000) is not None


def test_webhooks_when_few_came_or_the_same_are_seen_twice_then_no_habit() -> None:
    known: dict[int, dict[str, Pace]] = {}
    for _ in range(100):
        _beat(known, NOW_MS - DAY_MS)
    assert known[1]["orders/create"].count == 1
    assert found(Facts(NOW, connections=[CALM], pace=known)) == {}


def test_pace_when_kept_and_read_again_then_the_same() -> None:
    known: dict[int, dict[str, Pace]] = {}
    for n in range(30):
        _beat(known, NOW_MS + n * 60_000)
    assert unpack(pack(known, 5)) == (known, 5)
    assert unpack({}) == ({}, 0)


def test_texts_when_a_type_can_be_found_then_it_has_words_in_both_languages() -> None:
    assert set(TYPES) == set(WORDS)
    for words in WORDS.values():
        for text in (words.title, words.meaning, words.step):
            assert text.zh
            assert text.en


def test_texts_when_filled_then_nothing_is_left_open() -> None:
    facts = Facts(
        NOW,
        connections=[replace(CALM, paused_at=ago(9), paused_by="hub", pause_reason="HTTP 401.", due=3)],
        quarantined=[Group(1, "missing_field", 4000, ago(60))],
        parked=[Group(1, "payment", 12, ago(4000))],
        plans=[Group(1, str(uuid.UUID(int=7)), 312, ago(9), "policy")],
    )
    for finding in find_all(facts):
        alert = Alert(
            uuid.UUID(int=1), finding.cause_key, finding.type, 1, 1, "crm", "default", "open", finding.count,
            dict(finding.data), None, NOW, NOW, None, None, None,
        )  # fmt: skip
        for language in ("zh", "en"):
            said = say(alert, language, KINDS)
            assert "{" not in said.title + said.meaning + said.step
            assert "?" not in said.title + said.meaning


def test_texts_when_a_type_is_not_declared_then_its_own_text() -> None:
    alert = Alert(
        uuid.UUID(int=1), "x", "settlement", 1, None, None, None, "open", 1, {"text": "3 differences"}, None, NOW, NOW,
        None, None, None,
    )  # fmt: skip
    assert say(alert).title == "settlement"
    assert say(alert).meaning == "3 differences"


def test_reason_when_told_then_ours_is_translated_and_the_system_is_quoted() -> None:
    away = "crm: POST crm.example could not connect: timed out"
    assert reason_of(away, "zh") == f"无法连接对方，会自动重试。（原文：“{away}”）"
    assert reason_of(away, "en") == f"The system cannot be reached; it is tried again by itself. (“{away}”)"
    assert reason_of("Konto gesperrt.", "zh") == "原因：“Konto gesperrt”。"
    assert reason_of("Konto gesperrt.", "en") == "The reason: “Konto gesperrt”."
    assert reason_of("", "zh") == ""
    assert reason_of("missing", "zh") == "对方已没有这个订阅。"
    assert reason_of("its process stopped", "en") == "The process that read ended."


def test_texts_when_in_chinese_then_nothing_of_ours_is_english() -> None:
    alert = Alert(
        uuid.UUID(int=1), "x", "mapping", 1, 1, "crm", "default", "open", 2, {"kinds": ["order in", "customer out"]}, None,
        NOW, NOW, None, None, None,
    )  # fmt: skip
    assert say(alert, "zh", KINDS).meaning.startswith("订单 入、顾客 出：")
    quarantined = replace(alert, type="quarantine", data={"cause": "missing_field"})
    assert say(quarantined, "zh", KINDS).title.endswith("（缺少字段）")
