"""Fields that are slots of one set: what stands in one already stays where it is.

The hub knows a person's phones, e-mails and addresses as sets; Zoho has `Mobile` and `Phone`, `Email`
and `Secondary_Email`, a mailing and another address. Written by position, a new number would push
out one that somebody typed into the other slot, and a number would be respelt for nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.zoho.person import ADDRESS_PARTS, ADDRESS_SLOTS
from connectors.zoho.region import country_code
from hub.model import phone

Slot = tuple[str, ...]
"""The fields of one slot."""

PHONES: tuple[Slot, ...] = (("Mobile",), ("Phone",))
EMAILS: tuple[Slot, ...] = (("Email",), ("Secondary_Email",))
ADDRESSES: tuple[Slot, ...] = tuple(tuple(f"{slot}_{part}" for part in ADDRESS_PARTS) for slot in ADDRESS_SLOTS)
GROUPS = (PHONES, EMAILS, ADDRESSES)
FIELDS = tuple(field for group in GROUPS for slot in group for field in slot)


def whole_groups(changed: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """`changed` with all slots of each group that it touches, since they can only be placed together."""
    found = dict(changed)
    for group in GROUPS:
        fields = [field for slot in group for field in slot]
        if any(field in changed for field in fields):
            found |= {field: data.get(field) for field in fields}
    return found


def place(wanted: Mapping[str, Any], current: Mapping[str, Any]) -> dict[str, Any]:
    """`wanted` with each group's values put where `current` has room, without what is there already.

    A group counts only when all its fields are in `wanted`: they are then the whole set. A slot whose
    value nobody wants any more is filled, or cleared.
    """
    placed = dict(wanted)
    for group in GROUPS:
        if all(field in wanted for slot in group for field in slot):
            for field in (field for slot in group for field in slot):
                del placed[field]
            placed |= _arranged(group, wanted, current)
    return placed


def _arranged(group: tuple[Slot, ...], wanted: Mapping[str, Any], current: Mapping[str, Any]) -> dict[str, Any]:
    due = {_form(slot, wanted): slot for slot in group if any(wanted[field] for field in slot)}
    free = [slot for slot in group if due.pop(_form(slot, current), None) is None]
    found: dict[str, Any] = {}
    # A value goes to the slot that it was meant for, if that is free; then to any.
    chosen = {slot: slot for slot in free if slot in due.values()}
    rest = [slot for slot in due.values() if slot not in chosen]
    for slot in free:
        source = chosen.get(slot) or (rest.pop(0) if rest else None)
        for field, other in zip(slot, source or slot, strict=True):
            value = wanted[other] if source else None
            if value != current.get(field):
                found[field] = value
    return found


def _form(slot: Slot, row: Mapping[str, Any]) -> tuple[str, ...]:
    """The form in which two spellings of a slot are one."""
    return tuple(_loose(field, str(row.get(field) or "").strip()) for field in slot)


def _loose(field: str, text: str) -> str:
    if not text:
        return ""
    if field in ("Mobile", "Phone"):
        return phone.normalise(text).value
    if field.endswith("_Country"):
        return country_code(text) or ""
    return " ".join(text.split()).casefold()
