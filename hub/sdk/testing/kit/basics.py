"""What every connector has to show: documentation, credentials, discretion, honest errors."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from hub.errors import ConnectionPausedError, HubError, RejectedError, RetryableError, UnknownOutcomeError
from hub.model.kinds import KINDS
from hub.sdk.connector import CheckResult, Connector, Manifest, Text
from hub.sdk.testing.kit.harness import ConnectorHarness
from hub.sdk.testing.simulator import Simulator

# Switches -> what a call may raise under them. A lost answer is unknown where repeating does harm.
FAULTS: dict[str, tuple[dict[str, Any], tuple[type[HubError], ...]]] = {
    "rate_limited": ({"rate_limit": 0.5}, (RetryableError,)),
    "server_error": ({"burst_500": -1}, (RetryableError, UnknownOutcomeError)),
    "web_page_instead_of_json": ({"html": -1}, (RetryableError, UnknownOutcomeError)),
    "unauthorized": ({"unauthorized": -1}, (ConnectionPausedError,)),
    "never_answers": ({"hang": -1}, (RetryableError, UnknownOutcomeError)),
    "closes_mid_body": ({"close_mid_body": -1}, (RetryableError, UnknownOutcomeError)),
    "one_byte_a_second": ({"slow_bytes": 1.0}, (RetryableError, UnknownOutcomeError)),
}


class Basics:
    """Mixed into every suite."""

    def test_manifest_when_shown_then_is_documented_in_both_languages(self, harness: ConnectorHarness) -> None:
        manifest = harness.connector.manifest
        assert re.fullmatch(r"[a-z][a-z0-9_-]*", manifest.name), manifest.name
        assert manifest.api_version, "api_version names what the connector was written against"
        assert manifest.sdk, "sdk names the range of SDK versions it works with"
        for what, text in _texts(manifest).items():
            assert text.zh, f"{what} lacks its Chinese text"
            assert text.en, f"{what} lacks its English text"

    def test_streams_when_declared_then_name_known_kinds_once(self, harness: ConnectorHarness) -> None:
        manifest = harness.connector.manifest
        names = [stream.name for stream in manifest.streams]
        assert len(names) == len(set(names)), "two streams have one name"
        for stream in manifest.streams:
            assert set(stream.kinds) <= set(KINDS), f"{stream.name} names a kind that is none"
            for topic in stream.topics:
                assert manifest.stream_of_topic(topic) == stream, f"{topic} belongs to two streams"

    def test_secret_fields_when_declared_then_have_no_default(self, harness: ConnectorHarness) -> None:
        for field in harness.connector.manifest.config:
            assert not (field.secret and field.default), f"{field.name} is secret and has a default"

    def test_good_credentials_when_checked_then_ok(self, connector: Connector) -> None:
        assert connector.check().ok

    def test_bad_credentials_when_checked_then_refused_without_showing_them(
        self, harness: ConnectorHarness, simulator: Simulator
    ) -> None:
        secrets = harness.bad_secrets(simulator)
        if secrets is None:
            pytest.skip("this connector's check cannot prove credentials")
        outcome = _outcome(harness.connect(simulator, secrets).check)
        assert isinstance(outcome, (CheckResult, ConnectionPausedError)), repr(outcome)
        assert not (isinstance(outcome, CheckResult) and outcome.ok), "bad credentials were found good"
        for values in secrets.values():
            assert not any(value in str(outcome) or value in repr(outcome) for value in values)

    def test_repr_when_printed_then_shows_no_secret(
        self, harness: ConnectorHarness, simulator: Simulator, connector: Connector
    ) -> None:
        shown = f"{connector!r} {connector} {connector.http!r}"
        for values in harness.secrets(simulator).values():
            assert not any(value in shown for value in values)

    @pytest.mark.parametrize("fault", sorted(FAULTS))
    def test_call_when_peer_fails_then_error_says_what_next(
        self, harness: ConnectorHarness, simulator: Simulator, connector: Connector, fault: str
    ) -> None:
        switches, expected = FAULTS[fault]
        harness.call(connector)
        simulator.switches.set(**switches)
        outcome = _outcome(lambda: harness.call(connector))
        _require_discreet(outcome, harness, simulator)
        assert isinstance(outcome, expected), f"under {fault}: {outcome!r}"

    def test_call_when_connection_is_refused_then_retryable(
        self, harness: ConnectorHarness, simulator: Simulator, connector: Connector
    ) -> None:
        simulator.refuse()
        assert isinstance(_outcome(lambda: harness.call(connector)), RetryableError)
        simulator.refuse(False)
        harness.call(connector)

    def test_rate_limit_when_peer_names_a_wait_then_error_carries_it(
        self, harness: ConnectorHarness, simulator: Simulator, connector: Connector
    ) -> None:
        simulator.switches.set(rate_limit=0.5)
        outcome = _outcome(lambda: harness.call(connector))
        assert isinstance(outcome, RetryableError), repr(outcome)
        assert outcome.retry_after_s is not None


def _texts(manifest: Manifest) -> dict[str, Text]:
    return {
        "title": manifest.title,
        "help": manifest.help,
        **{f"setting {field.name}": field.help for field in manifest.config},
        **{f"stream {stream.name}": stream.help for stream in manifest.streams},
    }


def _outcome(act: Callable[[], Any]) -> Any:
    """What a call returns, or the project's error it raises; any other exception passes."""
    try:
        return act()
    except HubError as error:
        return error


def _require_discreet(outcome: Any, harness: ConnectorHarness, simulator: Simulator) -> None:
    assert isinstance(outcome, HubError), f"no error was raised: {outcome!r}"
    text = f"{outcome} {outcome!r} {outcome.__cause__!r}"
    assert harness.connection in text, "the error does not name its connection"
    assert not isinstance(outcome, RejectedError), f"a passing fault must not be final: {outcome!r}"
    for values in harness.secrets(simulator).values():
        assert not any(value in text for value in values), "the error shows a secret"
