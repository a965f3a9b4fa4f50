"""The golden value of one field against a model that knows nothing of folds, caches, batches or clusters.

The model is a dozen lines over three sets: what systems said, what the hub wrote, what people pinned. The hub takes them
in any order, in any batches, twice or more, and has to give what the model gives of the whole.
"""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.rules import register
from hub.rules.register import Fold, Item
from hub.rules.survivorship import FieldRule, Pin, Source, resolve

RANK = {"S": 0, "Z": 1, "P": 2}
VALUES = st.sampled_from(["ann", "bob", None])
NAMES, TIMES = st.sampled_from("SZP"), st.integers(1, 9)
SAID = st.tuples(st.just("said"), NAMES, TIMES, VALUES)
WRITTEN = st.tuples(st.just("written"), NAMES, TIMES, VALUES)
PINNED = st.tuples(st.just("pinned"), TIMES, st.integers(1, 3), st.sampled_from(["x", "y"]))
UNPINNED = st.tuples(st.just("unpinned"), TIMES, st.integers(1, 3), st.none())
DEEDS = st.lists(st.one_of(SAID, SAID, WRITTEN, PINNED, UNPINNED), max_size=12)
Deed = tuple[str, Any, Any, Any]


def _own(deeds: set[Deed], name: str) -> tuple[int, Any] | None:
    """(since, value) of the last change that the system made itself: what repeats the hub's word is none."""
    line = [(t, what == "said", repr(value), value) for what, of, t, value in deeds if of == name]
    own, expected = None, None
    for t, is_said, _, value in sorted(line, key=lambda one: one[:3]):
        if is_said and value != expected:
            own = (t, value)
        expected = value
    return own


def _modelled(deeds: set[Deed], policy: str) -> Any:
    gone = {deed[1:3] for deed in deeds if deed[0] == "unpinned"}
    pins = [deed[1:] for deed in deeds if deed[0] == "pinned" and deed[1:3] not in gone]
    if pins:
        return max(pins)[2]
    own = {name: found for name in RANK if (found := _own(deeds, name)) is not None}
    if not own:
        return None
    values = [value for _, value in own.values()]
    worth = {
        "latest": lambda name: 0,
        "priority": lambda name: -RANK[name],
        "most_frequent": lambda name: values.count(own[name][1]),
    }[policy]
    return own[max(own, key=lambda name: (worth(name), own[name][0], -RANK[name]))][1]


def _item(what: str, t: int, value: Any) -> Item:
    minor = register.WRITE_MINOR if what == "written" else 0
    return Item((t, minor, 0, repr(value)), {"f": value}, since=t, is_write=what == "written")


class Hub:
    """Takes deeds as they come: extends the cached folds where they fit, folds anew where they do not."""

    def __init__(self) -> None:
        self.lines: dict[str, list[Item]] = {}
        self.packed: dict[str, dict[str, Any]] = {}
        self.decisions: set[Deed] = set()

    def take(self, deed: Deed) -> None:
        """One deed, perhaps again."""
        what, name, t, value = deed
        if what in ("pinned", "unpinned"):
            self.decisions.add(deed)
            return
        item, line = _item(what, t, value), self.lines.setdefault(name, [])
        if item in line:
            return
        line.append(item)
        cached = register.decode(self.packed[name]) if name in self.packed else Fold({})
        if register.fits_at_end(cached, item.order):
            register.extend(cached, item)
        else:
            cached = register.fold(line)
        self.packed[name] = register.encode(cached)

    def golden(self, policy: str) -> Any:
        """As the hub decides it."""
        gone = {deed[1:3] for deed in self.decisions if deed[0] == "unpinned"}
        live = [deed[1:] for deed in self.decisions if deed[0] == "pinned" and deed[1:3] not in gone]
        pins = {"f": Pin("f", max(live)[2], "", max(live)[:2], uuid.UUID(int=0))} if live else {}
        sources = [
            Source(uuid.uuid5(uuid.NAMESPACE_DNS, name), name, RANK[name], "1", packed)
            for name, packed in self.packed.items()
        ]
        rule = FieldRule("f", policy, ("f",), tuple(RANK) if policy == "priority" else ())
        return resolve(sources, [rule], pins).data.get("f")


@pytest.mark.parametrize("policy", ["latest", "priority", "most_frequent"])
@settings(max_examples=150, deadline=None)
@given(deeds=DEEDS, data=st.data())
def test_golden_when_taken_in_any_order_and_twice_then_as_the_model(
    policy: str, deeds: list[Deed], data: st.DataObject
) -> None:
    again = data.draw(st.lists(st.sampled_from(deeds), max_size=5)) if deeds else []
    hub = Hub()
    for deed in data.draw(st.permutations([*deeds, *again])):
        hub.take(deed)
        if data.draw(st.booleans()):
            hub.golden(policy)
    assert hub.golden(policy) == _modelled(set(deeds), policy)
