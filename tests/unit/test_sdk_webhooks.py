"""Standard Webhooks and plain HMAC signatures."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import ConfigError, WebhookError
from hub.sdk import sign_hmac, sign_standard, verify_hmac, verify_standard
from hub.sdk.webhooks import TOLERANCE_S, signing_key

VECTORS = json.loads((Path(__file__).parents[1] / "data/vectors/standard_webhooks.json").read_text())["vectors"]
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOW = 1614265330


def _secret_of(vector: dict[str, Any]) -> str:
    if "public_key_hex" in vector:
        return "whpk_" + base64.b64encode(bytes.fromhex(vector["public_key_hex"])).decode()
    return str(vector["secret"])


def _headers(vector: dict[str, Any]) -> dict[str, str]:
    return {
        "webhook-id": vector["webhook_id"],
        "webhook-timestamp": str(vector["webhook_timestamp"]),
        "webhook-signature": vector["expected"],
    }


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_verify_when_given_a_vector_then_says_what_the_vector_says(vector: dict[str, Any]) -> None:
    def verify() -> int:
        return verify_standard(_headers(vector), vector["body"].encode(), [_secret_of(vector)], now_s=NOW)

    if vector["valid"]:
        assert verify() == 1
    else:
        with pytest.raises(WebhookError) as caught:
            verify()
        assert caught.value.status == 401


@pytest.mark.parametrize(
    "vector", [v for v in VECTORS if v["valid"] and v["expected"].count(",") == 1 and "secret" in v]
)
def test_sign_when_given_a_vector_then_makes_its_signature(vector: dict[str, Any]) -> None:
    signed = sign_standard([vector["secret"]], vector["webhook_id"], NOW, vector["body"].encode())
    assert signed == _headers(vector)


def test_sign_when_two_secrets_then_each_alone_verifies() -> None:
    other = "whsec_" + base64.b64encode(b"another secret of 24 bytes").decode()
    signed = sign_standard([SECRET, other], "msg_1", NOW, b"{}")
    assert verify_standard(signed, b"{}", [SECRET], now_s=NOW) == 1
    assert verify_standard(signed, b"{}", [other], now_s=NOW) == 1
    assert verify_standard(signed, b"{}", ["whsec_AAAA", other], now_s=NOW) == 2


def test_sign_when_id_has_a_dot_then_refused() -> None:
    with pytest.raises(ConfigError):
        sign_standard([SECRET], "a.b", NOW, b"{}")


@pytest.mark.parametrize("offset", [-TOLERANCE_S, 0, TOLERANCE_S])
def test_verify_when_within_five_minutes_then_accepted(offset: int) -> None:
    assert verify_standard(sign_standard([SECRET], "m", NOW, b"{}"), b"{}", [SECRET], now_s=NOW + offset) == 1


@pytest.mark.parametrize("offset", [-TOLERANCE_S - 1, TOLERANCE_S + 1])
def test_verify_when_more_than_five_minutes_off_then_refused(offset: int) -> None:
    with pytest.raises(WebhookError):
        verify_standard(sign_standard([SECRET], "m", NOW, b"{}"), b"{}", [SECRET], now_s=NOW + offset)


@given(
    st.dictionaries(st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature"]), st.text()), st.binary()
)
def test_verify_when_headers_are_anything_then_only_webhook_error(headers: dict[str, str], body: bytes) -> None:
    with pytest.raises(WebhookError) as caught:
        verify_standard(headers, body, [SECRET, "whpk_AAAA", "whsec_", ""], now_s=NOW)
    assert caught.value.status == 401


@pytest.mark.parametrize(
    "given_signature", ["v1", "v1,", ",", "v1a,AAAA", "v1,é", "v1," + "A" * 100_000, " " * 100, "v2,AAAA"]
)
@pytest.mark.parametrize("secret", [SECRET, "whpk_AAAA", "whpk_", "whsec_%%%"])
def test_verify_when_signature_is_malformed_then_refused(given_signature: str, secret: str) -> None:
    headers = {"webhook-id": "m", "webhook-timestamp": str(NOW), "webhook-signature": given_signature}
    with pytest.raises(WebhookError):
        verify_standard(headers, b"{}", [secret], now_s=NOW)


def test_verify_when_secret_is_unusable_then_fits_nothing() -> None:
    headers = sign_standard([SECRET], "m", NOW, b"{}")
    for secret in ("", "whsec_", "whsec_%%%", "whsk_AAAA"):
        with pytest.raises(WebhookError):
            verify_standard(headers, b"{}", [secret], now_s=NOW)


def test_verify_when_ed25519_key_signed_another_body_then_refused() -> None:
    private = Ed25519PrivateKey.generate()
    public = "whpk_" + base64.b64encode(private.public_key().public_bytes_raw()).decode()
    signature = "v1a," + base64.b64encode(private.sign(b"m." + str(NOW).encode() + b".{}")).decode()
    headers = {"webhook-id": "m", "webhook-timestamp": str(NOW), "webhook-signature": signature}
    assert verify_standard(headers, b"{}", [SECRET, public], now_s=NOW) == 2
    with pytest.raises(WebhookError):
        verify_standard(headers, b"{ }", [public], now_s=NOW)
    # A public key is no HMAC key: else anybody could sign with it.
    forged = {**headers, "webhook-signature": headers["webhook-signature"].replace("v1a,", "v1,")}
    with pytest.raises(WebhookError):
        verify_standard(forged, b"{}", [public], now_s=NOW)


def test_signing_key_when_plain_text_then_its_own_bytes() -> None:
    assert signing_key("not base64!") == b"not base64!"
    assert signing_key(SECRET) == signing_key(SECRET.removeprefix("whsec_"))
    for secret in ("", "whsec_", "whsec_not base64!", "whpk_AAA%"):
        with pytest.raises(ConfigError):
            signing_key(secret)


@pytest.mark.parametrize("encoding", ["hex", "base64"])
def test_hmac_when_signed_then_verified_by_the_right_secret_only(encoding: Any) -> None:
    body = '{"name":"李雷"}'.encode()
    signature = sign_hmac(body, "old", encoding=encoding)
    assert verify_hmac(body, signature, ["new", "old"], encoding=encoding) == 2
    for wrong_body, secrets in ((body + b" ", ["old"]), (body, ["new"]), (body, []), (body, [""])):
        with pytest.raises(WebhookError):
            verify_hmac(wrong_body, signature, secrets, encoding=encoding)


def test_hmac_when_secret_is_empty_then_never_fits() -> None:
    with pytest.raises(WebhookError):
        verify_hmac(b"{}", sign_hmac(b"{}", ""), [""])


@given(st.text(), st.sampled_from(["hex", "base64"]))
def test_hmac_when_signature_is_anything_then_only_webhook_error(signature: str, encoding: Any) -> None:
    with pytest.raises(WebhookError):
        verify_hmac(b"{}", signature, ["secret"], encoding=encoding)
