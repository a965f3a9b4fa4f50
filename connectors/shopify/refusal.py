"""What Shopify's `userErrors` mean: it understood a mutation and said no.

Source: shopify.dev, CustomerSetUserErrorCode, CustomerMergeErrorCode, CustomerRequestDataErasureErrorCode.
Where an error carries no code, the end of its message tells; the message itself is never passed on,
since it may repeat what was written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hub.errors import RejectedError

TAKEN, GONE = "taken", "gone"
_ENDINGS = (
    ("already been taken", "TAKEN"),
    ("is invalid", "INVALID"),
    ("can't be blank", "BLANK"),
    ("must be present", "BLANK"),
    ("too long", "TOO_LONG"),
    ("does not exist", "NOT_FOUND"),
    ("not found", "NOT_FOUND"),
    ("couldn't be found", "NOT_FOUND"),
)
_MEANINGS = {
    "TAKEN": "belongs to another customer of the shop",
    "INVALID": "is not accepted",
    "BLANK": "must not be empty",
    "TOO_LONG": "is too long",
    "TOO_SHORT": "is too short",
    "NOT_FOUND": "does not exist in the shop",
    "DOES_NOT_EXIST": "does not exist in the shop",
}


def refusal(where: str, mutation: str, errors: Sequence[Mapping[str, Any]]) -> RejectedError | None:
    """The error of a mutation's `userErrors`; None without any.

    Its `code` is `taken` (e-mail or phone of another customer), `gone` (the record), else the first
    one's own in lower case. The text names every field with what is wrong, never a value.
    """
    if not errors:
        return None
    codes = [code_of(each) for each in errors]
    said = "; ".join(
        f"{field_of(each) or mutation} {_MEANINGS.get(code, f'was refused ({code})')}"
        for each, code in zip(errors, codes, strict=True)
    )
    code = codes[0].lower()
    if "TAKEN" in codes:
        code = TAKEN
    elif codes[0] in ("NOT_FOUND", "DOES_NOT_EXIST"):
        code = GONE
    return RejectedError(f"{where}: {said}", code=code)


def code_of(error: Mapping[str, Any]) -> str:
    """The code of one user error, by its message's end where it carries none."""
    if error.get("code"):
        return str(error["code"])
    message = str(error.get("message") or "").lower()
    return next((code for ending, code in _ENDINGS if ending in message), "INVALID")


def field_of(error: Mapping[str, Any]) -> str:
    """The path of the field that is meant: `input.email`."""
    return ".".join(str(part) for part in error.get("field") or ())


def taken_fields(errors: Sequence[Mapping[str, Any]]) -> list[str]:
    """The fields among `email` and `phone` that another customer has."""
    taken = [field_of(each).rpartition(".")[2] for each in errors if code_of(each) == "TAKEN"]
    return [name for name in taken if name in ("email", "phone")]
