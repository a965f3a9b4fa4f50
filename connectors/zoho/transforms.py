"""The named transforms of `mappings/zoho`: what a path and a common transform cannot say. All are pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from connectors.zoho import outward, person

TRANSFORMS: Mapping[str, Callable[..., Any]] = {
    f"zoho_{function.__name__}": function
    for function in (
        person.full_name,
        person.birthday,
        person.addresses,
        outward.kept_name,
        outward.kept_identities,
        outward.kept_addresses,
        outward.kept_birthday,
        outward.first_name,
        outward.last_name,
        outward.number,
        outward.date_of,
        outward.address_part,
    )
}
