"""Reference pages of hooks, settings, errors, permissions and connectors."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from docs.markdown import code, docstring, fenced, page, table
from hub import config, errors, registry
from hub.model.permission import BUILT_IN, PERMISSIONS, ROLES
from hub.model.problem import PROBLEMS
from hub.rules.retry import next_action
from hub.sdk import hookspecs
from hub.sdk.connector import Manifest, Reads, ReceivesWebhooks, Writes
from hub.sdk.plugin import GROUP

_NEXT = {
    "retry": "tried again later",
    "verify": "looked at before anything is sent again",
    "dead": "given up (dead letter), a person decides",
    "quarantine": "this one item waits for a fix",
    "pause": "its connection is paused",
}
_NOT_WORK = {
    "WebhookError": "the sender of the webhook is answered with its status",
    "NotFoundError": "the caller is told: exit code 1, or 404",
    "ConflictError": "the caller is told: exit code 1, or 409",
}


def hook_functions() -> dict[str, Callable[..., Any]]:
    """Every hook, in the order of its declaration."""
    found = inspect.getmembers(hookspecs, lambda thing: hasattr(thing, f"{GROUP}_spec"))
    return dict(sorted(found, key=lambda pair: pair[1].__code__.co_firstlineno))


def hooks() -> str:
    """Signatures and docstrings of the hook specifications."""
    parts = []
    for name, function in hook_functions().items():
        options = getattr(function, f"{GROUP}_spec")
        parts += [f"## {name}", fenced(f"def {name}{_signature(function)}", "python"), docstring(function)]
        if options.get("firstresult"):
            parts.append("The first result that is not `None` counts.")
        if not is_called(name):
            parts.append("*Part of the contract; this version does not call it yet.*")
    lead = docstring(hookspecs).partition("\n\n")[2]
    return page("Hooks", lead, *parts)


def is_called(hook: str) -> bool:
    """Whether the hub's source calls this hook, directly or by its name."""
    folder = Path(config.__file__).parent
    calls = re.compile(rf"\.hook\.{hook}\(|[\"']{hook}[\"']")
    places = (path for path in folder.rglob("*.py") if path.name != "hookspecs.py")
    return any(calls.search(path.read_text(encoding="utf-8")) for path in places)


def _signature(function: Callable[..., Any]) -> str:
    shown = str(inspect.signature(function)).replace("'", "")
    return re.sub(r"\b(?:hub\.\w+(?:\.\w+)*|collections\.abc|typing)\.", "", shown)


def settings() -> str:
    """Every setting with its variable, default and help."""
    rows = []
    for row, about in zip(config.describe(config.Settings()), config.declared(), strict=True):
        meta = about.metadata
        secret = " Secret: never shown." if meta["secret"] else ""
        rows.append([code(row["variable"]), code(row["default"]), f"{row['help']}.{secret}", code(meta["example"])])
    lead = (
        "Settings are environment variables, read once when a process starts. An empty variable counts as unset. "
        "A wrong one stops the start with what it must be. `retail-hub check` shows what is in force, secrets hidden."
    )
    return page("Settings", lead, table(["variable", "default", "meaning", "example"], rows))


def error_classes() -> list[type[errors.HubError]]:
    """Every class of the error tree, in the order of its declaration."""
    found = [
        thing
        for _, thing in inspect.getmembers(errors, inspect.isclass)
        if issubclass(thing, errors.HubError) and thing is not errors.HubError
    ]
    return sorted(found, key=lambda thing: inspect.getsourcelines(thing)[1])


def _error_row(kind: type[errors.HubError]) -> list[str]:
    """Class, meaning, and what follows for one delivery or event."""
    follows = _NOT_WORK.get(kind.__name__) or _NEXT[next_action(kind("shown"), 1).next]
    return [code(kind.__name__), docstring(kind), follows]


_PROBLEMS_LEAD = (
    "An event that cannot be processed waits in quarantine with all its problems, each with the path, the value and the "
    "place in the mapping. The first one's code groups it. How to go on: [deal with the quarantine](../how-to/deal-with-quarantine.md)."
)


def error_tree() -> str:
    """The error tree and what follows from each class."""
    lead = (
        f"{docstring(errors)}\n\nAny other exception is a bug: the row is kept, the traceback is logged, and after a "
        "write it counts as an unknown outcome."
    )
    rows = [_error_row(kind) for kind in error_classes()]
    tree = table(["class", "meaning", "what happens next"], rows)
    return page("Errors", lead, tree, "## Problems of events in quarantine", _PROBLEMS_LEAD, _problems())


def _problems() -> str:
    """Every code of a problem: what it means and how it is fixed."""
    rows = [
        [code(name), f"{text.title.en} / {text.title.zh}", text.meaning.en, text.fix.en]
        for name, text in sorted(PROBLEMS.items())
    ]
    return table(["code", "title", "what is wrong", "how to fix it"], rows)


def permissions() -> str:
    """Permissions by role."""
    head = ["permission", "meaning", "意思", *ROLES]
    rows = [
        [code(name), about.en, about.zh, *("●" if role.may(name) else "" for role in ROLES.values())]
        for name, about in PERMISSIONS.items()
        if name in BUILT_IN
    ]
    lead = (
        "A role is a bundle of permissions. It is granted for one realm or all of them, to users "
        "(`retail-hub user grant`) and to tokens (`retail-hub token create`); a user's grant may also be limited to "
        "locations. Routes and buttons ask for a permission, never for a role."
    )
    return page("Roles and permissions", lead, table(head, rows))


def manifests() -> dict[str, Manifest]:
    """The manifests of the connectors that come with the hub."""
    found = registry.load().connectors
    return {name: kind.manifest for name, kind in sorted(found.items()) if kind.__module__.startswith("connectors.")}


def connectors() -> str:
    """Settings, streams and abilities of every built-in connector."""
    found = registry.load().connectors
    parts: list[str] = []
    for name, manifest in manifests().items():
        parts += [f"## {name}", f"{manifest.title.en} / {manifest.title.zh}. {manifest.help.en}. {manifest.help.zh}。"]
        parts += [_facts(found[name], manifest), "### Settings of `" + name + "`", _config(manifest)]
        parts += ["### Streams of `" + name + "`", _streams(manifest)]
    lead = (
        "What each connector's manifest declares. Set the plain settings with `--set name=value`, the secret ones with "
        "`--secret name=value` of [`retail-hub connect`](commands.md). Every connection also takes `poll_s` (how "
        "often a stream is read) and `full_pass_s` (how often it is read whole), in seconds."
    )
    return page("Connectors", lead, *parts)


def _facts(kind: type, manifest: Manifest) -> str:
    able = [
        text
        for base, text in ((Reads, "is read"), (ReceivesWebhooks, "sends webhooks"), (Writes, "is written to"))
        if issubclass(kind, base)
    ]
    rows = [
        ["API version", manifest.api_version],
        ["SDK", code(manifest.sdk)],
        ["may reach", ", ".join(map(code, manifest.hosts))],
        ["the system", ", ".join(able)],
        ["capabilities", ", ".join(map(code, manifest.capabilities)) or "none"],
        ["pauses its connection", ", ".join(map(code, manifest.pausing_topics)) or "no topic"],
        ["stored without a mapping", ", ".join(map(code, manifest.unmapped_topics)) or "no topic"],
    ]
    return table(["", ""], rows)


def _config(manifest: Manifest) -> str:
    rows = [
        [
            code(field.name),
            "yes" if field.required else "",
            "yes" if field.secret else "",
            code(field.default),
            f"{field.help.en} / {field.help.zh}",
            code(field.example),
        ]
        for field in manifest.config
    ]
    return table(["name", "required", "secret", "default", "meaning", "example"], rows)


def _streams(manifest: Manifest) -> str:
    rows = [
        [
            code(stream.name),
            ", ".join(stream.kinds),
            " and ".join(stream.directions),
            stream.order,
            "yes" if stream.pull else "",
            "yes" if stream.enumerates else "",
            ", ".join(map(code, stream.topics)),
        ]
        for stream in manifest.streams
    ]
    return table(["stream", "kinds", "direction", "ordered by", "read", "listed whole", "topics"], rows)
