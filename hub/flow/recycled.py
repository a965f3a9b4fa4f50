"""Sets since when a number is another person's, and finds the golden records for which that may be another time now.

It is a function of what records say, of who is one and of whom people call a household; nothing of it is kept but the
golden record itself. Whoever changes one of these has all golden records looked at that have the number.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.flow.context import Hub
from hub.flow.golden import Computed, Member
from hub.flow.keys import digest_of
from hub.model import time
from hub.model.identifier import format_id
from hub.model.key import contact_key, identity_keys
from hub.model.kinds.parts import UNTIL
from hub.rules.recycled import Passed, Stamp, claims, passed
from hub.store import record as record_store
from hub.store import recycled as store
from hub.store.database import Connection

Rid = uuid.UUID
Place = tuple[str, str]
"""Namespace and normal form of a phone or e-mail."""
RELATION = "relation"
_FIELD = "identities"


@dataclass(frozen=True, slots=True)
class Bearer:
    """A golden record that has numbers. `folds`: what its records say, packed."""

    id: Rid
    realm: str
    kind: str
    data: Mapping[str, Any]
    folds: Sequence[Mapping[str, Any]]

    @classmethod
    def of(cls, id_: Rid, members: Sequence[Member], data: Mapping[str, Any]) -> Bearer:
        """The golden record of these records (at least one)."""
        first = members[0]
        return cls(id_, first.realm, first.kind, data, [member.packed for member in members])


def close(conn: Connection, hub: Hub, computed: Iterable[Computed]) -> None:
    """Adds `until` to the phones and e-mails of golden records that other people proved later.

    One statement; one more where somebody else proved a number. Whoever changes a reason marks who has the number, so that
    what was read too early here is looked at again.
    """
    goldens = {each.id: each for each in computed if each.data.get(_FIELD)}
    bearers = [Bearer.of(each.id, each.members, each.data) for each in goldens.values()]
    for id_, found in passed_on(conn, hub, bearers).items():
        data = goldens[id_].data
        data[_FIELD] = [_closed(element, found) for element in data[_FIELD]]


def _closed(element: Mapping[str, Any], found: Mapping[Place, Passed]) -> Mapping[str, Any]:
    place = place_of(element)
    one = found.get(place) if place is not None else None
    return {**element, UNTIL: time.from_micros(one.at)} if one is not None else element


def place_of(element: Mapping[str, Any]) -> Place | None:
    """What an identity is compared by; None where nobody can have proved it."""
    key = contact_key(element)
    return (key.namespace, key.value) if key is not None else None


def passed_on(conn: Connection, hub: Hub, bearers: Iterable[Bearer]) -> dict[Rid, dict[Place, Passed]]:
    """golden id -> its numbers that are another person's, and whose. Those of households stay as they are."""
    bearing: dict[Rid, Bearer] = {}
    asked: dict[tuple[bytes, Rid], Place] = {}
    for bearer in bearers:
        if identity_keys not in hub.registry.kinds[bearer.kind].keys:
            continue
        bearing[bearer.id] = bearer
        for key in filter(None, map(contact_key, bearer.data.get(_FIELD) or ())):
            asked[digest_of(hub, bearer.realm, bearer.kind, key), bearer.id] = (key.namespace, key.value)
    provers = store.provers(conn, list(asked)) if asked else []
    if not provers:
        return {}
    related = store.households(conn, {one.asked for one in provers})
    others: dict[tuple[Rid, Place], list[tuple[Stamp, Rid]]] = {}
    for one in provers:
        place = asked[one.digest, one.asked]
        if (one.asked, one.cluster) not in related:
            stamps = [claim.stamp for claim in claims(one.fold, *place) if claim.is_proof]
            others.setdefault((one.asked, place), []).extend((stamp, one.cluster) for stamp in stamps)
    found: dict[Rid, dict[Place, Passed]] = {}
    for (id_, place), proofs in others.items():
        own = [claim for fold in bearing[id_].folds for claim in claims(fold, *place)]
        one_passed = passed(own, proofs)
        if one_passed is not None:
            found.setdefault(id_, {})[place] = one_passed
    return found


def tell(conn: Connection, hub: Hub, bearer: Bearer, explained: Mapping[str, Any]) -> None:
    """Adds to an explanation whose a number is by now: of its element `passed`, `{"to": golden id as text, "at"}`.

    Read-only; two statements where a number passed, none otherwise.
    """
    if not any(element.get(UNTIL) for element in bearer.data.get(_FIELD) or ()):
        return
    found = passed_on(conn, hub, [bearer]).get(bearer.id, {})
    prefix = hub.registry.kinds[bearer.kind].prefix
    for part in explained.get(_FIELD, {}).get("elements", ()):
        place = place_of(part["value"]) if part["value"] is not None else None
        one = found.get(place) if place is not None else None
        if one is not None:
            part["passed"] = {"to": format_id(prefix, one.to), "at": time.from_micros(one.at)}


def affected(
    conn: Connection,
    keys: Collection[tuple[bytes, Rid, str, bool]],
    homes: Mapping[Rid, Rid],
    unproven: Collection[bytes],
    crossed: Collection[bytes],
    touched: Collection[Rid],
) -> dict[Rid, Rid]:
    """The golden ids for which numbers may have passed on or come back -> one with the number that was `touched`, or itself.

    `keys` (hash, rid, namespace, guarded): the certain ones of all records that are looked at; `homes`: rid -> golden id now
    of these. `unproven`: hashes that somebody proved, and proves no more; `crossed`: those that went over the cap or fell under
    it, of which only carriers in `touched` are wanted. One statement, where there is any such number.
    """
    proven = {digest for digest, _, _, guarded in keys if guarded}.union(unproven)
    if not proven and not crossed:
        return {}
    gone = {*unproven, *crossed}
    sharing: dict[bytes, set[Rid]] = {}
    causes: dict[bytes, Rid] = {}
    for one in store.carriers(conn, proven, crossed, touched):
        home = homes.get(one.rid, one.cluster)
        sharing.setdefault(one.digest, set()).add(home)
        if one.rid in touched:
            causes[one.digest] = home
    return {
        id_: causes.get(digest, id_) for digest, ids in sharing.items() if digest in gone or len(ids) > 1 for id_ in ids
    }


def wake_ends(conn: Connection, changed: Iterable[Computed]) -> None:
    """Has those looked at again whom a relation that changed is between: what one household shares passes to nobody."""
    relations = [each.id for each in changed if each.kind == RELATION]
    if relations:
        ends = store.ends_of(conn, relations)
        record_store.append_marks(conn, [{"rid": rid, "relink": False} for rid in sorted(ends)])
