"""Known errors in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.console import language
from hub.flow import known as errors


def known(error: Mapping[str, Any] | str | None) -> str:
    """A sentence on a stored error, or on the text of one; empty where nothing is known of it."""
    found = errors.known(error)
    return "" if found is None else found.zh if language.current() == "zh" else found.en
