"""What a connector that receives webhooks has to show: only the sender's own bytes get in."""

from __future__ import annotations

import dataclasses
import time

import pytest

from hub.errors import WebhookError
from hub.sdk.connector import Ignore, ReceiveResult, WebhookRequest
from hub.sdk.testing.kit.harness import ConnectorHarness

_ODD_BODIES = (
    b"",
    b"{",
    b"null",
    b"[]",
    b' { "b":1, "a" : 2 } \n',
    b'"text"',
    b"\xff\xfe\x00",
    b'{"type": 3, "data": "x"}',
    b'{"id": "\\ud800"}',
    b'{"a": NaN}',
    b"[" * 5_000 + b"]" * 5_000,
    b'{"n": ' + b"9" * 5_000 + b"}",
)
_A_DAY_S = 86_400
_ODD_VALUES = ("", "garbage", "v1,", "v1,====", "é", "\x00", "9" * 5_000, "-1", "٣", "," * 50)


class Receiving:
    """Mixed in for `ReceivesWebhooks`."""

    def test_webhook_when_signed_well_then_accepted_by_the_newest_secret(self, harness: ConnectorHarness) -> None:
        new, old = harness.webhook_secrets()
        assert harness.receiver([new, old]).verify(harness.fresh_webhook(secret=new)) == 1

    def test_webhook_when_secret_was_rotated_then_the_older_one_still_fits(self, harness: ConnectorHarness) -> None:
        new, old = harness.webhook_secrets()
        assert harness.receiver([new, old]).verify(harness.fresh_webhook(secret=old)) == 2

    def test_webhook_when_secret_is_no_longer_active_then_refused(self, harness: ConnectorHarness) -> None:
        new, old = harness.webhook_secrets()
        _require_refused(harness, [new], harness.fresh_webhook(secret=old))
        _require_refused(harness, [], harness.fresh_webhook(secret=new))

    def test_webhook_when_body_was_changed_then_refused(self, harness: ConnectorHarness) -> None:
        if not harness.signs_body:
            pytest.skip("this scheme does not sign the body")
        request = harness.fresh_webhook()
        for body in (request.body + b" ", request.body[:-1], b""):
            _require_refused(harness, harness.webhook_secrets(), dataclasses.replace(request, body=body))

    def test_webhook_when_body_is_unicode_then_checked_as_bytes(self, harness: ConnectorHarness) -> None:
        if not harness.signs_body:
            pytest.skip("this scheme does not sign the body")
        for body in ('{"name": "李雷 🛍️ é"}'.encode(), b'{"name": "\\u674e"}', b"\xff\xfe\x00"):
            assert harness.receiver(harness.webhook_secrets()).verify(harness.fresh_webhook(body)) == 1

    def test_webhook_when_stale_or_from_the_future_then_refused(self, harness: ConnectorHarness) -> None:
        if harness.stale_after_s is None:
            pytest.skip("this scheme signs no time")
        secret = harness.webhook_secrets()[0]
        for offset in (-harness.stale_after_s - 5, harness.stale_after_s + 5):
            request = harness.webhook(harness.sample, secret, at=time.time() + offset)
            _require_refused(harness, [secret], request)

    def test_webhook_when_headers_are_malformed_then_refused_and_nothing_else(self, harness: ConnectorHarness) -> None:
        if not harness.signs_body:
            pytest.skip("no header is part of this scheme")
        request = harness.fresh_webhook()
        _require_refused(harness, harness.webhook_secrets(), dataclasses.replace(request, headers={}))
        for name in _headers_that_matter(harness, request):
            for value in _ODD_VALUES:
                headers = {**request.headers, name: value}
                _require_refused(harness, harness.webhook_secrets(), dataclasses.replace(request, headers=headers))

    def test_webhook_when_its_address_or_its_token_is_malformed_then_refused(self, harness: ConnectorHarness) -> None:
        if harness.signs_body:
            pytest.skip("this scheme signs the body")
        request = harness.fresh_webhook()
        _require_refused(harness, harness.webhook_secrets(), dataclasses.replace(request, query={}))
        for name in request.query:
            for value in _ODD_VALUES:
                query = {**request.query, name: value}
                _require_refused(harness, harness.webhook_secrets(), dataclasses.replace(request, query=query))
        for body in _ODD_BODIES:
            _require_refused(harness, harness.webhook_secrets(), dataclasses.replace(request, body=body))

    def test_decode_when_content_is_odd_then_passes_the_bytes_on(self, harness: ConnectorHarness) -> None:
        receiver = harness.receiver(harness.webhook_secrets())
        for body in _ODD_BODIES:
            events = receiver.decode(harness.fresh_webhook(body))
            assert not isinstance(events, Ignore), f"a verified body was ignored: {body[:20]!r}"
            assert [event.body for event in events] == [body]
            assert all(len(event.topic) <= 200 and "\x00" not in event.topic for event in events)

    def test_decode_when_repeated_then_the_dedupe_key_is_the_same(self, harness: ConnectorHarness) -> None:
        receiver, request = harness.receiver(harness.webhook_secrets()), harness.fresh_webhook()
        first, second = receiver.decode(request), receiver.decode(request)
        assert [event.dedupe for event in first] == [event.dedupe for event in second]

    def test_webhook_when_replayed_much_later_then_refused_or_known_by_its_identity(
        self, harness: ConnectorHarness
    ) -> None:
        receiver, request = harness.receiver(harness.webhook_secrets()), harness.fresh_webhook()
        replayed = dataclasses.replace(request, received_at=request.received_at + _A_DAY_S)
        if harness.stale_after_s is not None:
            _require_refused(harness, harness.webhook_secrets(), replayed)
        first, again = receiver.decode(request), receiver.decode(replayed)
        assert [(one.topic, one.dedupe, one.body) for one in first] == [(o.topic, o.dedupe, o.body) for o in again]

    def test_decode_when_headers_are_kept_then_hold_no_secret(self, harness: ConnectorHarness) -> None:
        for event in harness.receiver(harness.webhook_secrets()).decode(harness.fresh_webhook()):
            kept = repr(dict(event.headers))
            assert not any(secret in kept for secret in harness.webhook_secrets())

    def test_sample_when_decoded_then_its_topic_has_a_stream(self, harness: ConnectorHarness) -> None:
        events = harness.receiver(harness.webhook_secrets()).decode(harness.fresh_webhook())
        assert [event.topic for event in events] == [harness.topic]
        assert harness.connector.manifest.stream_of_topic(harness.topic) is not None

    def test_acknowledgement_when_stored_then_is_a_success(self, harness: ConnectorHarness) -> None:
        receiver = harness.receiver(harness.webhook_secrets())
        assert 200 <= receiver.acknowledge(ReceiveResult(1, 0)).status < 300
        assert 200 <= receiver.acknowledge(ReceiveResult(0, 1)).status < 300


def _require_refused(harness: ConnectorHarness, secrets: tuple[str, ...] | list[str], request: WebhookRequest) -> None:
    with pytest.raises(WebhookError) as caught:
        harness.receiver(secrets).verify(request)
    assert caught.value.status == 401
    assert not any(secret in str(caught.value) for secret in secrets)


def _headers_that_matter(harness: ConnectorHarness, request: WebhookRequest) -> list[str]:
    """The headers without which a request is refused: the signature and what is signed."""
    receiver, found = harness.receiver(harness.webhook_secrets()), []
    for name in request.headers:
        try:
            receiver.verify(dataclasses.replace(request, headers={**request.headers, name: "garbage"}))
        except WebhookError:
            found.append(name)
    assert found, "no header is part of the signature"
    return found
