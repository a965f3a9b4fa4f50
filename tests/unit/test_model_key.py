from typing import Any

import pytest

from hub.model.key import keys_of, lookup_key
from hub.model.kind import MatchKey
from hub.model.kinds import KINDS


def _identity_keys(*identities: dict[str, Any]) -> dict[tuple[str, str, str], int]:
    keys = keys_of(KINDS["customer"], {"identities": list(identities)})
    return {(key.namespace, key.scope, key.value): key.strength for key in keys}


@pytest.mark.parametrize(
    ("namespace", "scope", "strength"),
    [
        ("wechat_unionid", "account", 2),
        ("wechat_unionid", "", 2),
        ("wechat_openid", "app", 2),
        ("wechat_openid", "", 1),
        ("wecom_external_userid", "corp", 2),
        ("member_no", "brand", 2),
        ("member_no", "", 1),
        ("alipay_user", "", 2),
        ("card_no", "", 1),
        ("something_new", "x", 0),
    ],
)
def test_identity_key_when_namespace_and_scope_then_as_strong_as_declared(
    namespace: str, scope: str, strength: int
) -> None:
    found = _identity_keys({"namespace": namespace, "scope": scope, "value": "v1"})
    assert found[(namespace, scope, "v1")] == strength
    if scope:
        assert found[(namespace, "", "v1")] == 0, "found without knowing the scope"


@pytest.mark.parametrize(
    ("extra", "strength"),
    [
        ({"verified": "otp"}, 2),
        ({"verified": "otp", "role": "personal"}, 2),
        ({"verified": "otp", "role": "household"}, 1),
        ({"verified": "otp", "role": "shared"}, 0),
        ({"verified": "otp", "role": "masked"}, 0),
        ({"verified": "none"}, 1),
        ({}, 1),
    ],
)
def test_phone_key_when_verified_and_personal_then_links_guarded(extra: dict[str, Any], strength: int) -> None:
    (key,) = keys_of(KINDS["customer"], {"identities": [{"namespace": "phone", "value": "+8613912345678", **extra}]})
    assert (key.value, key.strength) == ("+8613912345678", strength)
    assert key.guarded or strength == 0


def test_phone_key_when_placeholder_then_never_links() -> None:
    assert _identity_keys({"namespace": "phone", "value": "13800000000", "verified": "otp"}) == {
        ("phone", "", "+8613800000000"): 0
    }


def test_keys_when_the_same_identity_stands_twice_then_the_strongest_counts() -> None:
    email = {"namespace": "email", "value": "Ann@example.com"}
    assert _identity_keys(email, {**email, "verified": "oauth"}) == {("email", "", "ann@example.com"): 2}


def test_payment_key_when_provider_and_number_then_links() -> None:
    for kind in ("payment", "refund"):
        keys = keys_of(KINDS[kind], {"provider": "WeChat_Pay", "provider_ref": "42"})
        assert MatchKey("provider_ref", "wechat_pay", "42", 2) in keys
        assert all(key.strength == 0 for key in keys_of(KINDS[kind], {"provider_ref": "42"}))


def test_supplier_key_when_tax_id_or_gln_then_links() -> None:
    keys = keys_of(KINDS["supplier"], {"tax_ids": ["91 3100 ab"], "gln": "690", "name": "杭州茶厂"})
    assert {(key.namespace, key.value): key.strength for key in keys} == {
        ("tax_id", "913100ab"): 2,
        ("gln", "690"): 2,
        ("name", "杭州茶厂"): 0,
        ("name_form", "hangzhouchachang"): 0,
        ("name_form", "hzcc"): 0,
    }


@pytest.mark.parametrize("kind", ["order", "product", "location", "staff"])
def test_keys_of_crosswalk_kinds_then_only_for_look_up(kind: str) -> None:
    data = {"number": "A1", "title": "茶", "code": "SH01", "name": "静安店", "gln": "690", "employee_no": "E1"}
    data |= {"variants": [{"sku": "T1", "barcodes": ["690"]}]}
    keys = keys_of(KINDS[kind], data)
    assert keys
    assert {key.strength for key in keys} == {0}


def test_keys_when_fields_are_null_or_empty_then_none() -> None:
    data = {"identities": None, "full_name": None, "nickname": "  "}
    assert keys_of(KINDS["customer"], data) == []


def test_lookup_key_when_typed_by_a_person_then_equals_what_was_stored() -> None:
    stored = keys_of(
        KINDS["customer"],
        {"full_name": "Ann  Li", "identities": [{"namespace": "phone", "value": "+8613912345678", "verified": "otp"}]},
    )
    places = {(key.namespace, key.scope, key.value) for key in stored}
    for typed in (lookup_key("full_name", "ＡＮＮ li "), lookup_key("phone", "139-1234-5678")):
        assert (typed.namespace, typed.scope, typed.value) in places
