"""The bound of the ingress: the least that a Flask route can do before it says yes. Served by `retail-hub web --app`.

It checks a Standard Webhooks signature and commits one row with the body. No dedupe, no encryption, no
connections that can change, no size limit, no queue.
"""

from __future__ import annotations

import base64
import hmac
import os
import threading
from typing import Any

import psycopg
from flask import Flask, Response, request

from bench.sender import SECRET

TABLE = (
    "create table if not exists bare_event (id bigint generated always as identity primary key, body bytea not null)"
)
INSERT = "insert into bare_event (body) values (%b)"

app = Flask(__name__)
_key = base64.b64decode(SECRET.removeprefix("whsec_"))
_local = threading.local()


@app.post("/webhooks/<name>")
def receive(name: str) -> Response:  # noqa: ARG001
    """Checks, commits, answers."""
    body = request.get_data(cache=False)
    signed = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.digest(_key, signed, "sha256")).decode()
    if not hmac.compare_digest(expected, request.headers["webhook-signature"]):
        return Response(status=401)
    _connection().execute(INSERT, (body,))
    return Response(status=200)


@app.post("/nothing/<name>")
def nothing(name: str) -> Response:  # noqa: ARG001
    """Reads the body only: shows what the sender and the server can do at most."""
    request.get_data(cache=False)
    return Response(status=200)


@app.get("/healthz")
def healthz() -> Response:
    """The process answers."""
    return Response(status=200)


def _connection() -> psycopg.Connection[Any]:
    """One for each thread, in autocommit mode."""
    if not hasattr(_local, "connection"):
        _local.connection = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
    connection: psycopg.Connection[Any] = _local.connection
    return connection
