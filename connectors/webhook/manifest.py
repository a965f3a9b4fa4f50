"""What the generic webhook connector is: one stream per canonical kind, in and out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property

from hub.model.kind import Kind
from hub.model.kinds import KINDS
from hub.sdk import ConfigField, Manifest, Stream, Text

VERBS = ("created", "updated", "deleted")


class WebhookManifest(Manifest):
    """A manifest whose streams take every topic `<kind>.<verb>`, whatever the verb."""

    def stream_of_topic(self, topic: str) -> Stream | None:
        """The stream of the kind (or of its plural) before the first dot; None when it is no kind."""
        return self._by_name.get(topic.partition(".")[0])

    @cached_property
    def _by_name(self) -> Mapping[str, Stream]:
        return {name: stream for stream in reversed(self.streams) for name in (stream.name, stream.kinds[0])}

    def with_kinds(self, kinds: Mapping[str, Kind]) -> WebhookManifest:
        """With a stream for each kind that is not among them yet."""
        known = {stream.kinds[0] for stream in self.streams}
        new = tuple(_stream(kind) for kind in kinds.values() if kind.name not in known)
        return replace(self, streams=(*self.streams, *new)) if new else self


def _stream(declared: Kind) -> Stream:
    return Stream(
        name=declared.plural,
        kinds=(declared.name,),
        topics=tuple(f"{declared.name}.{verb}" for verb in VERBS),
        directions=("in", "out"),
        order="time",
        help=Text(declared.title.zh, declared.title.en),
    )


_CONFIG = (
    ConfigField(
        "target_url",
        Text("投递地址；留空则只接收", "Where deliveries are posted; leave empty to receive only"),
        example="https://crm.example.com/hooks/retail-hub",
        pattern=r"https?://[^\s@]+",
    ),
    ConfigField(
        "find_url",
        Text(
            "按 hub_ref 查询记录的地址；设置后新建不会重复，并可回读",
            "Where records are looked up by hub_ref; makes creates safe and lets the hub read back",
        ),
        example="https://crm.example.com/hooks/find",
        pattern=r"https?://[^\s@]+",
    ),
    ConfigField(
        "ping",
        Text(
            "连接检查方式：head 只探测地址；post 发送一条已签名的 hub.ping 事件",
            "How the connection is checked: head only probes the address, post sends a signed hub.ping event",
        ),
        default="head",
        example="head",
        choices=("head", "post"),
    ),
    ConfigField(
        "secret",
        Text(
            "Standard Webhooks 密钥（whsec_…，或 whpk_… 公钥），用于校验收到的事件；轮换期间可有多个",
            "Standard Webhooks secret (whsec_…, or a public key whpk_…) that checks what is received; several during rotation",
        ),
        secret=True,
        required=True,
        example="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        generated=True,
    ),
    ConfigField(
        "target_secret",
        Text("投递签名密钥；留空则使用 secret", "Secret that signs deliveries; by default the same as secret"),
        secret=True,
        example="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    ),
)

MANIFEST = WebhookManifest(
    name="webhook",
    title=Text("通用 Webhook", "Generic webhook"),
    help=Text(
        "接收并投递 Standard Webhooks 事件，用于没有专用连接器的系统",
        "Receives and delivers Standard Webhooks events, for systems without a connector of their own",
    ),
    api_version="standard-webhooks 1.0",
    sdk=">=0.1,<1",
    hosts=("{target_url}", "{find_url}"),
    config=_CONFIG,
    streams=tuple(_stream(kind) for kind in KINDS.values()),
    capabilities=("idempotency_key", "find"),
)
