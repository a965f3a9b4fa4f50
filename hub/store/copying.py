"""COPY in its binary form, for what is written most: two thirds of the time of an insert."""

from __future__ import annotations

import struct
from collections.abc import Iterable

from hub.store.database import Connection

_HEADER = b"PGCOPY\n\xff\r\n\x00" + struct.pack("!ii", 0, 0)
_TRAILER = struct.pack("!h", -1)
NULL = struct.pack("!i", -1)


def send(conn: Connection, statement: str, parts: Iterable[bytes]) -> None:
    """Copies rows in. `statement`: `copy table (columns) from stdin (format binary)`; `parts`: each row its count of fields, then the fields."""
    with conn.cursor().copy(statement.encode()) as copy:
        copy.write(b"".join((_HEADER, *parts, _TRAILER)))


def count(fields: int) -> bytes:
    """What begins a row of so many fields."""
    return struct.pack("!h", fields)


def field(value: bytes) -> bytes:
    """A field: how long it is, then itself as the type's own binary form has it."""
    return struct.pack("!i", len(value)) + value
