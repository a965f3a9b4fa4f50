"""The mutations that the simulated shop knows, by name, and what else can be written: definitions, subscriptions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from connectors.shopify.simulator.customers import Customers
from connectors.shopify.simulator.query import Asked, QueryError, pick
from connectors.shopify.simulator.shop import Hook, Shop

_CUSTOMER_SCOPE = "write_customers"
Carry = Callable[[Mapping[str, Any]], dict[str, Any]]


class Mutations:
    """Carries mutations out. `idempotent`: those refused without the directive; a key seen before changes nothing again."""

    def __init__(self, shop: Shop, scopes: tuple[str, ...]) -> None:
        self.shop = shop
        self.scopes = scopes
        self.customers = Customers(shop)
        self.definitions: list[dict[str, Any]] = []
        self.subscriptions: list[dict[str, str]] = []
        self.idempotent: set[str] = {"refundCreate", "inventoryAdjustQuantities"}
        self._answers: dict[tuple[str, str], dict[str, Any]] = {}
        self._known: dict[str, Carry] = {
            "customerSet": self.customers.set,
            "tagsAdd": self.customers.add_tags,
            "tagsRemove": self.customers.remove_tags,
            "customerAddressCreate": self.customers.add_address,
            "customerAddressDelete": self.customers.remove_address,
            "customerEmailMarketingConsentUpdate": lambda given: self.customers.consent(given, "email"),
            "customerSmsMarketingConsentUpdate": lambda given: self.customers.consent(given, "sms"),
            "customerDelete": self.customers.delete,
            "customerMerge": self.customers.merge,
            "customerRequestDataErasure": self.customers.request_erasure,
            "metafieldDefinitionCreate": self._define,
            "webhookSubscriptionCreate": self._subscribe,
        }

    def carry_out(self, asked: Asked) -> tuple[dict[str, Any], list[Hook]]:
        """What is asked of one mutation's payload, and the webhooks it causes."""
        if asked.name not in self._known:
            raise QueryError(f"Field '{asked.name}' doesn't exist on type 'Mutation'", "undefinedField")
        if asked.name.startswith(("customer", "tags", "metafield")) and _CUSTOMER_SCOPE not in self.scopes:
            raise QueryError("Access denied", "ACCESS_DENIED")
        key = str(asked.directives.get("idempotent", {}).get("key") or "")
        if asked.name in self.idempotent and not key:
            raise QueryError("The @idempotent directive is required for this mutation", "BAD_REQUEST")
        with self.shop.lock:
            self.customers.hooks = []
            place = (asked.name, key)
            made = self._answers[place] if key and place in self._answers else self._known[asked.name](asked.arguments)
            if key:
                self._answers[place] = made
            return pick(made, asked), self.customers.hooks

    def _define(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        given = arguments["definition"]
        place = (given["namespace"], given["key"])
        if any((each["namespace"], each["key"]) == place for each in self.definitions):
            taken = {"field": ["definition", "key"], "message": "Key is in use", "code": "TAKEN"}
            return {"createdDefinition": None, "userErrors": [taken]}
        self.define(*place, type_=given["type"])
        return {"createdDefinition": {"id": self.definitions[-1]["id"]}, "userErrors": []}

    def define(self, namespace: str, key: str, *, type_: str = "id") -> None:
        """The shop gets a definition of a customer metafield."""
        unique = {"uniqueValues": {"enabled": type_ == "id"}}
        number = f"gid://shopify/MetafieldDefinition/{len(self.definitions) + 1}"
        made = {"id": number, "namespace": namespace, "key": key, "type": {"name": type_}, "capabilities": unique}
        self.definitions.append(made)
        self.customers.is_defined = self.customers.is_defined or type_ == "id"

    def _subscribe(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        topic, uri = arguments["topic"], arguments["webhookSubscription"]["uri"]
        if any((each["topic"], each["uri"]) == (topic, uri) for each in self.subscriptions):
            taken = {
                "field": ["webhookSubscription", "callbackUrl"],
                "message": "Address for this topic has already been taken",
            }
            return {"webhookSubscription": None, "userErrors": [taken | {"code": None}]}
        if topic.startswith("ORDERS_") and "read_orders" not in self.scopes:
            denied = {
                "field": ["topic"],
                "message": "You do not have permission for this topic is invalid",
                "code": None,
            }
            return {"webhookSubscription": None, "userErrors": [denied]}
        made = {"id": f"gid://shopify/WebhookSubscription/{len(self.subscriptions) + 1}", "topic": topic, "uri": uri}
        self.subscriptions.append(made)
        return {"webhookSubscription": made, "userErrors": []}
