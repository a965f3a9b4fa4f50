"""What links records: certain keys now; the scored tier adds its edges to the same `Links`.

A unionid, a member number, a payment's reference link by themselves. A verified phone or e-mail
links only where the names do not conflict, since phones are shared by households and recycled.
"""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Callable, Iterable, Mapping
from itertools import combinations
from typing import Any

from hub.rules.clustering import CERTAIN, Edge, Links

Rid = uuid.UUID
GUARDS: Mapping[str, tuple[str, ...]] = {"customer": ("full_name", "birthday")}
"""Fields whose conflict keeps two records of a kind apart."""

GUARDED_KEY = CERTAIN // 2
_HONORIFIC = re.compile(r"(先生|女士|小姐|太太|老师|同学|\b(mr|mrs|ms|miss|dr)\b\.?)", re.IGNORECASE)
_ACCOUNT_KEYS = frozenset({"wechat_unionid", "alipay_user"})


def links(
    keys: Iterable[tuple[bytes, Rid, str, bool]],
    must: Iterable[tuple[Rid, Rid, Rid | None]],
    cannot: Iterable[tuple[Rid, Rid]],
    edges: Iterable[tuple[Rid, Rid, int]],
    names: Mapping[Rid, tuple[str, ...]],
    data: Mapping[Rid, Mapping[str, Any]],
) -> Links:
    """Everything that decides the partition of the records in `names`.

    Decided links first, in the order of their decision ids; then links to records the hub created,
    by source key.
    """
    decided = sorted((d for d in must if d[2] is not None), key=lambda d: str(d[2]))
    created = sorted((d for d in must if d[2] is None), key=lambda d: (names.get(d[0], ()), names.get(d[1], ())))
    found = {(min(a, b), max(a, b)): weight for a, b, weight in edges}
    for (a, b), weight in _key_edges(keys, data).items():
        found[a, b] = max(weight, found.get((a, b), 0))
    return Links(
        [(a, b) for a, b, _ in [*decided, *created]],
        {frozenset(pair) for pair in cannot},
        [Edge(a, b, weight) for (a, b), weight in found.items()],
    )


def _key_edges(
    keys: Iterable[tuple[bytes, Rid, str, bool]], data: Mapping[Rid, Mapping[str, Any]]
) -> dict[tuple[Rid, Rid], int]:
    carriers: dict[bytes, list[tuple[Rid, bool]]] = {}
    for digest, rid, _, guarded in keys:
        carriers.setdefault(digest, []).append((rid, guarded))
    found: dict[tuple[Rid, Rid], int] = {}
    for sharing in carriers.values():
        for (a, a_guarded), (b, b_guarded) in combinations(sorted(set(sharing)), 2):
            guarded = a_guarded or b_guarded
            if guarded and conflict(data.get(a, {}), data.get(b, {})):
                continue
            found[a, b] = max(found.get((a, b), 0), GUARDED_KEY if guarded else CERTAIN)
    return found


def guard(data: Mapping[Rid, Mapping[str, Any]]) -> Callable[[Rid, Rid], bool]:
    """The guard of `clustering.partition` over these records' own evidence."""

    def apart(a: Rid, b: Rid) -> bool:
        return conflict(data.get(a, {}), data.get(b, {}))

    return apart


def conflict(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    """Whether two customers cannot be one by what they say: names, birthdays or accounts contradict."""
    return (
        names_conflict(a.get("full_name"), b.get("full_name")) or _birthdays_conflict(a, b) or _accounts_conflict(a, b)
    )


def _birthdays_conflict(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    left, right = a.get("birthday"), b.get("birthday")
    if not left or not right or left.get("calendar") != right.get("calendar"):
        return False
    parts = ("year", "month", "day")
    return any(left.get(p) and right.get(p) and left[p] != right[p] for p in parts)


def _accounts_conflict(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    left, right = _accounts(a), _accounts(b)
    return any(scope in right and not values & right[scope] for scope, values in left.items())


def _accounts(data: Mapping[str, Any]) -> dict[tuple[str, str], set[str]]:
    found: dict[tuple[str, str], set[str]] = {}
    for identity in data.get("identities") or ():
        if identity.get("namespace") in _ACCOUNT_KEYS:
            scope = (identity["namespace"], str(identity.get("scope") or ""))
            found.setdefault(scope, set()).add(str(identity.get("value")))
    return found


def names_conflict(a: str | None, b: str | None) -> bool:
    """Whether two full names are of different people. Missing names, and one inside the other, do not conflict."""
    left, right = _name_parts(a), _name_parts(b)
    if not left or not right or left == right:
        return False
    one, other = "".join(left), "".join(right)
    return not (one in other or other in one or sorted(left) == sorted(right))


def _name_parts(name: str | None) -> list[str]:
    plain = _HONORIFIC.sub(" ", unicodedata.normalize("NFKC", name or "").casefold())
    return [part for part in re.split(r"[\s\W_]+", plain) if part]
