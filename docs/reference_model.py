"""Reference pages of the kinds, of the policies and of the transforms of mapping files."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson

from docs.markdown import code, docstring, page, slug, table
from hub import registry
from hub.flow.rules import installed_folders
from hub.model.kind import Field, Kind
from hub.model.kinds import KINDS
from hub.model.transform import ITSELF, examples, gives, inverse, one_way, takes_null
from hub.rules.policies import NULL_WINS, POLICIES, PolicySet, load_policies
from hub.rules.policy_rule import ELEMENTS, NEVER_EMPTY
from hub.rules.transforms import GROUPS, TRANSFORMS
from hub.rules.worth import WORTH

_PII = {"none": "", "personal": "personal", "sensitive": "sensitive", "secret": "secret"}


def kinds() -> str:
    """Every kind with every field."""
    rows = [
        [f"[{kind.name}](#{slug(kind.name)})", kind.title.zh, code(f"{kind.prefix}_"), kind.help.en]
        for kind in KINDS.values()
    ]
    lead = """
The kinds are declared in `hub/model/kinds`. Storing, mapping, listing and syncing a kind needs nothing but its
declaration; a package adds its own by the hook [`register_kinds`](hooks.md#register_kinds).

Values have one form everywhere, in the API, in mapping files and in the database: money is
`{"amount": "12.30", "currency": "CNY"}` with exactly the currency's decimals, a time is
`2026-11-22T00:30:05.000000Z`, a date `2026-11-22`, a decimal is text without trailing zeros, a ref is the source key
`{"connection": "shop", "object_type": "customers", "external_id": "7064"}`.

In the tables, `[]` marks what stands in each element of a list. A list is *united* when its elements live and survive
one by one, each known by the sub-fields named; any other list is one value. *Derived* fields are computed by the hub.
"""
    return page(
        "Kinds",
        lead,
        table(["kind", "种类", "id", "what it is"], rows),
        *(_section(kind) for kind in KINDS.values()),
    )


def _section(kind: Kind) -> str:
    facts = [f"{kind.help.en}. {kind.help.zh}。"]
    if kind.parent:
        facts.append(f"Waits (is *parked*) until its `{kind.parent}` is known.")
    if kind.keys:
        facts.append("Linked across systems by: " + ", ".join(_rule_text(rule) for rule in kind.keys) + ".")
    else:
        facts.append("Never linked across systems by the hub: by hand only, or through what the hub itself created.")
    if kind.lookups:
        facts.append("Found by: " + ", ".join(map(code, kind.lookups)) + ".")
    for name, fields in kind.groups.items():
        facts.append(f"{', '.join(map(code, fields))} survive together, as the group `{name}`.")
    rows = [_field_row(path, field) for path, field in kind.walk()]
    head = ["field", "type", "meaning", "含义", "unit", "example", "personal"]
    return "\n\n".join([f"## {kind.name}", " ".join(facts), table(head, rows)])


def _rule_text(rule: Callable[..., Any]) -> str:
    first = docstring(rule).partition("\n")[0].rstrip(".")
    return f"`{rule.__name__}` ({first[:1].lower()}{first[1:]})"


def _field_row(path: str, field: Field) -> list[str]:
    mark = " *" if field.required else ""
    return [
        f"`{path}`{mark}",
        _type(field),
        field.help.en + (" (derived)" if field.derived else ""),
        field.help.zh,
        field.unit,
        code(orjson.dumps(field.example).decode() if field.example is not None else ""),
        _PII[field.pii],
    ]


def _type(field: Field) -> str:
    if field.type == "enum":
        return "one of " + ", ".join(map(code, field.choices))
    if field.type == "ref":
        return f"ref to [{field.ref}](#{slug(field.ref)})" if field.ref in KINDS else f"ref to {field.ref}"
    if field.type in ("list", "map"):
        inner = f"[{field.ref}](#{slug(field.ref)})" if field.of == "ref" else field.of
        by = f", united by {', '.join(field.identity) or 'the element itself'}" if field.identity is not None else ""
        return f"{field.type} of {inner}{by}"
    return field.type


def policies() -> str:
    """Every policy, and what ships for each kind."""
    rows = [[code(name), _policy_text(name), _empty(name)] for name in POLICIES]
    lead = """
Named in `policies/KIND.yaml` for fields, groups and the rest: [Choose whose value wins](../how-to/choose-whose-value-wins.md). Candidates
are what source records say by themselves; what the hub wrote to them is nobody's word. Of candidates of equal worth one that was
seen to change beats one that was only imported, then the newest wins, then the connection of the smaller rank, then the first name of the
alphabet, the external id and the value. A live pin comes before all of it, then a person's choice while all say what they said.
"""
    shipped = load_policies(installed_folders(), KINDS)
    rules = [
        [f"[{kind.name}](kinds.md#{slug(kind.name)})", "<br>".join(_shipped(shipped[kind.name]))]
        for kind in KINDS.values()
    ]
    return page(
        "Policies",
        lead,
        table(["policy", "who wins", "empty values"], rows),
        "## Versions of an element\n\nOf a list that is united the newest word says whether an element is there. `elements` says whose "
        f"version of it counts, of the records that have it: {', '.join(map(code, ELEMENTS))}.",
        "## What ships",
        table(["kind", "rules"], rules),
    )


def _policy_text(name: str) -> str:
    if name == "union":
        return (
            "Of a list whose elements have an identity: all elements together, each as the newest word about it says."
        )
    return docstring(WORTH[name]).replace("\n\n", " ")


def _empty(name: str) -> str:
    if name == "union":
        return "by element"
    return "never win" if name in NEVER_EMPTY else "win" if name in NULL_WINS else "yield"


def _shipped(found: PolicySet) -> Iterator[str]:
    """The rules of a kind that differ from those for the rest of it, groups by their names."""
    yield f"{code(found.default.policy)} for the rest"
    named = {rule.group or name: rule for name, rule in found.fields.items()}
    for name, rule in named.items():
        how = f" (version: {code(rule.elements)})" if rule.elements != "latest" else ""
        yield f"{code(name)}: {code(rule.policy)}{how}"


def transforms() -> str:
    """Built-in transforms, then those of the connectors that come with the hub."""
    parts = []
    for title, group in GROUPS.items():
        rows = [[*_transform_row(one.__name__, one), _examples(one), _undone(one)] for one in group]
        parts += [f"## {title}", table(["transform", "gives", "does", "examples", "read back by"], rows)]
    for package, found in sorted(_of_connectors().items()):
        inner = [[*_transform_row(name, one), _examples(one), _undone(one)] for name, one in found.items()]
        parts += [
            f"## Of the connector {package}",
            table(["transform", "gives", "does", "examples", "read back by"], inner),
        ]
    lead = """
Named in a mapping file by `to:`, alone (`to: money`), with literal arguments (`to: {unix: {unit: ms}}`) or several in a row
(`to: [strip, blank]`). An absent value is never transformed; null only by those marked. What a transform cannot use becomes a
problem of the event, which goes to quarantine with all its problems. A package adds its own by the hook
[`register_transforms`](hooks.md#register_transforms).

The last column names the transform for the other direction: what it writes is read as the same again. `=`: the value itself is.
"""
    return page("Transforms", lead, *parts)


def _examples(function: Callable[..., Any]) -> str:
    return "<br>".join(_example(*one) for one in examples(function))


def _example(value: Any, arguments: Mapping[str, Any], result: Any) -> str:
    by = f" by {code(_json(arguments))}" if arguments else ""
    return f"{code(_json(value))}{by} → {code(_json(result))}"


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _undone(function: Callable[..., Any]) -> str:
    named = inverse(function)
    return f"none: {one_way(function)}" if not named else named if named == ITSELF else code(named)


def all_transforms() -> dict[str, Callable[..., Any]]:
    """Every transform that comes with the hub, by name."""
    return {**TRANSFORMS, **{name: f for found in _of_connectors().values() for name, f in found.items()}}


def _of_connectors() -> dict[str, dict[str, Callable[..., Any]]]:
    found: dict[str, dict[str, Callable[..., Any]]] = {}
    for name, function in registry.load().transforms.items():
        top, _, rest = function.__module__.partition(".")
        if top == "connectors":
            found.setdefault(rest.partition(".")[0], {})[name] = function
    return found


def _transform_row(name: str, function: Callable[..., Any]) -> list[str]:
    arguments = list(inspect.signature(function).parameters.values())[1:]
    shown = ", ".join(f"{a.name}" if a.default is a.empty else f"{a.name}={a.default!r}" for a in arguments)
    null = " Called for null too." if takes_null(function) else ""
    return [code(f"{name}({shown})" if shown else name), gives(function) or "", docstring(function) + null]
