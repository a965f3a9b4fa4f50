"""Finding golden records by what people know of them. Values are hashed before the database is asked."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hub.errors import ConfigError
from hub.flow.context import Hub
from hub.model.identifier import parse_id
from hub.model.identity import NAMESPACES, REVEALING_NAMESPACES
from hub.model.key import keys_of, lookup_key, name_keys, normal
from hub.model.kind import Kind, MatchKey
from hub.store import view
from hub.store.database import Connection

# A text that fits more than this is no search; the rest is found by adding to it.
MOST = 5000


@dataclass(frozen=True, slots=True)
class Identity:
    """What somebody or something is known by. An empty scope finds it under every scope."""

    namespace: str
    value: str
    scope: str = ""


def read_identity(text: str) -> Identity:
    """`namespace:value` or `namespace:scope:value`; `ConfigError` otherwise."""
    namespace, colon, rest = text.partition(":")
    scope, second, value = rest.partition(":")
    if not colon or not namespace or not rest:
        raise ConfigError("identity must look like namespace:value, for example member_no:88001234")
    return Identity(namespace, value, scope) if second and value else Identity(namespace, rest)


def is_personal(kind: Kind, namespace: str) -> bool:
    """Whether values of this namespace name a person by themselves (phone, e-mail, names)."""
    paths = {path.replace("[]", "").replace(".", "_"): field for path, field in kind.walk()}
    field = paths.get(namespace)
    return namespace in REVEALING_NAMESPACES or (field is not None and field.pii != "none")


def ids_of_identity(
    conn: Connection, hub: Hub, kind: Kind, identity: Identity, realms: Sequence[str]
) -> set[uuid.UUID]:
    """Golden ids of the records known by it."""
    return view.ids_of_keys(conn, _hashes(hub, kind, _keys_of_identity(kind, identity), realms), MOST)


def ids_of_text(conn: Connection, hub: Hub, kind: Kind, text: str, realms: Sequence[str]) -> set[uuid.UUID]:
    """Golden ids of the records that a text names: an id, an external id, a phone, an e-mail, a number, a name.

    Whole values only, whatever their case, width and spaces. Of names also parts, pinyin (whole, given name or initials)
    and the traditional or simplified writing.
    """
    found = view.ids_of_external(conn, None, text.strip())
    try:
        prefix, rid = parse_id(text.strip())
    except ConfigError:
        pass
    else:
        row = view.golden_of(conn, rid, frozenset(realms))
        if prefix == kind.prefix and row is not None:
            found.add(row.id)
    return found | view.ids_of_keys(conn, _hashes(hub, kind, _keys_of_text(kind, text), realms), MOST)


def find_all(conn: Connection, hub: Hub, text: str, realms: Sequence[str]) -> set[uuid.UUID]:
    """`ids_of_text` for every kind at once: two statements. Realms and kinds of the hits are the caller's to check."""
    hashes: set[bytes] = set()
    for kind in hub.registry.kinds.values():
        hashes |= _hashes(hub, kind, _keys_of_text(kind, text), realms)
    return view.ids_of_external(conn, None, text.strip()) | view.ids_of_keys(conn, hashes, MOST)


def _keys_of_text(kind: Kind, text: str) -> list[MatchKey]:
    keys = [MatchKey(path.replace(".", "_"), "", normal(text), 0) for path in kind.lookups] + name_keys(kind, text)
    if "identities" in kind.by_name:
        keys += [lookup_key(namespace, text) for namespace in NAMESPACES]
    for single in ("gln", "tax_ids"):
        keys += _keys_of_identity(kind, Identity(single, text)) if single in kind.by_name else []
    return keys


def _keys_of_identity(kind: Kind, identity: Identity) -> list[MatchKey]:
    """The keys under which a record with just this identity would be stored, and the plain look-up key."""
    name = "tax_ids" if identity.namespace == "tax_id" else identity.namespace
    data: dict[str, object] = {}
    if "identities" in kind.by_name:
        data["identities"] = [{"namespace": name, "scope": identity.scope, "value": identity.value}]
    if name in kind.by_name:
        data[name] = [identity.value] if kind.by_name[name].type == "list" else identity.value
    if "provider" in kind.by_name and identity.scope:
        data["provider"] = identity.scope
    plain = [] if identity.scope else [MatchKey(name, "", normal(identity.value), 0)]
    # With a scope, the unscoped look-up key would find the same value under any other scope.
    fitting = (name, identity.namespace)
    return plain + [k for k in keys_of(kind, data) if k.namespace in fitting and (not identity.scope or k.scope)]


def _hashes(hub: Hub, kind: Kind, keys: Iterable[MatchKey], realms: Sequence[str]) -> set[bytes]:
    blind = hub.keyring.blind
    return {
        blind(hub.blind_key, realm, kind.name, key.namespace, key.scope, key.value)
        for key in keys
        for realm in realms
        if key.value
    }
