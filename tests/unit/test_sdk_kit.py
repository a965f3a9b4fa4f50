"""The conformance kit finds what is wrong with a connector."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import pytest
from _pytest.outcomes import Failed

from connectors.webhook.conformance import WebhookHarness
from connectors.webhook.connector import WebhookConnector
from connectors.webhook.simulator import WebhookSimulator
from hub.errors import RecordError, UnknownOutcomeError
from hub.model.observation import Draft
from hub.sdk import Delivery, Manifest, Page, RawEvent, Reads, Stream, Text, WebhookRequest, WriteResult
from hub.sdk.testing.kit import connector_suite
from hub.sdk.testing.kit.agreeing import Agreeing
from hub.sdk.testing.kit.basics import Basics
from hub.sdk.testing.kit.mailbox import Mailbox
from hub.sdk.testing.kit.reading import Reading
from hub.sdk.testing.kit.receiving import Receiving
from hub.sdk.testing.kit.writing import Writing
from tests.connectors.mapped import mapper

_numbers = itertools.count()


class Careless(WebhookConnector, Reads):
    """Breaks the contract in many places."""

    manifest: ClassVar[Manifest] = dataclasses.replace(
        WebhookConnector.manifest,
        title=Text("", "Careless"),
        streams=(Stream("customers", ("customer",), pull=True, help=Text("a", "b")),),
    )

    def verify(self, request: WebhookRequest) -> int:
        int(request.headers["webhook-timestamp"])
        return 1

    def decode(self, request: WebhookRequest) -> Sequence[RawEvent]:
        return [RawEvent(request.headers["webhook-id"], request.body.strip())]

    def __repr__(self) -> str:
        return f"<Careless {self.secrets}>"

    def write(self, deliveries: Sequence[Delivery]) -> Sequence[WriteResult]:
        fresh = [
            dataclasses.replace(d, hub_ref=f"{d.hub_ref}-{number}", idempotency_key=f"x{number}")
            for d, number in zip(deliveries, _numbers, strict=False)
        ]
        results = [result if not result.error else WriteResult() for result in super().write(fresh)]
        return results[::-1]

    def fetch(self, stream: str, cursor: Any) -> Iterator[Page]:
        for number in range(cursor or 0, 5):
            yield Page([RawEvent("x", str(number).encode())], cursor=number + 2)


class CarelessHarness(WebhookHarness):
    connector = Careless

    def seed(self, simulator: Any, stream: str, count: int) -> Sequence[str]:
        return [str(number) for number in range(count)]

    def external_id(self, stream: str, event: RawEvent) -> str:
        return event.body.decode()


@pytest.fixture
def harness() -> CarelessHarness:
    return CarelessHarness()


@pytest.fixture
def simulator(harness: CarelessHarness) -> Iterator[WebhookSimulator]:
    with harness.simulator() as simulator:
        yield simulator


@pytest.fixture
def connector(harness: CarelessHarness, simulator: WebhookSimulator) -> Iterator[Any]:
    connector = harness.connect(simulator)
    yield connector
    connector.http.close()


def test_suite_when_built_then_has_the_parts_of_its_capabilities() -> None:
    assert issubclass(connector_suite(CarelessHarness), (Reading, Receiving, Writing, Basics))
    assert not issubclass(connector_suite(WebhookHarness), Reading)
    assert connector_suite(WebhookHarness).__name__ == "TestWebhook"


def test_kit_when_manifest_lacks_a_text_then_fails(harness: CarelessHarness) -> None:
    with pytest.raises(AssertionError, match="title lacks its Chinese"):
        Basics().test_manifest_when_shown_then_is_documented_in_both_languages(harness)


def test_kit_when_repr_shows_a_secret_then_fails(harness: Any, simulator: Any, connector: Any) -> None:
    with pytest.raises(AssertionError):
        Basics().test_repr_when_printed_then_shows_no_secret(harness, simulator, connector)


def test_kit_when_a_fault_is_swallowed_then_fails(harness: Any, simulator: Any, connector: Any) -> None:
    with pytest.raises(AssertionError, match="no error was raised"):
        Basics().test_call_when_peer_fails_then_error_says_what_next(harness, simulator, connector, "server_error")


def test_kit_when_an_error_shows_a_secret_then_fails(harness: Any, simulator: Any, connector: Any) -> None:
    secret = harness.secrets(simulator)["secret"][0]

    def call(_: Any) -> None:
        if simulator.switches.burst_500:
            raise UnknownOutcomeError(f"under-test: {secret}")

    harness.call = call
    with pytest.raises(AssertionError, match="shows a secret"):
        Basics().test_call_when_peer_fails_then_error_says_what_next(harness, simulator, connector, "server_error")


@pytest.mark.parametrize(
    "name",
    [
        "test_webhook_when_secret_was_rotated_then_the_older_one_still_fits",
        "test_webhook_when_secret_is_no_longer_active_then_refused",
        "test_webhook_when_body_was_changed_then_refused",
        "test_webhook_when_stale_or_from_the_future_then_refused",
        "test_decode_when_content_is_odd_then_passes_the_bytes_on",
        "test_sample_when_decoded_then_its_topic_has_a_stream",
    ],
)
def test_kit_when_webhooks_are_not_checked_then_fails(harness: CarelessHarness, name: str) -> None:
    harness.sample = b" {} "  # type: ignore[misc]
    with pytest.raises((AssertionError, Failed)):
        getattr(Receiving(), name)(harness)


def test_kit_when_malformed_headers_raise_then_fails(harness: CarelessHarness) -> None:
    with pytest.raises(KeyError):
        Receiving().test_webhook_when_headers_are_malformed_then_refused_and_nothing_else(harness)


@pytest.mark.parametrize(
    "name",
    [
        "test_pages_when_read_through_then_every_record_once",
        "test_last_page_when_reached_then_says_so",
        "test_cursor_when_resumed_after_any_page_then_nothing_is_lost",
    ],
)
def test_kit_when_pages_are_lost_then_fails(harness: Any, simulator: Any, connector: Any, name: str) -> None:
    with pytest.raises(AssertionError):
        getattr(Reading(), name)(harness, simulator, connector, "customers")


@pytest.mark.parametrize(
    "name",
    [
        "test_write_when_repeated_with_one_key_then_one_remote_record",
        "test_write_when_a_batch_then_results_are_in_order",
        "test_write_when_one_of_a_batch_fails_then_the_others_succeed",
    ],
)
def test_kit_when_writes_are_not_idempotent_then_fails(harness: Any, simulator: Any, connector: Any, name: str) -> None:
    with pytest.raises(AssertionError):
        getattr(Writing(), name)(harness, simulator, connector)


def test_kit_when_a_lost_write_is_made_twice_then_fails(harness: Any, simulator: Any, connector: Any) -> None:
    with pytest.raises(AssertionError):
        Writing().test_write_when_answer_is_lost_after_commit_then_one_remote_record(
            harness, simulator, connector, "500"
        )


@pytest.fixture
def agreeing() -> Agreeing:
    return Agreeing()


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as mailbox:
        yield mailbox


@pytest.fixture
def mapped() -> WebhookHarness:
    return WebhookHarness(mapper("webhook"))


@pytest.fixture
def peer(mapped: WebhookHarness) -> Iterator[WebhookSimulator]:
    with mapped.simulator() as simulator:
        yield simulator


def test_kit_when_the_peer_tells_something_else_than_was_written_then_fails(
    agreeing: Agreeing, mapped: WebhookHarness, peer: WebhookSimulator, mailbox: Mailbox
) -> None:
    right = peer._event_data
    peer._event_data = lambda record: {**right(record), "tags": ["other"]}  # type: ignore[method-assign]
    with pytest.raises(AssertionError, match=r"would never rest: \['tags'\]"):
        agreeing.test_write_when_the_system_tells_of_it_then_nothing_is_new(mapped, peer, mailbox)


def test_kit_when_the_peer_only_respells_what_was_written_then_passes(
    agreeing: Agreeing, mapped: WebhookHarness, peer: WebhookSimulator, mailbox: Mailbox
) -> None:
    peer.reformat = "pad"
    agreeing.test_write_when_the_system_tells_of_it_then_nothing_is_new(mapped, peer, mailbox)


def test_kit_when_nothing_tells_of_a_deletion_then_fails(
    agreeing: Agreeing, mapped: WebhookHarness, peer: WebhookSimulator, mailbox: Mailbox
) -> None:
    mapped.remove = lambda simulator, external_id: simulator.records.pop(external_id)  # type: ignore[method-assign, assignment]
    with pytest.raises(AssertionError, match="says that it is gone"):
        agreeing.test_record_when_deleted_at_the_system_then_is_seen(mapped, peer, mailbox)


def test_kit_when_a_sample_maps_to_nothing_then_fails(agreeing: Agreeing, mapped: WebhookHarness) -> None:
    mapped.samples = lambda: [RawEvent("customer.updated", b'{"data": {}}')]  # type: ignore[method-assign]
    with pytest.raises(RecordError):
        agreeing.test_samples_when_mapped_then_give_records_of_their_stream(mapped)


def test_kit_when_unknown_fields_change_a_record_then_fails(agreeing: Agreeing, mapped: WebhookHarness) -> None:
    right = mapped.drafts

    def drafts(event: RawEvent) -> Sequence[Draft]:
        found = right(event)
        if b"x_kit_unknown" in event.body:
            found[0].asserted["note"] = "strange"
        return found

    mapped.drafts = drafts  # type: ignore[method-assign]
    with pytest.raises(AssertionError, match="differs"):
        agreeing.test_samples_when_they_have_unknown_fields_then_map_to_the_same(mapped)


def test_kit_when_lost_subscriptions_are_not_restored_then_fails(
    agreeing: Agreeing, mapped: WebhookHarness, peer: WebhookSimulator, mailbox: Mailbox
) -> None:
    there = [{"topic": "customer.updated", "address": mailbox.address, "state": "active"}]

    class Forgetful(WebhookConnector):
        def subscriptions(self) -> Sequence[Mapping[str, str]]:
            return list(there)

    mapped.connector = Forgetful  # type: ignore[misc]
    mapped.lose_subscriptions = lambda simulator: there.clear()  # type: ignore[method-assign]
    with pytest.raises(AssertionError):
        agreeing.test_subscriptions_when_lost_then_are_restored_once(mapped, peer, mailbox)


def test_kit_when_a_replay_gets_another_identity_then_fails() -> None:
    class Clocked(CarelessHarness):
        stale_after_s = None

        def receiver(self, secrets: Sequence[str]) -> Any:
            made = super().receiver(secrets)
            made.decode = lambda request: [RawEvent("x", request.body, dedupe=str(request.received_at))]
            return made

    with pytest.raises(AssertionError):
        Receiving().test_webhook_when_replayed_much_later_then_refused_or_known_by_its_identity(Clocked())
