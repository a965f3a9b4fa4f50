"""What counts as a change of shape, and what does not."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.model.kinds import KINDS
from hub.rules.drift import GONE, NEW, TYPE, VALUE, Cause, Recogniser, Ruling, Shape, is_mapped, reads_of, suggest
from hub.rules.drift.shape import GONE_AFTER, LEARNT_FROM
from hub.rules.drift.skeleton import joined, split
from hub.rules.mapping import load_mappings

EVENT = uuid.UUID(int=1).hex
ORDER: dict[str, Any] = {
    "id": 1,
    "note": "x",
    "state": "paid",
    "customer": {"id": 1},
    "lines": [{"sku": "A1"}],
    "tags": ["a"],
}


def _recogniser(shape: Shape, rulings: dict[Cause, Ruling] | None = None, **more: Any) -> Recogniser:
    return Recogniser(shape, rulings or {}, lambda text: f"#{text}", more.pop("fixed", {}), **more)


def _learnt(*payloads: dict[str, Any], times: int = LEARNT_FROM) -> Shape:
    shape = Shape()
    watcher = _recogniser(shape)
    for n in range(times):
        watcher.look(payloads[n % len(payloads)], EVENT)
    shape.learn(watcher.delta.learnt)
    return Shape.of(shape.as_dict())


def _causes(shape: Shape, *payloads: Any, **more: Any) -> set[Cause]:
    watcher = _recogniser(shape, **more)
    for payload in payloads:
        watcher.look(payload, EVENT)
    hits = {cause for cause, track in watcher.delta.tracks.items() if cause[0] == GONE and track.quiet}
    return set(watcher.delta.seen) | hits


def test_shape_when_learnt_then_the_same_is_no_change() -> None:
    shape = _learnt(ORDER)
    assert shape.is_learnt
    watcher = _recogniser(shape)
    watcher.look(ORDER, EVENT)
    assert watcher.delta.is_empty


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"gift": True}, {(NEW, "gift")}),
        ({"note": 5}, {(TYPE, "note")}),
        ({"note": None}, set()),
        ({"note": {"text": "x"}}, {(TYPE, "note")}),
        ({"state": "on_hold"}, {(VALUE, "state")}),
        ({"state": "Zhang Wei"}, {(VALUE, "state")}),
        ({"customer": {"id": 1, "vip": 1}}, {(NEW, "customer.vip")}),
        ({"customer": {"id": "1"}}, {(TYPE, "customer.id")}),
        ({"customer": {}}, {(GONE, "customer.id")}),
        ({"lines": [{"sku": "A1"}, {"sku": "B1", "lot": 1}]}, {(NEW, "lines[].lot")}),
        ({"lines": []}, set()),
        ({"tags": [1]}, {(TYPE, "tags[]")}),
        ({"id": 1.5}, set()),
    ],
)
def test_change_when_shape_is_learnt_then_it_is_named_by_path(changes: dict[str, Any], expected: set[Cause]) -> None:
    assert _causes(_learnt(ORDER), {**ORDER, **changes}) == expected


def test_key_when_it_vanishes_then_objects_without_it_are_counted_in_a_row() -> None:
    shape = _learnt(ORDER)
    without = {key: value for key, value in ORDER.items() if key != "note"}
    watcher = _recogniser(shape)
    for payload in (ORDER, without, without, ORDER, without):
        watcher.look(payload, EVENT)
    track = watcher.delta.tracks[GONE, "note"]
    assert (track.quiet, track.hit) == (1, True)


def test_optional_key_when_it_is_absent_then_nothing_is_gone() -> None:
    shape = _learnt(ORDER, {key: value for key, value in ORDER.items() if key != "note"})
    assert _causes(shape, {"id": 1}) == {(GONE, key) for key in ("state", "customer", "lines", "tags")}


def test_place_when_rarely_filled_then_it_is_learnt_by_itself() -> None:
    shape = _learnt(ORDER)
    refund = {**ORDER, "customer": {"id": 1}, "lines": [{"sku": "A1"}]}
    assert _causes(shape, {**refund, "refunds": [{"id": 1}]}) == {(NEW, "refunds")}
    empty = _learnt({**ORDER, "refunds": []})
    assert _causes(empty, {**refund, "refunds": [{"id": 1, "note": None}]}) == set()


def test_null_when_its_first_value_comes_then_the_type_is_learnt() -> None:
    shape = _learnt({"id": 1, "closed_at": None})
    watcher = _recogniser(shape)
    watcher.look({"id": 1, "closed_at": "2026-11-01"}, EVENT)
    assert watcher.delta.widened == {"closed_at": 8}
    shape.widen("closed_at", 8)
    assert _causes(shape, {"id": 1, "closed_at": 5}) == {(TYPE, "closed_at")}


def test_keys_when_they_are_data_then_they_are_one_key_and_stand_in_no_path() -> None:
    shape = _learnt({"id": 1, "by_phone": {"13800001111": 1}})
    assert "*" in shape.places["by_phone"].keys
    assert _causes(shape, {"id": 1, "by_phone": {"13900002222": 1, "wei@example.com": 2}}) == set()


def test_texts_when_they_are_data_then_a_new_one_is_no_change() -> None:
    names = [{"id": n, "sku": f"SKU-{n % 9}", "name": "Wei", "country": "CN"} for n in range(LEARNT_FROM)]
    shape = _learnt(*names)
    assert _causes(shape, {"id": 1, "sku": "SKU-99", "name": "Ming", "country": "US"}) == set()


def test_words_when_the_mapping_knows_them_then_they_are_no_change() -> None:
    shape = _learnt(ORDER)
    assert _causes(shape, {**ORDER, "state": "refunded"}, fixed={"state": ["refunded"]}) == set()
    assert _causes(shape, {**ORDER, "state": "refunded"}, plain={"state"}) == set()


def test_change_when_it_was_accepted_then_only_what_goes_further_is_one() -> None:
    shape = _learnt(ORDER)
    ruled = {
        (NEW, "gift"): Ruling("accepted"), (TYPE, "note"): Ruling("accepted", mask=4),
        (VALUE, "state"): Ruling("accepted", words=frozenset(["#on_hold"])),
    }  # fmt: skip
    changed = {**ORDER, "gift": 1, "note": 5, "state": "on_hold"}
    assert _causes(shape, changed, rulings=ruled) == set()
    assert _causes(shape, {**changed, "note": True, "state": "lost"}, rulings=ruled) == {
        (TYPE, "note"),
        (VALUE, "state"),
    }


def test_rare_keys_when_new_ones_keep_coming_then_learning_goes_on() -> None:
    shape = _learnt(*[{"id": 1, f"k{'abcdefghij'[n % 10]}{'abcdefghij'[n // 10]}": 1} for n in range(LEARNT_FROM)])
    assert not shape.is_learnt


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["paid", "open", "Wei"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.sampled_from("abcd"), JSON, max_size=4)


@given(st.lists(OBJECTS, min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_shape_when_learnt_from_payloads_then_none_of_them_is_new_or_retyped(payloads: list[dict[str, Any]]) -> None:
    shape = _learnt(*payloads, times=LEARNT_FROM * len(payloads))
    assert {cause for cause in _causes(shape, *payloads) if cause[0] != GONE} == set()


@given(st.lists(OBJECTS, min_size=2, max_size=6), st.randoms())
@settings(max_examples=60, deadline=None)
def test_shape_when_learnt_in_parts_and_any_order_then_it_is_the_same(payloads: list[dict[str, Any]], rng: Any) -> None:
    def learn(parts: list[list[dict[str, Any]]]) -> dict[str, Any]:
        shape = Shape()
        for part in parts:
            watcher = _recogniser(Shape())
            for payload in part:
                watcher.look(payload, EVENT)
            shape.learn(watcher.delta.learnt)
        return {
            path: (place.count, {key: (entry.count, entry.mask, entry.words) for key, entry in place.keys.items()})
            for path, place in shape.places.items()
        }

    shuffled = rng.sample(payloads, len(payloads))
    assert learn([payloads]) == learn([[one] for one in shuffled])


@given(st.text(max_size=8), st.text(min_size=1, max_size=8).filter(lambda key: '"' not in key))
def test_path_when_split_then_place_and_key_come_back(place: str, key: str) -> None:
    place = place.replace(".", "").replace('"', "").replace("[", "")
    if not key.endswith("]") or "." in key or "[" in key.removesuffix("[]"):
        assert split(joined(place, key)) == (place, key)


def test_gone_after_is_more_than_a_batch_of_odd_ones() -> None:
    assert GONE_AFTER < LEARNT_FROM


def test_reads_when_mapping_nests_then_paths_are_those_of_the_payload(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "orders.yaml").write_text(
        "kind: order\nfrom: shop/orders\nroot: body\nid: id\nin:\n  number: name\n  customer: {ref: customers, path: customer.id}\n"
        "  state: {path: status, lookup: {placed: open, done: completed}}\n"
        "  lines:\n    each: items\n    line_id: id\n    sku: [code, ^default.code]\n    title: {const: x}\n    quantity: {const: '1'}\n"
    )
    mappings = load_mappings([tmp_path], KINDS, {})
    mapping = mappings.inbound("shop", "orders")
    assert mapping is not None
    reads = reads_of(mapping.spec)
    found = {one.path: one.field for one in reads if one.field}
    assert found == {
        "body.name": "number", "body.customer.id": "customer", "body.status": "state", "body.items[]": "lines",
        "body.items[].id": "lines.line_id", "body.items[].code": "lines.sku", "body.default.code": "lines.sku",
    }  # fmt: skip
    order = KINDS["order"]
    value = suggest(VALUE, "body.status", 8, reads, order, values=["complete"], root="body")
    assert value.line == "  state: {path: status, lookup: {'complete': completed}}"
    gone = suggest(GONE, "body.name", 8, reads, order, others=[("body.title", 8), ("body.order_name", 8)], root="body")
    assert gone.line == "  number: {path: [name, order_name]}"
    assert suggest(NEW, "body.buyer-note", 8, reads, order, root="body").line == "  buyer_note: {path: buyer-note}"
    assert "to: TRANSFORM" in suggest(TYPE, "body.items[].code", 4, reads, order, root="body").line
    assert suggest(NEW, "body.zzz", 8, reads, order, root="body").line == "  FIELD: {path: zzz}\nignore: [zzz]"
    assert suggest(NEW, "body.items[].zzz", 8, reads, order, root="body").line == "  FIELD: {path: zzz}"
    assert suggest(NEW, "zzz", 8, reads, order).line == "  FIELD: {path: zzz}\nignore: [zzz]"


@pytest.mark.parametrize(
    ("cause", "words", "expected"),
    [
        ((NEW, "body.name"), [], True),
        ((NEW, "body.extra"), [], True),
        ((NEW, "body.items[].extra"), [], False),
        ((NEW, "body.items[]"), [], True),
        ((NEW, "body.customer"), [], True),
        ((NEW, "body.nam"), [], False),
        ((VALUE, "body.status"), ["#placed", "#done"], True),
        ((VALUE, "body.status"), ["#placed", "#lost"], False),
        ((VALUE, "body.status"), [], False),
        ((GONE, "body.items[].code"), [], True),
        ((GONE, "body.name"), [], False),
        ((TYPE, "body.name"), [], False),
    ],
)
def test_change_when_the_mapping_reads_it_then_it_is_mapped(
    tmp_path: Path, cause: Cause, words: list[str], expected: bool
) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "orders.yaml").write_text(
        "kind: order\nfrom: shop/orders\nroot: body\nid: id\nignore: [extra]\nin:\n  number: name\n"
        "  customer: {ref: customers, path: customer.id}\n  state: {path: status, lookup: {placed: open, done: completed}}\n"
        "  lines:\n    each: items\n    line_id: id\n    sku: [code, article]\n"
        "    title: {const: x}\n    quantity: {const: '1'}\n"
    )
    mapping = load_mappings([tmp_path], KINDS, {}).inbound("shop", "orders")
    assert mapping is not None
    beside = {"body.items[].article", "body.title"}
    assert is_mapped(mapping.spec, cause, words, beside, lambda text: f"#{text}") is expected
