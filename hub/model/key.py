"""Deterministic match keys and look-up keys of records, from the declaration of their kind (2.4 of the design)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from hub.model import phone
from hub.model.kind import Kind, MatchKey
from hub.model.name import forms_of, readings_of

# namespace -> (strength with a scope, strength without): an openid means something only within its app,
# a member number within its brand, an external userid within its corp; a unionid names its account itself.
_STRENGTHS = {
    "wechat_unionid": (2, 2),
    "wechat_openid": (2, 1),
    "wecom_external_userid": (2, 1),
    "member_no": (2, 1),
    "alipay_user": (2, 2),
    "qq_openid": (2, 1),
    "card_no": (1, 1),
    "weibo_uid": (1, 1),
}
_CONTACTS = ("phone", "email")
_OWN = (None, "personal")
NAME = "name_form"
"""Namespace of the forms of names: parts, simplified, pinyin, initials."""
_NEVER = ("placeholder", "masked", "virtual", "shared", "store")


def keys_of(kind: Kind, data: Mapping[str, Any]) -> list[MatchKey]:
    """All keys of a record's canonical data, each once, the strongest reading first.

    `data` is what one system said, not a golden record. Null and absent fields give no key.
    """
    found: dict[tuple[str, str, str], MatchKey] = {}
    for rule in kind.keys:
        for key in rule(data):
            place = (key.namespace, key.scope, key.value)
            if place not in found or found[place].strength < key.strength:
                found[place] = key
    for path in kind.lookups:
        name = path.replace(".", "_")
        for value in _values_at(data, path.split(".")):
            found.setdefault((name, "", value), MatchKey(name, "", value, 0))
            if path in kind.names:
                for form in forms_of(value, is_person=kind.by_name[path].pii == "personal"):
                    found.setdefault((NAME, "", form), MatchKey(NAME, "", form, 0))
    return list(found.values())


def lookup_key(namespace: str, value: str, scope: str = "") -> MatchKey:
    """The key under which a search finds what `keys_of` stored: the same normal form."""
    return MatchKey(namespace, scope, _normal_identity(namespace, value), 0)


def name_keys(kind: Kind, typed: str) -> list[MatchKey]:
    """The keys under which names of this kind that fit `typed` are stored: whole, in parts, by pinyin or initials."""
    fields = [path.replace(".", "_") for path in kind.names]
    readings = readings_of(normal(typed)) if fields else ()
    return [MatchKey(field, "", reading, 0) for reading in readings for field in (*fields, NAME)]


def normal(text: str) -> str:
    """The form in which look-up values are equal: NFKC, one space, no case."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def identity_keys(data: Mapping[str, Any]) -> Iterator[MatchKey]:
    """Keys of `identities`: what a person is known by.

    Every identity gives a key under its scope, and one without scope for look-up, so that a person
    is found without knowing the app or brand.
    """
    for identity in data.get("identities") or ():
        namespace, scope = identity["namespace"], identity.get("scope") or ""
        value = _normal_identity(namespace, identity["value"])
        if not value:
            continue
        if namespace in _CONTACTS:
            yield _contact_key(identity, namespace, value)
            continue
        scoped, unscoped = _STRENGTHS.get(namespace, (0, 0))
        if identity.get("role") in _NEVER:
            scoped = unscoped = 0
        yield MatchKey(namespace, scope, value, scoped if scope else unscoped)
        if scope:
            yield MatchKey(namespace, "", value, 0)


def contact_key(identity: Mapping[str, Any]) -> MatchKey | None:
    """The key of a phone or e-mail that may be somebody's own; of strength 2 where that was proven. None for any other identity."""
    namespace = identity["namespace"]
    value = _normal_identity(namespace, identity["value"]) if namespace in _CONTACTS else ""
    key = _contact_key(identity, namespace, value) if value else None
    return key if key is not None and key.guarded else None


def _contact_key(identity: Mapping[str, Any], namespace: str, value: str) -> MatchKey:
    # A phone is a household's key: it links only when its owner proved it, and names do not conflict.
    role = identity.get("role")
    if role in _NEVER or (namespace == "phone" and phone.normalise(value).role in _NEVER):
        return MatchKey(namespace, "", value, 0)
    proven = identity.get("verified") not in (None, "none") and role in _OWN
    return MatchKey(namespace, "", value, 2 if proven else 1, guarded=True)


def provider_keys(data: Mapping[str, Any]) -> Iterator[MatchKey]:
    """A payment or refund is one and the same wherever the provider's number is the same."""
    provider, ref = data.get("provider"), data.get("provider_ref")
    if provider and ref:
        yield MatchKey("provider_ref", normal(provider), ref.strip(), 2)


def cause_keys(data: Mapping[str, Any]) -> Iterator[MatchKey]:
    """An entry (of points, of stock) is one and the same wherever what caused it is the same."""
    cause = normal(data.get("cause_key") or "")
    if cause:
        yield MatchKey("cause_key", "", cause, 2)


def supplier_keys(data: Mapping[str, Any]) -> Iterator[MatchKey]:
    """A supplier is its tax id or its location number."""
    for tax_id in data.get("tax_ids") or ():
        yield MatchKey("tax_id", "", normal(tax_id).replace(" ", ""), 2)
    if data.get("gln"):
        yield MatchKey("gln", "", data["gln"].strip(), 2)


def _normal_identity(namespace: str, value: str) -> str:
    if namespace == "phone":
        return phone.normalise(value).value
    if namespace == "email":
        return value.strip().lower()
    return value.strip() if namespace in _STRENGTHS else normal(value)


def _values_at(data: Any, path: list[str]) -> Iterator[str]:
    if isinstance(data, list):
        for element in data:
            yield from _values_at(element, path)
    elif path and isinstance(data, Mapping):
        yield from _values_at(data.get(path[0]), path[1:])
    elif isinstance(data, str) and not path:
        value = normal(data)
        if value:
            yield value
