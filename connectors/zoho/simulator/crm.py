"""The simulated CRM: contacts as Zoho shows them, and what can happen to them.

Times are whole seconds with the organisation's offset, as Zoho's. Every change, the hub's own
included, is told to `on_change(operation, ids)`.
"""

from __future__ import annotations

import copy
import itertools
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connectors.zoho.simulator import layout
from hub.sdk.testing.index import Filed, Lookup, Ordered

OWNER = {"name": "陈店长", "id": "111111000000000001", "email": "owner@example.com"}
_TYPES = {"text", "email", "phone", "date", "textarea", "boolean", "picklist", "ownerlookup"}


@dataclass
class Crm:
    """One organisation's contacts by id. `clock` answers an aware time in its zone. Safe from many threads.

    `reformats`: it respells phones that it is given, as an org with a phone format does.
    """

    clock: Callable[[], datetime]
    fields: list[dict[str, Any]] = field(default_factory=lambda: layout.fields(("Hub_Id", "text", True)))
    contacts: Filed[str, dict[str, Any]] = field(init=False)
    deleted: list[dict[str, Any]] = field(default_factory=list)
    reformats: bool = False
    on_change: Callable[[str, list[str]], None] = lambda *_: None
    lock: threading.RLock = field(default_factory=threading.RLock)
    _numbers: Any = field(default_factory=lambda: itertools.count(111_111_000_000_045_678))
    _by_time: Ordered = field(default_factory=Ordered)
    _lookups: dict[str, Lookup] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.contacts = Filed(self._file, self._unfile)

    @property
    def by_name(self) -> dict[str, dict[str, Any]]:
        """The fields by API name."""
        return {each["api_name"]: each for each in self.fields}

    def add(self, **given: Any) -> str:
        """A colleague enters a contact; returns its id. `Modified_Time` may be given, too."""
        return self.insert(given)["id"]  # type: ignore[no-any-return]

    def change(self, contact: str, **changes: Any) -> None:
        """A colleague edits a contact."""
        self.update(contact, changes)

    def remove(self, *ids: str) -> None:
        """A colleague deletes contacts: they go to the recycle bin, and one notification tells of all."""
        with self.lock:
            gone = [each for each in ids if self.contacts.pop(each, None) is not None]
            for each in gone:
                self.deleted.append({
                    "deleted_by": {"name": OWNER["name"], "id": OWNER["id"]}, "id": each, "display_name": None,
                    "type": "recycle", "created_by": {"name": OWNER["name"], "id": OWNER["id"]},
                    "deleted_time": self.now(),
                })  # fmt: skip
        if gone:
            self.on_change("delete", gone)

    def insert(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """A new contact, stored as it is given; what is no field is dropped without a word, as Zoho does."""
        with self.lock:
            number, now = str(next(self._numbers)), self.now()
            names = (each["api_name"] for each in self.fields)
            held: dict[str, Any] = {"id": number, **dict.fromkeys(names), "Email_Opt_Out": False, "Owner": dict(OWNER)}
            held |= {"Created_Time": now, "Modified_Time": now}
            self._set(held, given)
            held["Modified_Time"] = given.get("Modified_Time", held["Modified_Time"])
            self.contacts[number] = held
            found = copy.deepcopy(held)
        self.on_change("insert", [number])
        return found

    def update(self, contact: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        """A contact with other fields; `Modified_Time` moves although nothing differs. KeyError: there is none."""
        with self.lock:
            held = self.contacts[contact]
            self._set(held, changes)
            held["Modified_Time"] = changes.get("Modified_Time", self.now())
            self.contacts[contact] = held
            found = copy.deepcopy(held)
        self.on_change("update", [contact])
        return found

    def holder(self, name: str, value: Any, but: str = "") -> str | None:
        """The contact that has `value` in the field `name`; letter case does not count."""
        return next((number for number in self.holders(name, value) if number != but), None)

    def holders(self, name: str, value: Any) -> list[str]:
        """All contacts that have `value` in the field `name`, oldest first; letter case does not count."""
        if value in (None, ""):
            return []
        with self.lock:
            if name not in self._lookups:
                self._lookups[name] = Lookup(lambda held: str(held.get(name) or "").casefold())
                for number, held in self.contacts.items():
                    self._lookups[name].put(number, held)
            return list(self._lookups[name].of(str(value).casefold()))

    def by_time(self) -> Ordered:
        """The ids by the moment of their last change, in seconds since the epoch; use it under `lock`."""
        return self._by_time

    def listed(self, ids: Iterable[str] | None = None) -> list[dict[str, Any]]:
        """Copies of all contacts, or of some."""
        with self.lock:
            found = self.contacts.values() if ids is None else [self.contacts[i] for i in ids if i in self.contacts]
            return copy.deepcopy(list(found))

    def now(self) -> str:
        """The organisation's time, to the second."""
        return self.clock().isoformat(timespec="seconds")

    def _file(self, number: str, held: Mapping[str, Any]) -> None:
        self._by_time.put(number, datetime.fromisoformat(held["Modified_Time"]).timestamp())
        for lookup in self._lookups.values():
            lookup.put(number, held)

    def _unfile(self, number: str) -> None:
        self._by_time.drop(number)
        for lookup in self._lookups.values():
            lookup.drop(number)

    def _set(self, held: dict[str, Any], given: Mapping[str, Any]) -> None:
        for name, declared in self.by_name.items():
            if name in given and name not in layout.READ_ONLY and declared["data_type"] in _TYPES:
                value = given[name]
                held[name] = self._spelt(declared, value) if isinstance(value, str) else value
                if value == "":
                    held[name] = None
        held["Full_Name"] = " ".join(filter(None, (held.get("First_Name"), held.get("Last_Name"))))

    def _spelt(self, declared: Mapping[str, Any], value: str) -> str:
        if not self.reformats or declared["data_type"] != "phone" or not value.startswith("+86"):
            return value.strip()
        number = value[3:]
        return f"{number[:3]}-{number[3:7]}-{number[7:]}"
