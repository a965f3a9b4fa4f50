"""What has to be done to a customer's node so that it holds what a delivery says: pure comparisons.

Lists are compared three ways: what the delivery wants and the shop lacks is added, what the hub knew
to be there and no longer wants is taken away, and what else the shop holds is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.shopify.documents import CODED_ERRORS, CUSTOMER, Step
from connectors.shopify.outward import mailing_address
from connectors.shopify.person import address as address_read
from hub.model.identity import tidy_identity
from hub.sdk.connector import Delivery

SCALARS = ("firstName", "lastName", "email", "phone", "note", "locale")
_CONSENTS = {"emailMarketingConsent": ("Email", "emailConsent"), "smsMarketingConsent": ("Sms", "phoneConsent")}
_WITHDRAWABLE = ("SUBSCRIBED", "PENDING")
_SAME_NAMES = ("firstName", "lastName", "company", "address1", "address2", "city", "provinceCode", "zip", "phone")
Node = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """What is different, by field. Tags as the shop spells those it has; `fewer_addresses`: ids."""

    scalars: Mapping[str, Any]
    more_tags: Sequence[str]
    fewer_tags: Sequence[str]
    more_addresses: Sequence[Mapping[str, Any]]
    fewer_addresses: Sequence[str]

    @property
    def parts(self) -> int:
        """How many mutations it would take, were each thing changed by itself."""
        lists = len(self.more_addresses) + len(self.fewer_addresses)
        return bool(self.scalars) + bool(self.more_tags) + bool(self.fewer_tags) + lists


def change_of(delivery: Delivery, node: Node) -> Change:
    """What a delivery changes of a node."""
    wanted = delivery.data if delivery.external_id is None else delivery.changed
    scalars = {name: wanted[name] for name in SCALARS if name in wanted and not _holds(node, name, wanted[name])}
    return Change(scalars, *_tags(delivery, node), *_addresses(delivery, node))


def step_of(change: Change, node: Node) -> Step | None:
    """The one mutation that brings a change about; None when nothing is different.

    One, because each sends a webhook: those of a change in several steps would show states that
    nobody wanted, and look like the shop's own word. Where only one thing in a list changes, it is
    changed by itself; else lists go whole, as they were read plus and minus what changes.
    """
    id_, customer = {"id": ("ID!", node["id"])}, {"customerId": ("ID!", node["id"])}
    if not change.parts:
        return None
    if change.scalars or change.parts > 1:
        return set_step({"id": node["id"]}, {**change.scalars, **_whole_lists(change, node)})
    if change.more_tags:
        return Step("tagsAdd", {**id_, "tags": ("[String!]!", list(change.more_tags))})
    if change.fewer_tags:
        return Step("tagsRemove", {**id_, "tags": ("[String!]!", list(change.fewer_tags))})
    if change.more_addresses:
        address = ("MailingAddressInput!", change.more_addresses[0])
        return Step("customerAddressCreate", {**customer, "address": address})
    return Step("customerAddressDelete", {**customer, "addressId": ("ID!", change.fewer_addresses[0])})


def set_step(identifier: Mapping[str, Any], given: Mapping[str, Any]) -> Step:
    """`customerSet`, which answers the customer."""
    arguments = {"identifier": ("CustomerSetIdentifiers", identifier), "input": ("CustomerSetInput!", given)}
    return Step("customerSet", arguments, f"customer{{{CUSTOMER}}} {CODED_ERRORS}")


def _whole_lists(change: Change, node: Node) -> dict[str, Any]:
    """The lists that change, whole; the default address first, since Shopify takes the first for it."""
    found: dict[str, Any] = {}
    if change.more_tags or change.fewer_tags:
        kept = [tag for tag in node.get("tags") or () if tag not in change.fewer_tags]
        found["tags"] = [*kept, *change.more_tags]
    if change.more_addresses or change.fewer_addresses:
        default = (node.get("defaultAddress") or {}).get("id")
        kept_nodes = [each for each in _address_nodes(node) if each["id"] not in change.fewer_addresses]
        kept_nodes.sort(key=lambda each: each["id"] != default)
        found["addresses"] = [*(_verbatim(each) for each in kept_nodes), *change.more_addresses]
    return found


def _tags(delivery: Delivery, node: Node) -> tuple[list[str], list[str]]:
    """Tags to add and to take away; upper and lower case are one."""
    if "tags" not in delivery.data:
        return [], []
    wanted, held = (set(each.get("tags") or ()) for each in (delivery.data, delivery.held))
    there = {str(tag).casefold(): str(tag) for tag in node.get("tags") or ()}
    kept = {tag.casefold() for tag in wanted}
    more = sorted(tag for tag in wanted - held if tag.casefold() not in there)
    return more, sorted(there[each] for each in {tag.casefold() for tag in held - wanted} - kept if each in there)


def _addresses(delivery: Delivery, node: Node) -> tuple[list[Mapping[str, Any]], list[str]]:
    """Addresses to add, and the ids of those to take away."""
    if "addresses" not in delivery.data:
        return [], []
    wanted, held = (list(each.get("addresses") or ()) for each in (delivery.data, delivery.held))
    there = [(str(each["id"]), _as_written(each)) for each in _address_nodes(node)]
    more = [each for each in wanted if each not in held and all(each != own for _, own in there)]
    return more, [id_ for id_, own in there if own in held and own not in wanted]


def _address_nodes(node: Node) -> Sequence[Mapping[str, Any]]:
    return (node.get("addressesV2") or {}).get("nodes") or ()


def _verbatim(address: Mapping[str, Any]) -> dict[str, Any]:
    """An address of the shop as input that leaves it what it is."""
    found = {name: address.get(name) for name in _SAME_NAMES} | {"countryCode": address.get("countryCodeV2")}
    if not found["provinceCode"]:
        found["province"] = address.get("province")
    return {name: value for name, value in found.items() if value}


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
