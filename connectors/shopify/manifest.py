"""What the hub and its people know of Shopify without asking it."""

from __future__ import annotations

from hub.sdk.connector import ConfigField, Manifest, Stream, Text

SHOP_PATTERN = r"^[a-z0-9][a-z0-9-]*\.myshopify\.com$"
API_VERSION = "2026-07"
HUB_FIELD = "retail_hub.hub_ref"

CONFIG = (
    ConfigField(
        "shop",
        Text("店铺域名，以 .myshopify.com 结尾", "The shop's own domain, ending in .myshopify.com"),
        required=True,
        example="demo.myshopify.com",
        pattern=SHOP_PATTERN,
    ),
    ConfigField(
        "secret",
        Text(
            "应用的客户端密钥，用于校验 Webhook 签名；轮换期间可同时填写多个",
            "The app's client secret, which signs webhooks; give several while rotating",
        ),
        secret=True,
        required=True,
        example="shpss_0123456789abcdef",
    ),
    ConfigField(
        "access_token",
        Text(
            "Admin API 访问令牌；只收 Webhook 时可不填", "Admin API access token; not needed to receive webhooks only"
        ),
        secret=True,
        example="shpat_0123456789abcdef",
    ),
    ConfigField(
        "api_version",
        Text("固定使用的 Admin API 版本", "The Admin API version that is asked for"),
        default=API_VERSION,
        example=API_VERSION,
        pattern=r"^20\d\d-(01|04|07|10)$",
    ),
    ConfigField(
        "hub_field",
        Text(
            "存放本系统编号的顾客元字段（命名空间.键）；不存在时自动创建",
            "Customer metafield (namespace.key) that holds the hub's id; made when it is missing",
        ),
        default=HUB_FIELD,
        example=HUB_FIELD,
        pattern=r"^[A-Za-z0-9$:_-]{3,255}\.[A-Za-z0-9_-]{2,64}$",
    ),
    ConfigField(
        "idempotent_mutations",
        Text(
            "额外带 @idempotent 指令的 mutation 名称（逗号分隔）；通常留空",
            "Further mutations that are sent with @idempotent, by name and with commas; usually left empty",
        ),
        example="customerSet",
        pattern=r"^[A-Za-z]\w*(, ?[A-Za-z]\w*)*$",
    ),
    ConfigField(
        "page_size",
        Text("每页记录数；通常留空", "Records per page; usually left empty"),
        example="20",
        pattern=r"^([1-9]\d?|1\d\d|2[0-4]\d|250)$",
    ),
    ConfigField(
        "base_url",
        Text(
            "改用此地址访问 Admin API（模拟器或代理）；通常留空", "Reach the Admin API here instead (simulator, proxy)"
        ),
        example="http://127.0.0.1:9292",
        pattern=r"^https?://[^\s/]+$",
    ),
)

STREAMS = (
    Stream(
        "customers",
        ("customer",),
        topics=(
            "customers/create",
            "customers/update",
            "customers/enable",
            "customers/disable",
            "customers/delete",
            "customers.pull",
        ),
        directions=("in", "out"),
        pull=True,
        enumerates=True,
        help=Text("顾客", "Customers"),
    ),
    Stream(
        "orders",
        ("order", "refund", "fulfilment", "payment"),
        topics=(
            "orders/create",
            "orders/updated",
            "orders/edited",
            "orders/cancelled",
            "orders/paid",
            "orders/fulfilled",
            "orders/partially_fulfilled",
            "orders/delete",
            "orders.pull",
        ),
        pull=True,
        enumerates=True,
        help=Text("订单，含其退款、发货和交易", "Orders with their refunds, fulfilments and transactions"),
    ),
    Stream("refunds", ("refund",), topics=("refunds/create",), help=Text("退款", "Refunds")),
    Stream(
        "fulfillments",
        ("fulfilment",),
        topics=("fulfillments/create", "fulfillments/update"),
        help=Text("发货", "Fulfilments"),
    ),
    Stream(
        "transactions",
        ("payment",),
        topics=("order_transactions/create",),
        help=Text("订单交易（收款）", "Order transactions (payments)"),
    ),
    Stream(
        "products",
        ("product",),
        topics=("products/create", "products/update", "products/delete", "products.pull"),
        pull=True,
        enumerates=True,
        help=Text("商品及其规格", "Products with their variants"),
    ),
    Stream(
        "locations",
        ("location",),
        topics=("locations.pull",),
        pull=True,
        enumerates=True,
        help=Text("门店与仓库", "Shops and warehouses"),
    ),
)

PAUSING_TOPICS = ("app/uninstalled",)
PRIVACY_TOPICS = ("customers/redact", "customers/data_request", "shop/redact")
# What an app is often subscribed to beside the above; it changes nothing that the streams do not carry.
NOTICES = (
    "app/scopes_update",
    "customers/merge",
    "customer.tags_added",
    "customer.tags_removed",
    "customers_email_marketing_consent/update",
    "customers_marketing_consent/update",
    "fulfillment_events/create",
    "inventory_items/create",
    "inventory_items/delete",
    "inventory_items/update",
    "inventory_levels/connect",
    "inventory_levels/disconnect",
    "inventory_levels/update",
    "locations/activate",
    "locations/create",
    "locations/deactivate",
    "locations/delete",
    "locations/update",
    "shop/update",
)

MANIFEST = Manifest(
    name="shopify",
    title=Text("Shopify 网店", "Shopify"),
    help=Text(
        "通过 Webhook 和 GraphQL Admin API 读取顾客、订单、收款、退款、发货、商品和门店，并写入顾客",
        "Reads customers, orders, payments, refunds, fulfilments, products and locations, and writes customers",
    ),
    api_version=API_VERSION,
    sdk=">=0.1",
    hosts=("{shop}", "{base_url}"),
    config=CONFIG,
    streams=STREAMS,
    capabilities=("delete",),
    # Shopify counts cost points, not calls, and says in each answer how many are left; this only keeps us polite.
    rate={"per_second": 40, "burst": 80, "concurrency": 8},
    pausing_topics=PAUSING_TOPICS,
    unmapped_topics=(*PAUSING_TOPICS, *PRIVACY_TOPICS, *NOTICES),
)
