"""How alike two addresses are, as one level for Chinese ones: whether they are one home, one building, one street."""

from __future__ import annotations

from collections.abc import Sequence

from hub.rules.identity.address_form import BLOCK, CITY, NUMBER, ROOM, STREET, Form

LEVELS = ("home", "building", "street", "different")
_RANK = {level: rank for rank, level in enumerate(LEVELS)}


def compare(a: Sequence[Form], b: Sequence[Form]) -> str:
    """The best level of any two addresses."""
    if len(a) == len(b) == 1:
        return _level(a[0], b[0])
    return min((_level(one, other) for one in a for other in b), key=_RANK.__getitem__)


def _level(a: Form, b: Form) -> str:
    if a[STREET] != b[STREET] or _contradict(a[CITY], b[CITY]):
        return "different"
    if not a[STREET] or a[NUMBER] != b[NUMBER]:
        return "street" if a[STREET] else "different"
    if _contradict(a[BLOCK], b[BLOCK]):
        return "building"
    if not a[ROOM] or not b[ROOM]:
        return "building"
    return "home" if a[ROOM] == b[ROOM] else "building"


def _contradict(a: str, b: str) -> bool:
    return bool(a and b and a != b)
