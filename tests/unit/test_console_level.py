"""Every comparison and level that a model may have is told in words."""

from __future__ import annotations

from hub.console import level
from hub.rules.identity.spec import COMPARISONS, IDENTITY, levels_of


def test_comparisons_and_levels_have_words() -> None:
    every = {one for name in [*COMPARISONS, f"{IDENTITY}wechat_unionid"] for one in levels_of(name)}
    assert sorted((COMPARISONS.keys() - level._COMPARISONS.keys()) | (every - level._LEVELS.keys())) == []
