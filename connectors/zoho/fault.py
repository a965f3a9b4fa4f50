"""Zoho's error codes, of a whole call or of one record in it, as the hub's errors.

Source: Zoho CRM API v8 "Status codes and errors" and the pages of the single operations. A code that
is not known here is final: the call was understood and refused. Zoho's own messages are left out;
they may repeat a value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hub.errors import ConfigError, ConnectionPausedError, HubError, RejectedError, RetryableError

CREDITS_WAIT_S = 900.0
LOCKED_WAIT_S = 30.0
DEAD_TOKEN = frozenset(("INVALID_TOKEN", "AUTHENTICATION_FAILURE"))

_LATER: Mapping[str, float | None] = {
    "TOO_MANY_REQUESTS": None,
    "INTERNAL_ERROR": None,
    "INTERNAL_SERVER_ERROR": None,
    "RECORD_LOCKED": LOCKED_WAIT_S,
    "RECORD_IN_BLUEPRINT": None,
}
# Zoho's own trouble: it may have come after the deed.
_BROKEN = frozenset(("INTERNAL_ERROR", "INTERNAL_SERVER_ERROR"))
_ACCOUNT: Mapping[str, str] = {
    "OAUTH_SCOPE_MISMATCH": "the refresh token lacks a scope",
    "NO_PERMISSION": "the user of the refresh token may not do this",
    "AUTHORIZATION_FAILED": "the user of the refresh token may not do this",
    "CRM_NOT_SUPPORTED": "the account has no CRM",
    "NOT_SUPPORTED_FEATURE": "the edition of the account does not offer this",
    "FEATURE_NOT_SUPPORTED": "the edition of the account does not offer this",
    "FEATURE_PERMISSION": "the edition of the account does not offer this",
}
_SETTINGS: Mapping[str, str] = {
    "INVALID_MODULE": "there is no such module; check `module`",
    "INVALID_URL_PATTERN": "Zoho does not know the address of this call; check `module`",
}
_SAFE = re.compile(r"[A-Za-z0-9_.$\[\]]{1,120}")


def code_of(content: Any) -> str:
    """The code of an answer, or of one record's result; empty when there is none."""
    code = content.get("code") if isinstance(content, Mapping) else None
    return code if isinstance(code, str) and _SAFE.fullmatch(code) else ""


def error_of_call(content: Any, status: int, where: str) -> HubError:
    """What a refused call means for the connection. `status` is its HTTP status."""
    code = code_of(content)
    text = f"{where}: {code or status}"
    if code in _ACCOUNT:
        return ConnectionPausedError(f"{text}: {_ACCOUNT[code]}{_named(content)}")
    if code in _SETTINGS:
        return ConfigError(f"{text}: {_SETTINGS[code]}")
    if code == "LIMIT_EXCEEDED" and status == 429:
        return RetryableError(f"{text}: the API credits of the day are used up", retry_after_s=CREDITS_WAIT_S)
    if code in _LATER:
        return RetryableError(text, retry_after_s=_LATER[code], may_be_done=code in _BROKEN)
    if status in (401, 403) or code in DEAD_TOKEN:
        return ConnectionPausedError(f"{text}; check the refresh token and its scopes")
    return RejectedError(f"{text}{_named(content)}", code=code or f"http_{status}")


def error_of_record(result: Any, where: str) -> HubError | None:
    """What one record's result says; None when it succeeded.

    Only this record is concerned: a missing permission on one record is no reason to stop the others.
    """
    if not isinstance(result, Mapping):
        return RetryableError(f"{where}: a result is missing in Zoho's answer", may_be_done=True)
    code = code_of(result)
    if result.get("status") == "success" and code == "SUCCESS":
        return None
    text = f"{where}: {code or 'no code'}{_named(result)}"
    if code == "DUPLICATE_DATA":
        return RejectedError(f"{text}; another record there holds this value and may be the same", code=code)
    if code in _LATER:
        return RetryableError(text, retry_after_s=_LATER[code], may_be_done=code in _BROKEN)
    return RejectedError(text, code=code or "refused")


def _named(content: Any) -> str:
    """The field and the record that an error names: never a value."""
    details = content.get("details") if isinstance(content, Mapping) else None
    if not isinstance(details, Mapping):
        return ""
    duplicate = details.get("duplicate_record")
    other = details.get("id") or (duplicate.get("id") if isinstance(duplicate, Mapping) else None)
    parts = (
        ("field", details.get("api_name")),
        ("at", details.get("json_path")),
        ("record", other),
    )
    shown = [f"{word} {value}" for word, value in parts if value is not None and _SAFE.fullmatch(str(value))]
    return f" ({', '.join(shown)})" if shown else ""
