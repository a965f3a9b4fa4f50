"""What the hub and its people know of Zoho CRM without asking it."""

from __future__ import annotations

from connectors.zoho.centre import CENTRES, HOSTS
from hub.sdk.connector import ConfigField, Manifest, Stream, Text

API_VERSION = "v8"
STREAM = "contacts"
PULLED, DELETED, CHANGED = "contacts.pull", "contacts.deleted", "contacts.changed"
API_NAME = r"^[A-Za-z][A-Za-z0-9_]{0,99}$"

CONFIG = (
    ConfigField(
        "data_centre",
        Text("账户所在的数据中心；中国大陆账户选 cn", "The data centre that the account lives in"),
        required=True,
        example="cn",
        choices=tuple(CENTRES),
    ),
    ConfigField(
        "client_id",
        Text("API 控制台中自用客户端的 Client ID", "Client ID of the self client in the API console"),
        required=True,
        example="1000.ABCDEFGHIJKLMNOPQRSTUVWXYZ0123",
        pattern=r"^[A-Za-z0-9._-]{4,100}$",
    ),
    ConfigField(
        "client_secret",
        Text("该客户端的密钥", "The client's secret"),
        secret=True,
        required=True,
        example="0123456789abcdef0123456789abcdef0123456789",
    ),
    ConfigField(
        "refresh_token",
        Text(
            "刷新令牌，授权范围见说明文档；不会过期，除非被撤销",
            "Refresh token with the scopes of the documentation; lives until it is revoked",
        ),
        secret=True,
        required=True,
        example="1000.0123456789abcdef0123456789abcdef.0123456789abcdef0123456789abcdef",
    ),
    ConfigField(
        "webhook_secret",
        Text(
            "长随机文本，可由枢纽生成；通知地址的密钥和通道令牌都由它算出。没有它就没有通知，只定时读取",
            "A long random text, which the hub can make up: the key in the notification address and the channel's "
            "token are made of it; without it there are no notifications, and the hub only reads now and then",
        ),
        secret=True,
        generated=True,
        example="whsec_c2VjcmV0IG9mIHRoZSBub3RpZmljYXRpb25z",
    ),
    ConfigField(
        "hub_field",
        Text(
            "联系人模块中保存枢纽编号的自定义字段 API 名称；单行文本，须设为唯一",
            "API name of the custom field of contacts that holds the hub's reference: single line, unique",
        ),
        default="Hub_Id",
        example="Hub_Id",
        pattern=API_NAME,
    ),
    ConfigField(
        "module",
        Text("客户所在模块的 API 名称", "API name of the module that holds customers"),
        default="Contacts",
        example="Contacts",
        pattern=API_NAME,
    ),
    ConfigField(
        "duplicate_fields",
        Text(
            "新建时除枢纽编号外还用于查重的唯一字段，逗号分隔；同值的记录会被更新而不是新建，请谨慎填写",
            "Further unique fields by which a create finds an existing record, by commas: that record is then "
            "updated instead, so leave it empty unless nobody shares such a value",
        ),
        example="Email",
        pattern=r"^[A-Za-z][A-Za-z0-9_]*(\s*,\s*[A-Za-z][A-Za-z0-9_]*)*$",
    ),
    ConfigField(
        "channel_id",
        Text(
            "通知通道编号；通常留空，由地址生成", "Number of the notification channel; made of the address when empty"
        ),
        example="1000000068001",
        pattern=r"^[1-9]\d{5,17}$",
    ),
    ConfigField(
        "page_size",
        Text("每页记录数；通常留空", "Records per page; usually left empty"),
        example="200",
        pattern=r"^([1-9]\d?|1\d\d|200)$",
    ),
    ConfigField(
        "credits_reserve",
        Text(
            "剩余 API 额度低于此数时暂停批量读取，把额度留给写入",
            "When fewer API credits than this are left, reading waits, so that writing can go on",
        ),
        default="500",
        example="500",
        pattern=r"^\d{1,7}$",
    ),
    ConfigField(
        "base_url",
        Text("改用此地址访问 API（模拟器或代理）；通常留空", "Reach the API here instead (simulator, proxy)"),
        example="http://127.0.0.1:9393",
        pattern=r"^https?://[^\s/]+$",
    ),
)

STREAMS = (
    Stream(
        STREAM,
        ("customer",),
        topics=(PULLED, DELETED, CHANGED),
        notices=(CHANGED,),
        directions=("in", "out"),
        pull=True,
        enumerates=True,
        help=Text("联系人", "Contacts"),
    ),
)

MANIFEST = Manifest(
    name="zoho",
    title=Text("Zoho CRM", "Zoho CRM"),
    help=Text(
        "双向同步 Zoho CRM 的联系人：通知与定时读取，按唯一字段写入",
        "Keeps the contacts of Zoho CRM in step both ways: notifications and reading in, upserts by a unique field out",
    ),
    api_version=API_VERSION,
    sdk=">=0.1",
    hosts=(*HOSTS, "{base_url}"),
    config=CONFIG,
    streams=STREAMS,
    # Zoho limits calls at once (5 in the smallest edition) and credits a day, not calls a second.
    rate={"concurrency": 5},
    capabilities=("delete",),
)
