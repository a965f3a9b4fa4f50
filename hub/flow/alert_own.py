"""When something is wrong with the hub itself: workers, Redis, disk, clock, plugins, tokens, its own merges. Pure functions of the facts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from hub.flow.alert_facts import Facts
from hub.model.identifier import format_id
from hub.store.alert_facts import ConnectionFacts
from hub.store.finding import Finding

LATE_S = 60.0
"""Work that is older than this is late; a healthy hub is done within a second."""
REST_S = 600.0
FULL = 0.10
NEARLY_FULL = 0.03
FEW_BYTES = 2 * 1024**3
SKEW_S = 1.0


def _workers(facts: Facts) -> Iterator[Finding]:
    late = [c for c in facts.connections if not c.halted_in and _waits_s(facts, c) > LATE_S]
    count = sum(c.waiting for c in late)
    if facts.missing:
        yield Finding("no_workers", "no_workers", 2, None, max(1, count), {"roles": list(facts.missing)}, rest_s=REST_S)
    if late and "pipeline" not in facts.missing:
        first = min(facts.now.timestamp() - _waits_s(facts, c) for c in late)
        since = datetime.fromtimestamp(first, facts.now.tzinfo)
        yield Finding("workers", "workers", 2, None, count, {"workers": facts.workers}, since, REST_S)


def _waits_s(facts: Facts, c: ConnectionFacts) -> float:
    """How old its oldest waiting event is; an id holds its time."""
    return 0.0 if c.oldest_in is None else max(0.0, facts.now.timestamp() - (c.oldest_in.int >> 80) / 1000)


def _redis(facts: Facts) -> Iterator[Finding]:
    if not facts.is_redis_up:
        yield Finding("redis", "redis", 1, rest_s=REST_S)
    elif facts.redis:
        is_evicting, is_kept = evicts(facts.redis), keeps(facts.redis)
        if is_evicting or not is_kept:
            data = {"policy": facts.redis.get("maxmemory_policy", "?"), "kept": is_kept}
            yield Finding("redis_settings", "redis_settings", 1 if is_evicting else 0, data=data)


def evicts(redis: Mapping[str, str]) -> bool:
    """Whether a Redis may drop keys when its memory is full."""
    return redis.get("maxmemory_policy", "") not in ("", "noeviction")


def keeps(redis: Mapping[str, str]) -> bool:
    """Whether a Redis writes what it holds to a file, and can."""
    return redis.get("aof_enabled") == "1" and redis.get("aof_last_write_status", "ok") == "ok"


def _clock(facts: Facts) -> Iterator[Finding]:
    if abs(facts.skew_s) > SKEW_S:
        # Whole seconds: the look's own jitter is no news.
        yield Finding("clock", "clock", 2, data={"skew_s": round(facts.skew_s)})


def _disk(facts: Facts) -> Iterator[Finding]:
    free, total = facts.disk
    share = free / max(total, 1)
    if share < FULL and free < 5 * FEW_BYTES:
        data = {"percent": round((1 - share) * 100), "free_mb": free // (1024 * 1024) // 100 * 100}
        yield Finding("disk", "disk", 2 if share < NEARLY_FULL or free < FEW_BYTES // 4 else 1, data=data)


def _plugin(facts: Facts) -> Iterator[Finding]:
    for name, reason in facts.broken:
        yield Finding("plugin", f"plugin:{name}", 1, data={"name": name, "reason": reason[:300]})


def _rules(facts: Facts) -> Iterator[Finding]:
    if facts.refused is not None:
        yield Finding("rules", "rules", 2, data={"release": facts.refused})


def _token(facts: Facts) -> Iterator[Finding]:
    for id_, name, at in facts.tokens:
        data = {"name": name, "days": max(0, (at - facts.now).days), "token": format_id("tok", id_)}
        yield Finding("token", f"token:{id_}", 1 if at < facts.now else 0, data=data)


def _reveals(facts: Facts) -> Iterator[Finding]:
    for who, count, first_at in facts.readers:
        yield Finding("many_reveals", f"many_reveals:{who}", 2, None, count, {"person": who}, first_at)


def _precision(facts: Facts) -> Iterator[Finding]:
    for one in facts.samples:
        if one.is_low and one.precision is not None:
            data = {
                "kind": one.kind, "week": one.week, "wrong": one.wrong, "drawn": one.drawn,
                "percent": f"{one.precision * 100:.1f}", "low": f"{one.low * 100:.1f}", "high": f"{one.high * 100:.1f}",
            }  # fmt: skip
            yield Finding("match_precision", f"match_precision:{one.realm}:{one.kind}", 1, None, one.wrong, data)


CONDITIONS: dict[str, Callable[[Facts], Iterator[Finding]]] = {
    "workers": _workers,
    "redis": _redis,
    "clock": _clock,
    "disk": _disk,
    "plugin": _plugin,
    "rules": _rules,
    "token": _token,
    "many_reveals": _reveals,
    "match_precision": _precision,
}
