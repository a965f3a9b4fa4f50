"""The key ring: sealing, rotation, clear errors, and no key in anything printable."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import ConfigError
from hub.keyring import Keyring

KEY_A = base64.b64encode(b"a" * 32).decode()
KEY_B = base64.b64encode(b"b" * 32).decode()


@given(st.binary(max_size=4096), st.binary(max_size=32))
def test_seal_when_opened_with_same_aad_then_gives_plaintext(plaintext: bytes, aad: bytes) -> None:
    ring = Keyring.generate()
    sealed = ring.seal(plaintext, aad)
    assert ring.open(sealed, aad) == plaintext
    assert plaintext not in sealed or len(plaintext) < 4


def test_seal_when_repeated_then_differs_each_time() -> None:
    ring = Keyring.generate()
    assert len({ring.seal(b"same") for _ in range(50)}) == 50


def test_open_when_aad_or_a_byte_differs_then_config_error() -> None:
    ring = Keyring.generate()
    sealed = ring.seal(b"secret", b"place")
    changed = sealed[:-1] + bytes((sealed[-1] ^ 1,))
    for value, aad in ((sealed, b"other"), (changed, b"place"), (sealed[:5], b"place"), (b"", b"place")):
        with pytest.raises(ConfigError):
            ring.open(value, aad)


def test_rotated_when_old_value_then_still_opens_and_new_is_current() -> None:
    ring = Keyring.parse(f"0:{KEY_A}")
    old = ring.seal(b"one")
    newer = ring.rotated()
    assert newer.open(old) == b"one"
    assert not newer.is_current(old)
    assert newer.is_current(newer.seal(b"two"))
    with pytest.raises(ConfigError, match="key 1"):
        ring.open(newer.seal(b"two"))


def test_rotated_when_repeated_beyond_highest_number_then_wraps_and_says_when_full() -> None:
    ring = Keyring.parse(f"255:{KEY_A}").rotated()
    assert ring.number == 0
    for _ in range(254):
        ring = ring.rotated()
    with pytest.raises(ConfigError, match="full"):
        ring.rotated()


def test_export_when_parsed_again_then_same_ring() -> None:
    ring = Keyring.parse(f" 1:{KEY_A}, 0:{KEY_B} ")
    again = Keyring.parse(ring.export())
    assert again.number == 1
    assert again.open(ring.seal(b"x")) == b"x"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "holds no key"),
        ("abc", "entry 1"),
        (f"256:{KEY_A}", "entry 1"),
        (f"-1:{KEY_A}", "entry 1"),
        (f"²:{KEY_A}", "entry 1"),
        (f"1:{KEY_A},x:{KEY_B}", "entry 2"),
        ("1:***", "not base64"),
        ("1:YWJj", "3 bytes"),
        (f"1:{KEY_A},1:{KEY_B}", "twice"),
    ],
)
def test_parse_when_text_is_wrong_then_config_error_without_the_key(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        Keyring.parse(text)
    assert "HUB_SECRET_KEY" in str(caught.value)
    assert KEY_A not in str(caught.value)


def test_repr_when_printed_then_shows_no_key() -> None:
    ring = Keyring.parse(f"1:{KEY_A}")
    assert repr(ring) == "<Keyring numbers=[1]>"
    assert "aaaa" not in repr(ring)
    assert KEY_A not in repr(ring)


def test_body_key_when_unsealed_then_opens_the_body() -> None:
    ring = Keyring.generate()
    key, sealed_key = ring.new_body_key()
    body = Keyring.seal_with(key, b'{"id": 1}', b"event")
    assert Keyring.open_with(ring.open(sealed_key), body, b"event") == b'{"id": 1}'
    with pytest.raises(ConfigError):
        Keyring.open_with(b"z" * 32, body, b"event")
    with pytest.raises(ConfigError):
        Keyring.open_with(key, body, b"another")


def test_blind_when_parts_are_split_differently_then_differs() -> None:
    key = b"k" * 32
    assert len(Keyring.blind(key, "a")) == 16
    assert Keyring.blind(key, "ab", "c") != Keyring.blind(key, "a", "bc")
    assert Keyring.blind(key, "ab") == Keyring.blind(key, "ab")
    assert Keyring.blind(b"j" * 32, "ab") != Keyring.blind(key, "ab")
    assert Keyring.blind(key, "\ud800") != Keyring.blind(key, "")
