"""Arrays of ids as parameters. A batch names its records in a dozen statements."""

from __future__ import annotations

from typing import Any

from psycopg import adapters
from psycopg.abc import Buffer
from psycopg.types.array import ListDumper

UUID_ARRAY = adapters.types["uuid"].array_oid


class IdListDumper(ListDumper):
    """Writes a flat list of UUIDs at once; any other list as the driver does, item by item."""

    def dump(self, obj: list[Any]) -> Buffer | None:
        """The text of an array: hex digits need no quotes."""
        if self.oid == UUID_ARRAY:
            try:
                # Half the time of what an id calls its `hex`.
                digits = ",".join([id_.int.to_bytes(16, "big").hex() for id_ in obj])
                return f"{{{digits}}}".encode()
            except AttributeError:  # a list in the list, or null
                pass
        return super().dump(obj)
