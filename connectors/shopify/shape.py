"""One record, two shapes: a webhook's (`line_items`, ids as numbers) and a pulled GraphQL node's (`lineItems.nodes`).

Both say the same, so what reads inside them is written once, with names in the webhook's spelling.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from hub.model.money import Money, exponent_of, format_amount

_UNDERSCORE = re.compile(r"_([a-z0-9])")


def get(node: Any, name: str, *others: str) -> Any:
    """The value of `name` in either spelling (`line_items`, `lineItems`), else of `others`; None when absent."""
    # Payloads are plain dicts; the test for it is the cheapest there is, and this is asked most of all.
    if node.__class__ is not dict and not isinstance(node, Mapping):
        return None
    if name in node:
        return node[name]
    for each in (_camel(name), *others):
        if each in node:
            return node[each]
    return None


@cache
def _camel(name: str) -> str:
    return _UNDERSCORE.sub(lambda found: found[1].upper(), name)


def elements(held: Any) -> Iterator[Mapping[str, Any]]:
    """The objects of a list, plain or a connection's `nodes`; none of anything else."""
    if held.__class__ is dict:
        held = held.get("nodes")
    for element in held if held.__class__ is list else ():
        if element.__class__ is dict:
            yield element


def number_of(gid: Any) -> str | None:
    """The number that identifies a record, as text: of `gid://shopify/Order/1`, `1`, `"1"`; None of nothing."""
    if gid is None or gid == "":
        return None
    return str(gid).rsplit("/", 1)[-1].partition("?")[0]


def id_of(node: Any) -> str | None:
    """The id of an object: `legacyResourceId`, else the number in `id`."""
    return number_of(get(node, "legacyResourceId", "id"))


def word(value: Any) -> str:
    """One of Shopify's enum words, lower-case: webhooks write `paid`, GraphQL `PAID`."""
    return str(value or "").lower()


def parse(amount: Any, currency: str) -> Money:
    """Money of a decimal text or number in major units; `ValueFault` for more decimals than the currency has."""
    return Money.parse({"amount": format_amount(amount, exponent_of(currency)), "currency": currency})


def money_set(value: Any) -> Money | None:
    """The shop's side of a money bag, `{"shop_money": {"amount", "currency_code"}, …}`; None when there is none."""
    held = get(value, "shop_money")
    if not isinstance(held, Mapping) or held.get("amount") is None:
        return None
    return parse(held["amount"], str(get(held, "currency_code", "currencyCode") or ""))


def amount(node: Any, name: str, currency: str | None) -> Money | None:
    """The amount `name` of an object: its money bag (`<name>_set`), else the plain amount in `currency`.

    Webhooks of old API versions and short samples have the plain one only, which says no currency.
    """
    found = money_set(get(node, f"{name}_set"))
    plain = get(node, name)
    if found is not None or plain is None or not currency:
        return found
    return parse(plain, currency)
