"""Reference page of the HTTP API, from its OpenAPI document."""

from __future__ import annotations

from typing import Any, cast

from docs.markdown import cell, code, page, table
from hub import registry
from hub.api.app import create_app
from hub.api.webhook import PREFIX as WEBHOOKS
from hub.config import Settings
from hub.flow.context import Hub
from hub.model.kind import Kind

_METHODS = ("get", "post", "put", "patch", "delete")


def document() -> dict[str, Any]:
    """The OpenAPI document of a hub with the built-in kinds. Needs no database: nothing is asked of it."""
    found = registry.load()
    nothing = cast("Any", None)
    app = create_app(Hub(Settings(), nothing, nothing, b"", found, nothing, nothing, nothing))
    [api] = app.extensions["flask-smorest"]["apis"].values()
    return cast("dict[str, Any]", api["ext_obj"].spec.to_dict())


def api() -> str:
    """Every route once; those that each kind has, under `{kinds}`."""
    spec = document()
    kinds = list(registry.load().kinds.values())
    shared, single = _split(spec["paths"], kinds)
    parts = [
        "## Golden records, for every kind",
        "`{kinds}` is the plural of a kind: " + ", ".join(code(kind.plural) for kind in kinds) + ".",
        _table(shared),
        "## Everything else",
        _table(single),
        "## Below the API",
        table(
            ["call", "does"],
            [
                [code(f"POST {WEBHOOKS}{{connection}}"), "Takes a webhook; answered in the way its sender expects"],
                [code(f"GET {WEBHOOKS}{{connection}}"), "For systems that verify an address by echo"],
                [code("GET /healthz"), "The process answers"],
                [code("GET /readyz"), "Database, migrations and Redis answer too; 503 with the reason otherwise"],
                [code("GET /metrics"), "Figures for Prometheus; from elsewhere with a token that has `metrics.see`"],
            ],
        ),
    ]
    return page("HTTP API", _LEAD, *parts)


_LEAD = """
The OpenAPI document is at `/api/v1/openapi.json` of a running hub. Every route needs a bearer token
(`retail-hub token create --role viewer --name reports`) whose role holds the [permission](permissions.md) that the
route asks for.

* Errors are `application/problem+json` (RFC 9457): `type`, `title`, `status`, `detail`, and `errors` with one entry per
  wrong field.
* Lists answer `{"items": […], "next_cursor": …}`; ask with `?limit=` (at most 200) and `?cursor=`.
* A write may carry `Idempotency-Key`: the same key with the same request gets the first answer again.
* Personal data never stands in a URL: a phone, an e-mail or a name in a query is answered 400. Search by
  `POST …/search`.
"""


def _split(paths: dict[str, Any], kinds: list[Kind]) -> tuple[dict[str, Any], dict[str, Any]]:
    plurals = {kind.plural for kind in kinds}
    shared: dict[str, Any] = {}
    single: dict[str, Any] = {}
    seen: dict[str, set[str]] = {}
    for path, methods in paths.items():
        parts = path.split("/")
        if len(parts) > 3 and parts[3] in plurals:
            general = "/".join([*parts[:3], "{kinds}", *parts[4:]])
            seen.setdefault(general, set()).add(parts[3])
            shared[general] = methods
        else:
            single[path] = methods
    for general, found in seen.items():
        if found != plurals:
            methods = shared.pop(general)
            single.update({general.replace("{kinds}", plural): methods for plural in sorted(found)})
    return shared, single


def _table(paths: dict[str, Any]) -> str:
    rows = [
        [code(f"{method.upper()} {path}".replace("{id_}", "{id}")), _query(about), _text(about)]
        for path, methods in sorted(paths.items())
        for method, about in methods.items()
        if method in _METHODS
    ]
    return table(["call", "query", "does"], rows)


def _query(about: dict[str, Any]) -> str:
    return ", ".join(code(p["name"]) for p in about.get("parameters", ()) if p.get("in") == "query")


def _text(about: dict[str, Any]) -> str:
    return cell(" ".join(part for part in (about.get("summary"), about.get("description")) if part))
