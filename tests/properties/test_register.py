"""The register is a fold of a set: order, duplicates and batches do not matter."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hub.rules import register
from hub.rules.register import MISSING, SEPARATOR, Fold, Item, element_of, flatten, fold

IDENTITIES = {"tags": ()}
VALUES = st.sampled_from(["ann", "Ann", "bob", None])
TAGS = st.lists(st.sampled_from(["a", "b", "c"]), max_size=3, unique=True)
CONTENT = st.fixed_dictionaries({}, optional={"name": VALUES, "note": VALUES, "tags": TAGS})


def _item(major: int, content: dict[str, Any], *, is_write: bool, weak: bool) -> Item:
    minor = register.WRITE_MINOR if is_write else 0
    flat = flatten(content, IDENTITIES)
    return Item((major, minor, 0, repr(sorted(flat.items(), key=str))), flat, major * 10, weak, is_write)


ITEMS = st.lists(
    st.builds(
        lambda major, content, is_write, weak: _item(major, content, is_write=is_write, weak=weak),
        st.integers(1, 6), CONTENT, st.booleans(), st.booleans(),
    ),
    max_size=8,
)  # fmt: skip


def _extended(items: list[Item]) -> Fold:
    """What T1 does: add at the end where it fits, fold the whole set otherwise."""
    result, seen = Fold({}), []
    for item in items:
        seen.append(item)
        if register.fits_at_end(result, item.order):
            result = register.decode(register.encode(result))
            register.extend(result, item)
        else:
            result = register.fold(seen)
    return result


@given(ITEMS, st.data())
def test_register_is_fold_of_set(items: list[Item], data: st.DataObject) -> None:
    shuffled = data.draw(
        st.permutations(items + data.draw(st.lists(st.sampled_from(items), max_size=4)) if items else [])
    )
    assert register.encode(_extended(list(shuffled))) == register.encode(register.fold(items))


@given(ITEMS)
def test_encoding_returns_the_fold(items: list[Item]) -> None:
    folded = register.fold(items)
    assert register.decode(register.encode(folded)) == folded


@given(ITEMS)
def test_first_item_is_encoded_as_its_fold(items: list[Item]) -> None:
    for item in items:
        if not item.is_write:
            assert register.encode_first(item) == register.encode(register.fold([item]))


@given(ITEMS)
def test_evidence_is_what_the_cells_hold_as_their_own(items: list[Item]) -> None:
    folded = register.fold(items)
    found = register.evidence(register.encode(folded))
    plain = {name for name, cell in folded.cells.items() if cell.own is not register.MISSING and name[:1] != "~"}
    assert found.keys() == {name.partition(register.SEPARATOR)[0] for name in plain}
    for name in plain:
        of_list, separator, _ = name.partition(register.SEPARATOR)
        own = folded.cells[name].own
        assert (own in found[of_list] or own is None) if separator else found[name] == own


def _fold(*items: tuple[int, str, Any]) -> Fold:
    return register.fold(
        _item(major, {"name": value}, is_write=what == "write", weak=what == "weak") for major, what, value in items
    )


def test_echo_of_a_write_when_respelt_is_not_evidence() -> None:
    folded = _fold((1, "see", "bob"), (2, "write", "Ann"), (3, "see", "ANN "))
    assert folded.cells["name"].own == "bob"
    assert folded.held("name") == "ANN "
    assert folded.wrote("name") == "Ann"


def test_second_respelling_after_an_echo_is_evidence() -> None:
    folded = _fold((2, "write", "Ann"), (3, "see", "ANN"), (4, "see", "aNN"))
    assert folded.cells["name"].own == "aNN"


def test_write_alone_gives_belief_and_no_evidence() -> None:
    folded = _fold((2, "write", "Ann"))
    assert folded.own("name") is None
    assert folded.held("name") == "Ann"


def test_since_is_that_of_the_first_of_equal_values() -> None:
    folded = _fold((1, "see", "a"), (2, "see", "b"), (3, "see", "b"))
    assert folded.cells["name"].since == 20


def test_weak_until_a_change_is_seen() -> None:
    assert _fold((1, "weak", "a")).cells["name"].weak
    assert not _fold((1, "weak", "a"), (2, "weak", "b")).cells["name"].weak


def test_list_element_missing_from_a_later_list_is_absent() -> None:
    folded = register.fold([
        _item(1, {"tags": ["a", "b"]}, is_write=False, weak=False),
        _item(2, {"tags": ["b"]}, is_write=False, weak=False),
    ])  # fmt: skip
    assert folded.held("tags") == ["b"]
    assert folded.elements("tags")["a"].own is None


def test_field_never_asserted_is_missing_and_not_null() -> None:
    assert _fold((1, "see", None)).held("name") is MISSING
    folded = _fold((1, "see", "a"), (2, "see", None))
    assert folded.held("name") is None
    assert folded.held("note") is MISSING


def test_field_that_the_hub_wrote_may_be_cleared_there() -> None:
    folded = _fold((1, "write", "a"), (2, "see", None))
    assert folded.cells["name"].own is None


def test_element_when_it_is_a_star_then_it_is_one_of_many() -> None:
    tags = ["*", "**", "", "vip", "a*"]
    flat = flatten({"tags": tags}, {"tags": ()})
    assert [element_of(key.partition(SEPARATOR)[2], ()) for key in flat if flat[key] is not None] == tags
    found = fold([Item((1, 0, 0, ""), flat), Item((2, 0, 0, ""), flatten({"tags": ["*"]}, {"tags": ()}))])
    assert sorted(cell.own for cell in found.cells.values() if cell.own is not None) == ["*"]
