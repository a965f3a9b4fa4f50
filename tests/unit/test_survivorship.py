"""Which of the values that lost a person should look at."""

from __future__ import annotations

import uuid

import pytest

from hub.rules import register
from hub.rules.register import Item
from hub.rules.survivorship import FieldRule, Source, candidates, contradict, resolve

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


@pytest.mark.parametrize(
    ("policy", "said", "value", "asks"),
    [
        # Somebody's newer word did not count.
        ("most_frequent", {"crm": [(1, "tea")], "shop": [(2, "tea")], "till": [(3, "water")]}, "tea", True),
        # The newer one is one more vote, spelt otherwise.
        ("most_frequent", {"crm": [(1, "tea")], "shop": [(2, "TEA")], "till": [(1, "water")]}, "TEA", False),
        ("most_frequent", {"crm": [(1, "tea")], "shop": [(3, "water")], "till": [(2, "tea")]}, "tea", True),
        ("most_frequent", {"crm": [(3, "tea")], "shop": [(1, "water")], "till": [(2, "tea")]}, "tea", False),
        # Nobody has more votes: the newest wins, as ever; at one time nobody can say.
        ("most_frequent", {"crm": [(1, "tea")], "shop": [(2, "water")]}, "water", False),
        ("most_frequent", {"crm": [(2, "tea")], "shop": [(2, "water")]}, "tea", True),
        ("most_frequent", {"crm": [(1, "tea")], "shop": [(1, "tea"), (2, None)]}, "tea", False),
        ("most_complete", {"crm": [(1, "tea")], "shop": [(1, "tea"), (2, None)]}, "tea", False),
        # What the crm says is checked.
        ("verified", {"crm": [(1, "tea")], "shop": [(2, "water")]}, "tea", True),
        ("verified", {"crm": [(1, "tea")], "shop": [(2, "Tea.")]}, "Tea.", False),
        ("verified", {"crm": [(2, "tea")], "shop": [(1, "water")]}, "tea", False),
        ("verified", {"crm": [(1, "tea")], "shop": [(1, "tea"), (2, None)]}, "tea", False),
    ],
)
def test_item_when_a_policy_prefers_something_else_to_age_then_only_where_something_is_lost(
    policy: str, said: dict[str, list[tuple[int, str | None]]], value: str, asks: bool
) -> None:
    rule = FieldRule("note", policy, ("note",), ("crm",) if policy == "verified" else (), null_wins=False)
    ranked = candidates([_source(name, *line) for name, line in said.items()], rule)
    assert ranked[0].values["note"] == value
    assert contradict(rule, ranked) == asks


@pytest.mark.parametrize(
    ("crm", "shop", "wins", "asks"),
    [
        ({"street": "1", "city": "a"}, {"street": "1"}, "crm", False),
        ({"street": "1", "city": "a"}, {"street": "2"}, "crm", True),
        ({"street": "1", "city": None}, {"street": "1", "city": "a"}, "shop", False),
        ({"street": None, "city": None}, {"street": "2"}, "shop", False),
        ([{"sku": "a"}, {"sku": "b"}], [{"sku": "B"}], "crm", False),
        ([{"sku": "a"}, {"sku": "b"}], [{"sku": "c"}], "crm", True),
        ([], ["x"], "shop", False),
    ],
)
def test_most_complete_when_of_objects_and_lists_then_their_parts_count(
    crm: object, shop: object, wins: str, asks: bool
) -> None:
    rule = FieldRule("note", "most_complete", ("note",), null_wins=False)
    ranked = candidates([_source("crm", (1, crm)), _source("shop", (2, shop))], rule)  # type: ignore[arg-type]
    assert (ranked[0].source.connection, contradict(rule, ranked)) == (wins, asks)


def test_object_when_all_in_it_is_null_then_it_yields_as_null_does() -> None:
    rule = FieldRule("note", "priority", ("note",), FIRST_CRM, null_wins=False)
    empty, full = {"month": None, "day": None}, {"month": 5, "day": 1}
    ranked = candidates([_source("crm", (1, full), (3, empty)), _source("shop", (2, full))], rule)  # type: ignore[arg-type]
    assert ranked[0].values["note"] == full


def test_tuple_when_edited_in_part_then_completed_by_whoever_still_says_what_was_told() -> None:
    rule = FieldRule("name", "latest", ("full_name", "given_name"))

    def source(name: str, *items: Item) -> Source:
        packed = register.encode(register.fold(items))
        return Source(uuid.uuid5(uuid.NAMESPACE_DNS, name), name, 100, "1", packed)

    crm = source("crm", Item((1, 0, 0, ""), {"full_name": "Li Lei", "given_name": "Lei"}, 1))
    told = Item((2, register.WRITE_MINOR, 0, ""), {"full_name": "Li Lei", "given_name": "Lei"}, is_write=True)
    shop = source("shop", told, Item((3, 0, 0, ""), {"full_name": "Li Leilei"}, 3))
    till = source("till", Item((4, 0, 0, ""), {"full_name": "Lee"}, 4))
    assert resolve([crm, shop], [rule], {}).data == {"full_name": "Li Leilei", "given_name": "Lei"}
    assert resolve([shop], [rule], {}).data == {"full_name": "Li Leilei"}  # the hub's own word is nobody's evidence
    assert resolve([crm, shop, till], [rule], {}).data == {"full_name": "Lee"}  # it was told nothing


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
