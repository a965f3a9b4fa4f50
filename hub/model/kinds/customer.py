"""Customer: a person or company that buys."""

from __future__ import annotations

from hub.model.key import identity_keys
from hub.model.kind import Field, Kind, Text
from hub.model.kinds import parts

_BIRTHDAY = (
    Field("year", "integer", Text("年", "Year"), example=1990, pii="personal"),
    Field("month", "integer", Text("月", "Month, 1 to 12"), example=5, pii="personal", required=True),
    Field("day", "integer", Text("日", "Day of the month"), example=1, pii="personal", required=True),
    parts.enum("calendar", Text("历法", "Calendar; gregorian when not said"), "gregorian lunar"),
)

CUSTOMER = Kind(
    name="customer",
    plural="customers",
    prefix="cus",
    title=Text("顾客", "Customer"),
    help=Text("购买商品的个人或企业", "A person or company that buys"),
    fields=(
        Field("full_name", "text", Text("姓名", "Whole name"), example="欧阳娜娜", pii="personal", group="name"),
        Field("given_name", "text", Text("名", "Given name"), example="娜娜", pii="personal", group="name"),
        Field("family_name", "text", Text("姓", "Family name"), example="欧阳", pii="personal", group="name"),
        Field("nickname", "text", Text("昵称", "Nickname"), example="小欧", pii="personal"),
        parts.enum("gender", Text("性别", "Gender"), "unknown male female other"),
        Field("birthday", "object", Text("生日", "Birthday"), fields=_BIRTHDAY, pii="personal"),
        parts.enum("person_or_company", Text("个人或企业", "Person or company"), "person company"),
        Field("company_name", "text", Text("公司名称", "Company name"), example="茶语有限公司"),
        parts.texts("tax_ids", Text("税号", "Tax ids"), example="91310000MA1FL1234X", pii="sensitive"),
        Field("language", "text", Text("语言", "Language, BCP 47"), example="zh-CN"),
        parts.identities(),
        parts.addresses(),
        parts.texts("tags", Text("标签", "Tags"), example="vip"),
        Field("status", "text", Text("状态", "Status, in the source's word"), example="enabled"),
        parts.ref("home_store", "location", Text("所属门店", "Home store")),
        Field("acquired_via", "text", Text("获客渠道", "Where the customer came from"), example="miniprogram"),
        Field("note", "text", Text("备注", "Note"), example="周末配送", pii="personal"),
        Field(
            "balances",
            "list",
            Text("积分余额", "Points per programme: the sum of the entries"),
            of="object",
            fields=(
                parts.ref("programme", "programme", Text("会员计划", "Programme")),
                Field("points", "decimal", Text("积分", "Points"), unit="points", example="120"),
            ),
            derived=True,
        ),
        Field(
            "consents",
            "list",
            Text("当前授权", "What may be sent: the state that holds now, of all acts of consent"),
            of="object",
            fields=(
                Field("channel", "text", Text("渠道", "Channel"), example="sms"),
                Field("purpose", "text", Text("用途", "Purpose"), example="marketing"),
                parts.identity("identity", Text("标识", "The number or address it is about")),
                parts.enum("status", Text("状态", "Status"), "granted denied withdrawn objected expired"),
                Field("captured_at", "time", Text("取得时间", "When it was given")),
            ),
            pii="personal",
            derived=True,
        ),
    ),
    keys=(identity_keys,),
    lookups=("full_name", "nickname", "company_name"),
    names=("full_name", "nickname", "company_name"),
)
