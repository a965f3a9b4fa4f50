"""Money that moves: payment, refund, and the provider's settlement."""

from __future__ import annotations

from hub.model.key import provider_keys
from hub.model.kind import Field, Kind, Text
from hub.model.kinds import parts

METHODS = "cash card wechat_pay alipay unionpay transfer points gift_card cod other"

PAYMENT = Kind(
    name="payment",
    plural="payments",
    prefix="pay",
    title=Text("付款", "Payment"),
    help=Text("订单的一笔付款", "One payment of an order"),
    fields=(
        parts.ref("order", "order", Text("订单", "Order"), required=True),
        Field("provider", "text", Text("支付服务商", "Payment provider"), example="wechat_pay"),
        parts.enum("method", Text("支付方式", "Method"), METHODS),
        Field("merchant_ref", "text", Text("商户单号", "Our number at the provider"), example="P20261122001"),
        Field(
            "provider_ref", "text", Text("服务商交易号", "The provider's number, unique there"), example="4200001234"
        ),
        parts.enum("state", Text("状态", "State"), "pending authorized captured failed voided chargeback"),
        Field("amount", "money", Text("金额", "Amount"), required=True),
        Field("fee", "money", Text("手续费", "The provider's fee")),
        parts.identity("payer", Text("付款人", "Who paid")),
        Field("authorized_at", "time", Text("授权时间", "When it was authorized")),
        Field("captured_at", "time", Text("收款时间", "When the money was taken")),
    ),
    parent="order",
    keys=(provider_keys,),
    lookups=("provider_ref", "merchant_ref"),
)

REFUND = Kind(
    name="refund",
    plural="refunds",
    prefix="ref",
    title=Text("退款", "Refund"),
    help=Text("退还的一笔钱", "Money given back"),
    fields=(
        parts.ref("order", "order", Text("订单", "Order"), required=True),
        parts.ref("payment", "payment", Text("原付款", "Payment it gives back")),
        Field("provider", "text", Text("支付服务商", "Payment provider"), example="wechat_pay"),
        Field("provider_ref", "text", Text("服务商退款号", "The provider's number"), example="5030001234"),
        parts.enum("state", Text("状态", "State"), "pending succeeded failed"),
        Field("amount", "money", Text("金额", "Amount"), required=True),
        Field(
            "lines",
            "list",
            Text("退款行", "Lines"),
            of="object",
            fields=(
                Field("line_id", "text", Text("订单行", "Line of the order"), example="1"),
                Field("quantity", "decimal", Text("数量", "Quantity"), example="1"),
                Field("amount", "money", Text("金额（含税）", "What went back for it, with tax")),
                parts.enum("restock", Text("入库方式", "What becomes of the goods"), "none return cancel"),
            ),
        ),
        Field("shipping_amount", "money", Text("退运费", "Shipping given back")),
        Field("reason", "text", Text("原因", "Reason"), example="damaged"),
        Field("requested_at", "time", Text("申请时间", "When it was asked for")),
        Field("settled_at", "time", Text("完成时间", "When the money was given back")),
    ),
    parent="order",
    keys=(provider_keys,),
    lookups=("provider_ref",),
)

SETTLEMENT = Kind(
    name="settlement",
    plural="settlements",
    prefix="set",
    title=Text("结算", "Settlement"),
    help=Text("支付服务商的结算批次", "A provider's settlement batch"),
    fields=(
        Field("provider", "text", Text("支付服务商", "Payment provider"), example="alipay"),
        Field("date", "date", Text("结算日期", "Day settled"), example="2026-11-22"),
        Field("batch", "text", Text("批次号", "Batch"), example="B001"),
        Field("currency", "text", Text("币种", "Currency, ISO 4217"), example="CNY", format="currency"),
        Field("gross", "money", Text("总收款", "Payments")),
        Field("refunds", "money", Text("退款", "Refunds")),
        Field("fees", "money", Text("手续费", "Fees")),
        Field("net", "money", Text("净额", "What was paid out")),
        Field(
            "lines",
            "list",
            Text("明细", "Lines"),
            of="object",
            fields=(
                Field("provider_ref", "text", Text("服务商交易号", "The provider's number"), example="4200001234"),
                Field("type", "text", Text("类型", "Type"), example="payment"),
                Field("amount", "money", Text("金额（退款为负）", "Amount, negative for a refund")),
                Field("fee", "money", Text("手续费", "Fee")),
            ),
        ),
    ),
    lookups=("batch",),
)
