"""What may stand in the query of an address: nothing personal, since access logs keep addresses."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from flask import request

from hub.api.problem import ApiProblem

MAX_QUERY = 2000
_PHONE = re.compile(r"\+\d[\d -]{6,17}|(?:86)?1[3-9]\d{9}|0\d{2,3}-\d{7,8}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_PERSONAL_NAMES = frozenset(
    [
        "phone",
        "mobile",
        "tel",
        "telephone",
        "email",
        "e_mail",
        "mail",
        "name",
        "full_name",
        "given_name",
        "family_name",
        "nickname",
        "recipient",
        "recipient_name",
        "address",
        "street",
        "birthday",
        "id_card",
        "unionid",
        "openid",
        "q",
        "query",
    ]
)


def check_query() -> None:
    """400 when the query of this request is malformed, too long, or holds personal data."""
    raw = request.query_string
    if not raw:
        return
    if len(raw) > MAX_QUERY:
        raise ApiProblem(400, f"the query has more than {MAX_QUERY} characters: use the search by POST")
    try:
        decoded = unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError:
        raise ApiProblem(400, "the query is not UTF-8") from None
    if "\x00" in decoded:
        raise ApiProblem(400, "the query holds NUL")
    for name, value in request.args.items(multi=True):
        if name.lower() in _PERSONAL_NAMES or (name != "cursor" and looks_personal(value)):
            raise ApiProblem(
                400, "personal data must not stand in a URL: use POST …/search, whose body no access log keeps"
            )
    repeated = [name for name, values in request.args.lists() if len(values) > 1]
    if repeated:
        raise ApiProblem(400, "a query parameter stands twice")


def looks_personal(value: str) -> bool:
    """Whether a text is a phone number or an e-mail address by its shape, also behind a `namespace:`."""
    # A plus sign that was not percent-encoded arrives as a space.
    parts = [value.strip(), value.rpartition(":")[2].strip(), re.sub("^ ", "+", value.rpartition(":")[2])]
    return any(_PHONE.fullmatch(part) or _EMAIL.fullmatch(part) for part in parts)
