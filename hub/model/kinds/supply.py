"""Buying: suppliers, purchase orders, shipment notices, goods receipts, invoices."""

from __future__ import annotations

from hub.model.key import supplier_keys
from hub.model.kind import Field, Kind, Text
from hub.model.kinds import parts
from hub.model.kinds.order import TOTALS_FIELDS

_CONTACT_FIELDS = (
    Field("name", "text", Text("姓名", "Name"), example="王芳", pii="personal"),
    Field("role", "text", Text("职务", "Role"), example="sales"),
    Field("phone", "text", Text("电话", "Phone"), example="+8613900000002", pii="personal"),
    Field("email", "text", Text("邮箱", "E-mail"), example="sales@example.com", pii="personal"),
)

SUPPLIER = Kind(
    name="supplier",
    plural="suppliers",
    prefix="sup",
    title=Text("供应商", "Supplier"),
    help=Text("供货的企业", "A company that delivers goods"),
    fields=(
        Field("name", "text", Text("名称", "Name"), example="杭州茶厂", required=True),
        parts.texts("tax_ids", Text("税号", "Tax ids"), example="91330000MA1FL1234X"),
        Field("contacts", "list", Text("联系人", "Contacts"), of="object", fields=_CONTACT_FIELDS, pii="personal"),
        parts.addresses(),
        Field("currency", "text", Text("币种", "Currency, ISO 4217"), example="CNY", format="currency"),
        Field("lead_time_days", "integer", Text("交货周期", "Lead time"), unit="days", example=7),
        Field("minimum_order", "money", Text("起订金额", "Smallest order")),
        Field("state", "text", Text("状态", "State, in the source's word"), example="active"),
        Field("gln", "text", Text("全球位置码", "GS1 location number"), example="6901234000009"),
    ),
    keys=(supplier_keys,),
    lookups=("name",),
    names=("name",),
)

_SKU = Field("sku", "text", Text("货号", "SKU"), example="TEA-500")
_LINE_NO = Field("line_no", "text", Text("行号", "Line"), example="1")
_PO_NUMBER = Field("po_number", "text", Text("采购单号", "Purchase order"), example="PO-1001")
_UNIT = Field("unit", "text", Text("单位", "Unit"), example="case")
_LOT = Field("lot", "text", Text("批号", "Lot"), example="L20261101")
_EXPIRY = Field("expiry", "date", Text("有效期至", "Best before"), example="2028-05-01")
_QUANTITY = Field("quantity", "decimal", Text("数量", "Quantity"), example="10")
_PURCHASE_ORDERS = Field(
    "purchase_orders",
    "list",
    Text("采购单", "Purchase orders"),
    of="ref",
    ref="purchase_order",
    example=[parts.source_key("purchase_order")],
)

PURCHASE_ORDER = Kind(
    name="purchase_order",
    plural="purchase_orders",
    prefix="pur",
    title=Text("采购单", "Purchase order"),
    help=Text("向供应商的订货", "What is ordered from a supplier"),
    fields=(
        Field("number", "text", Text("单号", "Number"), example="PO-1001"),
        Field("version", "integer", Text("版本", "Version"), example=1),
        parts.ref("supplier", "supplier", Text("供应商", "Supplier")),
        parts.ref("ship_to", "location", Text("收货地点", "Where it goes")),
        Field("currency", "text", Text("币种", "Currency, ISO 4217"), example="CNY", format="currency"),
        parts.enum(
            "state", Text("状态", "State"), "draft sent acknowledged partially_received received closed cancelled"
        ),
        Field(
            "lines",
            "list",
            Text("采购行", "Lines"),
            of="object",
            fields=(
                _LINE_NO,
                _SKU,
                Field("supplier_sku", "text", Text("供应商货号", "The supplier's SKU"), example="HZ-77"),
                Field("gtin", "text", Text("商品条码", "GTIN"), example="06901234567892"),
                _UNIT,
                Field("ordered", "decimal", Text("订购数量", "Ordered"), unit="in `unit`", example="10"),
                Field("acknowledged", "decimal", Text("确认数量", "Acknowledged"), unit="in `unit`", example="10"),
                Field("shipped", "decimal", Text("发货数量", "Shipped"), unit="in `unit`", example="10"),
                Field("received", "decimal", Text("收货数量", "Received"), unit="in `unit`", example="10"),
                Field("unit_cost", "unit_price", Text("单位成本", "Cost of one unit")),
                Field("amount", "money", Text("金额", "What the line comes to, where the source states it")),
                Field("requested_date", "date", Text("要求日期", "Day asked for"), example="2026-12-01"),
                Field("promised_date", "date", Text("承诺日期", "Day promised"), example="2026-12-02"),
            ),
        ),
        Field("totals", "object", Text("金额合计", "Totals, where the source states them"), fields=TOTALS_FIELDS),
    ),
    lookups=("number",),
)

SHIPMENT_NOTICE = Kind(
    name="shipment_notice",
    plural="shipment_notices",
    prefix="asn",
    title=Text("发货通知", "Shipment notice"),
    help=Text("供应商的发货通知", "A supplier's notice of what is on its way"),
    fields=(
        Field("number", "text", Text("单号", "Number, unique per supplier"), example="ASN-1"),
        parts.ref("supplier", "supplier", Text("供应商", "Supplier")),
        _PURCHASE_ORDERS,
        Field("eta", "time", Text("预计到达", "When it should arrive")),
        Field("carrier", "text", Text("承运商", "Carrier"), example="SF"),
        Field("tracking", "text", Text("运单号", "Tracking number"), example="SF1234567890"),
        Field(
            "packages",
            "list",
            Text("包装", "Packages"),
            of="object",
            fields=(
                Field("sscc", "text", Text("物流单元代码", "SSCC"), example="369012340000000017"),
                Field(
                    "lines",
                    "list",
                    Text("明细", "Lines"),
                    of="object",
                    fields=(_PO_NUMBER, _LINE_NO, _SKU, _QUANTITY, _UNIT, _LOT, _EXPIRY),
                ),
            ),
        ),
        Field("state", "text", Text("状态", "State, in the source's word"), example="sent"),
    ),
    lookups=("number",),
)

GOODS_RECEIPT = Kind(
    name="goods_receipt",
    plural="goods_receipts",
    prefix="grn",
    title=Text("收货单", "Goods receipt"),
    help=Text("收到的货物", "Goods that arrived"),
    fields=(
        Field("number", "text", Text("单号", "Number"), example="GR-1"),
        _PURCHASE_ORDERS,
        parts.ref("shipment_notice", "shipment_notice", Text("发货通知", "Shipment notice")),
        parts.ref("location", "location", Text("收货地点", "Where it arrived")),
        Field(
            "lines",
            "list",
            Text("收货行", "Lines"),
            of="object",
            fields=(
                _PO_NUMBER,
                _LINE_NO,
                _SKU,
                _QUANTITY,
                Field("rejected", "decimal", Text("拒收数量", "Rejected"), example="0"),
                Field("reason", "text", Text("拒收原因", "Why"), example="damaged"),
                _LOT,
                _EXPIRY,
            ),
        ),
        Field("received_at", "time", Text("收货时间", "When it arrived")),
    ),
    lookups=("number",),
)

SUPPLIER_INVOICE = Kind(
    name="supplier_invoice",
    plural="supplier_invoices",
    prefix="inv",
    title=Text("供应商发票", "Supplier invoice"),
    help=Text("供应商开具的发票", "A supplier's invoice"),
    fields=(
        Field("number", "text", Text("发票号", "Number"), example="INV-1"),
        parts.ref("supplier", "supplier", Text("供应商", "Supplier")),
        _PURCHASE_ORDERS,
        Field("date", "date", Text("开票日期", "Date"), example="2026-12-05"),
        Field(
            "lines",
            "list",
            Text("发票行", "Lines"),
            of="object",
            fields=(
                _PO_NUMBER,
                _LINE_NO,
                _SKU,
                Field("title", "text", Text("名称", "Title"), example="龙井茶"),
                _QUANTITY,
                _UNIT,
                Field("unit_cost", "unit_price", Text("单位成本", "Cost of one unit")),
                Field("amount", "money", Text("金额", "Amount")),
            ),
        ),
        Field("totals", "object", Text("金额合计", "Totals"), fields=TOTALS_FIELDS),
        Field("credit_note", "boolean", Text("红字发票", "It is a credit note")),
    ),
    lookups=("number",),
)
