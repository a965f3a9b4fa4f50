"""Numbers of GS1 with a check digit: articles (GTIN), locations (GLN), logistic units (SSCC)."""

from __future__ import annotations

LENGTHS = {"GTIN": (8, 12, 13, 14), "GLN": (13,), "SSCC": (18,)}


def check_digit(digits: str) -> int:
    """The last digit that belongs behind these (GS1 General Specifications 7.9: weights 3, 1 from the right)."""
    total = sum(int(digit) * (3 if index % 2 == 0 else 1) for index, digit in enumerate(reversed(digits)))
    return -total % 10


def is_valid(digits: str, kind: str) -> bool:
    """Whether the text has a length of that kind, digits only, and the right check digit."""
    if len(digits) not in LENGTHS[kind] or not (digits.isascii() and digits.isdigit()):
        return False
    return check_digit(digits[:-1]) == int(digits[-1])
