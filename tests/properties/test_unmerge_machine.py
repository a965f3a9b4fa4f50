"""Whatever people rule and take back, whatever systems say meanwhile: in the end as if nobody had ruled anything (2.8)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from hub.errors import ConflictError, NotFoundError
from hub.flow import account, cut, match_answer, stewardship
from tests.fixtures.histories import CONNECTIONS, Said
from tests.fixtures.hub import at
from tests.fixtures.peers import PeerRig
from tests.fixtures.people import in_force, person, stored, whole

PEERS = ("blue", "red")
NUMBERS = st.integers(0, 9)
Rid = uuid.UUID


class Stewards(RuleBasedStateMachine):
    """Two customers at each of three systems, two systems that are written to, and people who rule."""

    def __init__(self, rig: PeerRig) -> None:
        super().__init__()
        self.rig = rig
        self.said: list[Said] = []
        self.acts: list[Rid] = []
        self.gone: list[str] = []
        self.rids: set[Rid] = set()
        self.minute = 0

    @initialize()
    def begin(self) -> None:
        self._anew()

    def _anew(self) -> None:
        self.rig.clear()
        self.rig.hub.db.execute(
            "update connection set disconnected_at = null, phase = 'live', generation = generation + 1"
        )
        self.rig.hub.connections.reload()
        for shelf in self.rig.shelves.values():
            shelf.__init__()  # type: ignore[misc]

    @rule(data=st.data(), is_settled=st.booleans())
    def say(self, data: st.DataObject, is_settled: bool) -> None:
        self.minute += 1
        said = data.draw(person(2, self.minute))
        if said.connection not in self.gone:
            self._send(said)
        if is_settled:
            self.rig.settle()

    @precondition(lambda self: self.said)
    @rule(number=NUMBERS)
    def sync_again(self, number: int) -> None:
        """A system says once more what it said last of a customer."""
        self.minute += 1
        one = self.said[number % len(self.said)]
        last = [
            said
            for said in self.said
            if (said.connection, dict(said.data)["id"]) == (one.connection, dict(one.data)["id"])
        ][-1]
        if last.connection not in self.gone:
            data = {**dict(last.data), "updated_at": at(self.minute)}
            self._send(replace(last, key=f"again {self.minute}", data=tuple(data.items())))
        self.rig.settle()

    def _send(self, said: Said) -> None:
        self.said.append(said)
        said.send(self.rig)

    @rule()
    def deliver(self) -> None:
        self.rig.settle()
        self.rig.deliver()

    @rule(name=st.sampled_from(PEERS))
    def echo(self, name: str) -> None:
        if name not in self.gone:
            self.rig.echo(name, self.rig.shelves[name])

    @rule(one=NUMBERS, other=NUMBERS)
    def merge(self, one: int, other: int) -> None:
        ids = self.rig.golden_ids("customer")
        if ids:
            pair = [ids[one % len(ids)], ids[other % len(ids)]]
            self._try(lambda: stewardship.merge(self.rig.hub, "customer", pair, "li"))

    @rule(one=NUMBERS, number=NUMBERS)
    def split(self, one: int, number: int) -> None:
        ids = self.rig.golden_ids("customer")
        if ids:
            id_ = ids[one % len(ids)]
            sources = self.rig.hub.db.all(
                "select c.name, r.external_id from record r join connection c on c.id = r.connection_id where r.cluster = %s"
                " and r.state > 0 order by 1, 2",
                (id_,),
            )
            name, external_id = sources[number % len(sources)]
            self._try(lambda: stewardship.split(self.rig.hub, "customer", id_, name, external_id, "li"))

    @rule(one=NUMBERS, number=NUMBERS, other=NUMBERS)
    def cut_between(self, one: int, number: int, other: int) -> None:
        ids = self.rig.golden_ids("customer")
        if ids:
            id_ = ids[one % len(ids)]
            rids = [
                rid for (rid,) in self.rig.hub.db.all("select rid from record where cluster = %s order by 1", (id_,))
            ]
            a, b = rids[number % len(rids)], rids[other % len(rids)]
            self._try(lambda: cut.cut(self.rig.hub, "customer", id_, a, b, "li"))

    @rule(number=NUMBERS, said=st.sampled_from(["same", "different", "household"]))
    def answer(self, number: int, said: str) -> None:
        items = self.rig.hub.db.all("select id from item where type = 'match' and state = 'open' order by id")
        if items:
            [id_] = items[number % len(items)]
            self._try(lambda: match_answer.answer(self.rig.hub, id_, "li", said, "asked them").act)

    @rule(one=NUMBERS, value=st.sampled_from(["pinned", None]))
    def pin(self, one: int, value: str | None) -> None:
        ids = self.rig.golden_ids("customer")
        if ids:
            self._try(lambda: stewardship.pin(self.rig.hub, "customer", ids[one % len(ids)], "note", value, "li"))

    @rule(one=NUMBERS)
    def unpin(self, one: int) -> None:
        ids = self.rig.golden_ids("customer")
        if ids:
            self._try(lambda: stewardship.unpin(self.rig.hub, "customer", ids[one % len(ids)], "note", "li"))

    @precondition(lambda self: self.acts)
    @rule(number=NUMBERS)
    def undo(self, number: int) -> None:
        act = self.acts.pop(number % len(self.acts))
        self._try(lambda: stewardship.undo(self.rig.hub, act, "li"))

    @rule(name=st.sampled_from(["till", "red"]))
    def disconnect(self, name: str) -> None:
        if name not in self.gone and len(self.said) > 3:
            self.gone.append(name)
            account.disconnect(self.rig.hub, name, "li")
            self.rig.hub.connections.reload()

    def _try(self, act: Callable[[], Rid | None]) -> None:
        try:
            found = act()
        except (ConflictError, NotFoundError):
            return
        if found is not None:
            self.acts.append(found)

    @invariant()
    def every_id_is_one_golden_record(self) -> None:
        rows = self.rig.hub.db.all("select rid, cluster, state from record where kind = 'customer'")
        smallest: dict[Rid, Rid] = {}
        for rid, cluster, _ in rows:
            smallest[cluster] = min(rid, smallest.get(cluster, rid))
        homes = {rid: cluster for rid, cluster, _ in rows}
        assert all(cluster == rid for cluster, rid in smallest.items())
        self.rids |= homes.keys()
        assert self.rids == homes.keys()
        if self._is_quiet():
            assert set(self.rig.golden_ids("customer")) == {cluster for _, cluster, state in rows if state > 0}
            self._is_as_ruled(homes)

    def _is_as_ruled(self, homes: dict[Rid, Rid]) -> None:
        rows = self.rig.hub.db.all("select type, a, b from decision where revoked_at is null and b is not null")
        apart = {frozenset((homes[a], homes[b])) for type_, a, b in rows if type_ == "cannot"}
        assert all(len(pair) == 2 for pair in apart)
        for type_, a, b in rows:
            if type_ == "must" and homes[a] != homes[b]:
                assert frozenset((homes[a], homes[b])) in apart

    def _is_quiet(self) -> bool:
        sql = "select 1 from event_work union all select 1 from resolve_work limit 1"
        return self.rig.hub.db.one(sql) is None

    def teardown(self) -> None:
        if not self.said:
            return
        self.rig.quiet()
        self.every_id_is_one_golden_record()
        assert stored(self.rig) == whole(self.rig)
        for act in self.acts:
            self._try(lambda act=act: stewardship.undo(self.rig.hub, act, "li"))  # type: ignore[misc]
        self.rig.quiet()
        self.every_id_is_one_golden_record()
        assert stored(self.rig) == whole(self.rig)
        found, ledgers = self._state(), self._ledgers()
        self._anew()
        for said in self.said:
            said.send(self.rig)
        for name in self.gone:
            account.disconnect(self.rig.hub, name, "li")
        self.rig.hub.connections.reload()
        self.rig.quiet()
        assert found == self._state()
        assert ledgers == self._ledgers()

    def _state(self) -> dict[str, Any]:
        """Without the copies at systems: how many there are is history, whose they are and what they hold is not."""
        return {" ".join(_sources(key)): golden for key, golden in self.rig.state().items()}

    def _ledgers(self) -> dict[str, dict[str, Any]]:
        """Peer -> customers by their sources -> what the peer's records of them hold, all of them the same."""
        found: dict[str, dict[str, Any]] = {}
        for name in PEERS:
            if name in self.gone:
                continue
            held = self.rig.shelves[name].records
            rows = self.rig.hub.db.all(
                "select p.external_id, r.cluster from target t join record p on p.rid = t.rid join record r on r.rid = t.owner_rid"
                " join connection c on c.id = t.connection_id where c.name = %s and t.state <> 'dropped'",
                (name,),
            )
            assert {id_ for id_, _ in rows} == held.keys()
            ours: dict[str, Any] = {}
            names = self._names()
            for id_, cluster in rows:
                said = {
                    field: value for field, value in held[id_].items() if field != "version" and value not in (None, [])
                }
                assert ours.setdefault(names[cluster], said) == said
            # A pin alone may have made a record of somebody of whom nothing else is known: taken back, it is an empty one.
            found[name] = {names: said for names, said in ours.items() if said}
        return found

    def _names(self) -> dict[Rid, str]:
        names: dict[Rid, list[str]] = {}
        for cluster, name in self.rig.hub.db.all(
            "select r.cluster, c.name || ':' || r.object_type || ':' || r.external_id from record r"
            " join connection c on c.id = r.connection_id where r.state > 0 and r.kind = 'customer'"
        ):
            names.setdefault(cluster, []).append(name)
        return {cluster: " ".join(_sources(" ".join(sorted(found)))) for cluster, found in names.items()}


def _sources(key: str) -> list[str]:
    return [name for name in key.split() if name.partition(":")[0] in CONNECTIONS]


@pytest.mark.slow
def test_unmerge_is_inverse(peers: PeerRig) -> None:
    for name, rank in CONNECTIONS.items():
        if name != "shop":
            peers.connect(name, {"customer": "in"}, rank=rank)
    for name in PEERS:
        peers.peer(name, rank=90)
    in_force(peers)
    run_state_machine_as_test(
        lambda: Stewards(peers),  # type: ignore[arg-type]
        settings=settings(
            max_examples=15,
            stateful_step_count=15,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
