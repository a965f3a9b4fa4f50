"""Puts the HTTP interfaces together: health, metrics, the REST API with its OpenAPI document, webhooks."""

from __future__ import annotations

from typing import Any

from flask import Flask

from hub.api import (
    alert,
    connection,
    delivery,
    drift,
    event,
    health,
    ingest,
    item,
    match,
    match_bulk,
    plan,
    quarantine,
    release,
    run,
    summary,
)
from hub.api.gate import ApiBlueprint, attach
from hub.api.problem import ProblemApi, register_errors
from hub.api.record import record_blueprint
from hub.api.relation import add_relations
from hub.api.schema import add_schemas
from hub.api.stewardship import add_stewardship, decision_blueprint
from hub.api.store_day import add_today
from hub.api.timeline import add_timeline
from hub.api.webhook import Webhooks
from hub.flow.context import Hub

PREFIX = "/api/v1"
_SPEC = {
    "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "rht_…"}}},
    "security": [{"token": []}],
    "info": {
        "description": "Golden records, events, deliveries and connections of Retail Hub. "
        "Make a token with `retail-hub token create --role viewer --name NAME`."
    },
}


class HubFlask(Flask):
    """Flask, leaving the logging of uncaught errors to `hub.api.problem`: error texts may quote payloads."""

    def log_exception(self, exc_info: Any) -> None:
        """Does nothing: the error handler logs what may be logged."""


def create_app(hub: Hub) -> Flask:
    """The API of a hub as a WSGI application."""
    app = HubFlask("hub.api", static_folder=None)
    app.config.update(
        API_TITLE="Retail Hub",
        API_VERSION="v1",
        OPENAPI_VERSION="3.0.3",
        OPENAPI_URL_PREFIX=PREFIX,
        OPENAPI_JSON_PATH="openapi.json",
        API_SPEC_OPTIONS=_SPEC,
        PROPAGATE_EXCEPTIONS=False,
    )
    attach(app, hub)
    app.register_blueprint(health.blp)
    api = ProblemApi(app)
    add_schemas(api.spec, list(hub.registry.kinds.values()))
    register_errors(app)
    for blueprint in _blueprints(hub):
        api.register_blueprint(blueprint)
    app.wsgi_app = Webhooks(hub, app.wsgi_app)  # type: ignore[method-assign]
    return app


def _blueprints(hub: Hub) -> list[ApiBlueprint]:
    records = []
    for kind in hub.registry.kinds.values():
        blueprint = record_blueprint(kind)
        add_stewardship(blueprint, kind)
        if kind.name == "customer":
            add_timeline(blueprint, kind)
            add_relations(blueprint, kind)
        if kind.name == "location":
            add_today(blueprint, kind)
        records.append(blueprint)
    others = [
        event.blp,
        ingest.blp,
        delivery.blp,
        item.blp,
        match.blp,
        match_bulk.blp,
        alert.blp,
        drift.blp,
        plan.blp,
        quarantine.blp,
        release.blp,
        run.blp,
        connection.blp,
        summary.blp,
    ]
    return [*records, decision_blueprint(), *others]
