"""The kinds of the first release. A plugin may register more."""

from __future__ import annotations

from hub.model.kind import Kind
from hub.model.kinds.customer import CUSTOMER
from hub.model.kinds.fulfilment import FULFILMENT, RETURN
from hub.model.kinds.loyalty import BEHAVIOUR, CONSENT, LOYALTY_ENTRY, PROGRAMME, RELATION
from hub.model.kinds.message import CONVERSATION, MESSAGE
from hub.model.kinds.order import ORDER
from hub.model.kinds.payment import PAYMENT, REFUND, SETTLEMENT
from hub.model.kinds.place import LOCATION, STAFF
from hub.model.kinds.product import PRODUCT
from hub.model.kinds.stock import STOCK_LEVEL, STOCK_MOVEMENT
from hub.model.kinds.supply import GOODS_RECEIPT, PURCHASE_ORDER, SHIPMENT_NOTICE, SUPPLIER, SUPPLIER_INVOICE

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        CUSTOMER,
        ORDER,
        PAYMENT,
        REFUND,
        FULFILMENT,
        RETURN,
        SETTLEMENT,
        PRODUCT,
        LOCATION,
        STAFF,
        STOCK_LEVEL,
        STOCK_MOVEMENT,
        CONVERSATION,
        MESSAGE,
        SUPPLIER,
        PURCHASE_ORDER,
        SHIPMENT_NOTICE,
        GOODS_RECEIPT,
        SUPPLIER_INVOICE,
        CONSENT,
        PROGRAMME,
        LOYALTY_ENTRY,
        BEHAVIOUR,
        RELATION,
    )
}

__all__ = ["KINDS"]
