"""The error tree. The class says what happens next; `hub.rules.retry.next_action` reads it.

An error names the connection, the stream and the external id, never a payload or a secret: its
text reaches logs, the console and the command line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


class HubError(Exception):
    """Everything the hub raises on purpose. Any other exception is a bug: keep the row, show the traceback."""


class ConfigError(HubError):
    """A setting, a file or an argument is wrong: somebody has to fix it before trying again."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with one item.

    `code` is stable and groups causes (`missing_field`, `bad_money`); `path` is the dotted source
    or canonical path; `where` is the mapping's `file:line`; `value` is a short sample, shown to
    people by role and never logged.
    """

    code: str
    message: str
    path: str = ""
    where: str = ""
    value: str = ""

    def as_dict(self) -> dict[str, str]:
        """The stored form: the keys `code, message, path, where, value`, empty ones left out."""
        pairs = {name: getattr(self, name) for name in ("code", "message", "path", "where", "value")}
        return {name: text for name, text in pairs.items() if text}


class RecordError(HubError):
    """This one item cannot be processed: it goes to quarantine with all its problems, its siblings go on."""

    def __init__(self, problems: list[Problem] | str) -> None:
        self.problems = [Problem("invalid", problems)] if isinstance(problems, str) else problems
        super().__init__("; ".join(f"{p.code}: {p.message}" for p in self.problems))


class RetryableError(HubError):
    """Later it may work: try again after `retry_after_s` seconds, or by the backoff when that is None.

    `may_be_done`: nothing proves that it was not carried out, though repeating it does no harm. A write is
    then looked at before it is repeated, where that is possible.
    """

    def __init__(self, message: str, *, retry_after_s: float | None = None, may_be_done: bool = False) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
        self.may_be_done = may_be_done


class ConnectionPausedError(HubError):
    """The account itself refuses us (credentials, plan, uninstalled): stop this connection and tell somebody."""


class RejectedError(HubError):
    """The peer understood and said no to this one delivery: dead letter, a person decides."""

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class UnknownOutcomeError(HubError):
    """The call may or may not have taken effect: look before doing it again."""


class WebhookError(HubError):
    """Answer the caller of a webhook with `status`; nothing is stored. The text never reaches the caller."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class NotFoundError(HubError):
    """The thing named does not exist (or may not be seen by the one who asks)."""


class ConflictError(HubError):
    """The act contradicts an earlier decision or a newer state; the text says which and how to go on."""


def describe(error: BaseException) -> dict[str, Any]:
    """The stored form of an error: `{"type", "message"}` plus `problems` of a `RecordError`, `code` of a `RejectedError`."""
    shown = str(error) if isinstance(error, HubError) else f"{type(error).__name__}"
    found: dict[str, Any] = {"type": type(error).__name__, "message": shown}
    if isinstance(error, RecordError):
        found["problems"] = [p.as_dict() for p in error.problems]
    if isinstance(error, RejectedError) and error.code:
        found["code"] = error.code
    return found
