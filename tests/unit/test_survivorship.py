"""Which of the values that lost a person should look at."""

from __future__ import annotations

import uuid

import pytest

from hub.rules import register
from hub.rules.register import Item
from hub.rules.survivorship import FieldRule, Source, candidates, contradict

FIRST_CRM = ("crm", "shop")


def _source(connection: str, *said: tuple[int, str | None]) -> Source:
    items = [Item((at, 0, 0, str(value)), {"note": value}, since=at) for at, value in said]
    packed = register.encode(register.fold(items))
    return Source(uuid.uuid5(uuid.NAMESPACE_DNS, connection), connection, 100, "1", packed, told=("note",))


@pytest.mark.parametrize(
    ("policy", "null_wins", "crm", "shop", "value", "asks"),
    [
        # An import empties what the other system knows: nothing that anybody wrote is lost.
        ("priority", False, [(1, "tea")], [(1, "tea"), (2, None)], "tea", False),
        # The better one was emptied: the other one's value shows, which is what yielding is for.
        ("priority", False, [(1, "tea"), (3, None)], [(2, "water")], "water", False),
        # Somebody typed something, and it does not count.
        ("priority", False, [(1, "tea")], [(1, "tea"), (2, "water")], "tea", True),
        ("priority", False, [(2, "tea")], [(1, "water")], "tea", False),
        # Declared to win, an emptied value is a value like any other.
        ("priority", True, [(1, "tea")], [(1, "tea"), (2, None)], "tea", True),
        ("owner", True, [(1, "tea"), (2, None)], [(1, "tea")], None, False),
        ("latest", True, [(1, "tea")], [(1, "tea"), (2, None)], None, False),
    ],
)
def test_item_when_a_value_loses_then_only_if_it_is_newer_and_does_not_yield(
    policy: str,
    null_wins: bool,
    crm: list[tuple[int, str | None]],
    shop: list[tuple[int, str | None]],
    value: str | None,
    asks: bool,
) -> None:
    rule = FieldRule("note", policy, ("note",), FIRST_CRM if policy != "latest" else (), null_wins)
    ranked = candidates([_source("crm", *crm), _source("shop", *shop)], rule)
    assert ranked[0].values["note"] == value
    assert contradict(rule, ranked) == asks


def test_item_when_a_long_text_was_the_same_and_both_changed_it_then_it_is_asked_about() -> None:
    rule, text = FieldRule("note", "latest", ("note",)), "tea " * 40
    for second, asks in ((text + "and milk", True), (text, False)):
        sources = [_source("crm", (1, text), (2, "coffee")), _source("shop", (1, text), (3, second))]
        assert contradict(rule, candidates(sources, rule)) == asks


def test_trail_when_a_field_is_edited_without_end_then_it_stays_short() -> None:
    one = _source("crm", *((at, f"value {at}") for at in range(1, 100)))
    trail = one.packed["p"]["note"]
    assert len(trail) == register.TRAIL_MAX
    assert trail[:2] == [[1, "value 1", 1], [2, register.GAP, 2]]
    assert trail[-1] == [98, "value 98", 98]
    assert register.encode(register.decode(one.packed)) == one.packed
    # What was left out is taken for equal to nothing.
    other = _source("shop", *((at, f"word {at}") for at in range(1, 101)))
    assert not contradict(
        FieldRule("note", "latest", ("note",)), candidates([one, other], FieldRule("note", "latest", ("note",)))
    )


@pytest.mark.parametrize(
    ("element", "identity"),
    [("vip", ()), ({"namespace": "phone", "value": "+8613800138000"}, ("namespace", "scope", "value"))],
)
def test_element_when_only_its_key_is_left_then_it_is_named(element: object, identity: tuple[str, ...]) -> None:
    assert register.element_of(register.element_key(element, identity), identity) == element
