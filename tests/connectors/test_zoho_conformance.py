"""The Zoho connector keeps the contract of every connector."""

from __future__ import annotations

from connectors.zoho.conformance import DeletionHarness, ZohoHarness
from hub.sdk.testing.kit import connector_suite
from hub.sdk.testing.kit.receiving import Receiving
from tests.connectors.mapped import mapper

TestZoho = connector_suite(ZohoHarness, mapper("zoho"))


class TestZohoDeletions:
    """A notification of a deletion is taken apart like one of a change."""

    def test_sample_when_decoded_then_its_topic_has_a_stream(self) -> None:
        Receiving().test_sample_when_decoded_then_its_topic_has_a_stream(DeletionHarness())

    def test_sample_when_mapped_then_its_record_is_gone(self) -> None:
        harness = DeletionHarness(mapper("zoho"))
        request = harness.fresh_webhook()
        drafts = [
            one
            for event in harness.receiver(harness.webhook_secrets()).decode(request)
            for one in harness.drafts(event)
        ]
        assert [(one.external_id, one.deleted) for one in drafts] == [("111111000000045678", True)]
