"""Figures that open screens show alike: a process reads them once for all of those that refresh within two seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from flask import request

from hub.console.visit import hub

T = TypeVar("T")
FRESH_S = 2.0
_MOST = 200


@dataclass(slots=True)
class _Kept:
    value: Any = None
    until: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)


_kept: dict[tuple[str, str, tuple[str, ...] | None], _Kept] = {}


def shared(name: str, realms: Sequence[str] | None, read: Callable[[], T]) -> T:
    """What `read` gives, for the readers of these realms; what it reads must depend on nothing else.

    A page that somebody opens is always read anew, so that it shows what an act just did; only the live regions of
    open pages take what another one has read.
    """
    key = (hub().db.url, name, None if realms is None else tuple(realms))
    if key not in _kept and len(_kept) >= _MOST:
        _kept.clear()
    kept = _kept.setdefault(key, _Kept())
    with kept.lock:
        if "X-Region" not in request.headers or time.monotonic() >= kept.until:
            kept.value, kept.until = read(), time.monotonic() + FRESH_S
        return cast("T", kept.value)
