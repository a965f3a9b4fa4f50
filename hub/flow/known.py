"""What errors that are known mean, in both languages: their own texts stay as the system and the log have them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hub.model.kind import Text

_TAKEN = Text(
    "对方已有另一条记录使用该值，可能是同一个人。",
    "Another record there has this value already; it may be the same person.",
)
_GONE = Text("对方已没有这条记录。", "The record is gone there.")
_REFUSED = Text("对方拒绝访问：请更新凭证。", "The system refuses the access: renew the credentials.")
_FORBIDDEN = Text("该账号缺少所需权限。", "The account lacks a permission for this.")
_THROTTLED = Text(
    "对方限制了调用速度，会自动继续。", "The system limits how fast it may be called; it goes on by itself."
)
_FAULT = Text("对方自身出现故障，会自动重试。", "The system has a fault of its own; it is tried again by itself.")
_AWAY = Text("无法连接对方，会自动重试。", "The system cannot be reached; it is tried again by itself.")
_GARBLED = Text(
    "对方的应答无法读懂（例如维护页面），没有采用其中任何内容，会自动重试。",
    "The answer cannot be read (a maintenance page, for example); nothing of it was taken, and it is tried again by itself.",
)
_LATE = Text("对方没有及时应答。", "The system did not answer in time.")
_LOCKED = Text(
    "该记录在对方暂时被锁定，会自动重试。", "The record is locked there just now; it is tried again by itself."
)
_TOO_LARGE = Text("内容超过了可接收的大小。", "It is larger than what is taken in.")
_LIMIT = Text("对方只列出有限条数，其余没有读到。", "The system lists only so many records; the rest was not read.")
_CRASHED = Text("程序出错，位置见日志。", "A program of the hub or of a plugin crashed; the log has the place.")
_CUT = Text("列表中途结束，没有说明已完整。", "The listing ended without saying that it was complete.")
_STOPPED = Text("读取进程中途结束。", "The process that read ended.")
_PAUSED = Text("已被人暂停。", "Somebody paused it.")
_HALTED = Text("该连接已暂停、停止或断开。", "The connection was halted, paused or disconnected.")
_MISSING = Text("对方已没有这个订阅。", "The system has this subscription no more.")
_ELSEWHERE = Text("订阅指向别的地址。", "The subscription goes to another address.")
_EXPIRED = Text("订阅已到期。", "The subscription has run out.")
_BUSY = Text(
    "另一个进程正在更新凭证，会自动重试。", "Another process is renewing the access; it is tried again by itself."
)

OURS = frozenset((_CUT, _STOPPED, _PAUSED, _HALTED, _MISSING, _ELSEWHERE, _EXPIRED))
"""Said by the hub alone: nothing of the system's own is behind them that could be quoted."""

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
        (r"with something that is not JSON|holds a key twice: ", _GARBLED),
        (r"could not connect|broke off", _AWAY),
        (r"timed out", _LATE),
        (r"lists .* at most", _LIMIT),
        (r"renewing the access token for longer", _BUSY),
        (r"crashed with \w+", _CRASHED),
        (r"ended without saying that it was complete", _CUT),
        (r"^its process (stopped|ended)$", _STOPPED),
        (r"^somebody paused it$", _PAUSED),
        (r"(is|was) halted, paused or disconnected$", _HALTED),
        (r"^missing$", _MISSING),
        (r"^elsewhere$", _ELSEWHERE),
        (r"^expired$", _EXPIRED),
    )
)  # fmt: skip


def known(error: Mapping[str, Any] | str | None) -> Text | None:
    """A sentence on a stored error, or on the text of one; None where nothing is known of it."""
    if not error:
        return None
    code, text = ("", error) if isinstance(error, str) else (error.get("code") or "", error.get("message") or "")
    return CODES.get(code) or next(
        (said for pattern, said in PATTERNS if pattern.search(f"{code} {text}".strip())), None
    )
