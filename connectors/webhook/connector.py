"""The generic connector: Standard Webhooks in, Standard Webhooks out."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any, ClassVar

import orjson

from connectors.webhook.answer import id_of, stored_of, version_of
from connectors.webhook.manifest import MANIFEST
from hub.errors import ConfigError, ConnectionPausedError, HubError, RetryableError
from hub.model import time as hub_time
from hub.sdk import (
    Answer,
    CheckResult,
    Connector,
    Delivery,
    Found,
    Ignore,
    Manifest,
    RawEvent,
    ReceiveResult,
    ReceivesWebhooks,
    Reply,
    Response,
    WebhookRequest,
    WriteResult,
    Writes,
    hookimpl,
    read_page,
    sign_standard,
    verify_standard,
)

PING = "hub.ping"
_REDIRECTS = range(300, 400)
_NOT_FOUND, _GONE = 404, 410
_SENDERS = 8
_TOPIC = re.compile(r"[\w./:-]{1,200}")


class WebhookConnector(Connector, ReceivesWebhooks, Writes):
    """A system that speaks Standard Webhooks. Deliveries of one batch go out side by side."""

    manifest: ClassVar[Manifest] = MANIFEST
    batch_size: ClassVar[int] = 32

    def verify(self, request: WebhookRequest) -> int:
        """Checks `webhook-signature` against every active `secret`."""
        secrets = self.secrets.get("secret", ())
        return verify_standard(request.headers, request.body, secrets, now_s=request.received_at)

    def decode(self, request: WebhookRequest) -> Sequence[RawEvent] | Ignore | Reply:
        """The one event of a delivery; `webhook-id` is its identity. Odd content keeps an empty topic."""
        topic = _topic_of(request.body)
        if topic == PING:
            return Ignore("ping")
        kept = {name: request.headers[name] for name in ("webhook-id", "webhook-timestamp") if name in request.headers}
        return [RawEvent(topic, request.body, dedupe=request.headers.get("webhook-id"), headers=kept)]

    def acknowledge(self, result: ReceiveResult) -> Response:
        """200 with the counts; senders only look at the status."""
        body = orjson.dumps({"accepted": result.accepted, "duplicates": result.duplicates})
        return Response(200, body, {"Content-Type": "application/json"})

    def check(self) -> CheckResult:
        """Probes `target_url` by HEAD, which no peer takes for a record, or by a signed `hub.ping`."""
        url = self.config.get("target_url")
        if not url:
            return CheckResult(ok=True, message="receives only: no target_url is set")
        keys = self._signing_secrets
        if self.config.get("ping") == "post":
            body = _body(PING, {}, "")
            headers = self._headers(f"ping_{uuid.uuid4().hex}", body, keys)
            answer = self.http.post(url, body=body, headers=headers, expect="any", idempotent=True)
            return CheckResult(ok=True, message=f"the peer took a signed ping ({answer.status})")
        answer = self.http.request("HEAD", url, expect="any", accept=range(300, 600), lane="interactive")
        is_there = answer.status < 500 or answer.status == 501
        if answer.status == _GONE or not is_there:
            return CheckResult(ok=False, message=f"target_url answered {answer.status}")
        warnings = (f"target_url answered {answer.status} to HEAD",) if answer.status >= 300 else ()
        return CheckResult(ok=True, message="target_url can be reached", warnings=warnings)

    def write(self, deliveries: Sequence[Delivery]) -> Sequence[WriteResult]:
        """Posts each delivery with its idempotency key as `webhook-id`; a peer that has seen it does nothing."""
        if len(deliveries) == 1:
            return [self._write_one(deliveries[0])]
        return list(self._senders.map(self._write_one, deliveries))

    def find(self, kind: str, hub_ref: str, keys: Mapping[str, Any]) -> Found | None:
        """Asks `find_url?hub_ref=`; `NotImplementedError` without one.

        A record that came from the peer (`keys["external_id"]`) gets its `hub_ref` with our first
        write, so there an unknown `hub_ref` says nothing about the record: `NotImplementedError` too.
        """
        url = self.config.get("find_url")
        if not url:
            raise NotImplementedError(f"{self.name}: no find_url is set, so {kind} cannot be looked up")
        headers = self._headers(f"find_{uuid.uuid4().hex}", b"", self._signing_secrets)
        answer = self.http.get(url, params={"hub_ref": hub_ref}, headers=headers, accept=(_NOT_FOUND,))
        content = None if answer.status == _NOT_FOUND else answer.json()
        if not content:
            if keys.get("external_id"):
                raise NotImplementedError(f"{self.name}: the peer knows this {kind} by its own id only")
            return None
        event_type = f"{kind}.read"
        return Found(id_of(content) or hub_ref, version_of(_get(content, "version")), stored_of(content, event_type))

    @cached_property
    def _senders(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(_SENDERS, thread_name_prefix=f"webhook-{self.name}")

    @property
    def _signing_secrets(self) -> Sequence[str]:
        keys = self.secrets.get("target_secret") or self.secrets.get("secret") or ()
        keys = [key for key in keys if not key.startswith("whpk_")]
        if not keys:
            raise ConfigError(f"{self.name}: no secret to sign with; set target_secret or secret to a whsec_ value")
        return keys

    def _write_one(self, delivery: Delivery) -> WriteResult:
        try:
            return self._result_of(self._post(delivery), delivery)
        except HubError as error:
            return WriteResult(external_id=delivery.external_id, error=error)

    def _post(self, delivery: Delivery) -> Answer:
        url = self.config.get("target_url")
        if not url:
            raise ConfigError(f"{self.name}: no target_url is set, so nothing can be delivered; set it or receive only")
        data = {**({} if delivery.delete else delivery.data), "hub_ref": delivery.hub_ref}
        if delivery.external_id is not None:
            data["id"] = delivery.external_id
        body = _body(delivery.event_type, data, delivery.idempotency_key)
        headers = self._headers(delivery.idempotency_key.replace(".", "-"), body, self._signing_secrets)
        # A peer that can be asked is asked after a lost answer; any other recognises the webhook-id.
        is_repeatable = not self.config.get("find_url")
        answer: Answer = self.http.post(
            url, body=body, headers=headers, expect="any", accept=(_GONE, *_REDIRECTS), idempotent=is_repeatable
        )
        if answer.status == _GONE:
            raise ConnectionPausedError(f"{self.name}: target_url answered 410: the peer wants no more deliveries")
        if answer.status in _REDIRECTS:
            raise RetryableError(
                f"{self.name}: target_url answered {answer.status}; redirects are not followed", may_be_done=True
            )
        return answer

    def _result_of(self, answer: Answer, delivery: Delivery) -> WriteResult:
        """A peer that gives no id is known by the `hub_ref` it was sent."""
        content = _content_of(answer, self.name)
        known = delivery.external_id or delivery.hub_ref
        version = version_of(_get(content, "version"))
        return WriteResult(id_of(content) or known, version, stored_of(content, delivery.event_type))

    def _headers(self, message_id: str, body: bytes, secrets: Sequence[str]) -> dict[str, str]:
        signed = sign_standard(secrets, message_id, int(time.time()), body)
        return {**signed, "Content-Type": "application/json"}


def _body(event_type: str, data: Mapping[str, Any], idempotency_key: str) -> bytes:
    stamp = hub_time.from_micros(time.time_ns() // 1_000)
    content = {"type": event_type, "timestamp": stamp, "data": data}
    if idempotency_key:
        content["idempotency_key"] = idempotency_key
    return orjson.dumps(content)


def _topic_of(body: bytes) -> str:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        try:
            # Bad in one place, it still says what it is about.
            content = read_page(body)
        except ValueError:
            return ""
    topic = _get(content, "type")
    # Anything else could be no topic, and a NUL could not be stored as text; the body keeps it.
    return topic if isinstance(topic, str) and _TOPIC.fullmatch(topic) else ""


def _content_of(answer: Answer, name: str) -> Any:
    """The answer's JSON; None for an empty one or plain text such as `ok`. A web page is no success."""
    try:
        return orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        pass
    if "html" in answer.headers.get("content-type", "") or answer.body.lstrip().startswith(b"<"):
        raise RetryableError(f"{name}: target_url answered {answer.status} with a web page", may_be_done=True)
    return None


def _get(content: Any, name: str) -> Any:
    return content.get(name) if isinstance(content, Mapping) else None


@hookimpl
def register_connectors() -> list[type[Connector]]:
    """Called by the hub at start."""
    return [WebhookConnector]
