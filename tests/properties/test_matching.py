"""Matching on the store, record by record, comes to what the whole set comes to at once (2.8)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fixtures.histories import Said, connect_all
from tests.fixtures.hub import Rig
from tests.fixtures.people import in_force, people, stored, whole

SLOW = settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def _ready(rig: Rig) -> None:
    if not rig.hub.connections.all():
        connect_all(rig)
        in_force(rig)
    rig.clear()


def _one_batch(rig: Rig, history: list[Said]) -> Any:
    _ready(rig)
    for said in history:
        said.send(rig)
    rig.settle()
    return stored(rig)


def _bit_by_bit(rig: Rig, history: list[Said], data: st.DataObject) -> Any:
    _ready(rig)
    for said in data.draw(st.permutations(history)):
        said.send(rig)
        for _ in range(data.draw(st.integers(0, 2))):
            rig.record(data.draw(st.integers(1, 3))) if data.draw(st.booleans()) else rig.resolve(2)
    rig.settle()
    return stored(rig)


@SLOW
@given(people(), st.data())
def test_incremental_equals_batch(rig: Rig, history: list[Said], data: st.DataObject) -> None:
    expected = _one_batch(rig, history)
    assert expected == whole(rig)
    found = _bit_by_bit(rig, history, data)
    assert found == whole(rig)
    assert found == expected


@pytest.fixture
def low_cap(monkeypatch: pytest.MonkeyPatch) -> int:
    """A key of more than three records gives no evidence."""
    for place in ("hub.store.hot_key.KEY_CAP", "hub.store.resolve.KEY_CAP"):
        monkeypatch.setattr(place, 3)
    monkeypatch.setattr("hub.rules.identity.batch.CAP", 3)
    return 3


@SLOW
@given(people(ids=4, min_size=6, max_size=20), st.data())
def test_key_cap_when_crossed_in_both_directions_equals_batch(
    rig: Rig, low_cap: int, history: list[Said], data: st.DataObject
) -> None:
    expected = _one_batch(rig, history)
    assert expected == whole(rig)
    assert _bit_by_bit(rig, history, data) == expected


@settings(SLOW, max_examples=6)
@given(people(ids=4, min_size=15, max_size=40))
def test_key_cap_when_crossed_by_two_workers_at_once_equals_batch(rig: Rig, low_cap: int, history: list[Said]) -> None:
    _ready(rig)
    for said in history:
        said.send(rig)
    with ThreadPoolExecutor() as pool:
        for done in [pool.submit(_drain, Rig(rig.hub)) for _ in range(2)]:
            done.result()
    rig.settle()
    found = stored(rig)
    assert found == whole(rig)
    assert found == _one_batch(rig, history)


def _drain(rig: Rig) -> None:
    while rig.record(3) + rig.resolve(2):
        pass


@SLOW
@given(people(ids=4, min_size=6, max_size=20), st.data())
def test_component_that_is_too_large_is_cut_the_same_for_every_order(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, history: list[Said], data: st.DataObject
) -> None:
    monkeypatch.setattr("hub.rules.clustering.MOST", 3)
    expected = _one_batch(rig, history)
    assert expected == whole(rig)
    assert _bit_by_bit(rig, history, data) == expected
