"""The shop's records as GraphQL shows them, made from their webhook payloads."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

_TIMES = ("created_at", "updated_at", "processed_at", "closed_at", "cancelled_at")


def gid(kind: str, number: Any) -> str:
    """`gid://shopify/Order/1`."""
    return f"gid://shopify/{kind}/{number}"


def utc(text: str | None) -> str | None:
    """A webhook's time (with the shop's offset) as GraphQL writes it."""
    return datetime.fromisoformat(text).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if text else None


def money(amount: Any, currency: str = "CNY") -> dict[str, Any]:
    """A money bag of one currency. GraphQL drops trailing zeros but one: `190.0`."""
    text = str(amount)
    short = text.rstrip("0") if "." in text else f"{text}."
    shown = {"amount": short + "0" if short.endswith(".") else short, "currencyCode": currency}
    return {"shopMoney": shown, "presentmentMoney": shown}


def _upper(value: Any) -> str | None:
    return str(value).upper() if value else None


def _ids(kind: str, record: Mapping[str, Any]) -> dict[str, Any]:
    times = {"".join((name[:-3], "At")): utc(record.get(name)) for name in _TIMES if name in record}
    return {"__typename": kind, "id": gid(kind, record["id"]), "legacyResourceId": str(record["id"])} | times


def address(held: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """MailingAddress."""
    if not held:
        return None
    names = {
        "first_name": "firstName",
        "last_name": "lastName",
        "province_code": "provinceCode",
        "country_code": "countryCodeV2",
    }
    found = {names.get(name, name): value for name, value in held.items()}
    name = " ".join(filter(None, (held.get("first_name"), held.get("last_name"))))
    return found | {"__typename": "MailingAddress", "id": gid("MailingAddress", held["id"]), "name": name}


def _marketing(consent: Mapping[str, Any] | None) -> dict[str, Any]:
    held = consent or {}
    return {
        "marketingState": _upper(held.get("state") or "not_subscribed"),
        "marketingOptInLevel": _upper(held.get("opt_in_level")),
        "marketingUpdatedAt": utc(held.get("consent_updated_at")),
    }


def customer(held: Mapping[str, Any], unsaid: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Customer. `unsaid`: what webhooks do not tell of it: `hub_ref` (its one metafield) and `locale`."""
    more = unsaid or {}
    email, phone = held.get("email"), held.get("phone")
    return _ids("Customer", held) | {
        "firstName": held.get("first_name"),
        "lastName": held.get("last_name"),
        "state": _upper(held.get("state")),
        "verifiedEmail": held.get("verified_email"),
        "taxExempt": held.get("tax_exempt"),
        "tags": [each.strip() for each in str(held.get("tags") or "").split(",") if each.strip()],
        "note": held.get("note"),
        "locale": more.get("locale"),
        "metafield": {"value": more["hub_ref"]} if more.get("hub_ref") else None,
        "defaultEmailAddress": {"emailAddress": email} | _marketing(held.get("email_marketing_consent"))
        if email
        else None,
        "defaultPhoneNumber": {"phoneNumber": phone} | _marketing(held.get("sms_marketing_consent")) if phone else None,
        "defaultAddress": address(held.get("default_address")),
        "addressesV2": [address(each) for each in held.get("addresses") or [held.get("default_address")] if each],
    }


def _taxes(held: Mapping[str, Any], currency: str) -> list[dict[str, Any]]:
    return [
        {"__typename": "TaxLine", "title": tax["title"], "rate": tax["rate"], "priceSet": money(tax["price"], currency)}
        for tax in held.get("tax_lines") or ()
    ]


def _shares(held: Mapping[str, Any], currency: str) -> list[dict[str, Any]]:
    return [
        {
            "__typename": "DiscountAllocation",
            "allocatedAmountSet": money(share["amount"], currency),
            "discountApplication": {"index": share["discount_application_index"]},
        }
        for share in held.get("discount_allocations") or ()
    ]


def _line(held: Mapping[str, Any], currency: str) -> dict[str, Any]:
    return {
        "__typename": "LineItem",
        "id": gid("LineItem", held["id"]),
        "title": held["title"],
        "variantTitle": held.get("variant_title"),
        "sku": held.get("sku"),
        "quantity": held["quantity"],
        "isGiftCard": held.get("gift_card", False),
        "requiresShipping": held.get("requires_shipping", True),
        "originalUnitPriceSet": money(held["price"], currency),
        "discountAllocations": _shares(held, currency),
        "taxLines": _taxes(held, currency),
        "product": {"legacyResourceId": str(held["product_id"])} if held.get("product_id") else None,
        "variant": {"legacyResourceId": str(held["variant_id"])} if held.get("variant_id") else None,
    }


def transaction(held: Mapping[str, Any]) -> dict[str, Any]:
    """OrderTransaction: has no legacyResourceId."""
    return {
        "__typename": "OrderTransaction",
        "id": gid("OrderTransaction", held["id"]),
        "kind": _upper(held["kind"]),
        "status": _upper(held["status"]),
        "test": held.get("test", False),
        "gateway": held.get("gateway"),
        "authorizationCode": held.get("authorization"),
        "paymentId": held.get("payment_id"),
        "createdAt": utc(held.get("created_at")),
        "processedAt": utc(held.get("processed_at")),
        "amountSet": money(held["amount"], held["currency"]),
        "parentTransaction": {"id": gid("OrderTransaction", held["parent_id"])} if held.get("parent_id") else None,
    }


def refund(held: Mapping[str, Any], currency: str) -> dict[str, Any]:
    """Refund."""
    return _ids("Refund", held) | {
        "updatedAt": utc(held["created_at"]),
        "note": held.get("note"),
        "refundLineItems": [
            {
                "__typename": "RefundLineItem",
                "quantity": line["quantity"],
                "restockType": _upper(line["restock_type"]),
                "subtotalSet": money(line["subtotal"], currency),
                "totalTaxSet": money(line["total_tax"], currency),
                "lineItem": {"id": gid("LineItem", line["line_item_id"])},
            }
            for line in held.get("refund_line_items") or ()
        ],
        "refundShippingLines": [
            {
                "__typename": "RefundShippingLine",
                "subtotalAmountSet": money(line["subtotal_amount_set"]["shop_money"]["amount"], currency),
                "taxAmountSet": money(line["tax_amount_set"]["shop_money"]["amount"], currency),
            }
            for line in held.get("refund_shipping_lines") or ()
        ],
        "transactions": [transaction(each) for each in held.get("transactions") or ()],
    }


def fulfilment(held: Mapping[str, Any]) -> dict[str, Any]:
    """Fulfillment. Its `displayStatus` is the carrier's word, else FULFILLED."""
    location = held.get("location_id")
    return _ids("Fulfillment", held) | {
        "name": held.get("name"),
        "status": _upper(held["status"]),
        "displayStatus": _upper(
            held.get("shipment_status") or ("fulfilled" if held["status"] == "success" else held["status"])
        ),
        "deliveredAt": None,
        "location": {"legacyResourceId": str(location)} if location else None,
        "trackingInfo": [
            {"company": held.get("tracking_company"), "number": number, "url": url}
            for number, url in zip(held.get("tracking_numbers") or (), held.get("tracking_urls") or (), strict=True)
        ],
        "fulfillmentLineItems": [
            {
                "__typename": "FulfillmentLineItem",
                "quantity": line["quantity"],
                "lineItem": {"id": gid("LineItem", line["id"]), "sku": line.get("sku")},
            }
            for line in held.get("line_items") or ()
        ],
    }


def _application(index: int, held: Mapping[str, Any]) -> dict[str, Any]:
    is_code = held.get("type") == "discount_code"
    kind = "DiscountCodeApplication" if is_code else "AutomaticDiscountApplication"
    return {"__typename": kind, "index": index} | ({"code": held["code"]} if is_code else {"title": held["title"]})


def order(held: Mapping[str, Any], transactions: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Order, with the transactions that its webhook payload lacks."""
    currency, location = held["currency"], held.get("location_id")
    return _ids("Order", held) | {
        "name": held["name"],
        "cancelReason": _upper(held.get("cancel_reason")),
        "test": held["test"],
        "note": held.get("note"),
        "tags": [each.strip() for each in str(held.get("tags") or "").split(",") if each.strip()],
        "sourceName": held.get("source_name"),
        "currencyCode": currency,
        "presentmentCurrencyCode": held.get("presentment_currency"),
        "displayFinancialStatus": _upper(held.get("financial_status")),
        "displayFulfillmentStatus": _upper(held.get("fulfillment_status") or "unfulfilled"),
        "taxesIncluded": held["taxes_included"],
        "totalPriceSet": money(held["total_price"], currency),
        "subtotalPriceSet": money(held["subtotal_price"], currency),
        "totalDiscountsSet": money(held["total_discounts"], currency),
        "totalTaxSet": money(held["total_tax"], currency),
        "totalShippingPriceSet": money(held["total_shipping_price_set"]["shop_money"]["amount"], currency),
        "totalTipReceivedSet": money(held.get("total_tip_received", "0.00"), currency),
        "originalTotalDutiesSet": None,
        "discountCodes": [code["code"] for code in held.get("discount_codes") or ()],
        "customer": {"legacyResourceId": str(held["customer"]["id"])} if held.get("customer") else None,
        "retailLocation": {"legacyResourceId": str(location)} if location else None,
        "shippingAddress": address(held.get("shipping_address")),
        "billingAddress": address(held.get("billing_address")),
        "lineItems": [_line(line, currency) for line in held["line_items"]],
        "shippingLines": [
            {
                "__typename": "ShippingLine",
                "id": gid("ShippingLine", line.get("id", 1)),
                "title": line["title"],
                "code": line.get("code"),
                "originalPriceSet": money(line["price"], currency),
                "discountAllocations": _shares(line, currency),
            }
            for line in held.get("shipping_lines") or ()
        ],
        "discountApplications": [
            _application(i, each) for i, each in enumerate(held.get("discount_applications") or ())
        ],
        "transactions": [transaction(each) for each in transactions],
        "refunds": [refund(each, currency) for each in held.get("refunds") or ()],
        "fulfillments": [fulfilment(each) for each in held.get("fulfillments") or ()],
    }


def product(held: Mapping[str, Any], currency: str) -> dict[str, Any]:
    """Product."""
    names = [option["name"] for option in held.get("options") or ()]
    return _ids("Product", held) | {
        "title": held["title"],
        "vendor": held.get("vendor"),
        "productType": held.get("product_type"),
        "status": _upper(held["status"]),
        "tags": [each.strip() for each in str(held.get("tags") or "").split(",") if each.strip()],
        "priceRangeV2": {"minVariantPrice": {"currencyCode": currency}},
        "variants": [
            {
                "__typename": "ProductVariant",
                "legacyResourceId": str(variant["id"]),
                "title": variant["title"],
                "sku": variant["sku"],
                "barcode": variant.get("barcode"),
                "price": variant["price"],
                "selectedOptions": [{"name": n, "value": variant.get(f"option{i}")} for i, n in enumerate(names, 1)],
                "inventoryItem": {
                    "tracked": variant.get("inventory_management") is not None,
                    "measurement": {"weight": {"value": variant["weight"], "unit": "KILOGRAMS"}},
                },
            }
            for variant in held["variants"]
        ],
        "media": [
            {"__typename": "MediaImage", "image": {"url": image["src"], "altText": image.get("alt")}}
            for image in held.get("images") or ()
        ],
    }


def location(held: Mapping[str, Any]) -> dict[str, Any]:
    """Location."""
    return _ids("Location", held) | {
        "name": held["name"],
        "isActive": held["active"],
        "fulfillsOnlineOrders": True,
        "isFulfillmentService": False,
        "address": {
            "address1": held["address1"],
            "address2": None,
            "city": held["city"],
            "province": held["province"],
            "provinceCode": None,
            "country": "China",
            "countryCode": "CN",
            "zip": held["zip"],
            "phone": held["phone"],
        },
    }
