"""How the hub is: who works, what waits, what it stands on. Read when asked; the same for console and command line."""

from __future__ import annotations

import platform
import shutil
import time
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooSlowError
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of
from typing import Any, Literal

from hub.flow.alert_own import LATE_S, SKEW_S, evicts, keeps
from hub.flow.context import Hub
from hub.flow.release import in_force, refused
from hub.queue import Hand
from hub.sdk.plugin import HealthReport
from hub.store import gauge
from hub.store.gauge import Vitals
from hub.store.schema import head

State = Literal["ok", "warn", "bad"]
LONG_S = 300.0
FULL = 0.9
PLUGIN_LIMIT_S = 1.0
NEEDED = ("pipeline", "deliver", "poll", "scheduler")
_POOL = ThreadPoolExecutor(max_workers=4, thread_name_prefix="health")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: a code, how it is, and the figures. Readers put `code` into words."""

    code: str
    state: State
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Health:
    """The hub at one moment. `hands` None: Redis does not answer, so nobody knows who works."""

    at: datetime
    checks: tuple[Check, ...]
    hands: list[Hand] | None
    versions: dict[str, str]

    @property
    def state(self) -> State:
        """The worst of all checks."""
        states = {check.state for check in self.checks}
        return "bad" if "bad" in states else "warn" if "warn" in states else "ok"


def look(hub: Hub) -> Health:
    """Everything that is checked, now. Takes as long as the slowest plugin, at most about a second."""
    before = time.time()
    with hub.db.session() as conn:
        found = gauge.vitals(conn)
    skew_s = found.now.timestamp() - (before + time.time()) / 2
    hands, redis = hub.queue.hands(), hub.queue.server()
    checks = (
        _workers(hands),
        _inbox(found),
        _due(found),
        _leases(found),
        _redis(redis, hub.queue.missed),
        _database(found),
        _disk(hub),
        Check("clock", "ok" if abs(skew_s) <= SKEW_S else "bad", {"skew_s": round(skew_s, 3)}),
        Check("rules", "bad" if refused(hub) else "ok", {"release": in_force(hub), "own": hub.rules.release_id}),
        Check("broken", "bad" if hub.registry.broken else "ok", {"plugins": [name for name, _ in hub.registry.broken]}),
        *_plugins(hub),
    )
    return Health(datetime.now(UTC), checks, hands, _versions(found, redis))


def footing(hub: Hub) -> tuple[Check, Check]:
    """The checks `workers` and `disk` alone: what costs no statement, for the first screen."""
    return _workers(hub.queue.hands()), _disk(hub)


def _workers(hands: list[Hand] | None) -> Check:
    if hands is None:
        return Check("workers", "warn", {"missing": [], "needed": len(NEEDED), "count": None})
    here = {role for hand in hands for role in hand.role.split(",")}
    missing = [role for role in NEEDED if role not in here]
    return Check(
        "workers", "bad" if missing else "ok", {"missing": missing, "needed": len(NEEDED), "count": len(hands)}
    )


def _inbox(found: Vitals) -> Check:
    oldest = found.oldest_event
    age = max(0.0, found.now.timestamp() - (oldest.int >> 80) / 1000) if oldest else None
    facts = {"waiting": found.events_waiting, "oldest_s": age, "marks": found.marks}
    return Check("inbox", "warn" if (age or 0) > LATE_S else "ok", facts)


def _due(found: Vitals) -> Check:
    age = found.oldest_due_s
    late = age is not None and age > LATE_S
    return Check("due", "warn" if late else "ok", {"due": found.due, "oldest_s": max(0.0, age or 0) if age else None})


def _leases(found: Vitals) -> Check:
    facts = {
        "batches": found.batches,
        "oldest_batch_s": found.oldest_batch_s,
        "targets": found.targets_leased,
        "streams": found.streams_leased,
    }
    return Check("leases", "warn" if (found.oldest_batch_s or 0) > LATE_S else "ok", facts)


def _redis(info: dict[str, str] | None, missed: int) -> Check:
    if info is None:
        return Check("redis", "bad", {"up": False, "missed": missed})
    facts = {
        "up": True,
        "persistent": info.get("aof_enabled") == "1",
        "policy": info.get("maxmemory_policy", ""),
        "bytes": int(info.get("used_memory", 0)),
        "missed": missed,
    }
    return Check("redis", "warn" if evicts(info) or not keeps(info) else "ok", facts)


def _database(found: Vitals) -> Check:
    current = found.revision == head()
    long = (found.oldest_transaction_s or 0) > LONG_S
    facts = {
        "bytes": found.bytes,
        "connections": found.connections,
        "schema": found.revision,
        "is_current": current,
        "oldest_transaction_s": found.oldest_transaction_s,
    }
    return Check("database", "bad" if not current else "warn" if long else "ok", facts)


def _disk(hub: Hub) -> Check:
    folder = hub.settings.data_dir
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    usage = shutil.disk_usage(folder)
    share = usage.used / usage.total if usage.total else 0.0
    facts = {"free_bytes": usage.free, "total_bytes": usage.total, "used_share": round(share, 3)}
    return Check("disk", "warn" if share > FULL else "ok", facts)


def _plugins(hub: Hub) -> list[Check]:
    """What plugins say of themselves, each in a second at most; one that fails or is slow says just that."""
    asked = {
        caller.plugin_name: _POOL.submit(caller.function) for caller in hub.registry.hook.check_health.get_hookimpls()
    }
    deadline = time.monotonic() + PLUGIN_LIMIT_S
    return [check for name, future in asked.items() if (check := _plugin(name, future, deadline)) is not None]


def _plugin(name: str, future: Future[HealthReport | None], deadline: float) -> Check | None:
    try:
        report = future.result(timeout=max(0.0, deadline - time.monotonic()))
    except TooSlowError:
        future.cancel()
        return Check("plugin", "warn", {"name": name, "message": f"it did not answer within {PLUGIN_LIMIT_S:g} s"})
    except Exception as error:  # noqa: BLE001 -- third-party code: whatever it raises, the page is shown
        return Check("plugin", "warn", {"name": name, "message": type(error).__name__})
    if report is None:
        return None
    return Check("plugin", "ok" if report.ok else "bad", {"name": name, "message": report.message, **report.facts})


def _versions(found: Vitals, redis: dict[str, str] | None) -> dict[str, str]:
    told = redis or {}
    server = told.get("server_name", "redis")
    return {
        "retail-hub": release(),
        "schema": found.revision or "",
        "python": platform.python_version(),
        "postgres": found.version.partition(" ")[0],
        server: told.get("valkey_version") or told.get("redis_version", ""),
    }


def release() -> str:
    """The version of the hub itself."""
    try:
        return version_of("retail-hub")
    except PackageNotFoundError:
        return ""
