"""One record, two shapes: a webhook's (`line_items`, ids as numbers) and a pulled GraphQL node's (`lineItems.nodes`).

Both say the same, so what reads them is written once: names are given in the webhook's spelling.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from hub.model.money import Money, exponent_of, format_amount

_UNDERSCORE = re.compile(r"_([a-z0-9])")


def get(node: Any, name: str, *others: str) -> Any:
    """The value of `name` in either spelling (`line_items`, `lineItems`), else of `others`; None when absent."""
    if not isinstance(node, Mapping):
        return None
    for each in (name, _UNDERSCORE.sub(lambda found: found[1].upper(), name), *others):
        if each in node:
            return node[each]
    return None


def has(node: Mapping[str, Any], *names: str) -> bool:
    """Whether `node` says anything of one of `names`, null included."""
    return any(name in node for name in names)


def elements(node: Any, name: str, *others: str) -> Iterator[Mapping[str, Any]]:
    """The objects of a list, plain or a connection's `nodes`."""
    held = get(node, name, *others)
    if isinstance(held, Mapping):
        held = held.get("nodes")
    for element in held if isinstance(held, list) else ():
        if isinstance(element, Mapping):
            yield element


def number_of(value: Any) -> str | None:
    """The number that identifies a record, as text: of `gid://shopify/Order/1`, `1`, `"1"`."""
    if value is None or value == "":
        return None
    return str(value).rsplit("/", 1)[-1].partition("?")[0]


def id_of(node: Any) -> str | None:
    """The id of an object: `legacyResourceId`, else the number in `id`."""
    return number_of(get(node, "legacyResourceId", "id"))


def word(value: Any) -> str:
    """One of Shopify's enum words, lower-case: webhooks write `paid`, GraphQL `PAID`."""
    return str(value or "").lower()


def currency_of(order: Mapping[str, Any]) -> str:
    """The shop's currency, in which an order's amounts stand; empty when the payload does not say."""
    return str(get(order, "currency", "currencyCode") or "")


def money_set(value: Any, side: str = "shop_money") -> Money | None:
    """One side of a money bag: `{"shop_money": {"amount", "currency_code"}, "presentment_money"}`."""
    held = get(value, side)
    if not isinstance(held, Mapping) or held.get("amount") is None:
        return None
    return parse(held["amount"], str(get(held, "currency_code", "currencyCode") or ""))


def parse(amount: Any, currency: str) -> Money:
    """Money of a decimal text or number, cut to the currency's digits only where they are zeros."""
    return Money.parse({"amount": format_amount(amount, exponent_of(currency)), "currency": currency})


def amount(node: Any, name: str, currency: str, set_name: str = "") -> Money | None:
    """The amount `name` of an object: from its money bag (`<name>_set`), else the plain amount in `currency`.

    Old and shortened payloads have only the plain one; the plain one alone says no currency.
    """
    found = money_set(get(node, set_name or f"{name}_set"))
    if found is not None:
        return found
    plain = get(node, name)
    return parse(plain, currency) if plain is not None and not isinstance(plain, Mapping) and currency else None
