"""Encryption at rest: one ring of numbered keys, newest first, AES-256-GCM (NIST SP 800-38D).

A sealed value carries the number of its key, so old values open while new ones are sealed under
the newest key. Event bodies have a key each, itself sealed: erasing that key erases the body.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import struct
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.errors import ConfigError

SETTING = "HUB_SECRET_KEY"
KEY_BYTES = 32
NONCE_BYTES = 12
BLIND_BYTES = 16
_HIGHEST_NUMBER = 255
_LENGTH = struct.Struct(">I").pack


class Keyring:
    """Numbered 32-byte keys; the first one seals, all of them open. Safe to share between threads."""

    __slots__ = ("_ciphers", "_keys", "number")

    def __init__(self, keys: Mapping[int, bytes]) -> None:
        if not keys:
            raise ConfigError(f"{SETTING} holds no key: set it to NUMBER:BASE64, where BASE64 is 32 random bytes")
        self._keys = dict(keys)
        self._ciphers = {number: AESGCM(key) for number, key in self._keys.items()}
        self.number = next(iter(self._keys))

    def __repr__(self) -> str:
        return f"<Keyring numbers={list(self._keys)}>"

    @classmethod
    def parse(cls, text: str) -> Keyring:
        """Reads `1:base64,0:base64`, newest first. `ConfigError` says which entry is wrong, never its content."""
        keys: dict[int, bytes] = {}
        for place, entry in enumerate(filter(None, (part.strip() for part in text.split(","))), start=1):
            number, key = _parse_entry(entry, place)
            if number in keys:
                raise ConfigError(f"{SETTING}: number {number} is used twice; every key needs its own number")
            keys[number] = key
        return cls(keys)

    @classmethod
    def generate(cls) -> Keyring:
        """A ring of one fresh random key."""
        return cls({0: os.urandom(KEY_BYTES)})

    def rotated(self) -> Keyring:
        """The same ring with a fresh key in front. Values sealed before still open."""
        unused = (n % (_HIGHEST_NUMBER + 1) for n in range(self.number + 1, self.number + _HIGHEST_NUMBER + 1))
        number = next((n for n in unused if n not in self._keys), None)
        if number is None:
            raise ConfigError(f"{SETTING} is full: drop keys that seal nothing any more, then rotate again")
        return Keyring({number: os.urandom(KEY_BYTES), **self._keys})

    def export(self) -> str:
        """The text that `parse` reads. Secret: for the key file and the environment only."""
        return ",".join(f"{number}:{base64.b64encode(key).decode()}" for number, key in self._keys.items())

    def seal(self, plaintext: bytes, aad: bytes = b"") -> bytes:
        """Key number (1 byte), nonce (12), ciphertext and tag (16). `aad` binds it to its place and is needed to open it."""
        nonce = os.urandom(NONCE_BYTES)
        return bytes((self.number,)) + nonce + self._ciphers[self.number].encrypt(nonce, plaintext, aad)

    def open(self, sealed: bytes, aad: bytes = b"") -> bytes:
        """The plaintext of a sealed value; `ConfigError` when its key is not on the ring or it was changed."""
        number = sealed[0] if sealed else -1
        cipher = self._ciphers.get(number)
        if cipher is None:
            raise ConfigError(
                f"a stored value is sealed under key {number}, and {SETTING} has only {list(self._ciphers)}: add that key back"
            )
        return _decrypt(cipher, sealed[1:], aad, f"key {number} of {SETTING}")

    def is_current(self, sealed: bytes) -> bool:
        """Whether it is sealed under the newest key; False means re-sealing it lets an old key go."""
        return sealed[:1] == bytes((self.number,))

    def new_body_key(self) -> tuple[bytes, bytes]:
        """A fresh key for one body, plain and sealed."""
        key = os.urandom(KEY_BYTES)
        return key, self.seal(key)

    @staticmethod
    def seal_with(key: bytes, data: bytes, aad: bytes = b"") -> bytes:
        """Nonce, ciphertext and tag of `data` under one body's own key."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + AESGCM(key).encrypt(nonce, data, aad)

    @staticmethod
    def open_with(key: bytes, data: bytes, aad: bytes = b"") -> bytes:
        """The reverse of `seal_with`; `ConfigError` when the key does not fit or the bytes were changed."""
        return _decrypt(AESGCM(key), data, aad, "its own key")

    @staticmethod
    def blind(key: bytes, *parts: str) -> bytes:
        """A 16-byte keyed hash (HMAC-SHA-256, cut) of `parts`; each part is length-prefixed, so no two lists collide."""
        return hmac.digest(key, framed(*parts), "sha256")[:BLIND_BYTES]

    @staticmethod
    def blind_last(key: bytes, first: bytes, last: str) -> bytes:
        """`blind` of parts of which all but the last are `framed` already."""
        encoded = last.encode("utf-8", "surrogatepass")
        return hmac.digest(key, first + _LENGTH(len(encoded)) + encoded, "sha256")[:BLIND_BYTES]


def framed(*parts: str) -> bytes:
    """Texts, each with its length before it, so that no two lists give the same bytes."""
    message = bytearray()
    for part in parts:
        encoded = part.encode("utf-8", "surrogatepass")
        message += _LENGTH(len(encoded)) + encoded
    return bytes(message)


def _parse_entry(entry: str, place: int) -> tuple[int, bytes]:
    number, colon, encoded = entry.partition(":")
    if not colon or not number.isascii() or not number.isdigit() or int(number) > _HIGHEST_NUMBER:
        raise ConfigError(
            f"{SETTING}: entry {place} must look like NUMBER:BASE64 with a number from 0 to {_HIGHEST_NUMBER}"
        )
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise ConfigError(f"{SETTING}: key {number} is not base64") from None
    if len(key) != KEY_BYTES:
        raise ConfigError(f"{SETTING}: key {number} has {len(key)} bytes, {KEY_BYTES} are needed")
    return int(number), key


def _decrypt(cipher: AESGCM, data: bytes, aad: bytes, under: str) -> bytes:
    try:
        return cipher.decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], aad)
    except (InvalidTag, ValueError):
        raise ConfigError(
            f"a stored value does not open under {under}: the key is a different one than it was sealed with, or the value was changed"
        ) from None
