"""Where the shop's records stand in its listings, and which customer has an e-mail, a phone, the hub's id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from connectors.shopify.simulator.node import utc
from hub.sdk.testing.index import Filed, Lookup, Ordered

KINDS = ("customers", "orders", "products", "locations")
_UNIQUE = ("email", "phone")


class Register:
    """Follows every change of the shop's records; use it under the shop's lock."""

    def __init__(self) -> None:
        self._by_time = {kind: Ordered() for kind in KINDS}
        self._by_id = {kind: Ordered() for kind in KINDS}
        self._by_ref = Lookup(lambda held: held.get("hub_ref"))
        self._lookups = {name: Lookup(lambda held, name=name: held.get(name)) for name in _UNIQUE}  # type: ignore[misc]

    def records(self, kind: str) -> Filed[int, dict[str, Any]]:
        """Room for the records of a kind, which are followed."""
        return Filed(lambda _, held: self.put(kind, held), lambda number: self.drop(kind, number))

    def unsaid(self) -> Filed[int, dict[str, Any]]:
        """Room for what webhooks do not tell of a customer, by its id: `hub_ref` and `locale`."""
        return Filed(self._by_ref.put, self._by_ref.drop)

    def put(self, kind: str, held: Mapping[str, Any]) -> None:
        """A record is new or was changed."""
        self._by_time[kind].put(held["id"], utc(held["updated_at"]))
        self._by_id[kind].put(held["id"], "")
        if kind == "customers":
            for lookup in self._lookups.values():
                lookup.put(held["id"], held)

    def drop(self, kind: str, number: int) -> None:
        """A record is gone."""
        self._by_time[kind].drop(number)
        self._by_id[kind].drop(number)
        if kind == "customers":
            for lookup in self._lookups.values():
                lookup.drop(number)

    def with_value(self, name: str, value: Any) -> Iterable[int]:
        """The customers with an `email` or a `phone`, exactly as it stands there."""
        return self._lookups[name].of(value)

    def with_ref(self, value: str) -> Iterable[int]:
        """The customers that carry the hub's id."""
        return self._by_ref.of(value)

    def page(
        self, kind: str, first: int, *, by_time: bool, since: str | None, mark: tuple[str, int] | None
    ) -> tuple[list[tuple[str, int]], bool]:
        """(time, id) of at most `first` records in order, and whether there are more.

        `by_time`: by time of change, then id, else by id alone, and the time is empty. `since`: in UTC,
        inclusive. `mark`: the (time, id) that they come after.
        """
        order = self._by_time[kind] if by_time else self._since(kind, since) if since else self._by_id[kind]
        begin = order.from_key(since) if since and by_time else 0
        begin = max(begin, order.behind(*mark)) if mark else begin
        return order.cut(begin, begin + first), len(order) > begin + first

    def _since(self, kind: str, since: str) -> Ordered:
        order, made = self._by_time[kind], Ordered()
        for _, number in order.cut(order.from_key(since), len(order)):
            made.put(number, "")
        return made
