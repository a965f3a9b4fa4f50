"""Balances beside what systems state: points of a programme, stock of a SKU at a location. Computed at read.

A customer's own points are a derived field of the customer (`balances`); a whole programme and a store's
stock have too many entries to be summed again at each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from hub.flow.context import Hub
from hub.model.key import normal
from hub.rules.derive.figure import decimal_of, text_of
from hub.store import balance as store
from hub.store.balance import Rid, Sum
from hub.store.database import Connection

BALANCED: Final[Mapping[str, str]] = {"programme": "loyalty_entry", "stock_level": "stock_movement"}
"""Kinds that state a balance -> the entries it is the sum of."""

RESERVING: Final = ("reserve", "release")
"""Movements that promise goods, and leave them where they are."""


@dataclass(frozen=True, slots=True)
class Balance:
    """`total`: the sum of `entries` live entries. `stated`: what a system says; `difference`: stated less total."""

    entries: int
    total: str
    stated: str | None
    difference: str | None


def balance_of(conn: Connection, hub: Hub, kind: str, id_: Rid, realm: str, data: Mapping[str, Any]) -> Balance:
    """The balance of a golden record of one of `BALANCED`. Read-only."""
    if kind == "programme":
        return _against(store.points(conn, id_), data.get("stated_balance"))
    key = hub.keyring.blind(hub.blind_key, realm, "stock_movement", "sku", "", normal(str(data.get("sku") or "")))
    where = data.get("location")
    location = store.place(conn, where["connection"], where["object_type"], where["external_id"]) if where else None
    return _against(store.stock(conn, key, location, RESERVING), data.get("on_hand"))


def _against(found: Sum, stated: Any) -> Balance:
    total, said = decimal_of(found.total), decimal_of(stated)
    assert total is not None  # noqa: S101 -- the database wrote it
    if said is None:
        return Balance(found.entries, text_of(total), None, None)
    return Balance(found.entries, text_of(total), text_of(said), text_of(said - total))
