import pytest

from hub.model.identity import tidy_identity
from hub.model.phone import normalise


@pytest.mark.parametrize(
    ("raw", "value", "role"),
    [
        ("13912345678", "+8613912345678", ""),
        ("+86 139 1234 5678", "+8613912345678", ""),
        ("0086-139-1234-5678", "+8613912345678", ""),
        ("１３９１２３４５６７８", "+8613912345678", ""),
        ("010-62345678", "+861062345678", "household"),
        ("+852 9123 4567", "+85291234567", ""),
        ("+853 6612 3456", "+85366123456", ""),
        ("+886 912 345 678", "+886912345678", ""),
        ("+1 415 555 2671", "+14155552671", ""),
        ("138****1234", "138****1234", "masked"),
        ("138xxxx1234", "138xxxx1234", "masked"),
        ("13912345678-1234", "13912345678-1234", "virtual"),
        ("13912345678转1234", "13912345678-1234", "virtual"),
        ("13800000000", "+8613800000000", "placeholder"),
        ("11111111", "11111111", "placeholder"),
        ("12345678", "12345678", "placeholder"),
        ("call me", "callme", ""),
        ("", "", ""),
    ],
)
def test_normalise_when_written_in_any_way_then_one_form_and_its_role(raw: str, value: str, role: str) -> None:
    found = normalise(raw)
    assert (found.value, found.role) == (value, role)


def test_normalise_when_region_is_given_then_national_numbers_are_of_it() -> None:
    assert normalise("9123 4567", "HK").value == "+85291234567"
    assert normalise("+8613912345678", "HK").value == "+8613912345678"


def test_phone_when_certain_then_whole_and_nobody_elses() -> None:
    assert normalise("13912345678").is_certain
    assert not normalise("138****1234").is_certain
    assert not normalise("call me").is_certain


def test_identity_when_tidied_then_one_form_and_the_source_s_word_is_kept() -> None:
    phone = tidy_identity({"namespace": "phone", "value": "139 1234 5678", "role": "personal"})
    assert phone == {"namespace": "phone", "value": "+8613912345678", "role": "personal", "raw": "139 1234 5678"}
    email = tidy_identity({"namespace": "email", "value": " Ann@Example.COM ", "scope": ""})
    assert email == {"namespace": "email", "value": "ann@example.com", "raw": " Ann@Example.COM "}


def test_identity_when_masked_or_placeholder_then_typed_so_whatever_the_source_says() -> None:
    assert tidy_identity({"namespace": "phone", "value": "139****5678", "role": "personal"})["role"] == "masked"
    assert tidy_identity({"namespace": "phone", "value": "13800000000", "role": "store"})["role"] == "placeholder"
    assert tidy_identity({"namespace": "phone", "value": "010-62345678", "role": "store"})["role"] == "store"
