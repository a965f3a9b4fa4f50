"""What a peer's answer, or the lack of one, means: the error class says what happens next."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

from hub.errors import (
    ConfigError,
    ConnectionPausedError,
    HubError,
    RejectedError,
    RetryableError,
    UnknownOutcomeError,
)
from hub.sdk.item import read_page
from hub.sdk.transport import CallState

TOO_LARGE = "too_large"
"""Code of the `RejectedError` for an answer over the client's limit: ask for fewer records at once."""
_LONGEST_RETRY_AFTER_S = 86_400.0


@dataclass(frozen=True, slots=True, repr=False)
class Answer:
    """What the peer said. Header names are lower-case; the body is decoded from gzip, else verbatim."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    _read: list[Any] = field(default_factory=list, init=False, compare=False)

    def __repr__(self) -> str:
        return f"<Answer {self.status}, {len(self.body)} bytes>"

    def json(self) -> Any:
        """The parsed body, the caller's own; None when it is empty. Raises `RetryableError` when it is not JSON."""
        if self._read:
            return self._read.pop()
        if not self.body.strip():
            return None
        try:
            return read_page(self.body)
        except ValueError:
            pass
        raise RetryableError("the answer is not JSON", may_be_done=True)

    def is_json(self) -> bool:
        """Whether the body is JSON. What was read is kept for `json`: a page is parsed once."""
        if not self._read:
            try:
                self._read.append(read_page(self.body))
            except ValueError:
                return False
        return True


def retry_after_s(text: str | None, *, now: float | None = None) -> float | None:
    """Seconds a `Retry-After` header asks for: seconds (fractions too) or an HTTP date; None when unusable.

    Never negative, at most a day. Source: RFC 9110 section 10.2.3.
    """
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(text).timestamp() - (time.time() if now is None else now)
        except (ValueError, TypeError, OverflowError):
            return None
    return min(max(seconds, 0.0), _LONGEST_RETRY_AFTER_S) if seconds == seconds else None


def is_json(answer: Answer) -> bool:
    """Whether a 2xx answer may be read as JSON (204 and 205 have no body)."""
    if answer.status in (204, 205):
        return True
    return answer.is_json()


def lost(text: str, *, is_safe: bool, retry_after: float | None = None) -> HubError:
    """The call was sent and its effect is not known: harmless to repeat, or to be looked up first."""
    if not is_safe:
        return UnknownOutcomeError(text)
    return RetryableError(text, retry_after_s=retry_after, may_be_done=True)


def failure_of(fault: Exception, state: CallState, where: str, *, is_safe: bool) -> HubError:
    """The error for a call that got no answer."""
    if isinstance(fault, RejectedError):
        return fault if is_safe else UnknownOutcomeError(f"{where}: {fault}")
    if isinstance(fault, HubError):
        return type(fault)(f"{where}: {fault}")
    if isinstance(fault, UnicodeError):
        return ConfigError(f"{where}: a header has characters that HTTP does not allow; check the secrets")
    is_late = isinstance(fault, (requests.Timeout, TimeoutError)) or time.monotonic() >= state.deadline
    cause = "timed out" if is_late else f"broke off ({_innermost(fault)})"
    if not state.sent:
        return RetryableError(f"{where} could not connect: {cause}")
    return lost(f"{where} {cause} after the request was sent", is_safe=is_safe)


def _innermost(fault: BaseException) -> str:
    """The class name of the first cause; its text may hold the path."""
    while (below := fault.__cause__ or fault.__context__) is not None:
        fault = below
    return type(fault).__name__


def error_of(answer: Answer, where: str, accept: Container[int], *, is_safe: bool) -> HubError | None:
    """The error class of a status; None for 2xx and what the caller accepts."""
    status = answer.status
    if 200 <= status < 300 or status in accept:
        return None
    text = f"{where} answered {status}"
    wait_s = retry_after_s(answer.headers.get("retry-after"))
    # A server that says when to come again refused on purpose. Any other 503 may be a gateway's that lost the answer.
    if status in (408, 425, 429) or (status == 503 and wait_s is not None):
        return RetryableError(text, retry_after_s=wait_s)
    if status in (401, 403):
        return ConnectionPausedError(f"{text}; check the connection's credentials and permissions")
    if 400 <= status < 500:
        return RejectedError(text, code=f"http_{status}")
    if 300 <= status < 400:
        text = f"{text}, a redirect, which is never followed; set the final address"
        return RetryableError(text, may_be_done=True) if is_safe else RejectedError(text, code=f"http_{status}")
    return lost(text, is_safe=is_safe, retry_after=wait_s)
