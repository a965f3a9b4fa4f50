"""Order: what was sold. Payments, refunds, fulfilments and returns are records of their own that refer to it."""

from __future__ import annotations

from hub.model.kind import Field, Kind, Text
from hub.model.kinds import parts

TAX_LINE_FIELDS = (
    Field("name", "text", Text("税种", "Name of the tax"), example="VAT"),
    Field("rate", "decimal", Text("税率", "Rate"), unit="1 = 100 %", example="0.13"),
    Field("amount", "money", Text("税额", "Amount")),
    Field("inclusive", "boolean", Text("价内税", "Contained in the price")),
)

LINE_FIELDS = (
    Field("line_id", "text", Text("行标识", "Id of the line at its source"), example="1"),
    parts.ref("product", "product", Text("商品", "Product")),
    Field("sku", "text", Text("货号", "SKU at the source"), example="TEA-500"),
    Field("barcode", "text", Text("条码", "Barcode"), example="6901234567892"),
    Field("title", "text", Text("商品名称（下单时）", "Title when it was sold"), example="龙井茶 500g", required=True),
    Field("options", "map", Text("规格", "Chosen options"), example={"size": "500g"}),
    Field("quantity", "decimal", Text("数量", "Quantity"), unit="in `unit`", example="2", required=True),
    Field("unit", "text", Text("单位", "Unit; pieces when not said"), example="kg"),
    Field("unit_price", "unit_price", Text("单价", "Price of one unit")),
    Field("list_price", "unit_price", Text("原价", "Price before any reduction")),
    Field("discount", "money", Text("优惠", "Reduction of the whole line")),
    Field("tax_lines", "list", Text("税", "Taxes"), of="object", fields=TAX_LINE_FIELDS),
    Field("total", "money", Text("行金额", "What the line comes to")),
    parts.enum(
        "line_kind",
        Text("行类型", "What the line is; product when not said"),
        "product service gift_card fee exchange_in exchange_out bundle",
    ),
)

_DISCOUNT_FIELDS = (
    Field("code", "text", Text("优惠码", "Code"), example="WELCOME20"),
    Field("title", "text", Text("优惠名称", "Name"), example="新客立减"),
    Field("type", "text", Text("优惠类型", "Type, in the source's word"), example="fixed_amount"),
    Field("amount", "money", Text("优惠金额", "Amount")),
)

_SHIPPING_FIELDS = (
    Field("title", "text", Text("配送方式", "Name"), example="顺丰"),
    Field("code", "text", Text("配送代码", "Code"), example="SF"),
    Field("amount", "money", Text("运费", "Amount")),
)

TOTALS_FIELDS = tuple(
    Field(name, "money", Text(zh, en))
    for name, zh, en in (
        ("items", "商品金额", "All lines before order reductions"),
        ("discount", "优惠金额", "All reductions, positive"),
        ("shipping", "运费", "Shipping"),
        ("tax", "税额", "Tax"),
        ("fees", "费用", "Fees"),
        ("tip", "小费", "Tip"),
        ("rounding", "抹零", "Rounding, may be negative"),
        ("total", "总额", "What is to be paid; the source's word is the truth"),
    )
)

ORDER = Kind(
    name="order",
    plural="orders",
    prefix="ord",
    title=Text("订单", "Order"),
    help=Text("一次销售", "One sale"),
    fields=(
        Field("number", "text", Text("订单号", "Number people use"), example="#1001"),
        Field("channel", "text", Text("渠道", "Where it was sold"), example="web"),
        parts.ref("store", "location", Text("门店", "Store")),
        Field("terminal", "text", Text("收银终端", "Till"), example="T02"),
        parts.ref("cashier", "staff", Text("收银员", "Cashier")),
        parts.ref("customer", "customer", Text("顾客", "Customer")),
        Field("placed_at", "time", Text("下单时间", "When it was placed")),
        Field("business_date", "date", Text("营业日", "Business day of the store"), example="2026-11-22"),
        Field("currency", "text", Text("币种", "Currency, ISO 4217"), example="CNY", format="currency"),
        Field(
            "presentment_currency",
            "text",
            Text("顾客币种", "Currency the customer saw"),
            example="CNY",
            format="currency",
        ),
        Field("tax_inclusive", "boolean", Text("价格含税", "Prices contain tax")),
        Field("lines", "list", Text("商品行", "Lines"), of="object", fields=LINE_FIELDS),
        Field("discounts", "list", Text("优惠", "Reductions"), of="object", fields=_DISCOUNT_FIELDS),
        Field("shipping", "list", Text("配送", "Shipping"), of="object", fields=_SHIPPING_FIELDS),
        Field("totals", "object", Text("金额合计", "Totals"), fields=TOTALS_FIELDS),
        parts.enum("state", Text("状态", "State"), "open completed cancelled"),
        Field("cancelled_at", "time", Text("取消时间", "When it was cancelled")),
        Field("cancel_reason", "text", Text("取消原因", "Why it was cancelled"), example="customer"),
        Field("buyer_note", "text", Text("买家留言", "Note of the buyer"), example="请放前台", pii="personal"),
        Field("staff_note", "text", Text("店员备注", "Note of the staff"), example="已电话确认", pii="personal"),
        Field(
            "addresses",
            "object",
            Text("地址", "Addresses"),
            pii="personal",
            fields=(
                parts.address("billing", Text("账单地址", "Billing address")),
                parts.address("shipping", Text("收货地址", "Shipping address")),
            ),
        ),
        parts.enum(
            "payment_state",
            Text("付款状态", "Derived from payments and refunds"),
            "unpaid pending authorized partially_paid paid overpaid partially_refunded refunded voided charged_back",
            derived=True,
        ),
        parts.enum(
            "fulfilment_state",
            Text("发货状态", "Derived from fulfilments"),
            "unfulfilled in_progress partially_fulfilled fulfilled delivered",
            derived=True,
        ),
        parts.enum(
            "return_state",
            Text("退货状态", "Derived from returns"),
            "none advised in_transit partially_received received not_returned",
            derived=True,
        ),
        Field("paid", "money", Text("已付", "Captured payments"), derived=True),
        Field("refunded", "money", Text("已退", "Succeeded refunds"), derived=True),
        Field(
            "outstanding",
            "money",
            Text("未付", "What is still to be paid: the total less what was cancelled and what was paid"),
            derived=True,
        ),
    ),
    lookups=("number",),
)
