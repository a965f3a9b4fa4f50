"""An identity: what a person is known by somewhere, how it was proven, and whose it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.model import phone
from hub.model.fault import ValueFault

NAMESPACES = (
    "phone",
    "email",
    "wechat_openid",
    "wechat_unionid",
    "wecom_external_userid",
    "alipay_user",
    "card_no",
    "member_no",
    "weibo_uid",
    "qq_openid",
)
VERIFICATIONS = ("none", "otp", "payment", "oauth", "staff")
ROLES = ("personal", "shared", "household", "store", "placeholder", "masked", "virtual")
REVEALING_NAMESPACES = ("phone", "email")  # they name a person by themselves: never in a URL


def tidy_identity(identity: dict[str, Any]) -> dict[str, Any]:
    """The one form of a checked identity: phones E.164, e-mails lower case, the rest trimmed.

    What the source wrote is kept as `raw` when it differs. A number that cannot be a person's own is
    given its role; a role that the source gave stays unless the number is masked or a placeholder.
    """
    value = identity["value"]
    namespace = identity["namespace"]
    tidied = value.strip()
    if namespace == "phone":
        found = phone.normalise(tidied)
        tidied = found.value
        if found.role and (identity.get("role") in (None, "personal") or found.role in ("masked", "placeholder")):
            identity["role"] = found.role
    elif namespace == "email":
        tidied = tidied.lower()
        if "*" in tidied:
            identity["role"] = "masked"
    if not tidied or not namespace:
        raise ValueFault("bad_identity", "an identity has a namespace and a value that is not empty")
    if tidied != value:
        identity["value"] = tidied
        identity.setdefault("raw", value)
    if identity.get("scope") == "":
        del identity["scope"]
    return identity


_OWN = (None, "personal", "household")
_PROVEN = ("none", "staff", "payment", "oauth", "otp")


def proof_of(value: Mapping[str, Any]) -> int:
    """How well an object is proven by its `verified`: otp, oauth, payment, staff, and 0 for none or a word unknown."""
    proof = value.get("verified") or "none"
    return _PROVEN.index(proof) if proof in _PROVEN else 0


def is_closed(identity: Mapping[str, Any]) -> bool:
    """Whether an identity of a golden record is another person's by now."""
    return bool(identity.get("until"))


def contact_order(identity: Mapping[str, Any]) -> tuple[bool, int, bool, str]:
    """Sorts phones and e-mails by their worth to a system that holds only some.

    Those that are another person's by now come last; then best proven first, a person's own before a household's.
    """
    return (is_closed(identity), -proof_of(identity), identity.get("role") == "household", str(identity["value"]))


def may_be_told(identity: Mapping[str, Any]) -> bool:
    """Whether a phone or e-mail may be written to another system: a real one of the person or the household, in clear."""
    value = str(identity.get("value") or "")
    if identity.get("role") not in _OWN or identity.get("scope"):
        return False
    if identity.get("namespace") == "phone":
        return phone.normalise(value).is_certain
    return "@" in value and "*" not in value
