"""`/healthz`: the process answers. `/readyz`: what it stands on answers too. `/metrics`: for Prometheus."""

from __future__ import annotations

import ipaddress
import logging
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from flask import Blueprint, Response, request
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector, CollectorRegistry

from hub.api.answer import answer
from hub.api.gate import authenticate, current_hub
from hub.api.problem import ApiProblem
from hub.flow import match_precision
from hub.flow.context import Hub
from hub.flow.match_precision import Sample
from hub.store import console_connection, gauge
from hub.store.console_connection import Figures
from hub.store.gauge import Totals
from hub.store.schema import head

blp = Blueprint("health", __name__)
log = logging.getLogger(__name__)


@blp.get("/healthz")
def healthz() -> Response:
    """200 as long as the process serves; asks nobody else."""
    return answer({"status": "ok"})


@blp.get("/readyz")
def readyz() -> Response:
    """200 when the database is there and its schema is this code's; 503 otherwise.

    Without Redis the hub goes on, slower: `degraded`, and still 200, so that no balancer takes the
    way in for webhooks away.
    """
    hub = current_hub()
    database, migrations = _database_state(hub)
    checks = {"database": database, "migrations": migrations, "redis": hub.queue.is_up()}
    ready = database and migrations
    status = "unavailable" if not ready else "ok" if checks["redis"] else "degraded"
    response = answer({"status": status, "checks": checks}, 200 if ready else 503)
    if not ready:
        response.headers["Retry-After"] = "5"
    return response


def _database_state(hub: Hub) -> tuple[bool, bool]:
    try:
        with hub.db.session() as conn:
            return True, gauge.revision(conn) == head()
    except Exception as error:  # noqa: BLE001 -- whatever it is: the database does not answer
        log.warning("not ready: %s", type(error).__name__)
        return False, False


@blp.get("/metrics")
def metrics() -> Response:
    """Prometheus text. For the machine itself, or with a token that holds `metrics.see`."""
    if not _is_local():
        holder = authenticate()
        if not holder.principal.may("metrics.see"):
            raise ApiProblem(403, "the token lacks the permission metrics.see")
    registry = CollectorRegistry(auto_describe=False)
    registry.register(HubCollector(current_hub()))
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _is_local() -> bool:
    # Behind a proxy on this machine everybody comes from loopback: a forwarded request is not local.
    if any(name in request.headers for name in ("Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via")):
        return False
    try:
        address = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:
        return not request.remote_addr  # a unix socket has no address
    return address.is_loopback


class HubCollector(Collector):
    """Reads the figures when it is scraped: every web process gives the same answer, that of the database."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def describe(self) -> Iterator[Metric]:
        """Nothing is known before it is read."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Every metric of the hub."""
        hub = self._hub
        with hub.db.session() as conn:
            totals = gauge.totals(conn)
            samples = match_precision.finished(conn)
        yield from _totals(totals)
        yield _precision(samples)
        yield from _connections(console_connection.figures(hub.db, datetime.now(UTC), None, most=None))
        yield GaugeMetricFamily("hub_redis_up", "Whether Redis answers", value=float(hub.queue.is_up()))


def _totals(totals: Totals) -> Iterator[Metric]:
    events = CounterMetricFamily("hub_events", "Events by what became of them", labels=["connection", "stage"])
    for (connection, stage), count in sorted(totals.stages.items()):
        events.add_metric([connection, stage], count)
    yield events
    yield GaugeMetricFamily("hub_marks_waiting", "Records that wait to be resolved", value=totals.marks)
    yield GaugeMetricFamily("hub_records_parked", "Records that wait for their parent", value=totals.parked)
    yield GaugeMetricFamily("hub_feed_seq", "Last sequence number of the change feed", value=totals.feed_seq)
    yield GaugeMetricFamily("hub_database_bytes", "Size of the database", value=totals.database_bytes)
    lag = GaugeMetricFamily("hub_consumer_lag", "Changes a consumer of the feed has not seen", labels=["consumer"])
    for name, position in sorted(totals.consumers.items()):
        lag.add_metric([name], totals.feed_seq - position)
    yield lag
    items = GaugeMetricFamily("hub_items_open", "Items that wait for a person", labels=["type"])
    for name, count in sorted(totals.items.items()):
        items.add_metric([name], count)
    yield items


def _precision(samples: list[Sample]) -> Metric:
    found = GaugeMetricFamily(
        "hub_match_precision",
        "Share of right ones in the last finished sample of automatic merges; bound: estimate, or an end of its interval",
        labels=["realm", "kind", "bound"],
    )
    for one in samples:
        for bound, value in (("estimate", one.precision), ("low", one.low), ("high", one.high)):
            if value is not None:
                found.add_metric([one.realm, one.kind, bound], value)
    return found


# metric -> (help, what of a connection's figures)
_PER_CONNECTION = {
    "hub_inbox_waiting": ("Events accepted and not yet processed", "waiting"),
    "hub_inbox_quarantined": ("Events that wait for a fix", "quarantined"),
    "hub_targets_due": ("Records that a system lacks", "due"),
    "hub_targets_held": ("Records held by a plan", "held"),
    "hub_targets_unknown": ("Deliveries whose outcome nobody knows", "unknown"),
    "hub_targets_dead": ("Deliveries given up", "dead"),
}


def _connections(rows: list[Figures]) -> Iterator[Metric]:
    for name, (text, attribute) in _PER_CONNECTION.items():
        family = GaugeMetricFamily(name, text, labels=["connection"])
        for row in rows:
            family.add_metric([row.name], getattr(row, attribute))
        yield family
    stopped = GaugeMetricFamily(
        "hub_connection_stopped", "1 when paused, halted or disconnected", labels=["connection"]
    )
    oldest = GaugeMetricFamily("hub_inbox_oldest_seconds", "Age of the oldest waiting event", labels=["connection"])
    for row in rows:
        stopped.add_metric([row.name], float(is_stopped(row)))
        oldest.add_metric(
            [row.name], 0.0 if row.oldest_in is None else max(0.0, time.time() - _received(row.oldest_in.int))
        )
    yield stopped
    yield oldest


def is_stopped(row: Figures) -> bool:
    """Whether somebody stopped it, in some direction."""
    return bool(row.paused_at or row.halted_in or row.halted_out or row.disconnected_at)


def _received(ulid: int) -> float:
    return (ulid >> 80) / 1000
