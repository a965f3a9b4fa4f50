"""What a target should hold, and what of it is missing there."""

from __future__ import annotations

from typing import Any

from hub.rules.projection import cleared, difference, flips, localise, references, wanted
from hub.rules.register import Fold, Item, flatten, fold

IDENTITIES = {"tags": (), "identities": ("namespace", "scope", "value")}


def peer(*steps: tuple[str, dict[str, Any]]) -> Fold:
    """A peer's fold after steps of ("says" | "told", values), one version each."""
    return fold(
        Item((place, -1 if what == "told" else 0, 0, ""), flatten(values, IDENTITIES), is_write=what == "told")
        for place, (what, values) in enumerate(steps)
    )


def missing(projection: dict[str, Any], held: Fold) -> dict[str, Any]:
    return difference(projection, held, IDENTITIES)


def test_wanted_when_golden_has_no_value_then_field_is_not_asserted() -> None:
    assert wanted({"full_name": "Ann"}, ["full_name", "note"], peer()) == {"full_name": "Ann"}


def test_wanted_when_value_is_gone_and_peer_holds_what_hub_wrote_then_withdrawn() -> None:
    held = peer(("told", {"note": "VIP"}))
    assert wanted({}, ["note"], held) == {"note": None}


def test_wanted_when_value_is_gone_and_peer_holds_its_own_then_left_alone() -> None:
    assert wanted({}, ["note"], peer(("says", {"note": "mine"}))) == {}
    assert wanted({}, ["note"], peer(("told", {"note": "VIP"}), ("says", {"note": "mine"}))) == {}


def test_difference_when_nothing_is_known_then_all_but_empty_fields() -> None:
    assert missing({"full_name": "Ann", "note": None, "tags": []}, peer()) == {"full_name": "Ann"}


def test_difference_when_peer_says_the_same_then_nothing() -> None:
    assert missing({"full_name": "Ann"}, peer(("says", {"full_name": "Ann"}))) == {}


def test_difference_when_peer_respelt_what_hub_wrote_then_nothing() -> None:
    held = peer(("told", {"full_name": "Ann Lee"}), ("says", {"full_name": "ANN  LEE"}))
    assert missing({"full_name": "Ann Lee"}, held) == {}


def test_difference_when_peer_spells_otherwise_and_hub_never_wrote_then_due() -> None:
    assert missing({"full_name": "Ann Lee"}, peer(("says", {"full_name": "ANN LEE"}))) == {"full_name": "Ann Lee"}


def test_difference_when_peer_edited_after_write_then_due() -> None:
    held = peer(("told", {"full_name": "Ann"}), ("says", {"full_name": "Bob"}))
    assert missing({"full_name": "Ann"}, held) == {"full_name": "Ann"}


def test_difference_when_value_was_cleared_then_null_is_due_once() -> None:
    held = peer(("says", {"note": "x"}))
    assert missing({"note": None}, held) == {"note": None}
    assert missing({"note": None}, peer(("says", {"note": "x"}), ("told", {"note": None}))) == {}


def test_difference_when_list_differs_only_in_order_then_nothing() -> None:
    assert missing({"tags": ["b", "a"]}, peer(("says", {"tags": ["a", "b"]}))) == {}


def test_difference_when_element_is_missing_or_surplus_then_whole_list_is_due() -> None:
    held = peer(("says", {"tags": ["a", "b"]}))
    assert missing({"tags": ["a"]}, held) == {"tags": ["a"]}
    assert missing({"tags": ["a", "b", "c"]}, held) == {"tags": ["a", "b", "c"]}


def test_difference_when_one_element_is_respelt_after_write_then_nothing() -> None:
    phone = {"namespace": "phone", "scope": None, "value": "+8613900000001", "role": "personal"}
    held = peer(("told", {"identities": [phone]}), ("says", {"identities": [{**phone, "role": "Personal"}]}))
    assert missing({"identities": [phone]}, held) == {}


def test_cleared_when_field_is_taken_away_then_named_and_new_fields_are_not() -> None:
    held = peer(("says", {"note": "x", "tags": ["a"]}))
    differing = missing({"note": None, "tags": [], "full_name": "Ann"}, held)
    assert sorted(cleared(differing, held)) == ["note", "tags"]


def test_localise_when_reference_is_known_then_named_as_the_peer_names_it() -> None:
    shop = {"connection": "shop", "object_type": "customers", "external_id": "7"}
    crm = {"connection": "crm", "object_type": "contacts", "external_id": "c9"}
    data = {"customer": shop, "lines": [{"product": {**shop, "external_id": "8"}}]}
    assert references(data) == [shop, {**shop, "external_id": "8"}]
    local = localise(data, lambda key: crm if key["external_id"] == "7" else None)
    assert local == {"customer": crm, "lines": [{"product": {**shop, "external_id": "8"}}]}


def test_flips_when_a_value_returns_then_counted() -> None:
    assert flips(["a", "b", "c"]) == 0
    assert flips(["a", "b", "a", "b", "b"]) == 2
