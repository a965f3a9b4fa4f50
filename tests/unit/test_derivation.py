"""The order in which derived fields are computed, and what is refused."""

from __future__ import annotations

import types
from pathlib import Path
from typing import Any

import pytest

from hub import registry
from hub.errors import ConfigError
from hub.flow.release import changed_kinds
from hub.flow.rules import load_rules
from hub.model.derivation import Derivation, Derived, ordered
from hub.model.kinds import KINDS
from hub.rules.derive import BUILT_IN
from hub.sdk import hookimpl


def nothing(data: Any, children: Any) -> Derived:
    return Derived()


def plugin(*derivations: Derivation) -> types.ModuleType:
    module = types.ModuleType("bands")
    module.register_derivations = hookimpl(lambda: derivations)  # type: ignore[attr-defined]
    return module


def test_built_in_when_read_then_every_derived_field_of_a_kind_has_one_source() -> None:
    declared = {(kind.name, name) for kind in KINDS.values() for name in kind.derived}
    assert [(each.kind, name) for each in BUILT_IN for name in each.fields if (each.kind, name) not in declared] == []
    # Survivorship itself says until when the refusals of a consent bar.
    assert len(declared - {("consent", "refused_at")}) == sum(len(each.fields) for each in BUILT_IN)


def test_order_when_one_reads_another_then_it_comes_after() -> None:
    found = ordered([Derivation("c", nothing, reads={"b": "x"}), Derivation("b", nothing, reads={"a": "x"})])
    assert [each.kind for each in found] == ["b", "c"]


def test_order_when_in_a_circle_then_refused_with_its_way() -> None:
    circle = [Derivation("a", nothing, reads={"b": "x"}), Derivation("b", nothing, reads={"a": "x"})]
    with pytest.raises(ConfigError, match=r"circle: (a -> b -> a|b -> a -> b)"):
        ordered(circle)


def test_field_when_derived_twice_then_refused() -> None:
    with pytest.raises(ConfigError, match=r"order\.paid is derived twice"):
        ordered([*BUILT_IN, Derivation("order", nothing, ("paid",), owner="bands")])


def test_start_when_a_plugin_closes_a_circle_then_refused() -> None:
    with pytest.raises(ConfigError, match="circle: message -> message"):
        registry.load((), [plugin(Derivation("message", nothing, ("depth",), {"message": "in_reply_to"}))])


@pytest.mark.parametrize(
    "wrong",
    [
        Derivation("customer", nothing, ("band",), {"order": "number"}),
        Derivation("customer", nothing, ("band",), {"order": "store"}),
        Derivation("customer", nothing, ("band",), {"nonesuch": "customer"}),
    ],
)
def test_start_when_what_is_read_is_no_reference_to_it_then_refused(wrong: Derivation) -> None:
    with pytest.raises(ConfigError, match="no reference"):
        registry.load((), [plugin(wrong)])


def test_start_when_a_plugin_derives_from_orders_then_after_the_orders() -> None:
    found = registry.load((), [plugin(Derivation("customer", nothing, ("band",), {"order": "customer"}))])
    places = [(each.kind, each.owner) for each in found.derivations]
    assert places.index(("order", "")) < places.index(("customer", "bands"))
    assert places.index(("customer", "")) < places.index(("customer", "bands"))


def test_release_when_what_is_derived_changes_then_that_kind_is_decided_again() -> None:
    folders = [Path(__file__).parents[2] / "mappings"]
    found = registry.load(())
    before = load_rules(found, folders).manifest
    found.derivations = ordered([*BUILT_IN, Derivation("customer", nothing, ("band",), owner="bands")])
    assert changed_kinds(before, load_rules(found, folders).manifest) == ["customer"]
    assert changed_kinds(before, before) == []
