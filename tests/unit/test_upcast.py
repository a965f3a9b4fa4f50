"""Stored values of older declarations in today's form."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hub.errors import ConfigError
from hub.model.kind import Field, Kind, Text
from hub.model.kinds import KINDS
from hub.model.upcast import ELEMENT, NONE, Upcasts
from hub.rules import register
from hub.rules.register import Item

WORD = Text("字", "word")


def _parcel(element: dict[str, Any]) -> dict[str, Any]:
    return {("volume" if name == "size" else name): value for name, value in element.items()}


PARCEL = (Field("id", "text", WORD), Field("volume", "text", WORD))
LOCKER = Kind(
    "locker", "lockers", "lck", WORD, WORD,
    (Field("compartment", "text", WORD), Field("code", "text", WORD),
     Field("parcels", "list", WORD, of="object", fields=PARCEL, identity=("id",))),
    renamed={"door": "compartment", "packages": "parcels"},
    upcast={"parcels": _parcel},
)  # fmt: skip
UPCASTS = Upcasts({"locker": LOCKER, **KINDS})


def test_separator_when_compared_then_that_of_the_register() -> None:
    assert ELEMENT == register.SEPARATOR


def test_built_in_kinds_when_none_has_changed_then_nothing_is_done() -> None:
    data = {"door": "3"}
    assert not NONE
    assert not Upcasts(KINDS)
    assert NONE.data("locker", data) is data
    assert UPCASTS.data("customer", data) is data
    assert UPCASTS.fold("customer", data) is data


def test_data_when_of_an_older_declaration_then_renamed_and_twice_is_as_once() -> None:
    once = UPCASTS.data("locker", {"door": "3", "code": "x", "gone": None})
    assert once == {"compartment": "3", "code": "x", "gone": None}
    assert UPCASTS.data("locker", once) == once


def test_data_when_it_has_both_names_then_today_s_counts() -> None:
    assert UPCASTS.data("locker", {"door": "3", "compartment": "4"}) == {"compartment": "4"}
    assert UPCASTS.data("locker", {"compartment": "4", "door": "3"}) == {"compartment": "4"}


def test_flat_when_of_list_elements_then_each_is_brought_to_today_s_form() -> None:
    old = {f"packages{ELEMENT}*": ["b"], f"packages{ELEMENT}a": {"id": "a", "size": "L"}, f"packages{ELEMENT}b": None}
    assert UPCASTS.flat("locker", old) == {
        f"parcels{ELEMENT}*": ["b"], f"parcels{ELEMENT}a": {"id": "a", "volume": "L"}, f"parcels{ELEMENT}b": None,
    }  # fmt: skip


def test_fold_when_of_an_older_declaration_then_as_if_it_had_been_folded_today() -> None:
    old, new = (
        {"list": "packages", "size": "size", "door": "door"},
        {"list": "parcels", "size": "volume", "door": "compartment"},
    )

    def folded(names: dict[str, str]) -> dict[str, Any]:
        element = f"{names['list']}{ELEMENT}a"
        lines = [
            Item((1, 0, 0, "a"), {names["door"]: "3", "code": "x", element: {"id": "a", names["size"]: "L"}}, 1, weak=True),
            Item((2, -1, 0, "b"), {names["door"]: "4", element: {"id": "a", names["size"]: "M"}}, is_write=True),
            Item((3, 0, 0, "c"), {names["door"]: "5"}, 3),
            Item((4, 0, 0, "d"), {names["door"]: "6" * 99}, 4),
            Item((5, 0, 0, "e"), {names["door"]: "7"}, 5),
        ]  # fmt: skip
        return register.encode(register.fold(lines))

    assert UPCASTS.fold("locker", folded(old)) == folded(new)
    assert UPCASTS.fold("locker", folded(new)) == folded(new)
    assert UPCASTS.fold("locker", {}) == {}


def test_names_when_asked_for_then_those_of_before_too() -> None:
    assert UPCASTS.formerly(["compartment", "code"]) == ["code", "compartment", "door"]
    assert UPCASTS.name("locker", "door") == "compartment"
    assert UPCASTS.value("locker", "parcels", {"size": "L"}) == {"volume": "L"}


def test_data_when_a_list_stands_whole_then_each_element_is_brought_to_today_s_form() -> None:
    assert UPCASTS.data("locker", {"packages": [{"id": "a", "size": "L"}, {"id": "b"}]}) == {
        "parcels": [{"id": "a", "volume": "L"}, {"id": "b"}]
    }


def test_change_when_of_an_older_declaration_then_fields_and_values_are_renamed_and_none_named_twice() -> None:
    assert UPCASTS.change("locker", ["door", "compartment", "code"], None, {"door": "3"}) == (
        ["compartment", "code"], None, {"compartment": "3"},
    )  # fmt: skip
    assert UPCASTS.change("customer", ["door"], {"door": "3"}, None) == (["door"], {"door": "3"}, None)


def test_ruling_when_of_an_older_declaration_then_only_a_pin_s_value_is_one_of_the_field() -> None:
    assert UPCASTS.ruling("locker", "pin", "packages", [{"size": "L"}]) == ("parcels", [{"volume": "L"}])
    assert UPCASTS.ruling("locker", "choice", "packages", {"size": "L"}) == ("parcels", {"size": "L"})
    assert UPCASTS.ruling("locker", "must", None, None) == (None, None)
    assert UPCASTS.ruling("customer", "pin", "door", "3") == ("door", "3")


def test_item_when_about_a_field_of_an_older_declaration_then_names_it_as_today() -> None:
    assert UPCASTS.about("locker", {"field": "door", "n": 1}) == {"field": "compartment", "n": 1}
    assert UPCASTS.about("locker", {"code": "door"}) == {"code": "door"}
    assert UPCASTS.about(None, {"field": "door"}) == {"field": "door"}
    assert UPCASTS.names_of("locker", "compartment") == ["compartment", "door"]


@pytest.mark.parametrize(
    "wrong", [{"renamed": {"door": "nonesuch"}}, {"renamed": {"code": "compartment"}}, {"upcast": {"door": str}}]
)
def test_declaration_when_its_former_names_contradict_it_then_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="locker"):
        replace(LOCKER, **wrong)
