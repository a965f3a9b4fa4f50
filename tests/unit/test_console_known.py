"""Known errors get a sentence in the reader's language; others keep their own text alone."""

from __future__ import annotations

import pytest
from flask import Flask, g

from hub.console.known import known
from hub.errors import RejectedError, describe


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("shop: POST shop.example answered 401; check the connection's credentials and permissions", "更新凭证"),
        ("crm: GET crm.example answered 403; check the connection's credentials and permissions", "缺少所需权限"),
        ("crm: Zoho refused the refresh token: invalid_grant", "更新凭证"),
        ("crm: POST crm.example answered 429", "调用速度"),
        ("shop: POST shop.example could not connect: timed out", "无法连接"),
        ("shop: POST shop.example answered 200 with something that is not JSON", "无法读懂"),
        ("crm: Zoho's answer holds a key twice: which records it lists is unknown", "无法读懂"),
        ("shop: POST shop.example timed out after the request was sent", "没有及时应答"),
        ("crm: DUPLICATE_DATA; another record there holds this value and may be the same", "同一个人"),
        (describe(RejectedError("shop: customers 7: the phone", code="taken")), "同一个人"),
        (describe(RejectedError("crm: the record is not there", code="gone")), "没有这条记录"),
    ],
)
def test_error_when_known_then_said_in_the_language(error: object, said: str) -> None:
    with Flask(__name__).app_context():
        g.language = "zh"
        assert said in known(error)  # type: ignore[arg-type]


@pytest.mark.parametrize("error", [None, "", {}, "somebody ended it", {"type": "ValueError", "message": ""}])
def test_error_when_not_known_then_nothing_is_added(error: object) -> None:
    with Flask(__name__).app_context():
        g.language = "zh"
        assert known(error) == ""  # type: ignore[arg-type]
