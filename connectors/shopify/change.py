"""What has to be done to a customer's node so that it holds what a delivery says: pure comparisons.

Lists are compared three ways: what the delivery wants and the shop lacks is added, what the hub knew
to be there and no longer wants is taken away, and what else the shop holds is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.shopify.documents import Step
from connectors.shopify.outward import mailing_address
from connectors.shopify.person import address as address_read
from hub.model.identity import tidy_identity
from hub.sdk.connector import Delivery

SCALARS = ("firstName", "lastName", "email", "phone", "note", "locale")
_CONSENTS = {"emailMarketingConsent": ("Email", "emailConsent"), "smsMarketingConsent": ("Sms", "phoneConsent")}
_WITHDRAWABLE = ("SUBSCRIBED", "PENDING")
Node = Mapping[str, Any]


def differing(delivery: Delivery, node: Node) -> dict[str, Any]:
    """The scalars of CustomerSetInput that the delivery changes and the node does not hold already."""
    wanted = delivery.data if delivery.external_id is None else delivery.changed
    return {name: wanted[name] for name in SCALARS if name in wanted and not _holds(node, name, wanted[name])}


def tag_steps(delivery: Delivery, node: Node) -> list[Step]:
    """Adds the tags that are new and takes away those that the hub no longer wants; upper and lower case are one."""
    if "tags" not in delivery.data:
        return []
    wanted, held = (set(each.get("tags") or ()) for each in (delivery.data, delivery.held))
    there = {str(tag).casefold(): str(tag) for tag in node.get("tags") or ()}
    more = sorted(tag for tag in wanted - held if tag.casefold() not in there)
    kept = {tag.casefold() for tag in wanted}
    less = sorted(there[each] for each in {tag.casefold() for tag in held - wanted} - kept if each in there)
    pairs = (("tagsAdd", more), ("tagsRemove", less))
    return [Step(name, {"id": ("ID!", node["id"]), "tags": ("[String!]!", tags)}) for name, tags in pairs if tags]


def address_steps(delivery: Delivery, node: Node) -> list[Step]:
    """Adds and removes addresses one by one; the default one stays what it is."""
    if "addresses" not in delivery.data:
        return []
    wanted, held = (list(each.get("addresses") or ()) for each in (delivery.data, delivery.held))
    there = [(each["id"], _as_written(each)) for each in (node.get("addressesV2") or {}).get("nodes") or ()]
    more = [each for each in wanted if each not in held and all(each != own for _, own in there)]
    less = [id_ for id_, own in there if own in held and own not in wanted]
    customer = ("ID!", node["id"])
    return [
        *(
            Step("customerAddressCreate", {"customerId": customer, "address": ("MailingAddressInput!", each)})
            for each in more
        ),
        *(Step("customerAddressDelete", {"customerId": customer, "addressId": ("ID!", id_)}) for id_ in less),
    ]


def consent_steps(delivery: Delivery, node: Node) -> list[Step]:
    """Consent only gets stricter: what a sync may do is to withdraw."""
    steps = []
    for name, (word, held) in _CONSENTS.items():
        state = str((delivery.data.get(name) or {}).get("marketingState") or "").upper()
        if state == "UNSUBSCRIBED" and (node.get(held) or {}).get("marketingState") in _WITHDRAWABLE:
            given = {"customerId": node["id"], name: {"marketingState": state}}
            kind = f"Customer{word}MarketingConsentUpdateInput!"
            steps.append(Step(f"customer{word}MarketingConsentUpdate", {"input": (kind, given)}))
    return steps


def _holds(node: Node, name: str, value: Any) -> bool:
    if name == "email":
        held = (node.get("defaultEmailAddress") or {}).get("emailAddress")
        return _tidy("email", held) == _tidy("email", value)
    if name == "phone":
        held = (node.get("defaultPhoneNumber") or {}).get("phoneNumber")
        return _tidy("phone", held) == _tidy("phone", value)
    return (node.get(name) or None) == (value or None)


def _tidy(namespace: str, value: Any) -> str | None:
    return str(tidy_identity({"namespace": namespace, "value": str(value)})["value"]) if value else None


def _as_written(address: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """An address of the shop in the form in which the hub would write it."""
    read = address_read(address)
    return mailing_address(read) if read else None
