"""A customer's points per programme, and what may be sent: projections of entries that are only ever added.

An entry that two systems tell is one golden record (by its `cause_key`), so it counts once; entries
name their customer by source key, so merging and splitting customers moves the sums by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from hub.model.derivation import Data, Derived
from hub.rules.derive.consent import consents_of, ended
from hub.rules.derive.figure import decimal_of, text_of

Key = tuple[str, ...]


def derive_customer(customer: Data, children: Mapping[str, Sequence[Data]]) -> Derived:
    """`balances` and `consents`; a customer without entries has neither. A grant ends when its number changes hands."""
    fields: dict[str, Any] = {}
    balances = points_of(children.get("loyalty_entry", ()))
    if balances:
        fields["balances"] = balances
    consents = ended(consents_of(children.get("consent", ())), customer.get("identities") or ())
    if consents:
        fields["consents"] = consents
    return Derived(fields)


def points_of(entries: Iterable[Data]) -> list[dict[str, Any]]:
    """`[{"programme", "points"}]`: the sum of the entries per programme, expired and not yet available ones too.

    What has expired is an entry of its own (`expire`): no clock is asked. Entries without a programme
    are summed together.
    """
    sums: dict[Key, Decimal] = {}
    named: dict[Key, Any] = {}
    for entry in entries:
        points = decimal_of(entry.get("points"))
        if points is not None:
            programme = entry.get("programme")
            key = _source_key(programme)
            named[key] = programme
            sums[key] = sums.get(key, Decimal(0)) + points
    rows = ((named[key], text_of(sums[key])) for key in sorted(sums))
    return [{**({"programme": programme} if programme else {}), "points": points} for programme, points in rows]


def _source_key(reference: Any) -> Key:
    if not isinstance(reference, Mapping):
        return ("", "", "")
    return tuple(str(reference.get(part, "")) for part in ("connection", "object_type", "external_id"))
