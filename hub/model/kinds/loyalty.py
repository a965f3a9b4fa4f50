"""What a customer agreed to, earned, did, and how people belong together."""

from __future__ import annotations

from hub.model.key import cause_keys
from hub.model.kind import Field, Kind, Text
from hub.model.kinds import parts

CONSENT = Kind(
    name="consent",
    plural="consents",
    prefix="cst",
    title=Text("授权同意", "Consent"),
    help=Text("顾客对联系方式的同意或拒绝", "What somebody agreed to or refused"),
    fields=(
        parts.ref("customer", "customer", Text("顾客", "Customer")),
        parts.identity("identity", Text("标识", "The number or address it is about")),
        Field("channel", "text", Text("渠道", "Channel"), example="sms"),
        Field("purpose", "text", Text("用途", "Purpose"), example="marketing"),
        parts.enum(
            "status",
            Text("状态", "Status"),
            "granted denied withdrawn objected expired",
            required=True,
            group="consent",
        ),
        Field("basis", "text", Text("法律依据", "Legal basis"), example="consent", group="consent"),
        Field("captured_at", "time", Text("取得时间", "When it was given"), group="consent"),
        Field("captured_via", "text", Text("取得方式", "How it was given"), example="till", group="consent"),
        Field(
            "evidence",
            "text",
            Text("证据", "Evidence"),
            example="form:2026-11-22/17",
            pii="personal",
            group="consent",
        ),
        Field("jurisdiction", "text", Text("法域", "Jurisdiction"), example="CN", group="consent"),
        Field(
            "refused_at",
            "time",
            Text(
                "拒绝效力截至（不同于取得时间时）",
                "Until when no grant lifts the refusal, where that is not `captured_at`",
            ),
            derived=True,
        ),
    ),
)

PROGRAMME = Kind(
    name="programme",
    plural="programmes",
    prefix="prg",
    title=Text("会员计划", "Programme"),
    help=Text("积分或会员计划", "A loyalty programme"),
    fields=(
        Field("code", "text", Text("编码", "Code"), example="points", required=True),
        Field("brand", "text", Text("品牌", "Brand"), example="茶语"),
        Field("owner", "text", Text("管理方", "`hub` or the connection that owns it"), example="hub"),
        Field("stated_balance", "decimal", Text("外部余额", "Balance the owner states"), unit="points", example="1200"),
        Field("rules", "map", Text("规则", "Rules"), example={"earn": "1"}),
    ),
    lookups=("code",),
)

LOYALTY_ENTRY = Kind(
    name="loyalty_entry",
    plural="loyalty_entries",
    prefix="lye",
    title=Text("积分明细", "Loyalty entry"),
    help=Text("一笔积分变动", "One change of points"),
    fields=(
        parts.ref("customer", "customer", Text("顾客", "Customer"), required=True),
        parts.ref("programme", "programme", Text("会员计划", "Programme")),
        parts.enum("type", Text("类型", "Type"), "earn redeem clawback restore expire adjust"),
        Field("points", "decimal", Text("积分（可为负）", "Points, negative when spent"), unit="points", example="10"),
        Field("cause_key", "text", Text("唯一业务键", "What caused it, unique"), example="order:1001"),
        parts.ref("order", "order", Text("订单", "Order")),
        Field("available_at", "time", Text("可用时间", "From when it may be used")),
        Field("expires_at", "time", Text("到期时间", "Until when it may be used")),
    ),
    keys=(cause_keys,),
    lookups=("cause_key",),
)

BEHAVIOUR = Kind(
    name="behaviour",
    plural="behaviours",
    prefix="bhv",
    title=Text("行为", "Behaviour"),
    help=Text("顾客的一次行为", "One thing somebody did"),
    fields=(
        parts.ref("customer", "customer", Text("顾客", "Customer")),
        parts.identity("identity", Text("标识", "Who, when the customer is not known")),
        Field(
            "type",
            "text",
            Text("类型", "Type: view, search, cart, visit, try_on, scan, share or another"),
            example="view",
        ),
        Field("subject", "text", Text("对象", "What it was about"), example="product:TEA-500"),
        parts.ref("location", "location", Text("地点", "Where")),
        Field("occurred_at", "time", Text("发生时间", "When it happened")),
        Field("properties", "map", Text("属性", "Properties"), example={"query": "龙井"}, pii="personal"),
    ),
)

RELATION = Kind(
    name="relation",
    plural="relations",
    prefix="rel",
    title=Text("关系", "Relation"),
    help=Text("两位顾客之间的关系", "How two customers belong together"),
    fields=(
        parts.ref("a", "customer", Text("一方", "One"), required=True),
        parts.ref("b", "customer", Text("另一方", "The other"), required=True),
        Field("type", "text", Text("类型", "Type: household, employer, referrer or another"), example="household"),
        Field("since", "date", Text("开始日期", "Since"), example="2026-01-01"),
        Field("until", "date", Text("结束日期", "Until"), example="2026-12-31"),
        Field("evidence", "text", Text("证据", "Evidence"), example="same address", pii="personal"),
    ),
)
