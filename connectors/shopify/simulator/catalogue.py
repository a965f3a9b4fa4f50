"""What the simulated shop sells, where it stands, who buys, and how an order's payload is put together."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

_TEAS: tuple[tuple[int, str, tuple[tuple[str, str, int, float], ...]], ...] = (
    (111, "龙井茶", (("250g", "TEA-LJ-250", 12800, 0.25), ("500g", "TEA-LJ-500", 23800, 0.5))),
    (112, "普洱茶饼", (("357g", "TEA-PE-357", 16800, 0.357),)),
    (113, "茉莉花茶", (("100g", "TEA-ML-100", 4900, 0.1), ("300g", "TEA-ML-300", 12900, 0.3))),
    (114, "紫砂壶", (("200ml", "POT-ZS-200", 45900, 0.6),)),
    (115, "青瓷茶杯", (("一只", "CUP-QC-1", 5900, 0.2), ("四只", "CUP-QC-4", 19900, 0.8))),
)
LOCATIONS: tuple[dict[str, Any], ...] = (
    {
        "id": 5,
        "name": "上海仓",
        "active": True,
        "address1": "外高桥保税区 8 号",
        "city": "上海市",
        "province": "上海市",
        "zip": "200131",
        "phone": "+862158660000",
    },
    {
        "id": 6,
        "name": "静安旗舰店",
        "active": True,
        "address1": "南京西路 1601 号",
        "city": "上海市",
        "province": "上海市",
        "zip": "200040",
        "phone": "+862162880000",
    },
)
_SURNAMES = ("李", "王", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "欧阳", "司马", "上官", "诸葛")
_GIVEN = (
    "雷",
    "梅梅",
    "伟",
    "芳",
    "娜",
    "敏",
    "静",
    "建国",
    "晓东",
    "思远",
    "雨桐",
    "子涵",
    "浩然",
    "欣怡",
    "明",
    "丽华",
)
_PINYIN = {
    "李": "li",
    "王": "wang",
    "张": "zhang",
    "刘": "liu",
    "陈": "chen",
    "杨": "yang",
    "赵": "zhao",
    "黄": "huang",
    "周": "zhou",
    "吴": "wu",
}
_PLACES = (
    ("上海市", "上海市", "SH", "200040", "静安区南京西路"),
    ("北京市", "北京市", "BJ", "100020", "朝阳区建国路"),
    ("广东省", "深圳市", "GD", "518000", "南山区深南大道"),
    ("浙江省", "杭州市", "ZJ", "310000", "西湖区文三路"),
    ("四川省", "成都市", "SC", "610000", "锦江区春熙路"),
)
CARRIERS = ("顺丰速运", "中通快递", "京东物流")
GATEWAYS = (("alipay", "2026112222001"), ("wechat_pay", "4200002026112"), ("shopify_payments", "ch_3Qx"))
NOTES = ("包装破损", "口味不合", "拍错规格")


def price(minor: int) -> str:
    """Minor units of a two-decimal currency as Shopify writes them: `1230` -> `12.30`."""
    return f"{Decimal(minor) / 100:.2f}"


def both(amount: str, currency: str) -> dict[str, Any]:
    """A money bag of one currency, in a webhook's spelling."""
    shown = {"amount": amount, "currency_code": currency}
    return {"shop_money": shown, "presentment_money": dict(shown)}


def products() -> list[dict[str, Any]]:
    """The catalogue as payloads of products/create, without their times."""
    found = []
    for number, title, variants in _TEAS:
        rows = [
            {
                "id": number * 10 + place,
                "product_id": number,
                "title": option,
                "option1": option,
                "option2": None,
                "option3": None,
                "sku": sku,
                "barcode": f"69012345{number}{place}",
                "price": f"{minor / 100:.2f}",
                "compare_at_price": None,
                "inventory_management": "shopify",
                "weight": weight,
                "weight_unit": "kg",
            }
            for place, (option, sku, minor, weight) in enumerate(variants)
        ]
        found.append(
            {
                "id": number,
                "admin_graphql_api_id": f"gid://shopify/Product/{number}",
                "title": title,
                "vendor": "茶语",
                "product_type": "茶叶" if variants[0][1].startswith("TEA") else "茶具",
                "status": "active",
                "tags": "",
                "options": [{"name": "规格", "position": 1, "values": [row["title"] for row in rows]}],
                "variants": rows,
                "images": [{"src": f"https://cdn.example/{number}.jpg", "alt": title}],
            }
        )
    return found


VARIANTS: dict[str, dict[str, Any]] = {
    row["sku"]: row | {"product_title": each["title"]} for each in products() for row in each["variants"]
}


def person(rng: random.Random, place: int) -> dict[str, Any]:
    """A customer's fields. `place` makes phone and e-mail unique; some have no phone, some no account."""
    family, given = rng.choice(_SURNAMES), rng.choice(_GIVEN)
    province, city, code, postcode, street = rng.choice(_PLACES)
    phone = f"+86139{rng.randrange(1000, 9999)}{place:04d}" if rng.random() < 0.85 else None
    address = {
        "id": 30_000 + place,
        "first_name": given,
        "last_name": family,
        "company": None,
        "address1": f"{street} {rng.randrange(1, 999)} 号",
        "address2": rng.choice((None, "1 单元 502 室", "B 座 8 层")),
        "city": city,
        "province": province,
        "province_code": code,
        "zip": postcode,
        "country": "China",
        "country_code": "CN",
        "phone": phone,
    }
    has_account = rng.random() < 0.8
    return {
        "first_name": given,
        "last_name": family,
        "email": f"{_PINYIN.get(family, 'kehu')}{place:04d}@example.com",
        "phone": phone,
        "state": "enabled" if has_account else "disabled",
        "verified_email": True,
        "tags": rng.choice(("", "vip", "老客, vip", "新客")),
        "default_address": address,
        "addresses": [address],
        "email_marketing_consent": {
            "state": rng.choice(("subscribed", "not_subscribed")),
            "opt_in_level": "single_opt_in",
            "consent_updated_at": None,
        },
    }


def new_home(rng: random.Random) -> dict[str, Any]:
    """Where a customer moves to: fields of an address."""
    province, city, code, postcode, street = rng.choice(_PLACES)
    return {
        "address1": f"{street} {rng.randrange(1000, 1999)} 号",
        "address2": None,
        "city": city,
        "province": province,
        "province_code": code,
        "zip": postcode,
    }


def basket(rng: random.Random) -> list[dict[str, Any]]:
    """One to three different lines."""
    skus = rng.sample(sorted(VARIANTS), rng.choice((1, 1, 2, 3)))
    return [{"variant": sku, "quantity": rng.choice((1, 1, 2, 3))} for sku in skus]
