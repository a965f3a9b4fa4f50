"""The generic webhook connector keeps the contract of every connector."""

from __future__ import annotations

from connectors.webhook.conformance import WebhookHarness, WebhookWithoutFindHarness
from hub.sdk.testing.kit import connector_suite
from tests.connectors.mapped import mapper

TestWebhook = connector_suite(WebhookHarness, mapper("webhook"))
TestWebhookWithoutFind = connector_suite(WebhookWithoutFindHarness, mapper("webhook"))
