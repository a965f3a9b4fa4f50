"""Signatures of webhooks: Standard Webhooks both ways, and the plain HMAC of most vendors.

Source: standard-webhooks/spec, standard-webhooks.md. Whatever a caller sends, a check ends in a
place in the list of secrets or in `WebhookError(401)`.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hub.errors import ConfigError, WebhookError

TOLERANCE_S = 300
_MOST_SIGNATURES = 32


def sign_standard(secrets: Sequence[str], message_id: str, timestamp_s: int, body: bytes) -> dict[str, str]:
    """The three headers of one attempt, signed with every secret given (rotation: newest first).

    `message_id` stays the same over all attempts and has no dot; `timestamp_s` is the time of this
    attempt. Raises `ConfigError` when a secret is unusable or the id has a dot.
    """
    if "." in message_id:
        raise ConfigError("a webhook id must not contain a dot: it separates the signed parts")
    content = _content(message_id, str(timestamp_s), body)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": " ".join(f"v1,{_b64(_sha256(signing_key(secret), content))}" for secret in secrets),
    }


def verify_standard(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], *, now_s: float) -> int:
    """Checks `v1` (HMAC) and `v1a` (ed25519, secrets `whpk_…`) signatures on the raw bytes.

    `headers` have lower-case names. Returns which secret fitted, 1 = the first given. Raises
    `WebhookError(401)` when none fits, a header is missing or malformed, or the timestamp is more
    than five minutes off in either direction. An unusable secret fits nothing.
    """
    message_id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not message_id or not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise WebhookError(401, "webhook-id or webhook-timestamp is missing or malformed")
    if abs(now_s - int(stamp)) > TOLERANCE_S:
        raise WebhookError(401, "webhook-timestamp is more than five minutes off")
    content = _content(message_id, stamp, body)
    offered = list(_signatures(headers.get("webhook-signature", "")))
    fitting = [place for place, secret in enumerate(secrets, 1) if _fits(secret, content, offered)]
    if not fitting:
        raise WebhookError(401, "no signature fits any active secret")
    return fitting[0]


def verify_hmac(
    body: bytes,
    signature: str,
    secrets: Sequence[str],
    *,
    encoding: Literal["hex", "base64"] = "base64",
    digest: str = "sha256",
) -> int:
    """Checks a plain HMAC over the raw body; the secrets are used as UTF-8 text.

    Compares the digest's bytes, so that hex case and missing base64 padding do not matter. Returns
    which secret fitted, 1 = the first given; raises `WebhookError(401)` when none does.
    """
    given = _decoded_hex(signature) if encoding == "hex" else _decoded_base64(signature)
    fitting = [
        place
        for place, secret in enumerate(secrets, 1)
        if hmac.compare_digest(hmac.digest(secret.encode(), body, digest), given) and secret
    ]
    if not fitting:
        raise WebhookError(401, "no signature fits any active secret")
    return fitting[0]


def sign_hmac(
    body: bytes, secret: str, *, encoding: Literal["hex", "base64"] = "base64", digest: str = "sha256"
) -> str:
    """The signature that `verify_hmac` takes; simulators sign with it."""
    made = hmac.digest(secret.encode(), body, digest)
    return made.hex() if encoding == "hex" else _b64(made)


def new_secret() -> str:
    """A fresh Standard Webhooks secret: `whsec_` and the base64 of 24 random bytes."""
    return "whsec_" + base64.b64encode(os.urandom(24)).decode()


def signing_key(secret: str) -> bytes:
    """The HMAC key of a Standard Webhooks secret: the base64 after `whsec_`.

    Text without the prefix is taken as base64 too, else as its own bytes, since some senders show
    neither prefix nor base64. Raises `ConfigError` when it is empty or the prefixed part is not base64.
    """
    key = _decoded_base64(secret.removeprefix("whsec_"))
    if not key and not secret.startswith(("whsec_", "whsk_", "whpk_")):
        key = secret.encode()
    if not key:
        raise ConfigError("a webhook secret is malformed: expected whsec_ and base64 of 24 to 64 random bytes")
    return key


def _fits(secret: str, content: bytes, offered: Sequence[tuple[str, bytes]]) -> bool:
    """Whether one secret made one of the signatures."""
    if secret.startswith("whpk_"):
        return any(version == "v1a" and _is_signed_by(secret, content, given) for version, given in offered)
    try:
        expected = _sha256(signing_key(secret), content)
    except ConfigError:
        return False
    return any(version == "v1" and hmac.compare_digest(expected, given) for version, given in offered)


def _is_signed_by(public_key: str, content: bytes, given: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(_decoded_base64(public_key.removeprefix("whpk_"))).verify(given, content)
    except (InvalidSignature, ValueError):
        return False
    return True


def _signatures(header: str) -> Iterator[tuple[str, bytes]]:
    """The (version, signature bytes) pairs of a header; items of any other shape are passed over."""
    for item in header.split(" ")[:_MOST_SIGNATURES]:
        version, _, text = item.partition(",")
        if given := _decoded_base64(text):
            yield version, given


def _content(message_id: str, stamp: str, body: bytes) -> bytes:
    # A header may hold anything that came over the wire, lone surrogates included.
    return b".".join((message_id.encode("utf-8", "surrogatepass"), stamp.encode(), body))


def _sha256(key: bytes, content: bytes) -> bytes:
    return hmac.digest(key, content, "sha256")


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decoded_base64(text: str) -> bytes:
    """The bytes, with or without padding; empty when it is not base64."""
    try:
        return base64.b64decode(text.strip() + "=" * (-len(text.strip()) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _decoded_hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text.strip())
    except ValueError:
        return b""
