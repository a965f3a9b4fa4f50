"""Whether the parts of an amount sum to it, in minor units. The source's total is the truth, ours is a check.

A check reads only what is stated: without a part it says nothing. Sources round by line or once, so an
amount that either way gives is right; anything else is told as the difference, for an item.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from hub.model.derivation import Data, Derived
from hub.model.money import EXPONENTS, Money, format_minor
from hub.rules.derive.figure import decimal_of

_SIGNS = (("items", 1), ("discount", -1), ("shipping", 1), ("fees", 1), ("tip", 1), ("rounding", 1))
_SIGNS_AND_TAX = (*_SIGNS, ("tax", 1))


class _Foreign(Exception):  # noqa: N818 -- ends one check, never leaves this module
    """An amount of another currency stands among the parts."""


def order_sums(order: Data) -> str:
    """Empty when an order's lines and totals fit; else the differences in words."""
    totals = order.get("totals") or {}
    lines = order.get("lines") or ()
    if _surely_fit(order, totals, lines):
        return ""
    return _told(
        lambda: totals_difference(order),
        lambda: _line_differences(lines, "total", "unit_price", "quantity"),
        lambda: _items_difference(lines, totals, "total", "unit_price", "quantity"),
    )


def _surely_fit(order: Data, totals: Mapping[str, Any], lines: Sequence[Any]) -> bool:
    """Whether everything fits exactly, in whole pieces and one currency: nearly every order, told in one pass.

    False says nothing: the checks look closer, round and explain.
    """
    total, items = totals.get("total"), totals.get("items")
    if not total or not items or items["currency"] != total["currency"]:
        return False
    currency = total["currency"]
    parts = 0
    for name, sign in _SIGNS if order.get("tax_inclusive") else _SIGNS_AND_TAX:
        part = totals.get(name)
        if part:
            if part["currency"] != currency:
                return False
            parts += sign * _minor(part["amount"], currency)
    if parts != _minor(total["amount"], currency):
        return False
    summed = 0
    for line in lines:
        stated = line.get("total")
        if not stated or stated["currency"] != currency or not _is_plain(line, stated, "unit_price", "quantity"):
            return False
        summed += _minor(stated["amount"], currency)
    return bool(lines) and summed == _minor(items["amount"], currency)


def refund_sums(refund: Data, children: Mapping[str, Sequence[Data]]) -> Derived:  # noqa: ARG001 -- has none
    """Lines + shipping = amount, of a refund that did not fail and gives money back for lines."""
    lines = refund.get("lines") or ()
    amount = refund.get("amount")
    if not amount or refund.get("state") == "failed" or not _all_stated(lines, "amount"):
        return Derived()

    def difference() -> str:
        parts = [*_amounts(lines, "lines", "amount"), ("shipping_amount", refund.get("shipping_amount"), 1)]
        whole = Money.parse(amount)
        # Goods that were cancelled before they were paid: nothing went back for them.
        return "" if not whole else _differs("the amount", whole.minor, _sum(parts, whole.currency), whole.currency)

    return _derived(difference)


def settlement_sums(settlement: Data, children: Mapping[str, Sequence[Data]]) -> Derived:  # noqa: ARG001 -- has none
    """Gross - refunds - fees = net; signed lines sum to gross - refunds, their fees to the fees."""
    gross, net, fees = (settlement.get(name) for name in ("gross", "net", "fees"))
    lines = settlement.get("lines") or ()
    moved = [("gross", gross, 1), ("refunds", settlement.get("refunds"), -1)]

    def net_difference() -> str:
        if not gross or not net:
            return ""
        currency = net["currency"]
        return _differs("net", Money.parse(net).minor, _sum([*moved, ("fees", fees, -1)], currency), currency)

    def line_difference() -> str:
        if not gross or not _all_stated(lines, "amount"):
            return ""
        currency = gross["currency"]
        return _differs(
            "gross less refunds", _sum(moved, currency), _sum(_amounts(lines, "lines", "amount"), currency), currency
        )

    def fee_difference() -> str:
        if not fees or not any(line.get("fee") for line in lines):
            return ""
        currency = fees["currency"]
        return _differs("fees", Money.parse(fees).minor, _sum(_amounts(lines, "lines", "fee"), currency), currency)

    return _derived(net_difference, line_difference, fee_difference)


def invoice_sums(invoice: Data, children: Mapping[str, Sequence[Data]]) -> Derived:  # noqa: ARG001 -- has none
    """A supplier's invoice: totals fit with tax inside or on top; lines sum to the items."""
    return _bought(invoice, "quantity")


def purchase_sums(order: Data, children: Mapping[str, Sequence[Data]]) -> Derived:  # noqa: ARG001 -- has none
    """A purchase order whose source states totals: they fit, and lines sum to the items."""
    return _bought(order, "ordered")


def _bought(document: Data, quantity: str) -> Derived:
    totals, lines = document.get("totals") or {}, document.get("lines") or ()
    return _derived(
        lambda: _totals(totals, (False, True)),
        lambda: _line_differences(lines, "amount", "unit_cost", quantity),
        lambda: _items_difference(lines, totals, "amount", "unit_cost", quantity),
    )


def totals_difference(order: Data) -> str:
    """Empty when the parts of an order's `totals` sum to its total; inclusive tax is a part of the items already."""
    return _totals(order.get("totals") or {}, (bool(order.get("tax_inclusive")),))


def _totals(totals: Mapping[str, Any], taxes_inside: Sequence[bool]) -> str:
    total = totals.get("total")
    if not total or not totals.get("items"):
        return ""
    currency, minor = total["currency"], _minor(total["amount"], total["currency"])
    parts = _sum([(f"totals.{name}", totals.get(name), sign) for name, sign in _SIGNS], currency)
    tax = _sum([("totals.tax", totals.get("tax"), 1)], currency)
    sums = [parts + (0 if inside else tax) for inside in taxes_inside]
    return "" if minor in sums else _differs("the total", minor, sums[0], currency)


def _line_differences(lines: Sequence[Any], total: str, price: str, quantity: str) -> str:
    """Lines whose amount is not price × quantity less their reduction, as exactly as the price is stated."""
    found = []
    for place, line in enumerate(lines):
        stated = line.get(total)
        if not stated or _is_plain(line, stated, price, quantity):
            continue
        exact = _exact(line, price, quantity)
        if exact is None or stated["currency"] != line[price]["currency"]:
            continue
        unit = Decimal(1).scaleb(-EXPONENTS[stated["currency"]])
        _, _, decimals = line[price]["amount"].partition(".")
        amount = Decimal(stated["amount"])
        slack = unit + abs(Decimal(str(line[quantity]))) * Decimal(5).scaleb(-len(decimals) - 1)
        tax = sum(
            (Decimal(each["amount"]["amount"]) for each in line.get("tax_lines") or () if each.get("amount")),
            Decimal(0),
        )
        if min(abs(exact - amount), abs(exact + tax - amount)) >= slack:
            shown = f"{abs(exact - amount).quantize(unit):f} {stated['currency']}"
            found.append(
                f"line {line.get('line_id') or line.get('line_no') or place + 1} differs from its price by {shown}"
            )
    return "; ".join(found[:3])


def _is_plain(line: Mapping[str, Any], stated: Mapping[str, str], price: str, quantity: str) -> bool:
    """Whether a line fits by whole numbers alone: pieces at a price in minor units. So nearly all do, and it is quick to say."""
    pieces, each, reduction = line.get(quantity), line.get(price), line.get("discount")
    if not each or pieces.__class__ is not str or not pieces.isdecimal() or each["currency"] != stated["currency"]:
        return False
    currency = stated["currency"]
    if len(each["amount"].partition(".")[2]) > EXPONENTS[currency] or (reduction and reduction["currency"] != currency):
        return False
    less = _minor(reduction["amount"], currency) if reduction else 0
    return _minor(each["amount"], currency) * int(pieces) - less == _minor(stated["amount"], currency)


def _exact(line: Mapping[str, Any], price: str, quantity: str) -> Decimal | None:
    """Price × quantity less the line's reduction, not rounded; None when either is not stated."""
    number, each = decimal_of(line.get(quantity)), line.get(price)
    if number is None or not each:
        return None
    reduction = line.get("discount")
    if reduction and reduction["currency"] != each["currency"]:
        return None
    return Decimal(each["amount"]) * number - (Decimal(reduction["amount"]) if reduction else 0)


def _items_difference(lines: Sequence[Any], totals: Mapping[str, Any], total: str, price: str, quantity: str) -> str:
    """The lines sum to the items: before or after their own reductions, rounded by line or once.

    Fees and tips that stand among the lines may be counted apart.
    """
    items = totals.get("items")
    if not items or not _all_stated(lines, total):
        return ""
    currency = items["currency"]
    reduced = _sum(_amounts(lines, "lines", total), currency)
    reductions = _sum(_amounts(lines, "lines", "discount"), currency)
    apart = {0, _sum(_amounts([line for line in lines if line.get("line_kind") == "fee"], "lines", total), currency)}
    if totals.get("tip") and totals["tip"]["currency"] == currency:
        apart.add(_minor(totals["tip"]["amount"], currency))
    stated = _minor(items["amount"], currency)
    if any(stated in (reduced - other, reduced + reductions - other) for other in apart):
        return ""
    exact = [_exact(line, price, quantity) for line in lines]
    if all(each is not None for each in exact):
        whole = sum((each for each in exact if each is not None), Decimal(0)).scaleb(EXPONENTS[currency])
        if any(abs(stated - whole - extra + other) < 1 for extra in (0, reductions) for other in apart):
            return ""
    nearest = min((reduced, reduced + reductions), key=lambda each: abs(stated - each))
    return _differs("totals.items", stated, nearest, currency)


def _all_stated(lines: Sequence[Any], name: str) -> bool:
    return bool(lines) and all(line.get(name) for line in lines)


def _amounts(lines: Iterable[Any], where: str, name: str) -> list[tuple[str, Any, int]]:
    return [(f"{where}[{place}].{name}", line.get(name), 1) for place, line in enumerate(lines)]


def _sum(parts: Iterable[tuple[str, Any, int]], currency: str) -> int:
    minor = 0
    for path, amount, sign in parts:
        if not amount:
            continue
        if amount["currency"] != currency:
            raise _Foreign(f"{path} is in {amount['currency']}, the total in {currency}")
        minor += sign * _minor(amount["amount"], currency)
    return minor


def _minor(amount: str, currency: str) -> int:
    whole, _, decimals = amount.partition(".")
    if len(decimals) == EXPONENTS[currency] and (whole + decimals).isdigit():
        return int(whole + decimals)  # as amounts lie in the store
    return Money.parse({"amount": amount, "currency": currency}).minor


def _differs(what: str, stated: int, parts: int, currency: str) -> str:
    if stated == parts:
        return ""
    return f"{what} differs from its parts by {format_minor(stated - parts, EXPONENTS[currency])} {currency}"


def _derived(*checks: Any) -> Derived:
    text = _told(*checks)
    return Derived({}, {"totals_differ": text} if text else {})


def _told(*checks: Any) -> str:
    found: list[str] = []
    for check in checks:
        try:
            found.append(check())
        except _Foreign as fault:
            found.append(str(fault))
    return "; ".join(dict.fromkeys(text for text in found if text))
