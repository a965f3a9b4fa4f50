"""The mixed load of the benchmarks: customers and orders with lines, 30 % of them repeats of known records."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import orjson

from hub.model import time

START_US = time.micros_of("2026-11-01T00:00:00Z")
SURNAMES = "王李张刘陈杨黄赵周吴"
GIVEN = ["伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "军", "洋", "小明", "建国", "秀英"]
REPEATS = 0.3
SHARE_OF_ORDERS = 0.6
SPREAD = 61_803_399
"""Numbers that follow each other are of people who have nothing in common, so their phones are far apart (no two alike)."""


def events(count: int, seed: int = 1, *, numbered: str = "") -> Iterator[tuple[str, bytes]]:
    """(topic, body) in the generic connector's form; the same seed gives the same events.

    `numbered`: a prefix for ids; the note of each record is then that prefix and the number of its event.
    """
    rng = random.Random(seed)
    customers, orders = 0, 0
    for number in range(count):
        moment = time.from_micros(START_US + number * 1_000_000)
        if rng.random() < SHARE_OF_ORDERS and customers:
            again = orders > 0 and rng.random() < REPEATS
            orders += not again
            data = order(rng, rng.randint(1, orders) if again else orders, f"c{rng.randint(1, customers)}", moment)
            topic = "order.updated"
        else:
            again = customers > 0 and rng.random() < REPEATS
            customers += not again
            data = customer(rng, rng.randint(1, customers) if again else customers, moment)
            topic = "customer.updated"
        if numbered:
            _number(data, numbered, number)
        yield topic, orjson.dumps({"type": topic, "timestamp": moment, "data": data})


def customer(rng: random.Random, number: int, moment: str) -> dict[str, Any]:
    """One customer with a verified phone and an e-mail of its own."""
    family, given = rng.choice(SURNAMES), rng.choice(GIVEN)
    return {
        "id": f"c{number}", "updated_at": moment, "full_name": family + given, "family_name": family, "given_name": given,
        "status": "active", "language": "zh", "tags": rng.sample(["vip", "new", "tea", "snack"], 2),
        "identities": [
            {"namespace": "phone", "value": f"+86138{number * SPREAD % 10**8:08d}", "verified": "otp", "role": "personal"},
            {"namespace": "email", "value": f"c{number}@example.com", "verified": "none"},
        ],
        "addresses": [{"country": "CN", "province": "上海市", "city": "上海市", "district": "浦东新区",
                       "street": f"世纪大道{rng.randint(1, 2000)}号", "postcode": "200120"}],
        "note": f"visit {rng.randint(1, 500)}",
    }  # fmt: skip


def order(rng: random.Random, number: int, customer_id: str, moment: str) -> dict[str, Any]:
    """One order of one to four lines that adds up."""
    lines = []
    items = 0
    for line in range(1, rng.randint(2, 5)):
        price, quantity = rng.randint(100, 20_000), rng.randint(1, 3)
        items += price * quantity
        lines.append({
            "line_id": str(line), "sku": f"SKU-{rng.randint(1, 999):04d}", "title": "Green tea 500 g", "quantity": str(quantity),
            "unit_price": _money(price), "discount": _money(0), "total": _money(price * quantity), "line_kind": "product",
        })  # fmt: skip
    return {
        "id": f"o{number}", "updated_at": moment, "number": f"#{number}", "channel": "web", "currency": "CNY",
        "tax_inclusive": True, "placed_at": moment, "customer": customer_id, "state": "open", "lines": lines,
        "totals": {"items": _money(items), "discount": _money(0), "shipping": _money(1000), "tax": _money(0),
                   "total": _money(items + 1000)},
        "addresses": {"shipping": {"country": "CN", "city": "上海市", "street": "世纪大道1号", "recipient_name": "王伟"}},
        "buyer_note": f"note {rng.randint(1, 500)}",
    }  # fmt: skip


def _number(data: dict[str, Any], prefix: str, number: int) -> None:
    data["id"] = prefix + data["id"]
    if "customer" in data:
        data["customer"] = prefix + data["customer"]
    # Two rounds are different people: nothing of the one may match the other.
    data.pop("identities", None)
    data["buyer_note" if "lines" in data else "note"] = f"{prefix}{number}"


def _money(minor: int) -> dict[str, str]:
    return {"amount": f"{minor // 100}.{minor % 100:02d}", "currency": "CNY"}
