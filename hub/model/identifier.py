"""Ids as people and programs see them: a prefix that says what it is, and a ULID (`cus_01J…`).

A ULID is 128 bits: 48 of milliseconds, then 80 random, written in 26 signs of Crockford's base 32
(https://github.com/ulid/spec). Inside it is a uuid with the same bytes.
"""

from __future__ import annotations

import re
import uuid

from hub.errors import ConfigError

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
PAIRS = tuple(a + b for a in ALPHABET for b in ALPHABET)
SHAPE = re.compile(r"([a-z]{2,4})_([0-7][0-9A-HJKMNP-TV-Z]{25})", re.IGNORECASE)
VALUES = {sign: value for value, sign in enumerate(ALPHABET)} | {
    sign.lower(): value for value, sign in enumerate(ALPHABET)
}


def format_ulid(id_: uuid.UUID) -> str:
    """26 signs, upper case, sorting as the bytes do."""
    number = id_.int
    pairs = PAIRS
    return "".join([pairs[(number >> shift) & 1023] for shift in range(120, -1, -10)])


def parse_ulid(text: str) -> uuid.UUID:
    """The uuid of 26 signs in either case; `ConfigError` when it is none."""
    if len(text) != 26 or text[0] not in "01234567":
        raise ConfigError("not a ULID: it has 26 signs of Crockford's base 32, the first 0 to 7")
    number = 0
    try:
        for sign in text:
            number = number << 5 | VALUES[sign]
    except KeyError:
        raise ConfigError("not a ULID: it has 26 signs of Crockford's base 32 (no I, L, O, U)") from None
    return uuid.UUID(int=number)


def format_id(prefix: str, id_: uuid.UUID) -> str:
    """`("cus", uuid)` -> `cus_01J…`."""
    return f"{prefix}_{format_ulid(id_)}"


def parse_id(text: str) -> tuple[str, uuid.UUID]:
    """`cus_01J…` -> `("cus", uuid)`; `ConfigError` when it is not such an id."""
    shape = SHAPE.fullmatch(text)
    if shape is None:
        raise ConfigError("not an id of the hub: expected a prefix and a ULID, like cus_01J8Z3K9M4Q7R2T5V6W8X9Y0Z1")
    return shape[1].lower(), parse_ulid(shape[2])
