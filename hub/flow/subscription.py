"""Webhook subscriptions: looked at again and again, restored when one is missing, renewed in time."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from hub.errors import HubError
from hub.flow.account import pause_on
from hub.flow.alert_pace import Pace, unpack
from hub.flow.context import Hub
from hub.flow.credential import webhook_url
from hub.model import time as times
from hub.sdk.connector import Connector, ReceivesWebhooks
from hub.store import alert_facts
from hub.store import connection as connection_store
from hub.store import job as job_store
from hub.store import subscription as store
from hub.store.connection import ConnectionRow
from hub.store.subscription import Listed, SubscriptionRow

# Shopify drops a subscription after 8 failed deliveries within hours; a quarter of an hour costs a
# call and leaves little to pull.
LOOK_EVERY_S = 900.0
# Half of a life leaves as long to repair what keeps it from being renewed as has passed already; of
# a long life four days are enough, which is a long weekend.
LONGEST_MARGIN = timedelta(days=4)
ACTIVE, ELSEWHERE, MISSING = "active", "elsewhere", "missing"


@dataclass(frozen=True, slots=True)
class TopicState:
    """One topic: what the system says of it, and what came. `subscription` None: it came without one that is known.

    `usual_gap_s`: the longest silence of the last days, None while too little is known;
    `is_silent`: longer than usual.
    """

    topic: str
    subscription: SubscriptionRow | None
    last_received_at: datetime | None = None
    usual_gap_s: float | None = None
    is_silent: bool = False


@dataclass(frozen=True, slots=True)
class Overview:
    """The subscriptions of a connection. `is_watched`: the hub looks after them; else `note` says why not.

    `error`: what the last look met.
    """

    connection: str
    address: str
    is_watched: bool
    note: str
    checked_at: datetime | None
    next_at: datetime | None
    error: str | None
    topics: tuple[TopicState, ...]


def watched(hub: Hub) -> list[ConnectionRow]:
    """The connections whose subscriptions the hub looks after now."""
    return [row for row in hub.connections.all() if not _note(hub, row)]


def job_name(connection_id: int) -> str:
    """The name of the job that looks after a connection's subscriptions."""
    return f"subscriptions:{connection_id}"


def look_again_in() -> timedelta:
    """How long until the next look; a little by chance, so that connections do not all come at once."""
    return timedelta(seconds=LOOK_EVERY_S * random.uniform(0.9, 1.1))  # noqa: S311 -- spreads the load


def look_after(hub: Hub, name: str, *, restore: bool = False) -> list[SubscriptionRow]:
    """Asks the system what it will send, has missing, misdirected and ending subscriptions restored, and keeps the answer.

    Asks for a restoration anyway when `restore`, at the first look, after a failure and after a
    change of the connection. Safe to repeat. Raises what the system answered, once that is noted: an account that
    refuses us pauses the connection.
    """
    row = hub.connections.by_name(name)
    try:
        rows = _look(hub, row, restore)
    except HubError as error:
        _note_health(hub, row, str(error))
        pause_on(hub, name, error)
        raise
    _note_health(hub, row, "")
    return rows


def _look(hub: Hub, row: ConnectionRow, restore: bool) -> list[SubscriptionRow]:
    connector = hub.connections.connector(row.name)
    address = connector.account.webhook_url
    before = store.of_connection(hub.db, row.id)
    listed = _listed(connector, address)
    failure: Exception | None = None
    is_failing = store.is_failing(hub.db, row.id)
    if restore or is_failing or _is_changed(before, row) or _is_wanting(before, listed):
        failure = _subscribed(connector)
        listed = _listed(connector, address)
        if failure is None:
            # What is still sent elsewhere is not ours to have.
            listed = [one for one in listed if one.state != ELSEWHERE]
    lost = [] if failure is None else _lost(before, listed, str(failure))
    hub.db.run(lambda conn: store.replace(conn, row.id, [*listed, *lost]))
    if failure is not None:
        raise failure
    return store.of_connection(hub.db, row.id)


def _subscribed(connector: Connector) -> Exception | None:
    """Has the connector restore what is missing; its error, as the hub knows errors."""
    assert isinstance(connector, ReceivesWebhooks)  # noqa: S101 -- only those are watched
    try:
        connector.subscribe()
    except Exception as error:  # noqa: BLE001 -- the connector says what it means
        return connector.classify(error)
    return None


def _listed(connector: Connector, address: str) -> list[Listed]:
    assert isinstance(connector, ReceivesWebhooks)  # noqa: S101 -- only those are watched
    try:
        rows = connector.subscriptions()
    except Exception as error:
        raise connector.classify(error) from error
    best: dict[str, Listed] = {}
    for one in (_as_listed(row, address) for row in rows):
        # A topic that is sent to several addresses counts as ours when one of them is.
        if one.topic not in best or best[one.topic].state != ACTIVE:
            best[one.topic] = one
    return list(best.values())


def _as_listed(row: Mapping[str, str], address: str) -> Listed:
    sent_to, state = row.get("address", ""), row.get("state", ACTIVE) or ACTIVE
    is_ours = not address or sent_to.partition("?")[0].rstrip("/") in ("", address.rstrip("/"))
    expires = row.get("expires_at", "")
    return Listed(
        row["topic"],
        # What stands in the query may be a key of the address.
        sent_to.partition("?")[0],
        state if is_ours else ELSEWHERE,
        times.parse(expires) if expires else None,
    )


def _is_changed(before: Sequence[SubscriptionRow], row: ConnectionRow) -> bool:
    return not before or min(one.checked_at for one in before) < row.updated_at


def _is_wanting(before: Sequence[SubscriptionRow], listed: Sequence[Listed]) -> bool:
    """Whether a topic is missing, goes elsewhere, or ends too soon."""
    known = {one.topic: one for one in before}
    if known.keys() - {one.topic for one in listed}:
        return True
    return any(one.state != ACTIVE or is_ending(one.expires_at, known.get(one.topic)) for one in listed)


def is_ending(expires_at: datetime | None, known: SubscriptionRow | None, now: datetime | None = None) -> bool:
    """Whether to renew: less than half of its life is left, or than four days where its life is longer or unknown."""
    if expires_at is None:
        return False
    margin = LONGEST_MARGIN
    if known is not None and known.renewed_at is not None and known.expires_at == expires_at:
        margin = min(margin, (expires_at - known.renewed_at) / 2)
    return expires_at - (now or datetime.now(UTC)) < margin


def _lost(before: Iterable[SubscriptionRow], listed: Iterable[Listed], error: str) -> list[Listed]:
    """What was there, is listed no more and could not be restored."""
    topics = {one.topic for one in listed}
    return [Listed(one.topic, "", MISSING, None, error) for one in before if one.topic not in topics]


def _note_health(hub: Hub, row: ConnectionRow, message: str) -> None:
    finding = {"ok": not message, "message": message, "at": time.time()}
    hub.db.run(lambda conn: connection_store.note_health(conn, row.id, "subscriptions", finding))


def overview(hub: Hub, name: str) -> Overview:
    """The subscriptions of a connection and what came of each topic, as known here; asks no system."""
    row = hub.connections.by_name(name)
    rows, job = store.of_connection(hub.db, row.id), job_store.of_name(hub.db, job_name(row.id))
    with hub.db.session() as conn:
        paces, _ = unpack(alert_facts.pace(conn))
    known, now_ms = paces.get(row.id, {}), time.time_ns() // 1_000_000
    topics = [_topic_state(one.topic, one, known.get(one.topic), now_ms) for one in rows]
    others = sorted(known.keys() - {one.topic for one in rows})
    note = _note(hub, row)
    return Overview(
        connection=name,
        address=webhook_url(hub.settings.public_url, name),
        is_watched=not note,
        note=note,
        checked_at=max((one.checked_at for one in rows), default=job.ended_at if job else None),
        next_at=job.next_at if job and not note else None,
        error=job.error if job else None,
        topics=(*topics, *(_topic_state(topic, None, known[topic], now_ms) for topic in others)),
    )


def _topic_state(topic: str, row: SubscriptionRow | None, pace: Pace | None, now_ms: int) -> TopicState:
    found = TopicState(topic, row)
    if pace is None:
        return found
    last = datetime.fromtimestamp(pace.last_ms / 1000, UTC)
    return replace(found, last_received_at=last, usual_gap_s=pace.usual_s, is_silent=pace.silent_s(now_ms) is not None)


def _note(hub: Hub, row: ConnectionRow) -> str:
    """Why the hub does not look after a connection's subscriptions; empty when it does."""
    kind = hub.registry.connectors.get(row.connector)
    if kind is None:
        return f"the connector {row.connector} is not installed"
    if not issubclass(kind, ReceivesWebhooks) or kind.subscriptions is ReceivesWebhooks.subscriptions:
        return f"{row.connector} has no subscriptions that can be asked for"
    if not hub.settings.public_url:
        return "the hub has no public address: set HUB_PUBLIC_URL"
    if not row.may_call("in"):
        return "the connection is off, paused, halted or disconnected"
    return ""
