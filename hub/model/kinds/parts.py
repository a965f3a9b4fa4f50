"""Objects that several kinds are made of: address, identity, party, quantities by line."""

from __future__ import annotations

from hub.model.address import tidy_address
from hub.model.identity import NAMESPACES, ROLES, VERIFICATIONS, tidy_identity
from hub.model.kind import Field, PiiClass, Text

_PLURALS = {"staff": "staff"}

ADDRESS_FIELDS = (
    Field("country", "text", Text("国家或地区代码", "ISO 3166-1 alpha-2 code"), example="CN"),
    Field("province", "text", Text("省、直辖市或自治区", "Province or state"), example="上海市"),
    Field("city", "text", Text("城市", "City"), example="上海市"),
    Field("district", "text", Text("区县", "District or county"), example="静安区"),
    Field("street", "text", Text("详细地址", "Street and everything below"), example="南京西路 1 号", pii="personal"),
    Field("postcode", "text", Text("邮政编码", "Postal code"), example="200041"),
    Field("adcode", "text", Text("行政区划代码", "GB/T 2260 code of the district"), example="310106"),
    Field("recipient_name", "text", Text("收件人", "Recipient"), example="李雷", pii="personal"),
    Field("recipient_phone", "text", Text("收件人电话", "Recipient's phone"), example="+8613900000001", pii="personal"),
    Field(
        "raw",
        "text",
        Text("来源原文", "As the source wrote it"),
        example="上海市静安区南京西路 1 号",
        pii="personal",
    ),
)

IDENTITY_FIELDS = (
    Field(
        "namespace",
        "text",
        Text("标识类型", f"What the value is: {', '.join(NAMESPACES)} or another"),
        example="phone",
        required=True,
    ),
    Field(
        "scope",
        "text",
        Text("适用范围（应用、开放平台账号、企业或品牌）", "Within what: app, platform account, corp, brand"),
        example="brand-a",
    ),
    Field("value", "text", Text("标识值", "The value"), example="+8613900000001", pii="personal", required=True),
    Field("verified", "enum", Text("验证方式", "How it was proven"), choices=VERIFICATIONS, example="otp"),
    Field("role", "enum", Text("性质", "Whose it is"), choices=ROLES, example="personal"),
    Field(
        "raw",
        "text",
        Text("来源原文", "As the source wrote it, when that differs"),
        example="139 0000 0001",
        pii="personal",
    ),
)

UNTIL = "until"
"""Of an identity of a golden record: since when it is another person's."""


def address(name: str, help_: Text, *, group: str = "") -> Field:
    """One address: survives as one tuple."""
    return Field(name, "object", help_, fields=ADDRESS_FIELDS, pii="personal", group=group, tidy=tidy_address)


def addresses() -> Field:
    """A list of addresses, identified by where they are and who receives there."""
    identity = ("country", "province", "city", "district", "street", "postcode", "recipient_name", "recipient_phone")
    return Field(
        "addresses",
        "list",
        Text("地址", "Addresses"),
        of="object",
        fields=ADDRESS_FIELDS,
        identity=identity,
        pii="personal",
        tidy=tidy_address,
    )


def identity(name: str, help_: Text) -> Field:
    """One identity."""
    return Field(name, "object", help_, fields=IDENTITY_FIELDS, pii="personal", tidy=tidy_identity)


def identities() -> Field:
    """Everything a person is known by: a map of namespace, scope and value."""
    return Field(
        "identities",
        "list",
        Text("身份标识（手机、邮箱、微信等）", "Identities: phone, e-mail, WeChat and others"),
        of="object",
        fields=(
            *IDENTITY_FIELDS,
            Field(
                UNTIL,
                "time",
                Text("转归他人的时间（他人已验证）", "Since when it is another person's, who proved it"),
                derived=True,
            ),
        ),
        identity=("namespace", "scope", "value"),
        pii="personal",
        tidy=tidy_identity,
    )


def texts(name: str, help_: Text, *, example: str = "", pii: PiiClass = "none") -> Field:
    """A set of words: each lives and survives by itself."""
    return Field(name, "list", help_, identity=(), example=[example] if example else None, pii=pii)


def ref(name: str, kind: str, help_: Text, *, required: bool = False) -> Field:
    """A reference by source key to a record of `kind`."""
    return Field(name, "ref", help_, ref=kind, required=required, example=source_key(kind))


def source_key(kind: str) -> dict[str, str]:
    """An example of a reference to a record of `kind`."""
    return {"connection": "shop", "object_type": _PLURALS.get(kind, f"{kind}s"), "external_id": "7064"}


def enum(
    name: str, help_: Text, choices: str, *, required: bool = False, derived: bool = False, group: str = ""
) -> Field:
    """A closed set of words, given separated by spaces."""
    words = tuple(choices.split())
    return Field(name, "enum", help_, choices=words, example=words[0], required=required, derived=derived, group=group)
