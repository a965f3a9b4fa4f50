"""The error's class decides what happens next."""

from __future__ import annotations

import pytest

from hub.errors import (
    ConfigError,
    ConnectionPausedError,
    RecordError,
    RejectedError,
    RetryableError,
    UnknownOutcomeError,
)
from hub.rules.retry import LONGEST_DELAY_S, MAX_ATTEMPTS, Action, backoff_s, next_action


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (RejectedError("phone refused"), "dead"),
        (RecordError("no title"), "quarantine"),
        (ConnectionPausedError("token revoked"), "pause"),
        (ConfigError("no target_url"), "pause"),
        (UnknownOutcomeError("timed out after sending"), "verify"),
        (RetryableError("429"), "retry"),
        (RetryableError("500", may_be_done=True), "verify"),
        (ValueError("bug"), "retry"),
    ],
)
def test_next_action_by_class_of_error(error: Exception, expected: str) -> None:
    assert next_action(error, 1).next == expected


def test_next_action_when_peer_names_delay_then_it_is_honoured_for_the_connection() -> None:
    assert next_action(RetryableError("429", retry_after_s=42), 3) == Action("retry", 42, throttled=True)


def test_next_action_when_delay_is_in_the_past_then_zero() -> None:
    assert next_action(RetryableError("429", retry_after_s=-5), 1).delay_s == 0


def test_next_action_when_attempts_are_used_up_then_dead() -> None:
    assert next_action(RetryableError("503"), MAX_ATTEMPTS).next == "dead"
    assert next_action(RetryableError("429", retry_after_s=1), MAX_ATTEMPTS).next == "dead"


def test_next_action_when_nobody_raised_it_on_purpose_then_it_is_a_bug() -> None:
    assert next_action(KeyError("x"), 1).is_bug
    assert not next_action(RetryableError("503"), 1).is_bug


def test_backoff_when_attempts_grow_then_doubles_within_its_jitter_up_to_the_cap() -> None:
    for attempt in range(1, 40):
        whole = min(LONGEST_DELAY_S, 2.0 ** (attempt - 1))
        assert whole / 2 <= backoff_s(attempt, "seed") <= whole


def test_backoff_when_seeds_differ_then_delays_spread_and_same_seed_repeats() -> None:
    delays = {backoff_s(5, str(seed)) for seed in range(50)}
    assert len(delays) > 40
    assert backoff_s(5, "7") == backoff_s(5, "7")
