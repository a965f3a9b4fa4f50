"""A scripted day of the shop: what happens, in which order, and when. The same seed gives the same day."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from connectors.shopify.simulator import catalogue
from connectors.shopify.simulator.order import Basket, order_payload
from connectors.shopify.simulator.shop import Hook, Shop

Way = Literal["plain", "duplicate", "late", "forged", "broken"]
CLOSING_S = 12 * 3600
LATE_ORDER, CANCELLED_ORDER, UNPAID_ORDER = 3, 4, 7
# Afterwards people come back: the shop stops growing, so that it may stay open for weeks.
MOST_ORDERS = 1000
MOVES = 2


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happens `at_s` seconds after opening.

    `act` changes the shop and returns the webhooks it causes. `way`: `plain` · `duplicate` (each
    comes twice) · `late` (they come after those of the next step) · `forged` (signed with another secret; must
    be refused) · `broken` (signed, but its content cannot be mapped; must wait in quarantine).
    """

    at_s: int
    title: str
    act: Callable[[], list[Hook]]
    way: Way = "plain"


def play_day(shop: Shop, seed: int, *, customers: int = 12, orders: int = 18) -> Iterator[Step]:
    """The steps of one day, in time order.

    A step has to be carried out before the next is asked for, since it may need what that one made.
    A day of at least two customers and four orders has one duplicated, one late, one forged and one
    broken delivery.
    """
    rng = random.Random(seed)  # noqa: S311 -- a script, not a secret
    clock = _Clock(rng, customers + orders * 5 + 6)
    yield Step(clock.next(), "opens with its catalogue", shop.stock)
    for place in range(customers):
        fields = catalogue.person(rng, place)
        way: Way = "duplicate" if place == 1 else "plain"
        yield Step(clock.next(), "a customer signs up", lambda fields=fields: shop.add_customer(**fields), way)  # type: ignore[misc]
    yield Step(clock.next(), "somebody forges a customer", lambda: _forged(shop), "forged")
    for place in range(orders):
        yield from _order(shop, rng, clock, place)
        if place == 2:
            yield Step(clock.next(), "an order comes that nobody can read", lambda: _broken(shop), "broken")
    changed = min(shop.customers)
    yield Step(clock.next(), "a customer becomes a VIP", lambda: shop.change_customer(changed, tags="vip, 老客"))
    for known in sorted(shop.customers)[:MOVES]:
        yield _move(shop, rng, clock, known)


def go_on(shop: Shop, seed: int) -> Iterator[Step]:
    """What happens after the day, without end and without faults; `at_s` counts on from closing.

    Whoever plays it chooses the pace. The rule of `play_day` holds: carry out before asking on.
    """
    rng = random.Random(seed)  # noqa: S311 -- a script, not a secret
    clock = _Clock(rng, CLOSING_S // 120, begins_at_s=CLOSING_S)
    for place in itertools.count(1000):
        if len(shop.orders) < MOST_ORDERS:
            fields = catalogue.person(rng, place)
            yield Step(clock.next(), "a customer signs up", lambda fields=fields: shop.add_customer(**fields))  # type: ignore[misc]
            yield from _order(shop, rng, clock, place)
        known, tags = rng.choice(sorted(shop.customers)), rng.choice(("vip", "老客, vip", "新客", "老客"))
        yield Step(
            clock.next(),
            "a customer's tags change",
            lambda known=known, tags=tags: shop.change_customer(known, tags=tags),  # type: ignore[misc]
        )
        if place % 3 == 0:
            yield _move(shop, rng, clock, known)


def _move(shop: Shop, rng: random.Random, clock: _Clock, known: int) -> Step:
    home = catalogue.new_home(rng)
    return Step(clock.next(), "a customer moves", lambda: shop.edit_address(known, **home))


class _Clock:
    """Seconds after opening, always later, spread over the day."""

    def __init__(self, rng: random.Random, steps: int, *, begins_at_s: int = 0) -> None:
        self._rng = rng
        self._gap_s = max(CLOSING_S // max(steps, 1), 4)
        self._at_s = begins_at_s

    def next(self) -> int:
        self._at_s += self._rng.randrange(2, self._gap_s)
        return self._at_s


def _order(shop: Shop, rng: random.Random, clock: _Clock, place: int) -> Iterator[Step]:
    """One order from basket to parcel: some stay unpaid, some are cancelled, some partly refunded."""
    buyer = rng.choice(sorted(shop.customers)) if rng.random() < 0.9 else None
    lines = catalogue.basket(rng)
    code = ("WELCOME20", 2000) if rng.random() < 0.4 else None
    shipping = rng.choice((0, 1000, 1500))
    way: Way = "late" if place == LATE_ORDER else "plain"
    yield Step(
        clock.next(), "an order is placed", lambda: shop.place_order(buyer, lines, shipping=shipping, code=code), way
    )
    number = max(shop.orders)
    if place == CANCELLED_ORDER:
        yield Step(clock.next(), "an unpaid order is cancelled", lambda: shop.cancel(number))
        return
    if place == UNPAID_ORDER:
        return
    gateway, prefix = rng.choice(catalogue.GATEWAYS)
    yield Step(clock.next(), "it is paid", lambda: shop.pay(number, gateway, authorization=f"{prefix}{number}"))
    if place % 6 == 5:
        return
    carrier = rng.choice(catalogue.CARRIERS)
    parcel = f"SF{rng.randrange(10**11, 10**12)}"
    yield Step(clock.next(), "it is sent", lambda: shop.fulfil(number, carrier=carrier, tracking=parcel, location=5))
    if place % 3 == 0:
        yield Step(clock.next(), "it arrives", lambda: shop.deliver(number))
    if place % 4 == 1:
        note = rng.choice(catalogue.NOTES)
        yield Step(clock.next(), "one piece is refunded", lambda: shop.refund(number, 0, 1, note=note))


def _forged(shop: Shop) -> list[Hook]:
    """A customer that the shop never had."""
    payload = {
        "id": 666,
        "email": "forged@example.com",
        "first_name": "假",
        "last_name": "贾",
        "updated_at": shop.clock().isoformat(),
    }
    return [("customers/update", payload)]


def _broken(shop: Shop) -> list[Hook]:
    """An order of the shop whose total is written as no number is."""
    with shop.lock:
        number = max(shop.orders) + 500_000
        basket = Basket.of([{"variant": "TEA-ML-100", "quantity": 1}], None, 0)
        payload = order_payload(number, 9001, shop.currency, None, basket, shop.now())
    bad = {"amount": "49,00 元", "currency_code": shop.currency}
    payload |= {"total_price": "49,00 元", "total_price_set": {"shop_money": bad, "presentment_money": bad}}
    return [("orders/create", payload)]
