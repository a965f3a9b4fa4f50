"""Two systems with a past are connected: both are read, matched, planned, released and brought into step."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

from bench import peers
from bench.measure import Result
from bench.pipeline import run_workers
from bench.running import STOP_PEER
from bench.site import Site, site
from hub import bootstrap
from hub.embedded.process import end, leashed
from hub.flow import golive, guard, poll
from hub.flow.configure import Wish, connect
from hub.flow.context import Hub
from hub.store import statistics
from hub.store.schema import migrate

PATIENCE_S = 300.0
LOOK_S = 0.5
_LEFT = """
    select (select count(*) from target t join connection c on c.id = t.connection_id
            where t.state = 'due' and t.plan_id is null and (t.dirty_seq > t.done_seq or t.verify_at is not null)
            and c.phase = 'live'),
        (select count(*) from resolve_work), (select count(*) from event_work where state = 0)
"""
_PLANNED = "select connection_id, counts from plan where state in ('released', 'held')"
_DONE = "select connection_id, action, count(*) from attempt where outcome in ('sent', 'applied') group by 1, 2"


def run(runs: int = 1, contacts: int = 100_000, customers: int = 80_000, workers: int = 2) -> dict[str, Any]:
    """Reach: nobody twice, both ledgers equal to golden, and done exactly what the plans said.

    Three quarters of the customers are contacts, too (fewer where there are fewer contacts). A value
    is records a second, of those that both held at first.
    """
    result = Result("connect", "records/s", more={"contacts": contacts, "customers": customers, "workers": workers})
    with site() as place:
        for number in range(runs):
            shown = _Run(place, f"connect_{number}", contacts, customers, workers).carry_out()
            result.values.append((contacts + customers) / shown["seconds"])
            result.more |= shown
    return result.as_dict()


class _Run:
    def __init__(self, place: Site, name: str, contacts: int, customers: int, workers: int) -> None:
        self.place = place
        self.name = name
        self.contacts = contacts
        self.customers = customers
        self.workers = workers
        self.common = min(customers * 3 // 4, contacts)
        self.phases: dict[str, float] = {}
        self.urls: dict[str, str] = {}

    def carry_out(self) -> dict[str, Any]:
        """One run on a database of its own; what it found."""
        self.place.maintenance.execute(f"create database {self.name}")
        migrate(self.place.settings_of(self.name).database_url)
        first = self.customers - self.common
        with ExitStack() as stack:
            self.urls["shop"] = stack.enter_context(_peer("shop", 0, self.customers))
            self.urls["crm"] = stack.enter_context(_peer("crm", first, self.contacts))
            hub = bootstrap.start(replace(self.place.settings_of(self.name), allowed_private_hosts=("127.0.0.1",)))
            stack.callback(hub.close)
            begun = time.perf_counter()
            self._work(hub)
            took_s = time.perf_counter() - begun
            found = self._checked(hub)
        self.place.drop(self.name)
        return {"seconds": round(took_s, 1), "phases": self.phases, **found}

    def _work(self, hub: Hub) -> None:
        for wish in self._wishes():
            connect(hub, wish, "bench")
        for name in ("shop", "crm"):
            with self._timed(f"read {name}"):
                found = poll.pull(hub, name, full=True, patience_s=PATIENCE_S)
            if found.coverage != "complete":
                raise RuntimeError(f"{name} was read only in part: {[each.note for each in found.streams]}")
            with self._timed(f"processed {name}"):
                run_workers(self.place, self.name, "full", self.workers)
                statistics.refresh(hub.db)
            with self._timed(f"plan {name}"):
                guard.settle(hub)
                golive.advance(hub)
                hub.connections.reload()
        with self._timed("released"):
            for (plan_id,) in hub.db.all("select id from plan where state = 'held'"):
                guard.release(hub, plan_id, "bench")
        with self._timed("delivered"), _couriers(self.place, self.name, self.workers):
            _wait_quiet(hub)

    def _wishes(self) -> list[Wish]:
        shop = {"shop": peers.DOMAIN, "base_url": self.urls["shop"]}
        crm = {"data_centre": "cn", "client_id": peers.CLIENT_ID, "base_url": self.urls["crm"]}
        keys = {"client_secret": [peers.CLIENT_SECRET], "refresh_token": [peers.REFRESH]}
        secrets = {"secret": [peers.SHOP_SECRET], "access_token": [peers.SHOP_TOKEN]}
        flows = {"customer": "both"}
        return [
            Wish("shop", "shopify", config=shop, secrets=secrets, flows=flows, realm="default"),
            Wish("crm", "zoho", config=crm, secrets=keys, flows=flows, realm="default"),
        ]

    @contextmanager
    def _timed(self, phase: str) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        self.phases[phase] = round(time.perf_counter() - begun, 1)
        print(f"{phase}: {self.phases[phase]} s", file=sys.stderr, flush=True)

    def _checked(self, hub: Hub) -> dict[str, Any]:
        """What came of it; raises when it is not what had to come."""
        golden = Counter(
            peers.golden_facts(data) for (data,) in hub.db.all("select data from golden where kind = 'customer'")
        )
        wanted = self.contacts + self.customers - self.common
        if golden.total() != wanted:
            raise RuntimeError(f"{golden.total()} golden records, there are {wanted} people")
        for name, url in self.urls.items():
            held = Counter(tuple(each) for each in _ask(url, "facts"))
            if any(count > 1 for count in Counter(facts[0] for facts in held.elements()).values()):
                raise RuntimeError(f"{name}: somebody is there twice")
            if held != golden:
                raise RuntimeError(f"{name}: {(golden - held).total()} of {wanted} differ from golden")
        planned, done = _planned(hub), _done(hub)
        if planned != done:
            raise RuntimeError(f"planned {planned}, done {done}")
        linked = hub.db.one("select coalesce(sum((counts ->> 'linked')::int), 0) from plan")
        if linked != (self.common,):
            raise RuntimeError(f"the plans linked {linked} records, {self.common} are the same")
        told = {name: _ask(url, "counts") for name, url in self.urls.items()}
        return {"people": wanted, "linked": self.common, "done": done, "told": told}


def _planned(hub: Hub) -> dict[str, int]:
    found: Counter[str] = Counter()
    for connection_id, counts in hub.db.all(_PLANNED):
        name = hub.connections.by_id(connection_id).name
        found.update({f"{name} {action}": counts.get(action, 0) for action in ("create", "update")})
    return dict(+found)


def _done(hub: Hub) -> dict[str, int]:
    rows = hub.db.all(_DONE)
    return {f"{hub.connections.by_id(connection_id).name} {action}": count for connection_id, action, count in rows}


def _wait_quiet(hub: Hub) -> None:
    """Until nothing is due. Raises when nothing at all happens for `PATIENCE_S`."""
    last: Sequence[Any] | None = None
    moved_at = time.monotonic()
    while last is None or any(last):
        left = hub.db.one(_LEFT)
        if left != last:
            last, moved_at = left, time.monotonic()
        elif time.monotonic() - moved_at > PATIENCE_S:
            raise RuntimeError(f"nothing moves, left are {last} (targets, marks, events)")
        time.sleep(LOOK_S)


@contextmanager
def _peer(name: str, first: int, count: int) -> Iterator[str]:
    command = [sys.executable, "-m", "bench.peers", name, str(first), str(count)]
    process = subprocess.Popen(leashed(command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().split()[1]
    finally:
        end(process, STOP_PEER)
        process.stdout.close()


@contextmanager
def _couriers(place: Site, name: str, count: int) -> Iterator[None]:
    env = {**os.environ, **place.environment(name)}
    command = [sys.executable, "-m", "bench.courier"]
    roles = ["pipeline", *["deliver"] * count]
    started = [subprocess.Popen([*command, role], env=env, stdin=subprocess.PIPE) for role in roles]
    try:
        yield
    finally:
        for process in started:
            process.communicate()
    if any(process.returncode for process in started):
        raise RuntimeError("a courier failed")


def _ask(url: str, verb: str) -> Any:
    request = urllib.request.Request(f"{url}/_sim/act/{verb}", data=b"{}", method="POST")
    with urllib.request.urlopen(request, timeout=300) as answer:
        return json.load(answer)
