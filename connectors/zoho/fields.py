"""Which fields of a module are read: those the mapping knows, then the org's own, as far as Zoho allows.

`fields` is mandatory in Zoho's listings and takes 50 names. What is not asked for does not come.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.zoho.client import Client
from hub.errors import HubError

MOST = 50
KEPT_S = 3600.0
TIMES = ("Created_Time", "Modified_Time")
KNOWN = (
    "First_Name",
    "Last_Name",
    "Email",
    "Secondary_Email",
    "Mobile",
    "Phone",
    "Other_Phone",
    "Home_Phone",
    "Date_of_Birth",
    "Mailing_Country",
    "Mailing_State",
    "Mailing_City",
    "Mailing_Street",
    "Mailing_Zip",
    "Other_Country",
    "Other_State",
    "Other_City",
    "Other_Street",
    "Other_Zip",
    "Description",
    "Email_Opt_Out",
    "Lead_Source",
    "Owner",
)
# Changes without the record's doing, or repeats others: it would make new versions of nothing.
_LEFT_OUT = frozenset((
    "Full_Name", "Last_Activity_Time", "Record_Image", "Modified_By", "Locked__s", "id",
    "Unsubscribed_Time", "Unsubscribed_Mode", "Change_Log_Time__s", "Record_Status__s",
))  # fmt: skip
_UNREADABLE = frozenset(("subform", "fileupload", "imageupload", "profileimage", "multireminder", "event_reminder"))


@dataclass(frozen=True, slots=True)
class Description:
    """What a module has: the names to read, in order, and the names of unique fields. `cut`: how many do not fit."""

    names: tuple[str, ...]
    unique: frozenset[str]
    all_names: frozenset[str]
    cut: int = 0


class Fields:
    """Descriptions of modules, asked for once an hour. Usable from several threads."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[Description, float]] = {}
        self._lock = threading.Lock()

    def of(self, client: Client, module: str, hub_field: str) -> Description:
        """The description of `module`; an old one where Zoho cannot be asked now. Errors as `Client.ask`."""
        with self._lock:
            known = self._kept.get(module)
        if known is not None and time.monotonic() - known[1] < KEPT_S:
            return known[0]
        try:
            found = describe(client, module, hub_field)
        except HubError:
            if known is None:
                raise
            return known[0]
        with self._lock:
            self._kept[module] = (found, time.monotonic())
        return found

    def forget(self) -> None:
        """Asks again at the next use: a field was added or taken away."""
        with self._lock:
            self._kept.clear()


def describe(client: Client, module: str, hub_field: str) -> Description:
    """Asks Zoho for the fields of `module` (`settings/fields`)."""
    rows = client.get("/settings/fields", {"module": module}).rows("fields")
    there = {str(row.get("api_name")): row for row in rows if row.get("api_name")}
    first = [name for name in (*TIMES, hub_field, *KNOWN) if name in there]
    own = sorted(name for name, row in there.items() if row.get("custom_field") and _is_readable(name, row))
    rest = sorted(name for name, row in there.items() if not row.get("custom_field") and _is_readable(name, row))
    names = tuple(dict.fromkeys((*first, *own, *rest)))
    unique = frozenset(name for name, row in there.items() if _is_unique(row))
    return Description(names[:MOST], unique, frozenset(there), max(0, len(names) - MOST))


def shown(names: Sequence[str]) -> str:
    """The names as the parameter `fields`."""
    return ",".join(names)


def _is_readable(name: str, row: Mapping[str, Any]) -> bool:
    return name not in _LEFT_OUT and row.get("data_type") not in _UNREADABLE and row.get("visible") is not False


def _is_unique(row: Mapping[str, Any]) -> bool:
    unique = row.get("unique")
    return isinstance(unique, Mapping) and bool(unique)
