"""The Zoho CRM connector: contacts in by notification and listing, out by upsert."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, ClassVar

from connectors.zoho import examine, notice, reading
from connectors.zoho.centre import Addresses
from connectors.zoho.client import Client, Credentials
from connectors.zoho.fields import Description, Fields
from connectors.zoho.manifest import MANIFEST, STREAM
from connectors.zoho.transforms import TRANSFORMS
from connectors.zoho.writing import BATCH, Writer
from hub.errors import ConfigError
from hub.sdk import (
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
    hookimpl,
)


class ZohoConnector(Connector, Reads, ReceivesWebhooks, Writes):
    """One Zoho account. Usable from several threads; what it keeps are the fields of the module."""

    manifest: ClassVar[Manifest] = MANIFEST
    batch_size: ClassVar[int] = BATCH

    def check(self) -> CheckResult:
        """Asks for the organisation and the module's fields; says what is missing and how to make it."""
        self._fields.forget()
        return examine.check(self._client, self._module, self._hub_field, self._fields, self._has_notifications)

    def fetch(self, stream: str, cursor: Any) -> Iterator[Page]:
        """Pages of contacts (`connectors.zoho.reading.fetch`)."""
        self._require(stream)
        return reading.fetch(self._client, self._module, self._described.names, cursor, self._page_size)

    def fetch_some(self, stream: str, ids: Sequence[str]) -> Iterator[Page]:
        """Single contacts (`connectors.zoho.reading.fetch_some`)."""
        self._require(stream)
        return reading.fetch_some(self._client, self._module, self._described.names, ids)

    def cursor_since(self, stream: str, since: float) -> Any:
        """A pass that begins at `since`."""
        self._require(stream)
        start = reading.instant(datetime.fromtimestamp(since, UTC))
        return reading.Place(since=start, gone=start).as_cursor

    def enumerate_ids(self, stream: str) -> Iterator[str]:
        """Every contact's id (`connectors.zoho.reading.enumerate_ids`)."""
        self._require(stream)
        return reading.enumerate_ids(self._client, self._module)

    def verify(self, request: WebhookRequest) -> int:
        """Checks address key and channel token (`connectors.zoho.notice.verify`)."""
        return notice.verify(request, self.secrets.get("webhook_secret", ()))

    def decode(self, request: WebhookRequest) -> Sequence[RawEvent]:
        """One item per id (`connectors.zoho.notice.decode`)."""
        return notice.decode(request, self._module)

    def subscriptions(self) -> Sequence[Mapping[str, str]]:
        """What Zoho will notify us of, with the end of the channel."""
        if not self._has_notifications:
            return ()
        return notice.subscriptions(self._client, self._module, self._channel_id)

    def subscribe(self) -> None:
        """Makes or renews the channel; without a `webhook_secret` there is none, and nothing happens."""
        secrets = self.secrets.get("webhook_secret") or ()
        if secrets:
            notice.subscribe(self._client, self._module, self.account.webhook_url, self._channel_id, secrets[0])

    def write(self, deliveries: Sequence[Delivery]) -> Sequence[WriteResult]:
        """Up to 100 contacts in few calls (`connectors.zoho.writing.Writer.write`)."""
        return self._writer().write(deliveries)

    def read(self, kind: str, external_id: str) -> Found | None:  # noqa: ARG002 -- there is one kind
        """The contact as it is now; None when it is gone."""
        return self._writer(self._described.names).read(external_id)

    def find(self, kind: str, hub_ref: str, keys: Mapping[str, Any]) -> Found | None:  # noqa: ARG002
        """The contact made under `hub_ref` (`connectors.zoho.writing.Writer.find`)."""
        return self._writer(self._described.names).find(hub_ref, keys)

    def _writer(self, names: Sequence[str] = ()) -> Writer:
        listed = str(self.config.get("duplicate_fields") or "").split(",")
        more = [name.strip() for name in listed if name.strip()]
        return Writer(self._client, self._module, self._hub_field, more, names)

    @cached_property
    def _client(self) -> Client:
        secrets = {name: next(iter(self.secrets.get(name) or ()), "") for name in ("client_secret", "refresh_token")}
        missing = [name for name, value in secrets.items() if not value]
        client_id = str(self.config.get("client_id") or "")
        if missing or not client_id:
            what = ", ".join([*(["client_id"] if not client_id else []), *missing])
            raise ConfigError(f"{self.name}: {what} must be set to call Zoho")
        addresses = Addresses.of(str(self.config.get("data_centre") or ""), str(self.config.get("base_url") or ""))
        credentials = Credentials(client_id, **secrets)
        reserve = int(self.config.get("credits_reserve") or 0)
        return Client(self.name, self.http, self.account, addresses, credentials, reserve)

    @cached_property
    def _fields(self) -> Fields:
        return Fields()

    @property
    def _described(self) -> Description:
        return self._fields.of(self._client, self._module, self._hub_field)

    @property
    def _module(self) -> str:
        return str(self.config.get("module") or "Contacts")

    @property
    def _hub_field(self) -> str:
        return str(self.config.get("hub_field") or "Hub_Id")

    @property
    def _page_size(self) -> int:
        given = str(self.config.get("page_size") or reading.MOST_ROWS)
        if not given.isdigit() or not 1 <= int(given) <= reading.MOST_ROWS:
            raise ConfigError(f"{self.name}: `page_size` is a number from 1 to {reading.MOST_ROWS}")
        return int(given)

    @property
    def _channel_id(self) -> str:
        return str(self.config.get("channel_id") or "") or notice.channel_of(self.account.webhook_url)

    @property
    def _has_notifications(self) -> bool:
        return bool(self.secrets.get("webhook_secret"))

    def _require(self, stream: str) -> None:
        if stream != STREAM:
            raise ConfigError(f"zoho cannot list {stream!r}; it lists: {STREAM}")


@hookimpl
def register_connectors() -> Sequence[type[Connector]]:
    """The connector."""
    return [ZohoConnector]


@hookimpl
def register_transforms() -> Mapping[str, Callable[..., Any]]:
    """The transforms that `mappings/zoho` uses."""
    return TRANSFORMS
