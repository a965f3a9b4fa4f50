"""The simulated shop: its records in the shape of webhook payloads, and what can happen to them.

Each act changes the shop and returns what Shopify would send: pairs of topic and payload, the
payload copied as it is at that moment. Times are whole seconds with the shop's offset, as Shopify's.
"""

from __future__ import annotations

import copy
import itertools
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connectors.shopify.simulator import catalogue
from connectors.shopify.simulator.catalogue import price
from connectors.shopify.simulator.order import (
    Basket,
    order_payload,
    parcel_payload,
    refund_payload,
    refund_subtotal,
)
from connectors.shopify.simulator.register import KINDS, Register
from hub.sdk.testing.index import Filed

Hook = tuple[str, dict[str, Any]]
_NOT_IN_LEAN = ("tags", "email_marketing_consent", "sms_marketing_consent")


@dataclass
class Shop:
    """One shop's records by id. `clock` answers an aware time in the shop's zone. Use it under `lock` from threads.

    `is_coarse`: several changes of a customer within one second have the same time, as in a real shop;
    else each is a second later than the one before. `is_lean`: webhooks of customers say neither tags
    nor consent, as those of real shops since the API version 2025-01.
    """

    clock: Callable[[], datetime]
    domain: str = "demo.myshopify.com"
    currency: str = "CNY"
    customers: Filed[int, dict[str, Any]] = field(init=False)
    orders: Filed[int, dict[str, Any]] = field(init=False)
    transactions: dict[int, list[Mapping[str, Any]]] = field(default_factory=dict)
    products: Filed[int, dict[str, Any]] = field(init=False)
    locations: Filed[int, dict[str, Any]] = field(init=False)
    unsaid: Filed[int, dict[str, Any]] = field(init=False)
    register: Register = field(default_factory=Register)
    to_erase: set[int] = field(default_factory=set)
    is_coarse: bool = False
    is_lean: bool = False
    lock: threading.RLock = field(default_factory=threading.RLock)
    _numbers: Any = field(default_factory=lambda: itertools.count(7_000_001))

    def __post_init__(self) -> None:
        self.customers, self.orders, self.products, self.locations = map(self.register.records, KINDS)
        self.unsaid = self.register.unsaid()

    def about(self) -> dict[str, Any]:
        """The GraphQL object Shop."""
        return {
            "name": "茶语线上店",
            "myshopifyDomain": self.domain,
            "currencyCode": self.currency,
            "ianaTimezone": "Asia/Shanghai",
            "plan": {"publicDisplayName": "Basic"},
        }

    def stock(self) -> list[Hook]:
        """Fills the catalogue and the locations: once, when the shop opens."""
        now = self.now()
        for each in catalogue.LOCATIONS:
            self.locations[each["id"]] = each | {"created_at": now, "updated_at": now}
        sent = []
        for each in catalogue.products():
            self.products[each["id"]] = each | {"created_at": now, "updated_at": now}
            sent.append(("products/create", self.products[each["id"]]))
        return self._sent(*sent)

    def add_customer(self, **given: Any) -> list[Hook]:
        """A new customer; `given` replaces fields of the payload."""
        now, number = self.now(), next(self._numbers)
        held = {
            "id": number,
            "admin_graphql_api_id": f"gid://shopify/Customer/{number}",
            "email": None,
            "phone": None,
            "first_name": None,
            "last_name": None,
            "state": "enabled",
            "verified_email": True,
            "tax_exempt": False,
            "tags": "",
            "currency": self.currency,
            "note": None,
            "created_at": now,
            "updated_at": now,
            "default_address": None,
            "addresses": [],
            "email_marketing_consent": None,
            "sms_marketing_consent": None,
        } | given
        with self.lock:
            self.customers[number] = held
        return self._sent(("customers/create", held))

    def change_customer(self, number: int, **changes: Any) -> list[Hook]:
        """A customer with other fields."""
        with self.lock:
            held = self.customers[number]
            held.update(changes, updated_at=self._later_than(held["updated_at"]))
            self.customers[number] = held
        return self._sent(("customers/update", held))

    def edit_address(self, number: int, **changes: Any) -> list[Hook]:
        """A customer changes the default address in the shop, or enters a first one; fields as in a payload."""
        with self.lock:
            held = self.customers[number]
            blank = dict.fromkeys(("first_name", "last_name", "company", "address1", "address2", "city", "province"))
            blank |= dict.fromkeys(("province_code", "zip", "phone"))
            old = held["default_address"] or {
                "id": self.next_number(),
                **blank,
                "country": "China",
                "country_code": "CN",
            }
            made = {**old, **changes}
            others = [each for each in held["addresses"] if each["id"] != made["id"]]
            return self.change_customer(number, default_address=made, addresses=[made, *others])

    def remove_customer(self, number: int) -> list[Hook]:
        """A customer who is gone: the payload is the id alone."""
        with self.lock:
            del self.customers[number]
        return self._sent(("customers/delete", {"id": number}))

    def place_order(
        self,
        customer: int | None,
        lines: Sequence[Mapping[str, Any]],
        *,
        shipping: int = 1000,
        code: tuple[str, int] | None = None,
    ) -> list[Hook]:
        """A new, unpaid order of `lines` (`{"variant", "quantity"}`); amounts in minor units.

        `code`: a discount code and its amount, which is shared out over the lines by their prices.
        """
        with self.lock:
            number, buyer = self.next_number(), self.customers.get(customer) if customer else None
            basket = Basket.of(lines, code, shipping)
            held = order_payload(number, len(self.orders) + 1001, self.currency, buyer, basket, self.now())
            self.orders[number] = held
            self.transactions[number] = []
        return self._sent(("orders/create", held))

    def pay(
        self, number: int, gateway: str, *, authorization: str | None = None, amount: int | None = None
    ) -> list[Hook]:
        """Money for an order: a sale transaction, and the order as paid."""
        held = self.orders[number]
        paid = price(amount) if amount is not None else held["total_price"]
        made = self._transaction(number, "sale", paid, gateway, authorization)
        self._change_order(held, financial_status="paid", updated_at=self.now())
        return self._sent(("order_transactions/create", made), ("orders/paid", held))

    def fulfil(self, number: int, *, carrier: str, tracking: str, location: int) -> list[Hook]:
        """A parcel with all lines of an order."""
        held, now = self.orders[number], self.now()
        parcel = parcel_payload(held, self.next_number(), now, carrier=carrier, tracking=tracking, location=location)
        held["fulfillments"].append(parcel)
        self._change_order(held, fulfillment_status="fulfilled", updated_at=now)
        return self._sent(("fulfillments/create", parcel), ("orders/fulfilled", held))

    def deliver(self, number: int) -> list[Hook]:
        """The carrier says that an order's last parcel arrived."""
        held = self.orders[number]
        parcel = held["fulfillments"][-1]
        parcel.update(shipment_status="delivered", updated_at=self.now())
        return self._sent(("fulfillments/update", parcel))

    def refund(self, number: int, line: int, quantity: int, *, note: str) -> list[Hook]:
        """Money back for `quantity` of the order's line at place `line`, which comes back to stock."""
        held, now, made = self.orders[number], self.now(), self.next_number()
        item = held["line_items"][line]
        sale = next(t for t in self.transactions[number] if t["kind"] == "sale")
        back, reference = refund_subtotal(item, quantity), f"re_{made}_{sale['id']}"
        moved = self._transaction(number, "refund", back, sale["gateway"], reference, parent=sale["id"])
        given = refund_payload(
            held, item, quantity, number=made, next_number=self.next_number, moved=moved, note=note, now=now
        )
        held["refunds"].append(given)
        self._change_order(held, financial_status="partially_refunded", updated_at=now)
        return self._sent(("refunds/create", given), ("orders/updated", held))

    def cancel(self, number: int, reason: str = "customer") -> list[Hook]:
        """An order that is called off."""
        held, now = self.orders[number], self.now()
        self._change_order(held, cancelled_at=now, cancel_reason=reason, updated_at=now, financial_status="voided")
        return self._sent(("orders/cancelled", held))

    def _transaction(
        self, number: int, kind: str, amount: str, gateway: str, authorization: str | None, parent: int | None = None
    ) -> dict[str, Any]:
        now, made = self.now(), next(self._numbers)
        found = {
            "id": made,
            "order_id": number,
            "kind": kind,
            "status": "success",
            "amount": amount,
            "currency": self.currency,
            "gateway": gateway,
            "authorization": authorization,
            "parent_id": parent,
            "payment_id": f"{self.orders[number]['name']}.{len(self.transactions[number]) + 1}",
            "created_at": now,
            "processed_at": now,
            "test": False,
        }
        self.transactions[number].append(found)
        return found

    def _change_order(self, held: dict[str, Any], **changes: Any) -> None:
        held.update(changes)
        with self.lock:
            self.register.put("orders", held)

    def _later_than(self, text: str) -> str:
        now = self.clock().replace(microsecond=0)
        if not self.is_coarse:
            now = max(now, datetime.fromisoformat(text) + timedelta(seconds=1))
        return now.isoformat(timespec="seconds")

    def next_number(self) -> int:
        """An id that nothing has yet."""
        return int(next(self._numbers))

    def now(self) -> str:
        """The shop's time as payloads write it."""
        return self.clock().isoformat(timespec="seconds")

    def _sent(self, *hooks: Hook) -> list[Hook]:
        sent = [(topic, copy.deepcopy(payload)) for topic, payload in hooks]
        for topic, payload in sent:
            if self.is_lean and topic.startswith("customers/"):
                for name in _NOT_IN_LEAN:
                    payload.pop(name, None)
        return sent
