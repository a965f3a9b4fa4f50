"""A customer's points per programme, and what may be sent: projections of entries that are only ever added.

An entry that two systems tell is one golden record (by its `cause_key`), so it counts once; entries
name their customer by source key, so merging and splitting customers moves the sums by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from hub.model.derivation import Data, Derived
from hub.rules.derive.figure import decimal_of, text_of

STRICTEST: Final = ("objected", "withdrawn", "denied", "expired", "granted")
"""States of consent, the strictest first."""
COPIES: Final = frozenset({"sync", "import", "backfill"})
"""Ways of capture that are no act of the person."""

Key = tuple[str, ...]


def derive_customer(customer: Data, children: Mapping[str, Sequence[Data]]) -> Derived:  # noqa: ARG001
    """`balances` and `consents`; a customer without entries has neither."""
    fields: dict[str, Any] = {}
    balances = points_of(children.get("loyalty_entry", ()))
    if balances:
        fields["balances"] = balances
    consents = consents_of(children.get("consent", ()))
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


def consents_of(acts: Iterable[Data]) -> list[dict[str, Any]]:
    """`[{"channel", "purpose", "identity"?, "status", "captured_at"?}]`: what holds now, per number or person.

    Acts only make it stricter, whatever order they came in; a grant lifts a refusal only as a later
    act of the person (it has a time after the refusal's, and is no copy).
    """
    by_key: dict[Key, list[Data]] = {}
    for act in acts:
        if act.get("status") in STRICTEST:
            identity = act.get("identity") or {}
            key = tuple(str(part or "") for part in (
                act.get("channel"), act.get("purpose"), identity.get("namespace"), identity.get("scope"),
                identity.get("value"),
            ))  # fmt: skip
            by_key.setdefault(key, []).append(act)
    return [_shown(_standing(by_key[key])) for key in sorted(by_key)]


def strictest(statuses: Iterable[str]) -> str | None:
    """The strictest of several states of consent, as of a person and of a number; None of none."""
    return min((each for each in statuses if each in STRICTEST), key=STRICTEST.index, default=None)


def _standing(acts: Sequence[Data]) -> Data:
    refusals = [act for act in acts if act["status"] != "granted"]
    grants = [act for act in acts if act["status"] == "granted"]
    own = [act for act in grants if act.get("captured_at") and act.get("captured_via") not in COPIES]
    since = max(map(_time, own), default="")
    # A refusal without a time may be the newest of all: nothing is known to lift it.
    left = [act for act in refusals if not _time(act) or _time(act) >= since]
    if left:
        return max(left, key=lambda act: (-STRICTEST.index(act["status"]), _time(act)))
    return max(own or grants, key=_time)


def _time(act: Data) -> str:
    return str(act.get("captured_at") or "")


def _shown(act: Data) -> dict[str, Any]:
    shown = {name: act.get(name) for name in ("channel", "purpose", "identity", "status", "captured_at")}
    return {name: value for name, value in shown.items() if value is not None}


def _source_key(reference: Any) -> Key:
    if not isinstance(reference, Mapping):
        return ("", "", "")
    return tuple(str(reference.get(part, "")) for part in ("connection", "object_type", "external_id"))
