"""Whatever stands in a mapping file: it is understood, or every fault has its file and line. Nothing else ever happens."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.shopify.transforms import TRANSFORMS as SHOPIFY
from connectors.zoho.transforms import TRANSFORMS as ZOHO
from hub.model.kinds import KINDS
from hub.rules.mapping import check_mappings
from hub.rules.mapping.beside import EACH_WORDS, VALUE_WORDS
from hub.rules.mapping.records import ALSO_WORDS, FILE_WORDS

WORDS = st.sampled_from(
    [*sorted(VALUE_WORDS | EACH_WORDS | ALSO_WORDS | FILE_WORDS), "equals", "in", "given", "a", "b.c", "lines", "number",
     "totals.total", "identities", "state", "customer", "namespace"]
)  # fmt: skip
ATOMS: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 5, 1.5, "", "a", "a.b", "^x", "^^^a", "@topic", "@x", "[", "canonical", "money", {"money": "CNY"},
     {"money": {"currency": {"path": "("}}}, {"cut": {}}, "*", "order", "2026"]
)  # fmt: skip
ANYTHING = st.recursive(
    ATOMS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=4)),
    max_leaves=12,
)
FIELDS = st.sampled_from(["number", "lines", "identities", "state", "totals.total", "customer", "addresses", "tags"])
FILES = st.fixed_dictionaries(
    {"kind": st.sampled_from(["order", "customer", "payment"]), "from": st.just("sys/things"), "id": st.sampled_from(["id", ["a", "b"], 5])},
    optional={
        "in": st.one_of(st.dictionaries(FIELDS, ANYTHING, max_size=3), ANYTHING),
        "out": st.one_of(st.dictionaries(st.sampled_from("abc"), ANYTHING, max_size=3), ANYTHING),
        "also": ANYTHING, "when": ANYTHING, "version": ANYTHING, "partial": ANYTHING, "holds": ANYTHING, "deletes": ANYTHING,
        "root": ANYTHING, "superseded_by": ANYTHING, "nulls": ANYTHING, "ignore": ANYTHING,
    },
)  # fmt: skip
FAULT = re.compile(r"x\.yaml:\d+: .+")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("any")


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(document=FILES)
def test_file_when_it_holds_anything_then_understood_or_every_fault_has_its_place(
    folder: Path, document: dict[str, Any]
) -> None:
    (folder / "x.yaml").write_text(json.dumps(document), encoding="utf-8")
    for fault in check_mappings([folder], KINDS, {}):
        assert FAULT.fullmatch(fault, 0), fault


SHIPPED = [
    path for path in sorted((Path(__file__).parents[2] / "mappings").rglob("*.yaml")) if path.parent.name != "policies"
]
WRECKS = [
    "",
    "  ",
    "\t",
    "- ",
    "{",
    "}",
    "[",
    "]",
    ":",
    ": ",
    "'",
    '"',
    "*",
    "&a ",
    "!!x ",
    "|",
    "# ",
    "---\n",
    "path",
    "each",
    "null",
    "5",
]


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    path=st.sampled_from(SHIPPED),
    wrecks=st.lists(st.tuples(st.integers(0, 5000), st.sampled_from(WRECKS)), min_size=1, max_size=3),
)
def test_shipped_file_when_damaged_then_understood_or_every_fault_has_its_place(
    folder: Path, path: Path, wrecks: list[tuple[int, str]]
) -> None:
    text = path.read_text(encoding="utf-8")
    for at, wreck in wrecks:
        place = at % len(text)
        text = text[:place] + wreck + text[place + (at % 3) :]
    (folder / "x.yaml").write_text(text, encoding="utf-8")
    for fault in check_mappings([folder], KINDS, {**SHOPIFY, **ZOHO}):
        assert FAULT.match(fault, 0), fault
        assert "Entry(" not in fault
