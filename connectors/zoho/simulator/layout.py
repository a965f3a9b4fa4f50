"""The fields of the simulated Contacts, and what a value must be like."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_EMAIL = re.compile(r"[^@\s*]+@[^@\s*]+\.[^@\s*]+")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_SYSTEM = (
    ("First_Name", "text", 40),
    ("Last_Name", "text", 80),
    ("Full_Name", "text", 80),
    ("Email", "email", 100),
    ("Secondary_Email", "email", 100),
    ("Phone", "phone", 30),
    ("Mobile", "phone", 30),
    ("Other_Phone", "phone", 30),
    ("Home_Phone", "phone", 30),
    ("Date_of_Birth", "date", 20),
    ("Mailing_Street", "text", 250),
    ("Mailing_City", "text", 100),
    ("Mailing_State", "text", 100),
    ("Mailing_Zip", "text", 30),
    ("Mailing_Country", "text", 100),
    ("Other_Street", "text", 250),
    ("Other_City", "text", 100),
    ("Other_State", "text", 100),
    ("Other_Zip", "text", 30),
    ("Other_Country", "text", 100),
    ("Description", "textarea", 32000),
    ("Email_Opt_Out", "boolean", 5),
    ("Lead_Source", "picklist", 120),
    ("Owner", "ownerlookup", 120),
    ("Created_Time", "datetime", 120),
    ("Modified_Time", "datetime", 120),
)
READ_ONLY = frozenset(("Full_Name", "Created_Time", "Modified_Time", "id"))


def fields(*custom: tuple[str, str, bool]) -> list[dict[str, Any]]:
    """As `settings/fields` lists them; `custom`: (API name, type, whether it is unique)."""
    system = [_field(name, kind, length) for name, kind, length in _SYSTEM]
    return system + [_field(name, kind, 255, custom=True, unique=unique) for name, kind, unique in custom]


def problem(field: Mapping[str, Any], value: Any) -> dict[str, Any] | None:
    """The `details` of INVALID_DATA for a value; None when it is right."""
    if value is None or value == "":
        return None
    kind, name = field["data_type"], field["api_name"]
    if kind == "boolean":
        return None if isinstance(value, bool) else {"expected_data_type": "boolean", "api_name": name}
    if kind in ("picklist", "ownerlookup"):
        return None
    if not isinstance(value, str):
        return {"expected_data_type": "string", "api_name": name}
    if len(value) > field["length"]:
        return {"maximum_length": field["length"], "api_name": name}
    pattern = {"email": _EMAIL, "date": _DATE}.get(kind)
    if pattern and not pattern.fullmatch(value):
        return {"expected_data_type": kind, "api_name": name}
    return None


def _field(name: str, kind: str, length: int, *, custom: bool = False, unique: bool = False) -> dict[str, Any]:
    return {
        "api_name": name,
        "field_label": name.replace("_", " "),
        "data_type": kind,
        "length": length,
        "custom_field": custom,
        "visible": True,
        "system_mandatory": name == "Last_Name",
        "read_only": name in READ_ONLY,
        "unique": {"casesensitive": "false"} if unique else {},
    }
