"""A real hub between a sender and simulated peers, and the audit of all three at the end."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psutil
import psycopg
from psycopg_pool import PoolTimeout

from connectors.webhook.simulator import SECRET, WebhookSimulator
from hub.flow import configure
from hub.flow.books import books
from hub.flow.configure import Wish
from hub.flow.context import Hub
from hub.flow.state import state
from hub.store import claim
from hub.store.due import pending
from tests.chaos.cast import Cast
from tests.chaos.load import Load
from tests.chaos.oracle import Goldens, customer_of, expect, goldens_of, plain
from tests.fixtures.peers import wait_for
from tests.fixtures.place import short_folder
from tests.fixtures.running import Running

FLOWS = ("customer", "order")
WORKERS = 3
SETTLED_S = 180.0
_LEFT = """
    select id from target where connection_id = any(%s) and (dirty_seq > done_seq or verify_at is not null
        or lease_until is not null) and state = 'due' and plan_id is null
"""


class Scene:
    """`hub` is this process's own look at the running hub. Places keep tests apart: each is a realm of its own."""

    def __init__(self, folder: Path, env: dict[str, str], workers: int) -> None:
        self._folder = folder
        self._workers = workers
        self._port = _free_port()
        self.env = {"HUB_ALLOWED_PRIVATE_HOSTS": "127.0.0.1", "HUB_LINGER_S": "60", **env}
        self.url = f"http://127.0.0.1:{self._port}"
        self.hub: Hub
        self.start()

    def start(self) -> None:
        """Starts the hub, or starts it again on the same folder and port."""
        args = ("--workers", str(self._workers), "--port", str(self._port))
        self.running = Running(self._folder, *args, env=self.env)
        self.running.wait_ready()
        self.cast = Cast(self.running, self._workers)

    def kill_all(self) -> None:
        """kill -9 for the launcher and everything below it."""
        self.running.kill(self.running.family())
        self.running.process.wait()
        assert self.running.is_gone()

    @contextmanager
    def place(self, name: str = "") -> Iterator[Place]:
        """A shop and a till that send, a realm around them, and room for peers; what it started ends with it."""
        with ExitStack() as stack:
            load = Load(self.url)
            stack.callback(load.close)
            yield Place(self, name, load, stack)


class Place:
    """One realm of the hub. `peers`: connection name -> what that system holds."""

    def __init__(self, scene: Scene, name: str, load: Load, stack: ExitStack) -> None:
        self.scene = scene
        self.hub = scene.hub
        self.name = name
        self.load = load
        self.peers: dict[str, WebhookSimulator] = {}
        self.wrong = ""
        self._stack = stack
        for system, rank in (("shop", 10), ("till", 20)):
            self._connect(system, {}, dict.fromkeys(FLOWS, "in"), rank)

    def peer(self, system: str = "crm", *, echoes: bool = True, make: type[WebhookSimulator] = WebhookSimulator) -> Any:
        """A system with an idempotency key and a look-up, written to and (with `echoes`) heard."""
        peer = self._stack.enter_context(make(echoes=echoes))
        peer.sender.url = f"{self.scene.url}/webhooks/{system}{self.name}"
        config = {"target_url": peer.target_url, "find_url": peer.find_url}
        self._connect(system, config, dict.fromkeys(FLOWS, "both" if echoes else "out"), 30)
        self.peers[f"{system}{self.name}"] = peer
        # It has nothing that could be read first, and waiting for each would take longer than the test.
        self.hub.db.execute(
            "update connection set phase = 'live', generation = generation + 1 where name = %s",
            (f"{system}{self.name}",),
        )
        self.hub.connections.reload()
        return peer

    def peer_of(self, system: str = "crm") -> WebhookSimulator:
        """A peer by the name of its system."""
        return self.peers[f"{system}{self.name}"]

    def target(self, columns: str, system: str = "crm") -> list[tuple[Any, ...]]:
        """Columns of the targets at a peer, oldest first."""
        sql = f"select {columns} from target where connection_id = %s order by id"
        return self.hub.db.all(sql, (self.hub.connections.by_name(f"{system}{self.name}").id,))

    def settle(self, within_s: float = SETTLED_S, *, but: Sequence[str] = ()) -> None:
        """Waits until nothing is left to be done here, except at the peers named."""
        peers = {name: peer for name, peer in self.peers.items() if name not in but}
        mine = [row.id for row in self.hub.connections.all() if row.name in peers]
        shown: list[object] = []

        def is_done() -> bool:
            try:
                left = {**pending(self.hub.db), "targets": len(self.hub.db.all(_LEFT, (mine,)))}
            except (psycopg.Error, PoolTimeout) as error:
                shown[:] = [error]
                return False
            shown[:] = [left]
            busy = left["events"] or left["marks"] or left["targets"]
            return not busy and all(peer.sender.wait_idle(0) for peer in peers.values())

        try:
            wait_for(is_done, within_s)
        except AssertionError:
            raise AssertionError(f"{self.name or 'it'} is never at rest: {shown}") from None

    def wait_right(self, within_s: float = 105.0, *, but: Sequence[str] = ()) -> None:
        """Waits until `check` finds nothing wrong, whatever still goes on."""
        try:
            wait_for(lambda: self.is_right(but=but), within_s)
        except AssertionError:
            raise AssertionError(f"{self.name or 'it'} is not right in {within_s} s: {self.wrong}") from None

    def is_right(self, *, but: Sequence[str] = ()) -> bool:
        """Whether `check` finds nothing wrong; `wrong` says what it found."""
        try:
            self.check(but=but)
        except (AssertionError, LookupError, ValueError) as error:
            self.wrong = f"{type(error).__name__}: {error}"
            return False
        return True

    def release_poison(self) -> int:
        """What an operator does with events that were there whenever somebody killed a worker; returns how many."""
        with self.hub.db.transaction() as conn:
            return claim.release_quarantine(conn, cause="poison")

    def check(self, *, but: Sequence[str] = ()) -> None:
        """Nothing accepted is lost, golden records are what the oracle says, and each peer agrees, once each."""
        self.check_inbox()
        self.check_golden()
        for name in self.peers.keys() - set(but):
            self.check_peer(name)

    def check_inbox(self) -> None:
        """The books balance and everything that was accepted is there, once, and done."""
        found = books(self.hub.db)
        assert found.is_balanced, found
        for system in ("shop", "till"):
            name = f"{system}{self.name}"
            accepted = sum(message.connection == name for message in self.load.accepted.values())
            (stored,) = self.hub.db.one(
                "select count(*) from event where connection_id = %s", (self.hub.connections.by_name(name).id,)
            )  # type: ignore[misc]
            assert stored == accepted, f"{name}: {accepted} accepted, {stored} stored"

    def check_golden(self) -> None:
        """One golden record for each person and order, with the values said last, linked to the right source records."""
        goldens = self._goldens()
        expected = expect(self.load.accepted.values())
        assert len(goldens) == len(expected), f"{len(goldens)} golden records, {len(expected)} expected"
        for name, one in expected.items():
            data = goldens[frozenset(one.sources)]["data"]
            told = {field: data.get(field) for field in one.values}
            assert told == one.values, f"{name}: {told}, not {one.values}"

    def check_peer(self, name: str) -> None:
        """The peer holds each golden record once, with its values, and each was created by one call."""
        peer, goldens = self.peers[name], self._goldens()
        records = {record["id"]: record for record in peer.act_records()}
        assert len(records) == len(goldens), f"{name}: {len(records)} records, {len(goldens)} golden"
        for golden in goldens.values():
            (id_,) = golden["at"][name]
            told = records[id_]["data"]
            wanted = {**golden["data"], **customer_of(golden, goldens, name)}
            differing = {
                field: (value, told.get(field))
                for field, value in wanted.items()
                if plain(told.get(field)) != plain(value)
            }
            assert not differing, f"{name} {id_}: {differing}"
        created = [entry.content["data"]["hub_ref"] for entry in peer.ledger.carried_out("write")
                   if entry.content["type"].endswith(".created")]  # fmt: skip
        assert len(created) == len(set(created)) == len(records)

    def _goldens(self) -> Goldens:
        return goldens_of(state(self.hub), [f"shop{self.name}", f"till{self.name}"], self.peers)

    def _connect(self, system: str, config: dict[str, str], flows: dict[str, str], rank: int) -> None:
        realm = self.name or "default"
        configure.connect(
            self.hub,
            Wish(f"{system}{self.name}", "webhook", realm, config, {"secret": [SECRET]}, flows, rank),
            "test",
        )


@contextmanager
def open_scene(env: dict[str, str] | None = None, workers: int = 2) -> Iterator[Scene]:
    """A running hub for several tests; ends every process of it."""
    with short_folder() as name:
        Path(name).chmod(0o755)
        scene = Scene(Path(name), env or {}, workers)
        try:
            with scene.running.open() as scene.hub:
                yield scene
        finally:
            scene.running.kill([one for one in scene.running.family() if _is_stopped(one)])
            scene.running.clean_up()


def _free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


def _is_stopped(process: psutil.Process) -> bool:
    """Whether it was stopped and goes on existing: of those that end by themselves one may be gone by now."""
    try:
        return bool(process.status() == psutil.STATUS_STOPPED)
    except psutil.NoSuchProcess:
        return False
