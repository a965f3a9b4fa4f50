"""A value from outside that cannot be used: what a transform or a check raises about one value."""

from __future__ import annotations


class ValueFault(ValueError):  # noqa: N818 -- caught at once and collected as a `hub.errors.Problem`
    """`code` is stable and groups causes; the text says what is wrong, never the value itself."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
