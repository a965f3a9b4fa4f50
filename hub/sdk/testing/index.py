"""What keeps a simulated system quick with many records: an order that is kept, and look-ups by value."""

from __future__ import annotations

import copy
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Filed(dict[K, V]):
    """Records by id that tell of every change: `file(id, record)` and `unfile(id)` keep orders and look-ups.

    A record that was changed in place is put once more: `records[id_] = record`. Copies are plain dicts.
    """

    def __init__(self, file: Callable[[K, V], None], unfile: Callable[[K], None]) -> None:
        super().__init__()
        self._file = file
        self._unfile = unfile

    def __setitem__(self, id_: K, record: V) -> None:
        super().__setitem__(id_, record)
        self._file(id_, record)

    def __delitem__(self, id_: K) -> None:
        super().__delitem__(id_)
        self._unfile(id_)

    # A dict's own go past the two above.
    update = MutableMapping.update

    def pop(self, id_: K, *default: Any) -> Any:
        found = super().pop(id_, *default)
        self._unfile(id_)
        return found

    def popitem(self) -> tuple[K, V]:
        id_, record = super().popitem()
        self._unfile(id_)
        return id_, record

    def clear(self) -> None:
        for id_ in list(self):
            del self[id_]

    def setdefault(self, id_: K, default: Any = None) -> V:
        if id_ not in self:
            self[id_] = default
        return self[id_]

    def __ior__(self, other: Any) -> Filed[K, V]:  # type: ignore[override,misc]
        self.update(other)
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> dict[K, V]:
        return copy.deepcopy(dict(self), memo)


class Ordered:
    """Record ids in the order of a key each, then of the ids; both must compare among each other.

    Not safe from several threads by itself: use it under the system's lock.
    """

    def __init__(self) -> None:
        self._rows: list[tuple[Any, Any]] = []
        self._keys: dict[Any, Any] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def put(self, id_: Any, key: Any) -> None:
        """Files an id under its key; one that is filed already moves."""
        if id_ in self._keys:
            if self._keys[id_] == key:
                return
            self.drop(id_)
        insort(self._rows, (key, id_))
        self._keys[id_] = key

    def drop(self, id_: Any) -> None:
        """Forgets an id; one that is not filed is none of its business."""
        if id_ in self._keys:
            del self._rows[bisect_left(self._rows, (self._keys.pop(id_), id_))]

    def from_key(self, key: Any) -> int:
        """The place of the first id whose key is `key` or higher."""
        return bisect_left(self._rows, key, key=_key)

    def behind_key(self, key: Any) -> int:
        """The place of the first id whose key is higher than `key`."""
        return bisect_right(self._rows, key, key=_key)

    def behind(self, key: Any, id_: Any) -> int:
        """The place of the first id that comes after `(key, id_)`, which need not be there."""
        return bisect_right(self._rows, (key, id_))

    def cut(self, start: int, end: int) -> list[tuple[Any, Any]]:
        """(key, id) of the places from `start` to before `end`, neither below 0."""
        return self._rows[start:end]


class Lookup:
    """Which records have a value, by `value_of(record)`; a record whose value is None or empty is not filed.

    Not safe from several threads by itself: use it under the system's lock.
    """

    def __init__(self, value_of: Callable[[Mapping[str, Any]], Any]) -> None:
        self._value_of = value_of
        self._values: dict[Any, Any] = {}
        self._ids: dict[Any, set[Any]] = {}

    def put(self, id_: Any, record: Mapping[str, Any]) -> None:
        """Files a record under its value; one that is filed already moves."""
        value = self._value_of(record)
        if self._values.get(id_) == value:
            return
        self.drop(id_)
        if value not in (None, ""):
            self._values[id_] = value
            self._ids.setdefault(value, set()).add(id_)

    def drop(self, id_: Any) -> None:
        """Forgets a record; one that is not filed is none of its business."""
        value = self._values.pop(id_, None)
        if value is not None:
            self._ids[value].discard(id_)
            if not self._ids[value]:
                del self._ids[value]

    def of(self, value: Any) -> Iterator[Any]:
        """The ids with that value, lowest first."""
        yield from sorted(self._ids.get(value, ()))


def _key(row: tuple[Any, Any]) -> Any:
    return row[0]
