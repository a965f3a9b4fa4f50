"""The GraphQL documents by which customers are written and looked up.

Source: shopify.dev, GraphQL Admin API: customerSet, tagsAdd, tagsRemove, customerAddressCreate,
customerAddressDelete, customerEmailMarketingConsentUpdate, customerSmsMarketingConsentUpdate,
customerDelete, customerMerge, customerRequestDataErasure, customerByIdentifier.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.shopify.queries import ADDRESS, CUSTOMERS

# Shopify refuses these without the directive, from this version on.
IDEMPOTENT_SINCE: Mapping[str, str] = {
    "refundCreate": "2026-04",
    "inventoryAdjustQuantities": "2026-04",
    "inventorySetQuantities": "2026-04",
    "inventoryShipmentReceive": "2026-04",
}
ADDRESSES_AT_ONCE = 50
USER_ERRORS = "userErrors{field message}"
CODED_ERRORS = "userErrors{code field message}"
CUSTOMER = (
    f"{CUSTOMERS.selection} locale "
    f"addressesV2(first:{ADDRESSES_AT_ONCE}){{nodes{ADDRESS} pageInfo{{hasNextPage endCursor}}}} "
    "emailConsent:defaultEmailAddress{marketingState} phoneConsent:defaultPhoneNumber{marketingState} "
    "hubRef:metafield(namespace:$namespace,key:$key){value}"
)
_HUB_FIELD = "$namespace:String!,$key:String!"
READ = f"query CustomerRead($id:ID!,{_HUB_FIELD}){{customer(id:$id){{{CUSTOMER}}}}}"
FIND = (
    f"query CustomerFind($identifier:CustomerIdentifierInput!,{_HUB_FIELD})"
    f"{{customerByIdentifier(identifier:$identifier){{{CUSTOMER}}}}}"
)
_NAME = re.compile(r"[A-Za-z]\w*")


@dataclass(frozen=True, slots=True)
class Step:
    """One mutation of a document: its arguments as name -> (GraphQL type, value), and what is asked of it."""

    name: str
    arguments: Mapping[str, tuple[str, Any]]
    asked: str = USER_ERRORS


def document(steps: Sequence[Step], key: str, directive: Iterable[str] = ()) -> tuple[str, dict[str, Any]]:
    """Several mutations as one document, carried out in their order; the document and its variables.

    The answer's data has `s0`, `s1`, … . `directive`: the mutations that take `@idempotent(key:)`,
    with `key` made distinct per step.
    """
    wanted = frozenset(directive)
    declared: list[str] = []
    fields: list[str] = []
    variables: dict[str, Any] = {}
    for n, step in enumerate(steps):
        given = []
        for name, (type_, value) in step.arguments.items():
            variables[f"{name}{n}"] = value
            declared.append(f"${name}{n}:{type_}")
            given.append(f"{name}:${name}{n}")
        mark = ""
        if step.name in wanted:
            variables[f"key{n}"] = f"{key}-{n}" if n else key
            declared.append(f"$key{n}:String!")
            mark = f" @idempotent(key:$key{n})"
        fields.append(f"s{n}:{step.name}({','.join(given)}){mark}{{{step.asked}}}")
    if any("$namespace" in step.asked for step in steps):
        declared.append(_HUB_FIELD)
    head = steps[0].name[0].upper() + steps[0].name[1:]
    return f"mutation {head}({','.join(declared)}){{{' '.join(fields)}}}", variables


def idempotent_mutations(api_version: str, more: str = "") -> frozenset[str]:
    """The mutations that need the directive at an API version; `more`: further names, as an admin gives them."""
    needed = {name for name, since in IDEMPOTENT_SINCE.items() if api_version >= since}
    return frozenset(needed | set(_NAME.findall(more)))


def payload_of(node: Mapping[str, Any]) -> dict[str, Any]:
    """A customer's node as its webhook would say it: the shape by which the hub knows the object type."""
    email, phone = node.get("defaultEmailAddress") or {}, node.get("defaultPhoneNumber") or {}
    return {
        "id": int(str(node["legacyResourceId"])),
        "admin_graphql_api_id": node["id"],
        "email": email.get("emailAddress"),
        "phone": phone.get("phoneNumber"),
        "first_name": node.get("firstName"),
        "last_name": node.get("lastName"),
        "state": str(node.get("state") or "").lower(),
        "verified_email": node.get("verifiedEmail"),
        "tags": ", ".join(node.get("tags") or ()),
        "note": node.get("note"),
        "created_at": node.get("createdAt"),
        "updated_at": node.get("updatedAt"),
        "default_address": node.get("defaultAddress"),
        "addresses": [*((node.get("addressesV2") or {}).get("nodes") or ())],
    }
