"""Pages of JSON in which one item may be bad: read so that the others can be used, and that one be kept as it came.

A system that cut an emoji in half, wrote NaN or nested without end sends a page that a strict reader refuses whole; one that wrote
a key twice, or a number beyond 64 bits, a page of which a fast reader silently keeps another content. Read with `read_page` (or
`Answer.json`), and give each item to the inbox with `item_body`: what was wrong is still in its bytes, so it alone goes to
quarantine and says why. An object of the page's own frame that `has_repeats` cannot be trusted: fail, and read it again.
"""

from __future__ import annotations

from typing import Any

import orjson

from hub.sdk.oddity import has_repeats, is_plain, read_odd, write_odd

__all__ = ["has_repeats", "item_body", "read_page"]


def read_page(body: bytes) -> Any:
    """The value of a JSON text, also of one with bad items in it; `ValueError` when it is not JSON at all."""
    error: ValueError | None = None
    try:
        found = orjson.loads(body)
        if is_plain(body, orjson.dumps(found)):
            return found
    except orjson.JSONDecodeError as fault:
        error = fault
    except (orjson.JSONEncodeError, RecursionError):
        pass  # nested more deeply than can be written
    try:
        return read_odd(body)
    except (ValueError, RecursionError):
        raise error or ValueError("not JSON") from None


def item_body(item: Any) -> bytes:
    """One item of a page as the inbox keeps it: what no strict reader takes is written as it came, not lost."""
    try:
        return orjson.dumps(item, option=orjson.OPT_PASSTHROUGH_SUBCLASS)
    except (orjson.JSONEncodeError, RecursionError):
        return write_odd(item)
