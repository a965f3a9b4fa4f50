"""The Shopify connector: reads by webhook and by GraphQL, writes customers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from connectors.shopify import merging, reading, subscribing, webhook
from connectors.shopify.client import Client
from connectors.shopify.definition import HubField, ensure_definition, has_definition
from connectors.shopify.documents import idempotent_mutations
from connectors.shopify.manifest import API_VERSION, HUB_FIELD, MANIFEST, SHOP_PATTERN
from connectors.shopify.queries import SHOP_QUERY
from connectors.shopify.transforms import TRANSFORMS
from connectors.shopify.writing import CustomerWriter, found_of
from hub.errors import ConfigError, HubError
from hub.sdk.account import Account
from hub.sdk.connector import (
    CheckResult,
    Connector,
    Delivery,
    Found,
    Manifest,
    Page,
    RawEvent,
    Reads,
    ReceivesWebhooks,
    WebhookRequest,
    WriteResult,
    Writes,
)
from hub.sdk.plugin import hookimpl

MAX_PAGE_SIZE = 250
WRITE_SCOPE = "write_customers"
NEEDED_SCOPES = ("read_customers", "read_orders", "read_products", "read_locations")


class ShopifyConnector(Connector, Reads, ReceivesWebhooks, Writes):
    """One shop. Keeps no state between calls: usable from several threads."""

    manifest: ClassVar[Manifest] = MANIFEST

    def __init__(
        self,
        name: str,
        config: Mapping[str, Any],
        secrets: Mapping[str, Sequence[str]],
        http: Any,
        account: Account | None = None,
    ) -> None:
        super().__init__(name, config, secrets, http, account)
        self.shop = str(config.get("shop") or "").strip().lower()

    def check(self) -> CheckResult:
        """Asks for the shop and the granted scopes."""
        answer = self._client().ask(SHOP_QUERY)
        shop = answer.get("shop") or {}
        scopes = reading.granted_scopes(answer)
        missing = [scope for scope in NEEDED_SCOPES if scopes and scope not in scopes]
        warnings = [f"the scope {scope} is not granted" for scope in missing]
        if scopes and reading.ALL_ORDERS_SCOPE not in scopes:
            warnings.append(reading.ORDERS_CUT)
        may_write = not scopes or WRITE_SCOPE in scopes
        facts = {
            "name": str(shop.get("name") or ""),
            "domain": str(shop.get("myshopifyDomain") or ""),
            "currency": str(shop.get("currencyCode") or ""),
            "time_zone": str(shop.get("ianaTimezone") or ""),
            "scopes": " ".join(sorted(scopes)),
            "may write": "customers" if may_write else f"nothing: the scope {WRITE_SCOPE} is not granted",
        }
        if scopes and may_write:
            is_there = has_definition(self._client(), self._hub_field())
            facts["hub's id"] = (
                f"{self._hub_field()}{'' if is_there else ' (made with the first subscription or write)'}"
            )
        return CheckResult(True, f"reached {self.shop}", {k: v for k, v in facts.items() if v}, tuple(warnings))

    def fetch(self, stream: str, cursor: Any) -> Iterator[Page]:
        """Pages of a stream (`connectors.shopify.reading.fetch`)."""
        return reading.fetch(self._client(), stream, cursor, self._page_size())

    def cursor_since(self, stream: str, since: float) -> Any:
        """The cursor from a time on (`connectors.shopify.reading.cursor_since`)."""
        return reading.cursor_since(stream, since)

    def enumerate_ids(self, stream: str) -> Iterator[str]:
        """Every external id (`connectors.shopify.reading.enumerate_ids`)."""
        return reading.enumerate_ids(self._client(), stream)

    def verify(self, request: WebhookRequest) -> int:
        """Checks signature and shop (`connectors.shopify.webhook.verify`)."""
        return webhook.verify(request, self.secrets.get("secret", ()), self.shop)

    def decode(self, request: WebhookRequest) -> Sequence[RawEvent]:
        """One delivery is one item (`connectors.shopify.webhook.decode`)."""
        return webhook.decode(request)

    def subscriptions(self) -> Sequence[Mapping[str, str]]:
        """What the shop will send, and where to (`connectors.shopify.subscribing.listed`)."""
        return subscribing.listed(self._client(), self.account.webhook_url)

    def subscribe(self) -> None:
        """Restores missing subscriptions, and the metafield with the hub's id where customers may be written.

        Does nothing while the hub has no public address.
        """
        client = self._client()
        if self.account.webhook_url:
            subscribing.subscribe(client, self.account.webhook_url)
        if WRITE_SCOPE in reading.granted_scopes(client.ask(SHOP_QUERY)):
            ensure_definition(client, self._hub_field())

    def write(self, deliveries: Sequence[Delivery]) -> Sequence[WriteResult]:
        """Carries out one delivery of a customer (`connectors.shopify.writing`)."""
        return [self._write_one(delivery) for delivery in deliveries]

    def read(self, kind: str, external_id: str) -> Found | None:
        """A customer as the shop holds it now, in a webhook's shape."""
        self._require_customer(kind)
        return found_of(self._writer().read(external_id))

    def find(self, kind: str, hub_ref: str, keys: Mapping[str, Any]) -> Found | None:
        """The customer made under `hub_ref`, else one with a proven e-mail or phone of `keys`."""
        self._require_customer(kind)
        writer = self._writer()
        return found_of(writer.by_hub_ref(hub_ref) or writer.by_contact(keys.get("identities") or ()))

    def merge(self, kind: str, kept: str, gone: Sequence[str]) -> WriteResult:
        """Makes customers one (`connectors.shopify.merging.merge`)."""
        self._require_customer(kind)
        return merging.merge(self._writer(), kept, gone)

    def erase(self, kind: str, external_id: str) -> None:
        """Asks Shopify to erase a customer's data (`connectors.shopify.merging.erase`)."""
        self._require_customer(kind)
        merging.erase(self._writer(), external_id)

    def _write_one(self, delivery: Delivery) -> WriteResult:
        try:
            self._require_customer(delivery.kind)
            return self._writer().write(delivery)
        except (HubError, NotImplementedError) as error:
            return WriteResult(external_id=delivery.external_id, error=error)

    def _require_customer(self, kind: str) -> None:
        if kind != "customer":
            raise NotImplementedError(f"shopify is written customers only, no {kind}")

    def _writer(self) -> CustomerWriter:
        named = str(self.config.get("idempotent_mutations") or "")
        return CustomerWriter(self._client(), self._hub_field(), idempotent_mutations(self._api_version, named))

    def _hub_field(self) -> HubField:
        namespace, _, key = str(self.config.get("hub_field") or HUB_FIELD).rpartition(".")
        return HubField(namespace, key)

    @property
    def _api_version(self) -> str:
        return str(self.config.get("api_version") or API_VERSION)

    def _page_size(self) -> int | None:
        given = self.config.get("page_size")
        if given in (None, ""):
            return None
        if not str(given).isdigit() or not 1 <= int(given) <= MAX_PAGE_SIZE:
            raise ConfigError(f"{self.name}: `page_size` is a number from 1 to {MAX_PAGE_SIZE}")
        return int(given)

    def _client(self) -> Client:
        # The shop becomes a host name: anything but a shop's own domain could lead the token elsewhere.
        if not re.fullmatch(SHOP_PATTERN, self.shop):
            raise ConfigError(f"{self.name}: `shop` must be the shop's own domain, like demo.myshopify.com")
        tokens = self.secrets.get("access_token") or ()
        if not tokens:
            raise ConfigError(f"{self.name}: set the secret `access_token` to read from the Admin API")
        base = str(self.config.get("base_url") or f"https://{self.shop}").rstrip("/")
        return Client(self.name, self.http, f"{base}/admin/api/{self._api_version}/graphql.json", tokens[0])


@hookimpl
def register_connectors() -> Sequence[type[Connector]]:
    """The connector."""
    return [ShopifyConnector]


@hookimpl
def register_transforms() -> Mapping[str, Callable[..., Any]]:
    """The transforms that `mappings/shopify` uses."""
    return TRANSFORMS
