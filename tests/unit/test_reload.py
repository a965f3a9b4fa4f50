"""Whether a release that is put in force needs the processes that run to be started again."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from hub.cli.reload import _is_installed

FILE = "matching/customer.yaml"


@pytest.mark.parametrize(
    ("differs", "before", "now", "wanted"),
    [
        ({"mappings": ["till/a.yaml"]}, {}, {"till/a.yaml": "x"}, False),
        ({"mappings": ["till/a.yaml"]}, {}, {}, True),
        ({"transforms": ["upper"]}, {}, {}, True),
        ({"policies": ["customer"]}, {}, {}, False),
        ({"matching": ["customer"]}, {}, {FILE: "x"}, False),
        ({"matching": ["customer"]}, {FILE: "x"}, {}, False),
        ({"matching": ["customer"]}, {FILE: "x"}, {FILE: "x"}, True),
        ({"matching": ["customer"]}, {}, {}, True),
    ],
)
def test_release_when_parts_differ_then_code_or_the_sites_files_did(
    differs: Mapping[str, list[str]], before: Mapping[str, str], now: Mapping[str, str], wanted: bool
) -> None:
    assert _is_installed(differs, before, now) is wanted
