"""The metafield of customers that holds the hub's id for them: found, checked, made.

Only a definition of the type `id` makes a customer findable by it (`customId`); its values are unique
by themselves. Source: shopify.dev "Working with custom IDs", metafieldDefinitionCreate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectors.shopify.client import Client
from connectors.shopify.documents import CODED_ERRORS, Step, document
from connectors.shopify.refusal import refusal
from hub.errors import ConfigError

_TYPE = "id"
_FOUND = (
    "query HubField($namespace:String!,$key:String!){metafieldDefinitions"
    "(first:1,ownerType:CUSTOMER,namespace:$namespace,key:$key)"
    "{nodes{id type{name} capabilities{uniqueValues{enabled}}}}}"
)


@dataclass(frozen=True, slots=True)
class HubField:
    """Where the hub's id stands."""

    namespace: str
    key: str

    def __str__(self) -> str:
        return f"{self.namespace}.{self.key}"

    def identifier(self, hub_ref: str) -> dict[str, Any]:
        """A customer by it, as Shopify's `customId`."""
        return {"customId": {"namespace": self.namespace, "key": self.key, "value": hub_ref}}


def has_definition(client: Client, field: HubField) -> bool:
    """Whether the metafield is defined as it must be; `ConfigError` when it is, but for something else."""
    answer = client.ask(_FOUND, {"namespace": field.namespace, "key": field.key})
    nodes = (answer.get("metafieldDefinitions") or {}).get("nodes") or ()
    if not nodes:
        return False
    kind = str((nodes[0].get("type") or {}).get("name"))
    if kind != _TYPE or not _is_unique(nodes[0]):
        raise ConfigError(
            f"{client.connection}: the shop uses the customer metafield {field} for something else (type {kind}); "
            "set `hub_field` to another namespace.key"
        )
    return True


def ensure_definition(client: Client, field: HubField) -> None:
    """Defines the metafield where that is missing. Safe to repeat and to race."""
    if has_definition(client, field):
        return
    given = {
        "name": "Retail Hub",
        "description": "The id of this customer's record at the hub",
        "namespace": field.namespace,
        "key": field.key,
        "ownerType": "CUSTOMER",
        "type": _TYPE,
        "capabilities": {"uniqueValues": {"enabled": True}},
    }
    step = Step(
        "metafieldDefinitionCreate",
        {"definition": ("MetafieldDefinitionInput!", given)},
        f"createdDefinition{{id}} {CODED_ERRORS}",
    )
    answer = client.change(*document([step], ""))
    error = refusal(
        f"{client.connection}: metafield {field}", step.name, (answer.get("s0") or {}).get("userErrors") or ()
    )
    if error is not None and error.code != "taken":
        raise ConfigError(f"{error}; define it yourself as a customer metafield of the type `id`")


def _is_unique(node: Mapping[str, Any]) -> bool:
    unique = ((node.get("capabilities") or {}).get("uniqueValues") or {}).get("enabled")
    return unique is not False
