"""Whoever reads stored canonical values shows them in today's form, also those of kinds that have changed since."""

from __future__ import annotations

import re
from pathlib import Path

STORE = Path(__file__).parents[2] / "hub" / "store"
WHOLE = re.compile(
    r"""
    \b[a-z]+\.data\b (?!\s*(->|\|\|)) [^"]*? \bgolden\s | \bid,[ ]data,[ ]winners\b |   # golden records
    \basserted\b | \bfold\b,? |                                                        # what records say
    \bc\.before\b | \bbefore,[ ]after\b | \bt\.wanted\b | \bsaid\.asserted\b           # the feed, and what was sent
    """,
    re.VERBOSE,
)


def test_module_of_the_store_when_it_reads_stored_values_then_it_brings_them_to_today_s_form() -> None:
    readers = [path for path in sorted(STORE.glob("*.py")) if WHOLE.search(path.read_text())]
    assert len(readers) > 10  # the search finds what it is for
    assert [path.name for path in readers if "upcasts" not in path.read_text()] == []
