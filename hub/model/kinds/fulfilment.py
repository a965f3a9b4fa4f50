"""Goods that move between shop and customer: fulfilment and return."""

from __future__ import annotations

from hub.model.kind import Field, Kind, Text
from hub.model.kinds import parts
from hub.model.kinds.order import LINE_FIELDS

_LINE_QUANTITY = (
    Field("line_id", "text", Text("订单行", "Line of the order"), example="1"),
    Field("sku", "text", Text("货号", "SKU"), example="TEA-500"),
    Field("quantity", "decimal", Text("数量", "Quantity"), example="1", required=True),
)

FULFILMENT = Kind(
    name="fulfilment",
    plural="fulfilments",
    prefix="ful",
    title=Text("发货", "Fulfilment"),
    help=Text("一次发货或自提", "One parcel or pickup"),
    fields=(
        parts.ref("order", "order", Text("订单", "Order"), required=True),
        parts.enum(
            "state",
            Text("状态", "State"),
            "planned packed shipped in_transit ready_for_pickup delivered failed cancelled",
        ),
        parts.ref("location", "location", Text("发货地点", "Where it is sent from")),
        Field("lines", "list", Text("发货行", "Lines"), of="object", fields=_LINE_QUANTITY),
        Field(
            "tracking",
            "list",
            Text("物流单", "Tracking"),
            of="object",
            fields=(
                Field("carrier", "text", Text("承运商", "Carrier"), example="SF"),
                Field("number", "text", Text("运单号", "Number"), example="SF1234567890"),
                Field(
                    "url", "text", Text("查询网址", "Where to look"), example="https://www.sf-express.com/SF1234567890"
                ),
            ),
        ),
        Field("shipped_at", "time", Text("发货时间", "When it was sent")),
        Field("delivered_at", "time", Text("送达时间", "When it arrived")),
        Field("pickup_code", "text", Text("取货码", "Pickup code"), example="8-1234", pii="secret"),
    ),
    parent="order",
    lookups=("tracking.number",),
)

RETURN = Kind(
    name="return",
    plural="returns",
    prefix="rtn",
    title=Text("退货", "Return"),
    help=Text("退回的商品", "Goods that come back"),
    fields=(
        parts.ref("order", "order", Text("订单", "Order"), required=True),
        Field(
            "lines",
            "list",
            Text("退货行", "Lines"),
            of="object",
            fields=(
                Field("line_id", "text", Text("订单行", "Line of the order"), example="1"),
                Field("advised", "decimal", Text("申请数量", "Quantity advised"), example="1"),
                Field("received", "decimal", Text("收到数量", "Quantity received"), example="1"),
                Field("restocked", "decimal", Text("入库数量", "Quantity restocked"), example="1"),
                Field("scrapped", "decimal", Text("报废数量", "Quantity scrapped"), example="0"),
            ),
        ),
        parts.enum(
            "custody", Text("货物去向", "Where the goods are"), "advised in_transit received inspected not_returned"
        ),
        parts.enum("money", Text("退款情况", "What becomes of the money"), "not_refundable pending refunded denied"),
        Field("exchange_lines", "list", Text("换货行", "Lines given in exchange"), of="object", fields=LINE_FIELDS),
    ),
    parent="order",
)
