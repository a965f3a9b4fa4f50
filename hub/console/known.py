"""What errors that are known mean, in the reader's language: their own texts stay as the system and the log have them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hub.console.language import N_, _

_TAKEN = N_("Another record there has this value already; it may be the same person.")
_GONE = N_("The record is gone there.")
_REFUSED = N_("The system refuses the access: renew the credentials.")
_FORBIDDEN = N_("The account lacks a permission for this.")
_THROTTLED = N_("The system limits how fast it may be called; it goes on by itself.")
_FAULT = N_("The system has a fault of its own; it is tried again by itself.")
_AWAY = N_("The system cannot be reached; it is tried again by itself.")
_LATE = N_("The system did not answer in time.")
_LOCKED = N_("The record is locked there just now; it is tried again by itself.")
_TOO_LARGE = N_("It is larger than what is taken in.")
_LIMIT = N_("The system lists only so many records; the rest was not read.")

CODES = {"taken": _TAKEN, "gone": _GONE, "too_large": _TOO_LARGE, "http_404": _GONE, "http_410": _GONE}
# The first that fits counts: what a system says of itself before what a status says of it.
PATTERNS = tuple(
    (re.compile(pattern, re.IGNORECASE), text)
    for pattern, text in (
        (r"THROTTLED|TOO_MANY|answered 429|rate limit|credits", _THROTTLED),
        (r"DUPLICATE_DATA|already been taken|holds this value|\btaken\b", _TAKEN),
        (r"RECORD_LOCKED|record is locked", _LOCKED),
        (r"OAUTH_SCOPE|NO_PERMISSION|answered 403|ACCESS_DENIED", _FORBIDDEN),
        (r"invalid_(grant|client|token|code)|INVALID_TOKEN|AUTHENTICATION|answered 401|refused the (token|credentials)", _REFUSED),
        (r"\bgone (there|from)|answered (404|410)|INVALID_DATA.*id", _GONE),
        (r"answered 5\d\d|INTERNAL_(SERVER_)?ERROR", _FAULT),
        (r"could not connect|broke off", _AWAY),
        (r"timed out", _LATE),
        (r"lists .* at most", _LIMIT),
    )
)  # fmt: skip


def known(error: Mapping[str, Any] | str | None) -> str:
    """A sentence on a stored error, or on the text of one; empty where nothing is known of it."""
    if not error:
        return ""
    code, text = ("", error) if isinstance(error, str) else (error.get("code") or "", error.get("message") or "")
    found = CODES.get(code) or next((said for pattern, said in PATTERNS if pattern.search(f"{code} {text}")), "")
    return _(found) if found else ""
