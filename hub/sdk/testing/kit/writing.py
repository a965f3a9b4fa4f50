"""What a connector that writes has to show: one intent, one remote record, whatever gets lost."""

from __future__ import annotations

from typing import Any

import pytest

from hub.errors import RejectedError, RetryableError, UnknownOutcomeError
from hub.sdk.testing.kit.harness import ConnectorHarness
from hub.sdk.testing.simulator import Simulator


class Writing:
    """Mixed in for `Writes`."""

    def test_write_when_repeated_with_one_key_then_one_remote_record(
        self, harness: ConnectorHarness, simulator: Simulator, connector: Any
    ) -> None:
        first, second = connector.write([harness.delivery(1)])[0], connector.write([harness.delivery(1)])[0]
        assert first.error is None, repr(first.error)
        assert (first.external_id, first.error) == (second.external_id, second.error)
        if harness.recognises_repeats:
            assert first == second
        assert harness.remote_count(simulator) == 1

    def test_write_when_a_batch_then_results_are_in_order(
        self, harness: ConnectorHarness, simulator: Simulator, connector: Any
    ) -> None:
        count = connector.batch_size
        results = connector.write([harness.delivery(number) for number in range(count)])
        again = [connector.write([harness.delivery(number)])[0] for number in range(count)]
        assert [result.external_id for result in results] == [result.external_id for result in again]
        assert harness.remote_count(simulator) == count

    def test_write_when_record_is_known_then_updates_it(
        self, harness: ConnectorHarness, simulator: Simulator, connector: Any
    ) -> None:
        external_id = connector.write([harness.delivery(1)])[0].external_id
        result = connector.write([harness.delivery(2, external_id)])[0]
        assert (result.error, result.external_id) == (None, external_id)
        assert harness.remote_count(simulator) == 1

    @pytest.mark.parametrize("mode", ["500", "close", "hang"])
    def test_write_when_answer_is_lost_after_commit_then_one_remote_record(
        self, harness: ConnectorHarness, simulator: Simulator, connector: Any, mode: str
    ) -> None:
        simulator.switches.set(error_after_commit=1, error_mode=mode)
        lost = connector.write([harness.delivery(1)])[0]
        assert isinstance(lost.error, (RetryableError, UnknownOutcomeError)), repr(lost.error)
        external_id = _find_or_write(harness, connector)
        assert external_id, "the record was not found again"
        assert harness.remote_count(simulator) == 1

    def test_write_when_one_of_a_batch_fails_then_the_others_succeed(
        self, harness: ConnectorHarness, simulator: Simulator, connector: Any
    ) -> None:
        if connector.batch_size < 2:
            pytest.skip("this connector writes one at a time")
        harness.fail_one(simulator)
        results = connector.write([harness.delivery(number) for number in range(connector.batch_size)])
        assert sum(result.error is not None for result in results) == 1
        assert not any(isinstance(result.error, RejectedError) for result in results)

    def test_find_when_written_then_finds_it_and_nothing_else(self, harness: ConnectorHarness, connector: Any) -> None:
        delivery = harness.delivery(1)
        written = connector.write([delivery])[0]
        try:
            found = connector.find(delivery.kind, delivery.hub_ref, {})
        except NotImplementedError:
            pytest.skip("this system cannot be searched")
        assert found is not None
        assert (found.external_id, found.version) == (written.external_id, written.version)
        assert connector.find(delivery.kind, "no-such-ref", {}) is None


def _find_or_write(harness: ConnectorHarness, connector: Any) -> str | None:
    """What the hub does after an unknown outcome: look, and send again only when nothing is there."""
    delivery = harness.delivery(1)
    try:
        found = connector.find(delivery.kind, delivery.hub_ref, {})
    except NotImplementedError:
        found = None
    external_id: str | None = found.external_id if found else connector.write([delivery])[0].external_id
    return external_id
