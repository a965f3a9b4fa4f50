"""The Shopify connector: reads by webhook and by GraphQL."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from connectors.shopify import reading, webhook
from connectors.shopify.client import Client
from connectors.shopify.manifest import API_VERSION, MANIFEST, SHOP_PATTERN
from connectors.shopify.queries import SHOP_QUERY
from connectors.shopify.transforms import TRANSFORMS
from hub.errors import ConfigError
from hub.sdk.account import Account
from hub.sdk.connector import (
    CheckResult,
    Connector,
    Manifest,
    Page,
    RawEvent,
    Reads,
    ReceivesWebhooks,
    WebhookRequest,
)
from hub.sdk.plugin import hookimpl

MAX_PAGE_SIZE = 250
NEEDED_SCOPES = ("read_customers", "read_orders", "read_products", "read_locations")


class ShopifyConnector(Connector, Reads, ReceivesWebhooks):
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
        facts = {
            "name": str(shop.get("name") or ""),
            "domain": str(shop.get("myshopifyDomain") or ""),
            "currency": str(shop.get("currencyCode") or ""),
            "time_zone": str(shop.get("ianaTimezone") or ""),
            "scopes": " ".join(sorted(scopes)),
        }
        return CheckResult(True, f"reached {self.shop}", {k: v for k, v in facts.items() if v}, tuple(warnings))

    def fetch(self, stream: str, cursor: Any) -> Iterator[Page]:
        """Pages of a stream (`connectors.shopify.reading.fetch`)."""
        return reading.fetch(self._client(), stream, cursor, self._page_size())

    def enumerate_ids(self, stream: str) -> Iterator[str]:
        """Every external id (`connectors.shopify.reading.enumerate_ids`)."""
        return reading.enumerate_ids(self._client(), stream)

    def verify(self, request: WebhookRequest) -> int:
        """Checks signature and shop (`connectors.shopify.webhook.verify`)."""
        return webhook.verify(request, self.secrets.get("secret", ()), self.shop)

    def decode(self, request: WebhookRequest) -> Sequence[RawEvent]:
        """One delivery is one item (`connectors.shopify.webhook.decode`)."""
        return webhook.decode(request)

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
        version = str(self.config.get("api_version") or API_VERSION)
        return Client(self.name, self.http, f"{base}/admin/api/{version}/graphql.json", tokens[0])


@hookimpl
def register_connectors() -> Sequence[type[Connector]]:
    """The connector."""
    return [ShopifyConnector]


@hookimpl
def register_transforms() -> Mapping[str, Callable[..., Any]]:
    """The transforms that `mappings/shopify` uses."""
    return TRANSFORMS
