"""Familiar payloads are passed over; whatever may hold a change is looked at, and some of all others too."""

from __future__ import annotations

import uuid
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.rules.drift import Attention, Budget, Recogniser, Ruling, Shape
from hub.rules.drift.attention import BURST, EACH_SECOND, EVERY, LONGEST, LONGEST_S, builds_of
from hub.rules.drift.seen import Cause
from hub.rules.drift.shape import LEARNT_FROM

ORDER: dict[str, Any] = {
    "type": "updated",
    "data": {
        "id": 1,
        "state": "paid",
        "paid": True,
        "customer": {"id": 1, "tier": {"name": "gold"}},
        "lines": [{"sku": "A1", "unit": "piece", "price": 5}, {"sku": "B1", "unit": "piece", "price": 7}],
    },
}
EVENT = uuid.UUID(int=1)


class _Looks(Recogniser):
    """Counts looks."""

    looks = 0

    def look(self, payload: Any, event: str) -> bool:
        self.looks += 1
        return super().look(payload, event)


def _learnt(rulings: dict[Cause, Ruling] | None = None) -> _Looks:
    shape = Shape()
    first = Recogniser(shape, {}, lambda text: f"#{text}", {})
    for _ in range(LEARNT_FROM):
        first.look(ORDER, EVENT.hex)
    shape.learn(first.delta.learnt)
    return _Looks(shape, rulings or {}, lambda text: f"#{text}", {})


def _take(attention: Attention, *payloads: Any, now: float = 0.0) -> None:
    attention.take([(one, orjson.dumps(one), EVENT) for one in payloads], now)


def _changed(*path: Any, to: Any) -> dict[str, Any]:
    payload: dict[str, Any] = orjson.loads(orjson.dumps(ORDER))
    place: Any = payload["data"]
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    return payload


def test_payloads_when_familiar_then_one_in_so_many_is_looked_at() -> None:
    watcher = _learnt()
    attention = Attention(watcher, Budget())
    _take(attention, *[ORDER] * (EVERY * 10 - 1))
    assert watcher.looks == 10
    assert watcher.delta.is_empty
    _take(attention, ORDER, now=LONGEST_S / 2)
    assert watcher.looks == 10
    _take(attention, ORDER, now=LONGEST_S * 2)
    assert watcher.looks == 11


@pytest.mark.parametrize(
    ("path", "to", "cause"),
    [
        (("gift",), True, ("new", "data.gift")),
        (("state",), 5, ("type", "data.state")),
        (("state",), "lost", ("value", "data.state")),
        (("customer", "tier"), {"name": "gold", "since": 1}, ("new", "data.customer.tier.since")),
        (("customer", "tier", "name"), 5, ("type", "data.customer.tier.name")),
        (("customer", "tier", "name"), "lead", ("value", "data.customer.tier.name")),
        (("lines", 1, "unit"), "gram", ("value", "data.lines[].unit")),
        (("lines", 1), {"sku": "A1", "unit": "piece", "price": 5, "lot": 1}, ("new", "data.lines[].lot")),
        (("lines", 0, "price"), "5.00", ("type", "data.lines[].price")),
        (("lines", 0, "price"), {"amount": 5}, ("type", "data.lines[].price")),
    ],
)
def test_one_change_among_familiar_payloads_then_it_is_seen(path: tuple[Any, ...], to: Any, cause: Cause) -> None:
    watcher = _learnt()
    attention = Attention(watcher, Budget())
    _take(attention, *[ORDER] * 5, _changed(*path, to=to), *[ORDER] * 5)
    assert set(watcher.delta.seen) == {cause}
    assert watcher.delta.seen[cause].count == 1


@pytest.mark.parametrize("to", [{"id": 1, "level": {"name": "gold"}}, {"id": True, "tier": {"name": "gold"}}])
def test_change_that_does_not_show_in_the_build_when_it_stays_then_it_is_seen_within_so_many(to: Any) -> None:
    watcher = _learnt()
    attention = Attention(watcher, Budget())
    _take(attention, ORDER)
    _take(attention, *[_changed("customer", to=to)] * EVERY)
    assert [path for _, path in watcher.delta.seen if path.startswith("data.customer.")]


def test_field_when_it_vanishes_then_every_payload_counts() -> None:
    watcher = _learnt()
    attention = Attention(watcher, Budget())
    without = _changed("customer", to={"id": 1})
    _take(attention, ORDER, *[without] * 60, ORDER, without)
    track = watcher.delta.tracks["gone", "data.customer.tier"]
    assert (track.longest, track.hit, track.quiet) == (60, True, 1)


def test_payloads_when_none_is_familiar_then_looks_are_bounded_and_grow_with_time() -> None:
    watcher = _learnt({("new", "data.gift"): Ruling("open")})
    attention = Attention(watcher, Budget())
    _take(attention, *[ORDER] * (BURST + EVERY * 10))
    assert BURST <= watcher.looks <= BURST + 10
    before = watcher.looks
    _take(attention, *[ORDER] * EVERY, now=2.0)
    assert watcher.looks - before == EVERY
    assert EACH_SECOND * 2 >= EVERY
    assert watcher.delta.tracks["new", "data.gift"].quiet == watcher.looks


def test_shape_when_not_learnt_yet_then_all_is_looked_at() -> None:
    watcher = _Looks(Shape(), {}, str, {})
    attention = Attention(watcher, Budget(left=0))
    _take(attention, *[ORDER] * 90)
    assert watcher.looks == 90


def test_word_when_accepted_then_its_payloads_are_familiar_again() -> None:
    ruling = Ruling("accepted", words=frozenset(["#lost"]))
    watcher = _learnt({("value", "data.state"): ruling})
    attention = Attention(watcher, Budget())
    lost = _changed("state", to="lost")
    _take(attention, *[ORDER, lost] * EVERY)
    assert watcher.delta.is_empty
    assert watcher.looks <= 5


def test_long_payload_then_it_is_never_familiar() -> None:
    watcher = _learnt()
    attention = Attention(watcher, Budget())
    long = _changed("lines", 0, "sku", to="x" * LONGEST)
    _take(attention, *[long] * 20)
    assert watcher.looks == 20


LEAVES = st.none() | st.text() | st.integers(-9, 9)
VALUES = st.recursive(LEAVES, lambda one: st.lists(one) | st.dictionaries(st.text(), one), max_leaves=9)


@given(st.lists(VALUES, min_size=1, max_size=5))
def test_builds_when_payloads_hold_whatever_then_there_is_one_for_each(values: list[Any]) -> None:
    bodies = [orjson.dumps({"v": value}) for value in values]
    assert builds_of(bodies) == [builds_of([body])[0] for body in bodies]
