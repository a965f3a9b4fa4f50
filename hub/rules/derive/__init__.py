"""Stratum 2: what the records around a golden record say about it. Pure functions of golden data."""

from __future__ import annotations

from hub.model.derivation import Derivation, Derived, ordered
from hub.rules.derive.customer import derive_customer
from hub.rules.derive.order import derive_order
from hub.rules.derive.stock import derive_stock_level
from hub.rules.derive.sums import invoice_sums, purchase_sums, refund_sums, settlement_sums

_OF_ORDER = ("payment", "refund", "fulfilment", "return")
BUILT_IN = ordered(
    (
        Derivation(
            "order",
            derive_order,
            ("payment_state", "fulfilment_state", "return_state", "paid", "refunded", "outstanding"),
            dict.fromkeys(_OF_ORDER, "order"),
        ),
        Derivation(
            "customer",
            derive_customer,
            ("balances", "consents"),
            {"loyalty_entry": "customer", "consent": "customer"},
            may_object=False,
        ),
        Derivation("stock_level", derive_stock_level, ("available",), may_object=False),
        Derivation("refund", refund_sums),
        Derivation("settlement", settlement_sums),
        Derivation("supplier_invoice", invoice_sums),
        Derivation("purchase_order", purchase_sums),
    )
)

__all__ = ["BUILT_IN", "Derived", "derive_customer", "derive_order", "derive_stock_level"]
