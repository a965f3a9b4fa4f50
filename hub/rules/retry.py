"""What happens next after an error: one pure function reads the error tree."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final, Literal

from hub.errors import (
    ConfigError,
    ConnectionPausedError,
    RecordError,
    RejectedError,
    RetryableError,
    UnknownOutcomeError,
)

Next = Literal["retry", "verify", "dead", "quarantine", "pause"]

FIRST_DELAY_S: Final = 1.0
LONGEST_DELAY_S: Final = 900.0
# A peer may still be working on a call that we gave up: look a little later, not at once.
LOOK_AFTER_S: Final = 2.0
# With the longest delay this is about half a day of trying; the breaker spends no tries while a peer is down.
MAX_ATTEMPTS: Final = 60


@dataclass(frozen=True, slots=True)
class Action:
    """What to do with one piece of work.

    `retry` again after `delay_s` · `verify` after `delay_s` look what the peer holds before anything is sent ·
    `dead` give up, a person decides · `quarantine` this one is malformed · `pause` stop its connection.
    `throttled`: the peer named the delay, so it holds for the whole connection. `is_bug`: nobody raised
    this on purpose; show the traceback.
    """

    next: Next
    delay_s: float = 0.0
    throttled: bool = False
    is_bug: bool = False


def next_action(error: BaseException, attempt: int, seed: str = "") -> Action:
    """Reads the class of `error` after the `attempt`-th failure (1 = first). Same arguments, same answer.

    `seed` spreads the delays of things that failed together (an id of the thing).
    """
    if isinstance(error, UnknownOutcomeError):
        return Action("verify", LOOK_AFTER_S)
    if isinstance(error, (ConnectionPausedError, ConfigError)):
        return Action("pause")
    if isinstance(error, RejectedError):
        return Action("dead")
    if isinstance(error, RecordError):
        return Action("quarantine")
    is_bug = not isinstance(error, RetryableError)
    if attempt >= MAX_ATTEMPTS:
        return Action("dead", is_bug=is_bug)
    # Only what proves that nothing was done may be sent again without a look.
    again: Next = "verify" if isinstance(error, RetryableError) and error.may_be_done else "retry"
    if isinstance(error, RetryableError) and error.retry_after_s is not None:
        return Action(again, max(0.0, error.retry_after_s), throttled=True)
    return Action(again, backoff_s(attempt, seed), is_bug=is_bug)


def backoff_s(attempt: int, seed: str = "") -> float:
    """Seconds to wait after the `attempt`-th failure: doubling from one second, capped, 50–100 % of it by `seed`."""
    whole = min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** min(max(attempt, 1) - 1, 30))
    digest = hashlib.blake2b(f"{seed}:{attempt}".encode(), digest_size=4).digest()
    return whole * (0.5 + int.from_bytes(digest) / 2**33)
