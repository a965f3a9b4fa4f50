"""When something is wrong: each condition is a pure function of the facts. The texts stand in `alert_text`."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from hub.flow import alert_own
from hub.flow.alert_facts import Facts
from hub.model.identifier import format_id
from hub.store.alert_facts import ConnectionFacts, Group
from hub.store.finding import Finding

REST_S = 600.0
"""A system that comes and goes is one alert, not one each time."""
STALE_S = 900.0
"""A reading that was not tried again for so long says nothing about now."""
HUMANS = ("usr_", "tok_", "cli")

Condition = Callable[[Facts], Iterator[Finding]]


def find_all(facts: Facts) -> list[Finding]:
    """Everything that is wrong now, at most one finding a cause."""
    return [finding for condition in CONDITIONS.values() for finding in condition(facts)]


def is_refused(c: ConnectionFacts) -> bool:
    """Whether the hub paused it because the account was refused; a person pauses by name."""
    return c.paused_at is not None and not (c.paused_by or "").startswith(HUMANS)


def _age_s(facts: Facts, at: datetime | None) -> float:
    return 0.0 if at is None else max(0.0, (facts.now - at).total_seconds())


def _is_stopped(c: ConnectionFacts) -> bool:
    return c.paused_at is not None or c.phase != "live" or c.halted_out


def _credential(facts: Facts) -> Iterator[Finding]:
    for c in facts.connections:
        if is_refused(c):
            data = {"reason": c.pause_reason or "", "waiting": c.waiting + c.due}
            yield Finding("credential", f"credential:{c.id}", 2, c.id, data=data, first_at=c.paused_at)
    for one in facts.access:
        data = {"reason": one.note, "token": one.cause, "waiting": 0}
        if not any(is_refused(c) and c.id == one.connection_id for c in facts.connections):
            yield Finding("credential", f"credential:{one.connection_id}", 2, one.connection_id, 1, data, one.first_at)


def _silent(facts: Facts) -> Iterator[Finding]:
    now_ms = int(facts.now.timestamp() * 1000)
    running = {c.id for c in facts.connections if c.paused_at is None and c.phase != "off"}
    for connection_id, topics in facts.pace.items():
        silent = {topic: s for topic, pace in topics.items() if (s := pace.silent_s(now_ms)) is not None}
        if silent and connection_id in running:
            usual = max(topics[topic].usual_s or 0.0 for topic in silent)
            data = {
                "topics": sorted(silent)[:10],
                "usual_s": round(usual),
                "silent_s": round(min(silent.values()) / 60) * 60,
            }
            yield Finding("silent", f"silent:{connection_id}", 2, connection_id, len(silent), data)


def _slow(facts: Facts) -> Iterator[Finding]:
    for c in facts.connections:
        age = _age_s(facts, c.oldest_due_at)
        if age > facts.slow_after_s and not _is_stopped(c) and not _is_open(c) and silence(facts, c) is None:
            yield Finding("slow", answer_key(c), 1, c.id, c.due, first_at=c.oldest_due_at, rest_s=REST_S)


def _is_open(c: ConnectionFacts) -> bool:
    return bool((c.health.get("delivery") or {}).get("state") == "open")


def _breaker(facts: Facts) -> Iterator[Finding]:
    for c in facts.connections:
        found = silence(facts, c)
        if found is not None:
            data = {"reason": found.reason, "streams": list(found.streams)}
            first_at = datetime.fromtimestamp(found.since, facts.now.tzinfo)
            count = max(1, c.due + len(found.streams))
            yield Finding("breaker", answer_key(c), 2, c.id, count, data, first_at, REST_S)


def answer_key(c: ConnectionFacts) -> str:
    """One cause, one row: what is slow first and then answers no more stays the same alert."""
    return f"answer:{c.id}"


@dataclass(frozen=True, slots=True)
class Silence:
    """A system does not answer. `since` in seconds since the epoch; `streams` cannot be read."""

    since: float
    reason: str
    streams: tuple[str, ...]


def silence(facts: Facts, c: ConnectionFacts) -> Silence | None:
    """Whether calls to a system that should be made have failed for longer than a hiccup."""
    now = facts.now.timestamp()
    failing = [] if not _is_open(c) or _is_stopped(c) else [(c.health["delivery"], "")]
    if c.paused_at is None and not c.halted_in and c.phase != "off":
        failing += [
            (found, part.partition(":")[2])
            for part, found in sorted(c.health.items())
            if part.startswith("pull:") and found.get("away") and now - found.get("at", 0) < STALE_S
        ]
    since = min((float(found.get("since") or 0) for found, _ in failing), default=now)
    if now - since < facts.away_after_s:
        return None
    reason = next((str(found["message"]) for found, _ in failing if found.get("message")), "")
    since = since or (c.oldest_due_at or facts.now).timestamp()
    return Silence(since, reason[:300], tuple(stream for _, stream in failing if stream)[:10])


def _quarantine(facts: Facts) -> Iterator[Finding]:
    for one in facts.quarantined:
        key = f"quarantine:{one.connection_id}:{one.cause}"
        severity = 2 if one.cause in ("crash", "died", "poison") else 1
        yield Finding("quarantine", key, severity, one.connection_id, one.count, {"cause": one.cause}, one.first_at)


def _parked(facts: Facts) -> Iterator[Finding]:
    for one in facts.parked:
        key = f"parked:{one.connection_id}:{one.cause}"
        yield Finding("parked", key, 1, one.connection_id, one.count, {"kind": one.cause}, one.first_at)


def _unknown(facts: Facts) -> Iterator[Finding]:
    for c in facts.connections:
        if c.unknown:
            yield Finding("unknown", f"unknown:{c.id}", 2, c.id, c.unknown, first_at=c.oldest_unknown_at)


def _dead(facts: Facts) -> Iterator[Finding]:
    for c in facts.connections:
        if c.dead:
            yield Finding("dead", f"dead:{c.id}", 1, c.id, c.dead, first_at=c.oldest_dead_at)


def _plan(facts: Facts) -> Iterator[Finding]:
    for one in facts.plans:
        data = {"plan": format_id("pln", uuid.UUID(one.cause)), "cause": one.note}
        yield Finding("plan", f"plan:{one.cause}", 1, one.connection_id, one.count, data, one.first_at)
    planned = {one.connection_id for one in facts.plans}
    for c in facts.connections:
        if c.phase == "review" and c.id not in planned:
            yield Finding("review", f"review:{c.id}", 1, c.id)


def _of_items(facts: Facts, type_: str, severity: int) -> Iterator[Finding]:
    for one in facts.items:
        if one.cause == type_:
            yield Finding(
                type_, f"{type_}:{one.connection_id}", severity, one.connection_id, one.count, {}, one.first_at
            )


def _loop(facts: Facts) -> Iterator[Finding]:
    yield from _of_items(facts, "loop", 2)


def _drift(facts: Facts) -> Iterator[Finding]:
    yield from _of_items(facts, "drift", 1)


def _reading(facts: Facts) -> Iterator[Finding]:
    reading = {c.id for c in facts.connections if c.paused_at is None and silence(facts, c) is None}
    for connection_id, groups in _by_connection(facts.runs).items():
        if connection_id in reading:
            data = {"streams": sorted(one.cause for one in groups)[:10], "reason": groups[0].note[:200]}
            first = min((one.first_at for one in groups if one.first_at), default=None)
            yield Finding("reading", f"reading:{connection_id}", 1, connection_id, len(groups), data, first)


def _subscription(facts: Facts) -> Iterator[Finding]:
    for connection_id, groups in _by_connection(facts.subscriptions).items():
        data = {"topics": sorted(one.cause for one in groups)[:10], "reason": groups[0].note[:200]}
        yield Finding("subscription", f"subscription:{connection_id}", 1, connection_id, len(groups), data)


def _job(facts: Facts) -> Iterator[Finding]:
    # Subscriptions that are known to be broken and accounts that refuse say more than their job does.
    told = {one.connection_id for one in (*facts.subscriptions, *facts.access)}
    told |= {c.id for c in facts.connections if c.paused_at is not None or silence(facts, c) is not None}
    for one in facts.jobs:
        if one.connection_id not in told:
            data = {"name": one.name.partition(":")[0], "reason": (one.error or "")[:200]}
            yield Finding("job", f"job:{one.name}", 1, one.connection_id, one.failures, data, one.ended_at)


def _by_connection(groups: Iterable[Group]) -> dict[int, list[Group]]:
    found: dict[int, list[Group]] = {}
    for one in groups:
        found.setdefault(one.connection_id, []).append(one)
    return found


def _mapping(facts: Facts) -> Iterator[Finding]:
    for connection_id, kinds in facts.unmapped.items():
        yield Finding(
            "mapping", f"mapping:{connection_id}", 1, connection_id, len(kinds), {"kinds": sorted(kinds)[:20]}
        )


CONDITIONS: dict[str, Condition] = {
    "credential": _credential,
    "silent": _silent,
    "slow": _slow,
    "breaker": _breaker,
    "quarantine": _quarantine,
    "parked": _parked,
    "unknown": _unknown,
    "dead": _dead,
    "plan": _plan,
    "loop": _loop,
    "drift": _drift,
    "reading": _reading,
    "subscription": _subscription,
    "job": _job,
    **alert_own.CONDITIONS,
    "mapping": _mapping,
}
TYPES = (*CONDITIONS, "review", "no_workers", "redis_settings")
"""Every type that a look decides on; alerts of other types are told once and closed by whoever told them."""
