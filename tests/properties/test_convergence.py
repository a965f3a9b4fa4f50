"""The same sets give the same state, whatever the order, the duplicates, the batches and the splits (2.8)."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.flow.replay import replay
from hub.store.replay import Selection
from tests.fixtures.histories import HISTORIES, Said, connect_all
from tests.fixtures.hub import Rig

SLOW = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def _state_after(rig: Rig, history: list[Said]) -> str:
    rig.clear()
    for said in history:
        said.send(rig)
    rig.settle()
    return rig.state_hash()


def _ready(rig: Rig) -> None:
    if not rig.hub.connections.all():
        connect_all(rig)


@SLOW
@given(HISTORIES, st.data())
def test_arrival_convergence(rig: Rig, history: list[Said], data: st.DataObject) -> None:
    _ready(rig)
    expected = _state_after(rig, history)
    rig.clear()
    shuffled = data.draw(st.permutations(history + data.draw(st.lists(st.sampled_from(history), max_size=3))))
    for said in shuffled:
        said.send(rig)
        for _ in range(data.draw(st.integers(0, 2))):
            rig.record(1) if data.draw(st.booleans()) else rig.resolve(2)
    rig.settle()
    assert rig.state_hash() == expected


@SLOW
@given(HISTORIES, st.data())
def test_processing_convergence_when_batches_are_split(rig: Rig, history: list[Said], data: st.DataObject) -> None:
    _ready(rig)
    expected = _state_after(rig, history)
    rig.clear()
    for said in history:
        said.send(rig)
    while rig.record(data.draw(st.integers(1, 4))) or rig.resolve(data.draw(st.integers(1, 4))):
        pass
    rig.settle()
    assert rig.state_hash() == expected


@SLOW
@given(HISTORIES, st.data())
def test_replay_is_identity(rig: Rig, history: list[Said], data: st.DataObject) -> None:
    _ready(rig)
    expected = _state_after(rig, history)
    last = rig.hub.db.one("select seq from feed")
    marks = rig.hub.db.one("select coalesce(sum(dirty_seq), 0) from target")
    events = [id_ for (id_,) in rig.hub.db.all("select id from event order by id")]
    chosen = data.draw(st.lists(st.sampled_from(events), min_size=1, unique=True))
    replay(rig.hub, Selection(ids=tuple(chosen)))
    rig.settle()
    assert rig.state_hash() == expected
    assert rig.hub.db.one("select seq from feed") == last
    assert rig.hub.db.one("select coalesce(sum(dirty_seq), 0) from target") == marks
