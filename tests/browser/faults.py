"""Faults as they happen: systems that refuse, hang or fall silent, work that waits for a person, a hub whose own parts fail.

Each is made by the hub's own functions on a hub of its own; where time has to pass, its rows are set back.
"""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from connectors.webhook.simulator import WebhookSimulator
from hub.errors import RejectedError, RetryableError, UnknownOutcomeError
from hub.flow import alert_facts as facts
from hub.flow import golive, health, job, poll
from hub.flow.alert_pace import DAY_MS, learn, pack
from hub.model.identifier import format_id
from hub.sdk.plugin import Job
from hub.store import alert_facts, item, peer, plan, secret, subscription
from hub.store.database import new_id
from hub.store.subscription import Listed
from tests.fixtures.hub import at
from tests.fixtures.peers import ListedPeer, PeerRig

OTHER_SECRET = "whsec_YW5vdGhlciBzZWNyZXQgdGhhbiB0aGUgb3RoZXIgc2lkZSBoYXM="
LONG_AGO = "now() - interval '2 hours'"


@dataclass
class Scene:
    """What a fault is made with; `after` undoes what outlives the database's rows."""

    rig: PeerRig
    patch: pytest.MonkeyPatch
    after: ExitStack

    def sql(self, statement: str) -> None:
        """Lets time pass."""
        self.rig.hub.db.execute(statement)

    def customers(self, count: int) -> None:
        """Something to be written to whoever is connected."""
        self.rig.connect("shop", {"customer": "in", "order": "in", "payment": "in"}, rank=10)
        self.rig.customers(count, at(1))
        self.rig.settle()

    def written_to(self, error: Exception, count: int = 1, connector: str = "plain") -> None:
        """A CRM answers writes with this."""

        def answer(_: object) -> None:
            raise error

        self.rig.peer("crm", connector).before = answer
        self.customers(count)
        self.rig.deliver()


def refused(scene: Scene) -> None:
    """A real HTTP system that does not know the secret any more."""
    with WebhookSimulator() as simulator:
        connection_id = scene.rig.connect("crm", {"customer": "out"}, config={"target_url": simulator.target_url})
        with scene.rig.hub.db.transaction() as conn:
            secret.add(conn, scene.rig.hub.keyring, connection_id, "secret", OTHER_SECRET)
        scene.customers(1)
        scene.rig.deliver()


def unreachable(scene: Scene) -> None:
    """A system whose server is gone; the first failure was a minute ago."""
    with WebhookSimulator() as simulator:
        url = simulator.target_url
    connection_id = scene.rig.connect("crm", {"customer": "out"}, config={"target_url": url})
    with scene.rig.hub.db.transaction() as conn:
        secret.add(conn, scene.rig.hub.keyring, connection_id, "secret", OTHER_SECRET)
    scene.customers(6)
    scene.rig.deliver()
    _a_minute_later(scene, "delivery")


def unreadable(scene: Scene) -> None:
    """A system that cannot be read since a minute, at the second try too."""

    def fetch(*_: object) -> Any:
        raise RetryableError("crm: GET crm.example answered 502")

    scene.patch.setattr(ListedPeer, "fetch", fetch)
    scene.rig.peer("crm", "listed")
    for _ in range(2):
        poll.pull(scene.rig.hub, "crm", "customers")
    _a_minute_later(scene, "pull:customers")


def _a_minute_later(scene: Scene, part: str) -> None:
    scene.rig.hub.db.execute(
        "update connection set health = jsonb_set(health, array[%s, 'since'],"
        " to_jsonb((health -> %s ->> 'since')::float8 - 60)) where name = 'crm'",
        (part, part),
    )


def silent(scene: Scene) -> None:
    """Webhooks came every five minutes and stopped three days ago."""
    crm, now_ms = scene.rig.connect("crm", {"customer": "in"}), time.time_ns() // 1_000_000
    known: dict[int, Any] = {}
    for n in range(30):
        at_ms = now_ms - 3 * DAY_MS + n * 300_000
        learn(known, [(crm, "customer.updated", 1, uuid.UUID(int=at_ms << 80))])
    with scene.rig.hub.db.transaction() as conn:
        alert_facts.keep_pace(conn, orjson.dumps(pack(known, now_ms)).decode())


def slow(scene: Scene) -> None:
    """A system that keeps asking for a pause."""
    scene.written_to(RetryableError("crm: POST crm.example answered 429", retry_after_s=120), 3)
    scene.sql(f"update target set dirty_at = {LONG_AGO}")


def poison(scene: Scene) -> None:
    """An event that nobody can understand, among others."""
    scene.customers(2)
    scene.rig.send("shop", "customer.updated", {"updated_at": at(2), "full_name": "X"})
    scene.rig.settle()


def unknown(scene: Scene) -> None:
    """A call that broke off, to a system that can be neither read nor searched."""
    scene.written_to(UnknownOutcomeError("crm: POST crm.example timed out after the request was sent"), 1, "blind")
    scene.sql("update target set verify_at = now(), wait_until = null")
    scene.rig.deliver()


def dead(scene: Scene) -> None:
    """A system that says no."""
    scene.written_to(RejectedError("crm: DUPLICATE_DATA; another record there holds this value", code="taken"), 2)


def loop(scene: Scene) -> None:
    """A field that two systems kept changing back, as the loop breaker leaves it."""
    scene.customers(1)
    crm = scene.rig.connect("crm", {"customer": "both"})
    (rid,) = scene.rig.golden_ids("customer")
    with scene.rig.hub.db.transaction() as conn:
        peer.freeze(conn, "default", "customer", rid, crm, "language")
        data = {"field": "language", "flips": 10, "within_s": 600, "delivery": format_id("dlv", new_id())}
        item.raise_item(conn, "loop", "loop:1", kind="customer", rid=rid, connection_id=crm, data=data)


def held(scene: Scene) -> None:
    """A first reading whose differences are many."""
    scene.patch.setattr(plan, "FEW", 1)
    scene.rig.peer("crm", "listed", phase="reading")
    scene.customers(4)
    poll.pull(scene.rig.hub, "crm")
    scene.rig.settle()
    golive.advance(scene.rig.hub)


def unsubscribed(scene: Scene) -> None:
    """A topic that the system lists no more."""
    crm = scene.rig.connect("crm", {"customer": "in"})
    with scene.rig.hub.db.transaction() as conn:
        subscription.replace(conn, crm, [Listed("customer.updated", "", "missing")])


def parked(scene: Scene) -> None:
    """A payment whose order did not come for two hours."""
    scene.customers(1)
    order = {"connection": "shop", "object_type": "orders", "external_id": "nowhere"}
    amount = {"amount": "1.00", "currency": "CNY"}
    payment = {"id": "y1", "updated_at": at(6), "order": order, "amount": amount, "state": "captured"}
    scene.rig.send("shop", "payment.updated", payment)
    scene.rig.settle()
    scene.sql(f"update record set parked_at = {LONG_AGO} where parked")


def failing_job(scene: Scene) -> None:
    """A plugin's job that failed three times in a row."""

    def run() -> None:
        raise RetryableError("ledger: GET ledger.example answered 503")

    hub = scene.rig.hub
    scene.patch.setitem(hub.registry.jobs, "tier.count", Job("count", run, every_s=60))
    for _ in range(3):
        jobs = job.Jobs(hub)
        jobs.look()
        jobs.close()
        scene.sql("update job set next_at = now()")


def full_disk(scene: Scene) -> None:
    """Two gigabytes are left of a hundred."""
    usage = SimpleNamespace(total=100 * 1024**3, used=98 * 1024**3, free=2 * 1024**3)
    scene.patch.setattr(shutil, "disk_usage", lambda _: usage)


def idle(scene: Scene) -> None:
    """The Redis of the tests has no workers, and has had none for long."""
    scene.patch.setattr(facts, "GRACE_S", 0.0)
    scene.customers(1)


def forgetful(scene: Scene) -> None:
    """A Redis that evicts."""
    client = scene.rig.hub.queue._client
    client.config_set("maxmemory-policy", "allkeys-lru")
    scene.after.callback(client.config_set, "maxmemory-policy", "noeviction")


def skewed(scene: Scene) -> None:
    """The hub's clock is a minute and a half ahead."""
    ahead = SimpleNamespace(time=lambda: time.time() + 90, monotonic=time.monotonic)
    scene.patch.setattr(facts, "time", ahead)
    scene.patch.setattr(health, "time", ahead)


Make = Callable[[Scene], None]
